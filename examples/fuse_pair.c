/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuses one pair of raw files through the library:
 *
 *   cc fuse_pair.c $(pkg-config --cflags --libs chromafuse) -o fuse_pair
 *   ./fuse_pair rig.yaml mono.dng color.dng fused.png
 */
#include <stdio.h>

#include <chromafuse/base/log.h>
#include <chromafuse/calib/camera_model.h>
#include <chromafuse/calib/rectify.h>
#include <chromafuse/calib/rig.h>
#include <chromafuse/capture/picture_out.h>
#include <chromafuse/capture/raw.h>
#include <chromafuse/fusion/fuse.h>

static void print_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    fprintf(stderr, "%s%s\n", level == CF_LOG_ERROR ? "error: " : "", line);
}

/* Where the cameras stand and look, from their model files. */
static cf_status load_geometry(const cf_rig *rig, cf_rectification *geometry) {
    cf_camera_model *mono = NULL, *color = NULL;
    const cf_rectify_params params = {.depth_min_m = rig->depth_min_m};
    cf_status status = cf_camera_model_load(rig->mono.model, &mono);
    if (status == CF_OK)
        status = cf_camera_model_load(rig->color.model, &color);
    if (status == CF_OK)
        status = cf_rectify(mono, color, &params, geometry);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    return status;
}

/* One frame; for a video, cf_fuse_run and cf_fuse_fetch once per frame. */
static cf_status fuse(const cf_frame *mono, const cf_frame *color, const cf_rectification *geometry,
                      cf_image *picture) {
    const cf_fuse_rig rig = {
        .mono = &mono->profile, .color = &color->profile, .geometry = geometry};
    cf_cl *cl = NULL;
    cf_fuse *fuse = NULL;
    cf_status status = cf_cl_open(NULL, &cl);
    if (status == CF_OK)
        status = cf_fuse_create(cl, &rig, NULL, &fuse);
    if (status == CF_OK)
        status = cf_fuse_run(fuse, &mono->image, &color->image);
    if (status == CF_OK)
        status = cf_fuse_fetch(fuse, CF_FUSE_PICTURE, picture);
    cf_fuse_destroy(&fuse);
    cf_cl_close(&cl);
    return status;
}

int main(int argc, char **argv) {
    cf_rig *rig = NULL;
    cf_frame *mono = NULL, *color = NULL;
    cf_rectification geometry = {0};
    cf_image picture = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: %s rig.yaml mono.dng color.dng OUT.png\n", argv[0]);
        return 2;
    }
    cf_log_set(print_line, NULL, CF_LOG_WARNING);
    cf_status status = cf_rig_load(argv[1], &rig);
    if (status == CF_OK)
        status = cf_raw_read(argv[2], &mono);
    if (status == CF_OK)
        status = cf_raw_read(argv[3], &color);
    if (status == CF_OK) /* what the rig knows better than the raw files */
        status = cf_rig_apply(rig, CF_RIG_MONO, mono->gain, &mono->profile);
    if (status == CF_OK)
        status = cf_rig_apply(rig, CF_RIG_COLOR, color->gain, &color->profile);
    if (status == CF_OK)
        status = load_geometry(rig, &geometry);
    if (status == CF_OK)
        status = fuse(mono, color, &geometry, &picture);
    if (status == CF_OK)
        status = cf_picture_write(argv[4], &picture, NULL);
    cf_image_free(&picture);
    cf_rectification_clear(&geometry);
    cf_frame_unref(&mono);
    cf_frame_unref(&color);
    cf_rig_destroy(&rig);
    return status != CF_OK;
}
