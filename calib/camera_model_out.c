/* SPDX-License-Identifier: Apache-2.0 */
/* Camera models as files. */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "calib/camera_model.h"

static void print_list(FILE *to, const char *key, const double *values, int count) {
    fprintf(to, "  '%s': [ ", key);
    for (int i = 0; i < count; i++)
        fprintf(to, "%.17g, ", values[i]);
    fputs("],\n", to);
}

static void print_comment(FILE *to, const char *comment) {
    while (*comment) {
        size_t length = strcspn(comment, "\n");
        fprintf(to, "# %.*s\n", (int)length, comment);
        comment += length + (comment[length] == '\n');
    }
}

void cf_camera_model_print(const cf_camera_model *model, const char *comment, FILE *to) {
    char lens[CF_LENS_NAME_MAX];
    double rotation[9], rt[6];
    int width, height, count = cf_camera_model_lens(model, lens, NULL, 0);
    double *intrinsics = cf_alloc((size_t)count, sizeof *intrinsics);
    if (!intrinsics)
        return; /* logged; what was written so far is no model, and readers say so */
    (void)cf_camera_model_lens(model, lens, intrinsics, count);
    cf_camera_model_size(model, &width, &height);
    cf_camera_model_pose(model, rotation, rt + 3);
    cf_rotation_to_vector(rotation, rt);
    if (comment)
        print_comment(to, comment);
    fprintf(to, "{\n  'lensmodel': '%s',\n", lens);
    print_list(to, "intrinsics", intrinsics, count);
    print_list(to, "extrinsics", rt, 6);
    fprintf(to, "  'imagersize': [ %d, %d ],\n}\n", width, height);
    cf_free(intrinsics);
}

cf_status cf_camera_model_write(const cf_camera_model *model, const char *comment,
                                const char *path) {
    cf_file_out *file;
    CF_TRY(cf_file_create(path, &file));
    cf_camera_model_print(model, comment, cf_file_stream(file));
    return cf_file_commit(&file);
}
