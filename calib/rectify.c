/* SPDX-License-Identifier: Apache-2.0 */
/* Rectification with virtual pinholes (Fusiello, Trucco, Verri, "A compact algorithm for
 * rectification of stereo pairs", 2000). */
#include "calib/rectify.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/image.h"
#include "base/log.h"

#define ALIGNED_PX 0.1 /* how far the epipolar lines may lean over the disparity range */
#define SAMPLES 33

/* The rig while it is worked out: everything relative to the mono camera. */
typedef struct {
    const cf_camera_model *mono, *color;
    double to_color[9];     /* mono coordinates -> colour camera's, rotation only */
    double center[3];       /* colour lens in mono coordinates, metres */
    double virtual_turn[9]; /* mono coordinates -> virtual cameras' */
    double fx, fy, cx, cy;  /* of the virtual cameras, on the rectified grid */
    int identity;           /* the virtual mono camera is the mono camera */
} rig_geometry;

static void rotate(const double r[9], const double v[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] = r[3 * i] * v[0] + r[3 * i + 1] * v[1] + r[3 * i + 2] * v[2];
}

static void rotate_back(const double r[9], const double v[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] = r[i] * v[0] + r[3 + i] * v[1] + r[6 + i] * v[2];
}

static double norm(const double v[3]) {
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static void relate(rig_geometry *g) {
    double rm[9], tm[3], rc[9], tc[3], moved[3], t[3];
    cf_camera_model_pose(g->mono, rm, tm);
    cf_camera_model_pose(g->color, rc, tc);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            g->to_color[3 * i + j] = rc[3 * i] * rm[3 * j] + rc[3 * i + 1] * rm[3 * j + 1] +
                                     rc[3 * i + 2] * rm[3 * j + 2];
    rotate(g->to_color, tm, moved);
    for (int i = 0; i < 3; i++)
        t[i] = moved[i] - tc[i];
    rotate_back(g->to_color, t, g->center);
}

/* Axes of the virtual cameras in mono coordinates, rows x, y, z. */
static cf_status turn(rig_geometry *g, double baseline) {
    double *x = g->virtual_turn, *y = x + 3, *z = x + 6;
    for (int i = 0; i < 3; i++)
        x[i] = baseline > 0 ? g->center[i] / baseline : i == 0;
    if (fabs(x[2]) > 0.8)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "rig: one lens stands in front of the other: such a pair cannot be matched");
    double depth = sqrt(1 - x[2] * x[2]);
    z[0] = -x[2] * x[0] / depth;
    z[1] = -x[2] * x[1] / depth;
    z[2] = (1 - x[2] * x[2]) / depth;
    y[0] = z[1] * x[2] - z[2] * x[1];
    y[1] = z[2] * x[0] - z[0] * x[2];
    y[2] = z[0] * x[1] - z[1] * x[0];
    return CF_OK;
}

/* 1 when the mono picture's own grid serves: sets the virtual camera to the mono camera. */
static int mono_is_rectified(rig_geometry *g, double max_disparity) {
    double k[4];
    const double *x = g->virtual_turn;
    if (!cf_camera_model_is_pinhole(g->mono, k) || x[0] < 0.9 ||
        max_disparity * (fabs(x[1]) + 0.6 * fabs(x[2])) / x[0] > ALIGNED_PX)
        return 0;
    static const double none[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    memcpy(g->virtual_turn, none, sizeof none);
    g->fx = k[0];
    g->fy = k[1];
    g->cx = k[2];
    g->cy = k[3];
    return 1;
}

/* The virtual picture that holds all that the mono lens sees, at the mono lens' scale. */
static cf_status frame_view(rig_geometry *g, int *width, int *height) {
    int w, h;
    double focal[2], low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {-HUGE_VAL, -HUGE_VAL};
    cf_camera_model_size(g->mono, &w, &h);
    cf_camera_model_focal(g->mono, focal);
    g->fx = g->fy = sqrt(focal[0] * focal[1]);
    double limit = 1.25 * (w > h ? w : h);
    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        double q[2] = {(w - 1) * (i % SAMPLES) / (SAMPLES - 1.0),
                       (h - 1) * (i / SAMPLES) / (SAMPLES - 1.0)};
        double ray[3], v[3];
        if (!cf_camera_model_unproject(g->mono, q, ray))
            continue;
        rotate(g->virtual_turn, ray, v);
        for (int k = 0; k < 2 && v[2] > 0.05; k++) {
            double at = fmin(fmax(g->fx * v[k] / v[2], -limit), limit);
            low[k] = fmin(low[k], at);
            high[k] = fmax(high[k], at);
        }
    }
    if (!(high[0] > low[0] - 0.5) || !(high[1] > low[1] - 0.5))
        return cf_fail(CF_ERR_UNSUPPORTED, "rig: mrcal cannot undo the mono camera's lens model");
    g->cx = -low[0];
    g->cy = -low[1];
    *width = (int)ceil(high[0] - low[0] - 1e-3) + 1;
    *height = (int)ceil(high[1] - low[1] - 1e-3) + 1;
    return CF_OK;
}

static int rectified_to_color(const rig_geometry *g, double x, double y, double out[2]) {
    const double v[3] = {(x - g->cx) / g->fx, (y - g->cy) / g->fy, 1};
    double mono[3], color[3];
    rotate_back(g->virtual_turn, v, mono);
    rotate(g->to_color, mono, color);
    return cf_camera_model_project(g->color, color, out);
}

static int rectified_to_mono(const rig_geometry *g, double x, double y, double out[2]) {
    const double v[3] = {(x - g->cx) / g->fx, (y - g->cy) / g->fy, 1};
    double mono[3];
    rotate_back(g->virtual_turn, v, mono);
    return cf_camera_model_project(g->mono, mono, out);
}

static int mono_to_rectified(const rig_geometry *g, double x, double y, double out[2]) {
    const double q[2] = {x, y};
    double ray[3], v[3];
    if (!cf_camera_model_unproject(g->mono, q, ray))
        return 0;
    rotate(g->virtual_turn, ray, v);
    if (v[2] < 0.05)
        return 0;
    out[0] = g->fx * v[0] / v[2] + g->cx;
    out[1] = g->fy * v[1] / v[2] + g->cy;
    return 1;
}

/*
 * Columns, in sixteens, that the colour lens sees left of the grid, about max at most; 0 when it is
 * less than half of max, which is not worth resampling the mono picture for.
 */
static int columns_left(const rig_geometry *g, int height, int max) {
    int w, h, pad = 0;
    cf_camera_model_size(g->color, &w, &h);
    for (int step = 16; step < max + 16; step += 16) {
        for (int i = 1; i < 4; i++) {
            double q[2];
            if (!rectified_to_color(g, -step, height * i / 4.0, q) || q[0] < 0 || q[1] < 0 ||
                q[0] > w - 1 || q[1] > h - 1)
                return 2 * pad >= max ? pad : 0;
        }
        pad = step;
    }
    return pad;
}

typedef int (*map_fn)(const rig_geometry *, double, double, double[2]);

/* How many pixels of the other picture one pixel at the centre covers along each side. */
static float map_scale(const rig_geometry *g, map_fn at, double x, double y) {
    double a[2], b[2], c[2];
    if (!at(g, x - 1, y - 1, a) || !at(g, x + 1, y - 1, b) || !at(g, x - 1, y + 1, c))
        return 1;
    double area = fabs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 4;
    return (float)sqrt(area);
}

/* Takes rounding errors off coordinates that should be whole, so that plain moves stay exact. */
static float whole(double v) {
    return (float)(fabs(v - round(v)) < 1e-6 ? round(v) : v);
}

static cf_status make_map(const rig_geometry *g, map_fn at, int width, int height, cf_map *map) {
    int side = width > height ? width : height;
    map->width = width;
    map->height = height;
    map->step = side <= 2048 ? 8 : side <= 4096 ? 16 : 32;
    map->columns = (width - 1) / map->step + 2;
    map->rows = (height - 1) / map->step + 2;
    size_t count = (size_t)map->columns * (size_t)map->rows;
    map->xy = cf_alloc(2 * count, sizeof *map->xy);
    if (!map->xy)
        return CF_ERR_MEMORY;
    for (int r = 0; r < map->rows; r++)
        for (int c = 0; c < map->columns; c++) {
            double q[2] = {NAN, NAN};
            float *node = map->xy + (size_t)r * (size_t)map->columns + (size_t)c;
            at(g, c * map->step, r * map->step, q);
            node[0] = whole(q[0]);
            node[count] = whole(q[1]);
        }
    map->scale = map_scale(g, at, (width - 1) / 2.0, (height - 1) / 2.0);
    return CF_OK;
}

static int plain_move(const rig_geometry *g, double x, double y, double sign, double out[2]) {
    double k[4];
    (void)cf_camera_model_is_pinhole(g->mono, k);
    out[0] = x + sign * (g->cx - k[2]);
    out[1] = y + sign * (g->cy - k[3]);
    return 1;
}

/* Where the virtual mono camera is the mono camera the maps are moves, exact to the last bit. */
static int move_to_mono(const rig_geometry *g, double x, double y, double out[2]) {
    return plain_move(g, x, y, -1, out);
}

static int move_to_rectified(const rig_geometry *g, double x, double y, double out[2]) {
    return plain_move(g, x, y, 1, out);
}

static cf_status make_maps(const rig_geometry *g, cf_rectification *r) {
    int w, h;
    cf_camera_model_size(g->mono, &w, &h);
    CF_TRY(make_map(g, rectified_to_color, r->width, r->height, &r->color));
    CF_TRY(
        make_map(g, g->identity ? move_to_mono : rectified_to_mono, r->width, r->height, &r->mono));
    CF_TRY(make_map(g, g->identity ? move_to_rectified : mono_to_rectified, w, h, &r->back));
    r->color_scale = r->color.scale / (r->mono.scale > 0 ? r->mono.scale : 1);
    return CF_OK;
}

/* CF_ERR_INVALID unless some part of the grid lies in the colour picture at some disparity. */
static cf_status check_overlap(const rig_geometry *g, const cf_rectification *r) {
    int w, h;
    cf_camera_model_size(g->color, &w, &h);
    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        double q[2];
        double x = (r->width - 1) * (i % SAMPLES) / (SAMPLES - 1.0);
        double y = (r->height - 1) * (i / SAMPLES) / (SAMPLES - 1.0);
        if (rectified_to_color(g, x, y, q) && q[0] >= 0 && q[1] >= 0 && q[0] <= w - 1 &&
            q[1] <= h - 1)
            return CF_OK;
    }
    return cf_fail(CF_ERR_INVALID, "rig: the camera models say that the two lenses do not look at "
                                   "the same things: check the colour model's extrinsics");
}

static cf_status build(rig_geometry *g, const cf_rectify_params *p, cf_rectification *r) {
    double focal[2], baseline = norm(g->center);
    int w, h;
    if (!(baseline > 1e-6))
        baseline = 0;
    cf_camera_model_size(g->mono, &w, &h);
    cf_camera_model_focal(g->mono, focal);
    CF_TRY(turn(g, baseline));
    double range = p->depth_min_m > 0 ? focal[0] * baseline / p->depth_min_m : w / 5.0;
    range = baseline > 0 ? ceil(fmin(range - 1e-3, w)) : 0;
    g->identity = mono_is_rectified(g, range);
    r->width = w;
    r->height = h;
    if (!g->identity)
        CF_TRY(frame_view(g, &r->width, &r->height));
    int pad = p->no_extend ? 0 : columns_left(g, r->height, (int)range);
    g->cx += pad;
    r->width += pad;
    if (!cf_image_size_ok(r->width, r->height))
        return cf_fail(CF_ERR_UNSUPPORTED, "rig: the rectified picture would be %dx%d", r->width,
                       r->height);
    r->mono_resampled = !g->identity || pad;
    r->focal = g->fx;
    r->focal_y = g->fy;
    r->center[0] = g->cx;
    r->center[1] = g->cy;
    for (int i = 0; i < 9; i++) {
        const double *a = g->virtual_turn + i / 3 * 3, *b = g->to_color + i % 3 * 3;
        r->color_turn[i] = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    }
    r->baseline_m = baseline;
    r->disparity_min = -ceilf(p->disparity_slack);
    r->disparity_max = (float)fmax(range, 1) + ceilf(p->disparity_extra);
    CF_TRY(check_overlap(g, r));
    return make_maps(g, r);
}

cf_status cf_rectify(const cf_camera_model *mono, const cf_camera_model *color,
                     const cf_rectify_params *params, cf_rectification *out) {
    static const cf_rectify_params defaults = CF_RECTIFY_DEFAULTS;
    rig_geometry g = {.mono = mono, .color = color};
    memset(out, 0, sizeof *out);
    params = params ? params : &defaults;
    if (!(params->depth_min_m >= 0) || !(params->disparity_slack >= 0) ||
        params->disparity_slack > 64 || !(params->disparity_extra >= 0) ||
        params->disparity_extra > 64)
        return cf_fail(CF_ERR_INVALID, "rig: depth %g m or slack %g pixels out of range",
                       params->depth_min_m, (double)params->disparity_slack);
    relate(&g);
    cf_status status = build(&g, params, out);
    if (status != CF_OK)
        cf_rectification_clear(out);
    return status;
}

void cf_rectification_clear(cf_rectification *r) {
    cf_free(r->color.xy);
    cf_free(r->mono.xy);
    cf_free(r->back.xy);
    memset(r, 0, sizeof *r);
}

int cf_map_at(const cf_map *map, double x, double y, double out[2]) {
    int c = (int)fmin(fmax(floor(x / map->step), 0), map->columns - 2);
    int r = (int)fmin(fmax(floor(y / map->step), 0), map->rows - 2);
    double u = x / map->step - c, v = y / map->step - r;
    for (int p = 0; p < 2; p++) {
        const float *n = map->xy +
                         ((size_t)p * (size_t)map->rows + (size_t)r) * (size_t)map->columns +
                         (size_t)c;
        const float *m = n + map->columns;
        out[p] = (1 - v) * ((1 - u) * (double)n[0] + u * (double)n[1]) +
                 v * ((1 - u) * (double)m[0] + u * (double)m[1]);
    }
    return isfinite(out[0]) && isfinite(out[1]);
}
