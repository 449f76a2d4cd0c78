/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `demosaic_bilinear`: one work-item makes 16 neighbouring pixels. */

typedef struct {
    float16 left, mid, right;
} triple;

/* 16 samples and their neighbours in the row, mirrored at its ends. */
static triple load(__global const float *row, int x, int width, int16 lane) {
    triple t;
    t.mid = vload16(0, row + x);
    float before = x > 0 ? row[x - 1] : 0.0f;
    float after = x + 16 < width ? row[x + 16] : 0.0f;
    float16 left = (float16)(before, t.mid.s0, t.mid.s12, t.mid.s3456, t.mid.s789a, t.mid.sbcde);
    float16 right = (float16)(t.mid.s1234, t.mid.s5678, t.mid.s9abc, t.mid.sdef, after);
    t.left = select(left, right, lane == 0);
    t.right = select(right, left, lane == width - 1);
    if (width == 1)
        t.left = t.right = t.mid;
    return t;
}

__kernel void demosaic_bilinear(__global const float *raw, int raw_pitch, __global float *rgb,
                                int rgb_pitch, int width, int height, int red_x, int red_y,
                                float4 gain) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    int16 lane = x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int above = y > 0 ? y - 1 : min(1, height - 1);
    int below = y < height - 1 ? y + 1 : max(height - 2, 0);
    triple a = load(raw + (size_t)above * raw_pitch, x, width, lane);
    triple b = load(raw + (size_t)y * raw_pitch, x, width, lane);
    triple c = load(raw + (size_t)below * raw_pitch, x, width, lane);
    float16 across = 0.5f * (b.left + b.right), along = 0.5f * (a.mid + c.mid);
    float16 corners = 0.25f * (a.left + a.right + c.left + c.right);
    int red_row = ((y ^ red_y) & 1) == 0;
    int16 colored = ((lane ^ (red_x ^ (red_row ? 0 : 1))) & 1) == 0;
    float16 same = select(across, b.mid, colored), other = select(along, corners, colored);
    float16 green = select(b.mid, 0.5f * (across + along), colored);
    __global float *out = rgb + (size_t)y * rgb_pitch + x;
    size_t plane = (size_t)height * rgb_pitch;
    vstore16(gain.x * (red_row ? same : other), 0, out);
    vstore16(gain.y * green, 0, out + plane);
    vstore16(gain.z * (red_row ? other : same), 0, out + 2 * plane);
}
