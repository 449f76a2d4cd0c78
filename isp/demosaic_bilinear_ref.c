/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `demosaic_bilinear`. */
#include "isp/demosaic_bilinear.h"

static int mirror(int i, int n) {
    if (i < 0)
        i = -i;
    if (i >= n)
        i = 2 * (n - 1) - i;
    return i < 0 ? 0 : i;
}

static float sum_of(const cf_plane_set *in, int x, int y, const int (*offsets)[2], int count) {
    float sum = 0;
    for (int i = 0; i < count; i++)
        sum += cf_row(in, 0,
                      mirror(y + offsets[i][1], in->height))[mirror(x + offsets[i][0], in->width)];
    return sum;
}

cf_status cf_demosaic_bilinear_ref(const cf_stage_io *io, const void *params) {
    static const int beside[][2] = {{-1, 0}, {1, 0}}, above[][2] = {{0, -1}, {0, 1}};
    static const int diagonal[][2] = {{-1, -1}, {1, -1}, {-1, 1}, {1, 1}};
    const cf_demosaic_params *p = params;
    const cf_plane_set *in = &io->in[0];
    for (int y = 0; y < in->height; y++)
        for (int x = 0; x < in->width; x++) {
            int red_row = ((y ^ p->red_y) & 1) == 0;
            int colored = (((x ^ p->red_x) & 1) == 0) == red_row;
            float here = cf_row(in, 0, y)[x];
            float across = 0.5F * sum_of(in, x, y, beside, 2);
            float along = 0.5F * sum_of(in, x, y, above, 2);
            float corners = 0.25F * sum_of(in, x, y, diagonal, 4);
            float same = colored ? here : across, other = colored ? corners : along;
            float green = colored ? 0.5F * (across + along) : here;
            cf_row(&io->out[0], CF_CFA_R, y)[x] = p->gain[CF_CFA_R] * (red_row ? same : other);
            cf_row(&io->out[0], CF_CFA_G, y)[x] = p->gain[CF_CFA_G] * green;
            cf_row(&io->out[0], CF_CFA_B, y)[x] = p->gain[CF_CFA_B] * (red_row ? other : same);
        }
    return CF_OK;
}
