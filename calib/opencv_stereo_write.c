/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a stereo rig for cv::FileStorage, with what cv::stereoRectify would add. */
#include <math.h>
#include <string.h>

#include "calib/opencv_stereo.h"

static void multiply(const double *a, const double *b, double out[9]) {
    double c[9];
    for (int i = 0; i < 9; i++)
        c[i] = a[i / 3 * 3] * b[i % 3] + a[i / 3 * 3 + 1] * b[3 + i % 3] +
               a[i / 3 * 3 + 2] * b[6 + i % 3];
    memcpy(out, c, sizeof c);
}

static void transpose(const double a[9], double out[9]) {
    for (int i = 0; i < 9; i++)
        out[i] = a[i % 3 * 3 + i / 3];
}

static void apply(const double m[9], const double v[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] = m[3 * i] * v[0] + m[3 * i + 1] * v[1] + m[3 * i + 2] * v[2];
}

/*
 * cv::undistortPoints with its default five steps of the fixed-point iteration: not always at its
 * end, but the corners that stereoRectify averages are found this way.
 */
static void undistort(const cf_opencv_camera *c, const double pixel[2], double out[2]) {
    const double *k = c->distortion;
    double x0 = (pixel[0] - c->matrix[2]) / c->matrix[0];
    double y0 = (pixel[1] - c->matrix[5]) / c->matrix[4], x = x0, y = y0;
    for (int i = 0; i < 5 && c->distortion_count; i++) {
        double r2 = x * x + y * y;
        double scale = (1 + ((k[7] * r2 + k[6]) * r2 + k[5]) * r2) /
                       (1 + ((k[4] * r2 + k[1]) * r2 + k[0]) * r2);
        if (scale < 0) {
            x = x0;
            y = y0;
            break;
        }
        double dx = 2 * k[2] * x * y + k[3] * (r2 + 2 * x * x) + k[8] * r2 + k[9] * r2 * r2;
        double dy = k[2] * (r2 + 2 * y * y) + 2 * k[3] * x * y + k[10] * r2 + k[11] * r2 * r2;
        x = (x0 - dx) * scale;
        y = (y0 - dy) * scale;
    }
    out[0] = x;
    out[1] = y;
}

/* Rotations that bring both cameras onto one plane with rows (along 0) or columns (along 1)
 * meeting; t: the baseline in rectified coordinates. */
static int turn_both(const cf_opencv_stereo *in, cf_opencv_rectified *out, double t[3]) {
    double vector[3], half[9], back[9], rectify[9], moved[3];
    cf_rotation_to_vector(in->rotation, vector);
    for (int i = 0; i < 3; i++)
        vector[i] *= -0.5;
    cf_rotation_from_vector(vector, half);
    apply(half, in->translation, moved);
    int along = fabs(moved[0]) > fabs(moved[1]) ? 0 : 1;
    double length = sqrt(moved[0] * moved[0] + moved[1] * moved[1] + moved[2] * moved[2]);
    double sign = moved[along] > 0 ? 1 : -1;
    /* moved x axis, turned by the angle between them */
    double axis[3] = {along ? -moved[2] * sign : 0, along ? 0 : moved[2] * sign,
                      along ? moved[0] * sign : -moved[1] * sign};
    double size = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
    for (int i = 0; i < 3 && size > 0; i++)
        axis[i] *= acos(fmin(fabs(moved[along]) / length, 1)) / size;
    cf_rotation_from_vector(axis, rectify);
    transpose(half, back);
    multiply(rectify, back, out->r1);
    multiply(rectify, half, out->r2);
    apply(out->r2, in->translation, t);
    return along;
}

/* The principal point that puts the mean of the picture's corners into its middle. */
static void new_center(const cf_opencv_camera *c, const double turn[9], double focal,
                       double center[2]) {
    center[0] = (c->width - 1) / 2.0;
    center[1] = (c->height - 1) / 2.0;
    for (int i = 0; i < 4; i++) {
        const double corner[2] = {i % 2 * (c->width - 1), i / 2 * (c->height - 1)};
        double ray[3] = {0, 0, 1}, v[3];
        undistort(c, corner, ray);
        apply(turn, ray, v);
        center[0] -= focal * v[0] / v[2] / 4;
        center[1] -= focal * v[1] / v[2] / 4;
    }
}

int cf_opencv_rectify(const cf_opencv_stereo *in, cf_opencv_rectified *out) {
    const cf_opencv_camera *a = &in->camera[0], *b = &in->camera[1];
    const double *t = in->translation;
    double moved[3], one[2], two[2];
    if (a->width != b->width || a->height != b->height ||
        !(fabs(t[0]) + fabs(t[1]) + fabs(t[2]) > 0))
        return 0;
    *out = (cf_opencv_rectified){0};
    int along = turn_both(in, out, moved);
    double f = (a->matrix[along ? 0 : 4] + b->matrix[along ? 0 : 4]) / 2;
    new_center(a, out->r1, f, one);
    new_center(b, out->r2, f, two);
    double x = (one[0] + two[0]) / 2, y = (one[1] + two[1]) / 2;
    const double p[12] = {f, 0, x, 0, 0, f, y, 0, 0, 0, 1, 0};
    const double q[16] = {1, 0, 0, -x, 0, 1, 0, -y, 0, 0, 0, f, 0, 0, -1 / moved[along], 0};
    memcpy(out->p1, p, sizeof p);
    memcpy(out->p2, p, sizeof p);
    memcpy(out->q, q, sizeof q);
    out->p2[along ? 7 : 3] = f * moved[along];
    return 1;
}

static void print_matrix(FILE *to, const char *name, int rows, int columns, const double *v) {
    fprintf(to, "%s: !!opencv-matrix\n   rows: %d\n   cols: %d\n   dt: d\n   data: [", name, rows,
            columns);
    for (int i = 0; i < rows * columns; i++)
        fprintf(to, "%s%s%.17g", i ? "," : "", i % 3 ? " " : i ? "\n       " : " ", v[i]);
    fputs(" ]\n", to);
}

static void print_essential(const cf_opencv_stereo *in, FILE *to) {
    const double *t = in->translation, *m1 = in->camera[0].matrix, *m2 = in->camera[1].matrix;
    const double cross[9] = {0, -t[2], t[1], t[2], 0, -t[0], -t[1], t[0], 0};
    const double inverse1[9] = {1 / m1[0], 0, -m1[2] / m1[0], 0, 1 / m1[4], -m1[5] / m1[4], 0,
                                0,         1};
    const double inverse2t[9] = {1 / m2[0],      0, 0, 0, 1 / m2[4], 0, -m2[2] / m2[0],
                                 -m2[5] / m2[4], 1};
    double e[9], f[9];
    multiply(cross, in->rotation, e);
    print_matrix(to, "E", 3, 3, e);
    multiply(inverse2t, e, f);
    multiply(f, inverse1, f);
    double scale = fabs(f[8]) > 0 ? f[8] : 1;
    for (int i = 0; i < 9; i++)
        f[i] /= scale;
    print_matrix(to, "F", 3, 3, f);
}

static void print_sizes(const cf_opencv_stereo *in, FILE *to) {
    const cf_opencv_camera *a = &in->camera[0], *b = &in->camera[1];
    if (a->width == b->width && a->height == b->height) {
        fprintf(to, "imageSize: [ %d, %d ]\n", a->width, a->height);
        return;
    }
    fprintf(to, "imageSize1: [ %d, %d ]\nimageSize2: [ %d, %d ]\n", a->width, a->height, b->width,
            b->height);
}

void cf_opencv_stereo_print(const cf_opencv_stereo *in, FILE *to) {
    cf_opencv_rectified r;
    fputs("%YAML:1.0\n---\n", to);
    print_sizes(in, to);
    for (int i = 0; i < 2; i++) {
        const cf_opencv_camera *c = &in->camera[i];
        print_matrix(to, i ? "M2" : "M1", 3, 3, c->matrix);
        print_matrix(to, i ? "D2" : "D1", 1, c->distortion_count ? c->distortion_count : 5,
                     c->distortion);
    }
    print_matrix(to, "R", 3, 3, in->rotation);
    print_matrix(to, "T", 3, 1, in->translation);
    print_essential(in, to);
    if (!cf_opencv_rectify(in, &r))
        return;
    print_matrix(to, "R1", 3, 3, r.r1);
    print_matrix(to, "R2", 3, 3, r.r2);
    print_matrix(to, "P1", 3, 4, r.p1);
    print_matrix(to, "P2", 3, 4, r.p2);
    print_matrix(to, "Q", 4, 4, r.q);
}
