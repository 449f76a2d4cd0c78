/* SPDX-License-Identifier: Apache-2.0 */
/* Plane to plane by perspective. */
#ifndef CHROMAFUSE_TOOLS_HOMOGRAPHY_H
#define CHROMAFUSE_TOOLS_HOMOGRAPHY_H

/* Row-major; (x, y) -> (h0 x + h1 y + h2, h3 x + h4 y + h5) / (h6 x + h7 y + h8). */
typedef struct {
    double h[9];
} cf_homography;

/* A pair of points; weight 0: left out. */
typedef struct {
    double from[2], to[2], weight;
} cf_point_pair;

/*
 * Least squares over count pairs of weight > 0, at least 4, no three of the four in a row (Hartley
 * and Zisserman, "Multiple View Geometry", 2nd edition, 4.1 and 4.4.4: points normalised, the
 * algebraic error turned into the geometric one by two more rounds). 0 when they determine none.
 */
int cf_homography_fit(const cf_point_pair *pairs, int count, cf_homography *out);

/* 0, out untouched, for points that go to infinity or behind it. */
int cf_homography_apply(const cf_homography *h, const double p[2], double out[2]);

int cf_homography_invert(const cf_homography *h, cf_homography *out);

#endif
