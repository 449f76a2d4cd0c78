/* SPDX-License-Identifier: Apache-2.0 */
/* Judges a rig's camera models, and how the two cameras stand to each other. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calib/rectify.h"
#include "tools/input_list.h"
#include "tools/rig_check.h"

#define DEGREE 0.017453292519943295
#define SAMPLES 12           /* grid of pixels, each way, that the common view is judged on */
#define NEAR_IN_BASELINES 20 /* a near object, where the rig does not say */

static cf_camera_model *load(const char *path, const char *about, cf_findings *f) {
    cf_camera_model *model = NULL;
    if (!path) {
        cf_findings_add(f, CF_FINDING_ERROR, about,
                        "is missing: nothing says where this camera looks. Run 'chromafuse "
                        "calibrate geometry'.");
        return NULL;
    }
    cf_findings_capture(f, about, path);
    (void)cf_camera_model_load(path, &model);
    cf_findings_capture(NULL, NULL, NULL);
    return model;
}

/* Share of the picture's border pixels that the lens model has no ray for. */
static double blind_border(const cf_camera_model *m, int width, int height) {
    int blind = 0;
    for (int i = 0; i < 4 * SAMPLES; i++) {
        double t = (i % SAMPLES + 0.5) / SAMPLES, x = (width - 1) * t, y = (height - 1) * t, ray[3];
        int side = i / SAMPLES;
        const double at[2] = {side == 0   ? 0
                              : side == 1 ? width - 1
                                          : x,
                              side == 2   ? 0
                              : side == 3 ? height - 1
                                          : y};
        blind += !cf_camera_model_unproject(m, at, ray);
    }
    return blind / (4.0 * SAMPLES);
}

static void check_lens(const cf_camera_model *m, const char *about, cf_findings *f) {
    char lens[CF_LENS_NAME_MAX];
    double k[4] = {0};
    int width, height;
    cf_camera_model_lens(m, lens, k, 4);
    cf_camera_model_size(m, &width, &height);
    double side = width > height ? width : height, blind = blind_border(m, width, height);
    double off = hypot(k[2] - (width - 1) / 2.0, k[3] - (height - 1) / 2.0);
    if (fabs(k[0] / k[1] - 1) > 0.03)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the focal lengths in x and y differ by %.0f %% (%.1f and %.1f pixels); "
                        "with square pixels they are the same. The calibration probably had too "
                        "few tilted boards.",
                        100 * fabs(k[0] / k[1] - 1), k[0], k[1]);
    if (off > 0.15 * side)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the optical axis meets the picture %.0f pixels away from its middle, at "
                        "%.0f, %.0f of %dx%d: either the picture was cropped, or the calibration "
                        "went wrong.",
                        off, k[2], k[3], width, height);
    if (blind > 0)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the lens model folds back: it has no ray for %.0f %% of the picture's "
                        "border. Calibrate with boards in the corners, or with a lens of fewer "
                        "numbers (--lens opencv4).",
                        100 * blind);
}

/* The colour camera as seen from the mono camera. */
typedef struct {
    double rotation[9]; /* mono -> colour */
    double place[3];    /* of the colour lens, in the mono camera's coordinates, metres */
    double baseline;
} standing;

static standing stand(const cf_rig_models *models) {
    standing s;
    double rm[9], tm[3], rc[9], tc[3], shift[3];
    cf_camera_model_pose(models->mono, rm, tm);
    cf_camera_model_pose(models->color, rc, tc);
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++) {
            s.rotation[3 * r + c] = 0;
            for (int k = 0; k < 3; k++)
                s.rotation[3 * r + c] += rc[3 * r + k] * rm[3 * c + k];
        }
    for (int r = 0; r < 3; r++)
        shift[r] = tc[r] - s.rotation[3 * r] * tm[0] - s.rotation[3 * r + 1] * tm[1] -
                   s.rotation[3 * r + 2] * tm[2];
    for (int r = 0; r < 3; r++)
        s.place[r] = -(s.rotation[r] * shift[0] + s.rotation[3 + r] * shift[1] +
                       s.rotation[6 + r] * shift[2]);
    s.baseline = sqrt(s.place[0] * s.place[0] + s.place[1] * s.place[1] + s.place[2] * s.place[2]);
    return s;
}

static void check_standing(const cf_rig_models *models, const standing *s, cf_findings *f) {
    static const char about[] = "color.model";
    double r[9], t[3];
    cf_camera_model_pose(models->mono, r, t);
    if (r[0] + r[4] + r[8] < 3 - 1e-6 || fabs(t[0]) + fabs(t[1]) + fabs(t[2]) > 1e-6)
        cf_findings_add(f, CF_FINDING_HINT, "mono.model",
                        "its extrinsics are not zero. Only how the cameras stand to each other "
                        "counts, so this works; other programs may not expect it.");
    if (s->baseline < 1e-3)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "both lenses are in one place (%.2g mm apart). If they are not, the "
                        "extrinsics were left at zero, and near things will be out of register.",
                        1000 * s->baseline);
    else if (s->baseline > 0.5)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the lenses are %.2f m apart, which is a lot for one camera. Was --square "
                        "(or the unit of an imported file) given in metres?",
                        s->baseline);
    else if (fabs(s->place[2]) > 0.3 * s->baseline)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "one lens stands %.0f mm in front of the other, with %.0f mm between them "
                        "in all. A rig's lenses stand side by side.",
                        1000 * fabs(s->place[2]), 1000 * s->baseline);
    double between = acos(fmax(-1, fmin(1, s->rotation[8]))) / DEGREE;
    if (between > 8)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the two lenses look %.0f degrees apart; they should look the same way.",
                        between);
}

/* Share of the mono picture whose colour the colour lens can see, for things at a depth. */
static double common_view(const cf_rig_models *models, const standing *s, double depth) {
    int width, height, cw, ch, seen = 0;
    cf_camera_model_size(models->mono, &width, &height);
    cf_camera_model_size(models->color, &cw, &ch);
    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        const double at[2] = {(i % SAMPLES + 0.5) * width / SAMPLES,
                              (i / SAMPLES + 0.5) * height / SAMPLES};
        double ray[3], p[3], q[2];
        if (!cf_camera_model_unproject(models->mono, at, ray) || ray[2] < 1e-3)
            continue;
        for (int k = 0; k < 3; k++) /* the point at that depth, from the colour lens */
            ray[k] = ray[k] * depth / ray[2];
        for (int k = 0; k < 3; k++)
            ray[k] -= s->place[k];
        for (int r = 0; r < 3; r++)
            p[r] = s->rotation[3 * r] * ray[0] + s->rotation[3 * r + 1] * ray[1] +
                   s->rotation[3 * r + 2] * ray[2];
        seen += cf_camera_model_project(models->color, p, q) && q[0] >= 0 && q[1] >= 0 &&
                q[0] <= cw - 1 && q[1] <= ch - 1;
    }
    return seen / (double)(SAMPLES * SAMPLES);
}

static void check_view(const cf_rig *rig, const cf_rig_models *models, const standing *s,
                       cf_findings *f) {
    double near = rig->depth_min_m > 0 ? rig->depth_min_m : NEAR_IN_BASELINES * s->baseline;
    double far_share = common_view(models, s, 1e4),
           near_share = near > 0 ? common_view(models, s, near) : far_share;
    if (far_share < 0.05)
        cf_findings_add(f, CF_FINDING_ERROR, "color.model",
                        "the two cameras do not look at the same things: the colour camera sees "
                        "%.0f %% of the mono picture. Were the models swapped, or does one belong "
                        "to another rig?",
                        100 * far_share);
    else if (far_share < 0.7)
        cf_findings_add(f, CF_FINDING_WARNING, "color.model",
                        "the colour camera sees only %.0f %% of the mono picture; the rest will "
                        "get colour that is guessed.",
                        100 * far_share);
    else if (near_share < 0.5)
        cf_findings_add(f, CF_FINDING_WARNING, "color.model",
                        "of things %.2f m away the colour camera sees only %.0f %% of the mono "
                        "picture.",
                        near, 100 * near_share);
}

/* The geometry as fusion uses it. */
static void check_rectified(const cf_rig *rig, const cf_rig_models *models, const standing *s,
                            cf_findings *f) {
    cf_rectify_params params = CF_RECTIFY_DEFAULTS;
    cf_rectification r;
    params.depth_min_m = rig->depth_min_m;
    cf_findings_capture(f, "geometry", NULL);
    cf_status status = cf_rectify(models->mono, models->color, &params, &r);
    cf_findings_capture(NULL, NULL, NULL);
    if (status != CF_OK)
        return;
    double scale = (double)r.color_scale, range = (double)r.disparity_max;
    if (scale > 2 || scale < 1 / 6.0)
        cf_findings_add(f, CF_FINDING_WARNING, "color.model",
                        "a colour pixel covers %.1f mono pixels side by side. Up to 4 work well; "
                        "less than 1 means that the mono camera is the coarser one.",
                        1 / scale);
    if (rig->depth_min_m > 0 && range > r.width / 3.0)
        cf_findings_add(f, CF_FINDING_WARNING, "scene.depth_min_m",
                        "things %.2f m away move by %.0f pixels between the lenses, a third of "
                        "the picture or more. Give the nearest distance that matters.",
                        rig->depth_min_m, range);
    if (!(rig->depth_min_m > 0) && s->baseline >= 1e-3)
        cf_findings_add(f, CF_FINDING_HINT, "scene.depth_min_m",
                        "is not said: things nearer than %.2f m will not be matched. A true value "
                        "makes matching faster and safer.",
                        r.focal * s->baseline / fmax(1, range));
    cf_rectification_clear(&r);
}

void cf_rig_check_models(const cf_rig *rig, cf_rig_models *models, cf_findings *f) {
    models->mono = load(rig->mono.model, "mono.model", f);
    models->color = load(rig->color.model, "color.model", f);
    if (models->mono)
        check_lens(models->mono, "mono.model", f);
    if (models->color)
        check_lens(models->color, "color.model", f);
    if (!models->mono || !models->color)
        return;
    standing s = stand(models);
    check_standing(models, &s, f);
    check_view(rig, models, &s, f);
    check_rectified(rig, models, &s, f);
}
