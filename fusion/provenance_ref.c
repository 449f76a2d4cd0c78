/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `provenance`. */
#include "fusion/provenance.h"

#include <math.h>

static float unit(float v) {
    return v > 0 ? v < 1 ? v : 1 : 0;
}

cf_status cf_provenance_ref(const cf_stage_io *io, const void *params) {
    const cf_provenance_params *p = params;
    for (int y = 0; y < io->in[0].height; y++)
        for (int x = 0; x < io->in[0].width; x++) {
            float confidence = unit(cf_row(&io->in[0], 0, y)[x]);
            float match = unit(cf_row(&io->in[1], 0, y)[x]);
            float measured = match * (1 + p->half) * confidence / (confidence + p->half);
            float error = cf_row(&io->in[2], 0, y)[x] / p->invented_error;
            error = error < 1 ? fmaxf(error, 0) : 1;
            float invented = (1 - measured) * error * error;
            float g = floorf(fminf(measured, 1) * 255 + 0.5F);
            float r = fminf(floorf(invented * 255 + 0.5F), 255 - g);
            cf_row(&io->out[0], 0, y)[x] = r / 255;
            cf_row(&io->out[0], 1, y)[x] = g / 255;
            cf_row(&io->out[0], 2, y)[x] = (255 - r - g) / 255;
        }
    return CF_OK;
}
