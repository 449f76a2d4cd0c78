/* SPDX-License-Identifier: Apache-2.0 */
/* From matches of ordinary pictures to points, pairs and maps. */
#include "tools/scene_plots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tools/calibrate_pictures.h"

#define SHOWN 3
#define MIN_INLIERS 10 /* a pair with fewer shows nothing */

/* A pair that is shown, and what that takes. */
typedef struct {
    char title[160], caption[64];
    cf_image picture[2];
    double *xy[2];
} shown;

typedef struct {
    const cf_scene_result *result;
    const cf_scene_pair *pairs;
    const cf_input_list *names[2];
    cf_plot_point *points[2];
    float error[CF_SCENE_GRID * CF_SCENE_GRID];
    cf_plot_grid map;
    shown shown[SHOWN];
    cf_plot_pair plotted[SHOWN];
    cf_plot_set set;
} plots;

/* Only heights are known to be right or wrong: a point's residual is vertical. */
static cf_status gather_points(plots *p, int camera, cf_plot_camera *out) {
    const cf_scene_result *r = p->result;
    cf_plot_point *points = cf_alloc((size_t)r->point_count + 1, sizeof *points);
    p->points[camera] = points;
    if (!points)
        return CF_ERR_MEMORY;
    for (int i = 0; i < r->point_count; i++) {
        const cf_scene_point *from = &r->points[i];
        const double *at = camera ? from->color : from->mono;
        points[i] = (cf_plot_point){at[0], at[1], 0, camera ? from->offset_px : -from->offset_px,
                                    !from->inlier};
    }
    *out = (cf_plot_camera){.camera = camera ? "colour camera" : "mono camera",
                            .what = "matches",
                            .model = camera ? r->color : r->mono,
                            .points = points,
                            .count = r->point_count,
                            .pictures = (int)p->names[camera]->count};
    return CF_OK;
}

static int by_value(const void *a, const void *b) {
    float u = *(const float *)a, v = *(const float *)b;
    return (u > v) - (u < v);
}

/* Nearly the brightest of the known values: it becomes white. */
static cf_status find_white(const cf_gray *g, float *white) {
    size_t count = (size_t)g->width * (size_t)g->height, known = 0;
    float *v = cf_alloc(count, sizeof *v);
    if (!v)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < count; i += 7)
        if (isfinite(g->v[i]))
            v[known++] = g->v[i];
    qsort(v, known, sizeof *v, by_value);
    *white = known ? v[(known - 1) * 995 / 1000] : 1;
    *white = *white > 0 ? *white : 1;
    cf_free(v);
    return CF_OK;
}

/* The picture that was worked on, at its whole size, as grey. */
static cf_status enlarge(const cf_scene_picture *in, cf_image *out) {
    float white;
    CF_TRY(find_white(&in->gray, &white));
    CF_TRY(cf_image_alloc(in->width, in->height, 1, CF_PIXEL_RGB8, out));
    for (int y = 0; y < out->height; y++) {
        unsigned char *to = cf_image_row(out, 0, y);
        int row = y / in->bin < in->gray.height ? y / in->bin : in->gray.height - 1;
        for (int x = 0; x < out->width; x++) {
            int column = x / in->bin < in->gray.width ? x / in->bin : in->gray.width - 1;
            float v = in->gray.v[(size_t)row * (size_t)in->gray.width + (size_t)column] / white;
            int code = v > 0 ? (int)(255 * fminf(v, 1)) : 0; /* not-a-number is black */
            to[3 * x] = to[3 * x + 1] = to[3 * x + 2] = (unsigned char)code;
        }
    }
    return CF_OK;
}

static cf_status gather_matches(const cf_scene_result *r, int pair, shown *s, int *count) {
    *count = 0;
    for (int c = 0; c < 2; c++) {
        s->xy[c] = cf_alloc((size_t)r->point_count + 1, 2 * sizeof *s->xy[c]);
        if (!s->xy[c])
            return CF_ERR_MEMORY;
    }
    for (int i = 0; i < r->point_count; i++) {
        const cf_scene_point *from = &r->points[i];
        if (from->pair != pair || !from->inlier)
            continue;
        for (int k = 0; k < 2; k++) {
            s->xy[0][2 * *count + k] = from->mono[k];
            s->xy[1][2 * *count + k] = from->color[k];
        }
        ++*count;
    }
    return CF_OK;
}

static cf_status add_pair(plots *p, int index, const char *rank, int of) {
    shown *s = &p->shown[p->set.pair_count];
    int count;
    snprintf(s->title, sizeof s->title, "%.70s + %.70s", cf_input_name(p->names[0]->paths[index]),
             cf_input_name(p->names[1]->paths[index]));
    snprintf(s->caption, sizeof s->caption, of > 1 ? "the %s of %d pairs" : "the only pair", rank,
             of);
    CF_TRY(gather_matches(p->result, index, s, &count));
    CF_TRY(enlarge(&p->pairs[index].mono, &s->picture[0]));
    CF_TRY(enlarge(&p->pairs[index].color, &s->picture[1]));
    p->plotted[p->set.pair_count++] = (cf_plot_pair){.title = s->title,
                                                     .caption = s->caption,
                                                     .mono = &s->picture[0],
                                                     .color = &s->picture[1],
                                                     .mono_model = p->result->mono,
                                                     .color_model = p->result->color,
                                                     .mono_xy = s->xy[0],
                                                     .color_xy = s->xy[1],
                                                     .count = count,
                                                     .matches = 1};
    return CF_OK;
}

typedef struct {
    int pair;
    double px;
} ranked;

static int by_error(const void *a, const void *b) {
    double u = ((const ranked *)a)->px, v = ((const ranked *)b)->px;
    return (u > v) - (u < v);
}

static cf_status choose_pairs(plots *p) {
    static const char *const ranks[SHOWN] = {"best", "median", "worst"};
    ranked order[CF_SCENE_MAX_PAIRS] = {{0}};
    int count = 0, last = -1;
    for (size_t i = 0; i < p->names[0]->count && i < CF_SCENE_MAX_PAIRS; i++)
        if (p->result->pictures[i].inliers >= MIN_INLIERS)
            order[count++] = (ranked){(int)i, p->result->pictures[i].rms_px};
    qsort(order, (size_t)count, sizeof *order, by_error);
    for (int i = 0; i < SHOWN && count; i++) {
        int at = i * (count - 1) / (SHOWN - 1);
        if (at != last)
            CF_TRY(add_pair(p, order[at].pair, ranks[i], count));
        last = at;
    }
    p->set.pairs = p->plotted;
    return CF_OK;
}

static cf_status fill(plots *p, cf_rig_folder *folder) {
    static const cf_plot_about about = {
        "how sure the rows are",
        "How far off rows may be, one standard error. Good: blue everywhere."};
    CF_TRY(gather_points(p, 0, &p->set.mono));
    CF_TRY(gather_points(p, 1, &p->set.color));
    for (int i = 0; i < CF_SCENE_GRID * CF_SCENE_GRID; i++)
        p->error[i] = (float)p->result->error_grid[i];
    p->map = (cf_plot_grid){CF_SCENE_GRID, CF_SCENE_GRID, p->error};
    p->set.mono_motion = &p->map;
    p->set.motion_about = &about;
    CF_TRY(choose_pairs(p));
    return cf_plot_write(&p->set, folder);
}

cf_status cf_scene_plots(const cf_scene_result *result, const cf_scene_pair *pairs,
                         const cf_input_list *mono, const cf_input_list *color,
                         cf_rig_folder *folder) {
    plots p = {.result = result, .pairs = pairs, .names = {mono, color}};
    cf_status status = fill(&p, folder);
    for (int c = 0; c < 2; c++)
        cf_free(p.points[c]);
    for (int i = 0; i < SHOWN; i++) {
        for (int c = 0; c < 2; c++) {
            cf_image_free(&p.shown[i].picture[c]);
            cf_free(p.shown[i].xy[c]);
        }
    }
    return status;
}
