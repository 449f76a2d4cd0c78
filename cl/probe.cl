/* SPDX-License-Identifier: Apache-2.0 */
/* A plain copy and a plain multiply-add kernel. */

__kernel void probe_copy(__global const float16 *from, __global float16 *to) {
    size_t i = get_global_id(0);
    to[i] = from[i];
}

/* 12 independent chains of 16 lanes hide the latency of the multiply-add. */
__kernel void probe_mad(__global float16 *out, float a, float b, int rounds) {
    float16 x[12];
    for (int k = 0; k < 12; k++)
        x[k] = (float16)(a + k);
    for (int i = 0; i < rounds; i++)
        for (int k = 0; k < 12; k++)
            x[k] = mad(x[k], (float16)(a), (float16)(b));
    float16 sum = 0;
    for (int k = 0; k < 12; k++)
        sum += x[k];
    out[get_global_id(0)] = sum;
}
