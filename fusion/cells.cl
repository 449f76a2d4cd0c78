/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `cells`: one work-item makes 8 neighbouring cells. Rows of the grid are longer
 * than half the picture's. */
#define LIMIT 1e4f /* CF_CELLS_LIMIT */

/* 16 pixels under 8 cells from column x on; cells beyond the border repeat the last one. */
static float16 pixels(__global const float *row, int x, int width) {
    if (x + 16 <= width)
        return vload16(0, row + x);
    float v[16];
    for (int i = 0; i < 16; i++)
        v[i] = row[min(2 * min((x + i) / 2, (width - 1) / 2) + (i & 1), width - 1)];
    return vload16(0, v);
}

static int16 usable(float16 v) {
    return (v >= -LIMIT) & (v <= LIMIT);
}

static float8 sum_of_pairs(float16 v) {
    return v.even + v.odd;
}

/* Row j of the picture under row y of the grid. */
static int row_of(int y, int j, int height) {
    return min(2 * min(y, (height - 1) / 2) + j, height - 1);
}

__kernel void cells_mean(__global const float *in, int in_pitch, int width, int height,
                         __global float *out, int out_pitch, int columns, int rows, int planes) {
    int x = (int)get_global_id(0) * 8, y = (int)get_global_id(1);
    if (x >= columns || y >= rows)
        return;
    for (int p = 0; p < planes; p++) {
        float8 sum = 0;
        for (int j = 0; j < 2; j++) {
            size_t row = (size_t)p * height + row_of(y, j, height);
            float16 v = pixels(in + row * in_pitch, 2 * x, width);
            sum += sum_of_pairs(select((float16)(0), v, usable(v)));
        }
        vstore8(sum * 0.25f, 0, out + ((size_t)p * rows + y) * out_pitch + x);
    }
}

__kernel void cells_hint(__global const float *hint, int hint_pitch,
                         __global const float *confidence, int confidence_pitch, int width,
                         int height, __global float *out, int out_pitch,
                         __global float *out_confidence, int out_confidence_pitch, int columns,
                         int rows) {
    int x = (int)get_global_id(0) * 8, y = (int)get_global_id(1);
    if (x >= columns || y >= rows)
        return;
    float8 sum0 = 0, sum1 = 0, total = 0;
    for (int j = 0; j < 2; j++) {
        int row = row_of(y, j, height);
        float16 h0 = pixels(hint + (size_t)row * hint_pitch, 2 * x, width);
        float16 h1 = pixels(hint + ((size_t)height + row) * hint_pitch, 2 * x, width);
        float16 t = pixels(confidence + (size_t)row * confidence_pitch, 2 * x, width);
        int16 good = usable(h0) & usable(h1) & (t > 0.0f);
        t = select((float16)(0), min(t, 1.0f), good);
        total += sum_of_pairs(t);
        sum0 += sum_of_pairs(t * select((float16)(0), h0, good));
        sum1 += sum_of_pairs(t * select((float16)(0), h1, good));
    }
    int8 known = total > 0.0f;
    float8 inverse = 1.0f / select((float8)(1), total, known);
    __global float *to = out + (size_t)y * out_pitch + x;
    vstore8(sum0 * inverse, 0, to);
    vstore8(sum1 * inverse, 0, to + (size_t)rows * out_pitch);
    vstore8(total * 0.25f, 0, out_confidence + (size_t)y * out_confidence_pitch + x);
}
