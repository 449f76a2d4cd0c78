/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `error_map`. */
#include "fusion/error_map.h"

#include <math.h>

static int within(int i, int count) {
    return i < 0 ? 0 : i < count ? i : count - 1;
}

static float error_at(const cf_stage_io *io, int x, int y) {
    float v = cf_row(&io->in[0], 0, within(y, io->in[0].height))[within(x, io->in[0].width)];
    return v >= 0 && v <= 1e4F ? v : 0;
}

static float guide_at(const cf_stage_io *io, int x, int y) {
    float m = cf_row(&io->in[1], 0, within(y, io->in[1].height))[within(x, io->in[1].width)];
    return sqrtf(m > 0 ? m < 16 ? m : 16 : 0);
}

static float chroma_at(const cf_plane_set *set, int plane, int x, int y) {
    float v = cf_row(set, plane, within(y, set->height))[within(x, set->width)];
    return v >= -100 && v <= 100 ? v : 0;
}

/* mono |chroma - before|^2 */
static float moved_at(const cf_stage_io *io, int x, int y) {
    float root = guide_at(io, x, y), sum = 0;
    for (int k = 0; k < 2; k++) {
        float step = chroma_at(&io->in[2], k, x, y) - chroma_at(&io->in[3], k, x, y);
        sum += step * step;
    }
    return root * root * sum;
}

static float map_at(const cf_stage_io *io, int x, int y) {
    static const float weights[5] = {0.0625F, 0.25F, 0.375F, 0.25F, 0.0625F};
    static const float scale = -0.5F / (CF_ERROR_MAP_SPREAD * CF_ERROR_MAP_SPREAD);
    float centre = guide_at(io, x, y), error = 0, total = 0, square = 0;
    float moved = 0, around = 0;
    for (int j = 0; j < 5; j++)
        for (int i = 0; i < 5; i++) {
            float weight = weights[j] * weights[i];
            float step = guide_at(io, x + i - 2, y + j - 2) - centre;
            float alike = weight * (1e-3F + expf(step * step * scale));
            error += alike * error_at(io, x + i - 2, y + j - 2);
            total += alike;
            square += weight * step * step;
            moved += weight * moved_at(io, x + i - 2, y + j - 2);
            around += weight * guide_at(io, x + 2 * i - 4, y + 2 * j - 4);
        }
    float detail = (square + CF_ERROR_MAP_EVEN) / (CF_ERROR_MAP_USUAL + CF_ERROR_MAP_EVEN);
    float corrected = (moved + CF_ERROR_MAP_STILL) / (CF_ERROR_MAP_MOVED + CF_ERROR_MAP_STILL);
    return error / total * powf(detail, 1 / 16.0F) * powf(corrected, CF_ERROR_MAP_MOVED_POWER) *
           expf(CF_ERROR_MAP_DARKER * (around - centre));
}

cf_status cf_error_map_ref(const cf_stage_io *io, const void *params) {
    (void)params;
    for (int y = 0; y < io->out[0].height; y++)
        for (int x = 0; x < io->out[0].width; x++)
            cf_row(&io->out[0], 0, y)[x] = map_at(io, x, y);
    return CF_OK;
}
