/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `krige`: cells, ways (a work-item for each point), weights (one work-item:
 * points are few), pixels. */
#include "fusion/krige_shared.h"

typedef struct {
    float4 part;  /* common, alike, near: shares of 1; noise */
    float4 scale; /* -1 / (2 mono-range^2), -1 / reach, sure^2, -1 / (2 chroma-range^2) */
    int4 size;    /* picture; cells */
    int factor;   /* pixels of a cell's side */
    int rows;     /* of the table */
} krige_params;

/* What the pixels need of a point. */
typedef struct {
    int cell, x0, y0, x1, y1;
    float guide, red, blue; /* first its colour, then the difference from the guess, then weights */
    float guess_red, guess_blue;
    float noise; /* variance */
} krige_point;

static float guide_of(float v) {
    return v > 0.0f ? fmin(v, 4.0f) : 0.0f;
}

static float chroma_of(float v) {
    return v >= -CF_KRIGE_LIMIT && v <= CF_KRIGE_LIMIT ? v : 0.0f;
}

static int place(float v, int count) {
    return v > 0.0f ? (int)fmin(v, (float)(count - 1)) : 0;
}

/* Where row i of the table lies; its colour, too. */
static krige_point read_point(__global const float *row, krige_params p) {
    krige_point o;
    o.x0 = place(row[0], p.size.x);
    o.x1 = max(place(row[1], p.size.x), o.x0);
    o.y0 = place(row[2], p.size.y);
    o.y1 = max(place(row[3], p.size.y), o.y0);
    o.cell = (o.y0 + o.y1) / 2 / p.factor * p.size.z + (o.x0 + o.x1) / 2 / p.factor;
    o.guide = o.guess_red = o.guess_blue = 0;
    o.red = chroma_of(row[4]);
    o.blue = chroma_of(row[5]);
    o.noise = p.part.w / clamp(row[CF_POINTS_WEIGHT], CF_KRIGE_WEIGHT, 1.0f);
    return o;
}

/* A point's, with a place of that guide and guess; chroma as it is seen. */
static float covariance(krige_params p, krige_point o, float guide, float red, float blue,
                        float way) {
    float step = guide - o.guide, step_red = red - o.guess_red, step_blue = blue - o.guess_blue;
    float like =
        exp(step * step * p.scale.x + (step_red * step_red + step_blue * step_blue) * p.scale.w);
    return p.part.x + like * (p.part.y + p.part.z * exp(way * p.scale.y));
}

__kernel void krige_cells(__global const float *guide, int guide_pitch, __global float *cells,
                          krige_params p) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    if (x >= p.size.z || y >= p.size.w)
        return;
    int x1 = min((x + 1) * p.factor, p.size.x), y1 = min((y + 1) * p.factor, p.size.y);
    float sum = 0;
    for (int j = y * p.factor; j < y1; j++)
        for (int i = x * p.factor; i < x1; i++)
            sum += guide_of(guide[(size_t)j * guide_pitch + i]);
    cells[y * p.size.z + x] = sum / (float)((x1 - x * p.factor) * (y1 - y * p.factor));
}

static void shorten(__global const float *cells, __global float *ways, int to, int from,
                    float length) {
    ways[to] = fmin(ways[to], ways[from] + length + fabs(cells[to] - cells[from]));
}

__kernel void krige_ways(__global const float *points, int points_pitch,
                         __global const float *cells, __global float *all, krige_params p) {
    int index = (int)get_global_id(0), w = p.size.z, h = p.size.w;
    if (index >= p.rows || !(points[index * points_pitch + CF_POINTS_WEIGHT] > 0.0f))
        return;
    __global float *ways = all + (size_t)index * (w * h);
    float edge = (float)p.factor / (float)max(p.size.x, p.size.y), corner = edge * 1.41421356f;
    for (int i = 0; i < w * h; i++)
        ways[i] = 1e9f;
    ways[read_point(points + index * points_pitch, p).cell] = 0;
    for (int round = 0; round < CF_KRIGE_ROUNDS; round++) {
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                int i = y * w + x;
                if (y && x)
                    shorten(cells, ways, i, i - w - 1, corner);
                if (y)
                    shorten(cells, ways, i, i - w, edge);
                if (y && x + 1 < w)
                    shorten(cells, ways, i, i - w + 1, corner);
                if (x)
                    shorten(cells, ways, i, i - 1, edge);
            }
        for (int y = h - 1; y >= 0; y--)
            for (int x = w - 1; x >= 0; x--) {
                int i = y * w + x;
                if (y + 1 < h && x + 1 < w)
                    shorten(cells, ways, i, i + w + 1, corner);
                if (y + 1 < h)
                    shorten(cells, ways, i, i + w, edge);
                if (y + 1 < h && x)
                    shorten(cells, ways, i, i + w - 1, corner);
                if (x + 1 < w)
                    shorten(cells, ways, i, i + 1, edge);
            }
    }
}

/* Means over the pixels that a point covers; red and blue become differences from the guess. */
static krige_point look(krige_point o, __global const float *guide, int guide_pitch,
                        __global const float *guess, int guess_pitch, int height) {
    int across = (o.x1 - o.x0) / 16 + 1, down = (o.y1 - o.y0) / 16 + 1, count = 0;
    for (int y = o.y0; y <= o.y1; y += down)
        for (int x = o.x0; x <= o.x1; x += across) {
            o.guide += guide_of(guide[(size_t)y * guide_pitch + x]);
            o.guess_red += chroma_of(guess[(size_t)y * guess_pitch + x]);
            o.guess_blue += chroma_of(guess[(size_t)(height + y) * guess_pitch + x]);
            count++;
        }
    o.guide /= (float)count;
    float seen = o.guide + CF_KRIGE_DARK;
    o.guess_red *= seen / (float)count;
    o.guess_blue *= seen / (float)count;
    o.red = o.red * seen - o.guess_red;
    o.blue = o.blue * seen - o.guess_blue;
    return o;
}

/* Leaves weights in place of differences. */
__kernel void krige_solve(__global const float *points, int points_pitch,
                          __global const float *guide, int guide_pitch, __global const float *guess,
                          int guess_pitch, __global const float *ways, __global float *l,
                          __global krige_point *out, __global int *counted, krige_params p) {
    int n = 0, cells = p.size.z * p.size.w;
    if (get_global_id(0))
        return;
    for (; n < p.rows && points[n * points_pitch + CF_POINTS_WEIGHT] > 0.0f; n++)
        out[n] = look(read_point(points + n * points_pitch, p), guide, guide_pitch, guess,
                      guess_pitch, p.size.y);
    *counted = n;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            float way = 0.5f * (ways[i * cells + out[j].cell] + ways[j * cells + out[i].cell]);
            float v = covariance(p, out[j], out[i].guide, out[i].guess_red, out[i].guess_blue, way);
            v += i == j ? out[i].noise : 0.0f;
            for (int k = 0; k < j; k++)
                v -= l[i * CF_POINTS_ROWS + k] * l[j * CF_POINTS_ROWS + k];
            l[i * CF_POINTS_ROWS + j] =
                i == j ? sqrt(fmax(v, p.part.w)) : v / l[j * CF_POINTS_ROWS + j];
        }
        for (int k = 0; k < i; k++) {
            out[i].red -= l[i * CF_POINTS_ROWS + k] * out[k].red;
            out[i].blue -= l[i * CF_POINTS_ROWS + k] * out[k].blue;
        }
        out[i].red /= l[i * CF_POINTS_ROWS + i];
        out[i].blue /= l[i * CF_POINTS_ROWS + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) {
            out[i].red -= l[k * CF_POINTS_ROWS + i] * out[k].red;
            out[i].blue -= l[k * CF_POINTS_ROWS + i] * out[k].blue;
        }
        out[i].red /= l[i * CF_POINTS_ROWS + i];
        out[i].blue /= l[i * CF_POINTS_ROWS + i];
    }
}

__kernel void krige(__global const float *guide, int guide_pitch, __global const float *guess,
                    int guess_pitch, __global const float *chroma, int chroma_pitch,
                    __global const float *error, int error_pitch, __global const float *ways,
                    __global const krige_point *points, __global const int *counted,
                    __global float *out, int out_pitch, krige_params p) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1), n = *counted;
    if (x >= p.size.x || y >= p.size.y)
        return;
    float m = guide_of(guide[(size_t)y * guide_pitch + x]);
    float e = error[(size_t)y * error_pitch + x];
    e = e >= 0.0f && e <= 1e4f ? e * e : 0.0f;
    float share = e / (e + p.scale.z);
    float scale = 1.0f / (float)p.factor;
    float u = clamp(((float)x + 0.5f) * scale - 0.5f, 0.0f, (float)(p.size.z - 1));
    float v = clamp(((float)y + 0.5f) * scale - 0.5f, 0.0f, (float)(p.size.w - 1));
    int x0 = (int)u, y0 = (int)v;
    float s = u - (float)x0, t = v - (float)y0;
    int right = x0 + 1 < p.size.z ? 1 : 0, below = y0 + 1 < p.size.w ? p.size.z : 0;
    __global const float *corner = ways + y0 * p.size.z + x0;
    float seen = m + CF_KRIGE_DARK;
    __global const float *guessed = guess + (size_t)y * guess_pitch + x;
    float red = chroma_of(*guessed), blue = chroma_of(guessed[(size_t)p.size.y * guess_pitch]);
    float2 sum = 0;
    for (int i = 0; i < n; i++, corner += p.size.z * p.size.w) {
        float top = mix(corner[0], corner[right], s);
        float low = mix(corner[below], corner[below + right], s);
        float k = covariance(p, points[i], m, red * seen, blue * seen, mix(top, low, t));
        sum += k * (float2)(points[i].red, points[i].blue);
    }
    for (int c = 0; c < 2; c++) {
        size_t row = (size_t)(c * p.size.y + y);
        float kriged = c ? blue + sum.y / seen : red + sum.x / seen;
        float here = n ? chroma_of(chroma[row * chroma_pitch + x]) : kriged;
        out[row * out_pitch + x] = here + share * (kriged - here);
    }
}
