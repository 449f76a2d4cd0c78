/* SPDX-License-Identifier: Apache-2.0 */
/* What a card looks like at a place of it, and where its points are. */
#include "capture/target.h"

#include <math.h>

static const double paper = 0.85, ink = 0.05, frame = 0.03;
static const double patch_half = 0.43, frame_margin = 0.3; /* of the pitch */

static int columns_of(const cf_target *t) {
    return t->kind == CF_TARGET_BOARD ? t->columns : CF_CHART_COLUMNS;
}

static int rows_of(const cf_target *t) {
    return t->kind == CF_TARGET_BOARD ? t->rows : CF_CHART_ROWS;
}

int cf_target_points(const cf_target *target) {
    return columns_of(target) * rows_of(target);
}

void cf_target_half_size(const cf_target *t, double half[2]) {
    /* a board: a square beyond the outer corners and a border; a chart: half a patch and the frame
     */
    double beyond = t->kind == CF_TARGET_BOARD ? 2 : 0.5 + frame_margin;
    half[0] = ((columns_of(t) - 1) / 2.0 + beyond) * t->pitch_m;
    half[1] = ((rows_of(t) - 1) / 2.0 + beyond) * t->pitch_m;
}

void cf_target_place(const cf_target *t, double x, double y, double point[3]) {
    double half[2];
    cf_target_half_size(t, half);
    double u = x / half[0], v = y / half[1];
    const double p[3] = {x, y, t->warp_m * (1 - (u * u + v * v) / 2)};
    for (int i = 0; i < 3; i++)
        point[i] = t->rotation[3 * i] * p[0] + t->rotation[3 * i + 1] * p[1] +
                   t->rotation[3 * i + 2] * p[2] + t->translation[i];
}

void cf_target_point(const cf_target *t, int index, double point[3]) {
    int column = index % columns_of(t), row = index / columns_of(t);
    cf_target_place(t, (column - (columns_of(t) - 1) / 2.0) * t->pitch_m,
                    (row - (rows_of(t) - 1) / 2.0) * t->pitch_m, point);
}

int cf_target_project(const cf_camera_model *model, const double point[3], double pixel[2]) {
    double r[9], t[3], ray[3];
    cf_camera_model_pose(model, r, t);
    for (int i = 0; i < 3; i++)
        ray[i] = r[3 * i] * point[0] + r[3 * i + 1] * point[1] + r[3 * i + 2] * point[2] + t[i];
    return cf_camera_model_project(model, ray, pixel);
}

/* Share of [x - w/2, x + w/2] inside [-half, half]. */
static double inside(double x, double w, double half) {
    double from = fmax(x - w / 2, -half), to = fmin(x + w / 2, half);
    return to > from ? (to - from) / w : 0;
}

/* Integral from 0 of the square wave that is 1 in [0, 1), -1 in [1, 2) ..., and 0 outside 0..n. */
static double wave_integral(double x, int n) {
    x = fmin(fmax(x, 0), n);
    double r = x - 2 * floor(x / 2);
    return r < 1 ? r : 2 - r;
}

static double wave(double x, double w, int n) {
    return (wave_integral(x + w / 2, n) - wave_integral(x - w / 2, n)) / w;
}

static void board_color(const cf_target *t, double x, double y, const double w[2], double rgb[3]) {
    const int nx = t->columns + 1, ny = t->rows + 1;
    double u = x / t->pitch_m, v = y / t->pitch_m, wu = w[0] / t->pitch_m, wv = w[1] / t->pitch_m;
    double squares = inside(u, wu, nx / 2.0) * inside(v, wv, ny / 2.0);
    double black = (squares + wave(u + nx / 2.0, wu, nx) * wave(v + ny / 2.0, wv, ny)) / 2;
    for (int i = 0; i < 3; i++)
        rgb[i] = paper + (ink - paper) * black;
}

static void chart_color(const cf_target *t, double x, double y, const double w[2], double rgb[3]) {
    double u = x / t->pitch_m + CF_CHART_COLUMNS / 2.0, v = y / t->pitch_m + CF_CHART_ROWS / 2.0;
    int column = (int)fmin(fmax(floor(u), 0), CF_CHART_COLUMNS - 1);
    int row = (int)fmin(fmax(floor(v), 0), CF_CHART_ROWS - 1);
    double patch = inside(u - column - 0.5, w[0] / t->pitch_m, patch_half) *
                   inside(v - row - 0.5, w[1] / t->pitch_m, patch_half);
    for (int i = 0; i < 3; i++)
        rgb[i] = frame + (t->colors->rgb[row * CF_CHART_COLUMNS + column][i] - frame) * patch;
}

void cf_target_color(const cf_target *t, double x, double y, const double width[2], double rgb[3],
                     double *cover) {
    double half[2];
    const double w[2] = {fmax(width[0], 1e-9), fmax(width[1], 1e-9)};
    cf_target_half_size(t, half);
    *cover = inside(x, w[0], half[0]) * inside(y, w[1], half[1]);
    if (t->kind == CF_TARGET_BOARD)
        board_color(t, x, y, w, rgb);
    else
        chart_color(t, x, y, w, rgb);
    double light = 1 + t->light_slope[0] * x / half[0] + t->light_slope[1] * y / half[1];
    for (int i = 0; i < 3; i++)
        rgb[i] *= fmax(light, 0);
}
