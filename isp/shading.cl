/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `shading`: one work-item per sample, for neighbours share their grid cell. */

/* grid: pitch, width, height, plane of the gains; per_pixel: grid cells per pixel in x and y. */
__kernel void shading(__global const float *raw, int pitch, __global float *flat, int flat_pitch,
                      int width, int height, __global const float *gains, int4 grid,
                      float2 per_pixel) {
    int x = (int)get_global_id(0);
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float at_x = x * per_pixel.x, at_y = y * per_pixel.y;
    int gx = max(min((int)at_x, grid.y - 2), 0), gy = max(min((int)at_y, grid.z - 2), 0);
    float fx = at_x - gx, fy = at_y - gy;
    int right = min(gx + 1, grid.y - 1) - gx;
    int site = (y & 1) * 2 + (x & 1);
    __global const float *a = gains + site * grid.w + gy * grid.x + gx;
    __global const float *b = gy + 1 < grid.z ? a + grid.x : a;
    float left_gain = a[0] + fy * (b[0] - a[0]);
    float right_gain = a[right] + fy * (b[right] - a[right]);
    float gain = left_gain + fx * (right_gain - left_gain);
    flat[(size_t)y * flat_pitch + x] = raw[(size_t)y * pitch + x] * gain;
}
