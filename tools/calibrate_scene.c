/* SPDX-License-Identifier: Apache-2.0 */
/* Geometry from ordinary pictures: reading, measuring, writing. */
#include "tools/calibrate_scene.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/command.h"
#include "tools/scene_plots.h"

#define TOO_FEW 25     /* points of all pairs */
#define MISLEADING 3.0 /* pixels of expected vertical error, over the picture */

cf_status cf_calibrate_scene_take(cf_calibrate_scene_job *job, const char *name, const char *value,
                                  int *taken) {
    *taken = 1;
    if (!strcmp(name, "focal"))
        return cf_cli_float(name, value, 1, 1e6, &job->focal_px);
    if (!strcmp(name, "color-focal"))
        return cf_cli_float(name, value, 1, 1e6, &job->color_focal_px);
    if (!strcmp(name, "baseline"))
        return cf_cli_float(name, value, 1e-4, 100, &job->baseline_m);
    if (!strcmp(name, "rig"))
        job->rig = value;
    else if (!strcmp(name, "from-scene"))
        job->wanted = 1;
    else
        *taken = 0;
    return CF_OK;
}

/* The models to begin with, and all pairs. */
typedef struct {
    cf_scene_options options;
    cf_camera_model *mono, *color;
    cf_scene_pair *pairs;
    int count;
} inputs;

static void free_inputs(inputs *in) {
    for (int i = 0; in->pairs && i < in->count; i++)
        cf_scene_pair_free(&in->pairs[i]);
    cf_free(in->pairs);
    cf_camera_model_destroy(&in->mono);
    cf_camera_model_destroy(&in->color);
}

static cf_status read_pairs(const cf_calibrate_scene_job *job, const cf_rig *rig, inputs *in) {
    in->count = (int)job->mono->count;
    in->pairs = cf_alloc(job->mono->count, sizeof *in->pairs);
    if (!in->pairs)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < job->mono->count; i++) {
        cf_cli_progress("reading pictures", i, job->mono->count);
        if (cf_cli_interrupted())
            return CF_ERR_CANCELLED;
        CF_TRY(cf_scene_pair_read(job->mono->paths[i], job->color->paths[i], rig,
                                  CF_SCENE_FINE_COLUMNS, &in->pairs[i]));
        const cf_scene_pair *a = &in->pairs[0], *b = &in->pairs[i];
        if (a->mono.width != b->mono.width || a->mono.height != b->mono.height ||
            a->color.width != b->color.width || a->color.height != b->color.height)
            return cf_fail(CF_ERR_INVALID,
                           "%s and %s are %dx%d and %dx%d, the first pair is %dx%d and %dx%d: all "
                           "pairs must come from one rig at one size, not cropped",
                           job->mono->paths[i], cf_input_name(job->color->paths[i]), b->mono.width,
                           b->mono.height, b->color.width, b->color.height, a->mono.width,
                           a->mono.height, a->color.width, a->color.height);
    }
    cf_cli_progress("reading pictures", job->mono->count, job->mono->count);
    return CF_OK;
}

/* --rig RIG: a rig file, or the folder of one. */
static cf_status load_rig(const char *path, inputs *in) {
    char file[4096];
    cf_rig *rig;
    size_t length = strlen(path);
    int is_file =
        length > 5 && (!strcmp(path + length - 5, ".yaml") || !strcmp(path + length - 4, ".yml"));
    snprintf(file, sizeof file, is_file ? "%s" : "%s/rig.yaml", path);
    CF_TRY(cf_rig_load(file, &rig));
    cf_status status = cf_camera_model_load(rig->mono.model, &in->mono);
    if (status == CF_OK)
        status = cf_camera_model_load(rig->color.model, &in->color);
    cf_rig_destroy(&rig);
    in->options.mono = in->mono;
    in->options.color = in->color;
    return status;
}

static cf_status gather(const cf_calibrate_scene_job *job, const cf_rig *rig, inputs *in) {
    in->options = (cf_scene_options){.focal_px = job->focal_px,
                                     .color_focal_px = job->color_focal_px,
                                     .baseline_m = job->baseline_m};
    if (job->mono->count != job->color->count)
        return cf_fail(CF_ERR_INVALID,
                       "%zu mono and %zu colour pictures do not make pairs: they must match one to "
                       "one, in the order of their names",
                       job->mono->count, job->color->count);
    if (job->mono->count > CF_SCENE_MAX_PAIRS)
        return cf_fail(CF_ERR_INVALID, "%zu pairs are too many; give at most %d", job->mono->count,
                       CF_SCENE_MAX_PAIRS);
    if (job->rig)
        CF_TRY(load_rig(job->rig, in));
    return read_pairs(job, rig, in);
}

/* What is written must not mislead. */
static cf_status accept(const cf_scene_result *r) {
    if (!r->mono || r->found.inliers < TOO_FEW)
        return cf_fail(CF_ERR_INVALID,
                       "the pictures do not show how the cameras stand to each other: %d of %d "
                       "matched points agree with one geometry. Are they of the same scene and "
                       "moment, sharp, with texture all over?",
                       r->found.inliers, r->found.candidates);
    if (!(r->found.error_px < MISLEADING))
        return cf_fail(CF_ERR_INVALID,
                       "the geometry is not certain enough to be of use: rows would be off by "
                       "about %.1f pixels. Add pairs with texture all over, near and far",
                       r->found.error_px);
    return CF_OK;
}

static cf_status write_model(cf_rig_folder *folder, const char *name, const cf_camera_model *m) {
    FILE *to;
    CF_TRY(cf_rig_folder_create(folder, name, &to));
    cf_camera_model_print(m, "made by chromafuse calibrate geometry --from-scene", to);
    return CF_OK;
}

static void write_record(const cf_scene_report *report, FILE *to) {
    const cf_record_source sources[] = {{"mono", report->job->mono}, {"color", report->job->color}};
    cf_json json = {.to = to};
    cf_record_begin(&json, "geometry", sources, 2);
    cf_scene_report_json(report, &json);
    cf_json_close(&json, '}');
}

/* The usual search covers a fifth of the width: only more than that needs to be told. */
static cf_status set_depth(const cf_scene_report *report, cf_rig_folder *folder) {
    char number[32];
    const cf_scene_result *r = report->result;
    double width = report->pairs[0].mono.width;
    if (r->found.disparity_high * 1.3 + 6 < width / 5 || report->job->rig)
        return CF_OK;
    snprintf(number, sizeof number, "%.4g", r->params.depth_min_m);
    return cf_rig_edit_set(cf_rig_folder_edit(folder), "scene", "depth_min_m", number);
}

static cf_status write_results(const cf_scene_report *report, cf_rig_folder *folder) {
    FILE *to;
    cf_rig_edit *edit = cf_rig_folder_edit(folder);
    CF_TRY(write_model(folder, "mono.cameramodel", report->result->mono));
    CF_TRY(write_model(folder, "color.cameramodel", report->result->color));
    CF_TRY(cf_rig_folder_create(folder, "geometry.json", &to));
    write_record(report, to);
    CF_TRY(cf_scene_plots(report->result, report->pairs, report->job->mono, report->job->color,
                          folder));
    CF_TRY(cf_rig_edit_set(edit, "mono", "model", "mono.cameramodel"));
    CF_TRY(cf_rig_edit_set(edit, "color", "model", "color.cameramodel"));
    return set_depth(report, folder);
}

static cf_status publish(const cf_scene_report *report, cf_rig_folder **folder) {
    cf_file_out *file = NULL;
    if (report->job->report) {
        CF_TRY(cf_file_create(report->job->report, &file));
        write_record(report, cf_file_stream(file));
    }
    cf_status status = cf_rig_folder_commit(folder);
    if (status == CF_OK && file)
        status = cf_file_commit(&file);
    cf_file_discard(&file);
    CF_TRY(status);
    if (report->job->json)
        write_record(report, stdout);
    else
        cf_scene_report_print(report, stdout);
    return cf_cli_flush();
}

static cf_status work(const cf_calibrate_scene_job *job, inputs *in, cf_scene_report *report,
                      cf_scene_result *result, cf_rig_folder **folder) {
    CF_TRY(gather(job, cf_rig_folder_rig(*folder), in));
    CF_TRY(cf_scene_calibrate(in->pairs, in->count, &in->options, result));
    CF_TRY(accept(result));
    *report = (cf_scene_report){.job = job, .pairs = in->pairs, .result = result};
    cf_scene_report_judge(report);
    CF_TRY(write_results(report, *folder));
    return publish(report, folder);
}

cf_status cf_calibrate_scene(const cf_calibrate_scene_job *job) {
    static cf_scene_report report; /* too large for a stack */
    cf_rig_folder *folder;
    cf_scene_result result = {0};
    inputs in = {0};
    CF_TRY(cf_input_lists_distinct(job->mono, job->color));
    CF_TRY(cf_rig_folder_open(job->out, &folder));
    cf_status status = work(job, &in, &report, &result, &folder);
    cf_rig_folder_discard(&folder);
    cf_scene_result_clear(&result);
    free_inputs(&in);
    return status;
}
