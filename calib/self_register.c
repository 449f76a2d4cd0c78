/* SPDX-License-Identifier: Apache-2.0 */
/* Self-registration: coarse rectified views, correlated corners, robust fit, verification. */
#include "calib/self_register.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/epipolar_fit.h"
#include "calib/gray.h"

#define LEVELS 3
#define MAX_POINTS 640
#define CLEARLY 0.08F    /* correlation above the second best place */
#define FEW 200          /* inliers below which a coarser look is tried: noise */
#define FEWER 1.3        /* and how many times more it must find */
#define WORK_WIDTH 750   /* columns of the finest grey picture, about */
#define MAX_TURN_DEG 0.6 /* degrees that vertical search covers */
#define NOTHING 0.15     /* confidence below which a made-up geometry is not used */
#define BASELINE_M 0.1   /* made up where there is no rig */

/* Levels where matches are searched and where they are refined last, and half sides of the
 * surroundings that are compared there. */
typedef struct {
    int first, last, search, refine;
} effort;
static const effort usual = {1, 0, 6, 7}, noisy = {2, 1, 6, 10};

/* Binned pictures on their own grids. */
typedef struct {
    cf_gray mono, color;
    int mono_bin, color_bin;
    double step; /* of the mono picture, that the comparison runs at */
} binned;

/* Both on the rectified grid, one pixel per `step` of the grid's, and halved twice. */
typedef struct {
    cf_gray left[LEVELS], right[LEVELS];
    double step;
} pyramid;

static void binned_free(binned *b) {
    cf_gray_free(&b->mono);
    cf_gray_free(&b->color);
}

static cf_status bin_pictures(const cf_self_view *mono, const cf_self_view *color, binned *b) {
    memset(b, 0, sizeof *b);
    b->color_bin = 2 * (int)fmax(1, round(color->raw->width / (2.0 * WORK_WIDTH)));
    b->step = fmax(1, mono->raw->width / (double)WORK_WIDTH);
    b->mono_bin = (int)floor(b->step + 0.25);
    CF_TRY(
        cf_gray_from_raw(mono->raw, mono->profile, mono->profile->spectral, b->mono_bin, &b->mono));
    cf_status status = cf_gray_from_raw(color->raw, color->profile, mono->profile->spectral,
                                        b->color_bin, &b->color);
    if (status != CF_OK)
        binned_free(b);
    return status;
}

static float bilinear(const cf_gray *g, int bin, const double at[2]) {
    double x = (at[0] + 0.5) / bin - 0.5, y = (at[1] + 0.5) / bin - 0.5;
    if (!(x >= 0 && y >= 0 && x <= g->width - 1 && y <= g->height - 1))
        return NAN;
    int i = (int)x, j = (int)y, right = i + 1 < g->width, down = j + 1 < g->height ? g->width : 0;
    float u = (float)(x - i), v = (float)(y - j);
    const float *p = g->v + (size_t)j * (size_t)g->width + i;
    float top = p[0] + u * (p[right] - p[0]);
    float bottom = p[down] + u * (p[down + right] - p[down]);
    return top + v * (bottom - top);
}

static void pyramid_free(pyramid *p) {
    for (int i = 0; i < LEVELS; i++) {
        cf_gray_free(&p->left[i]);
        cf_gray_free(&p->right[i]);
    }
}

static cf_status pyramid_build(const binned *b, const cf_rectification *r, pyramid *p) {
    memset(p, 0, sizeof *p);
    p->step = b->step;
    int width = (int)(r->width / p->step), height = (int)(r->height / p->step);
    if (width < 1 || height < 1)
        return cf_fail(CF_ERR_INVALID, "registration: the common view is too small");
    cf_status status = cf_gray_alloc(width, height, &p->left[0]);
    if (status == CF_OK)
        status = cf_gray_alloc(width, height, &p->right[0]);
    for (int y = 0; y < height && status == CF_OK; y++)
        for (int x = 0; x < width; x++) {
            double gx = (x + 0.5) * p->step - 0.5, gy = (y + 0.5) * p->step - 0.5, q[2];
            size_t i = (size_t)y * (size_t)width + (size_t)x;
            p->left[0].v[i] =
                cf_map_at(&r->mono, gx, gy, q) ? bilinear(&b->mono, b->mono_bin, q) : NAN;
            p->right[0].v[i] =
                cf_map_at(&r->color, gx, gy, q) ? bilinear(&b->color, b->color_bin, q) : NAN;
        }
    for (int i = 1; i < LEVELS && status == CF_OK; i++) {
        status = cf_gray_half(&p->left[i - 1], &p->left[i]);
        if (status == CF_OK)
            status = cf_gray_half(&p->right[i - 1], &p->right[i]);
    }
    if (status != CF_OK)
        pyramid_free(p);
    return status;
}

/* Search range in pixels of the rectified grid. */
typedef struct {
    double d0, d1, v;
} reach;

/* Corners of one level, matched there over the reach and then on the finer levels; in grid pixels.
 */
static int match_points(const pyramid *p, effort e, reach reach_px, cf_gray_match *m) {
    double scale = p->step * (1 << e.first);
    int count = cf_gray_corners(&p->left[e.first], e.search + 1, MAX_POINTS, m), found = 0;
    int v = (int)ceil(reach_px.v / scale) + 1;
    const cf_gray_range wide = {(int)floor(reach_px.d0 / scale) - 1,
                                (int)ceil(reach_px.d1 / scale) + 1, -v, v};
    for (int i = 0; i < count; i++) {
        cf_gray_search(&p->left[e.first], &p->right[e.first], e.search, wide, CLEARLY, &m[i]);
        for (int l = e.first - 1; l >= e.last && m[i].score > -2; l--) {
            int d = (int)lrintf(2 * m[i].d), w = (int)lrintf(2 * m[i].v);
            const cf_gray_range near = {d - 3, d + 3, w - 3, w + 3};
            m[i].x *= 2;
            m[i].y *= 2;
            cf_gray_search(&p->left[l], &p->right[l], e.refine, near, 0, &m[i]);
        }
        if (!(m[i].score > -2))
            continue;
        float s = (float)(p->step * (1 << e.last));
        m[found++] = (cf_gray_match){(m[i].x + 0.5F) * s - 0.5F, (m[i].y + 0.5F) * s - 0.5F,
                                     m[i].d * s, m[i].v * s, m[i].score};
    }
    return found;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Disparities of the inliers at 8, 50 and 92 percent: wrong matches along the epipolar lines count
 * as inliers. */
static void disparities(const cf_gray_match *m, int count, double out[3]) {
    double d[MAX_POINTS];
    int n = 0;
    for (int i = 0; i < count; i++)
        if (m[i].score > -2)
            d[n++] = (double)m[i].d;
    out[0] = out[1] = out[2] = 0;
    if (!n)
        return;
    qsort(d, (size_t)n, sizeof *d, compare);
    out[0] = d[n / 12];
    out[1] = d[n / 2];
    out[2] = d[n - 1 - n / 12];
}

/* One look at the pair with given models; the rectification without its maps. */
typedef struct {
    cf_rectification rectification;
    cf_epipolar_fit fit;
    double step, disparity[3];
    int candidates;
} look;

static void try_effort(const pyramid *p, effort e, reach where, const double prior[CF_FIT_PARAMS],
                       cf_gray_match *m, look *out) {
    out->candidates = match_points(p, e, where, m);
    out->step = p->step * (1 << e.last);
    cf_epipolar_fit_run(&out->rectification, m, out->candidates, prior, 1.5 * out->step, &out->fit);
    disparities(m, out->candidates, out->disparity);
}

/* In noise, takes the coarser look where that agrees on more. */
static void compare_views(const pyramid *p, const reach *wide, const double prior[CF_FIT_PARAMS],
                          cf_gray_match *m, look *out) {
    const cf_rectification *r = &out->rectification;
    const reach where = {(double)r->disparity_min - 8, (double)r->disparity_max + 8,
                         MAX_TURN_DEG * 3.14159265 / 180 * r->focal};
    if (wide) {
        try_effort(p, noisy, *wide, prior, m, out);
        return;
    }
    try_effort(p, usual, where, prior, m, out);
    if (out->fit.inliers >= FEW)
        return;
    look second = *out;
    try_effort(p, noisy, where, prior, m, &second);
    if (second.fit.inliers > FEWER * out->fit.inliers)
        *out = second;
}

/* Keeps the numbers. */
static void forget_maps(look *l) {
    cf_rectification kept = l->rectification;
    cf_rectification_clear(&l->rectification);
    kept.color.xy = kept.mono.xy = kept.back.xy = NULL;
    l->rectification = kept;
}

static cf_status take_look(const binned *b, const cf_camera_model *mono,
                           const cf_camera_model *color, const cf_rectify_params *params,
                           const reach *wide, const double prior[CF_FIT_PARAMS], look *out) {
    pyramid p;
    cf_gray_match *m = cf_alloc(MAX_POINTS, sizeof *m);
    memset(out, 0, sizeof *out);
    if (!m)
        return CF_ERR_MEMORY;
    cf_status status = cf_rectify(mono, color, params, &out->rectification);
    if (status == CF_OK) {
        status = pyramid_build(b, &out->rectification, &p);
        if (status == CF_OK) {
            compare_views(&p, wide, prior, m, out);
            pyramid_free(&p);
        }
        forget_maps(out);
    }
    cf_free(m);
    return status;
}

static double unit(double x) {
    return fmin(fmax(x, 0), 1);
}

/* Many points, most of them agreeing, to a fraction of the working pixel. */
static double confidence(const look *l) {
    double share = l->candidates ? (double)l->fit.inliers / l->candidates : 0;
    return unit((l->fit.inliers - 15) / 85.0) * unit((share - 0.2) / 0.4) *
           unit(1.5 - l->fit.residual_px / l->step);
}

/* Chance agreement reaches about the share of the search that the tolerance covers. */
static int sure(const look *l, double least_px) {
    return l->fit.inliers >= 40 && l->fit.inliers > 0.35 * l->candidates &&
           l->fit.effect_px > least_px && l->fit.effect_px > 4 * l->fit.error_px;
}

/* Turn in the colour camera's own axes for one in the grid's. */
static void to_camera(const cf_rectification *r, const double w[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] =
            r->color_turn[i] * w[0] + r->color_turn[3 + i] * w[1] + r->color_turn[6 + i] * w[2];
}

static void report(const look *l, double before_px, cf_self_registration *out) {
    out->candidates = l->candidates;
    out->inliers = l->fit.inliers;
    out->before_px = before_px;
    out->vertical_px = l->fit.before_px;
    out->residual_px = l->fit.residual_px;
    out->disparity_low = l->disparity[0];
    out->disparity_high = l->disparity[2];
    out->confidence = confidence(l);
}

/* Room in the search for what was seen; a few wrong matches do not count. */
static void make_room(const look *l, cf_rectify_params *params) {
    double low = l->disparity[0] - 1.5, high = l->disparity[2] + 1.5;
    if (confidence(l) < 0.3)
        return;
    if (low < 0)
        params->disparity_slack = fmaxf(params->disparity_slack, (float)fmin(ceil(-low), 16));
    if (high > (double)l->rectification.disparity_max)
        params->disparity_extra +=
            (float)fmin(ceil(high - (double)l->rectification.disparity_max), 16);
}

static const double rig_prior[CF_FIT_PARAMS] = {5e-3, 1e-3, 4e-3, 0};

/* Mends *model (owned) in up to 3 rounds; takes the first one back when it did not help. */
static cf_status mend(const binned *b, const cf_camera_model *mono, const cf_camera_model *given,
                      cf_rectify_params *params, const double prior[CF_FIT_PARAMS],
                      cf_camera_model **model, cf_self_registration *out) {
    look now, next;
    *model = NULL;
    CF_TRY(take_look(b, mono, given, params, NULL, prior, &now));
    double before = now.fit.before_px;
    for (int round = 0; round < 3 && sure(&now, round ? 0.15 : 0.3); round++) {
        double w[3];
        cf_camera_model *turned;
        to_camera(&now.rectification, now.fit.value, w);
        cf_status status = cf_camera_model_turned(*model ? *model : given, w, &turned);
        if (status == CF_OK)
            status = take_look(b, mono, turned, params, NULL, prior, &next);
        if (status != CF_OK) {
            cf_camera_model_destroy(&turned);
            cf_camera_model_destroy(model);
            return status;
        }
        if (next.fit.inliers < 0.9 * now.fit.inliers || next.fit.before_px > now.fit.before_px) {
            cf_camera_model_destroy(&turned);
            break;
        }
        cf_camera_model_destroy(model);
        *model = turned;
        now = next;
        for (int i = 0; i < 3; i++)
            out->rotation[i] += w[i];
    }
    out->applied = *model != NULL;
    report(&now, before, out);
    make_room(&now, params);
    return CF_OK;
}

cf_status cf_self_register_rig(const cf_self_view *mono, const cf_self_view *color,
                               const cf_camera_model *mono_model,
                               const cf_camera_model *color_model, cf_rectify_params *params,
                               cf_camera_model **mended, cf_self_registration *out) {
    binned b;
    memset(out, 0, sizeof *out);
    *mended = NULL;
    CF_TRY(bin_pictures(mono, color, &b));
    cf_status status = mend(&b, mono_model, color_model, params, rig_prior, mended, out);
    binned_free(&b);
    return status;
}

/* Pinholes without a rig: the colour camera's focal length, orientation and side. */
typedef struct {
    double focal, color_focal;
    double turn[3]; /* rotation vector, mono -> colour */
    double side[2]; /* unit vector from the mono to the colour lens */
} guess;

/* Guesses to start from: how much less of the scene the mono lens sees, and where the colour lens
 * is. */
static const struct {
    double zoom, side[2];
} starts[] = {{1, {1, 0}}, {0.5, {1, 0}}, {0.7, {1, 0}}, {1, {0, 1}}};

static const double free_prior[CF_FIT_PARAMS] = {0.05, 0, 0.05, 0.04};

static cf_status make_models(const cf_self_view *mono, const cf_self_view *color, const guess *g,
                             cf_camera_model **m, cf_camera_model **c) {
    int w = mono->raw->width, h = mono->raw->height, cw = color->raw->width,
        ch = color->raw->height;
    const double km[4] = {g->focal, g->focal, (w - 1) / 2.0, (h - 1) / 2.0};
    const double kc[4] = {g->color_focal, g->color_focal, (cw - 1) / 2.0, (ch - 1) / 2.0};
    double rt[6], r[9];
    *m = *c = NULL;
    cf_rotation_from_vector(g->turn, r);
    for (int i = 0; i < 3; i++) {
        rt[i] = g->turn[i];
        rt[3 + i] = -BASELINE_M * (r[3 * i] * g->side[0] + r[3 * i + 1] * g->side[1]);
    }
    CF_TRY(cf_camera_model_pinhole(w, h, km, NULL, m));
    return cf_camera_model_pinhole(cw, ch, kc, rt, c);
}

/* Room around the disparities that were seen: they are those of corners only. */
static double room(const look *l) {
    return 6 + 0.3 * (l->disparity[2] - l->disparity[0]);
}

/* Takes over what a look found: turn and magnification, the side, and disparities all positive. */
static void improve(guess *g, const look *l) {
    double w[3] = {l->fit.value[CF_FIT_X], 0, l->fit.value[CF_FIT_Z]}, turn[3], a[9], b[9], c[9];
    double low = l->disparity[0], sign = l->disparity[1] < 0 ? -1 : 1;
    if (sign < 0)
        low = -l->disparity[2];
    /* A turn about the grid's y moves all disparities, in the direction that they have there. */
    if (low < room(l))
        w[1] = sign * (room(l) - low) / l->rectification.focal;
    g->side[0] *= sign;
    g->side[1] *= sign;
    g->color_focal *= 1 + l->fit.value[CF_FIT_SCALE];
    to_camera(&l->rectification, w, turn);
    cf_rotation_from_vector(turn, a);
    cf_rotation_from_vector(g->turn, b);
    for (int i = 0; i < 9; i++) {
        const double *row = a + i / 3 * 3, *column = b + i % 3;
        c[i] = row[0] * column[0] + row[1] * column[3] + row[2] * column[6];
    }
    cf_rotation_to_vector(c, g->turn);
}

static cf_status look_at(const binned *b, const cf_self_view *mono, const cf_self_view *color,
                         const guess *g, const cf_rectify_params *params, const reach *wide,
                         look *out) {
    cf_camera_model *m, *c;
    cf_status status = make_models(mono, color, g, &m, &c);
    if (status == CF_OK)
        status = take_look(b, m, c, params, wide, free_prior, out);
    cf_camera_model_destroy(&m);
    cf_camera_model_destroy(&c);
    return status;
}

static guess start_from(const cf_self_view *mono, const cf_self_view *color, double focal,
                        size_t i) {
    double ratio = (double)color->raw->width / mono->raw->width;
    return (guess){.focal = focal,
                   .color_focal = focal * ratio * starts[i].zoom,
                   .side = {starts[i].side[0], starts[i].side[1]}};
}

/* The start that most points agree with, and what was seen from there. */
static cf_status find_start(const binned *b, const cf_self_view *mono, const cf_self_view *color,
                            double focal, guess *best, look *seen) {
    double best_score = -1;
    *best = start_from(mono, color, focal, 0);
    const double width = mono->raw->width, height = mono->raw->height;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        const int across = starts[i].side[0] > 0;
        const reach wide = {-0.3 * (across ? width : height), 0.3 * (across ? width : height),
                            0.08 * (across ? height : width)};
        guess g = start_from(mono, color, focal, i);
        look l;
        CF_TRY(look_at(b, mono, color, &g, NULL, &wide, &l));
        double score = l.fit.inliers * confidence(&l);
        if (score > best_score) {
            best_score = score;
            *best = g;
            *seen = l;
        }
        if (confidence(&l) > 0.8)
            break;
    }
    return CF_OK;
}

/* Nothing was found: parallel lenses that see the same are as good a guess as any. */
static void give_up(const cf_self_view *mono, const cf_self_view *color, double focal, guess *g,
                    cf_rectify_params *params, cf_self_registration *out) {
    *g = start_from(mono, color, focal, 0);
    params->depth_min_m = 0;
    out->applied = 0;
    memset(out->rotation, 0, sizeof out->rotation);
    out->confidence = fmin(out->confidence, NOTHING);
}

static cf_status make_up(const binned *b, const cf_self_view *mono, const cf_self_view *color,
                         double focal, guess *g, cf_rectify_params *params,
                         cf_self_registration *out) {
    look l = {.step = 1};
    CF_TRY(find_start(b, mono, color, focal, g, &l));
    double before = l.fit.before_px;
    cf_status status = CF_OK;
    for (int round = 0; round < 3 && status == CF_OK && confidence(&l) > NOTHING / 5; round++) {
        improve(g, &l);
        double high = l.disparity[1] < 0 ? -l.disparity[0] : l.disparity[2];
        double low = l.disparity[1] < 0 ? -l.disparity[2] : l.disparity[0];
        double shift = fmax(room(&l) - low, 0); /* as improve() moved them */
        params->depth_min_m = focal * BASELINE_M / (high + shift + 2 * room(&l));
        status = look_at(b, mono, color, g, params, NULL, &l);
        out->applied = 1;
    }
    if (status == CF_ERR_MEMORY)
        return status;
    if (status == CF_OK)
        report(&l, before, out);
    if (status != CF_OK || out->confidence < NOTHING) {
        give_up(mono, color, focal, g, params, out);
        return CF_OK;
    }
    params->depth_min_m = focal * BASELINE_M / fmax(l.disparity[2] + room(&l), 8);
    memcpy(out->rotation, g->turn, sizeof out->rotation);
    return CF_OK;
}

cf_status cf_self_register_pictures(const cf_self_view *mono, const cf_self_view *color,
                                    double focal_px, cf_camera_model **mono_model,
                                    cf_camera_model **color_model, cf_rectify_params *params,
                                    cf_self_registration *out) {
    binned b;
    guess g;
    int side = mono->raw->width > mono->raw->height ? mono->raw->width : mono->raw->height;
    memset(out, 0, sizeof *out);
    *mono_model = *color_model = NULL;
    CF_TRY(bin_pictures(mono, color, &b));
    cf_status status =
        make_up(&b, mono, color, focal_px > 0 ? focal_px : 1.2 * side, &g, params, out);
    binned_free(&b);
    if (status == CF_OK)
        status = make_models(mono, color, &g, mono_model, color_model);
    if (status != CF_OK)
        cf_camera_model_destroy(mono_model);
    return status;
}
