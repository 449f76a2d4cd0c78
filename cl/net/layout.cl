/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of rank 4 between row-major and channel-blocked layout. One work-item: `run` pixels of 16
 * channels. */
#include "cl/net/transpose16.clh"

__kernel void layout_plain_to_blocked(__global const float *restrict from,
                                      __global float *restrict to, int channels, int pixels,
                                      int run) {
    int first = (int)get_global_id(0) * run, last = min(first + run, pixels);
    int c0 = (int)get_global_id(1) * 16, blocks = (int)get_global_size(1);
    int n = (int)get_global_id(2);
    from += ((size_t)n * channels + c0) * pixels;
    to += ((size_t)n * blocks * 16 + c0) * pixels;
    int p = first;
    for (; p + 16 <= last; p += 16) {
#define LOAD(k, h)                                                                                 \
    float16 v##h = c0 + k < channels ? vload16(0, from + (size_t)k * pixels + p) : (float16)(0);
#define STORE(k, h) vstore16(z##h, p + k, to);
        CF_ALL16(LOAD)
        CF_TRANSPOSE16
        CF_ALL16(STORE)
    }
    for (; p < last; p++)
        for (int k = 0; k < 16; k++)
            to[(size_t)p * 16 + k] = c0 + k < channels ? from[(size_t)k * pixels + p] : 0.0f;
}

__kernel void layout_blocked_to_plain(__global const float *restrict from,
                                      __global float *restrict to, int channels, int pixels,
                                      int run) {
    int first = (int)get_global_id(0) * run, last = min(first + run, pixels);
    int c0 = (int)get_global_id(1) * 16, blocks = (int)get_global_size(1);
    int n = (int)get_global_id(2);
    to += ((size_t)n * channels + c0) * pixels;
    from += ((size_t)n * blocks * 16 + c0) * pixels;
    int p = first;
    for (; p + 16 <= last; p += 16) {
#define LOAD_BLOCK(k, h) float16 v##h = vload16(p + k, from);
#define STORE_PLANE(k, h)                                                                          \
    if (c0 + k < channels)                                                                         \
        vstore16(z##h, 0, to + (size_t)k * pixels + p);
        CF_ALL16(LOAD_BLOCK)
        CF_TRANSPOSE16
        CF_ALL16(STORE_PLANE)
    }
    for (; p < last; p++)
        for (int k = 0; k < 16 && c0 + k < channels; k++)
            to[(size_t)k * pixels + p] = from[(size_t)p * 16 + k];
}
