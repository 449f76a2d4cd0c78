/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `provenance`. */
#include "fusion/provenance.h"

#include <math.h>

#define RADIUS 2

static float unit(float v) {
    return v > 0 ? v < 1 ? v : 1 : 0;
}

static float mono_at(const cf_stage_io *io, int x, int y) {
    float m = cf_row(&io->in[2], 0, y)[x];
    return m > 0 && m < 4 ? m : 0;
}

typedef struct {
    float evidence, mono, square, count;
} sums;

/* Sums over the part of a 5 x 5 window around (x, y) that is inside the picture. */
static sums add_window(const cf_stage_io *io, int x, int y) {
    sums s = {0, 0, 0, 0};
    for (int j = y - RADIUS; j <= y + RADIUS; j++)
        for (int i = x - RADIUS; i <= x + RADIUS; i++) {
            if (i < 0 || j < 0 || i >= io->in[0].width || j >= io->in[0].height)
                continue;
            float confidence = unit(cf_row(&io->in[0], 0, j)[i]);
            float match = unit(cf_row(&io->in[1], 0, j)[i]), m = mono_at(io, i, j);
            s.evidence += confidence * sqrtf(match);
            s.mono += m;
            s.square += m * m;
            s.count += 1;
        }
    return s;
}

cf_status cf_provenance_ref(const cf_stage_io *io, const void *params) {
    const cf_provenance_params *p = params;
    for (int y = 0; y < io->in[0].height; y++)
        for (int x = 0; x < io->in[0].width; x++) {
            sums aside = add_window(io, x - RADIUS * p->side, y), around = add_window(io, x, y);
            float mean = around.mono / around.count;
            float deviation = sqrtf(fmaxf(around.square / around.count - mean * mean, 0));
            float e = aside.evidence / fmaxf(aside.count, 1) / (1 + p->texture * deviation);
            float measured = e / (e + p->half) * (1 + p->half);
            float error = cf_row(&io->in[3], 0, y)[x] / p->invented_error;
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
