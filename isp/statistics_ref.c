/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `statistics`. */
#include <math.h>
#include <string.h>

#include "isp/statistics.h"

#define BINS CF_STATISTICS_BINS
#define FIRST_EDGE (112 << 4) /* bits of 2^-15, without those below a sixteenth octave */

typedef struct {
    unsigned counts[4][BINS];
    double sum[3], luminance; /* of samples that tell colour; of all */
    unsigned samples, colored, clipped;
} tally;

float cf_statistics_edge(int bin) {
    unsigned bits = (unsigned)(bin - 1 + FIRST_EDGE) << 19;
    float edge;
    memcpy(&edge, &bits, sizeof edge);
    return bin > 0 ? edge : 0;
}

static int bin_of(float v) {
    int bits;
    memcpy(&bits, &v, sizeof bits);
    if (!(v >= 0x1p-15F))
        return 0;
    int bin = (bits >> 19) - FIRST_EDGE + 1;
    return bin < BINS ? bin : BINS - 1;
}

static void count(const cf_plane_set *in, const cf_statistics_params *p, int x, int y, tally *t) {
    float v[3] = {0};
    for (int c = 0; c < in->planes; c++) {
        v[c] = cf_row(in, c, y)[x];
        if (in->planes == 3)
            t->counts[c][bin_of(v[c])]++;
    }
    for (int c = in->planes; c < 3; c++)
        v[c] = v[0];
    float light = in->planes == 3
                      ? fmaf(p->weights[2], v[2], fmaf(p->weights[1], v[1], p->weights[0] * v[0]))
                      : v[0];
    t->counts[3][bin_of(light)]++;
    t->luminance += (double)fminf(fmaxf(light, 0), 16);
    t->samples++;
    if (!(v[0] < p->clip && v[1] < p->clip && v[2] < p->clip)) {
        t->clipped++;
    } else if (light >= p->dark) {
        t->colored++;
        for (int c = 0; c < 3; c++)
            t->sum[c] += (double)v[c];
    }
}

/* The value below which `share` of n samples lie. */
static float percentile(const unsigned counts[BINS], unsigned n, float share) {
    float wanted = share * (float)n;
    unsigned below = 0;
    for (int k = 0; k < BINS - 1; k++) {
        if (counts[k] && (float)(below + counts[k]) >= wanted) {
            float low = cf_statistics_edge(k), high = cf_statistics_edge(k + 1);
            return low + (wanted - (float)below) / (float)counts[k] * (high - low);
        }
        below += counts[k];
    }
    return cf_statistics_edge(BINS - 1);
}

static float log_mean(const unsigned counts[BINS]) {
    double sum = 0, n = 0;
    for (int k = 1; k < BINS; k++) {
        sum += counts[k] * log2((double)cf_statistics_edge(k) * (1 + 1 / 44.0));
        n += counts[k];
    }
    return n > 0 ? (float)exp2(sum / n) : 0;
}

static float ratio(double a, double b) {
    return a > 0 && b > 0 ? (float)fmin(fmax(a / b, 1 / 16.0), 16) : 1;
}

static void summarize(const tally *t, int planes, float *v) {
    static const float shares[] = {0.01F, 0.1F, 0.5F, 0.9F, 0.99F, 0.995F};
    const unsigned *light = t->counts[3];
    v[CF_STATISTICS_SAMPLES] = (float)t->samples;
    v[CF_STATISTICS_MEAN] = (float)(t->luminance / t->samples);
    v[CF_STATISTICS_LOG_MEAN] = log_mean(light);
    for (int i = 0; i < 6; i++)
        v[CF_STATISTICS_P01 + i] = percentile(light, t->samples, shares[i]);
    v[CF_STATISTICS_CLIPPED] = (float)t->clipped / (float)t->samples;
    v[CF_STATISTICS_GREY_RED] = ratio(t->sum[1], t->sum[0]);
    v[CF_STATISTICS_GREY_BLUE] = ratio(t->sum[1], t->sum[2]);
    float p99[3];
    for (int c = 0; c < 3; c++)
        p99[c] = percentile(t->counts[c], t->samples, 0.99F);
    v[CF_STATISTICS_WHITE_RED] = planes == 3 ? ratio((double)p99[1], (double)p99[0]) : 1;
    v[CF_STATISTICS_WHITE_BLUE] = planes == 3 ? ratio((double)p99[1], (double)p99[2]) : 1;
    float mean = v[CF_STATISTICS_MEAN], top = v[CF_STATISTICS_P99];
    v[CF_STATISTICS_EXPOSURE] =
        mean > 0 ? fminf(ratio(0.18, (double)mean), ratio(0.95, (double)top)) : 1;
}

cf_status cf_statistics_ref(const cf_stage_io *io, const void *params) {
    const cf_statistics_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    tally t = {0};
    for (int y = 0; y < in->height; y += p->step)
        for (int x = 0; x < in->width; x += p->step)
            count(in, p, x, y, &t);
    for (int c = 0; c < 4; c++)
        for (int k = 0; k < BINS; k++)
            cf_row(out, 0, c)[k] = (float)t.counts[c][k] / (float)t.samples;
    float values[CF_STATISTICS_VALUES];
    summarize(&t, in->planes, values);
    for (int i = 0; i < CF_STATISTICS_VALUES; i++)
        cf_row(&io->out[1], i, 0)[0] = values[i];
    return CF_OK;
}
