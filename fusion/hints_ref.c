/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `hints`. */
#include "fusion/hints.h"

#include <math.h>

#define RADIUS 2

typedef struct {
    float m, r, g, b; /* sanitised sample */
    int good;
} sample;

static float sane(float v, int *good) {
    if (v >= -8 && v <= 8)
        return v;
    *good = 0;
    return 0;
}

static sample load(const cf_stage_io *io, int x, int y) {
    sample s = {.good = 1};
    s.m = fmaxf(sane(cf_row(&io->in[0], 0, y)[x], &s.good), 0);
    s.r = sane(cf_row(&io->in[1], 0, y)[x], &s.good);
    s.g = sane(cf_row(&io->in[1], 1, y)[x], &s.good);
    s.b = sane(cf_row(&io->in[1], 2, y)[x], &s.good);
    return s;
}

static float difference(const cf_hints_params *p, sample s) {
    return p->spectral[0] * s.r + p->spectral[1] * s.g + p->spectral[2] * s.b - s.m;
}

/* Mean difference of the 5 x 5 window's part inside the picture. */
static float mean_difference(const cf_hints_params *p, const cf_stage_io *io, int x, int y) {
    float sum = 0;
    int count = 0;
    for (int j = y - RADIUS; j <= y + RADIUS; j++)
        for (int i = x - RADIUS; i <= x + RADIUS; i++) {
            if (i < 0 || j < 0 || i >= io->in[0].width || j >= io->in[0].height)
                continue;
            sum += difference(p, load(io, i, j));
            count++;
        }
    return sum / (float)count;
}

static float variance(const float noise[2], float m) {
    return noise[0] * m + noise[1];
}

/* What noise of this variance does not explain of a difference: all of it where it is far larger.
 */
static float unexplained(float difference, float noise) {
    float excess = fmaxf(difference * difference - noise, 0);
    return excess / (excess + 0.4F * noise + 1e-9F) * difference;
}

/* 1 below 0.98 of the white level, 0 above 1.02: noise spreads the edge. */
static float unclipped(const cf_hints_params *p, sample s) {
    float top = fmaxf(fmaxf(s.r / p->clip[0], s.g / p->clip[1]), s.b / p->clip[2]);
    return fminf(fmaxf((1.02F - top) * 25, 0), 1);
}

static float chroma(float v, float denominator, float eps) {
    return fminf(fmaxf((v - denominator) / (denominator + eps), -64), 64);
}

cf_status cf_hints_ref(const cf_stage_io *io, const void *params) {
    const cf_hints_params *p = params;
    for (int y = 0; y < io->in[0].height; y++)
        for (int x = 0; x < io->in[0].width; x++) {
            sample s = load(io, x, y);
            float match = cf_row(&io->in[2], 0, y)[x];
            float d = difference(p, s), mean = mean_difference(p, io, x, y);
            float luma = variance(p->luma_noise, s.m), mono = variance(p->mono_noise, s.m);
            float slack = p->tolerance * s.m + p->tolerance_dark;
            slack *= slack;
            float one = d * d / (luma + mono + 4 * slack) * 0.5F;
            float many = mean * mean / (0.25F * luma + 0.5F * mono + slack) * 0.5F;
            float agree = 1 / ((1 + one * one) * (1 + many * many));

            float lean = unexplained(mean, p->kept * luma + mono);
            lean += unexplained(d - lean, 3 * luma);
            float denominator = fmaxf(s.m + lean, 0.5F * s.m);
            float size = denominator + p->eps;
            float noise = 0.5F * (variance(p->red_noise, s.m) + variance(p->blue_noise, s.m));
            float v = noise / (size * size) + p->registration * p->registration;
            int fetched = s.r != 0 || s.g != 0 || s.b != 0;
            float trust = match >= 0 && match <= 1 ? fmaxf(sqrtf(match), p->least) : 0;
            trust = s.good && fetched ? trust : 0;
            trust *= agree * unclipped(p, s) * CF_HINT_VARIANCE / (CF_HINT_VARIANCE + v);
            cf_row(&io->out[0], 0, y)[x] = trust > 0 ? chroma(s.r, denominator, p->eps) : 0;
            cf_row(&io->out[0], 1, y)[x] = trust > 0 ? chroma(s.b, denominator, p->eps) : 0;
            cf_row(&io->out[1], 0, y)[x] = trust;
        }
    return CF_OK;
}
