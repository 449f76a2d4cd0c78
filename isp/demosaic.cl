/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels of stage `demosaic`; see demosaic.h for the method. A work-item makes 16 neighbouring
 * samples. Scratch planes carry PAD mirrored samples on every side, so that only `prepare` knows
 * about borders; what lies in their outermost samples is never used for a result.
 */
#define PAD 8
#define REACH 4     /* steps from a site in each direction over which gradients add up */
#define CURVE 0.75f /* share of the sample's own curvature in the estimate, at detail 1 */
#define LANES (int16)(0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1)

float16 load(__global const float *p, int offset) {
    return vload16(0, p + offset);
}

int mirror(int i, int n) {
    if (i >= 0 && i < n)
        return i;
    if (n == 1)
        return 0;
    int period = 2 * (n - 1);
    i = (i % period + period) % period;
    return i < n ? i : period - i;
}

/* Gains of 16 samples of row y, the first at an even x. first: gains at even and odd x. */
float16 row_gain(int y, float4 gain) {
    float2 g = (y & 1) ? gain.s23 : gain.s01;
    return (float16)(g, g, g, g, g, g, g, g);
}

/* White balance, square roots and mirrored borders. gain: of the four sites. */
__kernel void prepare(__global const float *raw, int raw_pitch, __global float *mosaic, int pitch,
                      int width, int height, float4 gain, float bias) {
    int column = (int)get_global_id(0) * 16;
    int row = (int)get_global_id(1);
    if (column >= pitch || row >= height + 2 * PAD)
        return;
    int x = column - PAD, y = mirror(row - PAD, height);
    __global const float *from = raw + (size_t)y * raw_pitch;
    __global float *to = mosaic + (size_t)row * pitch + column;
    float16 g = row_gain(y, gain);
    if (x >= 0 && x + 16 <= width) {
        vstore16(sqrt(fmax(load(from, x) * g + bias, (float16)0)), 0, to);
        return;
    }
    for (int i = 0; i < 16; i++) {
        int k = mirror(x + i, width);
        to[i] = sqrt(fmax(from[k] * ((k & 1) ? g.s1 : g.s0) + bias, 0.0f));
    }
}

/* Green minus colour along the row and along the column. green: parity of x + y of green sites. */
__kernel void directions(__global const float *mosaic, __global float *along_x,
                         __global float *along_y, int pitch, int height, int green, float detail) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1) + 2;
    if (x >= pitch || y >= height + 2 * PAD - 2)
        return;
    size_t at = (size_t)y * pitch + x;
    __global const float *m = mosaic + at;
    int16 measured = ((LANES ^ (y ^ green)) & 1) == 0;
    float16 sign = measured ? (float16)1 : (float16)-1;
    float curve = CURVE * detail;
    float16 center = (1 - 0.5f * curve) * load(m, 0);
    vstore16(sign * (center - 0.5f * (load(m, -1) + load(m, 1)) +
                     0.25f * curve * (load(m, -2) + load(m, 2))),
             0, along_x + at);
    vstore16(sign * (center - 0.5f * (load(m, -pitch) + load(m, pitch)) +
                     0.25f * curve * (load(m, -2 * pitch) + load(m, 2 * pitch))),
             0, along_y + at);
}

float16 weight(float16 gradient) {
    return 1 / (gradient * gradient);
}

/* Replaces the mosaic by green minus colour at red and blue sites; green sites get values that
 * nobody reads. least: gradient that begins to count. */
__kernel void difference(__global float *mosaic, __global const float *along_x,
                         __global const float *along_y, int pitch, int height, float least,
                         float detail) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1) + PAD - 1;
    if (x >= pitch || y > height + PAD)
        return;
    size_t at = (size_t)y * pitch + x;
    __global const float *h = along_x + at, *v = along_y + at;
    float16 north = 0, south = 0, west = 0, east = 0; /* gradients, then weights */
#pragma unroll
    for (int j = 0; j <= REACH; j++) {
        north += fabs(load(v, (-j - 1) * pitch) - load(v, (-j + 1) * pitch));
        south += fabs(load(v, (j - 1) * pitch) - load(v, (j + 1) * pitch));
        west += fabs(load(h, -j - 1) - load(h, -j + 1));
        east += fabs(load(h, j - 1) - load(h, j + 1));
    }
    float near = 0.25f * detail, far = 0.15f * detail, own = 1 - near - far;
    float16 here = load(v, 0) * own, across = load(h, 0) * own;
    float16 up = here + near * load(v, -pitch) + far * load(v, -2 * pitch);
    float16 down = here + near * load(v, pitch) + far * load(v, 2 * pitch);
    float16 left = across + near * load(h, -1) + far * load(h, -2);
    float16 right = across + near * load(h, 1) + far * load(h, 2);
    north = weight(north + least);
    south = weight(south + least);
    west = weight(west + least);
    east = weight(east + least);
    float16 sum = north * up + south * down + west * left + east * right;
    float16 total = north + south + west + east;
    vstore16(sum / total, 0, mosaic + at);
}

float16 linear(float16 root, float bias) {
    return root * fabs(root) - bias;
}

/* All colours from raw samples and differences. red: x | y << 1 of the red site. */
__kernel void colors(__global const float *raw, int raw_pitch, __global const float *differences,
                     int pitch, __global float *rgb, int rgb_pitch, int width, int height,
                     float4 gain, int red, float bias) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    int red_row = ((y ^ (red >> 1)) & 1) == 0;
    int16 colored = ((LANES ^ (red ^ !red_row)) & 1) == 0;
    __global const float *d = differences + (size_t)(y + PAD) * pitch + x + PAD;
    float16 level = 0.5f * (load(d, -1) + load(d, 1));
    float16 upright = 0.5f * (load(d, -pitch) + load(d, pitch));
    float16 diagonal = 0.25f * (load(d, -pitch - 1) + load(d, -pitch + 1) + load(d, pitch - 1) +
                                load(d, pitch + 1));
    float16 sample = vload16(0, raw + (size_t)y * raw_pitch + x) * row_gain(y, gain);
    float16 root = sqrt(fmax(sample + bias, (float16)0));
    float16 green = colored ? root + load(d, 0) : root;
    float16 same_row = colored ? sample : linear(green - level, bias);
    float16 other_row = linear(green - (colored ? diagonal : upright), bias);
    size_t at = (size_t)y * rgb_pitch + x, plane = (size_t)height * rgb_pitch;
    vstore16(red_row ? same_row : other_row, 0, rgb + at);
    vstore16(colored ? linear(green, bias) : sample, 0, rgb + plane + at);
    vstore16(red_row ? other_row : same_row, 0, rgb + 2 * plane + at);
}
