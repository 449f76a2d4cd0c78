/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `lab_output`: one work-item makes one pixel. */
#include "fusion/lab_shared.h"

static float finite_or_0(float v) {
    return fabs(v) < 1e6f ? v : 0.0f;
}

/* The planes of a 1 at cell offset; L and ab lie on grids of the same size. */
typedef struct {
    __global const float *lab, *ab;
    int lab_pitch, ab_pitch, width, height;
} grid;

static float4 weigh(const grid *g, int x, int y, float bilinear, float lightness, float edge) {
    x = clamp(x, 0, g->width - 1);
    y = clamp(y, 0, g->height - 1);
    __global const float *ab = g->ab + (size_t)y * g->ab_pitch + x;
    float d = (lightness - finite_or_0(g->lab[(size_t)y * g->lab_pitch + x])) / edge;
    float w = bilinear * (1e-3f + exp(-0.5f * d * d));
    return (float4)(w * cf_lab_bound(finite_or_0(ab[0])),
                    w * cf_lab_bound(finite_or_0(ab[(size_t)g->height * g->ab_pitch])), w, 0.0f);
}

__kernel void lab_output(__global const float *mono, int mono_pitch,
                         __global const float *transferred, int transferred_pitch,
                         __global const float *doubts, int doubt_pitch, __global const float *lab,
                         int lab_pitch, __global const float *ab, int ab_pitch,
                         __global float *chroma, int chroma_pitch, __global float *errors,
                         int error_pitch, int width, int height, int columns, int rows, float edge,
                         int on, float reach, float error, float eps) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    grid g = {lab, ab, lab_pitch, ab_pitch, columns, rows};
    float m = cf_lab_luminance(mono[(size_t)y * mono_pitch + x]);
    float l = cf_lab_lightness(m);
    float u = ((float)x + 0.5f) * ((float)columns / (float)width) - 0.5f, left = floor(u);
    float v = ((float)y + 0.5f) * ((float)rows / (float)height) - 0.5f, top = floor(v);
    int cx = (int)left, cy = (int)top;
    u -= left;
    v -= top;
    float4 sum = weigh(&g, cx, cy, (1.0f - u) * (1.0f - v), l, edge) +
                 weigh(&g, cx + 1, cy, u * (1.0f - v), l, edge) +
                 weigh(&g, cx, cy + 1, (1.0f - u) * v, l, edge) +
                 weigh(&g, cx + 1, cy + 1, u * v, l, edge);
    float own[2] = {sum.x / sum.z, sum.y / sum.z}, c[2];
    cf_lab_to_chroma(m, own, eps, c);
    float doubt = doubts[(size_t)y * doubt_pitch + x];
    float near = doubt < reach ? 1.0f - doubt * doubt / (reach * reach) : 0.0f;
    float follow = near * near;
    for (int k = 0; k < 2; k++) {
        float t = finite_or_0(transferred[((size_t)k * height + y) * transferred_pitch + x]);
        chroma[((size_t)k * height + y) * chroma_pitch + x] =
            on ? c[k] + follow * (t - c[k]) : c[k];
    }
    doubt = near > 0.0f ? doubt : 0.0f;
    errors[(size_t)y * error_pitch + x] = error + follow * (doubt - error);
}
