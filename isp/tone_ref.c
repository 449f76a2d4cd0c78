/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `tone`. */
#include <math.h>

#include "isp/statistics.h"
#include "isp/tone.h"

typedef struct {
    float gain, black, knee, bend;
} curve;

static curve curve_of(const cf_plane_set *values, const cf_tone_params *p) {
    float mean = cf_row(values, CF_STATISTICS_LOG_MEAN, 0)[0];
    float dark = cf_row(values, CF_STATISTICS_P01, 0)[0];
    float bright = cf_row(values, CF_STATISTICS_P995, 0)[0];
    curve c = {.gain = 1, .knee = p->knee};
    if (mean > 0)
        c.gain = powf(p->key / mean, p->strength);
    c.gain = fminf(fmaxf(c.gain, 1 / p->max_gain), p->max_gain);
    c.black = fminf(fmaxf(c.gain * dark, 0), p->toe);
    float white = fmaxf((c.gain * bright - c.black) / (1 - c.black), 1);
    c.bend = 1 / (1 - p->knee) - 1 / (white - p->knee);
    return c;
}

static float bent(const curve *c, float luminance) {
    float x = fmaxf((c->gain * luminance - c->black) / (1 - c->black), 0);
    float over = fmaxf(x - c->knee, 0);
    return fminf(fminf(x, c->knee) + over / (1 + c->bend * over), 1);
}

/* Moves one colour to luminance `to` and into 0..1. */
static void recolor(float rgb[3], float from, float to) {
    float scale = from > 1e-6F ? to / from : 0, low = to, high = to, keep = 1;
    for (int i = 0; i < 3; i++) {
        rgb[i] = from > 1e-6F ? rgb[i] * scale : to;
        low = fminf(low, rgb[i]);
        high = fmaxf(high, rgb[i]);
    }
    if (high > 1)
        keep = (1 - to) / (high - to);
    if (low < 0)
        keep = fminf(keep, to / (to - low));
    for (int i = 0; i < 3; i++)
        rgb[i] = fminf(fmaxf(to + keep * (rgb[i] - to), 0), 1);
}

cf_status cf_tone_ref(const cf_stage_io *io, const void *params) {
    const cf_tone_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    curve c = curve_of(&io->in[1], p);
    for (int y = 0; y < in->height; y++)
        for (int x = 0; x < in->width; x++) {
            float rgb[3] = {0};
            for (int k = 0; k < 3; k++)
                rgb[k] = cf_row(in, in->planes == 3 ? k : 0, y)[x];
            float light = in->planes == 3 ? p->weights[0] * rgb[0] + p->weights[1] * rgb[1] +
                                                p->weights[2] * rgb[2]
                                          : rgb[0];
            float to = bent(&c, light);
            if (in->planes == 3)
                recolor(rgb, light, to);
            else
                rgb[0] = to;
            for (int k = 0; k < in->planes; k++)
                cf_row(out, k, y)[x] = rgb[k];
        }
    return CF_OK;
}
