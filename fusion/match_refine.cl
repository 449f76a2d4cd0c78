/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `match_refine`. One work-item refines a block of at most 8 x 8 pixels of one
 * coarse pixel: they share their choices, and box sums run over the block. */

#define CHOICES 27
#define BLOCK 8
#define ROWS (BLOCK + 6)

typedef struct {
    int count, shift[CHOICES], margin[CHOICES];
    float disparity[CHOICES], confidence[CHOICES];
} choices;

int find(const choices *c, int shift) {
    for (int i = 0; i < c->count; i++)
        if (c->shift[i] == shift)
            return i;
    return -1;
}

void add(choices *c, float disparity, float confidence, int margin) {
    float bounded = fabs(disparity) < 65536 ? disparity : 0;
    int shift = (int)floor(bounded + 0.5f);
    if (find(c, shift) >= 0)
        return;
    c->shift[c->count] = shift;
    c->disparity[c->count] = bounded;
    c->confidence[c->count] = confidence;
    c->margin[c->count++] = margin;
}

/* 16 pixels of a row from x on, the row continued on both sides. */
ushort16 span(__global const uchar *row, int width, int x) {
    if (x >= 0 && x + 16 <= width)
        return convert_ushort16(vload16(0, row + x));
    uchar v[16];
    for (int i = 0; i < 16; i++)
        v[i] = row[clamp(x + i, 0, width - 1)];
    return convert_ushort16(vload16(0, v));
}

ushort16 later(ushort16 v, int by) {
    const ushort16 z = (ushort16)0;
    return by == 1   ? (ushort16)(v.s1234, v.s5678, v.s9abc, v.sde, v.sf, z.s0)
           : by == 2 ? (ushort16)(v.s2345, v.s6789, v.sabcd, v.sef, z.s01)
                     : (ushort16)(v.s4567, v.s89ab, v.scdef, z.s0123);
}

/* Sums over 2 radius + 1 lanes from each on. */
ushort16 box(ushort16 v, int radius) {
    ushort16 two = v + later(v, 1), four = two + later(two, 2);
    return radius == 2 ? four + later(v, 4) : four + later(two, 4) + later(later(v, 2), 4);
}

float bilinear(__global const float *in, int pitch, int width, int height, int level, int x,
               int y) {
    float fx = ((float)x + 0.5f) / (float)level - 0.5f;
    float fy = ((float)y + 0.5f) / (float)level - 0.5f;
    int x0 = (int)floor(fx), y0 = (int)floor(fy);
    int left = clamp(x0, 0, width - 1), right = clamp(x0 + 1, 0, width - 1);
    __global const float *top = in + (size_t)clamp(y0, 0, height - 1) * pitch;
    __global const float *bottom = in + (size_t)clamp(y0 + 1, 0, height - 1) * pitch;
    float u = fx - (float)x0, v = fy - (float)y0;
    float a = top[left] + u * (top[right] - top[left]);
    float b = bottom[left] + u * (bottom[right] - bottom[left]);
    return a + v * (b - a);
}

__kernel void refine(__global const uchar *left, int left_pitch, __global const uchar *right,
                     int right_pitch, __global const float *coarse, int coarse_pitch,
                     __global const float *trust, int trust_pitch, int width, int height,
                     int coarse_width, int coarse_height, int level, int block, int radius, int fit,
                     int other, int more, __global float *disparity, int disparity_pitch,
                     __global float *confidence, int confidence_pitch) {
    int x0 = (int)get_global_id(0) * block, y0 = (int)get_global_id(1) * block;
    if (x0 >= width || y0 >= height)
        return;
    choices c;
    c.count = 0;
    for (int t = 0; t < 9; t++) {
        int k = t == 0 ? 4 : t <= 4 ? t - 1 : t;
        int cx = clamp(x0 / level + k % 3 - 1, 0, coarse_width - 1);
        int cy = clamp(y0 / level + k / 3 - 1, 0, coarse_height - 1);
        add(&c, coarse[(size_t)cy * coarse_pitch + cx] * (float)level,
            trust[(size_t)cy * trust_pitch + cx], t ? other : 0);
    }
    for (int i = 0, own = c.count; i < own; i++) {
        add(&c, (float)(c.shift[i] - 1), c.confidence[i], more);
        add(&c, (float)(c.shift[i] + 1), c.confidence[i], more);
    }
    ushort16 sums[CHOICES * BLOCK], best[BLOCK], winner[BLOCK], reference[ROWS], apart[ROWS];
    int rows = block + 2 * radius, n = (2 * radius + 1) * (2 * radius + 1);
    for (int j = 0; j < rows; j++) {
        size_t row = (size_t)clamp(y0 - radius + j, 0, height - 1);
        reference[j] = span(left + row * left_pitch, width, x0 - radius);
    }
    for (int j = 0; j < block; j++) {
        best[j] = (ushort16)65535;
        winner[j] = (ushort16)0;
    }
    for (int i = 0; i < c.count; i++) {
        ushort16 v = (ushort16)0;
        for (int j = 0; j < rows; j++) {
            size_t row = (size_t)clamp(y0 - radius + j, 0, height - 1);
            ushort16 l = reference[j];
            ushort16 r = span(right + row * right_pitch, width, x0 - radius - c.shift[i]);
            apart[j] = min(max(l, r) - min(l, r), (ushort16)60);
            v += apart[j];
            if (j < 2 * radius)
                continue;
            int k = j - 2 * radius;
            ushort16 sum = box(v, radius), cost = sum + (ushort)c.margin[i];
            sums[i * BLOCK + k] = sum;
            winner[k] = select(winner[k], (ushort16)(ushort)i, cost < best[k]);
            best[k] = min(best[k], cost);
            v -= apart[k];
        }
    }
    for (int j = 0; j < block && y0 + j < height; j++)
        for (int k = 0; k < block && x0 + k < width; k++) {
            const ushort *sum = (const ushort *)sums + j * 16 + k;
            int w = ((const ushort *)winner)[j * 16 + k], shift = c.shift[w];
            int before = find(&c, shift - 1), after = find(&c, shift + 1);
            float d = c.disparity[w];
            if (fit && before >= 0 && after >= 0) {
                int a = sum[before * BLOCK * 16] - sum[w * BLOCK * 16];
                int b = sum[after * BLOCK * 16] - sum[w * BLOCK * 16], top = max(a, b);
                if (a >= 0 && b >= 0 && 10 * top > 3 * n)
                    d = (float)shift + 0.5f * (float)(a - b) / (float)top;
            }
            int x = x0 + k, y = y0 + j;
            disparity[(size_t)y * disparity_pitch + x] = d;
            float t = bilinear(trust, trust_pitch, coarse_width, coarse_height, level, x, y);
            confidence[(size_t)y * confidence_pitch + x] = fmin(c.confidence[w], t);
        }
}

/* Level 1: nothing to refine. */
__kernel void keep(__global const float *in, int in_pitch, __global float *out, int out_pitch,
                   int width, int height) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x < width && y < height)
        vstore16(vload16(0, in + (size_t)y * in_pitch + x), 0, out + (size_t)y * out_pitch + x);
}
