/* SPDX-License-Identifier: Apache-2.0 */
/* Homographies by least squares. */
#include "tools/homography.h"

#include <math.h>
#include <string.h>

#include "calib/solve.h"

#define ROUNDS 3

/* p' = (p - shift) * scale: mean 0, mean distance about 1. */
typedef struct {
    double shift[2], scale;
} normal;

static normal normal_of(const cf_point_pair *pairs, int count, int to) {
    normal n = {{0, 0}, 0};
    double used = 0;
    for (int i = 0; i < count; i++)
        if (pairs[i].weight > 0) {
            n.shift[0] += to ? pairs[i].to[0] : pairs[i].from[0];
            n.shift[1] += to ? pairs[i].to[1] : pairs[i].from[1];
            used++;
        }
    n.shift[0] /= used;
    n.shift[1] /= used;
    for (int i = 0; i < count; i++)
        if (pairs[i].weight > 0) {
            const double *p = to ? pairs[i].to : pairs[i].from;
            n.scale += hypot(p[0] - n.shift[0], p[1] - n.shift[1]) / used;
        }
    n.scale = n.scale > 0 ? 1 / n.scale : 1;
    return n;
}

/* One row of the linear system: r . h = value. */
static void add_row(double a[64], double b[8], const double r[8], double value, double weight) {
    for (int i = 0; i < 8; i++) {
        b[i] += weight * r[i] * value;
        for (int j = 0; j < 8; j++)
            a[8 * i + j] += weight * r[i] * r[j];
    }
}

static int solve(const cf_point_pair *pairs, int count, const normal *from, const normal *to,
                 double h[9]) {
    double a[64] = {0}, b[8] = {0};
    for (int i = 0; i < count; i++) {
        const cf_point_pair *p = &pairs[i];
        if (!(p->weight > 0))
            continue;
        double x = (p->from[0] - from->shift[0]) * from->scale;
        double y = (p->from[1] - from->shift[1]) * from->scale;
        double u = (p->to[0] - to->shift[0]) * to->scale;
        double v = (p->to[1] - to->shift[1]) * to->scale;
        double depth = h[6] * x + h[7] * y + 1;
        double weight = p->weight / fmax(depth * depth, 1e-6);
        const double row_u[8] = {x, y, 1, 0, 0, 0, -u * x, -u * y};
        const double row_v[8] = {0, 0, 0, x, y, 1, -v * x, -v * y};
        add_row(a, b, row_u, u, weight);
        add_row(a, b, row_v, v, weight);
    }
    if (!cf_cholesky(a, 8))
        return 0;
    cf_cholesky_solve(a, 8, b);
    memcpy(h, b, sizeof b);
    h[8] = 1;
    return 1;
}

static void multiply(const double a[9], const double b[9], double out[9]) {
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

int cf_homography_fit(const cf_point_pair *pairs, int count, cf_homography *out) {
    int used = 0;
    for (int i = 0; i < count; i++)
        used += pairs[i].weight > 0;
    if (used < 4)
        return 0;
    const normal from = normal_of(pairs, count, 0), to = normal_of(pairs, count, 1);
    double h[9] = {0}, left[9];
    for (int round = 0; round < ROUNDS; round++)
        if (!solve(pairs, count, &from, &to, h))
            return 0;
    const double in[9] = {from.scale, 0,          -from.scale * from.shift[0],
                          0,          from.scale, -from.scale * from.shift[1],
                          0,          0,          1};
    const double back[9] = {1 / to.scale, 0, to.shift[0], 0, 1 / to.scale, to.shift[1], 0, 0, 1};
    multiply(h, in, left);
    multiply(back, left, out->h);
    return 1;
}

int cf_homography_apply(const cf_homography *h, const double p[2], double out[2]) {
    const double *m = h->h;
    double w = m[6] * p[0] + m[7] * p[1] + m[8];
    if (!(w > 1e-9))
        return 0;
    double x = (m[0] * p[0] + m[1] * p[1] + m[2]) / w;
    out[1] = (m[3] * p[0] + m[4] * p[1] + m[5]) / w;
    out[0] = x;
    return 1;
}

int cf_homography_invert(const cf_homography *h, cf_homography *out) {
    double inverse[9];
    if (!cf_invert3(h->h, inverse))
        return 0;
    /* the sign under which points of the picture have w > 0 */
    double sign = h->h[8] < 0 ? -1 : 1;
    for (int i = 0; i < 9; i++)
        out->h[i] = sign * inverse[i];
    return 1;
}
