/* SPDX-License-Identifier: Apache-2.0 */
/* Distortion, frames and vertical offsets. */
#include "calib/scene_geometry.h"

#include <math.h>
#include <string.h>

#include "calib/camera_model.h"

#define NEWTON_STEPS 12
#define FOUND 1e-10 /* of the focal length */

static void multiply(const double a[9], const double b[9], double out[9]) {
    for (int i = 0; i < 9; i++) {
        const double *row = a + i / 3 * 3, *column = b + i % 3;
        out[i] = row[0] * column[0] + row[1] * column[3] + row[2] * column[6];
    }
}

static void rotate(const double r[9], const double v[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] = r[3 * i] * v[0] + r[3 * i + 1] * v[1] + r[3 * i + 2] * v[2];
}

static void rotate_back(const double r[9], const double v[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] = r[i] * v[0] + r[3 + i] * v[1] + r[6 + i] * v[2];
}

void cf_scene_geometry_init(cf_scene_geometry *g, double focal) {
    memset(g, 0, sizeof *g);
    for (int i = 0; i < 9; i += 4)
        g->mono_turn[i] = g->color_turn[i] = 1;
    g->scale = g->zoom = 1;
    g->focal = focal;
}

void cf_lens_distort(const double k[CF_LENS_TERMS], const double in[2], double out[2]) {
    double x = in[0], y = in[1], r = x * x + y * y;
    double radial = 1 + r * (k[0] + r * (k[1] + r * k[4]));
    out[0] = x * radial + 2 * k[2] * x * y + k[3] * (r + 2 * x * x);
    out[1] = y * radial + k[2] * (r + 2 * y * y) + 2 * k[3] * x * y;
}

/* Derivatives of the above: d out[i] / d in[j] at 2 i + j. */
static void distort_slope(const double k[CF_LENS_TERMS], const double in[2], double slope[4]) {
    double x = in[0], y = in[1], r = x * x + y * y;
    double radial = 1 + r * (k[0] + r * (k[1] + r * k[4]));
    double grows = 2 * (k[0] + r * (2 * k[1] + 3 * r * k[4]));
    slope[0] = radial + x * x * grows + 2 * k[2] * y + 6 * k[3] * x;
    slope[1] = slope[2] = x * y * grows + 2 * k[2] * x + 2 * k[3] * y;
    slope[3] = radial + y * y * grows + 6 * k[2] * y + 2 * k[3] * x;
}

/* By Newton's method; beyond the fold of a strong barrel the determinant turns negative. */
int cf_lens_undistort(const double k[CF_LENS_TERMS], const double in[2], double out[2]) {
    double q[2] = {in[0], in[1]}, at[2], slope[4];
    for (int i = 0; i < NEWTON_STEPS; i++) {
        cf_lens_distort(k, q, at);
        double e[2] = {in[0] - at[0], in[1] - at[1]};
        if (fabs(e[0]) + fabs(e[1]) < FOUND) {
            memcpy(out, q, sizeof q);
            return 1;
        }
        distort_slope(k, q, slope);
        double det = slope[0] * slope[3] - slope[1] * slope[2];
        if (!(det > 0.05))
            return 0;
        q[0] += (slope[3] * e[0] - slope[1] * e[1]) / det;
        q[1] += (slope[0] * e[1] - slope[2] * e[0]) / det;
    }
    return 0;
}

/* Axes of a frame whose x axis is (1, y, z), as near to the old one as can be. */
static void lean(double y, double z, double axes[9]) {
    double length = sqrt(1 + y * y + z * z), side = sqrt(1 + y * y);
    const double x[3] = {1 / length, y / length, z / length};
    axes[0] = x[0];
    axes[1] = x[1];
    axes[2] = x[2];
    /* z: what is left of the old z axis across x; y completes. */
    axes[6] = -x[2] * x[0] * length / side;
    axes[7] = -x[2] * x[1] * length / side;
    axes[8] = (1 - x[2] * x[2]) * length / side;
    axes[3] = axes[7] * x[2] - axes[8] * x[1];
    axes[4] = axes[8] * x[0] - axes[6] * x[2];
    axes[5] = axes[6] * x[1] - axes[7] * x[0];
}

void cf_scene_geometry_change(const cf_scene_geometry *start, const double p[CF_SCENE_PARAMS],
                              cf_scene_geometry *out) {
    double turn[9], axes[9], turned[9], s = exp(p[CF_SCENE_FOCAL]);
    const double w[3] = {p[CF_SCENE_TURN_X] / s, p[CF_SCENE_TURN_Y] / s, p[CF_SCENE_TURN_Z]};
    *out = *start;
    cf_rotation_from_vector(w, turn);
    multiply(turn, start->color_turn, turned);
    lean(p[CF_SCENE_LEAN_Y], p[CF_SCENE_LEAN_Z], axes);
    multiply(axes, turned, out->color_turn);
    multiply(axes, start->mono_turn, out->mono_turn);
    out->zoom = start->zoom * exp(p[CF_SCENE_ZOOM]);
    out->scale = start->scale * s;
    out->color_k[0] += p[CF_SCENE_K1] * s * s;
    out->color_k[1] += p[CF_SCENE_K2] * s * s * s * s;
    out->color_k[2] += p[CF_SCENE_P1] * s;
    out->color_k[3] += p[CF_SCENE_P2] * s;
    out->mono_k[0] += p[CF_SCENE_MONO_K1] * s * s;
    out->mono_k[1] += p[CF_SCENE_MONO_K2] * s * s * s * s;
}

/* x / z and y / z in the frame. */
static int see(const double turn[9], const double k[CF_LENS_TERMS], const double seen[2],
               double out[2]) {
    double q[3] = {0, 0, 1}, ray[3];
    if (!cf_lens_undistort(k, seen, q))
        return 0;
    rotate(turn, q, ray);
    out[0] = ray[0] / ray[2];
    out[1] = ray[1] / ray[2];
    return ray[2] > 0.05;
}

/* The colour point less the mono point, in the frame, pixels: along x or y. */
static double apart(const cf_scene_geometry *g, const cf_scene_rays *rays, int axis) {
    double zoom = g->scale * g->zoom, mono[2], color[2];
    const double seen[2] = {rays->mono[0] / g->scale, rays->mono[1] / g->scale};
    const double shown[2] = {rays->color[0] / zoom, rays->color[1] / zoom};
    if (!see(g->mono_turn, g->mono_k, seen, mono) || !see(g->color_turn, g->color_k, shown, color))
        return NAN;
    return g->focal * g->scale * (color[axis] - mono[axis]);
}

double cf_scene_offset(const cf_scene_geometry *g, const cf_scene_rays *rays) {
    return apart(g, rays, 1);
}

double cf_scene_disparity(const cf_scene_geometry *g, const cf_scene_rays *rays) {
    return -apart(g, rays, 0);
}

/* What one lens shows of a direction of the frame. */
static void show(const double turn[9], const double k[CF_LENS_TERMS], const double way[3],
                 double out[2]) {
    double v[3];
    rotate_back(turn, way, v);
    const double q[2] = {v[0] / v[2], v[1] / v[2]};
    if (v[2] > 0.05)
        cf_lens_distort(k, q, out);
    else
        out[0] = out[1] = NAN;
}

void cf_scene_project(const cf_scene_geometry *g, const cf_scene_place *place, cf_scene_rays *out) {
    const double mono[3] = {place->x, place->y, 1};
    const double color[3] = {place->x - place->shift, place->y, 1};
    show(g->mono_turn, g->mono_k, mono, out->mono);
    show(g->color_turn, g->color_k, color, out->color);
    for (int i = 0; i < 2; i++) {
        out->mono[i] *= g->scale;
        out->color[i] *= g->scale * g->zoom;
    }
}

int cf_scene_probe_rays(const cf_scene_geometry *g, const cf_scene_probe *probe,
                        cf_scene_rays *out) {
    const double seen[2] = {probe->mono[0] / g->scale, probe->mono[1] / g->scale};
    double at[2];
    if (!see(g->mono_turn, g->mono_k, seen, at))
        return 0;
    const cf_scene_place place = {at[0], at[1], probe->shift_px / (g->focal * g->scale)};
    cf_scene_project(g, &place, out);
    return isfinite(out->mono[0]) && isfinite(out->color[0]);
}
