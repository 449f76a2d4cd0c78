/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `fetch`: one work-item makes 16 neighbouring pixels of all planes. */
#include "fusion/lookup.h"
#include "fusion/lookup_cl.h"

/* nodes, columns, rows, pitch, 1 / step of a coarse map. */
#define MAP_ARGS(name)                                                                             \
    __global const float *name, int name##_columns, int name##_rows, int name##_pitch,             \
        float name##_per_step
#define MAP(name)                                                                                  \
    { name, name##_columns, name##_rows, name##_pitch, name##_per_step }

/* Everything about the geometry. */
typedef struct {
    cf_lookup_map to_grid, to_color;
    cf_lookup_plane disparity, confidence;
    int samples;
} geometry;

/* One pixel near some border, or of several samples; returns its match. */
inline float fetch_one(const picture *from, const weights *w, const geometry *g, int x, int y,
                       __global float *out, size_t out_plane) {
    float inside = 0, n = (float)g->samples, share = 1.0f / (n * n), rx, ry, qx, qy;
    for (int i = 0; i < from->planes; i++)
        out[i * out_plane] = 0;
    cf_lookup_at(&g->to_grid, (float)x, (float)y, &rx, &ry);
    if (!(fabs(rx) < 1e9f && fabs(ry) < 1e9f))
        return 0;
    float sure, d = cf_lookup_disparity(&g->disparity, &g->confidence, rx, ry, &sure);
    float on_grid = cf_lookup_inside(rx, (float)(g->disparity.width - 1)) *
                    cf_lookup_inside(ry, (float)(g->disparity.height - 1));
    for (int k = 0; k < g->samples * g->samples; k++) {
        float dx = ((float)(k % g->samples) + 0.5f) / n - 0.5f;
        float dy = ((float)(k / g->samples) + 0.5f) / n - 0.5f;
        if (g->samples > 1)
            cf_lookup_at(&g->to_grid, (float)x + dx, (float)y + dy, &rx, &ry);
        cf_lookup_at(&g->to_color, rx - d, ry, &qx, &qy);
        inside += sample_one(from, w, qx, qy, share, out, out_plane);
    }
    return isfinite(sure) ? sure * on_grid * inside * share : 0;
}

/* Disparities and their confidences at 16 positions inside the grid. */
inline float16 disparities(const geometry *g, float16 rx, float16 ry, __global float *sure) {
    float x[16], y[16], found[16];
    const cf_lookup_plane *d = &g->disparity, *c = &g->confidence;
    if (all(rx == rx.s0 + LANES16 && ry == ry.s0 && rx == floor(rx) && ry == floor(ry))) {
        int column = (int)rx.s0, row = (int)ry.s0;
        vstore16(vload16(0, c->data + (size_t)row * c->pitch + column), 0, sure);
        return vload16(0, d->data + (size_t)row * d->pitch + column);
    }
    vstore16(rx, 0, x);
    vstore16(ry, 0, y);
    for (int l = 0; l < 16; l++) {
        float confidence;
        found[l] = cf_lookup_disparity(d, c, x[l], y[l], &confidence);
        sure[l] = confidence;
    }
    return vload16(0, found);
}

/* Coordinates at 16 positions inside the map's picture (or left of it); like cf_lookup_at. */
inline void map_gather(const cf_lookup_map *map, float16 x, float16 y, float16 *qx, float16 *qy) {
    float16 s = x * map->per_step, t = y * map->per_step;
    /* comparisons that NaN fails: it gets a cell, too, and stays NaN by its fraction */
    float16 columns = (float)max(map->columns - 2, 0), rows = (float)max(map->rows - 2, 0);
    float16 cell = s > 0.0f ? floor(s) : (float16)0.0f, line = t > 0.0f ? floor(t) : (float16)0.0f;
    cell = cell < columns ? cell : columns;
    line = line < rows ? line : rows;
    float16 u = s - cell, v = t - line;
    int index[16], right = map->columns > 1, down = map->rows > 1 ? map->pitch : 0;
    float a[16], b[16], c[16], e[16];
    vstore16(convert_int16(line) * map->pitch + convert_int16(cell), 0, index);
    __global const float *nodes = map->nodes;
    for (int plane = 0; plane < 2; plane++, nodes += map->rows * map->pitch) {
        for (int l = 0; l < 16; l++) {
            a[l] = nodes[index[l]];
            b[l] = nodes[index[l] + right];
            c[l] = nodes[index[l] + down];
            e[l] = nodes[index[l] + down + right];
        }
        float16 top = vload16(0, a) + u * (vload16(0, b) - vload16(0, a));
        float16 bottom = vload16(0, c) + u * (vload16(0, e) - vload16(0, c));
        *(plane ? qy : qx) = top + v * (bottom - top);
    }
}

__kernel void fetch(__global const float *data, int data_width, int data_height, int data_pitch,
                    int planes, __global const float *disparity, int disparity_width,
                    int disparity_height, int disparity_pitch, __global const float *confidence,
                    int confidence_pitch, MAP_ARGS(back), MAP_ARGS(color), __global float *out,
                    int out_pitch, __global float *match, int match_pitch, int width, int height,
                    int samples) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    const geometry g = {MAP(back),
                        MAP(color),
                        {disparity, disparity_width, disparity_height, disparity_pitch},
                        {confidence, disparity_width, disparity_height, confidence_pitch},
                        samples};
    const picture from = {data, data_width, data_height, data_pitch, planes};
    const weights w = weights_of(CF_LOOKUP_CUBIC);
    size_t out_plane = (size_t)out_pitch * height;
    out += (size_t)y * out_pitch + x;
    match += (size_t)y * match_pitch + x;
    float16 rx, ry, qx, qy;
    map_sixteen(&g.to_grid, x, y, &rx, &ry);
    if (samples == 1 && all(rx >= 0.0f && rx <= (float)(disparity_width - 1) && ry >= 0.0f &&
                            ry <= (float)(disparity_height - 1))) {
        map_gather(&g.to_color, rx - disparities(&g, rx, ry, match), ry, &qx, &qy);
        float16 sure = vload16(0, match);
        sure = isfinite(sure) ? sure : (float16)0.0f;
        if (all_inside(&from, qx, qy)) {
            sample_sixteen(&from, &w, qx, qy, out, out_plane);
            vstore16(sure, 0, match);
        } else {
            sample_border(&from, &w, qx, qy, min(16, width - x), out, out_plane, sure, match);
        }
        return;
    }
    for (int l = 0; l < min(16, width - x); l++)
        match[l] = fetch_one(&from, &w, &g, x + l, y, out + l, out_plane);
}
