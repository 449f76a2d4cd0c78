/* SPDX-License-Identifier: Apache-2.0 */
/* `calibrate noise --from-pictures`: an estimate where there are no flat frames. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/noise_estimate.h"
#include "tools/calibrate_noise.h"
#include "tools/command.h"
#include "tools/rig_folder.h"

#define SAME_GAIN 0.005 /* ratio */

/* Pictures of one camera at one gain. */
typedef struct {
    double gain;
    cf_noise_pool pool;
    int width, height;
    float black, white;
    cf_noise noise, error;
    float brightest;
} pooled;

typedef struct {
    const char *name;
    cf_rig_role role;
    const cf_input_list *list;
    pooled groups[CF_NOISE_GAINS];
    int count, pictures;
} estimate;

static pooled *group_of(estimate *e, const cf_frame *f) {
    double gain = f->gain > 0 ? f->gain : 1;
    for (int i = 0; i < e->count; i++)
        if (fabs(log(e->groups[i].gain / gain)) < SAME_GAIN)
            return &e->groups[i];
    if (e->count == CF_NOISE_GAINS)
        return NULL;
    e->groups[e->count] = (pooled){.gain = gain,
                                   .width = f->image.width,
                                   .height = f->image.height,
                                   .black = f->profile.black[0],
                                   .white = f->profile.white};
    return &e->groups[e->count++];
}

static cf_status take(estimate *e, const char *path, const cf_frame *f) {
    int added;
    if (f->profile.is_color != (e->role == CF_RIG_COLOR))
        return cf_fail(CF_ERR_INVALID, "%s: %s picture given as --%s", path,
                       f->profile.is_color ? "a colour" : "a mono", e->name);
    if (f->profile.black[0] < 0)
        return cf_fail(CF_ERR_INVALID, "%s: the picture does not tell its black level: say --black",
                       path);
    pooled *g = group_of(e, f);
    if (!g)
        return cf_fail(CF_ERR_INVALID, "%s: more than %d gain settings", path, CF_NOISE_GAINS);
    if (fabsf(g->white - f->profile.white) > 0.01F || fabsf(g->black - f->profile.black[0]) > 0.01F)
        return cf_fail(
            CF_ERR_INVALID,
            "%s has black %g and white %g, the pictures before %g and %g: pictures of one "
            "camera and mode are needed",
            path, (double)f->profile.black[0], (double)f->profile.white, (double)g->black,
            (double)g->white);
    CF_TRY(cf_noise_pool_add(&g->pool, &f->image, &f->profile, &added));
    e->pictures += added;
    return CF_OK;
}

static cf_status run(const cf_noise_request *r, estimate *e) {
    for (size_t i = 0; i < e->list->count; i++) {
        cf_frame *f;
        cf_cli_progress(e->name, i, e->list->count);
        if (cf_cli_interrupted())
            return cf_fail(CF_ERR_CANCELLED, "interrupted");
        CF_TRY(cf_noise_read(r, e->list->paths[i], &f));
        cf_status status = take(e, e->list->paths[i], f);
        cf_frame_unref(&f);
        CF_TRY(status);
    }
    cf_cli_progress(e->name, e->list->count, e->list->count);
    for (int i = 0; i < e->count; i++) {
        pooled *g = &e->groups[i];
        CF_TRY(cf_noise_pool_solve(&g->pool, &g->noise, &g->error, &g->brightest));
        if (!(g->noise.scale > 0))
            return cf_fail(
                CF_ERR_UNSUPPORTED,
                "%s: the pictures at gain %g (of which %s is one) are too dark or too "
                "busy to show how noise grows with light: give brighter ones, with smooth "
                "areas, or flat frames",
                e->name, g->gain, e->list->paths[0]);
    }
    return CF_OK;
}

/* Relative standard error of the variance at a fifth of white, where pictures have their mass. */
static double doubt(const pooled *g) {
    double at = (double)g->noise.scale * 0.2 + (double)g->noise.offset;
    return hypot((double)g->error.scale * 0.2, (double)g->error.offset) / at;
}

static const char *verdict(const estimate *e) {
    for (int i = 0; i < e->count; i++)
        if (e->groups[i].pool.pictures < 3 || !(doubt(&e->groups[i]) < 0.2))
            return "a guess from pictures";
    return "an estimate from pictures";
}

static void print(const estimate *e) {
    for (int i = 0; i < e->count; i++) {
        const pooled *g = &e->groups[i];
        printf("%s camera, gain %g: %s (%d)\n", e->name, g->gain, verdict(e), g->pool.pictures);
        printf("  noise model      variance = %.4g x + %.4g, x 0..1 from black to white\n",
               (double)g->noise.scale, (double)g->noise.offset);
        printf("  that would be    white = %.0f electrons, read noise %.1f electrons\n",
               1 / (double)g->noise.scale, sqrt((double)g->noise.offset) / (double)g->noise.scale);
        if (isfinite(doubt(g)))
            printf(
                "  how sure         +- %.0f %% from picture to picture; texture may make it up to "
                "half too large\n",
                100 * doubt(g));
        else
            printf(
                "  how sure         unknown from one picture; give several of different scenes\n");
        printf("  - Flat frames tell it to a percent, and black level and broken pixels with it: "
               "docs/calibration.md.\n");
    }
}

static void write_json(const estimate *e, cf_json *json) {
    cf_json_text(json, "verdict", verdict(e));
    cf_json_text(json, "method", "second differences of ordinary pictures");
    cf_json_open(json, "gains", '[');
    for (int i = 0; i < e->count; i++) {
        const pooled *g = &e->groups[i];
        cf_json_open(json, NULL, '{');
        cf_json_number(json, "gain", g->gain);
        cf_json_number(json, "pictures", g->pool.pictures);
        cf_json_number(json, "scale", (double)g->noise.scale);
        cf_json_number(json, "offset", (double)g->noise.offset);
        cf_json_number(json, "scale_error", (double)g->error.scale);
        cf_json_number(json, "offset_error", (double)g->error.offset);
        cf_json_number(json, "relative_error", doubt(g));
        cf_json_number(json, "brightest", (double)g->brightest);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static cf_status write_rig(const estimate *e, cf_rig_folder *folder) {
    cf_rig_noise fresh[CF_NOISE_GAINS];
    const cf_rig *rig = cf_rig_folder_rig(folder);
    char name[32];
    FILE *to;
    for (int i = 0; i < e->count; i++)
        fresh[i] = (cf_rig_noise){e->groups[i].gain, (double)e->groups[i].noise.scale,
                                  (double)e->groups[i].noise.offset};
    char *list = cf_noise_merge(e->role == CF_RIG_MONO ? &rig->mono : &rig->color, fresh, e->count);
    if (!list)
        return CF_ERR_MEMORY;
    cf_status status = cf_rig_edit_set(cf_rig_folder_edit(folder), e->name, "noise", list);
    cf_free(list);
    CF_TRY(status);
    snprintf(name, sizeof name, "%s.noise.json", e->name);
    CF_TRY(cf_rig_folder_create(folder, name, &to));
    cf_json json = {.to = to};
    cf_record_source source = {e->name, e->list};
    cf_record_begin(&json, "noise", &source, 1);
    cf_json_text(&json, "camera", e->name);
    write_json(e, &json);
    cf_json_close(&json, '}');
    return CF_OK;
}

static void report(estimate *const *all, int count, FILE *to) {
    cf_json json = {.to = to};
    cf_record_source sources[2];
    for (int i = 0; i < count; i++)
        sources[i] = (cf_record_source){all[i]->name, all[i]->list};
    cf_record_begin(&json, "noise", sources, (size_t)count);
    for (int i = 0; i < count; i++) {
        cf_json_open(&json, all[i]->name, '{');
        write_json(all[i], &json);
        cf_json_close(&json, '}');
    }
    cf_json_close(&json, '}');
}

static cf_status write_all(const cf_noise_request *r, estimate *const *all, int count) {
    cf_rig_folder *folder;
    CF_TRY(cf_rig_folder_open(r->out, &folder));
    cf_status status = CF_OK;
    for (int i = 0; i < count && status == CF_OK; i++)
        status = write_rig(all[i], folder);
    FILE *to = NULL;
    if (status == CF_OK && r->report)
        status = cf_rig_folder_report(folder, r->report, &to);
    if (status == CF_OK && to)
        report(all, count, to);
    if (status == CF_OK)
        return cf_rig_folder_commit(&folder);
    cf_rig_folder_discard(&folder);
    return status;
}

cf_status cf_noise_from_pictures(const cf_noise_request *r) {
    const cf_input_list *lists[2] = {&r->mono, &r->color};
    static const char *const names[2] = {"mono", "color"};
    estimate *all[2];
    int count = 0;
    cf_status status = CF_OK;
    for (int i = 0; i < 2 && status == CF_OK; i++) {
        if (!lists[i]->count)
            continue;
        all[count] = cf_alloc(1, sizeof *all[count]);
        if (!all[count])
            status = CF_ERR_MEMORY;
        else {
            all[count]->name = names[i];
            all[count]->role = i ? CF_RIG_COLOR : CF_RIG_MONO;
            all[count]->list = lists[i];
            status = run(r, all[count++]);
        }
    }
    if (status == CF_OK)
        status = write_all(r, all, count);
    if (status == CF_OK && r->json)
        report(all, count, stdout);
    for (int i = 0; i < count; i++) {
        if (status == CF_OK && !r->json)
            print(all[i]);
        for (int k = 0; k < all[i]->count; k++)
            cf_noise_pool_clear(&all[i]->groups[k].pool);
        cf_free(all[i]);
    }
    return status;
}
