/* SPDX-License-Identifier: Apache-2.0 */
/* Floats to integers, which are floats as well here: towards zero and wrapped into the type's range
 * (span 0: as wide as int64), or whether they are not zero. */

static inline float narrow(float x, float low, float span) {
    float v = x >= -9223372036854775808.0f && x < 9223372036854775808.0f ? trunc(x) : -0x1p63f;
    return span > 0.0f ? v - floor((v - low) / span) * span : v;
}

__kernel void cast(__global const float *restrict from, __global float *restrict to, int count,
                   int chunk, int truth, float low, float span) {
    int first = (int)get_global_id(0) * chunk, last = min(first + chunk, count);
    for (int i = first; i < last; i++)
        to[i] = truth ? (from[i] != 0.0f ? 1.0f : 0.0f) : narrow(from[i], low, span);
}
