/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `halve`: one work-item makes 16 neighbouring samples of one plane. */

static float16 usable(float16 v) {
    return select((float16)(0), v, fabs(v) < 1e18f);
}

/* Sums of 16 pairs of a row from column x on; beyond the end the last pixel is repeated. */
static float16 pairs(__global const float *row, int x, int width) {
    if (x + 32 <= width) {
        float16 a = usable(vload16(0, row + x)), b = usable(vload16(1, row + x));
        return (float16)(a.even, b.even) + (float16)(a.odd, b.odd);
    }
    float e[16], o[16];
    for (int i = 0; i < 16; i++) {
        int at = min(x + 2 * i, (width - 1) & ~1);
        e[i] = row[at];
        o[i] = row[min(at + 1, width - 1)];
    }
    return usable(vload16(0, e)) + usable(vload16(0, o));
}

/* rows: of the output, over all planes. */
__kernel void halve(__global const float *in, int in_pitch, int width, int height,
                    __global float *out, int out_pitch, int rows) {
    int x = (int)get_global_id(0) * 32, row = (int)get_global_id(1);
    if (x >= width || row >= rows)
        return;
    int half_height = (height + 1) / 2, plane = row / half_height, y = 2 * (row % half_height);
    __global const float *from = in + ((size_t)plane * height + y) * in_pitch;
    float16 top = pairs(from, x, width);
    float16 bottom = pairs(from + (y + 1 < height ? in_pitch : 0), x, width);
    vstore16(0.25f * (top + bottom), 0, out + (size_t)row * out_pitch + x / 2);
}
