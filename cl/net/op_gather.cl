/* SPDX-License-Identifier: Apache-2.0 */
/* Gather: one work-item copies one slice of `inner` elements. */

__kernel void gather(__global const float *restrict data, __global const float *restrict indices,
                     __global float *restrict to, int size, int inner) {
    int i = (int)get_global_id(0), outer = (int)get_global_id(1), i_end = (int)get_global_size(0);
    int index = (int)clamp(indices[i], (float)-size, (float)(size - 1)); /* NaN is the least */
    index = clamp(index < 0 ? index + size : index, 0, size - 1);
    data += ((size_t)outer * size + index) * inner;
    to += ((size_t)outer * i_end + i) * inner;
    int k = 0;
    for (; k + 16 <= inner; k += 16)
        vstore16(vload16(0, data + k), 0, to + k);
    for (; k < inner; k++)
        to[k] = data[k];
}
