/* SPDX-License-Identifier: Apache-2.0 */
/* Padding, see op_pad.c: lane 0 is the last padded dimension, `unit` elements at each of its
 * places. One work-item: a row of it. */
enum { CONSTANT = 0, REFLECT, EDGE, WRAP };

/* Index into the kept part for i relative to its first; -1: the constant. */
static inline int source_index(int i, int count, int mode) {
    if (i >= 0 && i < count)
        return i;
    if (mode == CONSTANT)
        return -1;
    if (mode == EDGE)
        return i < 0 ? 0 : count - 1;
    int period = mode == REFLECT && count > 1 ? 2 * (count - 1) : count;
    int m = (i % period + period) % period;
    return m < count ? m : period - m;
}

static inline void fill(__global float *to, float value, int unit) {
    int i = 0;
    for (; i + 16 <= unit; i += 16)
        vstore16((float16)(value), 0, to + i);
    for (; i < unit; i++)
        to[i] = value;
}

static inline void copy(__global float *to, __global const float *from, int count) {
    int i = 0;
    for (; i + 16 <= count; i += 16)
        vstore16(vload16(0, from + i), 0, to + i);
    for (; i < count; i++)
        to[i] = from[i];
}

__kernel void pad_rows(__global const float *restrict from, __global float *restrict to, int8 out,
                       int8 count, int8 before, int8 stride, int base, int unit, int mode,
                       float value) {
    int row = (int)get_global_id(0), left = row, at = base, inside = 1;
    int outs[8], counts[8], befores[8], strides[8];
    vstore8(out, 0, outs);
    vstore8(count, 0, counts);
    vstore8(before, 0, befores);
    vstore8(stride, 0, strides);
    for (int d = 1; d < 8; d++) {
        int index = source_index(left % outs[d] - befores[d], counts[d], mode);
        inside = inside && index >= 0;
        at += index * strides[d];
        left /= outs[d];
    }
    to += (size_t)row * out.s0 * unit;
    if (!inside) {
        fill(to, value, out.s0 * unit);
        return;
    }
    from += at;
    int kept = min(count.s0, out.s0 - before.s0);
    for (int x = 0; x < out.s0; x++) {
        if (x == before.s0) { /* the kept part in one piece */
            copy(to + x * unit, from, kept * unit);
            x += kept;
            if (x >= out.s0)
                break;
        }
        int index = source_index(x - before.s0, count.s0, mode);
        if (index < 0)
            fill(to + x * unit, value, unit);
        else
            copy(to + x * unit, from + index * unit, unit);
    }
}
