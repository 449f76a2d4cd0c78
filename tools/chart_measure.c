/* SPDX-License-Identifier: Apache-2.0 */
/* Patch means of a raw picture. */
#include "tools/chart_measure.h"

#include <math.h>

#include "base/log.h"

#define REACH 0.275 /* of the pitch: half the side of what is averaged */
#define OUTLIER 4.0
#define ROUNDS 3
#define CLIPPED 0.01
#define FLOORED 0.15 /* more lifts the mean by over 0.08 of a deviation */
#define UNEVEN 0.08  /* relative; a gradient of the light over one patch stays far below */
#define LEAST 9

const char *cf_patch_state_name(cf_patch_state state) {
    static const char *const names[] = {"fine", "clipped", "uneven", "too dark", "too small"};
    return names[state];
}

cf_status cf_chart_picture(const char *name, const cf_frame *frame, int longest, cf_image *out,
                           int *bin) {
    const cf_camera_profile *p = &frame->profile;
    int w = frame->image.width, h = frame->image.height, planes = p->is_color ? 3 : 1;
    int side = w > h ? w : h, b = (side + longest - 1) / longest;
    b = p->is_color ? (b + 1) / 2 * 2 : b;
    *bin = b;
    if (w / b < 32 || h / b < 32)
        return cf_fail(CF_ERR_INVALID, "%s: %dx%d pixels are too few to find a chart in", name, w,
                       h);
    CF_TRY(cf_image_alloc(w / b, h / b, planes, CF_PIXEL_F32, out));
    float gain[4];
    for (int i = 0; i < 4; i++) {
        int c = p->is_color ? p->cfa[i] % 3 : 0;
        float share = !p->is_color ? 1 : c == CF_CFA_G ? 0.5F : 0.25F;
        gain[i] = (p->is_color ? p->neutral[1] / p->neutral[c] : 1) / (p->white - p->black[i]) /
                  (share * (float)(b * b));
    }
    for (int y = 0; y < h / b * b; y++) {
        const unsigned short *row = cf_image_row(&frame->image, 0, y);
        for (int x = 0; x < w / b * b; x++) {
            int site = (y & 1) * 2 + (x & 1);
            float *to = cf_image_row(out, p->is_color ? p->cfa[site] % 3 : 0, y / b);
            to[x / b] += ((float)row[x] - p->black[site]) * gain[site] * cf_shading_at(p, x, y);
        }
    }
    return CF_OK;
}

/* The samples of one patch and colour. */
typedef struct {
    double n, sum, squares, clipped, floored; /* floored: at code 0, where noise is cut off */
} tally;

typedef struct {
    const cf_frame *frame;
    cf_homography to_chart;
    int x0, x1, y0, y1; /* pixels that the patch may lie in */
} patch_area;

static int find_area(const cf_frame *frame, const cf_chart_place *place, int patch, patch_area *a) {
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    a->frame = frame;
    if (!cf_homography_invert(&place->to_picture, &a->to_chart))
        return 0;
    for (int k = 0; k < 4; k++) {
        const double at[2] = {patch % CF_CHART_COLUMNS + (k & 1 ? REACH : -REACH),
                              patch / CF_CHART_COLUMNS + (k >> 1 ? REACH : -REACH)};
        double p[2];
        if (!cf_homography_apply(&place->to_picture, at, p))
            return 0;
        for (int i = 0; i < 2; i++) {
            low[i] = fmin(low[i], p[i]);
            high[i] = fmax(high[i], p[i]);
        }
    }
    a->x0 = (int)fmax(0, ceil(low[0]));
    a->y0 = (int)fmax(0, ceil(low[1]));
    a->x1 = (int)fmin(frame->image.width - 1, floor(high[0]));
    a->y1 = (int)fmin(frame->image.height - 1, floor(high[1]));
    return 1;
}

/* Adds the samples within low..high to each colour's tally. */
static void add_samples(const patch_area *a, int patch, const double low[3], const double high[3],
                        tally out[3]) {
    const cf_camera_profile *p = &a->frame->profile;
    for (int y = a->y0; y <= a->y1; y++) {
        const unsigned short *row = cf_image_row(&a->frame->image, 0, y);
        for (int x = a->x0; x <= a->x1; x++) {
            const double at[2] = {x, y};
            double chart[2];
            if (!cf_homography_apply(&a->to_chart, at, chart) ||
                fabs(chart[0] - patch % CF_CHART_COLUMNS) > REACH ||
                fabs(chart[1] - (double)(patch / CF_CHART_COLUMNS)) > REACH)
                continue;
            int site = (y & 1) * 2 + (x & 1), c = p->is_color ? p->cfa[site] % 3 : 0;
            double black = (double)p->black[site],
                   v = (row[x] - black) / ((double)p->white - black);
            v *= (double)cf_shading_at(p, x, y);
            if (v < low[c] || v > high[c])
                continue;
            out[c].n++;
            out[c].sum += v;
            out[c].squares += v * v;
            out[c].clipped += (float)row[x] >= p->white - 0.5F;
            out[c].floored += row[x] == 0;
        }
    }
}

static double mean_of(const tally *t) {
    return t->n > 0 ? t->sum / t->n : 0;
}

static double deviation_of(const tally *t) {
    return t->n > 1 ? sqrt(fmax(0, (t->squares - t->sum * t->sum / t->n) / (t->n - 1))) : 0;
}

/* What the patch's tallies say about it; spread: what noise does not explain. */
static cf_patch_state judge(const cf_camera_profile *p, const tally *t, double *spread) {
    double mean = mean_of(t), deviation = deviation_of(t);
    double noise = (double)p->noise.scale * fmax(mean, 0) + (double)p->noise.offset;
    double extra = sqrt(fmax(0, deviation * deviation - 1.5 * noise));
    int noise_known = p->noise.scale > 0 || p->noise.offset > 0;
    *spread = noise_known && mean > 0 ? fmax(*spread, extra / mean) : *spread;
    if (t->n < LEAST)
        return CF_PATCH_SMALL;
    if (t->clipped > CLIPPED * t->n)
        return CF_PATCH_CLIPPED;
    if (!(mean > 0) || mean < 3 * deviation / sqrt(t->n) || t->floored > FLOORED * t->n)
        return CF_PATCH_DARK;
    return *spread > UNEVEN ? CF_PATCH_UNEVEN : CF_PATCH_FINE;
}

static void measure_patch(const patch_area *a, int patch, cf_chart_sample *out) {
    const cf_camera_profile *p = &a->frame->profile;
    int colors = p->is_color ? 3 : 1;
    double low[3], high[3];
    tally t[3] = {{0}};
    for (int c = 0; c < 3; c++) {
        low[c] = -INFINITY;
        high[c] = INFINITY;
    }
    add_samples(a, patch, low, high, t);
    for (int c = 0; c < colors; c++) { /* outliers have no say in this */
        cf_patch_state state = judge(p, &t[c], &out->spread[patch]);
        out->state[patch] = state > out->state[patch] ? state : out->state[patch];
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int c = 0; c < colors; c++) {
            double reach = OUTLIER * deviation_of(&t[c]) + 1e-6;
            low[c] = mean_of(&t[c]) - reach;
            high[c] = mean_of(&t[c]) + reach;
            t[c] = (tally){0};
        }
        add_samples(a, patch, low, high, t);
    }
    for (int c = 0; c < 3; c++) {
        const tally *own = &t[p->is_color ? c : 0];
        double deviation = deviation_of(own);
        out->view.rgb[patch][c] = mean_of(own);
        out->view.variance[patch][c] = own->n > 0 ? deviation * deviation / own->n : 0;
    }
}

void cf_chart_measure(const cf_frame *frame, const cf_chart_place *place, cf_chart_sample *out) {
    *out = (cf_chart_sample){0};
    for (int patch = 0; patch < CF_CHART_PATCHES; patch++) {
        patch_area a;
        if (find_area(frame, place, patch, &a))
            measure_patch(&a, patch, out);
        else
            out->state[patch] = CF_PATCH_SMALL;
        out->view.usable[patch] = out->state[patch] == CF_PATCH_FINE;
    }
}
