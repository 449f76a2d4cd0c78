/* SPDX-License-Identifier: Apache-2.0 */
/* Ordinary pictures, raw or not, for registration. */
#include <string.h>

#include "capture/picture.h"
#include "tools/calibrate_scene.h"
#include "tools/gray_input.h"
#include "tools/rig_frame.h"

static cf_status read_display(const char *path, const float weights[3], int columns,
                              cf_scene_picture *out) {
    cf_picture picture;
    cf_image gray = {0};
    CF_TRY(cf_picture_read(path, &picture));
    /* Brightness as coded, for sRGB's curve evens the noise; weights as for a raw. */
    cf_status status = cf_gray_input_from_rgb(&picture.image, weights, &gray);
    if (status == CF_OK)
        status = cf_scene_picture_from_gray(&gray, columns, out);
    cf_image_free(&gray);
    cf_picture_free(&picture);
    return status;
}

static cf_status read_one(const char *path, const cf_rig *rig, cf_rig_role role,
                          const float weights[3], int columns, cf_scene_picture *out) {
    cf_frame *frame;
    cf_picture_kind kind;
    CF_TRY(cf_picture_kind_of(path, &kind));
    if (kind != CF_PICTURE_NONE)
        return read_display(path, weights, columns, out);
    CF_TRY(cf_rig_frame_read(path, rig, role, 0, &frame));
    cf_status status =
        cf_scene_picture_from_raw(&frame->image, &frame->profile, weights, columns, out);
    cf_frame_unref(&frame);
    return status;
}

cf_status cf_scene_pair_read(const char *mono, const char *color, const cf_rig *rig, int columns,
                             cf_scene_pair *out) {
    float weights[3] = {0.2126F, 0.7152F, 0.0722F}; /* Rec. 709 luminance */
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 3 && rig->mono.has_spectral; i++)
        weights[i] = (float)rig->mono.spectral[i];
    CF_TRY(read_one(mono, rig, CF_RIG_MONO, weights, columns, &out->mono));
    cf_status status = read_one(color, rig, CF_RIG_COLOR, weights, columns, &out->color);
    if (status != CF_OK)
        cf_scene_pair_free(out);
    return status;
}
