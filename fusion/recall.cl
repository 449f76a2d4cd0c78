/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `recall`: one work-item corrects 16 neighbouring pixels. */
#include "fusion/lookup.h"
#include "fusion/lookup_cl.h"
#include "fusion/recall_shared.h"

typedef struct {
    float drift2, lasting, inverse_surprise, slack, light, unknown2, scale, guess2;
} recall_params;

/* What is remembered, in pictures of one size: two planes of chroma, error, guide. */
typedef struct {
    __global const float *red, *blue, *error, *guide;
    int width, height, chroma_pitch, error_pitch, guide_pitch;
} memory;

/* The four at 16 places. */
typedef struct {
    float16 red, blue, error, guide;
} recalled;

inline recalled transpose(const float4 *at) {
    float r[16], b[16], e[16], g[16];
    for (int l = 0; l < 16; l++) {
        r[l] = at[l].x;
        b[l] = at[l].y;
        e[l] = at[l].z;
        g[l] = at[l].w;
    }
    recalled v = {vload16(0, r), vload16(0, b), vload16(0, e), vload16(0, g)};
    return v;
}

/* 16 places, their neighbours inside the picture. */
inline recalled fetch_sixteen(const memory *m, const weights *w, float16 qx, float16 qy) {
    int16 ix = convert_int16(qx), iy = convert_int16(qy);
    float16 fx = qx - convert_float16(ix), fy = qy - convert_float16(iy);
    if (all(fx == 0.0f && fy == 0.0f && qx == qx.s0 + LANES16 && qy == qy.s0)) {
        size_t row = (size_t)iy.s0, x = (size_t)ix.s0;
        recalled v = {vload16(0, m->red + row * m->chroma_pitch + x),
                      vload16(0, m->blue + row * m->chroma_pitch + x),
                      vload16(0, m->error + row * m->error_pitch + x),
                      vload16(0, m->guide + row * m->guide_pitch + x)};
        return v;
    }
    int x[16], y[16];
    float tx[16], ty[16];
    float4 at[16];
    vstore16(ix - 1, 0, x);
    vstore16(iy - 1, 0, y);
    vstore16(fx, 0, tx);
    vstore16(fy, 0, ty);
    for (int l = 0; l < 16; l++) {
        float4 wx = weigh(w, tx[l]), wy = weigh(w, ty[l]);
        size_t chroma = (size_t)y[l] * m->chroma_pitch + x[l];
        size_t error = (size_t)y[l] * m->error_pitch + x[l];
        size_t guide = (size_t)y[l] * m->guide_pitch + x[l];
        at[l] = sums(column_sum(m->red + chroma, m->chroma_pitch, wx, wy),
                     column_sum(m->blue + chroma, m->chroma_pitch, wx, wy),
                     column_sum(m->error + error, m->error_pitch, wx, wy),
                     column_sum(m->guide + guide, m->guide_pitch, wx, wy));
    }
    return transpose(at);
}

inline float4 border_sum(__global const float *from, int pitch, int width, int height, int x, int y,
                         float4 wx, const float *wy) {
    float4 sum = 0.0f;
    for (int j = 0; j < 4; j++)
        sum += wy[j] *
               load_clamped(from + (size_t)cf_lookup_clamp(y - 1 + j, height) * pitch, x, width);
    return sum * wx;
}

/* 16 places anywhere; those that are no numbers give 0. */
inline recalled fetch_border(const memory *m, const weights *w, float16 qx, float16 qy) {
    float px[16], py[16];
    float4 at[16];
    vstore16(qx, 0, px);
    vstore16(qy, 0, py);
    for (int l = 0; l < 16; l++) {
        float u, v, wy[4];
        at[l] = 0.0f;
        if (!(fabs(px[l]) < 1e9f && fabs(py[l]) < 1e9f))
            continue;
        int x = cf_lookup_pixel(px[l], m->width, &u), y = cf_lookup_pixel(py[l], m->height, &v);
        float4 wx = weigh(w, u);
        vstore4(weigh(w, v), 0, wy);
        at[l] = sums(border_sum(m->red, m->chroma_pitch, m->width, m->height, x, y, wx, wy),
                     border_sum(m->blue, m->chroma_pitch, m->width, m->height, x, y, wx, wy),
                     border_sum(m->error, m->error_pitch, m->width, m->height, x, y, wx, wy),
                     border_sum(m->guide, m->guide_pitch, m->width, m->height, x, y, wx, wy));
    }
    return transpose(at);
}

inline float16 inside(float16 q, float last) {
    float16 outside = fmax(-q, q - last);
    return clamp(1.0f - 2.0f * outside, 0.0f, 1.0f);
}

inline float16 within(float16 v, float low, float high) {
    return v > low ? fmin(v, high) : (float16)low;
}

__kernel void recall(__global const float *chroma, int chroma_pitch, __global const float *error,
                     int error_pitch, __global const float *last_chroma, int last_chroma_pitch,
                     __global const float *last_error, int last_error_pitch,
                     __global const float *guide, int guide_pitch, __global const float *last_guide,
                     int last_guide_pitch, __global const float *sigma, int sigma_pitch,
                     __global const float *motion, int columns, int rows, int motion_pitch,
                     int width, int height, recall_params p, __global float *out, int out_pitch,
                     __global float *out_error, int out_error_pitch) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    const cf_lookup_map vectors = {motion, columns, rows, motion_pitch,
                                   1.0f / (float)(1 << CF_RECALL_STEP_LOG2)};
    cf_lookup_map rest = vectors;
    rest.nodes += (size_t)2 * rows * motion_pitch;
    const memory m = {last_chroma,
                      last_chroma + (size_t)height * last_chroma_pitch,
                      last_error,
                      last_guide,
                      width,
                      height,
                      last_chroma_pitch,
                      last_error_pitch,
                      last_guide_pitch};
    const weights w = weights_of(CF_LOOKUP_CUBIC);
    float16 qx, qy, shift, share;
    map_sixteen(&vectors, x, y, &qx, &qy);
    map_sixteen(&rest, x, y, &shift, &share);
    qx += (float)x + LANES16;
    qy += (float)y;
    share = within(share, 0.0f, 1.0f) * inside(qx, (float)(width - 1)) *
            inside(qy, (float)(height - 1));
    share = fabs(qx) < 1e9f && fabs(qy) < 1e9f ? share : (float16)0.0f;

    float16 red = vload16(0, chroma + (size_t)y * chroma_pitch + x);
    float16 blue = vload16(0, chroma + (size_t)(y + height) * chroma_pitch + x);
    float16 e = vload16(0, error + (size_t)y * error_pitch + x);
    float16 new_red = red, new_blue = blue, new_e = e;
    if (any(share > 0.0f)) {
        const picture size = {last_guide, width, height, last_guide_pitch, 1};
        recalled v = all_inside(&size, qx, qy) ? fetch_sixteen(&m, &w, qx, qy)
                                               : fetch_border(&m, &w, qx, qy);
        float16 g = vload16(0, guide + (size_t)y * guide_pitch + x);
        float16 s = within(vload16(0, sigma + (size_t)y * sigma_pitch + x), 0.0f, 4.0f);
        float16 slack = p.slack + p.light * within(g, 0.0f, 4.0f);
        float16 d = g - (v.guide + shift);
        float16 q = d * d / ((2.0f * s * s + slack * slack) * CF_RECALL_AGREE);
        q *= q;
        share *= 1.0f / (1.0f + q * q);

        float16 r = e * e, last = v.error < CF_RECALL_MOST ? fmax(v.error, CF_RECALL_LEAST)
                                                           : (float16)CF_RECALL_MOST;
        float16 dr = red - v.red, db = blue - v.blue;
        float16 vivid = fmax(red * red + blue * blue, v.red * v.red + v.blue * v.blue);
        float16 scale = p.scale / (1.0f + CF_RECALL_VIVID * sqrt(vivid));
        float16 apart = scale * scale * (dr * dr + db * db);
        float16 doubt = (1.0f - share) / (share + CF_RECALL_TINY);
        float16 prior = last * last + p.drift2 + p.unknown2 * doubt * doubt;
        float16 known = 1.0f - fmin(r / p.guess2, CF_RECALL_GUESS);
        prior += CF_RECALL_SHOCK * fmax(apart * p.inverse_surprise - r / known - prior, 0.0f);
        float16 lasting = p.lasting * r, news = fmax(prior - lasting, 0.0f);
        float16 gain = news / (news + r - lasting + CF_RECALL_TINY);
        int16 good = share > 0.0f && e >= 0.0f && e < CF_RECALL_MOST && apart < CF_RECALL_APART;
        new_red = good ? v.red + gain * dr : red;
        new_blue = good ? v.blue + gain * db : blue;
        new_e = good ? sqrt(fmin(prior, lasting) + gain * (r - lasting)) : e;
    }
    vstore16(new_red, 0, out + (size_t)y * out_pitch + x);
    vstore16(new_blue, 0, out + (size_t)(y + height) * out_pitch + x);
    vstore16(new_e, 0, out_error + (size_t)y * out_error_pitch + x);
}
