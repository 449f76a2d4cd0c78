/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `match_prepare`. */
#include <math.h>

#include "fusion/match_prepare.h"

static float encode(float x, float p) {
    x = isfinite(x) ? x : 0;
    x = x < -p ? -p : x > 1 ? 1 : x;
    return floorf(255 * sqrtf((x + p) / (1 + p)) + 0.5F);
}

static float block_mean(const cf_plane_set *in, int x, int y, int level) {
    float sum = 0;
    int count = 0;
    for (int j = y * level; j < (y + 1) * level && j < in->height; j++)
        for (int i = x * level; i < (x + 1) * level && i < in->width; i++, count++) {
            float v = cf_row(in, 0, j)[i];
            sum += isfinite(v) ? v : 0;
        }
    return sum / (float)count;
}

static void encode_picture(const cf_plane_set *in, const cf_plane_set *out, int level, float p) {
    for (int y = 0; y < out->height; y++) {
        unsigned char *row = (unsigned char *)out->data + (size_t)y * (size_t)out->pitch;
        for (int x = 0; x < out->width; x++)
            row[x] = (unsigned char)encode(block_mean(in, x, y, level), p);
    }
}

cf_status cf_match_prepare_ref(const cf_stage_io *io, const void *params) {
    const cf_match_prepare_params *p = params;
    for (int side = 0; side < 2; side++) {
        encode_picture(&io->in[side], &io->out[side], 1, p->pedestal);
        encode_picture(&io->in[side], &io->out[2 + side], p->level, p->pedestal / (float)p->level);
    }
    return CF_OK;
}
