/* SPDX-License-Identifier: Apache-2.0 */
/* Floats to integers, which are floats as well here: towards zero, or whether they are not zero. */

__kernel void cast(__global const float *restrict from, __global float *restrict to, int count,
                   int chunk, int truth) {
    int first = (int)get_global_id(0) * chunk, last = min(first + chunk, count);
    for (int i = first; i < last; i++)
        to[i] = truth ? (from[i] != 0.0f ? 1.0f : 0.0f) : trunc(from[i]);
}
