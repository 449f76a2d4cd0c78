/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `motion`: one work-item looks for one node's patch, held in registers. */
#include "fusion/motion_shared.h"

#define NEVER (1 << 30) /* more than any cost */

/* A level: both pictures and the grid of nodes; `step` pixels of the full picture between them. */
typedef struct {
    int width, height, now_pitch, last_pitch;
    int columns, rows, step, unused;
} level_size;

typedef struct {
    float slack, contrast, light, smooth, cut;
} motion_params;

/* The rules for four codes at a time. */
int4 codes(float4 guide) {
    float4 g = select((float4)0.0f, fmin(guide, 4.0f), guide > 0.0f);
    return convert_int4(g * (float)CF_MOTION_WHITE + 0.5f);
}

/* One work-item makes 4 pixels of the half-size picture. */
__kernel void small(__global const float *guide, int pitch, int width, int height,
                    __global ushort *out, int out_pitch, int out_width, int out_height) {
    int x = (int)get_global_id(0) * 4, y = (int)get_global_id(1);
    if (x >= out_width || y >= out_height)
        return;
    __global const float *a = guide + (size_t)(2 * y) * pitch;
    __global const float *b = 2 * y + 1 < height ? a + pitch : a;
    __global ushort *row = out + (size_t)y * out_pitch;
    if (2 * x + 8 <= width) {
        float8 top = vload8(0, a + 2 * x), bottom = vload8(0, b + 2 * x);
        int4 sum = codes(top.even) + codes(top.odd) + codes(bottom.even) + codes(bottom.odd);
        vstore4(convert_ushort4(sum), 0, row + x);
        return;
    }
    for (int i = x; i < min(x + 4, out_width); i++) {
        int right = min(2 * i + 1, width - 1);
        row[i] = (ushort)(cf_motion_code(a[2 * i]) + cf_motion_code(a[right]) +
                          cf_motion_code(b[2 * i]) + cf_motion_code(b[right]));
    }
}

__kernel void half_size(__global const ushort *from, int pitch, int width, int height,
                        __global ushort *to) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1), out_width = (width + 1) / 2;
    if (x >= out_width || 2 * y >= height)
        return;
    int right = 2 * x + 1 < width ? 2 * x + 1 : 2 * x;
    __global const ushort *a = from + (size_t)(2 * y) * pitch;
    __global const ushort *b = 2 * y + 1 < height ? a + pitch : a;
    to[y * out_width + x] = (ushort)((a[2 * x] + a[right] + b[2 * x] + b[right] + 2) >> 2);
}

/* A patch, two rows in each vector. */
typedef struct {
    int16 a, b, c, d;
} patch;

int16 two_rows(__global const ushort *p, int pitch) {
    return (int16)(convert_int8(vload8(0, p)), convert_int8(vload8(0, p + pitch)));
}

patch load(__global const ushort *p, int pitch) {
    patch v = {two_rows(p, pitch), two_rows(p + 2 * pitch, pitch), two_rows(p + 4 * pitch, pitch),
               two_rows(p + 6 * pitch, pitch)};
    return v;
}

int sum16(int16 v) {
    int8 e = v.lo + v.hi;
    int4 q = e.lo + e.hi;
    return (q.x + q.y) + (q.z + q.w);
}

int cost(const patch *now, __global const ushort *last, int pitch) {
    patch d = load(last, pitch);
    d.a = now->a - d.a;
    d.b = now->b - d.b;
    d.c = now->c - d.c;
    d.d = now->d - d.d;
    int sum = sum16(d.a + d.b + d.c + d.d);
    uint16 total =
        abs(64 * d.a - sum) + abs(64 * d.b - sum) + abs(64 * d.c - sum) + abs(64 * d.d - sum);
    return sum16(as_int16(total)) >> 6;
}

/* The node that is worked on, and the best vector so far. */
typedef struct {
    patch now;
    __global const ushort *last; /* at the patch's place */
    int x, y, width, height, pitch, preference;
    int2 near, best;
    int least;
} node;

void try_vector(node *n, int2 v) {
    v.x = cf_motion_keep(v.x, n->x, n->width);
    v.y = cf_motion_keep(v.y, n->y, n->height);
    if (v.x == n->best.x && v.y == n->best.y && n->least < NEVER) /* neighbours often agree */
        return;
    int c = cost(&n->now, n->last + v.y * n->pitch + v.x, n->pitch);
    c += cf_motion_price(v.x, v.y, n->near.x, n->near.y, n->preference);
    if (c < n->least) {
        n->least = c;
        n->best = v;
    }
}

float sigma_at(__global const float *sigma, int pitch, int width, int height, int x, int y) {
    return cf_motion_sigma(sigma[(size_t)min(y, height - 1) * pitch + min(x, width - 1)]);
}

node start(__global const ushort *now, __global const ushort *last, const level_size *l, int i,
           int j, float smooth, float sigma) {
    node n;
    n.x = cf_motion_origin(i, l->width);
    n.y = cf_motion_origin(j, l->height);
    n.now = load(now + (size_t)n.y * l->now_pitch + n.x, l->now_pitch);
    n.last = last + (size_t)n.y * l->last_pitch + n.x;
    n.width = l->width;
    n.height = l->height;
    n.pitch = l->last_pitch;
    n.preference = cf_motion_preference(smooth, sigma, l->step);
    n.near = n.best = (int2)0;
    n.least = NEVER;
    return n;
}

/* The k-th of the 3 x 3 nodes around one, row by row; at the border its own. */
int2 beside(__global const int2 *vectors, int columns, int rows, int i, int j, int k) {
    return vectors[clamp(j + k / 3 - 1, 0, rows - 1) * columns +
                   clamp(i + k % 3 - 1, 0, columns - 1)];
}

/* The middle of those nine, by itself in x and y. */
int2 middle_of(__global const int2 *vectors, int columns, int rows, int i, int j) {
    int x[9], y[9];
    for (int k = 0; k < 9; k++) {
        int2 v = beside(vectors, columns, rows, i, j, k);
        x[k] = v.x;
        y[k] = v.y;
    }
    return (int2)(cf_motion_median(x), cf_motion_median(y));
}

/* coarse_columns 0: this is the coarsest level. */
__kernel void search(__global const ushort *now, __global const ushort *last, level_size l,
                     __global const float *sigma, int sigma_pitch, int sigma_width,
                     int sigma_height, float smooth, __global const int2 *coarse,
                     int coarse_columns, int coarse_rows, __global int2 *vectors) {
    int i = (int)get_global_id(0), j = (int)get_global_id(1);
    if (i >= l.columns || j >= l.rows)
        return;
    node n = start(now, last, &l, i, j, smooth,
                   sigma_at(sigma, sigma_pitch, sigma_width, sigma_height, i * l.step, j * l.step));
    int right = min(i / 2 + 1, coarse_columns - 1), below = min(j / 2 + 1, coarse_rows - 1);
    int2 zero = (int2)0;
    if (coarse_columns) {
        __global const int2 *row = coarse + (j / 2) * coarse_columns;
        n.near = 2 * middle_of(coarse, coarse_columns, coarse_rows, i / 2, j / 2);
        try_vector(&n, zero);
        try_vector(&n, n.near);
        try_vector(&n, 2 * row[i / 2]);
        try_vector(&n, 2 * row[right]);
        try_vector(&n, 2 * coarse[below * coarse_columns + i / 2]);
        try_vector(&n, 2 * row[max(i / 2 - 1, 0)]);
        try_vector(&n, 2 * coarse[max(j / 2 - 1, 0) * coarse_columns + i / 2]);
    } else {
        try_vector(&n, zero);
        for (int dy = -CF_MOTION_WINDOW; dy <= CF_MOTION_WINDOW; dy++)
            for (int dx = -CF_MOTION_WINDOW; dx <= CF_MOTION_WINDOW; dx++)
                try_vector(&n, (int2)(dx, dy));
    }
    int2 middle = n.best;
    for (int k = 0; k < 9; k++)
        if (k != 4)
            try_vector(&n, middle + (int2)(k % 3 - 1, k / 3 - 1));
    vectors[j * l.columns + i] = n.best;
}

__kernel void polish(__global const ushort *now, __global const ushort *last, level_size l,
                     __global const float *sigma, int sigma_pitch, int sigma_width,
                     int sigma_height, float smooth, __global const int2 *vectors,
                     __global int2 *polished) {
    int i = (int)get_global_id(0), j = (int)get_global_id(1);
    if (i >= l.columns || j >= l.rows)
        return;
    node n = start(now, last, &l, i, j, smooth,
                   sigma_at(sigma, sigma_pitch, sigma_width, sigma_height, i * l.step, j * l.step));
    n.near = middle_of(vectors, l.columns, l.rows, i, j);
    try_vector(&n, n.near);
    try_vector(&n, vectors[j * l.columns + i]);
    for (int k = 0; k < 9; k++)
        try_vector(&n, beside(vectors, l.columns, l.rows, i, j, k));
    polished[j * l.columns + i] = n.best;
}

/* Where a patch was: its first pixel, and the share of the next ones. */
typedef struct {
    __global const ushort *at;
    int pitch, x, y;
    float u, v;
} place;

place place_at(__global const ushort *last, const level_size *l, float x, float y) {
    place p;
    p.x = cf_motion_whole(x, l->width, &p.u);
    p.y = cf_motion_whole(y, l->height, &p.v);
    p.pitch = l->last_pitch;
    p.at = last + (size_t)p.y * p.pitch + p.x;
    return p;
}

float8 row_of(__global const ushort *p) {
    return convert_float8(vload8(0, p));
}

/* A row of the patch in the picture before, `right` and `down` of its place. */
float8 row_then(const place *from, int right, int down) {
    __global const ushort *p = from->at + down * from->pitch + right;
    float8 a = row_of(p), b = row_of(p + 1);
    float8 c = row_of(p + from->pitch), d = row_of(p + from->pitch + 1);
    float8 top = a + from->u * (b - a), bottom = c + from->u * (d - c);
    return top + from->v * (bottom - top);
}

/* Both pictures and their mean gradient along row j of a patch. */
typedef struct {
    float8 now, last, x, y;
} slopes;

slopes slopes_of(__global const ushort *now, int pitch, const place *from, int j) {
    slopes s;
    now += j * pitch;
    s.now = row_of(now);
    s.last = row_then(from, 0, j);
    s.x =
        0.25f * (row_of(now + 1) - row_of(now - 1) + row_then(from, 1, j) - row_then(from, -1, j));
    s.y = 0.25f * (row_of(now + pitch) - row_of(now - pitch) + row_then(from, 0, j + 1) -
                   row_then(from, 0, j - 1));
    return s;
}

float sum8(float8 v) {
    float4 q = v.lo + v.hi;
    return (q.x + q.y) + (q.z + q.w);
}

cf_motion_sums sum_patch(__global const ushort *now, int pitch, const place *from) {
    slopes t = {0, 0, 0, 0};
    float8 z = 0, zx = 0, zy = 0, xx = 0, xy = 0, yy = 0;
    for (int j = 0; j < CF_MOTION_PATCH; j++) {
        slopes s = slopes_of(now, pitch, from, j);
        float8 d = s.now - s.last;
        t.now += s.now;
        t.last += s.last;
        t.x += s.x;
        t.y += s.y;
        z += d;
        zx += d * s.x;
        zy += d * s.y;
        xx += s.x * s.x;
        xy += s.x * s.y;
        yy += s.y * s.y;
    }
    cf_motion_sums sums = {CF_MOTION_PATCH * CF_MOTION_PATCH,
                           sum8(t.now),
                           sum8(t.last),
                           sum8(z),
                           sum8(t.x),
                           sum8(t.y),
                           sum8(zx),
                           sum8(zy),
                           sum8(xx),
                           sum8(xy),
                           sum8(yy)};
    return sums;
}

__kernel void refine(__global const ushort *now, __global const ushort *last, level_size l,
                     __global const float *sigma, int sigma_pitch, int sigma_width,
                     int sigma_height, motion_params p, __global const int2 *polished,
                     __global float *out, int out_pitch, __global float *means) {
    int i = (int)get_global_id(0), j = (int)get_global_id(1);
    if (i >= l.columns || j >= l.rows)
        return;
    float s = sigma_at(sigma, sigma_pitch, sigma_width, sigma_height, i * l.step, j * l.step);
    float2 v = convert_float2(polished[j * l.columns + i]);
    int x = cf_motion_origin(i, l.width), y = cf_motion_origin(j, l.height);
    float sx, sy;
    now += (size_t)y * l.now_pitch + x;
    place from = place_at(last, &l, (float)x + v.x, (float)y + v.y);
    cf_motion_sums sums = sum_patch(now, l.now_pitch, &from);
    cf_motion_step(&sums, s, &sx, &sy);
    from = place_at(last, &l, (float)x + (v.x + sx), (float)y + (v.y + sy));
    v = (float2)((float)(from.x - x) + from.u, (float)(from.y - y) + from.v);
    sums = sum_patch(now, l.now_pitch, &from);
    cf_motion_step(&sums, s, &sx, &sy);
    float inverse = 1.0f / sums.n, mean = (sums.z - sx * sums.x - sy * sums.y) * inverse;
    float8 left = 0, texture = 0;
    for (int k = 0; k < CF_MOTION_PATCH; k++) {
        slopes d = slopes_of(now, l.now_pitch, &from, k);
        left += fabs(d.now - d.last - sx * d.x - sy * d.y - mean);
        texture += fabs(d.now - sums.now * inverse);
    }
    inverse /= CF_MOTION_UNIT;
    float tolerance = cf_motion_tolerance(p.slack, p.contrast, sum8(texture) * inverse, s);
    size_t plane = (size_t)out_pitch * l.rows;
    out += (size_t)j * out_pitch + i;
    out[0] = 2.0f * (v.x + sx);
    out[plane] = 2.0f * (v.y + sy);
    out[2 * plane] = sums.z * inverse;
    out[3 * plane] = cf_motion_share(sum8(left) * inverse, tolerance);
    means[j * l.columns + i] = sums.last * inverse;
}

/* Sums of a row of nodes for the picture's change of light: then and now. */
__kernel void lights(__global const float *out, int out_pitch, int columns, int rows,
                     __global const float *means, __global float *sums) {
    int j = (int)get_global_id(0);
    float last = 0, now = 0;
    if (j >= rows)
        return;
    size_t plane = (size_t)out_pitch * rows;
    out += (size_t)j * out_pitch;
    for (int i = 0; i < columns; i++) {
        float share = out[3 * plane + i], mean = means[j * columns + i];
        last += share * mean;
        now += share * (mean + out[2 * plane + i]);
    }
    sums[2 * j] = last;
    sums[2 * j + 1] = now;
}

/* A row of nodes against that change; its mean share. */
__kernel void judge(__global float *out, int out_pitch, int columns, int rows,
                    __global const float *sigma, int sigma_pitch, int sigma_width, int sigma_height,
                    motion_params p, __global const float *means, __global const float *sums,
                    __global float *shares) {
    int j = (int)get_global_id(0);
    float last = 0, now = 0, total = 0;
    if (j >= rows)
        return;
    for (int k = 0; k < rows; k++) {
        last += sums[2 * k];
        now += sums[2 * k + 1];
    }
    float factor = last > 0.0f ? now / last : 0.0f;
    size_t plane = (size_t)out_pitch * rows;
    out += (size_t)j * out_pitch;
    for (int i = 0; i < columns; i++) {
        float mean = means[j * columns + i], expected = (factor - 1.0f) * mean;
        float s = sigma_at(sigma, sigma_pitch, sigma_width, sigma_height, i * CF_MOTION_STEP,
                           j * CF_MOTION_STEP);
        float tolerance = cf_motion_light(p.slack, p.light, mean, s);
        float shift = out[2 * plane + i];
        float share = factor > 0.0f ? cf_motion_share(shift - expected, tolerance) : 0.0f;
        out[2 * plane + i] = fmax(fmin(shift, expected + tolerance), expected - tolerance);
        total += out[3 * plane + i] *= share;
    }
    shares[j] = total;
}

/* The larger coordinate of the difference of two nodes' vectors. */
float apart(__global const float *out, size_t plane, int a, int b) {
    return fmax(fabs(out[a] - out[b]), fabs(out[plane + a] - out[plane + b]));
}

/* A row of nodes, once the picture's mean share is known. */
__kernel void settle(__global float *out, int out_pitch, int columns, int rows, float cut,
                     __global const float *shares) {
    int j = (int)get_global_id(0);
    float total = 0;
    if (j >= rows)
        return;
    for (int k = 0; k < rows; k++)
        total += shares[k];
    float gate = cf_motion_gate(total / (float)(columns * rows), cut);
    size_t plane = (size_t)out_pitch * rows;
    int above = max(j - 1, 0) * out_pitch, below = min(j + 1, rows - 1) * out_pitch;
    for (int i = 0; i < columns; i++) {
        int at = j * out_pitch + i, left = i > 0 ? at - 1 : at,
            right = i + 1 < columns ? at + 1 : at;
        float bend = fmax(fmax(apart(out, plane, at, left), apart(out, plane, at, right)),
                          fmax(apart(out, plane, at, above + i), apart(out, plane, at, below + i)));
        out[3 * plane + at] *= gate * cf_motion_share(bend, CF_MOTION_BEND);
    }
}
