/* SPDX-License-Identifier: Apache-2.0 */
/* Flat frames by pairs: measured, and refused where they are no flats. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "tools/calibrate_noise.h"
#include "tools/command.h"

#define TEXTURE 0.05  /* share of the signal: sensors' own pattern is 0.02 at most */
#define MOTION 0.01   /* share of the signal by which one part of a frame may outrun another */
#define FLICKER 0.02  /* share worth a word */
#define EVENNESS 0.2  /* corner over centre; less is no flat any more */
#define FLAT_LOW 0.15 /* of white: flats that show a pixel's response */
#define FLAT_HIGH 0.75

/* What one group's measurement needs. */
typedef struct {
    const cf_noise_request *r;
    cf_noise_camera *camera;
    cf_noise_group *group;
    cf_photon_transfer *pt;
    cf_defect_finder *finder; /* NULL: this group's frames are not searched */
    int refused;
    char why[512]; /* the first refusal */
} job;

static double share(const cf_noise_shot *s, double code) {
    double black = s->has_black ? s->black[0] : 0;
    return (code - black) / (s->white - black);
}

/* A sentence about what makes the pair useless; 0 when it is fine. */
static int complain(const cf_flat_check *c, const cf_noise_shot *a, const cf_noise_shot *b,
                    char *to, size_t room) {
    const char *p = a->path, *q = cf_input_name(b->path);
    if (c->identical)
        snprintf(to, room,
                 "%s and %s are one and the same picture: two separate exposures are needed", p, q);
    else if (c->texture > TEXTURE)
        snprintf(to, room,
                 "%s is not flat, it shows a pattern of %.0f %% of its brightness: photograph an "
                 "evenly lit wall or a diffuser, out of focus",
                 p, 100 * c->texture);
    else if (c->motion > MOTION)
        snprintf(
            to, room,
            "%s and %s differ in places by %.1f %% of their brightness: the light flickers or "
            "something moved; use daylight or a steady lamp, exposures of whole 1/100 s (1/120 "
            "s where mains has 60 Hz), and a tripod",
            p, q, 100 * c->motion);
    else
        return 0;
    return 1;
}

static void remark(job *j, const cf_flat_check *c, const cf_noise_shot *a) {
    if (fabs(c->flicker) > FLICKER)
        cf_noise_note(
            j->camera,
            "The light of %s and the frame after it differs by %.1f %%: it is allowed for "
            "in the noise, but makes linearity uncertain.",
            a->path, 100 * fabs(c->flicker));
    if (c->evenness < EVENNESS && c->mean > 0)
        cf_noise_note(j->camera,
                      "The darkest parts of %s have only %.0f %% of the light of the brightest: "
                      "light the wall more evenly, or use a diffuser.",
                      a->path, 100 * fmax(0, c->evenness));
}

static cf_status search_defects(job *j, const cf_noise_shot *s, const cf_image *frame) {
    double x = share(s, s->glance.mean);
    int clips = s->glance.high >= j->group->clip && s->glance.high_share > 0.002;
    if (!j->finder || (!s->is_dark && (x < FLAT_LOW || x > FLAT_HIGH || clips)))
        return CF_OK;
    return cf_defect_finder_add(j->finder, frame, s->is_dark);
}

static cf_status add_pair(job *j, const cf_noise_shot *a, const cf_noise_shot *b, const cf_frame *x,
                          const cf_frame *y) {
    cf_flat_check check;
    cf_flat_light light = {a->level, a->is_dark, a->exposure_s};
    char why[512];
    CF_TRY(cf_photon_transfer_add(j->pt, &x->image, &y->image, &light, &check));
    if (a->is_dark && check.identical && a->glance.low != a->glance.high)
        return cf_fail(CF_ERR_INVALID,
                       "%s and %s are one and the same picture: two separate exposures are needed",
                       a->path, cf_input_name(b->path));
    /* Frames that are white all over are alike, and tell where white is. */
    int usable = a->is_dark || check.high > 0.9 || !complain(&check, a, b, why, sizeof why);
    j->group->pairs++;
    if (!usable) {
        cf_photon_transfer_undo(j->pt);
        if (!j->refused++ || !j->why[0])
            snprintf(j->why, sizeof j->why, "%s", why);
        cf_noise_note(j->camera, "Left out: %s.", why);
        j->group->left_out++;
        return CF_OK;
    }
    if (!a->is_dark && check.high < 0.9)
        remark(j, &check, a);
    CF_TRY(search_defects(j, a, &x->image));
    return search_defects(j, b, &y->image);
}

static cf_status read_pair(job *j, const cf_noise_shot *a, const cf_noise_shot *b) {
    cf_frame *x = NULL, *y = NULL;
    cf_status status = cf_noise_read(j->r, a->path, &x);
    if (status == CF_OK)
        status = cf_noise_read(j->r, b->path, &y);
    if (status == CF_OK && (x->image.width != a->width || y->image.width != a->width ||
                            x->image.height != a->height || y->image.height != a->height))
        status = cf_fail(CF_ERR_IO, "%s changed while it was read", a->path);
    if (status == CF_OK)
        status = add_pair(j, a, b, x, y);
    cf_frame_unref(&x);
    cf_frame_unref(&y);
    return status;
}

/* A frame that has no partner of the same light: why? other: the one nearest to it; NULL: none. */
static void remark_single(job *j, const cf_noise_shot *s, const cf_noise_shot *other) {
    char text[512];
    double ratio = other ? share(other, other->glance.mean) / share(s, s->glance.mean) : 0;
    int flickers = other && !s->is_dark && !other->is_dark && s->exposure_s > 0 &&
                   fabs(other->exposure_s / s->exposure_s - 1) < 0.002 && fabs(ratio - 1) < 0.3;
    if (flickers)
        snprintf(text, sizeof text,
                 "%s has the exposure time of %s and %.0f %% more or less light: the light "
                 "flickers; use daylight or a steady lamp, and exposures of whole 1/100 s (1/120 s "
                 "where mains has 60 Hz)",
                 s->path, cf_input_name(other->path), 100 * fabs(ratio - 1));
    else
        snprintf(text, sizeof text, "%s is the only frame of its light; each level needs two",
                 s->path);
    if (flickers && !j->why[0])
        snprintf(j->why, sizeof j->why, "%s", text);
    cf_noise_note(j->camera, "Left out: %s.", text);
    j->group->left_out++;
}

/* Each frame and the one after it, two by two within each level. */
static cf_status measure_pairs(job *j) {
    const cf_noise_shot *s = j->camera->shots + j->group->first;
    int n = j->group->count;
    for (int i = 0; i < n;) {
        cf_cli_progress(j->camera->name, (size_t)i, (size_t)n);
        if (cf_cli_interrupted())
            return cf_fail(CF_ERR_CANCELLED, "interrupted");
        if (i + 1 < n && s[i + 1].level == s[i].level) {
            CF_TRY(read_pair(j, &s[i], &s[i + 1]));
            i += 2;
            continue;
        }
        if (!i || s[i - 1].level != s[i].level)
            remark_single(j, &s[i], i ? &s[i - 1] : n > 1 ? &s[1] : NULL);
        i++;
    }
    cf_cli_progress(j->camera->name, (size_t)n, (size_t)n);
    return CF_OK;
}

static cf_status check_pairs(const job *j) {
    const cf_noise_shot *s = j->camera->shots + j->group->first;
    if (!j->group->pairs && j->why[0])
        return cf_fail(CF_ERR_INVALID, "%s", j->why);
    if (!j->group->pairs)
        return cf_fail(
            CF_ERR_INVALID,
            "--%s: at gain %g no two frames have the same light (the first is %s): shoot "
            "two or more frames of each exposure, or use --from-pictures for an estimate",
            j->camera->name, j->group->gain, s->path);
    if (2 * j->refused > j->group->pairs)
        return cf_fail(CF_ERR_INVALID, "%s%s", j->why,
                       j->refused > 1 ? " (and so are most of the others)" : "");
    return CF_OK;
}

static cf_status solve(job *j) {
    cf_photon_result *result = &j->group->result;
    CF_TRY(measure_pairs(j));
    CF_TRY(check_pairs(j));
    CF_TRY(cf_photon_transfer_solve(j->pt, result));
    if (!j->finder)
        return CF_OK;
    CF_TRY(cf_defect_finder_find(j->finder, result->read_codes.value, &j->camera->defects));
    j->camera->has_defects = 1;
    return CF_OK;
}

static cf_status measure_group(const cf_noise_request *r, cf_noise_camera *camera, int index) {
    job j = {.r = r, .camera = camera, .group = &camera->groups[index]};
    const cf_noise_shot *s = camera->shots + j.group->first;
    double none[4] = {0};
    char name[400];
    snprintf(name, sizeof name, "%s and the other frames of --%s at gain %g", s->path, camera->name,
             j.group->gain);
    cf_flat_sensor sensor = {.name = name,
                             .width = s->width,
                             .height = s->height,
                             .is_color = s->is_color,
                             .has_black = s->has_black,
                             .white = s->white,
                             .clip = j.group->clip};
    if (s->has_black)
        memcpy(sensor.black, s->black, sizeof sensor.black);
    cf_status status = cf_photon_transfer_create(&sensor, &j.pt);
    /* Broken pixels are the same at every gain: the lowest one has the most light. */
    if (status == CF_OK && index == 0)
        status = cf_defect_finder_create(s->width, s->height, s->is_color,
                                         s->has_black ? s->black : none, &j.finder);
    if (status == CF_OK)
        status = solve(&j);
    cf_defect_finder_destroy(&j.finder);
    cf_photon_transfer_destroy(&j.pt);
    return status;
}

cf_status cf_noise_measure(const cf_noise_request *r, cf_noise_camera *camera) {
    for (int i = 0; i < camera->group_count; i++)
        CF_TRY(measure_group(r, camera, i));
    return CF_OK;
}
