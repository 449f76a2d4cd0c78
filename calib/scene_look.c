/* SPDX-License-Identifier: Apache-2.0 */
/* Rectify, match, fit. */
#include "calib/scene_look.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define FEW 200          /* inliers of a pair below which a coarser look is tried: noise */
#define FEWER 1.3        /* and how many times more it must find */
#define ENOUGH 10240     /* points of all pairs, for one effort */
#define CELLS 320        /* of cf_gray_corners */
#define MAX_TURN_DEG 0.6 /* degrees that vertical search covers */
#define GRID 5

static const cf_scene_effort usual = {1, 0, 6, 7, 640, 0}, noisy = {2, 1, 6, 10, 640, 0};

/* Rectified pictures are kept from one effort to the next where there is but one pair. */
typedef struct {
    const cf_scene_task *task;
    cf_scene_pyramid pyramid;
    int built; /* which pair's it is; -1: none */
} workshop;

static cf_status show_pair(workshop *w, const cf_rectification *r, int pair) {
    if (w->built == pair)
        return CF_OK;
    cf_scene_pyramid_free(&w->pyramid);
    w->built = -1;
    int width = w->task->pairs[pair].mono.width;
    CF_TRY(cf_scene_pyramid_build(&w->task->pairs[pair], r, cf_scene_step(width, w->task->columns),
                                  &w->pyramid));
    w->built = pair;
    return CF_OK;
}

static void pinhole_rays(const double k[4], const double pixel[2], double out[2]) {
    out[0] = (pixel[0] - k[2]) / k[0];
    out[1] = (pixel[1] - k[3]) / k[1];
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Expected errors against the usual one. */
static cf_status weigh(cf_scene_matches *m) {
    double *sigma = cf_alloc((size_t)m->count + 1, sizeof *sigma);
    if (!sigma)
        return CF_ERR_MEMORY;
    for (int i = 0; i < m->count; i++)
        sigma[i] = (double)m->at[i].sigma;
    qsort(sigma, (size_t)m->count, sizeof *sigma, compare);
    for (int i = 0; i < m->count; i++)
        m->rays[i].sigma = (double)m->at[i].sigma / sigma[m->count / 2];
    cf_free(sigma);
    return CF_OK;
}

/* Points of the grid as the fit wants them. */
static void trace(const cf_scene_task *task, const cf_rectification *r, cf_scene_matches *m) {
    const double grid[4] = {r->focal, r->focal_y, r->center[0], r->center[1]};
    for (int i = 0; i < m->count; i++) {
        const cf_gray_match *at = &m->at[i];
        const double left[2] = {(double)at->x, (double)at->y};
        const double right[2] = {left[0] - (double)at->d, left[1] + (double)at->v};
        cf_scene_rays *rays = &m->rays[i];
        double q[2] = {NAN, NAN};
        if (!task->start) {
            pinhole_rays(grid, left, rays->mono);
            pinhole_rays(grid, right, rays->color);
            continue;
        }
        (void)cf_map_at(&r->mono, left[0], left[1], q);
        pinhole_rays(task->mono_pinhole, q, rays->mono);
        q[0] = q[1] = NAN;
        (void)cf_map_at(&r->color, right[0], right[1], q);
        pinhole_rays(task->color_pinhole, q, rays->color);
    }
}

/* Wrong matches along the epipolar lines count as inliers: so the percentiles. */
static cf_status disparities(const cf_scene_task *task, cf_scene_look *look) {
    const cf_scene_matches *m = &look->matches;
    cf_scene_geometry now;
    int n = 0;
    double *d = cf_alloc((size_t)m->count + 1, sizeof *d);
    if (!d)
        return CF_ERR_MEMORY;
    cf_scene_geometry_change(&look->start, look->fit.value, &now);
    for (int i = 0; i < m->count; i++)
        if (m->inlier[i])
            d[n++] = task->start ? cf_scene_disparity(&now, &m->rays[i]) : (double)m->at[i].d;
    qsort(d, (size_t)n, sizeof *d, compare);
    look->disparity[0] = n ? d[n / 12] : 0;
    look->disparity[1] = n ? d[n / 2] : 0;
    look->disparity[2] = n ? d[n - 1 - n / 12] : 0;
    cf_free(d);
    return CF_OK;
}

/* All of the mono picture (the grid, where only turns are fitted), at several disparities. */
static void place_probes(const cf_scene_task *task, cf_scene_look *look) {
    const cf_rectification *r = &look->rectification;
    const double grid[4] = {r->focal, r->focal_y, r->center[0], r->center[1]};
    const cf_scene_picture *mono = &task->pairs[0].mono;
    double width = task->start ? mono->width : r->width;
    double height = task->start ? mono->height : r->height;
    for (int k = 0; k < CF_SCENE_PROBES; k++) {
        int c = k % GRID, row = k / GRID % GRID, depth = k / (GRID * GRID);
        const double at[2] = {(c + 0.5) / GRID * width, (row + 0.5) / GRID * height};
        cf_scene_probe *probe = &look->probes[k];
        pinhole_rays(task->start ? task->mono_pinhole : grid, at, probe->mono);
        probe->shift_px =
            task->start ? depth / 2.0 * fmin((double)r->disparity_max, width / 8.0) : 0;
    }
}

/* Points of each pair where there are many: one a cell of the picture at least. */
static int fewer(int pairs) {
    return ENOUGH / pairs > CELLS ? ENOUGH / pairs : CELLS;
}

static cf_status try_efforts(workshop *w, const cf_scene_effort *e, int count,
                             const cf_scene_reach *reach, cf_scene_look *out) {
    const cf_scene_task *task = w->task;
    cf_scene_matches *m = &out->matches;
    CF_TRY(cf_scene_matches_alloc(count * task->count, m));
    for (int i = 0; i < task->count; i++) {
        CF_TRY(show_pair(w, &out->rectification, i));
        for (int k = 0; k < count; k++) {
            cf_scene_effort some = e[k];
            some.points = some.points * task->count > ENOUGH ? fewer(task->count) : some.points;
            cf_scene_match_pair(&w->pyramid, i, some, *reach, m);
            out->step = fmax(out->step, w->pyramid.step * (1 << e[k].last));
        }
    }
    trace(task, &out->rectification, m);
    CF_TRY(weigh(m));
    out->candidates = m->count;
    cf_scene_fit_options options = task->fit;
    options.tolerance = 1.5 * (count > 1 ? w->pyramid.step * 1.3 : out->step);
    options.repeats = count;
    options.probes = out->probes;
    options.probe_count = task->start ? CF_SCENE_PROBES : GRID * GRID;
    CF_TRY(cf_scene_fit_run(&out->start, m->rays, m->count, &options, m->inlier, &out->fit));
    return disparities(task, out);
}

/* In noise, takes the coarser look where that agrees on more. */
static cf_status compare_views(workshop *w, cf_scene_look *out) {
    const cf_rectification *r = &out->rectification;
    const cf_scene_reach small = {(double)r->disparity_min - 8, (double)r->disparity_max + 8,
                                  MAX_TURN_DEG * 3.14159265 / 180 * r->focal};
    const cf_scene_reach *reach = w->task->reach ? w->task->reach : &small;
    if (w->task->efforts)
        return try_efforts(w, w->task->efforts, w->task->effort_count, reach, out);
    CF_TRY(try_efforts(w, &usual, 1, reach, out));
    if (out->fit.inliers >= FEW * w->task->count)
        return CF_OK;
    cf_scene_look second = *out;
    memset(&second.matches, 0, sizeof second.matches);
    cf_status status = try_efforts(w, &noisy, 1, reach, &second);
    if (status != CF_OK || second.fit.inliers <= FEWER * out->fit.inliers) {
        cf_scene_matches_free(&second.matches);
        return status;
    }
    cf_scene_matches_free(&out->matches);
    *out = second;
    return CF_OK;
}

/* Keeps the numbers. */
static void forget_maps(cf_rectification *r) {
    cf_rectification kept = *r;
    cf_rectification_clear(r);
    kept.color.xy = kept.mono.xy = kept.back.xy = NULL;
    *r = kept;
}

cf_status cf_scene_look_take(const cf_scene_task *task, cf_scene_look *out) {
    workshop w = {.task = task, .built = -1};
    memset(out, 0, sizeof *out);
    CF_TRY(cf_rectify(task->mono, task->color, task->params, &out->rectification));
    if (task->start)
        out->start = *task->start;
    else
        cf_scene_geometry_init(&out->start, out->rectification.focal_y);
    place_probes(task, out);
    cf_status status = compare_views(&w, out);
    cf_scene_pyramid_free(&w.pyramid);
    forget_maps(&out->rectification);
    if (status != CF_OK)
        cf_scene_look_free(out);
    return status;
}

void cf_scene_look_free(cf_scene_look *look) {
    cf_scene_matches_free(&look->matches);
}

static double unit(double x) {
    return fmin(fmax(x, 0), 1);
}

double cf_scene_look_confidence(const cf_scene_look *l, int pairs) {
    double share = l->candidates ? (double)l->fit.inliers / l->candidates : 0;
    return unit((l->fit.inliers - 15 * pairs) / (85.0 * sqrt(pairs))) * unit((share - 0.2) / 0.4) *
           unit(1.5 - l->fit.residual_px / l->step);
}
