/* SPDX-License-Identifier: Apache-2.0 */
/* Holds a rig against pictures that were taken with it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "calib/self_register.h"
#include "capture/raw.h"
#include "tools/command.h"
#include "tools/rig_check.h"

#define MAX_PAIRS 32
#define ENOUGH 40        /* points that must agree before anything is said */
#define TOLERABLE_PX 0.7 /* median vertical offset; chroma is fetched to about a pixel */

/* One pair, opened and under the rig's values. */
typedef struct {
    cf_frame *mono, *color;
} pair;

static void pair_close(pair *p) {
    cf_frame_unref(&p->mono);
    cf_frame_unref(&p->color);
}

/* One camera's picture: the right kind and size, levels and noise of a gain that is calibrated. */
static cf_frame *open_one(const cf_rig *rig, cf_rig_role role, const cf_camera_model *model,
                          const char *path, cf_findings *f) {
    const cf_rig_camera *c = role == CF_RIG_MONO ? &rig->mono : &rig->color;
    const char *name = cf_input_name(path);
    cf_frame *frame = NULL;
    cf_findings_capture(f, name, path);
    cf_status status = cf_raw_read(path, &frame);
    if (status == CF_OK && model)
        status = cf_camera_model_check_size(model, frame->image.width, frame->image.height);
    if (status == CF_OK)
        status = cf_rig_apply(rig, role, frame->gain, &frame->profile);
    cf_findings_capture(NULL, NULL, NULL);
    if (status == CF_OK && frame->profile.is_color != (role == CF_RIG_COLOR)) {
        cf_findings_add(f, CF_FINDING_ERROR, name,
                        "is the raw of a %s sensor. Were the two cameras swapped?",
                        frame->profile.is_color ? "colour" : "mono");
        status = CF_ERR_INVALID;
    }
    double nearest = INFINITY;
    for (int i = 0; status == CF_OK && frame->gain > 0 && i < c->noise_count; i++)
        nearest = fmin(nearest, fabs(log2(c->noise[i].gain / frame->gain)));
    if (isfinite(nearest) && nearest > 1)
        cf_findings_add(f, CF_FINDING_WARNING, name,
                        "was taken at gain %g, and noise is calibrated only at gains more than "
                        "twice as far; calibrate noise at this gain too.",
                        frame->gain);
    if (status != CF_OK)
        cf_frame_unref(&frame);
    return frame;
}

static int pair_open(const cf_rig *rig, const cf_rig_models *models, const char *mono,
                     const char *color, pair *p, cf_findings *f) {
    p->mono = open_one(rig, CF_RIG_MONO, models->mono, mono, f);
    p->color = open_one(rig, CF_RIG_COLOR, models->color, color, f);
    if (p->mono && p->color)
        return 1;
    pair_close(p);
    return 0;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What all pairs say of the geometry together. */
typedef struct {
    double before[MAX_PAIRS], after[MAX_PAIRS], turn[MAX_PAIRS];
    int count, turned;
} tally;

static void add_registration(const cf_self_registration *r, tally *t) {
    if (r->inliers < ENOUGH || t->count == MAX_PAIRS)
        return;
    const double *w = r->rotation;
    t->before[t->count] = r->before_px;
    t->after[t->count] = r->vertical_px;
    t->turn[t->count++] = 57.29577951 * sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
    t->turned += r->applied;
}

static cf_status measure(const cf_rig *rig, const cf_rig_models *models, const pair *p, tally *t) {
    const cf_self_view m = {&p->mono->image, &p->mono->profile},
                       c = {&p->color->image, &p->color->profile};
    cf_rectify_params params = CF_RECTIFY_DEFAULTS;
    cf_self_registration r;
    cf_camera_model *mended = NULL;
    params.depth_min_m = rig->depth_min_m;
    CF_TRY(cf_self_register_rig(&m, &c, models->mono, models->color, &params, &mended, &r));
    cf_camera_model_destroy(&mended);
    add_registration(&r, t);
    return CF_OK;
}

static void judge(tally *t, size_t pairs, cf_findings *f) {
    static const char about[] = "geometry";
    if (!t->count) {
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the pictures do not tell whether it still holds: too few points could be "
                        "matched. Take a pair of something with structure all over, in good "
                        "light.");
        return;
    }
    int half = t->count / 2;
    qsort(t->before, (size_t)t->count, sizeof *t->before, compare);
    qsort(t->after, (size_t)t->count, sizeof *t->after, compare);
    qsort(t->turn, (size_t)t->count, sizeof *t->turn, compare);
    if (2 * t->turned > t->count)
        cf_findings_add(f, t->before[half] > 3 ? CF_FINDING_ERROR : CF_FINDING_WARNING, about,
                        "the rig was knocked since it was calibrated: in %d of %zu pairs the "
                        "colour camera is turned (by %.2f degrees), points lie %.1f pixels above "
                        "or below where they should, and %.1f after turning it back. Calibrate "
                        "geometry again; 'fuse' turns it back for each run until then.",
                        t->turned, pairs, t->turn[half], t->before[half], t->after[half]);
    else if (t->before[half] > TOLERABLE_PX)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "points lie %.1f pixels above or below where the models say, and turning "
                        "a camera does not mend it: lens models or picture sizes are wrong. "
                        "Calibrate geometry again.",
                        t->before[half]);
}

cf_status cf_rig_check_pictures(const cf_rig *rig, const cf_rig_models *models,
                                const cf_input_list *mono, const cf_input_list *color,
                                cf_findings *f) {
    tally t = {0};
    cf_status status = CF_OK;
    size_t pairs = 0;
    if (mono->count != color->count)
        return cf_fail(CF_ERR_INVALID,
                       "calibrate check: %zu mono and %zu colour pictures do not make pairs",
                       mono->count, color->count);
    for (size_t i = 0; i < mono->count && status == CF_OK; i++) {
        pair p;
        cf_cli_progress("checking pairs", i, mono->count);
        if (cf_cli_interrupted())
            return CF_ERR_CANCELLED;
        if (!pair_open(rig, models, mono->paths[i], color->paths[i], &p, f))
            continue;
        pairs++;
        if (models->mono && models->color)
            status = measure(rig, models, &p, &t);
        pair_close(&p);
    }
    cf_cli_progress("checking pairs", mono->count, mono->count);
    if (status == CF_OK && pairs && models->mono && models->color)
        judge(&t, pairs, f);
    return status;
}
