/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `color_matrix`: one work-item makes 16 neighbouring pixels; rows are padded to
 * 16. */

__kernel void color_matrix(__global const float *camera, int pitch, __global float *rgb,
                           int rgb_pitch, __global float *response, int response_pitch, int width,
                           int height, float4 to_r, float4 to_g, float4 to_b, float4 weights) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    size_t plane = (size_t)height * pitch, rgb_plane = (size_t)height * rgb_pitch;
    __global const float *from = camera + (size_t)y * pitch + x;
    __global float *to = rgb + (size_t)y * rgb_pitch + x;
    float16 a = vload16(0, from), b = vload16(0, from + plane), c = vload16(0, from + 2 * plane);
    float16 red = to_r.x * a + to_r.y * b + to_r.z * c;
    float16 green = to_g.x * a + to_g.y * b + to_g.z * c;
    float16 blue = to_b.x * a + to_b.y * b + to_b.z * c;
    vstore16(red, 0, to);
    vstore16(green, 0, to + rgb_plane);
    vstore16(blue, 0, to + 2 * rgb_plane);
    vstore16(weights.x * red + weights.y * green + weights.z * blue, 0,
             response + (size_t)y * response_pitch + x);
}
