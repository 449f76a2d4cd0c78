/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of any depth as 8-bit RGB. */
#ifndef CHROMAFUSE_TOOLS_PICTURE_8BIT_H
#define CHROMAFUSE_TOOLS_PICTURE_8BIT_H

#include "base/image.h"

/* Reads a PNG, JPEG or TIFF as CF_PIXEL_RGB8, rounding deeper samples; free with cf_image_free.
 * Fails as cf_picture_read does. */
cf_status cf_picture_read_8bit(const char *path, cf_image *out);

#endif
