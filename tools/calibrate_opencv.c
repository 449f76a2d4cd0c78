/* SPDX-License-Identifier: Apache-2.0 */
/* Between OpenCV's files and a rig's folder. */
#include "tools/calibrate_opencv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/log.h"
#include "tools/calibrate_pictures.h"
#include "tools/command.h"
#include "tools/rig_folder.h"

static cf_status add_import(cf_opencv_job *job, const char *path) {
    if (job->import_count == CF_OPENCV_IMPORTS)
        return cf_fail(CF_ERR_INVALID, "--import: a stereo calibration is in at most %d files",
                       CF_OPENCV_IMPORTS);
    job->imports[job->import_count++] = (char *)path;
    return CF_OK;
}

cf_status cf_opencv_job_take(cf_opencv_job *job, const char *name, const char *value, int *taken) {
    cf_opencv_params *p = &job->params;
    *taken = 1;
    if (!strcmp(name, "import"))
        return add_import(job, value);
    if (!strcmp(name, "size")) {
        CF_TRY(cf_cli_size(name, value, &p->mono_size[0], &p->mono_size[1]));
        if (!p->color_size[0])
            memcpy(p->color_size, p->mono_size, sizeof p->color_size);
        return CF_OK;
    }
    if (!strcmp(name, "color-size"))
        return cf_cli_size(name, value, &p->color_size[0], &p->color_size[1]);
    if (!strcmp(name, "unit"))
        return cf_cli_float(name, value, 1e-6, 1e3, &p->unit_m);
    *taken = !strcmp(name, "export") || !strcmp(name, "swap");
    if (!strcmp(name, "export"))
        job->export_path = value;
    p->swap |= !strcmp(name, "swap");
    return CF_OK;
}

typedef struct {
    const cf_camera_model *model;
    const char *name, *key;
} camera;

/* Distance between the lenses (metres) and how far one is turned against the other (degrees). */
static void measure(const cf_camera_model *color, double *baseline, double *angle) {
    double r[9], t[3], v[3];
    cf_camera_model_pose(color, r, t);
    cf_rotation_to_vector(r, v);
    *baseline = sqrt(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]);
    *angle = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) * 57.29577951308232;
}

static void print_record(const cf_opencv_job *job, const camera cameras[2], FILE *to) {
    const cf_input_list files = {.paths = (char **)job->imports, .count = job->import_count};
    const cf_record_source from = {"opencv", &files};
    cf_json json = {.to = to};
    double baseline, angle;
    measure(cameras[1].model, &baseline, &angle);
    cf_record_begin(&json, "geometry", &from, 1);
    cf_json_text(&json, "verdict", "imported; how well it fits is not known here");
    cf_json_number(&json, "baseline_m", baseline);
    cf_json_number(&json, "turned_degrees", angle);
    for (int i = 0; i < 2; i++) {
        char lens[CF_LENS_NAME_MAX], size[32];
        int width, height;
        double focal[2];
        cf_camera_model_size(cameras[i].model, &width, &height);
        cf_camera_model_focal(cameras[i].model, focal);
        (void)cf_camera_model_lens(cameras[i].model, lens, NULL, 0);
        snprintf(size, sizeof size, "%dx%d", width, height);
        cf_json_open(&json, cameras[i].key, '{');
        cf_json_text(&json, "lens", lens);
        cf_json_text(&json, "size", size);
        cf_json_number(&json, "focal_px", focal[0]);
        cf_json_close(&json, '}');
    }
    cf_json_close(&json, '}');
}

static void print_text(const cf_opencv_job *job, const camera cameras[2], const char *rig) {
    double baseline, angle;
    measure(cameras[1].model, &baseline, &angle);
    printf("%s: two cameras from", rig);
    for (size_t i = 0; i < job->import_count; i++)
        printf(" %s", cf_input_name(job->imports[i]));
    putchar('\n');
    for (int i = 0; i < 2; i++) {
        char lens[CF_LENS_NAME_MAX];
        int width, height;
        double focal[2];
        cf_camera_model_size(cameras[i].model, &width, &height);
        cf_camera_model_focal(cameras[i].model, focal);
        (void)cf_camera_model_lens(cameras[i].model, lens, NULL, 0);
        printf("  %-6s  %dx%d pixels, focal length %.1f px, %s\n", cameras[i].name, width, height,
               focal[0], lens);
    }
    printf("  %.4g m apart, turned against each other by %.2f degrees\n\n"
           "How well that fits the cameras is not known from such a file. With a raw pair,\n"
           "'chromafuse calibrate check %s --mono M --color C' tells.\n",
           baseline, angle, rig);
}

static cf_status fill(const cf_opencv_job *job, const camera cameras[2], cf_rig_folder *folder) {
    FILE *to;
    char comment[300];
    snprintf(comment, sizeof comment, "Imported from %.200s.",
             cf_input_name(job->imports[job->import_count - 1]));
    for (int i = 0; i < 2; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s.cameramodel", cameras[i].key);
        CF_TRY(cf_rig_folder_create(folder, name, &to));
        cf_camera_model_print(cameras[i].model, comment, to);
        CF_TRY(cf_rig_edit_set(cf_rig_folder_edit(folder), cameras[i].key, "model", name));
    }
    CF_TRY(cf_rig_folder_create(folder, "geometry.json", &to));
    print_record(job, cameras, to);
    if (job->report) {
        CF_TRY(cf_rig_folder_report(folder, job->report, &to));
        print_record(job, cameras, to);
    }
    cf_plot_outdate(folder);
    return CF_OK;
}

static cf_status write_rig(const cf_opencv_job *job, const camera cameras[2], const char *rig) {
    cf_rig_folder *folder;
    CF_TRY(cf_rig_folder_open(rig, &folder));
    cf_status status = fill(job, cameras, folder);
    if (status == CF_OK)
        status = cf_rig_folder_commit(&folder);
    cf_rig_folder_discard(&folder);
    if (status == CF_OK && job->json)
        print_record(job, cameras, stdout);
    else if (status == CF_OK)
        print_text(job, cameras, rig);
    return status;
}

cf_status cf_calibrate_import(const cf_opencv_job *job, const char *rig) {
    cf_opencv_stereo stereo = {0};
    cf_camera_model *mono, *color;
    const char *name = "";
    for (size_t i = 0; i < job->import_count; i++) {
        name = job->imports[i];
        CF_TRY(cf_opencv_stereo_read(name, &stereo));
    }
    CF_TRY(cf_opencv_stereo_models(name, &stereo, &job->params, &mono, &color));
    const camera cameras[2] = {{mono, "mono", "mono"}, {color, "colour", "color"}};
    cf_status status = write_rig(job, cameras, rig);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    return status;
}

/* cv::FileStorage tells the format by the name. */
static cf_status check_name(const char *path) {
    const char *dot = strrchr(cf_input_name(path), '.');
    if (dot && (!strcasecmp(dot, ".yml") || !strcasecmp(dot, ".yaml")))
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "--export %s: OpenCV reads YAML only from .yml and .yaml", path);
}

static cf_status load_rig(const char *path, cf_rig **rig) {
    char index[4096];
    struct stat info;
    int folder = !stat(path, &info) && S_ISDIR(info.st_mode);
    if (snprintf(index, sizeof index, "%s%s", path, folder ? "/rig.yaml" : "") >= (int)sizeof index)
        return cf_fail(CF_ERR_INVALID, "%.60s...: the rig's name is too long", path);
    return cf_rig_load(index, rig);
}

static cf_status convert(const cf_opencv_job *job, const cf_rig *rig, cf_opencv_stereo *out) {
    cf_camera_model *mono, *color = NULL;
    CF_TRY(cf_camera_model_load(rig->mono.model, &mono));
    cf_status status = cf_camera_model_load(rig->color.model, &color);
    if (status == CF_OK)
        status = cf_opencv_stereo_from_models(mono, color, job->params.swap, out);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    return status;
}

cf_status cf_calibrate_export(const cf_opencv_job *job, const char *rig_path) {
    cf_opencv_stereo stereo;
    cf_opencv_rectified rectified;
    cf_file_out *file;
    cf_rig *rig;
    CF_TRY(check_name(job->export_path));
    CF_TRY(load_rig(rig_path, &rig));
    cf_status status = convert(job, rig, &stereo);
    cf_rig_destroy(&rig);
    CF_TRY(status);
    CF_TRY(cf_file_create(job->export_path, &file));
    cf_opencv_stereo_print(&stereo, cf_file_stream(file));
    CF_TRY(cf_file_commit(&file));
    printf("%s: camera 1 is the %s one, camera 2 the %s one\n", job->export_path,
           job->params.swap ? "colour" : "mono", job->params.swap ? "mono" : "colour");
    if (!cf_opencv_rectify(&stereo, &rectified))
        printf("  without R1 R2 P1 P2 Q: OpenCV's stereoRectify needs pictures of one size\n");
    return CF_OK;
}
