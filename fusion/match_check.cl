/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `match_check`. */

int landing(float d, int x, int width) {
    if (!(fabs(d) < 65536))
        return -1;
    int at = (int)floor((float)x - d + 0.5f);
    return at >= 0 && at < width ? at : -1;
}

/* One work-item: one pixel. */
__kernel void pass(__global const float *disparity, int pitch, __global const float *right,
                   int right_pitch, int width, int height, float tolerance,
                   __global uchar *passes) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float d = disparity[(size_t)y * pitch + x];
    int at = landing(d, x, width);
    passes[(size_t)y * width + x] =
        at >= 0 && fabs(right[(size_t)y * right_pitch + max(at, 0)] - d) <= tolerance;
}

float difference(__global const uchar *left, int pitch, __global const uchar *right,
                 int right_pitch, int width, int height, int x, int y, int shift) {
    int sum = 0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            size_t row = (size_t)clamp(y + j, 0, height - 1);
            sum += abs_diff(left[row * pitch + clamp(x + i, 0, width - 1)],
                            right[row * right_pitch + clamp(x + i - shift, 0, width - 1)]);
        }
    return (float)sum / 9;
}

/* One work-item: one pixel. */
__kernel void confidence(__global const uchar *left, int left_pitch, __global const uchar *right,
                         int right_pitch, __global const float *disparity, int pitch, int width,
                         int height, float allowed, float certainty, __global const uchar *passes,
                         __global float *out, int out_pitch) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    int at = landing(disparity[(size_t)y * pitch + x], x, width);
    float c = 0;
    if (at >= 0) {
        int x0 = max(x - 5, 0), x1 = min(x + 1, width - 1), sum = 0;
        int y0 = max(y - 3, 0), y1 = min(y + 3, height - 1);
        if (x >= 5 && x + 2 < width) {
            ushort8 eight = (ushort8)0;
            for (int j = y0; j <= y1; j++)
                eight += convert_ushort8(vload8(0, passes + (size_t)j * width + x0));
            ushort4 four = eight.lo + (ushort4)(eight.s456, 0);
            sum = four.x + four.y + four.z + four.w;
        } else {
            for (int j = y0; j <= y1; j++)
                for (int i = x0; i <= x1; i++)
                    sum += passes[(size_t)j * width + i];
        }
        float share = (float)sum / (float)((x1 - x0 + 1) * (y1 - y0 + 1));
        float apart = difference(left, left_pitch, right, right_pitch, width, height, x, y, x - at);
        apart /= allowed;
        c = certainty * clamp((share - 0.4f) / 0.6f, 0.0f, 1.0f) / (1 + apart * apart);
    }
    out[(size_t)y * out_pitch + x] = c;
}
