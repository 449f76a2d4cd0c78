/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a board calibration into a rig's folder: models, record, plots, keys. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/calibrate_pictures.h"
#include "tools/geometry_report.h"
#include "tools/gray_input.h"

#define SHOWN 3 /* pairs that are drawn rectified: best, median, worst held-out */

/* Corners of one camera for the plots. */
static cf_plot_point *plot_points(const cf_geometry_facts *f, int camera, int *count) {
    const cf_board_set *set = &f->pictures->set;
    size_t corners = (size_t)set->board.columns * (size_t)set->board.rows;
    cf_plot_point *points = cf_alloc((size_t)set->count * corners, sizeof *points);
    *count = 0;
    for (int i = 0; points && i < set->count; i++) {
        const cf_board_view *v = &set->views[i];
        const double *r = f->solution->residual[camera] + (size_t)i * corners * 2;
        for (size_t k = 0; v->xy[camera] && k < corners; k++)
            if (isfinite(r[2 * k]) && isfinite(r[2 * k + 1]))
                points[(*count)++] = (cf_plot_point){
                    .x = v->xy[camera][2 * k],
                    .y = v->xy[camera][2 * k + 1],
                    .dx = r[2 * k],
                    .dy = r[2 * k + 1],
                    .rejected = !v->ok[camera][k] || v->left_out[camera],
                };
    }
    return points;
}

/* A pair of pictures to be shown, with what it takes to draw it. */
typedef struct {
    cf_image mono, color;
    char title[300];
} shown;

static cf_status open_shown(const cf_geometry_facts *f, int view, shown *s) {
    cf_image *out[2] = {&s->mono, &s->color};
    for (int c = 0; c < 2; c++) {
        cf_image gray;
        CF_TRY(cf_gray_input_read(f->pictures->pictures[c][view].path, &gray));
        cf_status status = cf_gray_input_rgb(&gray, out[c]);
        cf_image_free(&gray);
        CF_TRY(status);
    }
    snprintf(s->title, sizeof s->title, "%.120s + %.120s",
             cf_input_name(f->pictures->pictures[0][view].path),
             cf_input_name(f->pictures->pictures[1][view].path));
    return CF_OK;
}

/* Views that both cameras see, by how they do when held out: best, median, worst. */
static int choose_shown(const cf_geometry_facts *f, int views[SHOWN]) {
    int order[CF_BOARD_MAX_VIEWS], n = 0;
    if (f->pictures->name_count) /* a table of corners: there are no pictures */
        return 0;
    for (int i = 0; i < f->pictures->count; i++) {
        if (!isfinite(f->quality->view_px[i]))
            continue;
        int at = n++;
        for (; at > 0 && f->quality->view_px[order[at - 1]] > f->quality->view_px[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    if (n < SHOWN)
        return 0;
    views[0] = order[0];
    views[1] = order[n / 2];
    views[2] = order[n - 1];
    return SHOWN;
}

static cf_status write_plots(const cf_geometry_facts *f, cf_rig_folder *folder) {
    static const char *const captions[SHOWN] = {"best of the held-out pairs",
                                                "median of the held-out pairs",
                                                "worst of the held-out pairs"};
    const cf_board_set *set = &f->pictures->set;
    cf_plot_point *points[2];
    int counts[2], views[SHOWN], pairs = choose_shown(f, views);
    shown open[SHOWN] = {0};
    cf_plot_pair list[SHOWN];
    cf_status status = CF_OK;
    for (int c = 0; c < 2; c++) {
        points[c] = plot_points(f, c, &counts[c]);
        status = points[c] ? status : CF_ERR_MEMORY;
    }
    for (int i = 0; i < pairs && status == CF_OK; i++) {
        const cf_board_view *v = &set->views[views[i]];
        status = open_shown(f, views[i], &open[i]);
        list[i] = (cf_plot_pair){.title = open[i].title,
                                 .caption = captions[i],
                                 .mono = &open[i].mono,
                                 .color = &open[i].color,
                                 .mono_model = f->solution->mono,
                                 .color_model = f->solution->color,
                                 .mono_xy = v->xy[0],
                                 .color_xy = v->xy[1],
                                 .count = set->board.columns * set->board.rows};
    }
    const cf_plot_grid motion[2] = {{CF_BOARD_MAP, CF_BOARD_MAP_ROWS, f->quality->motion[0]},
                                    {CF_BOARD_MAP, CF_BOARD_MAP_ROWS, f->quality->motion[1]}};
    const cf_plot_set all = {.mono = {"mono camera", "board corners", f->solution->mono, points[0],
                                      counts[0], cf_board_seen(set, 0)},
                             .color = {"colour camera", "board corners", f->solution->color,
                                       points[1], counts[1], cf_board_seen(set, 1)},
                             .mono_motion = &motion[0],
                             .color_motion = &motion[1],
                             .pairs = list,
                             .pair_count = pairs};
    if (status == CF_OK)
        status = cf_plot_write(&all, folder);
    for (int i = 0; i < SHOWN; i++) {
        cf_image_free(&open[i].mono);
        cf_image_free(&open[i].color);
    }
    cf_free(points[0]);
    cf_free(points[1]);
    return status;
}

static cf_status write_model(cf_rig_folder *folder, const char *name,
                             const cf_camera_model *model) {
    FILE *to;
    CF_TRY(cf_rig_folder_create(folder, name, &to));
    cf_camera_model_print(model, "made by chromafuse calibrate geometry; see geometry.json", to);
    return CF_OK;
}

cf_status cf_geometry_write(const cf_geometry_facts *f, cf_rig_folder *folder) {
    FILE *to;
    CF_TRY(write_model(folder, "mono.cameramodel", f->solution->mono));
    CF_TRY(write_model(folder, "color.cameramodel", f->solution->color));
    CF_TRY(cf_rig_folder_create(folder, "geometry.json", &to));
    cf_geometry_json(f, to);
    CF_TRY(write_plots(f, folder));
    CF_TRY(cf_rig_edit_set(cf_rig_folder_edit(folder), "mono", "model", "mono.cameramodel"));
    return cf_rig_edit_set(cf_rig_folder_edit(folder), "color", "model", "color.cameramodel");
}
