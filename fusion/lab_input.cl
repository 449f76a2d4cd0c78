/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `lab_input`: lightness along rows, then along columns; hints of a cell. */
#include "fusion/lab_shared.h"

/* Centre and reach of a cell's triangle, pixels, and the pixels in it. */
static float2 triangle(int index, int cells, int pixels, int *first, int *last) {
    float scale = (float)pixels / (float)cells;
    float centre = ((float)index + 0.5f) * scale - 0.5f, reach = fmax(scale, 1.0f);
    *first = (int)fmax(ceil(centre - reach), 0.0f);
    *last = (int)fmin(floor(centre + reach), (float)(pixels - 1));
    return (float2)(centre, reach);
}

static float weight(float2 t, int at) {
    return fmax(1.0f - fabs((float)at - t.x) / t.y, 0.0f);
}

/* out: columns x height, tight. */
__kernel void lab_rows(__global const float *mono, int pitch, int width, int height,
                       __global float *out, int columns) {
    int cell = (int)get_global_id(0), y = (int)get_global_id(1), first, last;
    if (cell >= columns || y >= height)
        return;
    float2 t = triangle(cell, columns, width, &first, &last);
    __global const float *row = mono + (size_t)y * pitch;
    float sum = 0.0f, total = 0.0f;
    for (int x = first; x <= last; x++) {
        float w = weight(t, x);
        sum += w * cf_lab_lightness(cf_lab_luminance(row[x]));
        total += w;
    }
    out[(size_t)y * columns + cell] = sum / total;
}

__kernel void lab_columns(__global const float *rows, int columns, int height, __global float *out,
                          int pitch, int out_height) {
    int x = (int)get_global_id(0), cell = (int)get_global_id(1), first, last;
    if (x >= columns || cell >= out_height)
        return;
    float2 t = triangle(cell, out_height, height, &first, &last);
    float sum = 0.0f, total = 0.0f;
    for (int y = first; y <= last; y++) {
        float w = weight(t, y);
        sum += w * rows[(size_t)y * columns + x];
        total += w;
    }
    out[(size_t)cell * pitch + x] = sum / total;
}

static int2 cell_pixels(int index, int cells, int pixels) {
    int first = (int)((long)index * pixels / cells),
        end = (int)((long)(index + 1) * pixels / cells);
    return (int2)(first, max(end - 1, first));
}

/* out: the plane of a; b and the mask follow. */
__kernel void lab_hints(__global const float *mono, int mono_pitch, __global const float *hint,
                        int hint_pitch, __global const float *confidence, int confidence_pitch,
                        int width, int height, __global float *lab, int pitch, int columns,
                        int rows, int on, float certain, float eps) {
    int cx = (int)get_global_id(0), cy = (int)get_global_id(1);
    if (cx >= columns || cy >= rows)
        return;
    int2 xs = cell_pixels(cx, columns, width), ys = cell_pixels(cy, rows, height);
    size_t plane = (size_t)height * hint_pitch;
    float a = 0.0f, b = 0.0f, total = 0.0f;
    for (int y = on ? ys.x : ys.y + 1; y <= ys.y; y++)
        for (int x = xs.x; x <= xs.y; x++) {
            float w = confidence[(size_t)y * confidence_pitch + x], ab[2];
            size_t at = (size_t)y * hint_pitch + x;
            if (!(w >= certain && w > 0.0f && fabs(hint[at]) < 1000.0f &&
                  fabs(hint[at + plane]) < 1000.0f))
                continue;
            w = fmin(w, 1.0f);
            cf_lab_of_chroma(cf_lab_luminance(mono[(size_t)y * mono_pitch + x]), hint[at],
                             hint[at + plane], eps, ab);
            a += w * ab[0];
            b += w * ab[1];
            total += w;
        }
    __global float *out = lab + ((size_t)rows + cy) * pitch + cx;
    size_t step = (size_t)rows * pitch;
    out[0] = total > 0.0f ? a / total : 0.0f;
    out[step] = total > 0.0f ? b / total : 0.0f;
    out[2 * step] = total > 0.0f ? 1.0f : 0.0f;
}
