/* SPDX-License-Identifier: Apache-2.0 */
/* Noise model from second differences of flat blocks. */
#include "calib/noise_estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

#define BLOCK 8
#define MAX_BINS 24
#define ROOM ((size_t)40000) /* blocks of one picture; of more, every so many */
#define MIN_BLOCKS 12        /* of a brightness, to be believed */
/* The lower quartile of such a block's variance over its mean, for white noise (36 correlated
 * second differences a block: 100,000 simulated blocks of normal noise give 0.697). */
#define QUARTILE 0.697

typedef struct {
    float mean, variance;
} block;

/* Samples of one colour lie `step` apart. */
static block measure(const cf_image *codes, const cf_camera_profile *p, int x0, int y0, int step) {
    double sum = 0, squares = 0;
    int site = (y0 & 1) * 2 + (x0 & 1), n = 0;
    double black = (double)p->black[site], range = (double)p->white - black;
    for (int y = 0; y < BLOCK; y++)
        for (int x = 0; x < BLOCK; x++)
            sum += ((const unsigned short *)cf_image_row(codes, 0, y0 + y * step))[x0 + x * step];
    for (int y = 1; y + 1 < BLOCK; y++) {
        const unsigned short *rows[3];
        for (int k = 0; k < 3; k++)
            rows[k] = (const unsigned short *)cf_image_row(codes, 0, y0 + (y + k - 1) * step) + x0;
        for (int x = 1; x + 1 < BLOCK; x++, n++) {
            static const int weights[3] = {1, -2, 1};
            double d = 0;
            for (int k = 0; k < 3; k++)
                for (int j = 0; j < 3; j++)
                    d += weights[k] * weights[j] * rows[k][(x + j - 1) * step];
            squares += d * d / 36; /* 36: sum of the squared weights */
        }
    }
    return (block){(float)((sum / (BLOCK * BLOCK) - black) / range),
                   (float)(squares / n / (range * range))};
}

static int by_mean(const void *a, const void *b) {
    float x = ((const block *)a)->mean, y = ((const block *)b)->mean;
    return (x > y) - (x < y);
}

static int by_variance(const void *a, const void *b) {
    float x = ((const block *)a)->variance, y = ((const block *)b)->variance;
    return (x > y) - (x < y);
}

static size_t gather(const cf_image *codes, const cf_camera_profile *p, block *blocks,
                     size_t room) {
    int step = p->is_color ? 2 : 1, span = BLOCK * step;
    size_t count = 0, total = (size_t)(codes->width / span) * (size_t)(codes->height / span);
    size_t every = total / room + 1, index = 0;
    for (int y = 0; y + span <= codes->height; y += span)
        for (int x = 0; x + span <= codes->width; x += span)
            if (index++ % every == 0) {
                int site = (int)(index / every) % (step * step);
                block b = measure(codes, p, x + site % step, y + site / step, step);
                if (b.mean < 0.9F) /* near white, clipping takes noise away */
                    blocks[count++] = b;
            }
    return count;
}

/* Weighted line through the brightnesses; a variance estimate's error grows with the variance
 * itself. */
static void fit(block *blocks, size_t count, cf_noise *noise) {
    double s0 = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    size_t bins = count / MIN_BLOCKS < MAX_BINS ? count / MIN_BLOCKS : MAX_BINS;
    for (size_t i = 0; i < bins; i++) {
        size_t from = count * i / bins, to = count * (i + 1) / bins;
        double mean = 0;
        qsort(blocks + from, to - from, sizeof *blocks, by_variance);
        size_t flat = from + (to - from) / 4;
        for (size_t k = from; k <= flat; k++)
            mean += (double)blocks[k].mean / (double)(flat - from + 1);
        double y = (double)blocks[flat].variance / QUARTILE, w = 1 / (y * y + 1e-20);
        s0 += w;
        sx += w * mean;
        sy += w * y;
        sxx += w * mean * mean;
        sxy += w * mean * y;
    }
    double det = s0 * sxx - sx * sx;
    double scale = det > 1e-9 * s0 * s0 ? (s0 * sxy - sx * sy) / det : 0;
    double offset = s0 > 0 ? (sy - scale * sx) / s0 : 0;
    if (offset < 0 && sxx > 0) {
        offset = 0;
        scale = sxy / sxx;
    }
    if (scale < 0) {
        scale = 0;
        offset = s0 > 0 ? sy / s0 : 0;
    }
    noise->scale = (float)scale;
    noise->offset = (float)offset;
}

static cf_status check(const cf_image *codes, const cf_camera_profile *profile) {
    if (codes->format == CF_PIXEL_U16 && codes->planes == 1 && profile->white > profile->black[0])
        return CF_OK;
    return cf_fail(CF_ERR_INVALID,
                   "noise estimate: needs one plane of 16-bit codes, white above black");
}

static float quantisation(const cf_camera_profile *profile) {
    float range = profile->white - profile->black[0];
    return 1 / (12 * range * range);
}

static void estimate(block *blocks, size_t count, float least, cf_noise *noise) {
    qsort(blocks, count, sizeof *blocks, by_mean);
    *noise = (cf_noise){0, 0};
    fit(blocks, count, noise);
    if (noise->offset < least)
        noise->offset = least;
}

cf_status cf_noise_estimate(const cf_image *codes, const cf_camera_profile *profile,
                            cf_noise *noise) {
    CF_TRY(check(codes, profile));
    block *blocks = cf_alloc(ROOM + 1, sizeof *blocks);
    if (!blocks)
        return CF_ERR_MEMORY;
    size_t count = gather(codes, profile, blocks, ROOM);
    estimate(blocks, count, quantisation(profile), noise);
    cf_free(blocks);
    return CF_OK;
}

cf_status cf_noise_pool_add(cf_noise_pool *pool, const cf_image *codes,
                            const cf_camera_profile *profile, int *added) {
    *added = 0;
    CF_TRY(check(codes, profile));
    if (pool->pictures == CF_NOISE_PICTURES)
        return CF_OK;
    block *blocks = cf_alloc(ROOM + 1, sizeof *blocks);
    if (!blocks)
        return CF_ERR_MEMORY;
    pool->counts[pool->pictures] = gather(codes, profile, blocks, ROOM);
    pool->blocks[pool->pictures++] = blocks;
    pool->least = quantisation(profile);
    *added = 1;
    return CF_OK;
}

/* Blocks of all pictures but one (-1: of all), put together in `to`. */
static size_t join(const cf_noise_pool *pool, int without, block *to) {
    size_t count = 0;
    for (int i = 0; i < pool->pictures; i++) {
        if (i == without)
            continue;
        memcpy(to + count, pool->blocks[i], pool->counts[i] * sizeof *to);
        count += pool->counts[i];
    }
    return count;
}

cf_status cf_noise_pool_solve(const cf_noise_pool *pool, cf_noise *noise, cf_noise *error,
                              float *brightest) {
    double scale = 0, offset = 0, factor = (pool->pictures - 1.0) / fmax(1, pool->pictures);
    size_t total = 1;
    if (!pool->pictures)
        return cf_fail(CF_ERR_INVALID, "noise estimate: no pictures");
    for (int i = 0; i < pool->pictures; i++)
        total += pool->counts[i];
    block *all = cf_alloc(total, sizeof *all);
    if (!all)
        return CF_ERR_MEMORY;
    size_t count = join(pool, -1, all);
    estimate(all, count, pool->least, noise);
    *brightest = 0;
    for (size_t i = 0; i < count; i++)
        *brightest = fmaxf(*brightest, all[i].mean);
    for (int i = 0; i < pool->pictures && pool->pictures > 1; i++) {
        cf_noise one;
        estimate(all, join(pool, i, all), pool->least, &one);
        scale += factor * pow((double)one.scale - (double)noise->scale, 2);
        offset += factor * pow((double)one.offset - (double)noise->offset, 2);
    }
    *error = pool->pictures > 1 ? (cf_noise){(float)sqrt(scale), (float)sqrt(offset)}
                                : (cf_noise){NAN, NAN};
    cf_free(all);
    return CF_OK;
}

void cf_noise_pool_clear(cf_noise_pool *pool) {
    for (int i = 0; i < pool->pictures; i++)
        cf_free(pool->blocks[i]);
    *pool = (cf_noise_pool){0};
}
