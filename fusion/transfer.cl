/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels of stage `transfer`: scales of 1, 2 and 4 pixels. A level is 6 planes of cells; the
 * estimate replaces sums: 0 weight, then precision   1, 2 sums, then chroma   3 mono weighted like
 * the sums   4 mono   5 texture, then range Its rows are longer than its width: behind it
 * everything is 0, and precision 0 marks "no cell".
 */
#include "fusion/chroma.h"
#include "fusion/transfer_shared.h"

static float16 finite_or_zero(float16 v, float limit, int16 *good) {
    int16 fine = (v >= -limit) & (v <= limit);
    *good &= fine;
    return select((float16)(0), v, fine);
}

typedef struct {
    float8 plane[6];
} cells;

/* Adds the sums of one child of 8 cells. */
static void add_child(cells *c, float8 weight, float8 sum0, float8 sum1, float8 guide_sum,
                      float crowd) {
    float8 share = 1.0f / (1.0f + weight * crowd);
    c->plane[0] += share * weight;
    c->plane[1] += share * sum0;
    c->plane[2] += share * sum1;
    c->plane[3] += share * guide_sum;
}

/* Mono of the four children: guide[row] holds even, odd columns; odd ones outside repeat the even
 * one. */
static void add_guides(cells *c, float16 guide0, float16 guide1, float16 texture, int8 odd_inside,
                       float noise_share) {
    float8 a = guide0.even, b = select(a, guide0.odd, odd_inside);
    float8 d = guide1.even, e = select(d, guide1.odd, odd_inside);
    float8 mean = 0.25f * (a + b + d + e);
    c->plane[4] = mean;
    a -= mean;
    b -= mean;
    d -= mean;
    e -= mean;
    float8 noise = 0.5f * texture.even + 0.5f * select(texture.even, texture.odd, odd_inside);
    c->plane[5] = 0.25f * (a * a + b * b + d * d + e * e) + noise_share * noise;
}

static void store_cells(const cells *c, __global float *level, int pitch, int height, int x, int y,
                        int8 inside) {
    for (int i = 0; i < 6; i++)
        vstore8(select((float8)(0), c->plane[i], inside), 0,
                level + ((size_t)i * height + y) * pitch + x);
}

/* Sums of 8 cells of 2 x 2 pixels. width, height: of the picture. */
__kernel void gather_pixels(__global const float *mono, int mono_pitch, __global const float *hint,
                            int hint_pitch, __global const float *confidence, int confidence_pitch,
                            __global const float *sigma, int sigma_pitch, int width, int height,
                            __global float *level, int pitch, float crowd) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1) * 2;
    if (x >= 2 * pitch || y >= height)
        return;
    int8 column = x / 2 + (int8)(0, 1, 2, 3, 4, 5, 6, 7);
    cells c = {{0, 0, 0, 0, 0, 0}};
    if (x < width) {
        float16 guide[2], texture = 0;
        int16 lane = x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (int j = 0; j < 2; j++) {
            int row = min(y + j, height - 1);
            int16 good = (lane < width) & (y + j < height ? -1 : 0), known = -1;
            __global const float *h = hint + (size_t)row * hint_pitch + x;
            float16 u = finite_or_zero(vload16(0, mono + (size_t)row * mono_pitch + x), 4, &known);
            float16 s =
                finite_or_zero(vload16(0, sigma + (size_t)row * sigma_pitch + x), 4, &known);
            float16 h0 = finite_or_zero(vload16(0, h), 100, &good);
            float16 h1 = finite_or_zero(vload16(0, h + (size_t)height * hint_pitch), 100, &good);
            float16 t = vload16(0, confidence + (size_t)row * confidence_pitch + x);
            t = select((float16)(0), min(t, 0.99f), good & (t > 0.0f));
            float16 w = t / ((1.0f - t) * CF_HINT_VARIANCE);
            guide[j] = u;
            texture += 0.5f * s * s;
            add_child(&c, w.even, (w * h0).even, (w * h1).even, (w * u).even, crowd);
            add_child(&c, w.odd, (w * h0).odd, (w * h1).odd, (w * u).odd, crowd);
        }
        add_guides(&c, guide[0], guide[1], texture, 2 * column + 1 < width, 0.25f);
    }
    store_cells(&c, level, pitch, (height + 1) / 2, x / 2, y / 2, column < (width + 1) / 2);
}

/* Sums of 8 cells of 4 x 4 pixels from those of 2 x 2; width, height: of the finer level. */
__kernel void gather_cells(__global const float *from, int from_pitch, int width, int height,
                           __global float *level, int pitch, float crowd) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1) * 2;
    if (x >= 2 * pitch || y >= height)
        return;
    int8 column = x / 2 + (int8)(0, 1, 2, 3, 4, 5, 6, 7);
    cells c = {{0, 0, 0, 0, 0, 0}};
    if (x < width) {
        float16 guide[2], texture = 0;
        size_t plane = (size_t)height * from_pitch;
        for (int j = 0; j < 2; j++) {
            __global const float *f = from + (size_t)min(y + j, height - 1) * from_pitch + x;
            float inside = y + j < height ? 1.0f : 0.0f;
            float16 w = inside * vload16(0, f), s0 = inside * vload16(0, f + plane);
            float16 s1 = inside * vload16(0, f + 2 * plane),
                    gs = inside * vload16(0, f + 3 * plane);
            guide[j] = vload16(0, f + 4 * plane);
            texture += 0.5f * vload16(0, f + 5 * plane);
            add_child(&c, w.even, s0.even, s1.even, gs.even, crowd);
            add_child(&c, w.odd, s0.odd, s1.odd, gs.odd, crowd);
        }
        add_guides(&c, guide[0], guide[1], texture, 2 * column + 1 < width, 1);
    }
    store_cells(&c, level, pitch, (height + 1) / 2, x / 2, y / 2, column < (width + 1) / 2);
}

typedef struct {
    float16 mass, plain, a, b, square;
} tally;

static void add_prior(tally *t, float16 guide, float16 weight, float16 precision, float16 a,
                      float16 b, float16 mono, float16 range) {
    float16 step = guide - mono, like = 1.0f / (1.0f + step * step * range);
    weight = select((float16)(0), weight * like * like, precision > 0.0f);
    t->plain += weight;
    weight *= precision;
    t->mass += weight;
    t->a += weight * a;
    t->b += weight * b;
    t->square += weight * (a * a + b * b);
}

/* 8 cells, each for its two finer columns; and their neighbours on the side of each finer column.
 */
static float16 near_cells(float8 v) {
    return v.s0011223344556677;
}
static float16 far_cells(float8 v, float left, float right) {
    return (float16)(left, v.s1, v.s0, v.s2, v.s1, v.s3, v.s2, v.s4, v.s3, v.s5, v.s4, v.s6, v.s5,
                     v.s7, v.s6, right);
}

/* Prior for 16 cells or pixels from column x on, row y, of the next finer scale: chroma and
 * variance. */
static void predict(__global const float *from, int pitch, int width, int height, int x, int y,
                    float16 guide, float16 *a, float16 *b, float16 *variance, float16 *spread) {
    size_t plane = (size_t)height * pitch;
    int rows[2] = {y / 2, clamp(y / 2 + (y & 1 ? 1 : -1), 0, height - 1)};
    int column = x / 2, left = column > 0, right = column + 8 < width;
    float16 base0 = 0, base1 = 0;
    tally t = {0, 0, 0, 0, 0};
    for (int j = 0; j < 2; j++) {
        __global const float *f = from + (size_t)rows[j] * pitch + column;
        const int index[5] = {0, 1, 2, 4, 5};
        float8 v[5];
        float l[5], r[5];
        for (int i = 0; i < 5; i++) {
            __global const float *q = f + index[i] * plane;
            v[i] = vload8(0, q);
            l[i] = left ? q[-1] : 0.0f;
            r[i] = right ? q[8] : 0.0f;
        }
        if (j == 0) {
            base0 = near_cells(v[1]);
            base1 = near_cells(v[2]);
        }
        float share = j == 0 ? 0.75f : 0.25f;
        add_prior(&t, guide, 0.75f * share, near_cells(v[0]), near_cells(v[1]) - base0,
                  near_cells(v[2]) - base1, near_cells(v[3]), near_cells(v[4]));
        add_prior(&t, guide, 0.25f * share, far_cells(v[0], l[0], r[0]),
                  far_cells(v[1], l[1], r[1]) - base0, far_cells(v[2], l[2], r[2]) - base1,
                  far_cells(v[3], l[3], r[3]), far_cells(v[4], l[4], r[4]));
    }
    float16 inverse = 1.0f / (t.mass + CF_TRANSFER_TINY);
    *a = t.a * inverse;
    *b = t.b * inverse;
    *spread = max(t.square * inverse - *a * *a - *b * *b, 0.0f);
    *a += base0;
    *b += base1;
    *variance = max(t.plain * inverse - CF_TRANSFER_FLOOR, 0.0f) + CF_TRANSFER_DISAGREE * *spread;
}

/* Estimates of 16 cells of 2 x 2 pixels from those of 4 x 4; width, height: of the finer level. */
__kernel void refine_cells(__global const float *from, int from_pitch, __global float *level,
                           int pitch, int width, int height, float detail, float mono_range2,
                           float surprise) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    int16 lane = x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t plane = (size_t)height * pitch;
    __global float *c = level + (size_t)y * pitch + x;
    float16 guide = vload16(0, c + 4 * plane), a, b, variance, spread;
    predict(from, from_pitch, (width + 1) / 2, (height + 1) / 2, x, y, guide, &a, &b, &variance,
            &spread);
    variance += detail;
    float16 w = vload16(0, c), off = vload16(0, c + 3 * plane) - w * guide;
    float16 share = w / (w + off * off + CF_TRANSFER_TINY);
    w *= share;
    float16 da = share * vload16(0, c + plane) - w * a;
    float16 db = share * vload16(0, c + 2 * plane) - w * b;
    float16 noise = 1.0f / (w + CF_TRANSFER_TINY);
    float16 off0 = da * noise, off1 = db * noise, square = 0.5f * (off0 * off0 + off1 * off1);
    variance += max(square - surprise * (variance + noise), 0.0f);
    float16 gain = variance / (1.0f + variance * w);
    vstore16(a + gain * da, 0, c + plane);
    vstore16(b + gain * db, 0, c + 2 * plane);
    vstore16(select((float16)(0), 1.0f / (gain + CF_TRANSFER_FLOOR), lane < width), 0, c);
    vstore16(0.25f / (mono_range2 + CF_TRANSFER_TEXTURE * vload16(0, c + 5 * plane)), 0,
             c + 5 * plane);
}

/* Chroma and error of 16 pixels from the cells of 2 x 2 and the pixels' own hints. */
__kernel void write_pixels(__global const float *from, int from_pitch, __global const float *mono,
                           int mono_pitch, __global const float *hint, int hint_pitch,
                           __global const float *confidence, int confidence_pitch, int width,
                           int height, __global float *chroma, int chroma_pitch,
                           __global float *error, int error_pitch, float detail,
                           float error_scale) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    int16 good = -1, known = -1;
    __global const float *h = hint + (size_t)y * hint_pitch + x;
    float16 guide = finite_or_zero(vload16(0, mono + (size_t)y * mono_pitch + x), 4, &known);
    float16 h0 = finite_or_zero(vload16(0, h), 100, &good);
    float16 h1 = finite_or_zero(vload16(0, h + (size_t)height * hint_pitch), 100, &good);
    float16 t = vload16(0, confidence + (size_t)y * confidence_pitch + x);
    t = select((float16)(0), min(t, 0.99f), good & (t > 0.0f));
    float16 a, b, variance, spread;
    predict(from, from_pitch, (width + 1) / 2, (height + 1) / 2, x, y, guide, &a, &b, &variance,
            &spread);
    variance += detail;
    float16 doubt = (1.0f - t) * CF_HINT_VARIANCE, inverse = 1.0f / (doubt + variance * t);
    float16 gain = variance * t * inverse;
    __global float *out = chroma + (size_t)y * chroma_pitch + x;
    vstore16(a + gain * (h0 - a), 0, out);
    vstore16(b + gain * (h1 - b), 0, out + (size_t)height * chroma_pitch);
    vstore16(error_scale * sqrt(variance * doubt * inverse + spread), 0,
             error + (size_t)y * error_pitch + x);
}
