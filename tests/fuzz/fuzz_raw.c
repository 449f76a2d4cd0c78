/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile raws: cf_raw_read either fails or gives a frame whose levels and mosaic make sense. */
#include "tests/fuzz/input_file.h"

#include "base/alloc.h"
#include "capture/raw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_frame *frame = NULL;
    if (cf_raw_read(fuzz_input(data, size), &frame) == CF_OK) {
        const cf_camera_profile *p = &frame->profile;
        if (frame->image.width != p->width || frame->image.height != p->height)
            abort();
        for (int i = 0; i < 4; i++)
            if (!(p->black[i] >= 0) || !(p->black[i] < p->white) || p->cfa[i] > CF_CFA_B)
                abort();
        for (int i = 0; i < 3; i++)
            if (!(p->neutral[i] > 0))
                abort();
    } else if (frame) {
        abort();
    }
    cf_frame_unref(&frame);
    if (cf_alloc_live())
        abort();
    return 0;
}
