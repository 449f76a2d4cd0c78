/* SPDX-License-Identifier: Apache-2.0 */
/* Chroma as a function of brightness: the median of each brightness, and what is left of it. */
#include "tools/toning.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "calib/lab.h"

#define SIDE 512           /* longest side that is looked at */
#define BINS 40            /* of brightness */
#define LEAST_SHARE 0.0005 /* of the pixels that make a bin's median worth something */
#define LEAST_COUNT 8

#define MAX_RESIDUAL 1.7
#define MAX_WORST 4.8
#define NOISE 0.8 /* residual that needs no explanation */
#define SHARE 0.2

/* The picture made smaller, pixel by pixel. */
typedef struct {
    int width, height;
    float *bright; /* mean of R, G, B, 0..1: where a channel clips it still tells greys apart */
    float *ab[2];
    double chroma;
} field;

static double linear(double v) {
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double code_at(const cf_image *rgb, int x, int y, int c) {
    if (rgb->format == CF_PIXEL_RGB16)
        return ((const uint16_t *)cf_image_row(rgb, 0, y))[3 * x + c] / 65535.0;
    return ((const uint8_t *)cf_image_row(rgb, 0, y))[3 * x + c] / 255.0;
}

static void take_pixel(const cf_image *rgb, int step, int x, int y, field *f) {
    double sum[3] = {0}, lab[3], share = 1.0 / step / step;
    size_t i = (size_t)y * (size_t)f->width + (size_t)x;
    for (int j = y * step; j < (y + 1) * step; j++)
        for (int k = x * step; k < (x + 1) * step; k++)
            for (int c = 0; c < 3; c++)
                sum[c] += share * code_at(rgb, k, j, c);
    f->bright[i] = (float)((sum[0] + sum[1] + sum[2]) / 3);
    for (int c = 0; c < 3; c++)
        sum[c] = linear(sum[c]);
    cf_lab_of_rec709(sum, lab);
    f->ab[0][i] = (float)lab[1];
    f->ab[1][i] = (float)lab[2];
    f->chroma += hypot(lab[1], lab[2]);
}

static cf_status look_at(const cf_image *rgb, field *f) {
    int longest = rgb->width > rgb->height ? rgb->width : rgb->height;
    int step = (longest + SIDE - 1) / SIDE;
    f->width = rgb->width / step > 0 ? rgb->width / step : 1;
    f->height = rgb->height / step > 0 ? rgb->height / step : 1;
    if (rgb->width < step || rgb->height < step)
        step = 1; /* a hairline: its first pixels */
    size_t count = (size_t)f->width * (size_t)f->height;
    f->bright = cf_alloc(3 * count, sizeof *f->bright);
    if (!f->bright)
        return CF_ERR_MEMORY;
    f->ab[0] = f->bright + count;
    f->ab[1] = f->ab[0] + count;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++)
            take_pixel(rgb, step, x, y, f);
    f->chroma /= (double)count;
    return CF_OK;
}

/* The tint of each brightness. */
typedef struct {
    double at[BINS], tint[2][BINS];
    int count;
} line;

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static int bin_of(float bright) {
    int bin = (int)(bright * BINS);
    return bin < 0 ? 0 : bin < BINS ? bin : BINS - 1;
}

static cf_status fit(const field *f, line *out) {
    size_t count = (size_t)f->width * (size_t)f->height, least = LEAST_COUNT;
    float *values = cf_alloc(2 * count, sizeof *values);
    if (!values)
        return CF_ERR_MEMORY;
    if ((double)count * LEAST_SHARE > (double)least)
        least = (size_t)((double)count * LEAST_SHARE);
    if (count < 4 * least)
        least = 1;
    for (int bin = 0; bin < BINS; bin++) {
        size_t n = 0;
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            if (bin_of(f->bright[i]) == bin) {
                sum += (double)f->bright[i];
                values[n] = f->ab[0][i];
                values[count + n++] = f->ab[1][i];
            }
        if (n < least)
            continue;
        for (int k = 0; k < 2; k++) {
            qsort(values + (size_t)k * count, n, sizeof *values, ascending);
            out->tint[k][out->count] = (double)values[(size_t)k * count + n / 2];
        }
        out->at[out->count++] = sum / (double)n;
    }
    cf_free(values);
    return CF_OK;
}

/* The line's tint at a brightness: linear between the bins, constant beyond the ends. */
static void tint_at(const line *l, double bright, double tint[2]) {
    int right = 0;
    while (right < l->count && l->at[right] < bright)
        right++;
    int left = right ? right - 1 : 0;
    right = right < l->count ? right : l->count - 1;
    double gap = l->at[right] - l->at[left];
    double share = gap > 0 ? (bright - l->at[left]) / gap : 0;
    for (int k = 0; k < 2; k++)
        tint[k] = l->tint[k][left] + share * (l->tint[k][right] - l->tint[k][left]);
}

/* Mean distance from the line over a block. */
static float block_distance(const field *f, const line *l, int side, int x, int y) {
    double sum[2] = {0}, tint[2];
    for (int j = y; j < y + side; j++)
        for (int i = x; i < x + side; i++) {
            size_t at = (size_t)j * (size_t)f->width + (size_t)i;
            tint_at(l, (double)f->bright[at], tint);
            for (int k = 0; k < 2; k++)
                sum[k] += (double)f->ab[k][at] - tint[k];
        }
    return (float)(hypot(sum[0], sum[1]) / side / side);
}

static cf_status judge(const field *f, const line *l, cf_toning *out) {
    int longest = f->width > f->height ? f->width : f->height, side = longest < SIDE / 2 ? 8 : 16;
    side = f->width < side ? f->width : side;
    side = f->height < side ? f->height : side;
    size_t count = (size_t)(f->width / side) * (size_t)(f->height / side), n = 0;
    float *distance = cf_alloc(count, sizeof *distance);
    if (!distance)
        return CF_ERR_MEMORY;
    for (int y = 0; y + side <= f->height; y += side)
        for (int x = 0; x + side <= f->width; x += side)
            distance[n++] = block_distance(f, l, side, x, y);
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)distance[i] * (double)distance[i];
    qsort(distance, count, sizeof *distance, ascending);
    out->residual = sqrt(squares / (double)count);
    out->worst = (double)distance[(count - 1) * 98 / 100];
    out->chroma = f->chroma;
    out->is_monochrome = out->residual <= MAX_RESIDUAL && out->worst <= MAX_WORST &&
                         (out->residual <= NOISE || out->residual <= SHARE * out->chroma);
    cf_free(distance);
    return CF_OK;
}

cf_status cf_toning_measure(const cf_image *rgb, cf_toning *out) {
    field f = {0};
    line l = {.count = 0};
    *out = (cf_toning){0};
    cf_status status = look_at(rgb, &f);
    if (status == CF_OK)
        status = fit(&f, &l);
    if (status == CF_OK)
        status = judge(&f, &l, out);
    cf_free(f.bright);
    return status;
}

cf_status cf_luminance_of(const cf_image *rgb, cf_image *out) {
    static const float weights[3] = {0.2126F, 0.7152F, 0.0722F};
    int deep = rgb->format == CF_PIXEL_RGB16, top = deep ? 65535 : 255;
    float *table = cf_alloc((size_t)top + 1, sizeof *table);
    if (!table)
        return CF_ERR_MEMORY;
    cf_status status = cf_image_alloc(rgb->width, rgb->height, 1, CF_PIXEL_F32, out);
    for (int i = 0; i <= top; i++)
        table[i] = (float)linear((double)i / top);
    for (int y = 0; status == CF_OK && y < rgb->height; y++) {
        const uint8_t *a = cf_image_row(rgb, 0, y);
        const uint16_t *b = cf_image_row(rgb, 0, y);
        float *o = cf_image_row(out, 0, y);
        for (int x = 0; x < rgb->width; x++)
            for (int c = 0; c < 3; c++)
                o[x] += weights[c] * table[deep ? b[3 * x + c] : a[3 * x + c]];
    }
    cf_free(table);
    return status;
}
