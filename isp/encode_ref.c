/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `encode`. */
#include <math.h>

#include "isp/encode.h"

static float srgb(float linear) {
    double x = fmin(fmax((double)linear, 0), 1);
    return (float)(x <= 0.0031308 ? 12.92 * x : 1.055 * pow(x, 1 / 2.4) - 0.055);
}

cf_status cf_encode_ref(const cf_stage_io *io, const void *params) {
    const cf_encode_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    for (int c = 0; c < in->planes; c++)
        for (int y = 0; y < in->height; y++)
            for (int x = 0; x < in->width; x++)
                cf_row(out, c, y)[x] = srgb(cf_row(in, c, y)[x] * p->gain);
    return CF_OK;
}
