/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `network`: planes with padded rows to tight ones or back; one work-item copies a
 * row's 16 samples. Widths are multiples of 16. */

__kernel void repitch(__global const float *in, int in_pitch, __global float *out, int out_pitch,
                      int width, int rows) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x < width && y < rows)
        vstore16(vload16(0, in + (size_t)y * in_pitch + x), 0, out + (size_t)y * out_pitch + x);
}
