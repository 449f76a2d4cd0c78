/* SPDX-License-Identifier: Apache-2.0 */
/* Holds a rig against pictures that were taken with it. */
#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "calib/scene.h"
#include "capture/raw.h"
#include "tools/command.h"
#include "tools/rig_check.h"

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

/* A working-size copy of the pair for the registration; *count counts it. */
static cf_status keep(const pair *p, cf_scene_pair *kept, int *count) {
    const cf_camera_profile *m = &p->mono->profile;
    cf_scene_pair *out = &kept[*count];
    if (*count == CF_SCENE_MAX_PAIRS)
        return CF_OK;
    CF_TRY(
        cf_scene_picture_from_raw(&p->mono->image, m, m->spectral, CF_SCENE_COLUMNS, &out->mono));
    cf_status status = cf_scene_picture_from_raw(&p->color->image, &p->color->profile, m->spectral,
                                                 CF_SCENE_COLUMNS, &out->color);
    if (status == CF_OK)
        ++*count;
    else
        cf_scene_pair_free(out);
    return status;
}

static void judge(const cf_self_registration *r, int pairs, cf_findings *f) {
    static const char about[] = "geometry";
    const double *w = r->rotation;
    if (r->inliers < ENOUGH)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the pictures do not tell whether it still holds: too few points could be "
                        "matched. Take a pair of something with structure all over, in good "
                        "light.");
    else if (r->applied)
        cf_findings_add(f, r->before_px > 3 ? CF_FINDING_ERROR : CF_FINDING_WARNING, about,
                        "the rig was knocked since it was calibrated: by %d pair%s the colour "
                        "camera is turned by %.2f degrees against it, points lie %.1f pixels above "
                        "or below where they should, and %.1f after turning it back. Calibrate "
                        "geometry again; 'fuse' turns it back for each run until then.",
                        pairs, pairs == 1 ? "" : "s",
                        57.29577951 * sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]), r->before_px,
                        r->vertical_px);
    else if (r->before_px > TOLERABLE_PX)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "points lie %.1f pixels above or below where the models say, and turning "
                        "a camera does not mend it: lens models or picture sizes are wrong. "
                        "Calibrate geometry again.",
                        r->before_px);
}

static cf_status register_pairs(const cf_rig *rig, const cf_rig_models *models,
                                const cf_scene_pair *kept, int count, cf_rig_pictures *seen,
                                cf_findings *f) {
    cf_rectify_params params = CF_RECTIFY_DEFAULTS;
    cf_self_registration r;
    cf_camera_model *mended = NULL;
    params.depth_min_m = rig->depth_min_m;
    CF_TRY(cf_scene_check(kept, count, models->mono, models->color, &params, &mended, &r));
    cf_camera_model_destroy(&mended);
    judge(&r, count, f);
    seen->points = r.inliers;
    seen->vertical_px = r.before_px;
    return CF_OK;
}

/* Opens each pair in turn; what is needed of it later is small. */
static cf_status look(const cf_rig *rig, const cf_rig_models *models, const cf_input_list *mono,
                      const cf_input_list *color, cf_scene_pair *kept, cf_rig_pictures *seen,
                      cf_findings *f) {
    cf_status status = CF_OK;
    for (size_t i = 0; i < mono->count && status == CF_OK; i++) {
        pair p;
        cf_cli_progress("checking pairs", i, mono->count);
        if (cf_cli_interrupted())
            return CF_ERR_CANCELLED;
        if (!pair_open(rig, models, mono->paths[i], color->paths[i], &p, f))
            continue;
        if (models->mono && models->color)
            status = keep(&p, kept, &seen->pairs);
        pair_close(&p);
    }
    cf_cli_progress("checking pairs", mono->count, mono->count);
    return status;
}

cf_status cf_rig_check_pictures(const cf_rig *rig, const cf_rig_models *models,
                                const cf_input_list *mono, const cf_input_list *color,
                                cf_rig_pictures *seen, cf_findings *f) {
    *seen = (cf_rig_pictures){.vertical_px = NAN};
    if (mono->count != color->count)
        return cf_fail(CF_ERR_INVALID,
                       "calibrate check: %zu mono and %zu colour pictures do not make pairs",
                       mono->count, color->count);
    cf_scene_pair *kept = cf_alloc(CF_SCENE_MAX_PAIRS, sizeof *kept);
    if (!kept)
        return CF_ERR_MEMORY;
    cf_status status = look(rig, models, mono, color, kept, seen, f);
    if (status == CF_OK && seen->pairs)
        status = register_pairs(rig, models, kept, seen->pairs, seen, f);
    for (int i = 0; i < seen->pairs; i++)
        cf_scene_pair_free(&kept[i]);
    cf_free(kept);
    return status;
}
