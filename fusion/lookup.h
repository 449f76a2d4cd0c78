/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up one pixel through a coarse map; kernels and references read the same arithmetic. */
#ifndef CHROMAFUSE_FUSION_LOOKUP_H
#define CHROMAFUSE_FUSION_LOOKUP_H

#ifdef __OPENCL_C_VERSION__
#pragma OPENCL FP_CONTRACT OFF
#define CF_GLOBAL __global
#define cf_fmin fmin
#define cf_fmax fmax
#define cf_floor floor
#define cf_fabs fabs
#else
#include <math.h>
#define CF_GLOBAL
#define cf_fmin fminf
#define cf_fmax fmaxf
#define cf_floor floorf
#define cf_fabs fabsf
#endif

/* Interpolation between pixels, in order of smoothness; 4 weights each, for the pixels around. */
#define CF_LOOKUP_NEAREST 0
#define CF_LOOKUP_LINEAR 1
#define CF_LOOKUP_CUBIC 2 /* Catmull-Rom: exact at pixels, third order between */

/* A coarse map (calib/rectify.h): x of all nodes, then y; rows are pitch apart. */
typedef struct {
    CF_GLOBAL const float *nodes;
    int columns, rows, pitch;
    float per_step; /* 1 / step, a power of 2: divisions are exact */
} cf_lookup_map;

/* Node left of (or above) p, kept inside, and how far p lies beyond it in steps: may be outside
 * 0..1. p must be finite and not absurd. */
inline static int cf_lookup_cell(float p, float per_step, int count, float *fraction) {
    float s = p * per_step;
    float cell = cf_fmax(cf_fmin(cf_floor(s), (float)(count - 2)), 0.0F);
    *fraction = s - cell;
    return (int)cell;
}

/* One coordinate at cell (c, r) with fractions u, v. */
inline static float cf_lookup_lerp(CF_GLOBAL const float *plane, int pitch, int c, int r, int right,
                                   int down, float u, float v) {
    CF_GLOBAL const float *above = plane + r * pitch + c;
    CF_GLOBAL const float *below = above + down * pitch;
    float top = above[0] + u * (above[right] - above[0]);
    float bottom = below[0] + u * (below[right] - below[0]);
    return top + v * (bottom - top);
}

/* Where pixel (x, y) of the map's picture lies in the other one; NaN where it does not. */
inline static void cf_lookup_at(const cf_lookup_map *map, float x, float y, float *qx, float *qy) {
    float u, v;
    int c = cf_lookup_cell(x, map->per_step, map->columns, &u);
    int r = cf_lookup_cell(y, map->per_step, map->rows, &v);
    int right = c + 1 < map->columns, down = r + 1 < map->rows;
    *qx = cf_lookup_lerp(map->nodes, map->pitch, c, r, right, down, u, v);
    *qy = cf_lookup_lerp(map->nodes + map->rows * map->pitch, map->pitch, c, r, right, down, u, v);
}

/* 1 inside 0..last, falling to 0 half a pixel outside; 0 for NaN. */
inline static float cf_lookup_inside(float q, float last) {
    float outside = cf_fmax(-q, q - last);
    return outside <= 0.0F ? 1.0F : (outside < 0.5F ? 1.0F - 2.0F * outside : 0.0F);
}

/* Pixel before q, and q's way beyond it, 0 <= t < 1; q is first kept near the picture. */
inline static int cf_lookup_pixel(float q, int size, float *t) {
    float near = cf_fmin(cf_fmax(q, -2.0F), (float)size + 1.0F);
    float base = cf_floor(near);
    *t = near - base;
    return (int)base;
}

inline static int cf_lookup_clamp(int i, int size) {
    return i < 0 ? 0 : (i < size ? i : size - 1);
}

/* Weights of the pixels -1, 0, 1, 2 from the one before the position: cubic polynomials of t, rows
 * from the third power down. Nearest: linear, with t rounded. */
#define CF_LOOKUP_CUBIC_WEIGHTS                                                                    \
    {                                                                                              \
        {-0.5F, 1.5F, -1.5F, 0.5F}, {1.0F, -2.5F, 2.0F, -0.5F}, {-0.5F, 0.0F, 0.5F, 0.0F}, {       \
            0.0F, 1.0F, 0.0F, 0.0F                                                                 \
        }                                                                                          \
    }
#define CF_LOOKUP_LINEAR_WEIGHTS                                                                   \
    {                                                                                              \
        {0.0F, 0.0F, 0.0F, 0.0F}, {0.0F, 0.0F, 0.0F, 0.0F}, {0.0F, -1.0F, 1.0F, 0.0F}, {           \
            0.0F, 1.0F, 0.0F, 0.0F                                                                 \
        }                                                                                          \
    }

inline static float cf_lookup_fraction(int kind, float t) {
    return kind == CF_LOOKUP_NEAREST ? (t < 0.5F ? 0.0F : 1.0F) : t;
}

/* A float plane with its size; rows are pitch apart. */
typedef struct {
    CF_GLOBAL const float *data;
    int width, height, pitch;
} cf_lookup_plane;

#define CF_LOOKUP_SAME_DEPTH 1.0F /* neighbours this alike are one surface, in pixels */

/*
 * The disparity at (x, y), and what `other`, a plane of the same size, holds there: between
 * neighbours of one surface interpolated, else the nearest pixel's, for the mean of two depths is
 * the depth of nothing. Beyond the border: the border's.
 */
inline static float cf_lookup_disparity(const cf_lookup_plane *d, const cf_lookup_plane *other,
                                        float x, float y, float *found) {
    float u, v;
    int i = cf_lookup_pixel(x, d->width, &u), j = cf_lookup_pixel(y, d->height, &v);
    int left = cf_lookup_clamp(i, d->width), right = cf_lookup_clamp(i + (u > 0.0F), d->width);
    int above = cf_lookup_clamp(j, d->height), below = cf_lookup_clamp(j + (v > 0.0F), d->height);
    float a = d->data[above * d->pitch + left], b = d->data[above * d->pitch + right];
    float c = d->data[below * d->pitch + left], e = d->data[below * d->pitch + right];
    float low = cf_fmin(cf_fmin(a, b), cf_fmin(c, e)), high = cf_fmax(cf_fmax(a, b), cf_fmax(c, e));
    if (!(high - low <= CF_LOOKUP_SAME_DEPTH)) {
        u = u < 0.5F ? 0.0F : 1.0F;
        v = v < 0.5F ? 0.0F : 1.0F;
        *found = other->data[(v > 0 ? below : above) * other->pitch + (u > 0 ? right : left)];
        return v > 0 ? (u > 0 ? e : c) : (u > 0 ? b : a);
    }
    float o = other->data[above * other->pitch + left],
          p = other->data[above * other->pitch + right];
    float q = other->data[below * other->pitch + left],
          r = other->data[below * other->pitch + right];
    float top = o + u * (p - o), bottom = q + u * (r - q);
    *found = top + v * (bottom - top);
    top = a + u * (b - a);
    bottom = c + u * (e - c);
    return top + v * (bottom - top);
}

#endif
