/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `color_matrix`. */
#include "isp/color_matrix.h"

cf_status cf_color_matrix_ref(const cf_stage_io *io, const void *params) {
    const cf_color_matrix_params *p = params;
    const cf_plane_set *in = &io->in[0], *rgb = &io->out[0], *response = &io->out[1];
    for (int y = 0; y < in->height; y++)
        for (int x = 0; x < in->width; x++) {
            float m = 0;
            for (int c = 0; c < 3; c++) {
                float v = 0;
                for (int k = 0; k < 3; k++)
                    v += p->matrix[3 * c + k] * cf_row(in, k, y)[x];
                cf_row(rgb, c, y)[x] = v;
                m += p->weights[c] * v;
            }
            cf_row(response, 0, y)[x] = m;
        }
    return CF_OK;
}
