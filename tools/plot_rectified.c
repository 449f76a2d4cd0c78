/* SPDX-License-Identifier: Apache-2.0 */
/* Rectified pairs side by side, with the rows on which points must meet. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "calib/rectify.h"
#include "tools/calibrate_pictures.h"
#include "tools/plot_frame.h"

#define ROOM_WIDTH 1480
#define ROOM_HEIGHT 760
#define GAP 0.02  /* between the pictures, of their width */
#define LINES 16  /* epipolar lines over the picture */
#define JOINED 40 /* matches that get a line from picture to picture */
#define TICK 24   /* about how long the ticks of vertical differences are, pixels of the sheet */

/*
 * Where things go. The rectified grid may be turned by quarters against the mono picture
 * (cf_rectification); turns says by how many, and drawing undoes it.
 */
typedef struct {
    const cf_plot_pair *pair;
    cf_rectification grid;
    cf_plot_frame frame;
    int turns;
    int wide, high;  /* of one upright picture, grid pixels */
    double shift[2]; /* from the mono to the colour picture, grid pixels */
    double enlarged; /* ticks are longer than the vertical differences by this factor */
} layout;

/* Pixel of the grid to upright coordinates, and back. */
static void to_upright(const layout *l, const double grid[2], double out[2]) {
    double x = grid[0], y = grid[1], w = l->grid.width - 1, h = l->grid.height - 1;
    const double all[4][2] = {{x, y}, {y, w - x}, {w - x, h - y}, {h - y, x}};
    memcpy(out, all[l->turns], sizeof all[0]);
}

static void to_grid(const layout *l, const double upright[2], double out[2]) {
    double x = upright[0], y = upright[1], w = l->grid.width - 1, h = l->grid.height - 1;
    const double all[4][2] = {{x, y}, {w - y, x}, {w - x, h - y}, {y, h - x}};
    memcpy(out, all[l->turns], sizeof all[0]);
}

static void to_sheet(const layout *l, const double grid[2], int color, double out[2]) {
    double u[2];
    to_upright(l, grid, u);
    out[0] = cf_plot_x(&l->frame, u[0] + color * l->shift[0]);
    out[1] = cf_plot_y(&l->frame, u[1] + color * l->shift[1]);
}

/* The quarter turns from the mono picture's own axes to the grid's. */
static int find_turns(const layout *l) {
    double a[2], b[2];
    int width, height;
    cf_camera_model_size(l->pair->mono_model, &width, &height);
    if (!cf_map_at(&l->grid.back, width * 0.45, height * 0.5, a) ||
        !cf_map_at(&l->grid.back, width * 0.55, height * 0.5, b))
        return 0;
    return ((int)lrint(atan2(b[1] - a[1], b[0] - a[0]) / 1.5707963267948966) + 4) % 4;
}

/* Code of a picture between its pixels; 0 outside. */
static int bilinear(const cf_image *in, const double at[2], double rgb[3]) {
    if (!(at[0] >= 0 && at[1] >= 0 && at[0] <= in->width - 1 && at[1] <= in->height - 1))
        return 0;
    int x = (int)at[0], y = (int)at[1];
    int x1 = x + 1 < in->width ? x + 1 : x, y1 = y + 1 < in->height ? y + 1 : y;
    const unsigned char *upper = cf_image_row(in, 0, y), *lower = cf_image_row(in, 0, y1);
    double a = at[0] - x, b = at[1] - y;
    for (int c = 0; c < 3; c++)
        rgb[c] += (1 - b) * ((1 - a) * upper[3 * x + c] + a * upper[3 * x1 + c]) +
                  b * ((1 - a) * lower[3 * x + c] + a * lower[3 * x1 + c]);
    return 1;
}

/* Where a point of the sheet, from the upright picture's corner, lies in a camera's picture. */
static int find_source(const layout *l, const cf_map *map, double x, double y, double at[2]) {
    const double upright[2] = {x / l->frame.scale - 0.5, y / l->frame.scale - 0.5};
    double grid[2];
    to_grid(l, upright, grid);
    return cf_map_at(map, grid[0], grid[1], at);
}

/* What one pixel of the sheet shows: the mean of parts x parts samples, between which the map is
 * as good as linear. */
static int look_up(const layout *l, int color, double x, double y, int parts, double rgb[3]) {
    const cf_map *map = color ? &l->grid.color : &l->grid.mono;
    double origin[2], right[2], below[2];
    int seen = 0;
    memset(rgb, 0, 3 * sizeof *rgb);
    if (!find_source(l, map, x, y, origin) || !find_source(l, map, x + 1, y, right) ||
        !find_source(l, map, x, y + 1, below))
        return 0;
    for (int i = 0; i < parts * parts; i++) {
        double a = (i % parts + 0.5) / parts, b = (i / parts + 0.5) / (double)parts;
        const double at[2] = {origin[0] + a * (right[0] - origin[0]) + b * (below[0] - origin[0]),
                              origin[1] + a * (right[1] - origin[1]) + b * (below[1] - origin[1])};
        seen += bilinear(color ? l->pair->color : l->pair->mono, at, rgb);
    }
    for (int c = 0; c < 3 && seen; c++)
        rgb[c] /= seen;
    return seen;
}

static void draw_picture(const layout *l, int color) {
    const double origin[2] = {l->frame.left + color * l->shift[0] * l->frame.scale,
                              l->frame.top + color * l->shift[1] * l->frame.scale};
    int width = (int)(l->wide * l->frame.scale), height = (int)(l->high * l->frame.scale);
    double step = (color ? fmax((double)l->grid.color_scale, 1) : 1) / l->frame.scale;
    int parts = (int)fmin(fmax(ceil(step), 1), 4);
    for (int y = 0; y < height; y++) {
        int row = (int)rint(origin[1]) + y;
        for (int x = 0; x < width && row < l->frame.sheet.height; x++) {
            double rgb[3];
            int column = (int)rint(origin[0]) + x;
            if (column >= l->frame.sheet.width || !look_up(l, color, x, y, parts, rgb))
                continue;
            unsigned char *to = cf_image_row(&l->frame.sheet, 0, row);
            for (int c = 0; c < 3; c++)
                to[3 * column + c] = (unsigned char)(rgb[c] * 0.85);
        }
    }
}

/* A line on every so many rows of the grid, through both pictures. */
static void draw_rows(const layout *l) {
    const cf_ink green = {80, 220, 120, 0.55F};
    for (int line = 0; line < LINES; line++) {
        double y = (line + 0.5) * l->grid.height / LINES;
        const double from[2] = {0, y}, to[2] = {l->grid.width - 1, y};
        double ends[4][2];
        for (int i = 0; i < 4; i++)
            to_sheet(l, i % 2 ? to : from, i / 2, ends[i]);
        int first = 0, last = 0;
        for (int i = 1; i < 4; i++) {
            first = ends[i][0] + ends[i][1] < ends[first][0] + ends[first][1] ? i : first;
            last = ends[i][0] + ends[i][1] > ends[last][0] + ends[last][1] ? i : last;
        }
        cf_canvas_line(&l->frame.sheet, ends[first][0], ends[first][1], ends[last][0],
                       ends[last][1], 1, green);
    }
}

/* Both places of point i on the grid; 0 where a lens does not see it. */
static int on_grid(const layout *l, int i, double mono[2], double color[2]) {
    const double *m = l->pair->mono_xy + 2 * (size_t)i, *turn = l->grid.color_turn;
    double ray[3], v[3];
    if (!cf_map_at(&l->grid.back, m[0], m[1], mono) ||
        !cf_camera_model_unproject(l->pair->color_model, l->pair->color_xy + 2 * (size_t)i, ray))
        return 0;
    for (int r = 0; r < 3; r++)
        v[r] = turn[3 * r] * ray[0] + turn[3 * r + 1] * ray[1] + turn[3 * r + 2] * ray[2];
    if (!(v[2] > 1e-6))
        return 0;
    color[0] = l->grid.focal * v[0] / v[2] + l->grid.center[0];
    color[1] = l->grid.focal_y * v[1] / v[2] + l->grid.center[1];
    return 1;
}

/* With a dark rim, to be seen on white too. */
static void draw_ring(const layout *l, const double at[2], cf_ink ink) {
    double radius = l->pair->matches ? 2.5 : 5;
    cf_canvas_circle(&l->frame.sheet, at[0], at[1], radius, 4.5, (cf_ink){0, 0, 0, 0.5F});
    cf_canvas_circle(&l->frame.sheet, at[0], at[1], radius, 2.5, ink);
}

static void draw_point(const layout *l, const double mono[2], const double color[2], int joined) {
    double v = color[1] - mono[1], a[2], b[2], end[2];
    const double far[2] = {color[0], color[1] + v * l->enlarged / l->frame.scale};
    cf_ink ink = cf_canvas_ramp(fabs(v) / CF_PLOT_FULL_PX);
    to_sheet(l, mono, 0, a);
    to_sheet(l, color, 1, b);
    to_sheet(l, far, 1, end);
    if (joined)
        cf_canvas_line(&l->frame.sheet, a[0], a[1], b[0], b[1], 1,
                       (cf_ink){ink.r, ink.g, ink.b, 0.6F});
    draw_ring(l, a, ink);
    draw_ring(l, b, ink);
    if (fabs(v) * l->enlarged > 1)
        cf_canvas_line(&l->frame.sheet, b[0], b[1], end[0], end[1], 1.5, ink);
}

/* Root mean square of the vertical differences, grid pixels; and of how many points. */
static double vertical_rms(const layout *l, int *count) {
    double sum = 0, a[2], b[2];
    *count = 0;
    for (int i = 0; i < l->pair->count; i++) {
        if (!on_grid(l, i, a, b))
            continue;
        sum += (b[1] - a[1]) * (b[1] - a[1]);
        (*count)++;
    }
    return *count ? sqrt(sum / *count) : 0;
}

static const char *note(const layout *l) {
    if (l->pair->matches)
        return "Good: blue points. Lines join some of the matches.";
    return l->turns % 2 ? "Good: every feature lies on the same green line above and below."
                        : "Good: every feature lies on the same green line left and right.";
}

static cf_status make_sheet(layout *l) {
    char title[200], line[280];
    const int odd = l->turns % 2;
    int count;
    double off = vertical_rms(l, &count);
    l->enlarged = cf_plot_round_down(fmin(fmax(TICK / fmax(off, 1e-3), 1), 50));
    l->wide = odd ? l->grid.height : l->grid.width;
    l->high = odd ? l->grid.width : l->grid.height;
    l->shift[0] = odd ? 0 : l->wide * (1 + GAP);
    l->shift[1] = odd ? l->high * (1 + GAP) : 0;
    snprintf(title, sizeof title, "rectified: %.150s", l->pair->title);
    snprintf(line, sizeof line, "%s: mono, %s: colour; %d points; %s differ by %.3f px RMS%s%.100s",
             odd ? "above" : "left", odd ? "below" : "right", count, odd ? "columns" : "rows", off,
             l->pair->caption ? "; " : "", l->pair->caption ? l->pair->caption : "");
    return cf_plot_paper_make(l->wide + l->shift[0], l->high + l->shift[1], ROOM_WIDTH,
                              odd ? 2 * ROOM_HEIGHT : ROOM_HEIGHT,
                              &(cf_plot_words){title, line, note(l)}, &l->frame);
}

static void draw_legend(layout *l) {
    char text[64];
    double px = cf_plot_round_down(60 / l->enlarged), length = px * l->enlarged;
    cf_plot_legend_bar(&l->frame, l->turns % 2 ? "sideways" : "up or down");
    snprintf(text, sizeof text, "ticks: x %g", l->enlarged);
    cf_plot_legend_text(&l->frame, text, cf_plot_white);
    l->frame.legend_top += 8;
    cf_canvas_line(&l->frame.sheet, l->frame.legend + 6, l->frame.legend_top, l->frame.legend + 6,
                   l->frame.legend_top + length, 2, cf_plot_white);
    l->frame.legend_top += (int)length / 2 - 7;
    snprintf(text, sizeof text, "  = %g px", px);
    cf_plot_legend_text(&l->frame, text, cf_plot_white);
}

static cf_status draw(layout *l) {
    l->turns = find_turns(l);
    CF_TRY(make_sheet(l));
    draw_picture(l, 0);
    draw_picture(l, 1);
    if (!l->pair->matches)
        draw_rows(l);
    int every = l->pair->count > JOINED ? l->pair->count / JOINED : 1;
    for (int i = 0; i < l->pair->count; i++) {
        double mono[2], color[2];
        if (on_grid(l, i, mono, color))
            draw_point(l, mono, color, l->pair->matches && i % every == 0);
    }
    draw_legend(l);
    return CF_OK;
}

cf_status cf_plot_rectified(const cf_plot_pair *pair, cf_image *out) {
    layout l = {.pair = pair};
    const cf_rectify_params params = CF_RECTIFY_DEFAULTS;
    *out = (cf_image){0};
    CF_TRY(cf_camera_model_check_size(pair->mono_model, pair->mono->width, pair->mono->height));
    CF_TRY(cf_camera_model_check_size(pair->color_model, pair->color->width, pair->color->height));
    CF_TRY(cf_rectify(pair->mono_model, pair->color_model, &params, &l.grid));
    cf_status status = draw(&l);
    *out = l.frame.sheet;
    cf_rectification_clear(&l.grid);
    return status;
}
