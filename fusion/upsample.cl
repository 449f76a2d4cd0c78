/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `upsample`: one work-item makes 16 neighbouring pixels. */

static float8 usable(float8 v) {
    return select((float8)(0), v, fabs(v) < 1e6f);
}

/* For each of 16 pixels the cell it lies in, and the next one on the pixel's side. */
typedef struct {
    float16 near, far;
} cells;

static cells load_cells(__global const float *row, int column, int width) {
    int8 lane = column + (int8)(0, 1, 2, 3, 4, 5, 6, 7);
    float8 ends = usable((float8)(row[max(column - 1, 0)], row[min(column + 8, width - 1)],
                                  row[width - 1], 0, 0, 0, 0, 0));
    float8 v = select(usable(vload8(0, row + column)), (float8)ends.s2, lane >= width);
    cells c = {v.s0011223344556677, (float16)(ends.s0, v.s1, v.s0, v.s2, v.s1, v.s3, v.s2, v.s4,
                                              v.s3, v.s5, v.s4, v.s6, v.s5, v.s7, v.s6, ends.s1)};
    return c;
}

typedef struct {
    float16 total, a, b, error;
} tally;

static void add(tally *t, float share, float16 step, float16 a, float16 b, float16 error) {
    float16 like = 1.0f / (1.0f + step * step);
    float16 weight = share * (like * like + 1e-3f);
    t->total += weight;
    t->a += weight * a;
    t->b += weight * b;
    t->error += weight * error;
}

__kernel void upsample_chroma(__global const float *mono, int mono_pitch, __global const float *low,
                              int low_pitch, __global const float *chroma_low, int chroma_low_pitch,
                              __global const float *error_low, int error_low_pitch, int width,
                              int height, __global float *chroma, int chroma_pitch,
                              __global float *error, int error_pitch, float inverse) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    int columns = (width + 1) / 2, rows = (height + 1) / 2, column = x / 2;
    float16 m = vload16(0, mono + (size_t)y * mono_pitch + x);
    m = select((float16)(0), m, fabs(m) < 1e6f);
    tally t = {0, 0, 0, 0};
    for (int j = 0; j < 2; j++) {
        int row = clamp(y / 2 + (j == 0 ? 0 : y & 1 ? 1 : -1), 0, rows - 1);
        float share = j == 0 ? 0.75f : 0.25f;
        cells g = load_cells(low + (size_t)row * low_pitch, column, columns);
        cells a = load_cells(chroma_low + (size_t)row * chroma_low_pitch, column, columns);
        cells b = load_cells(chroma_low + (size_t)(rows + row) * chroma_low_pitch, column, columns);
        cells e = load_cells(error_low + (size_t)row * error_low_pitch, column, columns);
        add(&t, 0.75f * share, (g.near - m) * inverse, a.near, b.near, e.near);
        add(&t, 0.25f * share, (g.far - m) * inverse, a.far, b.far, e.far);
    }
    __global float *out = chroma + (size_t)y * chroma_pitch + x;
    float16 scale = 1.0f / t.total;
    vstore16(t.a * scale, 0, out);
    vstore16(t.b * scale, 0, out + (size_t)height * chroma_pitch);
    vstore16(t.error * scale, 0, error + (size_t)y * error_pitch + x);
}
