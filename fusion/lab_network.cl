/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `lab_network`: planes into a network's tight tensors, and out of them. */

/* Rows of one or more planes, scaled; `first` counts rows. */
__kernel void lab_feed(__global const float *in, int pitch, int first, __global float *out,
                       int out_first, int width, int rows, float scale, float shift) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    if (x >= width || y >= rows)
        return;
    float v = in[(size_t)(first + y) * pitch + x];
    v = fabs(v) < 1e6f ? v : 0.0f;
    out[(size_t)(out_first + y) * width + x] = shift + v * scale;
}

static float at(__global const float *plane, int width, int height, float2 place, float weight) {
    int x = (int)clamp(place.x, 0.0f, (float)(width - 1));
    int y = (int)clamp(place.y, 0.0f, (float)(height - 1));
    return weight != 0.0f ? weight * plane[(size_t)y * width + x] : 0.0f;
}

/* Two planes of in_width x in_height, bilinearly, to two of width x height. */
__kernel void lab_take(__global const float *in, int in_width, int in_height, __global float *ab,
                       int pitch, int width, int height, float unit) {
    int x = (int)get_global_id(0), row = (int)get_global_id(1);
    if (x >= width || row >= 2 * height)
        return;
    int y = row % height;
    __global const float *plane = in + (size_t)(row / height) * in_height * in_width;
    float2 place = (float2)(((float)x + 0.5f) * ((float)in_width / (float)width) - 0.5f,
                            ((float)y + 0.5f) * ((float)in_height / (float)height) - 0.5f);
    float2 first = floor(place), f = place - first;
    ab[(size_t)row * pitch + x] =
        unit * (at(plane, in_width, in_height, first, (1.0f - f.x) * (1.0f - f.y)) +
                at(plane, in_width, in_height, first + (float2)(1, 0), f.x * (1.0f - f.y)) +
                at(plane, in_width, in_height, first + (float2)(0, 1), (1.0f - f.x) * f.y) +
                at(plane, in_width, in_height, first + (float2)(1, 1), f.x * f.y));
}

/* Without a network: planes 1 and 2 as they are. */
__kernel void lab_hints_alone(__global const float *lab, int lab_pitch, __global float *ab,
                              int pitch, int width, int height) {
    int x = (int)get_global_id(0), row = (int)get_global_id(1);
    if (x < width && row < 2 * height)
        ab[(size_t)row * pitch + x] = lab[(size_t)(height + row) * lab_pitch + x];
}
