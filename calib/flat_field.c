/* SPDX-License-Identifier: Apache-2.0 */
/* Gain maps from cell means. */
#include "calib/flat_field.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/flat_cells.h"
#include "calib/smooth_surface.h"
#include "calib/solve.h"

#define NODES 65     /* along the longer side: bilinear between them costs less than 0.05 % */
#define DIMMEST 0.05 /* of white, for the brightest cell */
#define THINGS 0.05  /* relative, beside simple shapes of light: a picture of things */
#define LARGEST_GAIN 100.0
#define SHAPES 7

/* Logarithms of the light, cell for cell. */
typedef struct {
    cf_flat_grid grid;
    double *mean, *variance;        /* of one frame */
    double *log_sum, *log_variance; /* over all frames; variance 0: unknown */
    double u[4][64], v[4][64];      /* centres of the cells, per plane */
    cf_smooth surface[4];
} work;

static cf_status check_frame(const cf_flat_frame *first, const cf_flat_frame *f) {
    const cf_image *a = first->codes, *b = f->codes;
    if (first->profile->is_color != f->profile->is_color)
        return cf_fail(CF_ERR_INVALID,
                       "%s is of a %s camera, %s of a %s one; give one camera's flats", first->name,
                       first->profile->is_color ? "colour" : "mono", f->name,
                       f->profile->is_color ? "colour" : "mono");
    if (a->width != b->width || a->height != b->height)
        return cf_fail(CF_ERR_INVALID, "%s has %dx%d pixels, %s %dx%d; flats must be of one size",
                       first->name, a->width, a->height, f->name, b->width, b->height);
    for (int i = 0; i < 4; i++)
        if (!(f->profile->black[i] < f->profile->white))
            return cf_fail(CF_ERR_INVALID, "%s: black level %g is not below white level %g",
                           f->name, (double)f->profile->black[i], (double)f->profile->white);
    return CF_OK;
}

static void set_centers(work *w, int plane) {
    const cf_flat_grid *g = &w->grid;
    for (int i = 0; i < g->columns; i++)
        w->u[plane][i] = cf_flat_center(g, i, g->columns, g->width, plane & 1);
    for (int i = 0; i < g->rows; i++)
        w->v[plane][i] = cf_flat_center(g, i, g->rows, g->height, plane >> 1);
}

/* The simple shapes of light: constant, x, y, x^2, x y, y^2, r^4. */
static void shapes_at(const work *w, int plane, int cell, double shape[SHAPES]) {
    const cf_flat_grid *g = &w->grid;
    double x = w->u[plane][cell % g->columns] - 0.5;
    double y = (w->v[plane][cell / g->columns] - 0.5) * g->height / g->width, r2 = x * x + y * y;
    const double all[SHAPES] = {1, x, y, x * x, x * y, y * y, r2 * r2};
    memcpy(shape, all, sizeof all);
}

/*
 * Fits the simple shapes to a plane's logarithms; gradient: the linear part, from edge to edge.
 * Returns the root mean square of what they leave, noise taken out: lenses leave little, pictures
 * of things much.
 */
static double fit_shapes(const work *w, int plane, const double *logs, const double *variance,
                         double gradient[2]) {
    double a[SHAPES * SHAPES] = {0}, b[SHAPES] = {0}, q[SHAPES], squares = 0, count = 0;
    const cf_flat_grid *g = &w->grid;
    for (int i = 0; i < g->columns * g->rows; i++) {
        shapes_at(w, plane, i, q);
        for (int k = 0; k < SHAPES && variance[i] > 0; k++) {
            b[k] += q[k] * logs[i];
            for (int m = 0; m < SHAPES; m++)
                a[k * SHAPES + m] += q[k] * q[m];
        }
    }
    gradient[0] = gradient[1] = 0;
    if (!cf_cholesky(a, SHAPES))
        return 0;
    cf_cholesky_solve(a, SHAPES, b);
    gradient[0] = expm1(b[1]);
    gradient[1] = expm1(b[2] * g->height / g->width);
    for (int i = 0; i < g->columns * g->rows; i++) {
        shapes_at(w, plane, i, q);
        double e = logs[i];
        for (int k = 0; k < SHAPES; k++)
            e -= b[k] * q[k];
        if (variance[i] > 0) {
            squares += e * e - variance[i];
            count++;
        }
    }
    return sqrt(fmax(0, squares / count));
}

/* Takes one frame's cells in: their logarithms, less the frame's own exposure. */
static double add_plane(work *w, int plane, double gradient[2]) {
    int cells = w->grid.columns * w->grid.rows, known = 0;
    double *mean = w->mean + plane * cells, *variance = w->variance + plane * cells, level = 0;
    for (int i = 0; i < cells; i++)
        if (variance[i] > 0) {
            variance[i] /= mean[i] * mean[i];
            mean[i] = log(mean[i]);
            level += mean[i];
            known++;
        }
    set_centers(w, plane);
    for (int i = 0; i < cells; i++) {
        double *total = &w->log_variance[plane * cells + i];
        w->log_sum[plane * cells + i] += mean[i] - level / (known ? known : 1);
        *total = variance[i] > 0 && *total >= 0 ? *total + variance[i] : -1;
    }
    return fit_shapes(w, plane, mean, variance, gradient);
}

static double brightest(const double *mean, int cells) {
    double most = 0;
    for (int i = 0; i < cells; i++)
        most = fmax(most, mean[i]);
    return most;
}

static cf_status add_frame(work *w, const cf_flat_frame *frame, double gradient[2],
                           cf_flat_field *out) {
    int cells = w->grid.columns * w->grid.rows, planes = w->grid.planes;
    CF_TRY(cf_flat_cells(frame, &w->grid, w->mean, w->variance));
    gradient[0] = gradient[1] = 0;
    double dimmest = 1, things = 0;
    for (int p = 0; p < planes; p++) {
        double level = brightest(w->mean + p * cells, cells), slope[2];
        out->plane[p].level = out->plane[p].level > 0 ? fmin(out->plane[p].level, level) : level;
        dimmest = fmin(dimmest, level);
        things = fmax(things, add_plane(w, p, slope));
        for (int k = 0; k < 2; k++)
            gradient[k] += slope[k] / planes;
    }
    if (dimmest < DIMMEST)
        return cf_fail(CF_ERR_INVALID,
                       "%s: too dark, its brightest place reaches %.1f %% of the range%s; expose "
                       "longer, to about half",
                       frame->name, 100 * fmax(0, dimmest), planes == 4 ? " in one colour" : "");
    if (things > THINGS)
        return cf_fail(
            CF_ERR_INVALID,
            "%s: no evenly lit surface, places differ from their surroundings by %.0f %%; "
            "fill the picture with a white wall or a diffuser, out of focus",
            frame->name, 100 * things);
    out->lumps = fmax(out->lumps, things);
    return CF_OK;
}

static cf_status fit_surfaces(work *w, int frames, cf_flat_field *out) {
    const cf_flat_grid *g = &w->grid;
    int cells = g->columns * g->rows;
    cf_smooth_data data[4];
    for (int i = 0; i < cells * g->planes; i++) {
        double *variance = &w->log_variance[i];
        w->log_sum[i] /= frames;
        *variance = *variance > 0 ? *variance / frames / frames : 0;
        out->unknown += !(*variance > 0);
    }
    for (int p = 0; p < g->planes; p++) {
        data[p] = (cf_smooth_data){g->columns,
                                   g->rows,
                                   w->u[p],
                                   w->v[p],
                                   w->log_sum + p * cells,
                                   w->log_variance + p * cells};
    }
    CF_TRY(cf_smooth_fit(data, g->planes, (double)g->width / g->height, w->surface));
    for (int p = 0; p < g->planes; p++) {
        const cf_smooth *s = &w->surface[p];
        out->plane[p].residual = s->held_out_rms;
        out->plane[p].noise = s->noise_rms;
        out->plane[p].texture =
            sqrt(fmax(0, s->held_out_rms * s->held_out_rms - s->noise_rms * s->noise_rms));
    }
    return CF_OK;
}

static int nodes_along(int side, int longest) {
    int n = (int)lrint((NODES - 1.0) * side / longest) + 1;
    return n < 2 ? 2 : n;
}

/* Where a node lies, 0..1 of the picture: the outermost ones on the centres of the corner pixels.
 */
static double node_at(int i, int nodes, int pixels) {
    return (i * (pixels - 1.0) / (nodes - 1) + 0.5) / pixels;
}

/* Logarithms of the light at every node of every plane; returns where they sum to the most. */
static int light_at_nodes(const work *w, const cf_shading *s, double *logs) {
    int nodes = s->width * s->height, top = 0;
    double best = -INFINITY;
    for (int i = 0; i < nodes; i++) {
        double u = node_at(i % s->width, s->width, w->grid.width), sum = 0;
        double v = node_at(i / s->width, s->height, w->grid.height);
        for (int p = 0; p < s->planes; p++)
            sum += logs[p * nodes + i] = cf_smooth_at(&w->surface[p], u, v);
        if (sum > best) {
            best = sum;
            top = i;
        }
    }
    return top;
}

/* Gains so that all planes agree where the light is brightest (at node *top), and none is below 1.
 */
static cf_status make_gains(const work *w, cf_shading *s, int *top) {
    const cf_flat_grid *g = &w->grid;
    int longest = g->width > g->height ? g->width : g->height;
    s->width = nodes_along(g->width, longest);
    s->height = nodes_along(g->height, longest);
    s->planes = g->planes;
    int nodes = s->width * s->height, all = nodes * g->planes;
    double *logs = cf_alloc((size_t)all, sizeof *logs), level[4] = {0}, least = INFINITY;
    s->gains = cf_alloc((size_t)all, sizeof *s->gains);
    if (!s->gains || !logs) {
        cf_free(logs);
        return CF_ERR_MEMORY;
    }
    *top = light_at_nodes(w, s, logs);
    for (int p = 0; p < g->planes; p++)
        level[p] = logs[p * nodes + *top];
    for (int i = 0; i < all; i++) {
        logs[i] = level[i / nodes] - logs[i];
        least = fmin(least, logs[i]);
    }
    for (int i = 0; i < all; i++)
        s->gains[i] = (float)fmin(exp(logs[i] - least), LARGEST_GAIN);
    cf_free(logs);
    return CF_OK;
}

/* Mean light of size x size cells from (column, row) on, as measured and evened out by the map. */
static void mean_light(const work *w, const cf_camera_profile *mapped, int p, int column, int row,
                       int size, double light[2]) {
    const cf_flat_grid *g = &w->grid;
    double count = 0;
    light[0] = light[1] = 0;
    for (int i = 0; i < size * size; i++) {
        int c = column + i % size, r = row + i / size, cell = (p * g->rows + r) * g->columns + c;
        if (c < 0 || r < 0 || c >= g->columns || r >= g->rows || !(w->log_variance[cell] > 0))
            continue;
        int x = (int)(cf_flat_center(g, c, g->columns, g->width, p & 1) * g->width);
        int y = (int)(cf_flat_center(g, r, g->rows, g->height, p >> 1) * g->height);
        if (g->planes == 4) { /* a pixel of this plane's own */
            x = (x & ~1) | (p & 1);
            y = (y & ~1) | (p >> 1);
        }
        light[0] += exp(w->log_sum[cell]);
        light[1] += exp(w->log_sum[cell]) * (double)cf_shading_at(mapped, x, y);
        count++;
    }
    light[0] /= count;
    light[1] /= count;
}

/* The four corners against the brightest place. */
static void judge_corners(const work *w, const cf_flat_frame *frame, const cf_shading *shading,
                          int top, cf_flat_field *out) {
    const cf_flat_grid *g = &w->grid;
    cf_camera_profile mapped = *frame->profile;
    int column = top % shading->width * g->columns / shading->width;
    int row = top / shading->width * g->rows / shading->height;
    mapped.width = g->width;
    mapped.height = g->height;
    mapped.shading = *shading;
    for (int p = 0; p < g->planes; p++) {
        double brightest[2], corner[2];
        mean_light(w, &mapped, p, column - 2, row - 2, 5, brightest);
        for (int k = 0; k < 4; k++) {
            mean_light(w, &mapped, p, k & 1 ? g->columns - 2 : 0, k >> 1 ? g->rows - 2 : 0, 2,
                       corner);
            out->plane[p].falloff[k] = corner[0] / brightest[0];
            out->plane[p].evened[k] = corner[1] / brightest[1];
        }
    }
}

static cf_status fit(work *w, const cf_flat_frame *frames, int count, cf_flat_field *out) {
    for (int i = 0; i < count; i++) {
        CF_TRY(check_frame(&frames[0], &frames[i]));
        CF_TRY(add_frame(w, &frames[i], out->gradient[i], out));
        for (int k = 0; k < 2; k++)
            out->mean_gradient[k] += out->gradient[i][k] / count;
    }
    CF_TRY(fit_surfaces(w, count, out));
    int top = 0;
    CF_TRY(make_gains(w, &out->shading, &top));
    judge_corners(w, &frames[0], &out->shading, top, out);
    return CF_OK;
}

cf_status cf_flat_field_fit(const cf_flat_frame *frames, int count, cf_flat_field *out) {
    *out = (cf_flat_field){0};
    if (count < 1 || count > CF_FLAT_FRAMES)
        return cf_fail(CF_ERR_INVALID, "flat field: %d frames, 1 to %d can be used", count,
                       CF_FLAT_FRAMES);
    work *w = cf_alloc(1, sizeof *w);
    if (!w)
        return CF_ERR_MEMORY;
    cf_status status = cf_flat_grid_of(&frames[0], &w->grid);
    size_t all = (size_t)w->grid.columns * (size_t)w->grid.rows * (size_t)w->grid.planes;
    double *room = status == CF_OK ? cf_alloc(4 * all, sizeof *room) : NULL;
    if (room) {
        w->mean = room;
        w->variance = room + all;
        w->log_sum = room + 2 * all;
        w->log_variance = room + 3 * all;
        out->columns = w->grid.columns;
        out->rows = w->grid.rows;
        status = fit(w, frames, count, out);
    } else if (status == CF_OK) {
        status = CF_ERR_MEMORY;
    }
    cf_free(room);
    cf_free(w);
    if (status != CF_OK)
        cf_flat_field_clear(out);
    return status;
}

void cf_flat_field_clear(cf_flat_field *field) {
    cf_free(field->shading.gains);
    *field = (cf_flat_field){0};
}
