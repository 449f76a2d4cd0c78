/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `pack`. */
#include <math.h>

#include "isp/pack.h"

static int quantize(float v, float top) {
    return v > 0 ? (int)floorf(fmaf(fminf(v, 1), top, 0.5F)) : 0; /* NaN is not > 0 */
}

cf_status cf_pack_ref(const cf_stage_io *io, const void *params) {
    const cf_pack_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    for (int y = 0; y < in->height; y++) {
        unsigned char *row = (unsigned char *)out->data + (size_t)y * (size_t)out->pitch;
        for (int x = 0; x < in->width; x++)
            for (int c = 0; c < in->planes; c++) {
                int i = x * in->planes + c;
                float v = cf_row(in, c, y)[x];
                if (p->depth == 8)
                    row[i] = (unsigned char)quantize(v, 255);
                else
                    ((unsigned short *)(void *)row)[i] = (unsigned short)quantize(v, 65535);
            }
    }
    return CF_OK;
}
