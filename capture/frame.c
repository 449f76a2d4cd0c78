/* SPDX-License-Identifier: Apache-2.0 */
/* Lifetime of frames. */
#include "capture/frame.h"

#include "base/alloc.h"

cf_status cf_frame_create(int width, int height, cf_frame **out) {
    *out = NULL;
    cf_frame *frame = cf_alloc(1, sizeof *frame);
    if (!frame)
        return CF_ERR_MEMORY;
    cf_status status = cf_image_alloc(width, height, 1, CF_PIXEL_U16, &frame->image);
    if (status != CF_OK) {
        cf_free(frame);
        return status;
    }
    cf_camera_profile_init(&frame->profile);
    frame->profile.width = width;
    frame->profile.height = height;
    frame->orientation = 1;
    frame->references = 1;
    *out = frame;
    return CF_OK;
}

cf_frame *cf_frame_ref(cf_frame *frame) {
    frame->references++;
    return frame;
}

void cf_frame_unref(cf_frame **handle) {
    if (!handle || !*handle)
        return;
    cf_frame *frame = *handle;
    *handle = NULL;
    if (--frame->references > 0)
        return;
    cf_camera_profile_clear(&frame->profile);
    cf_image_free(&frame->image);
    cf_free(frame);
}
