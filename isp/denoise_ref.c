/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `denoise`: block by block, with the transform as a matrix. */
#include <math.h>

#include "base/alloc.h"
#include "isp/denoise.h"

#define PI 3.14159265358979323846

/* One plane: samples and their size; rows are pitch apart. */
typedef struct {
    float *data;
    int width, height, pitch;
} plane;

/* A pass over a plane: what goes in, the estimate so far (NULL data: hard threshold), sums. */
typedef struct {
    plane noisy, oracle;
    double *sum, *weight; /* width * height */
    double threshold, variance;
    double basis[8][8];
} pass;

static int mirror(int i, int n) {
    i = ((i % (2 * n)) + 2 * n) % (2 * n);
    return i < n ? i : 2 * n - 1 - i;
}

static double usable(float v) {
    return fabsf(v) < 1e18F ? (double)v : 0; /* false for NaN */
}

static void transform(const double basis[8][8], const plane *p, int x0, int y0, double out[8][8]) {
    double rows[8][8];
    for (int y = 0; y < 8; y++)
        for (int u = 0; u < 8; u++) {
            const float *row = p->data + (size_t)mirror(y0 + y, p->height) * (size_t)p->pitch;
            rows[y][u] = 0;
            for (int x = 0; x < 8; x++)
                rows[y][u] += basis[u][x] * usable(row[mirror(x0 + x, p->width)]);
        }
    for (int k = 0; k < 8; k++)
        for (int u = 0; u < 8; u++) {
            out[k][u] = 0;
            for (int y = 0; y < 8; y++)
                out[k][u] += basis[k][y] * rows[y][u];
        }
}

static double gain(const pass *p, int frequency, double value, double oracle) {
    if (!frequency)
        return 1;
    if (p->oracle.data)
        return oracle * oracle / (oracle * oracle + p->variance);
    return fmin(fmax(fabs(value) * 5 / p->threshold - 4.5, 0), 1);
}

static void shrink_block(const pass *p, int x0, int y0) {
    double c[8][8], oracle[8][8] = {{0}}, energy = 0;
    transform(p->basis, &p->noisy, x0, y0, c);
    if (p->oracle.data)
        transform(p->basis, &p->oracle, x0, y0, oracle);
    for (int k = 0; k < 8; k++)
        for (int u = 0; u < 8; u++) {
            double g = gain(p, k + u, c[k][u], oracle[k][u]);
            c[k][u] *= g;
            energy += g * g;
        }
    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 8; x++) {
            if (y0 + y < 0 || y0 + y >= p->noisy.height || x0 + x < 0 || x0 + x >= p->noisy.width)
                continue;
            double v = 0;
            for (int k = 0; k < 8; k++)
                for (int u = 0; u < 8; u++)
                    v += p->basis[k][y] * p->basis[u][x] * c[k][u];
            size_t at = (size_t)(y0 + y) * (size_t)p->noisy.width + (size_t)(x0 + x);
            p->sum[at] += v / energy;
            p->weight[at] += 1 / energy;
        }
}

/* out: the estimate; sigma may be NULL. */
static void run_pass(pass *p, double strength, plane *out, plane *sigma) {
    int step = p->oracle.data ? 2 : 4, w = out->width, h = out->height;
    for (size_t i = 0; i < (size_t)w * (size_t)h; i++)
        p->sum[i] = p->weight[i] = 0;
    for (int y = step - 8; y < h; y += step)
        for (int x = ((y + 8) / step & 1) - 8; x < w; x += 2)
            shrink_block(p, x, y);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            size_t at = (size_t)y * (size_t)w + (size_t)x;
            out->data[(size_t)y * (size_t)out->pitch + (size_t)x] =
                (float)(p->sum[at] / p->weight[at]);
            if (sigma)
                sigma->data[(size_t)y * (size_t)sigma->pitch + (size_t)x] =
                    (float)(strength * sqrt(0.75 / (p->weight[at] + 0.5)));
        }
}

static void run_passes(pass *p, const cf_denoise_params *params, plane *out, plane *sigma) {
    p->oracle.data = NULL;
    run_pass(p, (double)params->strength, out, NULL);
    plane before = *out;
    before.pitch = before.width;
    before.data = cf_alloc((size_t)out->width * (size_t)out->height, sizeof(float));
    for (int i = 0; i < params->passes && before.data; i++) {
        for (int y = 0; y < out->height; y++)
            for (int x = 0; x < out->width; x++)
                before.data[(size_t)y * (size_t)before.pitch + (size_t)x] =
                    out->data[(size_t)y * (size_t)out->pitch + (size_t)x];
        p->oracle = before;
        run_pass(p, (double)params->strength, out, sigma);
    }
    cf_free(before.data);
}

static float halved(const plane *p, int x, int y) {
    const float *top = p->data + (size_t)(2 * y) * (size_t)p->pitch;
    const float *bottom = 2 * y + 1 < p->height ? top + p->pitch : top;
    int right = 2 * x + 1 < p->width ? 2 * x + 1 : 2 * x;
    return (float)(0.5 * (usable(top[2 * x]) + usable(top[right]) + usable(bottom[2 * x]) +
                          usable(bottom[right])));
}

/* The bilinear value of the coarse plane at (x, y) of the plane twice its size. */
static float lifted(const plane *c, int x, int y) {
    int near_x = x / 2, far_x = near_x + (x & 1 ? 1 : -1), near_y = y / 2;
    int far_y = near_y + (y & 1 ? 1 : -1);
    far_x = far_x < 0 ? 0 : far_x >= c->width ? c->width - 1 : far_x;
    far_y = far_y < 0 ? 0 : far_y >= c->height ? c->height - 1 : far_y;
    const float *a = c->data + (size_t)near_y * (size_t)c->pitch;
    const float *b = c->data + (size_t)far_y * (size_t)c->pitch;
    return 0.75F * (0.75F * a[near_x] + 0.25F * a[far_x]) +
           0.25F * (0.75F * b[near_x] + 0.25F * b[far_x]);
}

static cf_status denoise(const cf_denoise_params *params, pass *work, plane noisy, int levels,
                         plane *out, plane *sigma);

static void correct(const cf_denoise_params *params, plane *coarse, plane *out) {
    for (int y = 0; y < coarse->height; y++)
        for (int x = 0; x < coarse->width; x++)
            coarse->data[(size_t)y * (size_t)coarse->pitch + (size_t)x] -= halved(out, x, y);
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++)
            out->data[(size_t)y * (size_t)out->pitch + (size_t)x] +=
                params->share / 2 * lifted(coarse, x, y);
}

/* The halved picture's estimate pulls at what survives halving. */
static cf_status add_coarse(const cf_denoise_params *params, pass *work, plane noisy, int levels,
                            plane *out) {
    plane half = {.width = (noisy.width + 1) / 2, .height = (noisy.height + 1) / 2};
    half.pitch = half.width;
    plane clean = half;
    size_t count = (size_t)half.width * (size_t)half.height;
    half.data = cf_alloc(count, sizeof(float));
    clean.data = cf_alloc(count, sizeof(float));
    cf_status status = half.data && clean.data ? CF_OK : CF_ERR_MEMORY;
    if (status == CF_OK) {
        for (int y = 0; y < half.height; y++)
            for (int x = 0; x < half.width; x++)
                half.data[(size_t)y * (size_t)half.pitch + (size_t)x] = halved(&noisy, x, y);
        status = denoise(params, work, half, levels, &clean, NULL);
    }
    if (status == CF_OK)
        correct(params, &clean, out);
    cf_free(half.data);
    cf_free(clean.data);
    return status;
}

static cf_status denoise(const cf_denoise_params *params, pass *work, plane noisy, int levels,
                         plane *out, plane *sigma) {
    work->noisy = noisy;
    run_passes(work, params, out, sigma);
    return levels ? add_coarse(params, work, noisy, levels - 1, out) : CF_OK;
}

cf_status cf_denoise_ref(const cf_stage_io *io, const void *params) {
    const cf_denoise_params *p = params;
    int w = io->in[0].width, h = io->in[0].height;
    pass work = {.threshold = (double)p->hard * (double)p->strength,
                 .variance = (double)p->strength * (double)p->strength};
    for (int k = 0; k < 8; k++)
        for (int n = 0; n < 8; n++)
            work.basis[k][n] = (k ? 0.5 : sqrt(0.125)) * cos(PI * (n + 0.5) * k / 8);
    work.sum = cf_alloc((size_t)w * (size_t)h, sizeof(double));
    work.weight = cf_alloc((size_t)w * (size_t)h, sizeof(double));
    cf_status status = work.sum && work.weight ? CF_OK : CF_ERR_MEMORY;
    for (int i = 0; i < io->in[0].planes && status == CF_OK; i++) {
        plane noisy = {cf_row(&io->in[0], i, 0), w, h, io->in[0].pitch};
        plane clean = {cf_row(&io->out[0], i, 0), w, h, io->out[0].pitch};
        plane sigma = {cf_row(&io->out[1], i, 0), w, h, io->out[1].pitch};
        status = denoise(p, &work, noisy, p->levels, &clean, &sigma);
    }
    cf_free(work.sum);
    cf_free(work.weight);
    return status;
}
