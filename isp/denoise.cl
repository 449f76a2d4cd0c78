/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels of stage `denoise`. A work-item of `shrink` makes one output tile: vector lanes are
 * neighbouring block positions, 2 columns apart, so every butterfly works on 16 blocks. Vertical
 * transforms are shared by all blocks over a column, both ways.
 */
#ifndef BLOCKS
#define BLOCKS 80 /* positions side by side in a tile, a multiple of 16 */
#endif
#ifndef TILE_H
#define TILE_H 64
#endif
#ifndef WIENER
#define WIENER 0
#endif
#define STEP (WIENER ? 2 : 4)    /* rows between blocks */
#define TILE_W (2 * BLOCKS - 16) /* all columns that BLOCKS positions cover completely */
#define COLS (BLOCKS + 16)       /* columns of one parity */
#define ROW (BLOCKS + 4)         /* pitch of patch: reads run 4 past a tile's last position */

#define A 0.35355339F /* 1/2 cos(k pi/16): A k=4, B 2, C 6, D 1, E 3, F 5, G 7 */
#define B 0.46193977F
#define C 0.19134172F
#define D 0.49039264F
#define E 0.41573481F
#define F 0.27778512F
#define G 0.09754516F

static inline void dct(float16 *v) {
    float16 s0 = v[0] + v[7], s1 = v[1] + v[6], s2 = v[2] + v[5], s3 = v[3] + v[4];
    float16 d0 = v[0] - v[7], d1 = v[1] - v[6], d2 = v[2] - v[5], d3 = v[3] - v[4];
    float16 e0 = s0 + s3, e1 = s1 + s2, f0 = s0 - s3, f1 = s1 - s2;
    v[0] = (e0 + e1) * A;
    v[4] = (e0 - e1) * A;
    v[2] = f0 * B + f1 * C;
    v[6] = f0 * C - f1 * B;
    v[1] = d0 * D + d1 * E + d2 * F + d3 * G;
    v[3] = d0 * E - d1 * G - d2 * D - d3 * F;
    v[5] = d0 * F - d1 * D + d2 * G + d3 * E;
    v[7] = d0 * G - d1 * F + d2 * E - d3 * D;
}

static inline void dct_inverse(float16 *v) {
    float16 e0 = (v[0] + v[4]) * A, e1 = (v[0] - v[4]) * A;
    float16 f0 = v[2] * B + v[6] * C, f1 = v[2] * C - v[6] * B;
    float16 s0 = e0 + f0, s3 = e0 - f0, s1 = e1 + f1, s2 = e1 - f1;
    float16 d0 = v[1] * D + v[3] * E + v[5] * F + v[7] * G;
    float16 d1 = v[1] * E - v[3] * G - v[5] * D - v[7] * F;
    float16 d2 = v[1] * F - v[3] * D + v[5] * G + v[7] * E;
    float16 d3 = v[1] * G - v[3] * F + v[5] * E - v[7] * D;
    v[0] = s0 + d0;
    v[1] = s1 + d1;
    v[2] = s2 + d2;
    v[3] = s3 + d3;
    v[4] = s3 - d3;
    v[5] = s2 - d2;
    v[6] = s1 - d1;
    v[7] = s0 - d0;
}

/* Edge sample repeated; far outside (blocks of tiny pictures) the walk goes back and forth. */
static inline int mirror(int i, int n) {
    int period = 2 * n;
    i = i < 0 ? -1 - i : i;
    i = i < period ? i : i % period;
    return i < n ? i : period - 1 - i;
}

static inline float16 load(__global const float *row, int x, int width) {
    float16 v;
    if (x >= 0 && x + 16 <= width) {
        v = vload16(0, row + x);
    } else {
        float lane[16];
        for (int i = 0; i < 16; i++)
            lane[i] = row[mirror(x + i, width)];
        v = vload16(0, lane);
    }
    return select((float16)(0), v, isless(fabs(v), (float16)(1e18F)));
}

/* Vertical transforms of the 8 rows from y on; columns from x on, even and odd ones apart. */
static inline void transform_columns(__global const float *in, int pitch, int width, int height,
                                     int x, int y, int cols, float *even, float *odd) {
    for (int i = 0; i < cols; i += 16) {
        float16 a[8], b[8];
        for (int j = 0; j < 8; j++) {
            __global const float *row = in + (size_t)mirror(y + j, height) * pitch;
            a[j] = load(row, x + 2 * i, width);
            b[j] = load(row, x + 2 * i + 16, width);
        }
        dct(a);
        dct(b);
        for (int k = 0; k < 8; k++) {
            vstore16((float16)(a[k].even, b[k].even), 0, even + k * COLS + i);
            vstore16((float16)(a[k].odd, b[k].odd), 0, odd + k * COLS + i);
        }
    }
}

/* Horizontal transforms of vertical frequency k for the blocks b..b+15. */
static inline void transform_rows(const float *even, const float *odd, int k, int b, float16 *v) {
    for (int j = 0; j < 4; j++) {
        v[2 * j] = vload16(0, even + k * COLS + b + j);
        v[2 * j + 1] = vload16(0, odd + k * COLS + b + j);
    }
    dct(v);
}

/* Shrinks 16 blocks, transforms them back along rows only, and returns their weights. */
static inline float16 shrink_blocks(const float *even, const float *odd, const float *oracle_even,
                                    const float *oracle_odd, float2 gain_of, int b, float *patch) {
    float16 energy = 0;
    for (int k = 0; k < 8; k++) {
        float16 v[8];
        transform_rows(even, odd, k, b, v);
#if WIENER
        float16 o[8];
        transform_rows(oracle_even, oracle_odd, k, b, o);
#endif
        for (int u = 0; u < 8; u++) {
#if WIENER
            float16 power = o[u] * o[u], gain = power / (power + gain_of.x);
#else
            float16 gain = clamp(fabs(v[u]) * gain_of.x + gain_of.y, 0.0F, 1.0F);
#endif
            gain = k + u ? gain : (float16)(1);
            v[u] *= gain;
            energy += gain * gain;
        }
        dct_inverse(v);
        for (int j = 0; j < 8; j++)
            vstore16(v[j], 0, patch + (k * 8 + j) * ROW + b);
    }
    return 1 / energy;
}

/* Sum over the four blocks that cover a column, each by its weight. */
static inline float16 overlap(const float *patch, const float *weight, int i) {
    float16 sum = 0;
    for (int m = 0; m < 4; m++)
        sum += vload16(0, patch + 2 * m * ROW + i - m) * vload16(0, weight + i - m);
    return sum;
}

/* Adds a row of blocks at y to the rings of sums. phase: 1 where blocks start at odd columns. */
static inline void add_blocks(const float *patch, const float *weight, int blocks, int y, int phase,
                              float (*num)[2][BLOCKS], float (*den)[2][BLOCKS]) {
    for (int q = 0; q < 2; q++) {
        int parity = q ^ phase, first = 4 - phase + (phase & q);
        for (int t = 0; t < blocks; t += 16) {
            int i = t + first;
            float16 v[8];
            for (int k = 0; k < 8; k++)
                v[k] = overlap(patch + (k * 8 + parity) * ROW, weight, i);
            dct_inverse(v);
            for (int j = 0; j < 8; j++) {
                float *sum = num[(y + j) & 7][q] + t;
                vstore16(j < 8 - STEP ? v[j] + vload16(0, sum) : v[j], 0, sum);
            }
            vstore16(vload16(0, weight + i) + vload16(0, weight + i - 1) +
                         vload16(0, weight + i - 2) + vload16(0, weight + i - 3),
                     0, den[(y / STEP) & (8 / STEP - 1)][q] + t);
        }
    }
}

static inline void interleave(__global float *out, int room, float16 even, float16 odd) {
    float16 low, high;
    low.even = even.lo;
    low.odd = odd.lo;
    high.even = even.hi;
    high.odd = odd.hi;
    vstore16(low, 0, out);
    if (room > 16) /* rows are padded to 16, and a tile's width is a multiple of 16 */
        vstore16(high, 0, out + 16);
}

/*
 * One pass over planes of width x height. gain_of: slope and offset of the ramp, or the noise's
 * variance. strength: sigma of the noise.
 */
__kernel void shrink(__global const float *in, int in_pitch, __global const float *oracle,
                     int oracle_pitch, __global float *out, int out_pitch, __global float *sigma,
                     int sigma_pitch, int width, int height, float2 gain_of, float strength) {
    int tx = (int)get_global_id(0) * TILE_W, ty = (int)get_global_id(1) * TILE_H;
    if (tx >= width || ty >= height)
        return;
    size_t rows = (size_t)get_global_id(2) * height;
    float even[8 * COLS], odd[8 * COLS], patch[64 * ROW + 16], weight[ROW + 16];
    float num[8][2][BLOCKS], den[8 / STEP][2][BLOCKS]; /* rings of rows, by column parity */
    float oracle_even[WIENER ? 8 * COLS : 1], oracle_odd[WIENER ? 8 * COLS : 1];
    int y_end = min(ty + TILE_H, height);
    int blocks = min(BLOCKS, ((width - tx) / 2 + 21) / 16 * 16); /* what the picture needs */
    for (int y = (ty + STEP) / STEP * STEP - 8; y < y_end; y += STEP) {
        int phase = ((y + 8) / STEP) & 1, x = tx - 8 + phase;
        transform_columns(in + rows * in_pitch, in_pitch, width, height, x, y, blocks + 16, even,
                          odd);
#if WIENER
        transform_columns(oracle + rows * oracle_pitch, oracle_pitch, width, height, x, y,
                          blocks + 16, oracle_even, oracle_odd);
#endif
        for (int b = 0; b < blocks; b += 16)
            vstore16(shrink_blocks(even, odd, oracle_even, oracle_odd, gain_of, b, patch), 0,
                     weight + b);
        add_blocks(patch, weight, blocks, y, phase, num, den);
        for (int r = max(y, ty); r < min(y + STEP, y_end); r++) /* rows no later block covers */
            for (int t = 0; t < BLOCKS - 8 && tx + 2 * t < width; t += 16) {
                float16 d0 = 0, d1 = 0;
                for (int s = 0; s < 8 / STEP; s++) {
                    d0 += vload16(0, den[s][0] + t);
                    d1 += vload16(0, den[s][1] + t);
                }
                int left = tx + 2 * t, room = min(TILE_W - 2 * t, width - left);
                interleave(out + (rows + r) * out_pitch + left, room,
                           vload16(0, num[r & 7][0] + t) / d0, vload16(0, num[r & 7][1] + t) / d1);
#if WIENER
                interleave(sigma + (rows + r) * sigma_pitch + left, room,
                           strength * sqrt(0.75F / (d0 + 0.5F)),
                           strength * sqrt(0.75F / (d1 + 0.5F)));
#endif
            }
    }
}

/* 16 coarse samples: twice the mean of 2x2; with `less` 1, what `out` holds minus that. */
__kernel void halve(__global const float *in, int in_pitch, int width, int height,
                    __global float *out, int out_pitch, int less) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (2 * x >= width || 2 * y >= height)
        return;
    size_t plane = get_global_id(2);
    __global const float *top = in + (plane * height + 2 * y) * in_pitch;
    __global const float *bottom = 2 * y + 1 < height ? top + in_pitch : top;
    float16 a = load(top, 2 * x, width) + load(bottom, 2 * x, width);
    float16 b = load(top, 2 * x + 16, width) + load(bottom, 2 * x + 16, width);
    float16 v = 0.5F * ((float16)(a.even, b.even) + (float16)(a.odd, b.odd));
    __global float *to = out + (plane * ((height + 1) / 2) + y) * out_pitch + x;
    vstore16(less ? vload16(0, to) - v : v, 0, to);
}

/* Adds the coarse picture, put back bilinearly, times share, to two rows of 32 samples. */
__kernel void lift(__global const float *coarse, int coarse_pitch, int width, int height,
                   __global float *io, int pitch, float share) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (2 * x >= width || 2 * y >= height)
        return;
    size_t plane = get_global_id(2);
    int w = (width + 1) / 2, h = (height + 1) / 2;
    __global const float *near = coarse + (plane * h + y) * coarse_pitch;
    for (int row = 0; row < 2 && 2 * y + row < height; row++) {
        int beyond = clamp(y + 2 * row - 1, 0, h - 1);
        __global const float *far = coarse + (plane * h + beyond) * coarse_pitch;
        float16 v[3]; /* blended rows at x-1, x, x+1 */
        for (int i = 0; i < 3; i++)
            v[i] = share * (0.75F * load(near, x + i - 1, w) + 0.25F * load(far, x + i - 1, w));
        float16 even = 0.75F * v[1] + 0.25F * v[0], odd = 0.75F * v[1] + 0.25F * v[2];
        __global float *to = io + (plane * height + 2 * y + row) * pitch + 2 * x;
        float16 a = vload16(0, to), b = 0;
        if (2 * x + 16 < width)
            b = vload16(1, to);
        interleave(to, width - 2 * x, even + (float16)(a.even, b.even),
                   odd + (float16)(a.odd, b.odd));
    }
}
