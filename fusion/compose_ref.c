/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `compose`. */
#include "fusion/compose.h"

#include <math.h>

/* How far d may be followed from m before it leaves 0..1. */
static float room(float m, float d) {
    float wall = d > 0 ? 1 - m : m;
    return wall / (fabsf(d) + 1e-12F);
}

static float clamp(float v, float low, float high) {
    return v >= low ? v <= high ? v : high : low;
}

static float usable(float c) {
    return fabsf(c) < 1000 ? c : 0; /* NaN fails the comparison */
}

cf_status cf_compose_ref(const cf_stage_io *io, const void *params) {
    const cf_compose_params *p = params;
    const float *w = p->spectral;
    float on = fabsf(w[1]) < 1e-3F ? 0.0F : 1.0F;
    float r_share = on != 0 ? w[0] / w[1] : 0, b_share = on != 0 ? w[2] / w[1] : 0;
    for (int y = 0; y < io->in[0].height; y++) {
        const float *mono = cf_row(&io->in[0], 0, y);
        const float *c0 = cf_row(&io->in[1], 0, y), *c1 = cf_row(&io->in[1], 1, y);
        for (int x = 0; x < io->in[0].width; x++) {
            float m = mono[x];
            float r = on * usable(c0[x]) * (m + p->eps), b = on * usable(c1[x]) * (m + p->eps);
            float g = -(r_share * r + b_share * b);
            float s = fminf(fminf(room(m, r), room(m, b)), room(m, g));
            s = clamp(s, 0, 1);
            if (!(m >= 0 && m <= 1))
                s = r = g = b = 0;
            float rgb[3] = {m + s * r, m + s * g, m + s * b};
            for (int i = 0; i < 3; i++)
                cf_row(&io->out[0], i, y)[x] = m >= 0 && m <= 1 ? clamp(rgb[i], 0, 1) : m;
        }
    }
    return CF_OK;
}
