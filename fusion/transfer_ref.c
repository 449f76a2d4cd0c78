/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `transfer`: its scales of 1, 2 and 4 pixels; transfer_grid_ref.c has the
 * coarser ones. */
#include <math.h>

#include "base/alloc.h"
#include "fusion/transfer_ref.h"

static float sane(float v, float limit, int *good) {
    if (v >= -limit && v <= limit)
        return v;
    *good = 0;
    return 0;
}

static int clampi(int v, int high) {
    return v < 0 ? 0 : v > high ? high : v;
}

float cf_transfer_detail(const cf_transfer_params *p, int scale) {
    return p->detail * powf(p->detail_top / p->detail, fminf((float)scale / 6, 1));
}

static cf_status make_level(int width, int height, cf_transfer_level *level) {
    *level = (cf_transfer_level){.width = width, .height = height};
    level->cells = cf_alloc((size_t)width * (size_t)height, sizeof *level->cells);
    return level->cells ? CF_OK : CF_ERR_MEMORY;
}

/* One pixel as a cell of scale 0. */
static cf_transfer_cell pixel(const cf_stage_io *io, int x, int y) {
    cf_transfer_cell c = {0};
    int good = 1, known = 1;
    c.guide = sane(cf_row(&io->in[0], 0, y)[x], 4, &known);
    float sigma = sane(cf_row(&io->in[3], 0, y)[x], 4, &known);
    float h0 = sane(cf_row(&io->in[1], 0, y)[x], 100, &good);
    float h1 = sane(cf_row(&io->in[1], 1, y)[x], 100, &good);
    float confidence = cf_row(&io->in[2], 0, y)[x];
    confidence = confidence > 0 && good ? fminf(confidence, 0.99F) : 0;
    c.weight = confidence / ((1 - confidence) * CF_HINT_VARIANCE);
    c.sum[0] = c.weight * h0;
    c.sum[1] = c.weight * h1;
    c.guide_sum = c.weight * c.guide;
    c.texture = sigma * sigma;
    return c;
}

/* Adds the four children of a cell; those outside the picture repeat their neighbour's mono without
 * a hint. */
static cf_transfer_cell gather(const cf_transfer_params *p, const cf_transfer_cell *child,
                               const int inside[4], float noise_share) {
    cf_transfer_cell c = {0};
    float square = 0;
    for (int i = 0; i < 4; i++) {
        float share = inside[i] ? 1 / (1 + child[i].weight * p->crowd) : 0;
        c.weight += share * child[i].weight;
        c.sum[0] += share * child[i].sum[0];
        c.sum[1] += share * child[i].sum[1];
        c.guide_sum += share * child[i].guide_sum;
        c.guide += 0.25F * child[i].guide;
        c.texture += 0.25F * noise_share * child[i].texture;
    }
    for (int i = 0; i < 4; i++)
        square += (child[i].guide - c.guide) * (child[i].guide - c.guide);
    c.texture += 0.25F * square;
    return c;
}

static void gather_pixels(const cf_transfer_params *p, const cf_stage_io *io,
                          cf_transfer_level *to) {
    int width = io->in[0].width, height = io->in[0].height;
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            cf_transfer_cell child[4];
            int inside[4];
            for (int i = 0; i < 4; i++) {
                int cx = 2 * x + (i & 1), cy = 2 * y + (i >> 1);
                inside[i] = cx < width && cy < height;
                child[i] = pixel(io, clampi(cx, width - 1), clampi(cy, height - 1));
            }
            to->cells[(size_t)y * (size_t)to->width + (size_t)x] = gather(p, child, inside, 0.25F);
        }
}

static void gather_cells(const cf_transfer_params *p, const cf_transfer_level *from,
                         cf_transfer_level *to) {
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            cf_transfer_cell child[4];
            int inside[4];
            for (int i = 0; i < 4; i++) {
                int cx = 2 * x + (i & 1), cy = 2 * y + (i >> 1);
                inside[i] = cx < from->width && cy < from->height;
                child[i] = from->cells[(size_t)clampi(cy, from->height - 1) * (size_t)from->width +
                                       (size_t)clampi(cx, from->width - 1)];
            }
            to->cells[(size_t)y * (size_t)to->width + (size_t)x] = gather(p, child, inside, 1);
        }
}

/* Prior for cell (x, y) with mono value guide, from the 2 x 2 nearest cells of the coarser scale.
 */
static cf_transfer_prior predict(const cf_transfer_level *from, int x, int y, float guide,
                                 float *spread) {
    int near_x = x / 2, near_y = y / 2;
    int far_x = clampi(near_x + (x & 1 ? 1 : -1), from->width - 1);
    int far_y = clampi(near_y + (y & 1 ? 1 : -1), from->height - 1);
    const cf_transfer_cell *base =
        &from->cells[(size_t)near_y * (size_t)from->width + (size_t)near_x];
    float mass = 0, a = 0, b = 0, square = 0, plain = 0;
    for (int i = 0; i < 4; i++) {
        int cx = i & 1 ? far_x : near_x, cy = i & 2 ? far_y : near_y;
        const cf_transfer_cell *c = &from->cells[(size_t)cy * (size_t)from->width + (size_t)cx];
        float step = guide - c->guide, like = 1 / (1 + step * step * c->range);
        float weight = (i & 1 ? 0.25F : 0.75F) * (i & 2 ? 0.25F : 0.75F) * like * like;
        float da = c->chroma[0] - base->chroma[0], db = c->chroma[1] - base->chroma[1];
        plain += weight;
        weight *= c->precision;
        mass += weight;
        a += weight * da;
        b += weight * db;
        square += weight * (da * da + db * db);
    }
    float inverse = 1 / (mass + CF_TRANSFER_TINY);
    a *= inverse;
    b *= inverse;
    *spread = fmaxf(square * inverse - a * a - b * b, 0);
    return (cf_transfer_prior){{a + base->chroma[0], b + base->chroma[1]},
                               fmaxf(plain * inverse - CF_TRANSFER_FLOOR, 0) +
                                   CF_TRANSFER_DISAGREE * *spread};
}

/* Corrects a prior by a cell's own sum; leaves the estimate in the cell and returns its variance.
 */
float cf_transfer_correct(cf_transfer_prior prior, float weight, const float sum[2],
                          float chroma[2]) {
    float gain = prior.variance / (1 + prior.variance * weight);
    for (int i = 0; i < 2; i++)
        chroma[i] = prior.chroma[i] + gain * (sum[i] - weight * prior.chroma[i]);
    return gain;
}

/* What prior and noise do not explain of the square of a difference. */
static float change(cf_transfer_prior prior, float weight, const float sum[2], float surprise) {
    float a = sum[0] / weight - prior.chroma[0], b = sum[1] / weight - prior.chroma[1];
    return fmaxf((a * a + b * b) / 2 - surprise * (prior.variance + 1 / weight), 0);
}

void cf_transfer_finish(const cf_transfer_params *p, cf_transfer_prior prior, float surprise,
                        cf_transfer_cell *c) {
    /* What was measured at another mono value than the cell's mean says less about it. */
    float off = c->guide_sum - c->weight * c->guide;
    float share = c->weight / (c->weight + off * off + CF_TRANSFER_TINY);
    float sum[2] = {share * c->sum[0], share * c->sum[1]};
    if (surprise > 0 && share * c->weight > 0)
        prior.variance += change(prior, share * c->weight, sum, surprise);
    float variance = cf_transfer_correct(prior, share * c->weight, sum, c->chroma);
    c->precision = 1 / (variance + CF_TRANSFER_FLOOR);
    c->range = 0.25F / (p->mono_range * p->mono_range + CF_TRANSFER_TEXTURE * c->texture);
}

static void refine(const cf_transfer_params *p, const cf_transfer_level *from,
                   cf_transfer_level *to) {
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            cf_transfer_cell *c = &to->cells[(size_t)y * (size_t)to->width + (size_t)x];
            float spread;
            cf_transfer_prior prior = predict(from, x, y, c->guide, &spread);
            prior.variance += cf_transfer_detail(p, 1);
            cf_transfer_finish(p, prior, p->surprise, c);
        }
}

static void write_pixels(const cf_transfer_params *p, const cf_stage_io *io,
                         const cf_transfer_level *from) {
    for (int y = 0; y < io->in[0].height; y++)
        for (int x = 0; x < io->in[0].width; x++) {
            cf_transfer_cell c = pixel(io, x, y);
            float spread;
            cf_transfer_prior prior = predict(from, x, y, c.guide, &spread);
            prior.variance += p->detail;
            float variance = cf_transfer_correct(prior, c.weight, c.sum, c.chroma);
            cf_row(&io->out[0], 0, y)[x] = c.chroma[0];
            cf_row(&io->out[0], 1, y)[x] = c.chroma[1];
            cf_row(&io->out[1], 0, y)[x] = p->error_scale * sqrtf(variance + spread);
        }
}

cf_status cf_transfer_ref(const cf_stage_io *io, const void *params) {
    const cf_transfer_params *p = params;
    cf_transfer_level half = {0}, quarter = {0};
    int width = (io->in[0].width + 1) / 2, height = (io->in[0].height + 1) / 2;
    cf_status status = make_level(width, height, &half);
    if (status == CF_OK)
        status = make_level((width + 1) / 2, (height + 1) / 2, &quarter);
    if (status == CF_OK) {
        gather_pixels(p, io, &half);
        gather_cells(p, &half, &quarter);
        status = cf_transfer_grid_ref(p, &quarter);
    }
    if (status == CF_OK) {
        refine(p, &quarter, &half);
        write_pixels(p, io, &half);
    }
    cf_free(half.cells);
    cf_free(quarter.cells);
    return status;
}
