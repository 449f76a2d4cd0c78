/* SPDX-License-Identifier: Apache-2.0 */
/* Reading with rounding to 8 bits. */
#include "tools/picture_8bit.h"

#include <stdint.h>

#include "capture/picture.h"

cf_status cf_picture_read_8bit(const char *path, cf_image *out) {
    cf_picture picture;
    cf_status status = CF_OK;
    *out = (cf_image){0};
    CF_TRY(cf_picture_read(path, &picture));
    if (picture.image.format == CF_PIXEL_RGB8) {
        *out = picture.image;
        picture.image = (cf_image){0};
    } else {
        status = cf_image_alloc(picture.image.width, picture.image.height, 1, CF_PIXEL_RGB8, out);
    }
    for (int y = 0; picture.image.data && status == CF_OK && y < out->height; y++) {
        const uint16_t *from = cf_image_row(&picture.image, 0, y);
        unsigned char *to = cf_image_row(out, 0, y);
        for (int i = 0; i < out->width * 3; i++)
            to[i] = (unsigned char)((from[i] + 128) / 257);
    }
    cf_picture_free(&picture);
    return status;
}
