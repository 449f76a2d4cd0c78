/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `unpack`. */
#include "isp/unpack.h"

cf_status cf_unpack_ref(const cf_stage_io *io, const void *params) {
    const cf_unpack_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    for (int y = 0; y < out->height; y++) {
        const unsigned char *row = (const unsigned char *)in->data + (size_t)y * (size_t)in->pitch;
        unsigned short *codes = (unsigned short *)out->data + (size_t)y * (size_t)out->pitch;
        cf_raw_unpack_row((cf_raw_format)p->format, row, out->width, codes);
    }
    return CF_OK;
}
