/* SPDX-License-Identifier: Apache-2.0 */
/* What a convolution by a library's matrix product needs around it: the input's pixels as columns
 * of a matrix, and bias, epilogue and layout behind. */
#include "cl/net/post.clh"

#ifndef IN_PLAIN /* 1: the input's layout is plain, else blocked */
#define IN_PLAIN 0
#endif
#ifndef OUT_PLAIN
#define OUT_PLAIN 0
#endif

/* columns[input channel][ky][kx][output pixel] of picture n. */
__kernel void conv_columns(__global const float *restrict in, __global float *restrict columns,
                           int n, int ic, int ih, int iw, int oh, int ow, int kh, int kw, int sy,
                           int sx, int dy, int dx, int pad_y, int pad_x) {
    int p = get_global_id(0), r = get_global_id(1), c = r / (kh * kw), tap = r % (kh * kw);
    int y = p / ow * sy - pad_y + tap / kw * dy, x = p % ow * sx - pad_x + tap % kw * dx;
    float value = 0.0f;
    if (y >= 0 && y < ih && x >= 0 && x < iw) {
        size_t pixel = (size_t)y * iw + x;
        value =
            IN_PLAIN
                ? in[((size_t)n * ic + c) * ih * iw + pixel]
                : in[((((size_t)n * ((ic + 15) / 16) + c / 16) * ih * iw) + pixel) * 16 + c % 16];
    }
    columns[(size_t)r * oh * ow + p] = value;
}

/* product[output channel][pixel] of picture n. A work-item: one pixel of 16 channels. */
__kernel void conv_finish(__global const float *restrict product,
                          __global const float *restrict bias, __global float *restrict out, int n,
                          int oc, int pixels, CF_POST_ARGS) {
    int p = get_global_id(0), cb = get_global_id(1), blocks = (oc + 15) / 16;
    float v[16];
    for (int k = 0; k < 16; k++) {
        int c = cb * 16 + k;
        v[k] = c < oc ? product[(size_t)c * pixels + p] + bias[c] : 0.0f;
    }
#if OUT_PLAIN
    for (int k = 0; k < min(16, oc - cb * 16); k++) {
        size_t i = ((size_t)n * oc + cb * 16 + k) * pixels + p;
        out[i] = cf_post1(v[k], cb * 16 + k, blocks, i, CF_POST_PASS);
    }
#else
    size_t i = ((size_t)n * blocks + cb) * pixels + p;
    ((__global float16 *)out)[i] = cf_post16(vload16(0, v), cb, blocks, i, CF_POST_PASS);
#endif
}
