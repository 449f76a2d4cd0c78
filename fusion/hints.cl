/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `hints`: one work-item makes 16 neighbouring pixels. */
#include "fusion/chroma.h"

typedef struct {
    float4 spectral;     /* r, g, b, eps */
    float4 noise_a;      /* luma scale, offset; mono scale, offset */
    float4 noise_b;      /* mean of red and blue: scale, offset; registration^2; kept */
    float4 rest;         /* tolerance, tolerance_dark, least; unused */
    float4 inverse_clip; /* r, g, b; unused */
} hints_params;

#define SANE(v) (((v) >= -8.0f) & ((v) <= 8.0f))

static float16 sane(float16 v) {
    return select((float16)(0), v, SANE(v));
}

static float2 sane2(float2 v) {
    return select((float2)(0), v, SANE(v));
}

/* spectral . RGB - m of 16 samples; mono and color point at the first. */
static float16 difference(__global const float *mono, __global const float *color, size_t plane,
                          float4 w) {
    return w.x * sane(vload16(0, color)) + w.y * sane(vload16(0, color + plane)) +
           w.z * sane(vload16(0, color + 2 * plane)) - max(sane(vload16(0, mono)), 0.0f);
}

static float2 difference2(__global const float *mono, __global const float *color, size_t plane,
                          float4 w) {
    return w.x * sane2(vload2(0, color)) + w.y * sane2(vload2(0, color + plane)) +
           w.z * sane2(vload2(0, color + 2 * plane)) - max(sane2(vload2(0, mono)), 0.0f);
}

/* Mean of 5 x 5 around 16 pixels, inside the picture. */
static float16 window_mean(__global const float *mono, int mono_pitch, __global const float *color,
                           int color_pitch, int x, int y, int width, int height, float4 w) {
    size_t plane = (size_t)height * color_pitch;
    float16 mid = 0;
    float2 left = 0, right = 0;
    int first = max(y - 2, 0), last = min(y + 2, height - 1);
    for (int j = first; j <= last; j++) {
        __global const float *m = mono + (size_t)j * mono_pitch + x;
        __global const float *c = color + (size_t)j * color_pitch + x;
        mid += difference(m, c, plane, w);
        if (x > 0)
            left += difference2(m - 2, c - 2, plane, w);
        if (x + 16 < width)
            right += difference2(m + 16, c + 16, plane, w);
    }
    int16 i = x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    mid = select((float16)(0), mid, i < width);
    right = select((float2)(0), right, (int2)(x + 16, x + 17) < width);
    float16 l1 = (float16)(left.y, mid.s0, mid.s12, mid.s3456, mid.s789a, mid.sbcde);
    float16 l2 = (float16)(left, mid.s01, mid.s2345, mid.s6789, mid.sabcd);
    float16 r1 = (float16)(mid.s1234, mid.s5678, mid.s9abc, mid.sdef, right.x);
    float16 r2 = (float16)(mid.s2345, mid.s6789, mid.sabcd, mid.sef, right);
    int16 columns = min(i + 2, width - 1) - max(i - 2, 0) + 1;
    return (l2 + l1 + mid + r1 + r2) / convert_float16(columns * (last - first + 1));
}

/* What noise of this variance does not explain of a difference: all of it where it is far larger.
 */
static float16 unexplained(float16 difference, float16 noise) {
    float16 excess = max(difference * difference - noise, 0.0f);
    return excess / (excess + 0.4f * noise + 1e-9f) * difference;
}

__kernel void hints(__global const float *mono, int mono_pitch, __global const float *color,
                    int color_pitch, __global const float *match, int match_pitch,
                    __global float *hint, int hint_pitch, __global float *confidence,
                    int confidence_pitch, int width, int height, hints_params p) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float16 mean =
        window_mean(mono, mono_pitch, color, color_pitch, x, y, width, height, p.spectral);
    size_t plane = (size_t)height * color_pitch;
    __global const float *c = color + (size_t)y * color_pitch + x;
    float16 r = vload16(0, c), g = vload16(0, c + plane), b = vload16(0, c + 2 * plane);
    float16 m = vload16(0, mono + (size_t)y * mono_pitch + x);
    float16 trust = vload16(0, match + (size_t)y * match_pitch + x);
    int16 good = SANE(m) & SANE(r) & SANE(g) & SANE(b) & (trust >= 0.0f) & (trust <= 1.0f);
    good &= (r != 0.0f) | (g != 0.0f) | (b != 0.0f);
    trust = max(sqrt(trust), p.rest.z);
    m = max(sane(m), 0.0f);
    r = sane(r);
    g = sane(g);
    b = sane(b);
    float16 d = p.spectral.x * r + p.spectral.y * g + p.spectral.z * b - m;
    float16 luma = p.noise_a.x * m + p.noise_a.y, residue = p.noise_a.z * m + p.noise_a.w;
    float16 slack = p.rest.x * m + p.rest.y;
    slack *= slack;
    float16 one = d * d / (luma + residue + 4.0f * slack) * 0.5f;
    float16 many = mean * mean / (0.25f * luma + 0.5f * residue + slack) * 0.5f;
    float16 lean = unexplained(mean, p.noise_b.w * luma + residue);
    lean += unexplained(d - lean, 3.0f * luma);
    float16 denominator = max(m + lean, 0.5f * m);
    float16 scale = 1.0f / (denominator + p.spectral.w);
    float16 v = (p.noise_b.x * m + p.noise_b.y) * scale * scale + p.noise_b.z;
    float16 top = max(max(r * p.inverse_clip.x, g * p.inverse_clip.y), b * p.inverse_clip.z);
    trust *= clamp((1.02f - top) * 25.0f, 0.0f, 1.0f) * CF_HINT_VARIANCE /
             ((1.0f + one * one) * (1.0f + many * many) * (CF_HINT_VARIANCE + v));
    trust = select((float16)(0), trust, good);
    int16 use = trust > 0.0f;
    __global float *h = hint + (size_t)y * hint_pitch + x;
    r = clamp((r - denominator) * scale, -64.0f, 64.0f);
    b = clamp((b - denominator) * scale, -64.0f, 64.0f);
    vstore16(select((float16)(0), r, use), 0, h);
    vstore16(select((float16)(0), b, use), 0, h + (size_t)height * hint_pitch);
    vstore16(trust, 0, confidence + (size_t)y * confidence_pitch + x);
}
