/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernels of `resample` and `fetch` share beside fusion/lookup.h; OpenCL only. Sixteen
 * pixels of a row go together; where all their neighbours lie inside the picture nothing is
 * clamped.
 */
#ifndef CHROMAFUSE_FUSION_LOOKUP_CL_H
#define CHROMAFUSE_FUSION_LOOKUP_CL_H

#define LANES16 (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define LANES8 (float8)(0, 1, 2, 3, 4, 5, 6, 7)

/* A picture of several planes. */
typedef struct {
    __global const float *data;
    int width, height, pitch, planes;
} picture;

/* The polynomials of the interpolation weights, chosen once. */
typedef struct {
    int kind;
    float4 c3, c2, c1, c0;
} weights;

inline weights weights_of(int kind) {
    const float cubic[4][4] = CF_LOOKUP_CUBIC_WEIGHTS, linear[4][4] = CF_LOOKUP_LINEAR_WEIGHTS;
    int is_cubic = kind == CF_LOOKUP_CUBIC;
    weights w = {kind, is_cubic ? vload4(0, cubic[0]) : vload4(0, linear[0]),
                 is_cubic ? vload4(0, cubic[1]) : vload4(0, linear[1]),
                 is_cubic ? vload4(0, cubic[2]) : vload4(0, linear[2]),
                 is_cubic ? vload4(0, cubic[3]) : vload4(0, linear[3])};
    return w;
}

/* Of a fraction that went through cf_lookup_fraction. */
inline float4 weigh(const weights *w, float t) {
    float4 v = (float4)t;
    return fma(fma(fma(w->c3, v, w->c2), v, w->c1), v, w->c0);
}

/* Coordinates of 8 pixels from x on, a multiple of 8, which share a cell; like cf_lookup_at. */
inline void map_eight(const cf_lookup_map *map, int x, int y, float8 *qx, float8 *qy) {
    float first, v;
    int c = cf_lookup_cell((float)x, map->per_step, map->columns, &first);
    int r = cf_lookup_cell((float)y, map->per_step, map->rows, &v);
    int right = c + 1 < map->columns, down = r + 1 < map->rows ? map->pitch : 0;
    __global const float *n = map->nodes + r * map->pitch + c;
    __global const float *m = n + map->rows * map->pitch;
    float8 u = first + LANES8 * map->per_step;
    float8 top = n[0] + u * (n[right] - n[0]);
    float8 bottom = n[down] + u * (n[down + right] - n[down]);
    *qx = top + v * (bottom - top);
    top = m[0] + u * (m[right] - m[0]);
    bottom = m[down] + u * (m[down + right] - m[down]);
    *qy = top + v * (bottom - top);
}

/* The same for 16. */
inline void map_sixteen(const cf_lookup_map *map, int x, int y, float16 *qx, float16 *qy) {
    float8 x0, x1, y0, y1;
    map_eight(map, x, y, &x0, &y0);
    map_eight(map, x + 8, y, &x1, &y1);
    *qx = (float16)(x0, x1);
    *qy = (float16)(y0, y1);
}

/* 1 when the 16 pixels around each position lie inside the picture; not for NaN. */
inline int all_inside(const picture *p, float16 qx, float16 qy) {
    return all(qx >= 1.0f && qx < (float)(p->width - 2) && qy >= 1.0f &&
               qy < (float)(p->height - 2));
}

/* The sums of four vectors' elements. */
inline float4 sums(float4 a, float4 b, float4 c, float4 d) {
    float4 ab = (float4)(a.xz, b.xz) + (float4)(a.yw, b.yw);
    float4 cd = (float4)(c.xz, d.xz) + (float4)(c.yw, d.yw);
    return (float4)(ab.xz, cd.xz) + (float4)(ab.yw, cd.yw);
}

inline float4 column_sum(__global const float *from, int pitch, float4 wx, float4 wy) {
    float4 sum = wy.x * vload4(0, from);
    sum = fma((float4)wy.y, vload4(0, from + pitch), sum);
    sum = fma((float4)wy.z, vload4(0, from + 2 * pitch), sum);
    return fma((float4)wy.w, vload4(0, from + 3 * pitch), sum) * wx;
}

/*
 * All planes at 16 positions for which all_inside holds. Positions on pixel rows, as aligned
 * cameras give them, need one row each; neighbouring whole positions are copied.
 */
inline void sample_sixteen(const picture *p, const weights *w, float16 qx, float16 qy,
                           __global float *out, size_t out_plane) {
    int16 ix = convert_int16(qx), iy = convert_int16(qy);
    float16 fx = qx - convert_float16(ix), fy = qy - convert_float16(iy);
    if (w->kind == CF_LOOKUP_NEAREST) {
        fx = fx < 0.5f ? (float16)0.0f : (float16)1.0f;
        fy = fy < 0.5f ? (float16)0.0f : (float16)1.0f;
    }
    size_t plane = (size_t)p->pitch * p->height;
    int o[16], flat = all(fy == 0.0f);
    float tx[16], ty[16];
    if (flat && all(fx == 0.0f && qx == qx.s0 + LANES16 && qy == qy.s0)) {
        for (int i = 0; i < p->planes; i++)
            vstore16(vload16(0, p->data + i * plane + (size_t)iy.s0 * p->pitch + ix.s0), 0,
                     out + i * out_plane);
        return;
    }
    vstore16((flat ? iy : iy - 1) * p->pitch + ix - 1, 0, o);
    vstore16(fx, 0, tx);
    vstore16(fy, 0, ty);
    for (int l = 0; l < 16; l += 4) {
        float4 x0 = weigh(w, tx[l]), x1 = weigh(w, tx[l + 1]);
        float4 x2 = weigh(w, tx[l + 2]), x3 = weigh(w, tx[l + 3]);
        __global const float *from = p->data;
        if (flat) {
            for (int i = 0; i < p->planes; i++, from += plane)
                vstore4(sums(x0 * vload4(0, from + o[l]), x1 * vload4(0, from + o[l + 1]),
                             x2 * vload4(0, from + o[l + 2]), x3 * vload4(0, from + o[l + 3])),
                        0, out + i * out_plane + l);
            continue;
        }
        float4 y0 = weigh(w, ty[l]), y1 = weigh(w, ty[l + 1]);
        float4 y2 = weigh(w, ty[l + 2]), y3 = weigh(w, ty[l + 3]);
        for (int i = 0; i < p->planes; i++, from += plane)
            vstore4(sums(column_sum(from + o[l], p->pitch, x0, y0),
                         column_sum(from + o[l + 1], p->pitch, x1, y1),
                         column_sum(from + o[l + 2], p->pitch, x2, y2),
                         column_sum(from + o[l + 3], p->pitch, x3, y3)),
                    0, out + i * out_plane + l);
    }
}

inline float4 load_clamped(__global const float *row, int x, int width) {
    return (float4)(row[cf_lookup_clamp(x - 1, width)], row[cf_lookup_clamp(x, width)],
                    row[cf_lookup_clamp(x + 1, width)], row[cf_lookup_clamp(x + 2, width)]);
}

/* Adds share of all planes at one position anywhere to out; returns how much inside it is. */
inline float sample_one(const picture *p, const weights *w, float qx, float qy, float share,
                        __global float *out, size_t out_plane) {
    float u, v;
    if (!(fabs(qx) < 1e9f && fabs(qy) < 1e9f))
        return 0.0f;
    int x = cf_lookup_pixel(qx, p->width, &u), y = cf_lookup_pixel(qy, p->height, &v);
    float wy[4];
    float4 wx = weigh(w, cf_lookup_fraction(w->kind, u));
    vstore4(weigh(w, cf_lookup_fraction(w->kind, v)), 0, wy);
    for (int i = 0; i < p->planes; i++) {
        __global const float *from = p->data + i * (size_t)p->pitch * p->height;
        float4 sum = 0.0f;
        for (int j = 0; j < 4; j++)
            sum += wy[j] * load_clamped(from + cf_lookup_clamp(y - 1 + j, p->height) * p->pitch, x,
                                        p->width);
        sum *= wx;
        out[i * out_plane] += ((sum.x + sum.y) + (sum.z + sum.w)) * share;
    }
    return cf_lookup_inside(qx, (float)(p->width - 1)) *
           cf_lookup_inside(qy, (float)(p->height - 1));
}

/* The first `count` of 16 positions anywhere; valid gets factor times how much inside they are. */
inline void sample_border(const picture *p, const weights *w, float16 qx, float16 qy, int count,
                          __global float *out, size_t out_plane, float16 factor,
                          __global float *valid) {
    float x[16], y[16], f[16];
    vstore16(qx, 0, x);
    vstore16(qy, 0, y);
    vstore16(factor, 0, f);
    for (int l = 0; l < count; l++) {
        for (int i = 0; i < p->planes; i++)
            out[i * out_plane + l] = 0;
        valid[l] = f[l] * sample_one(p, w, x[l], y[l], 1.0f, out + l, out_plane);
    }
}

#endif
