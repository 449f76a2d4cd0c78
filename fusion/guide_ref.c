/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `guide`. */
#include "fusion/guide.h"

#include <math.h>

cf_status cf_guide_ref(const cf_stage_io *io, const void *params) {
    (void)params;
    for (int y = 0; y < io->in[0].height; y++) {
        const float *in = cf_row(&io->in[0], 0, y);
        float *guide = cf_row(&io->out[0], 0, y);
        for (int x = 0; x < io->in[0].width; x++)
            guide[x] = sqrtf(in[x] > 0 ? in[x] < 16 ? in[x] : 16 : 0);
    }
    return CF_OK;
}
