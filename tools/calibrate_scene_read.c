/* SPDX-License-Identifier: Apache-2.0 */
/* Ordinary pictures, raw or not, for registration. */
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "capture/picture.h"
#include "tools/calibrate_scene.h"
#include "tools/rig_frame.h"

static int is_display_picture(const char *path) {
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".tif", ".tiff"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (length > n && !strcasecmp(path + length - n, endings[i]))
            return 1;
    }
    return 0;
}

/* Brightness as coded (sRGB's curve evens the noise), 0..1; weights as for a raw. */
static cf_status brightness(const cf_image *rgb, const float weights[3], cf_image *out) {
    CF_TRY(cf_image_alloc(rgb->width, rgb->height, 1, CF_PIXEL_F32, out));
    for (int y = 0; y < rgb->height; y++) {
        float *to = cf_image_row(out, 0, y);
        const unsigned char *p8 = cf_image_row(rgb, 0, y);
        const unsigned short *p16 = cf_image_row(rgb, 0, y);
        for (int x = 0; x < rgb->width; x++)
            for (int c = 0; c < 3; c++)
                to[x] +=
                    weights[c] * (rgb->format == CF_PIXEL_RGB8 ? (float)p8[3 * x + c] / 255
                                                               : (float)p16[3 * x + c] / 65535);
    }
    return CF_OK;
}

static cf_status read_display(const char *path, const float weights[3], int columns,
                              cf_scene_picture *out) {
    cf_picture picture;
    cf_image gray = {0};
    CF_TRY(cf_picture_read(path, &picture));
    cf_status status = brightness(&picture.image, weights, &gray);
    if (status == CF_OK)
        status = cf_scene_picture_from_gray(&gray, columns, out);
    cf_image_free(&gray);
    cf_picture_free(&picture);
    return status;
}

static cf_status read_one(const char *path, const cf_rig *rig, cf_rig_role role,
                          const float weights[3], int columns, cf_scene_picture *out) {
    cf_frame *frame;
    if (is_display_picture(path))
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
