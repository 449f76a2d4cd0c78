/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of a frame from a coarse grid of its mosaic's cells. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "capture/exposure.h"
#include "capture/white_balance.h"

#define COLUMNS 96
#define ROWS 64
#define BINS 1024          /* of the root of the signal, so that the dark ones are narrow */
#define CLIPPED 0.99F      /* of the range; the last codes of many sensors are not quite linear */
#define LEAST_COLOR 0.004F /* darker cells are noise: they say nothing about the light's colour */

typedef struct {
    const cf_frame *frame;
    float black[4], scale[4];           /* per site of the cell */
    float cells[COLUMNS * ROWS][3];     /* R, G, B of unclipped ones */
    unsigned char even[COLUMNS * ROWS]; /* 1: and there is no edge in it */
    int histogram[BINS];
    int count, unclipped;
} survey;

/* Four pixels of the cell at an even place, 0..1; a multiple of 4 starts a group of any packing. */
static void look(const survey *s, int x, int y, float site[4]) {
    const cf_frame *f = s->frame;
    unsigned short codes[4];
    for (int row = 0; row < 2; row++) {
        const unsigned char *from = cf_image_row(&f->image, 0, y + row);
        cf_raw_unpack_row(f->layout, from + cf_raw_bytes(f->layout, x), 2, codes);
        for (int i = 0; i < 2; i++) {
            int at = 2 * row + i;
            site[at] = ((float)codes[i] - s->black[at]) * s->scale[at];
        }
    }
}

/* Means of the cell's sites of each colour; of all where there are none. */
static void average(const cf_camera_profile *p, const float site[4], float rgb[3]) {
    for (int c = 0; c < 3; c++) {
        float sum = 0, count = 0;
        for (int i = 0; i < 4; i++)
            if (!p->is_color || p->cfa[i] == c) {
                sum += site[i];
                count++;
            }
        rgb[c] = count > 0 ? sum / count : 0;
    }
}

/* Both greens agree: where they do not an edge runs through the cell, and its colour is nobody's.
 */
static int is_even(const cf_camera_profile *p, const float site[4]) {
    float low = 1, high = 0;
    for (int i = 0; i < 4; i++)
        if (p->cfa[i] == CF_CFA_G) {
            low = fminf(low, site[i]);
            high = fmaxf(high, site[i]);
        }
    float noise = sqrtf(2 * fmaxf(p->noise.scale * high + p->noise.offset, 0));
    return high - low <= 0.1F * high + 3 * noise;
}

static void take(survey *s, int x, int y) {
    float site[4], rgb[3];
    int is_clipped = 0;
    look(s, x, y, site);
    for (int i = 0; i < 4; i++)
        is_clipped |= site[i] >= CLIPPED;
    average(&s->frame->profile, site, rgb);
    float most = fmaxf(fmaxf(rgb[0], rgb[1]), fmaxf(rgb[2], 0));
    int bin = (int)(sqrtf(fminf(most, 1)) * BINS);
    s->count++;
    s->histogram[is_clipped || bin >= BINS ? BINS - 1 : bin]++;
    if (is_clipped)
        return;
    s->even[s->unclipped] = (unsigned char)is_even(&s->frame->profile, site);
    memcpy(s->cells[s->unclipped++], rgb, sizeof rgb);
}

static double quantile(const survey *s, double share) {
    double wanted = share * s->count, taken = 0;
    int bin = 0;
    while (bin < BINS - 1 && taken + s->histogram[bin] < wanted)
        taken += s->histogram[bin++];
    double inside = s->histogram[bin] ? (wanted - taken) / s->histogram[bin] : 0;
    double root = (bin + fmin(fmax(inside, 0), 1)) / BINS;
    return bin == BINS - 1 ? 1 : root * root;
}

/* Every so many pixels, a multiple of `unit`, so that at most `most` cells fit. */
static int stride(int side, int most, int unit) {
    int step = (side + most - 1) / most;
    return (step + unit - 1) / unit * unit;
}

static void walk(survey *s) {
    const cf_camera_profile *p = &s->frame->profile;
    int dx = stride(p->width, COLUMNS, 4), dy = stride(p->height, ROWS, 2);
    for (int row = 0, y = 0; row < ROWS && y + 1 < p->height; row++, y += dy)
        for (int column = 0, x = 0; column < COLUMNS && x + 1 < p->width; column++, x += dx)
            take(s, x, y);
}

static void find_white(const survey *s, cf_exposure_statistics *out) {
    static const double none[3] = {1, 1, 1};
    memcpy(out->neutral, none, sizeof none);
    out->neutral_weight = 0;
    if (!s->frame->profile.is_color)
        return;
    cf_white_locus locus;
    int count = 0;
    float kept[COLUMNS * ROWS][3];
    for (int i = 0; i < s->unclipped; i++) {
        const float *c = s->cells[i];
        if (s->even[i] && fminf(c[0], fminf(c[1], c[2])) > LEAST_COLOR)
            memcpy(kept[count++], c, sizeof kept[0]);
    }
    cf_white_locus_of(&s->frame->profile, &locus);
    double open = s->count ? (double)s->unclipped / s->count : 0;
    double lit = s->unclipped ? (double)count / s->unclipped : 0;
    out->neutral_weight =
        cf_white_estimate(&locus, kept, count, out->neutral) * open * open * fmin(1, 4 * lit);
}

cf_status cf_exposure_measure(const cf_frame *frame, cf_exposure_statistics *out) {
    static const double shares[CF_EXPOSURE_LOW] = {0.9, 0.5, 0.1, 0.01};
    const cf_camera_profile *p = &frame->profile;
    survey s;
    s.frame = frame;
    s.count = s.unclipped = 0;
    memset(s.histogram, 0, sizeof s.histogram);
    memset(out, 0, sizeof *out);
    if (p->width < 2 || p->height < 2)
        return cf_fail(CF_ERR_INVALID, "exposure: a frame of %dx%d has no 2x2 pixels", p->width,
                       p->height);
    for (int i = 0; i < 4; i++) {
        s.black[i] = p->black[i];
        s.scale[i] = 1 / (p->white - p->black[i]);
        if (!(p->white > p->black[i]))
            return cf_fail(CF_ERR_INVALID, "exposure: black level %g is not below white %g",
                           (double)p->black[i], (double)p->white);
    }
    walk(&s);
    for (int i = 0; i < s.unclipped; i++)
        for (int c = 0; c < 3; c++)
            out->mean[c] += (double)s.cells[i][c] / s.unclipped;
    out->clipped = 1 - (double)s.unclipped / s.count;
    out->bright = quantile(&s, 0.99);
    for (int i = 0; i < CF_EXPOSURE_LOW; i++)
        out->low[i] = quantile(&s, shares[i]);
    find_white(&s, out);
    return CF_OK;
}
