/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `restore`: one work-item makes 16 neighbouring pixels from 8 cells, one to either
 * side, and as many of the next row. */
#define FLOOR 1e-3f /* CF_RESTORE_FLOOR */

static float16 finite16(float16 v) {
    return select((float16)(0), v, (v >= -1e4f) & (v <= 1e4f));
}

static float8 finite8(float8 v) {
    return select((float8)(0), v, (v >= -1e4f) & (v <= 1e4f));
}

static float finite1(float v) {
    return v >= -1e4f && v <= 1e4f ? v : 0.0f;
}

typedef struct {
    float8 v;
    float left, right;
} strip;

/* 8 cells and their neighbours; those beyond the last of `cells` are not looked at by any pixel. */
static strip load(__global const float *row, int column, int cells) {
    strip s;
    s.v = finite8(vload8(0, row + column));
    s.left = column > 0 ? finite1(row[column - 1]) : s.v.s0;
    s.right = column + 8 < cells ? finite1(row[column + 8]) : s.v.s7;
    return s;
}

static strip difference(strip a, strip b) {
    strip s = {a.v - b.v, a.left - b.left, a.right - b.right};
    return s;
}

/* The cell of each pixel, and the one on the pixel's side of it. */
static float16 near_cells(strip s) {
    return s.v.s0011223344556677;
}
static float16 far_cells(strip s, int16 is_last) {
    float16 far = (float16)(s.left, s.v.s1, s.v.s0, s.v.s2, s.v.s1, s.v.s3, s.v.s2, s.v.s4, s.v.s3,
                            s.v.s5, s.v.s4, s.v.s6, s.v.s5, s.v.s7, s.v.s6, s.right);
    return select(far, near_cells(s), is_last);
}

typedef struct {
    float16 a, b, error, total;
} tally;

static void add(tally *t, float share, float16 mono, float scale, float16 cell, float16 a,
                float16 b, float16 error) {
    float16 step = mono - cell, weight = share * (FLOOR + exp(step * step * scale));
    t->a += weight * a;
    t->b += weight * b;
    t->error += weight * error;
    t->total += weight;
}

/* width, height: of the picture; rows: of the cells' planes. */
__kernel void restore(__global const float *transferred, int transferred_pitch,
                      __global const float *doubt, int doubt_pitch, __global const float *mono,
                      int mono_pitch, int width, int height, __global const float *cell_mono,
                      int cell_mono_pitch, __global const float *cell_chroma, int cell_chroma_pitch,
                      __global const float *cell_doubt, int cell_doubt_pitch,
                      __global const float *chroma, int chroma_pitch, __global const float *error,
                      int error_pitch, int rows, __global float *out, int out_pitch,
                      __global float *out_error, int out_error_pitch, float scale) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    int cells = (width + 1) / 2, last_row = (height - 1) / 2, column = x / 2;
    int row[2] = {y / 2, clamp(y / 2 + (y & 1 ? 1 : -1), 0, last_row)};
    int16 lane = x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int16 is_last = (lane + 1) / 2 >= cells;
    float16 m = finite16(vload16(0, mono + (size_t)y * mono_pitch + x));
    tally t = {0, 0, 0, 0};
    for (int j = 0; j < 2; j++) {
        size_t r = row[j], r1 = (size_t)rows + r;
        strip guide = load(cell_mono + r * cell_mono_pitch, column, cells);
        strip a = difference(load(chroma + r * chroma_pitch, column, cells),
                             load(cell_chroma + r * cell_chroma_pitch, column, cells));
        strip b = difference(load(chroma + r1 * chroma_pitch, column, cells),
                             load(cell_chroma + r1 * cell_chroma_pitch, column, cells));
        strip e = difference(load(error + r * error_pitch, column, cells),
                             load(cell_doubt + r * cell_doubt_pitch, column, cells));
        float share = j ? 0.25f : 0.75f;
        add(&t, 0.75f * share, m, scale, near_cells(guide), near_cells(a), near_cells(b),
            near_cells(e));
        add(&t, 0.25f * share, m, scale, far_cells(guide, is_last), far_cells(a, is_last),
            far_cells(b, is_last), far_cells(e, is_last));
    }
    float16 inverse = 1.0f / t.total;
    __global const float *from = transferred + (size_t)y * transferred_pitch + x;
    __global float *to = out + (size_t)y * out_pitch + x;
    vstore16(finite16(vload16(0, from)) + t.a * inverse, 0, to);
    from += (size_t)height * transferred_pitch;
    vstore16(finite16(vload16(0, from)) + t.b * inverse, 0, to + (size_t)height * out_pitch);
    float16 d = finite16(vload16(0, doubt + (size_t)y * doubt_pitch + x));
    vstore16(max(d + t.error * inverse, 0.0f), 0, out_error + (size_t)y * out_error_pitch + x);
}
