/* SPDX-License-Identifier: Apache-2.0 */
/* The plots of a calibration as files, and all of them on one sheet. */
#include "tools/calibrate_pictures.h"

#include "base/log.h"
#include "capture/picture_out.h"
#include "tools/contact_sheet.h"

#define KINDS 3 /* coverage, residuals, uncertainty */
#define CELL_WIDTH 720

/* The plots so far; row 0 and 1: the cameras', then the pairs'. */
typedef struct {
    cf_rig_folder *folder;
    cf_image camera[2][KINDS], pair[CF_PLOT_PAIRS];
} album;

static cf_status write(cf_rig_folder *folder, const char *name, const cf_image *picture) {
    char path[4096];
    const cf_picture_out_params params = CF_PICTURE_OUT_DEFAULTS;
    cf_file_out *file;
    CF_TRY(cf_rig_folder_path(folder, name, path, sizeof path));
    CF_TRY(cf_picture_prepare(path, picture, &params, &file));
    return cf_rig_folder_take(folder, file);
}

static const char *const camera_names[2][KINDS] = {
    {"mono.coverage.png", "mono.residuals.png", "mono.uncertainty.png"},
    {"color.coverage.png", "color.residuals.png", "color.uncertainty.png"},
};
static const char *const pair_names[CF_PLOT_PAIRS] = {"pair-01.png", "pair-02.png", "pair-03.png",
                                                      "pair-04.png"};
static const char overview_name[] = "overview.png";

/* Writes a plot, or where there is none removes that of an earlier calibration. */
static cf_status put(cf_rig_folder *folder, const char *name, const cf_image *picture) {
    if (picture->data)
        return write(folder, name, picture);
    cf_rig_folder_outdate(folder, name);
    return CF_OK;
}

static cf_status plot_camera(album *a, int role, const cf_plot_camera *camera,
                             const cf_plot_grid *motion, const cf_plot_about *about) {
    cf_image *to = a->camera[role];
    CF_TRY(cf_plot_coverage(camera, &to[0]));
    CF_TRY(cf_plot_residuals(camera, &to[1]));
    if (motion)
        CF_TRY(cf_plot_uncertainty(camera, motion, about, &to[2]));
    for (int i = 0; i < KINDS; i++)
        CF_TRY(put(a->folder, camera_names[role][i], &to[i]));
    return CF_OK;
}

static cf_status plot_pairs(album *a, const cf_plot_set *set) {
    for (int i = 0; i < CF_PLOT_PAIRS; i++) {
        if (i < set->pair_count)
            CF_TRY(cf_plot_rectified(&set->pairs[i], &a->pair[i]));
        CF_TRY(put(a->folder, pair_names[i], &a->pair[i]));
    }
    return CF_OK;
}

static cf_status write_overview(const album *a) {
    cf_sheet_cell cells[2][KINDS] = {{{0}}}, pairs[CF_PLOT_PAIRS] = {{0}};
    cf_sheet_row rows[2 + CF_PLOT_PAIRS] = {{0}};
    cf_sheet_params params = CF_SHEET_DEFAULTS;
    cf_image sheet;
    int count = 2;
    params.cell_width = CELL_WIDTH;
    params.detail = 0;
    for (int role = 0; role < 2; role++) {
        rows[role] = (cf_sheet_row){.cells = cells[role], .count = 2};
        for (int i = 0; i < KINDS; i++) {
            cells[role][i].picture = a->camera[role][i].data ? &a->camera[role][i] : NULL;
            rows[role].count += i == 2 && cells[role][i].picture;
        }
    }
    for (int i = 0; i < CF_PLOT_PAIRS; i++) {
        pairs[i].picture = a->pair[i].data ? &a->pair[i] : NULL;
        if (!pairs[i].picture)
            continue;
        rows[2 + i / 2].cells = &pairs[i / 2 * 2];
        rows[2 + i / 2].count = i % 2 + 1;
        count = 3 + i / 2;
    }
    CF_TRY(cf_contact_sheet(rows, count, &params, &sheet));
    cf_status status = write(a->folder, overview_name, &sheet);
    cf_image_free(&sheet);
    return status;
}

static cf_status fill(album *a, const cf_plot_set *set) {
    CF_TRY(plot_camera(a, 0, &set->mono, set->mono_motion, set->motion_about));
    CF_TRY(plot_camera(a, 1, &set->color, set->color_motion, set->motion_about));
    CF_TRY(plot_pairs(a, set));
    return write_overview(a);
}

cf_status cf_plot_write(const cf_plot_set *set, cf_rig_folder *folder) {
    album a = {.folder = folder};
    if (set->pair_count < 0 || set->pair_count > CF_PLOT_PAIRS)
        return cf_fail(CF_ERR_INVALID, "plots: %d pairs, at most %d", set->pair_count,
                       CF_PLOT_PAIRS);
    cf_status status = fill(&a, set);
    for (int i = 0; i < 2 * KINDS; i++)
        cf_image_free(&a.camera[i / KINDS][i % KINDS]);
    for (int i = 0; i < CF_PLOT_PAIRS; i++)
        cf_image_free(&a.pair[i]);
    return status;
}

void cf_plot_outdate(cf_rig_folder *folder) {
    for (int i = 0; i < 2 * KINDS; i++)
        cf_rig_folder_outdate(folder, camera_names[i / KINDS][i % KINDS]);
    for (int i = 0; i < CF_PLOT_PAIRS; i++)
        cf_rig_folder_outdate(folder, pair_names[i]);
    cf_rig_folder_outdate(folder, overview_name);
}
