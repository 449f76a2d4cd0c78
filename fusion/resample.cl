/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `resample`: one work-item makes 16 neighbouring pixels of all planes. */
#include "fusion/lookup.h"
#include "fusion/lookup_cl.h"

/* One pixel of several samples; returns its validity. */
inline float resample_one(const picture *from, const weights *w, const cf_lookup_map *map, int x,
                          int y, int samples, __global float *out, size_t out_plane) {
    float inside = 0, n = (float)samples, share = 1.0f / (n * n), qx, qy;
    for (int i = 0; i < from->planes; i++)
        out[i * out_plane] = 0;
    for (int k = 0; k < samples * samples; k++) {
        float dx = ((float)(k % samples) + 0.5f) / n - 0.5f;
        float dy = ((float)(k / samples) + 0.5f) / n - 0.5f;
        cf_lookup_at(map, (float)x + dx, (float)y + dy, &qx, &qy);
        inside += sample_one(from, w, qx, qy, share, out, out_plane);
    }
    return inside * share;
}

__kernel void resample(__global const float *data, int data_width, int data_height, int data_pitch,
                       int planes, __global const float *nodes, int columns, int rows,
                       int map_pitch, float per_step, __global float *out, int out_pitch,
                       __global float *valid, int valid_pitch, int width, int height, int kind,
                       int samples) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    const cf_lookup_map map = {nodes, columns, rows, map_pitch, per_step};
    const picture from = {data, data_width, data_height, data_pitch, planes};
    const weights w = weights_of(kind);
    size_t out_plane = (size_t)out_pitch * height;
    out += (size_t)y * out_pitch + x;
    valid += (size_t)y * valid_pitch + x;
    float16 qx, qy;
    map_sixteen(&map, x, y, &qx, &qy);
    if (samples == 1 && all_inside(&from, qx, qy)) {
        sample_sixteen(&from, &w, qx, qy, out, out_plane);
        vstore16((float16)1.0f, 0, valid);
        return;
    }
    if (samples == 1) {
        sample_border(&from, &w, qx, qy, min(16, width - x), out, out_plane, (float16)1.0f, valid);
        return;
    }
    for (int l = 0; l < min(16, width - x); l++)
        valid[l] = resample_one(&from, &w, &map, x + l, y, samples, out + l, out_plane);
}
