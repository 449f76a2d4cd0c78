/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `match_refine`. One work-item refines a block of 8 x 8 pixels: they share their
 * choices, and box sums run over the block. */

#define BASES 9
#define CHOICES (3 * BASES)
#define BLOCK 8

typedef struct {
    int count, shift[CHOICES], margin[CHOICES];
    float disparity[CHOICES], confidence[CHOICES];
} choices;

int rounded(float disparity) {
    return (int)floor(disparity + 0.5f);
}

int find(const choices *c, int shift) {
    for (int i = 0; i < c->count; i++)
        if (c->shift[i] == shift)
            return i;
    return -1;
}

void add(choices *c, float disparity, float confidence, int margin) {
    c->shift[c->count] = rounded(disparity);
    c->disparity[c->count] = disparity;
    c->confidence[c->count] = confidence;
    c->margin[c->count++] = margin;
}

float scaled(float disparity, int level) {
    float d = disparity * (float)level;
    return fabs(d) < 65536 ? d : 0;
}

void add_cells(__global const float *coarse, int coarse_pitch, __global const float *trust,
               int trust_pitch, int2 size, int level, int4 block, int ring, int margin,
               choices *c) {
    for (int y = max(block.y - ring, 0); y <= min(block.w + ring, size.y - 1); y++)
        for (int x = max(block.x - ring, 0); x <= min(block.z + ring, size.x - 1); x++) {
            int inside = x >= block.x && x <= block.z && y >= block.y && y <= block.w;
            float t = trust[(size_t)y * trust_pitch + x];
            if ((ring && inside) || c->count == BASES || !(t > 0))
                continue;
            float d = scaled(coarse[(size_t)y * coarse_pitch + x], level);
            int s = rounded(d), apart = 1;
            for (int i = 0; i < c->count; i++)
                apart &= abs(c->shift[i] - s) > 1;
            if (apart)
                add(c, d, t, margin);
        }
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

/* Sums over 2 radius + 1 lanes from each on; good for lanes 0..7. */
ushort8 box(ushort16 v, int radius) {
    const ushort16 z = (ushort16)0;
    ushort16 two = v + (ushort16)(v.s1234, v.s5678, v.s9abc, v.sde, v.sf, z.s0);
    ushort16 four = two + (ushort16)(two.s2345, two.s6789, two.sabcd, two.sef, z.s01);
    return radius == 2 ? four.lo + (ushort8)(v.s4567, v.s89ab)
                       : four.lo + (ushort8)(two.s4567, two.s89ab) + (ushort8)(v.s6789, v.sabcd);
}

__kernel void refine(__global const uchar *left, int left_pitch, __global const uchar *right,
                     int right_pitch, __global const float *coarse, int coarse_pitch,
                     __global const float *trust, int trust_pitch, int width, int height,
                     int coarse_width, int coarse_height, int level, int radius, int fit, int other,
                     int more, __global float *disparity, int disparity_pitch,
                     __global float *confidence, int confidence_pitch) {
    int x0 = (int)get_global_id(0) * BLOCK, y0 = (int)get_global_id(1) * BLOCK;
    if (x0 >= width || y0 >= height)
        return;
    choices c;
    c.count = 0;
    int2 size = (int2)(coarse_width, coarse_height);
    int4 block = (int4)(x0, y0, x0 + BLOCK - 1, y0 + BLOCK - 1) / level;
    block = min(block, (int4)(size, size) - 1);
    add_cells(coarse, coarse_pitch, trust, trust_pitch, size, level, block, 0, 0, &c);
    add_cells(coarse, coarse_pitch, trust, trust_pitch, size, level, block, 1, other, &c);
    int bases = c.count;
    for (int i = 0; i < bases; i++)
        for (int step = -1; step <= 1; step += 2)
            if (find(&c, c.shift[i] + step) < 0)
                add(&c, (float)(c.shift[i] + step), c.confidence[i], more);

    ushort8 sums[CHOICES][BLOCK], best[BLOCK], winner[BLOCK];
    ushort16 reference[BLOCK + 6], apart[BLOCK + 6];
    for (int k = 0; k < BLOCK; k++)
        winner[k] = (ushort8)0;
    int rows = BLOCK + 2 * radius, n = (2 * radius + 1) * (2 * radius + 1);
    for (int j = 0; j < rows; j++) {
        size_t row = (size_t)clamp(y0 - radius + j, 0, height - 1);
        reference[j] = span(left + row * left_pitch, width, x0 - radius);
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
            ushort8 sum = box(v, radius), cost = sum + (ushort)c.margin[i];
            ushort8 less = i ? best[k] : (ushort8)65535, first = i ? winner[k] : (ushort8)0;
            sums[i][k] = sum;
            winner[k] = select(first, (ushort8)(ushort)i, cost < less);
            best[k] = min(less, cost);
            v -= apart[k];
        }
    }

    ushort8 missing = (ushort8)65535;
    float own[BLOCK], trusted[BLOCK];
    for (int y = y0; y < min(y0 + BLOCK, height); y++) {
        int k = y - y0, cy = min(y / level, coarse_height - 1);
        for (int i = 0; i < BLOCK && (k == 0 || y % level == 0); i++) {
            int cx = min((x0 + i) / level, coarse_width - 1);
            own[i] = scaled(coarse[(size_t)cy * coarse_pitch + cx], level);
            trusted[i] = trust[(size_t)cy * trust_pitch + cx];
        }
        ushort8 here = missing, below = missing, above = missing;
        int8 shift = (int8)0, base = (int8)0;
        float8 chosen = (float8)0, giver = (float8)0;
        for (int i = 0; i < c.count; i++) {
            ushort8 wins = convert_ushort8(winner[k] == (ushort8)(ushort)i);
            int8 wide = convert_int8(winner[k]) == (int8)i;
            int before = find(&c, c.shift[i] - 1), after = find(&c, c.shift[i] + 1);
            here = select(here, sums[i][k], wins);
            below = select(below, before < 0 ? missing : sums[before][k], wins);
            above = select(above, after < 0 ? missing : sums[after][k], wins);
            shift = select(shift, (int8)c.shift[i], wide);
            base = select(base, (int8)(i < bases), wide);
            chosen = select(chosen, (float8)c.disparity[i], wide);
            giver = select(giver, (float8)c.confidence[i], wide);
        }
        float8 mine = vload8(0, own), t = vload8(0, trusted);
        int8 near = abs_diff(convert_int8(floor(mine + 0.5f)), shift) <= (uint8)1;
        float8 d = select(chosen, mine, bases ? near & (base != 0) : (int8)-1);
        int8 low = convert_int8(below), high = convert_int8(above), least = convert_int8(here);
        int8 top = max(low, high) - least;
        int8 bears = (low >= least) & (high >= least) & (10 * top > 3 * n) & (int8)(fit ? -1 : 0);
        bears &= (low < 65535) & (high < 65535);
        float8 fraction = 0.5f * convert_float8(low - high) / convert_float8(top);
        d = select(d, convert_float8(shift) + fraction, bears);
        vstore8(d, 0, disparity + (size_t)y * disparity_pitch + x0);
        t = select(fmin(t, giver), t, bases ? near : (int8)-1);
        vstore8(t, 0, confidence + (size_t)y * confidence_pitch + x0);
    }
}

/* Level 1: nothing to refine. */
__kernel void keep(__global const float *in, int in_pitch, __global float *out, int out_pitch,
                   int width, int height) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x < width && y < height)
        vstore16(vload16(0, in + (size_t)y * in_pitch + x), 0, out + (size_t)y * out_pitch + x);
}
