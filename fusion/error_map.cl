/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `error_map`: one work-item makes 16 neighbouring pixels. */
#include "fusion/error_map_shared.h"

/* 16 samples of a row and four to either side, those beyond the picture as its last. */
typedef struct {
    float16 v;
    float8 side; /* left, right */
} strip;

static strip load(__global const float *row, int x, int width) {
    strip s;
    int16 lane = x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int last = width - 1;
    s.v = select(vload16(0, row + x), (float16)(row[last]), lane > last);
    s.side = (float8)(row[max(x - 4, 0)], row[max(x - 3, 0)], row[max(x - 2, 0)],
                      row[max(x - 1, 0)], row[min(x + 16, last)], row[min(x + 17, last)],
                      row[min(x + 18, last)], row[min(x + 19, last)]);
    return s;
}

static strip error_of(strip s) {
    s.v = select((float16)(0), s.v, (s.v >= 0.0f) & (s.v <= 1e4f));
    s.side = select((float8)(0), s.side, (s.side >= 0.0f) & (s.side <= 1e4f));
    return s;
}

static strip chroma_of(strip s) {
    s.v = select((float16)(0), s.v, (s.v >= -100.0f) & (s.v <= 100.0f));
    s.side = select((float8)(0), s.side, (s.side >= -100.0f) & (s.side <= 100.0f));
    return s;
}

static strip guide_of(strip s) {
    s.v = select((float16)(0), s.v, s.v > 0.0f);
    s.side = select((float8)(0), s.side, s.side > 0.0f);
    s.v = sqrt(select((float16)(16), s.v, s.v < 16.0f));
    s.side = sqrt(select((float8)(16), s.side, s.side < 16.0f));
    return s;
}

/* What lies `by` pixels to the right of each. */
static float16 shifted(strip s, int by) {
    float16 v = s.v;
    float8 e = s.side;
    switch (by) {
    case -4: return (float16)(e.s0123, v.s01234567, v.s89ab);
    case -2: return (float16)(e.s23, v.s01, v.s2345, v.s6789, v.sabcd);
    case -1: return (float16)(e.s3, v.s0, v.s12, v.s3456, v.s789a, v.sbcde);
    case 1: return (float16)(v.s1234, v.s5678, v.s9abc, v.sdef, e.s4);
    case 2: return (float16)(v.s2345, v.s6789, v.sabcd, v.sef, e.s45);
    case 4: return (float16)(v.s4567, v.s89abcdef, e.s4567);
    default: return v;
    }
}

/* Adds |chroma - before|^2 of one of the two planes. */
static strip add_moved(strip sum, __global const float *chroma, __global const float *before, int x,
                       int width) {
    strip a = chroma_of(load(chroma, x, width)), b = chroma_of(load(before, x, width));
    sum.v += (a.v - b.v) * (a.v - b.v);
    sum.side += (a.side - b.side) * (a.side - b.side);
    return sum;
}

static float16 relative(float16 v, float least, float usual) {
    return (v + least) * (1.0f / (usual + least));
}

__constant float weights[5] = {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};

/* Mean of sqrt(mono) of every other pixel over 9 x 9. */
static float16 surroundings(__global const float *mono, int pitch, int x, int y, int width,
                            int height) {
    float16 sum = 0;
    for (int j = 0; j < 5; j++) {
        int row = clamp(y + 2 * j - 4, 0, height - 1);
        strip g = guide_of(load(mono + (size_t)row * pitch, x, width));
        for (int i = 0; i < 5; i++)
            sum += weights[j] * weights[i] * shifted(g, 2 * i - 4);
    }
    return sum;
}

__kernel void error_map(__global const float *error, int error_pitch, __global const float *mono,
                        int mono_pitch, __global const float *chroma, int chroma_pitch,
                        __global const float *before, int before_pitch, __global float *map,
                        int map_pitch, int width, int height) {
    const float scale = -0.5f / (CF_ERROR_MAP_SPREAD * CF_ERROR_MAP_SPREAD);
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float16 centre = guide_of(load(mono + (size_t)y * mono_pitch, x, width)).v;
    float16 sum = 0, total = 0, square = 0, moved = 0;
    for (int j = 0; j < 5; j++) {
        size_t row = (size_t)clamp(y + j - 2, 0, height - 1), below = row + height;
        strip e = error_of(load(error + row * error_pitch, x, width));
        strip g = guide_of(load(mono + row * mono_pitch, x, width));
        strip c = {0, 0};
        c = add_moved(c, chroma + row * chroma_pitch, before + row * before_pitch, x, width);
        c = add_moved(c, chroma + below * chroma_pitch, before + below * before_pitch, x, width);
        c.v *= g.v * g.v;
        c.side *= g.side * g.side;
        for (int i = 0; i < 5; i++) {
            float weight = weights[j] * weights[i];
            float16 step = shifted(g, i - 2) - centre, square_step = step * step;
            float16 alike = weight * (1e-3f + exp(square_step * scale));
            sum += alike * shifted(e, i - 2);
            total += alike;
            square += weight * square_step;
            moved += weight * shifted(c, i - 2);
        }
    }
    float16 around = surroundings(mono, mono_pitch, x, y, width, height);
    float16 detail = relative(square, CF_ERROR_MAP_EVEN, CF_ERROR_MAP_USUAL);
    float16 corrected = relative(moved, CF_ERROR_MAP_STILL, CF_ERROR_MAP_MOVED);
    float16 rest = CF_ERROR_MAP_MOVED_POWER * log(corrected);
    rest += CF_ERROR_MAP_DARKER * (around - centre);
    vstore16(sum / total * sqrt(sqrt(sqrt(sqrt(detail)))) * exp(rest), 0,
             map + (size_t)y * map_pitch + x);
}
