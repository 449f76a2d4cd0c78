/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMax: one work-item, up to 16 neighbouring places. */

__kernel void argmax(__global const float *restrict from, __global float *restrict to, int size,
                     int inner, int last) {
    int i = (int)get_global_id(0) * 16, outer = (int)get_global_id(1);
    from += (size_t)outer * size * inner + i;
    to += (size_t)outer * inner + i;
    if (i + 16 <= inner) {
        float16 best = vload16(0, from);
        int16 index = 0;
        for (int k = 1; k < size; k++) {
            float16 x = vload16(0, from + (size_t)k * inner);
            int16 larger = last ? x >= best : x > best;
            best = select(best, x, larger);
            index = select(index, (int16)(k), larger);
        }
        vstore16(convert_float16(index), 0, to);
        return;
    }
    for (int j = 0; j < inner - i; j++) {
        float best = from[j];
        int index = 0;
        for (int k = 1; k < size; k++) {
            float x = from[(size_t)k * inner + j];
            int larger = last ? x >= best : x > best;
            best = larger ? x : best;
            index = larger ? k : index;
        }
        to[j] = index;
    }
}
