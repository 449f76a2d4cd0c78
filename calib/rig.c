/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a rig file's values and lays them over a camera's profile. */
#include "calib/rig.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "calib/rig_schema.h"
#include "calib/rig_tables.h"

#define MAX_FILE ((size_t)1 << 20)
#define SUM_TOLERANCE 0.005

/* Where a check happens, for its message. */
typedef struct {
    const char *path, *camera;
} place;

static cf_status in_range(const place *p, const char *key, double value, double min, double max) {
    if (value >= min && value <= max)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s: key '%s.%s': %g is outside %g to %g", p->path, p->camera,
                   key, value, min, max);
}

static cf_status sums_to_one(const place *p, const char *key, const double v[3]) {
    double sum = v[0] + v[1] + v[2];
    if (fabs(sum - 1) <= SUM_TOLERANCE)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s: key '%s.%s': the weights sum to %g, must sum to 1", p->path,
                   p->camera, key, sum);
}

/* file relative to the folder of path; cf_free it. */
static char *resolve(const char *path, const char *file) {
    const char *slash = strrchr(path, '/');
    if (!file || file[0] == '/' || !slash)
        return cf_strdup(file);
    size_t folder = (size_t)(slash - path) + 1, length = strlen(file) + 1;
    char *out = cf_alloc(folder + length, 1);
    if (!out)
        return NULL;
    memcpy(out, path, folder);
    memcpy(out + folder, file, length);
    return out;
}

static cf_status take_paths(const char *path, const cf_rig_yaml_camera *in, cf_rig_camera *out) {
    out->model = resolve(path, in->model);
    out->shading = resolve(path, in->shading);
    out->defects = resolve(path, in->defects);
    return (in->model && !out->model) || (in->shading && !out->shading) ||
                   (in->defects && !out->defects)
               ? CF_ERR_MEMORY
               : CF_OK;
}

static cf_status take_noise(const place *p, const cf_rig_yaml_camera *in, cf_rig_camera *out) {
    if (!in->noise_count)
        return CF_OK;
    out->noise = cf_alloc(in->noise_count, sizeof *out->noise);
    if (!out->noise)
        return CF_ERR_MEMORY;
    for (unsigned i = 0; i < in->noise_count; i++) {
        CF_TRY(in_range(p, "noise.gain", in->noise[i].gain, 1e-3, 1e6));
        CF_TRY(in_range(p, "noise.scale", in->noise[i].scale, 0, 10));
        CF_TRY(in_range(p, "noise.offset", in->noise[i].offset, 0, 10));
        out->noise[i] = in->noise[i];
    }
    out->noise_count = (int)in->noise_count;
    return CF_OK;
}

static cf_status take_black(const place *p, const cf_rig_yaml_camera *in, cf_rig_camera *out) {
    if (in->black_count && in->black_count != 1 && in->black_count != 4)
        return cf_fail(CF_ERR_INVALID, "%s: key '%s.black' has %u codes, needs 1 or 4", p->path,
                       p->camera, in->black_count);
    out->black_count = (int)in->black_count;
    for (unsigned i = 0; i < in->black_count; i++) {
        CF_TRY(in_range(p, "black", in->black[i], 0, 65534));
        out->black[i] = in->black[i];
    }
    return CF_OK;
}

static cf_status take_color(const place *p, const cf_rig_yaml_camera *in, cf_rig_camera *out) {
    out->gain = in->gain ? *in->gain : 1;
    CF_TRY(in_range(p, "gain", out->gain, 1e-4, 1e4));
    out->has_spectral = in->spectral != NULL;
    for (int i = 0; in->spectral && i < 3; i++) {
        CF_TRY(in_range(p, "spectral", in->spectral[i], -4, 4));
        out->spectral[i] = in->spectral[i];
    }
    if (in->spectral)
        CF_TRY(sums_to_one(p, "spectral", in->spectral));
    out->has_ccm = in->ccm != NULL;
    for (int i = 0; in->ccm && i < 9; i++) {
        CF_TRY(in_range(p, "ccm", in->ccm[i], -20, 20));
        out->ccm[i] = in->ccm[i];
        if (i % 3 == 0)
            CF_TRY(sums_to_one(p, "ccm", in->ccm + i));
    }
    return CF_OK;
}

static cf_status take_camera(const char *path, const char *name, const cf_rig_yaml_camera *in,
                             cf_rig_camera *out) {
    const place p = {path, name};
    out->gain = 1;
    if (!in)
        return CF_OK;
    CF_TRY(take_paths(path, in, out));
    CF_TRY(take_noise(&p, in, out));
    CF_TRY(take_black(&p, in, out));
    return take_color(&p, in, out);
}

static cf_status take_rig(const char *path, const cf_rig_yaml *in, cf_rig *out) {
    if (*in->version != 1)
        return cf_fail(CF_ERR_FORMAT, "%s: key 'version': %d is not known, this program reads 1",
                       path, *in->version);
    out->path = cf_strdup(path);
    if (!out->path)
        return CF_ERR_MEMORY;
    CF_TRY(take_camera(path, "mono", in->mono, &out->mono));
    CF_TRY(take_camera(path, "color", in->color, &out->color));
    if (in->sync) {
        const place p = {path, "sync"};
        out->offset_us = in->sync->offset_us ? *in->sync->offset_us : 0;
        out->jitter_us = in->sync->jitter_us ? *in->sync->jitter_us : 0;
        CF_TRY(in_range(&p, "offset_us", out->offset_us, -1e9, 1e9));
        CF_TRY(in_range(&p, "jitter_us", out->jitter_us, 0, 1e9));
    }
    if (in->scene && in->scene->depth_min_m) {
        const place p = {path, "scene"};
        out->depth_min_m = *in->scene->depth_min_m;
        CF_TRY(in_range(&p, "depth_min_m", out->depth_min_m, 1e-3, 1e6));
    }
    return CF_OK;
}

cf_status cf_rig_parse_draft(const char *path, const char *text, size_t size, cf_rig **out) {
    cf_rig_yaml *yaml;
    *out = NULL;
    if (!size || size > MAX_FILE)
        return cf_fail(CF_ERR_FORMAT, "%s: is %s", path, size ? "too large for a rig" : "empty");
    CF_TRY(cf_rig_yaml_read(path, text, size, &yaml));
    cf_rig *rig = cf_alloc(1, sizeof *rig);
    cf_status status = rig ? take_rig(path, yaml, rig) : CF_ERR_MEMORY;
    cf_rig_yaml_free(yaml);
    if (status != CF_OK)
        cf_rig_destroy(&rig);
    *out = rig;
    return status;
}

cf_status cf_rig_parse(const char *path, const char *text, size_t size, cf_rig **out) {
    CF_TRY(cf_rig_parse_draft(path, text, size, out));
    const char *missing = !(*out)->mono.model ? "mono" : !(*out)->color.model ? "color" : NULL;
    if (!missing)
        return CF_OK;
    cf_rig_destroy(out);
    return cf_fail(CF_ERR_FORMAT,
                   "%s: key '%s.model' is missing: which camera model file? 'chromafuse calibrate "
                   "geometry' makes one",
                   path, missing);
}

cf_status cf_rig_load(const char *path, cf_rig **out) {
    char *text;
    size_t size;
    *out = NULL;
    CF_TRY(cf_file_read(path, MAX_FILE, &text, &size));
    cf_status status = cf_rig_parse(path, text, size, out);
    cf_free(text);
    return status;
}

static void clear_camera(cf_rig_camera *c) {
    cf_free(c->model);
    cf_free(c->shading);
    cf_free(c->defects);
    cf_free(c->noise);
}

void cf_rig_destroy(cf_rig **rig) {
    if (!rig || !*rig)
        return;
    clear_camera(&(*rig)->mono);
    clear_camera(&(*rig)->color);
    cf_free((*rig)->path);
    cf_free(*rig);
    *rig = NULL;
}

/* The entry nearest in ratio; unknown gain: the lowest, as cameras start at their base gain. */
static const cf_rig_noise *nearest(const cf_rig_camera *c, double gain) {
    const cf_rig_noise *best = &c->noise[0];
    for (int i = 1; i < c->noise_count; i++) {
        const cf_rig_noise *n = &c->noise[i];
        if (gain > 0 ? fabs(log(n->gain / gain)) < fabs(log(best->gain / gain))
                     : n->gain < best->gain)
            best = n;
    }
    return best;
}

static cf_status apply_black(const cf_rig *rig, const char *name, const cf_rig_camera *c,
                             cf_camera_profile *profile) {
    if (c->black_count == 4 && !profile->is_color)
        for (int i = 1; i < 4; i++)
            if (c->black[i] < c->black[0] || c->black[i] > c->black[0])
                return cf_fail(CF_ERR_INVALID,
                               "%s: key '%s.black': a mono sensor has one level, not four",
                               rig->path, name);
    for (int i = 0; i < 4 && c->black_count; i++) {
        double black = c->black[c->black_count == 4 ? i : 0];
        if (!(black < (double)profile->white))
            return cf_fail(CF_ERR_INVALID, "%s: key '%s.black': %g is not below the white level %g",
                           rig->path, name, black, (double)profile->white);
        profile->black[i] = (float)black;
    }
    return CF_OK;
}

cf_status cf_rig_apply(const cf_rig *rig, cf_rig_role role, double gain,
                       cf_camera_profile *profile) {
    const cf_rig_camera *c = role == CF_RIG_MONO ? &rig->mono : &rig->color;
    CF_TRY(apply_black(rig, role == CF_RIG_MONO ? "mono" : "color", c, profile));
    if (c->noise_count) {
        const cf_rig_noise *n = nearest(c, gain);
        profile->noise = (cf_noise){(float)n->scale, (float)n->offset};
    }
    if (role == CF_RIG_MONO && profile->gain == 1)
        profile->gain = (float)c->gain;
    double sum = c->spectral[0] + c->spectral[1] + c->spectral[2];
    for (int i = 0; c->has_spectral && i < 3; i++) /* within SUM_TOLERANCE: rounding in the file */
        profile->spectral[i] = (float)(c->spectral[i] / sum);
    for (int i = 0; c->has_ccm && i < 9; i++)
        profile->ccm[i] = (float)c->ccm[i];
    if (c->defects)
        CF_TRY(cf_rig_read_defects(c->defects, profile));
    return c->shading ? cf_rig_read_shading(c->shading, profile) : CF_OK;
}
