/* SPDX-License-Identifier: Apache-2.0 */
/* Plots of one camera: coverage, residuals, uncertainty. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/calibrate_pictures.h"
#include "tools/plot_frame.h"

static const cf_ink rejected_ink = {235, 235, 235, 1};

/* Root mean square of the used points' distances, and how many are used. */
static double rms(const cf_plot_camera *c, int *used) {
    double sum = 0;
    *used = 0;
    for (int i = 0; i < c->count; i++) {
        const cf_plot_point *p = &c->points[i];
        if (p->rejected)
            continue;
        sum += p->dx * p->dx + p->dy * p->dy;
        (*used)++;
    }
    return *used ? sqrt(sum / *used) : 0;
}

static cf_status make(const cf_plot_camera *c, const char *about, const char *note,
                      cf_plot_frame *out) {
    char title[160], line[240];
    int width, height, used;
    double off = rms(c, &used);
    cf_camera_model_size(c->model, &width, &height);
    snprintf(title, sizeof title, "%.60s: %s", c->camera, about);
    snprintf(line, sizeof line, "%dx%d pixels; %d %.40s in %d picture%s, %d left out; RMS %.3f px",
             width, height, used, c->what, c->pictures, c->pictures == 1 ? "" : "s",
             c->count - used, off);
    return cf_plot_frame_make(width, height, &(cf_plot_words){title, line, note}, out);
}

/* Cells of the coverage grid: about square, eight along the longer side. */
#define CELLS 8
typedef struct {
    int columns, rows;
    int count[CELLS * CELLS];
} cells;

static void count_cells(const cf_plot_camera *c, cells *out) {
    int width, height;
    *out = (cells){CELLS, CELLS, {0}};
    cf_camera_model_size(c->model, &width, &height);
    if (width >= height)
        out->rows = (int)fmax(rint((double)CELLS * height / width), 1);
    else
        out->columns = (int)fmax(rint((double)CELLS * width / height), 1);
    for (int i = 0; i < c->count; i++) {
        const cf_plot_point *p = &c->points[i];
        double column = (p->x + 0.5) / width * out->columns;
        double row = (p->y + 0.5) / height * out->rows;
        if (!p->rejected && column >= 0 && column < out->columns && row >= 0 && row < out->rows)
            out->count[(int)row * out->columns + (int)column]++;
    }
}

static void draw_cells(const cf_plot_frame *f, const cells *g) {
    const cf_ink line = {96, 96, 96, 1}, stripe = {150, 40, 40, 0.7F};
    double w = (double)f->width / g->columns, h = (double)f->height / g->rows;
    for (int r = 0; r < g->rows; r++)
        for (int c = 0; c < g->columns; c++)
            if (!g->count[r * g->columns + c])
                cf_canvas_hatch(&f->sheet, f->left + c * w, f->top + r * h, w, h, 12, stripe);
    for (int c = 1; c < g->columns; c++)
        cf_canvas_fill(&f->sheet, rint(f->left + c * w), f->top, 1, f->height, line);
    for (int r = 1; r < g->rows; r++)
        cf_canvas_fill(&f->sheet, f->left, rint(f->top + r * h), f->width, 1, line);
}

static void label_cells(const cf_plot_frame *f, const cells *g) {
    double w = (double)f->width / g->columns, h = (double)f->height / g->rows;
    for (int i = 0; i < g->rows * g->columns; i++) {
        char text[16];
        double left = f->left + (i % g->columns) * w + 4, top = f->top + (i / g->columns) * h + 4;
        snprintf(text, sizeof text, "%d", g->count[i]);
        cf_canvas_fill(&f->sheet, left - 2, top - 2, cf_canvas_text_width(text, CF_PLOT_SMALL) + 2,
                       18, (cf_ink){16, 16, 16, 0.75F});
        cf_canvas_text(&f->sheet, text, left, top, CF_PLOT_SMALL, CF_TEXT_LEFT, cf_plot_white);
    }
}

cf_status cf_plot_coverage(const cf_plot_camera *camera, cf_image *out) {
    cf_plot_frame f;
    cells g;
    *out = (cf_image){0};
    CF_TRY(
        make(camera, "coverage", "Good: points in every cell, corners too, and mostly blue.", &f));
    count_cells(camera, &g);
    draw_cells(&f, &g);
    for (int i = 0; i < camera->count; i++) {
        const cf_plot_point *p = &camera->points[i];
        double x = cf_plot_x(&f, p->x), y = cf_plot_y(&f, p->y);
        if (p->rejected)
            cf_plot_cross(&f.sheet, x, y, 5, rejected_ink);
        else
            cf_canvas_circle(&f.sheet, x, y, 3.5, 0,
                             cf_canvas_ramp(hypot(p->dx, p->dy) / CF_PLOT_FULL_PX));
    }
    label_cells(&f, &g);
    cf_plot_legend_bar(&f, "residual");
    cf_plot_cross(&f.sheet, f.legend + 8, f.legend_top + 7, 5, rejected_ink);
    cf_plot_legend_text(&f, "   left out", cf_plot_white);
    f.legend_top += 10;
    cf_canvas_hatch(&f.sheet, f.legend, f.legend_top, 30, 18, 12, (cf_ink){150, 40, 40, 0.9F});
    cf_plot_legend_text(&f, "   nothing here:", cf_plot_white);
    cf_plot_legend_text(&f, "   shoot more", cf_plot_white);
    f.legend_top += 10;
    cf_plot_legend_text(&f, "12 points in", cf_plot_white);
    cf_plot_legend_text(&f, "   this cell", cf_plot_white);
    *out = f.sheet;
    return CF_OK;
}

static int by_size(const void *a, const void *b) {
    double u = *(const double *)a, v = *(const double *)b;
    return (u > v) - (u < v);
}

/* How much to enlarge: nine of ten arrows then are at most 26 pixels of the sheet long. */
static cf_status choose_enlargement(const cf_plot_camera *c, double *out) {
    double *length = cf_alloc((size_t)c->count + 1, sizeof *length);
    int used = 0;
    if (!length)
        return CF_ERR_MEMORY;
    for (int i = 0; i < c->count; i++)
        if (!c->points[i].rejected)
            length[used++] = hypot(c->points[i].dx, c->points[i].dy);
    qsort(length, (size_t)used, sizeof *length, by_size);
    double typical = used ? length[(used - 1) * 9 / 10] : 1;
    *out = cf_plot_round_down(fmin(26 / fmax(typical, 1e-4), 1e4));
    cf_free(length);
    return CF_OK;
}

static void draw_scale(cf_plot_frame *f, double enlargement) {
    char text[64];
    double px = cf_plot_round_down(120 / enlargement), length = px * enlargement;
    snprintf(text, sizeof text, "arrows: x %g", enlargement);
    cf_plot_legend_text(f, text, cf_plot_white);
    f->legend_top += 12;
    cf_canvas_arrow(&f->sheet, f->legend, f->legend_top, f->legend + length, f->legend_top, 2,
                    cf_plot_white);
    f->legend_top += 10;
    snprintf(text, sizeof text, "= %g px", px);
    cf_plot_legend_text(f, text, cf_plot_white);
    f->legend_top += 14;
    cf_plot_legend_text(f, "from where the", cf_plot_grey);
    cf_plot_legend_text(f, "model puts it", cf_plot_grey);
    cf_plot_legend_text(f, "to where it", cf_plot_grey);
    cf_plot_legend_text(f, "was found", cf_plot_grey);
    f->legend_top += 14;
}

cf_status cf_plot_residuals(const cf_plot_camera *camera, cf_image *out) {
    cf_plot_frame f;
    double enlargement;
    *out = (cf_image){0};
    CF_TRY(choose_enlargement(camera, &enlargement));
    CF_TRY(make(camera, "residuals",
                "Good: short arrows in all directions. Whole regions pointing one way: the lens "
                "model does not fit.",
                &f));
    for (int i = 0; i < camera->count; i++) {
        const cf_plot_point *p = &camera->points[i];
        double x = cf_plot_x(&f, p->x - p->dx), y = cf_plot_y(&f, p->y - p->dy);
        if (p->rejected)
            cf_plot_cross(&f.sheet, cf_plot_x(&f, p->x), cf_plot_y(&f, p->y), 5, rejected_ink);
        else
            cf_canvas_arrow(&f.sheet, x, y, x + p->dx * enlargement, y + p->dy * enlargement, 1.4,
                            cf_canvas_ramp(hypot(p->dx, p->dy) / CF_PLOT_FULL_PX));
    }
    cf_plot_legend_bar(&f, "residual");
    draw_scale(&f, enlargement);
    cf_plot_cross(&f.sheet, f.legend + 8, f.legend_top + 7, 5, rejected_ink);
    cf_plot_legend_text(&f, "   left out", cf_plot_white);
    *out = f.sheet;
    return CF_OK;
}

static double grid_at(const cf_plot_grid *g, double u, double v) {
    double x = u * (g->columns - 1), y = v * (g->rows - 1);
    int c = (int)fmin(x, g->columns - 2), r = (int)fmin(y, g->rows - 2);
    const float *p = g->px + (size_t)r * (size_t)g->columns + c;
    double a = x - c, b = y - r;
    return (1 - b) * ((1 - a) * (double)p[0] + a * (double)p[1]) +
           b * ((1 - a) * (double)p[g->columns] + a * (double)p[g->columns + 1]);
}

/* Numbers on the map, so that it can be read without the colours. */
static void label_grid(const cf_plot_frame *f, const cf_plot_grid *g) {
    for (int r = 0; r < 5; r++) {
        for (int c = 0; c < 7; c++) {
            char text[16];
            double u = (c + 0.5) / 7, v = (r + 0.5) / 5, value = grid_at(g, u, v);
            if (!isfinite(value))
                continue;
            snprintf(text, sizeof text, value < 10 ? "%.2f" : "%.0f", value);
            cf_canvas_text(&f->sheet, text, f->left + u * f->width, f->top + v * f->height - 7,
                           CF_PLOT_SMALL, CF_TEXT_CENTER, (cf_ink){0, 0, 0, 1});
        }
    }
}

cf_status cf_plot_uncertainty(const cf_plot_camera *camera, const cf_plot_grid *motion,
                              const cf_plot_about *about, cf_image *out) {
    const cf_plot_about jackknife = {
        "how sure the lens is known",
        "How far a pixel's direction moves when pictures are left out. Good: blue everywhere."};
    cf_plot_frame f;
    *out = (cf_image){0};
    if (motion->columns < 2 || motion->rows < 2 || motion->columns > 256 || motion->rows > 256)
        return cf_fail(CF_ERR_INVALID, "uncertainty map: a grid of %dx%d cannot be drawn",
                       motion->columns, motion->rows);
    about = about ? about : &jackknife;
    CF_TRY(make(camera, about->title, about->note, &f));
    for (int y = 0; y < f.height; y++)
        for (int x = 0; x < f.width; x++)
            cf_canvas_fill(
                &f.sheet, f.left + x, f.top + y, 1, 1,
                cf_canvas_ramp(grid_at(motion, (x + 0.5) / f.width, (y + 0.5) / f.height) /
                               CF_PLOT_FULL_PX));
    label_grid(&f, motion);
    cf_plot_legend_bar(&f, "uncertainty");
    cf_canvas_fill(&f.sheet, f.legend, f.legend_top, 26, 16, cf_canvas_ramp(NAN));
    cf_plot_legend_text(&f, "   not known", cf_plot_white);
    *out = f.sheet;
    return CF_OK;
}
