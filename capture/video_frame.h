/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capture/: FFmpeg's decoded frames as upright RGB pictures. */
#ifndef CHROMAFUSE_CAPTURE_VIDEO_FRAME_H
#define CHROMAFUSE_CAPTURE_VIDEO_FRAME_H

#include <libavutil/frame.h>

#include "base/image.h"

typedef struct cf_video_pictures cf_video_pictures;

/* is_deep: CF_PIXEL_RGB16, else RGB8. turns: quarter turns clockwise, 0..3. */
cf_status cf_video_pictures_create(int is_deep, int turns, cf_video_pictures **out);
void cf_video_pictures_destroy(cf_video_pictures **pictures);

/* A view that is good until the next call. CF_ERR_UNSUPPORTED, not logged: pixels that nobody can
 * convert. */
cf_status cf_video_pictures_make(cf_video_pictures *pictures, const AVFrame *frame, cf_image *out);

#endif
