/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `match_search`. Each view in turn is the reference. Entry e of the costs of its
 * pixel x compares it with pixel x + offset + e of the other view. */

#define LONGEST 256 /* disparities */
#define SPAN 64     /* pixels of a row that one work-item of `costs` makes */
#define TALL 32     /* rows of the same */
#define STRIP 8     /* columns of one work-item of `columns` */

/* For stores: PoCL takes vstore16 of integers apart. */
typedef ushort16 loose16 __attribute__((aligned(2)));

/* 16 pixels of a row from x on, the row continued on both sides. */
ushort16 span(__global const uchar *row, int width, int x) {
    if (x >= 0 && x + 16 <= width)
        return convert_ushort16(vload16(0, row + x));
    uchar v[16];
    for (int i = 0; i < 16; i++)
        v[i] = row[clamp(x + i, 0, width - 1)];
    return convert_ushort16(vload16(0, v));
}

/* Low and high end of 16 pixels' spans (side 1; side 0: the pixel twice) and their census words, as
 * three planes of rows that are continued by pad pixels to the left and up to total. */
__kernel void features(__global const uchar *in, int pitch, int width, int height, int side,
                       int pad, int total, __global ushort *out) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    __global const uchar *row = in + (size_t)y * pitch;
    ushort16 v = span(row, width, x), word = (ushort16)0;
    ushort16 a = (v + span(row, width, x - side) + (ushort)1) / (ushort)2;
    ushort16 b = (v + span(row, width, x + side) + (ushort)1) / (ushort)2;
    for (int j = -2; j <= 2; j++) {
        __global const uchar *other = in + (size_t)clamp(y + j, 0, height - 1) * pitch;
        for (int k = -3 + (j + 3 & 1); k <= 3; k += 2)
            if (j || k)
                word = word + word + (v < span(other, width, x + k) ? (ushort16)1 : (ushort16)0);
    }
    size_t plane = (size_t)total * height;
    __global ushort *at = out + (size_t)y * total + pad + x;
    *(__global loose16 *)at = min(v, min(a, b));
    *(__global loose16 *)(at + plane) = max(v, max(a, b));
    *(__global loose16 *)(at + 2 * plane) = word;
    for (int k = 0; k < 3; k++) {
        __global ushort *first = out + k * plane + (size_t)y * total;
        for (int i = 0; x == 0 && i < pad; i++)
            first[i] = first[pad];
        for (int i = pad + width; x + 16 >= width && i < total; i++)
            first[i] = first[pad + width - 1];
    }
}

ushort16 bits(ushort16 w) {
    w -= (w >> (ushort16)1) & (ushort16)0x5555;
    w = (w & (ushort16)0x3333) + ((w >> (ushort16)2) & (ushort16)0x3333);
    w = (w + (w >> (ushort16)4)) & (ushort16)0x0f0f;
    return (w + (w >> (ushort16)8)) & (ushort16)0x1f;
}

/* 16 entries of SPAN x TALL pixels: box means of the pair costs. The pairs of the last rows stay in
 * a ring, columns are running sums over it, and boxes running sums over columns. left is the
 * reference, right the other view. */
__kernel void costs(__global const ushort *left, int left_total, __global const ushort *right,
                    int right_total, int pad, int width, int height, int count, int offset,
                    int radius, int truncate, int outside, __global uchar *cost) {
    int e = (int)get_global_id(0) * 16, x0 = (int)get_global_id(1) * SPAN;
    int y0 = (int)get_global_id(2) * TALL, n = 2 * radius + 1, slot = 0;
    if (e >= count || x0 >= width || y0 >= height)
        return;
    size_t lp = (size_t)left_total * height, rp = (size_t)right_total * height;
    int stride = (count + 15) / 16 * 16, wide = min(SPAN, width - x0) + 2 * radius;
    uchar16 ring[5 * (SPAN + 4)];
    ushort16 column[SPAN + 4], scale = (ushort16)(ushort)(65536 / (n * n) + 1);
    int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) + e + offset;
    for (int i = 0; i < wide; i++)
        column[i] = (ushort16)0;
    for (int i = 0; i < n * (SPAN + 4); i++)
        ring[i] = (uchar16)0;
    for (int y = y0 - radius; y < min(y0 + TALL, height) + radius; y++) {
        size_t row = (size_t)clamp(y, 0, height - 1);
        __global const ushort *l = left + row * left_total + x0;
        __global const ushort *r = right + row * right_total + pad + offset + x0 - radius + e;
        ushort16 sum = (ushort16)(ushort)(n * n / 2);
        uchar16 *old = ring + slot * (SPAN + 4);
        for (int i = 0; i < wide; i++) {
            ushort16 v = (ushort16)l[i], low = vload16(0, r + i), high = vload16(0, r + i + rp);
            ushort16 apart = max(max(v, high) - high, max(v, low) - v);
            ushort16 h = bits((ushort16)l[i + 2 * lp] ^ vload16(0, r + i + 2 * rp));
            ushort16 pair = min(apart, (ushort16)(ushort)truncate) + h + (h >> (ushort16)2);
            column[i] += pair - convert_ushort16(old[i]);
            old[i] = convert_uchar16(pair);
            sum += column[i] - (i < n ? (ushort16)0 : column[i - n]);
            int x = x0 + i - 2 * radius;
            if (y < y0 + radius || x < x0)
                continue;
            int16 other = lane + x, inside = (other >= 0) & (other < width);
            int16 mean = convert_int16(mul_hi(sum, scale));
            *(__global uchar16 *)(cost + ((size_t)(y - radius) * width + x) * stride + e) =
                convert_uchar16(select((int16)outside, mean, inside));
        }
        slot = slot + 1 == n ? 0 : slot + 1;
    }
}

ushort least(ushort16 v) {
    ushort8 a = min(v.lo, v.hi);
    ushort4 b = min(a.lo, a.hi);
    ushort2 c = min(b.lo, b.hi);
    return min(c.x, c.y);
}

/* One pixel of a path; returns the least of its costs, which replace those of the pixel before. */
ushort advance(ushort16 *path, __global const uchar *cost, __global ushort16 *sum, int chunks,
               ushort16 tail, ushort p1, ushort p2, ushort best, int fresh) {
    ushort16 lowest = (ushort16)65535, own = path[0], before = (ushort16)0x7fff;
    for (int c = 0; c < chunks; c++) {
        ushort16 next = c + 1 < chunks ? path[c + 1] : (ushort16)0x7fff;
        ushort16 down = (ushort16)(before.sf, own.s0123, own.s4567, own.s89ab, own.sc, own.sde);
        ushort16 up = (ushort16)(own.s1234, own.s5678, own.s9abc, own.sde, own.sf, next.s0);
        ushort16 v = min(min(own, min(down, up) + p1), (ushort16)(ushort)(best + p2)) - best;
        v += convert_ushort16(vload16(c, cost));
        v |= c + 1 == chunks ? tail : (ushort16)0;
        lowest = min(lowest, v);
        path[c] = v;
        sum[c] = fresh ? v : v + sum[c];
        before = own;
        own = next;
    }
    return least(lowest);
}

ushort jump(int p2, int p2_min, uchar a, uchar b) {
    return (ushort)max(p2 * 20 / (20 + (int)abs_diff(a, b)), p2_min);
}

ushort16 tail_mask(int count) {
    int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return convert_ushort16((lane >= 16 - (-count & 15)) & 0x7fff);
}

/* Both directions along a row. The first pass writes the sums. */
__kernel void rows(__global const uchar *left, int pitch, int width, int height, int count, int p1,
                   int p2, int p2_min, __global const uchar *cost, __global ushort16 *sum) {
    int y = (int)get_global_id(0), chunks = (count + 15) / 16;
    if (y >= height)
        return;
    ushort16 path[LONGEST / 16], tail = tail_mask(count);
    for (int back = 0; back < 2; back++) {
        ushort best = 0;
        for (int c = 0; c < chunks; c++)
            path[c] = (ushort16)0;
        for (int i = 0; i < width; i++) {
            int x = back ? width - 1 - i : i, from = i ? (back ? x + 1 : x - 1) : x;
            __global const uchar *row = left + (size_t)y * pitch;
            size_t here = ((size_t)y * width + x) * chunks;
            ushort p = jump(p2, p2_min, row[x], row[from]);
            best = advance(path, cost + here * 16, sum + here, chunks, tail, (ushort)p1, p, best,
                           !back);
        }
    }
}

/* Both directions along a strip of columns; they are independent, but neighbours in memory. */
__kernel void columns(__global const uchar *left, int pitch, int width, int height, int count,
                      int p1, int p2, int p2_min, __global const uchar *cost,
                      __global ushort16 *sum) {
    int x0 = (int)get_global_id(0) * STRIP, chunks = (count + 15) / 16;
    if (x0 >= width)
        return;
    ushort16 path[STRIP][LONGEST / 16], tail = tail_mask(count);
    ushort best[STRIP];
    for (int back = 0; back < 2; back++) {
        for (int k = 0; k < STRIP; k++) {
            best[k] = 0;
            for (int c = 0; c < chunks; c++)
                path[k][c] = (ushort16)0;
        }
        for (int i = 0; i < height; i++) {
            int y = back ? height - 1 - i : i, from = i ? (back ? y + 1 : y - 1) : y;
            for (int k = 0; k < STRIP && x0 + k < width; k++) {
                size_t here = ((size_t)y * width + x0 + k) * chunks;
                ushort p = jump(p2, p2_min, left[(size_t)y * pitch + x0 + k],
                                left[(size_t)from * pitch + x0 + k]);
                best[k] = advance(path[k], cost + here * 16, sum + here, chunks, tail, (ushort)p1,
                                  p, best[k], 0);
            }
        }
    }
}

/* Winners of one row: disparity = first + sign * (entry + fraction). */
__kernel void choose(__global const ushort *sum, int width, int height, int count, int first,
                     int sign, __global float *disparity, int pitch) {
    int y = (int)get_global_id(0), stride = (count + 15) / 16 * 16;
    if (y >= height)
        return;
    ushort16 lane = (ushort16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int x = 0; x < width; x++) {
        __global const ushort *s = sum + ((size_t)y * width + x) * stride;
        ushort16 low = (ushort16)65535, at = (ushort16)0;
        for (int e = 0; e < stride; e += 16) {
            ushort16 index = lane + (ushort)e, v = vload16(0, s + e);
            v = select(v, (ushort16)65535, index >= (ushort16)(ushort)count);
            at = select(at, index, v < low);
            low = min(low, v);
        }
        ushort m = least(low);
        int b = least(select((ushort16)65535, at, low == (ushort16)m));
        float fraction = 0;
        if (b > 0 && b + 1 < count) {
            int before = s[b - 1] - m, after = s[b + 1] - m, top = max(before, after);
            fraction = top ? 0.5f * (float)(before - after) / (float)top : 0;
        }
        disparity[(size_t)y * pitch + x] = (float)(first + sign * b) + (float)sign * fraction;
    }
}
