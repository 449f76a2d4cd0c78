/* SPDX-License-Identifier: Apache-2.0 */
/* Cholesky's method and the inverse of 3 x 3. */
#include "calib/solve.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define TINY 1e-13 /* of a diagonal element: what is left of it by rounding alone */

static double dot(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

int cf_cholesky(double *a, int n) {
    size_t width = (size_t)n;
    for (int i = 0; i < n; i++) {
        double *row = a + (size_t)i * width;
        for (int j = 0; j < i; j++) {
            const double *other = a + (size_t)j * width;
            row[j] = (row[j] - dot(row, other, j)) / other[j];
        }
        double left = row[i] - dot(row, row, i);
        if (!(left > TINY * fabs(row[i])) || !isfinite(left))
            return 0;
        row[i] = sqrt(left);
    }
    return 1;
}

void cf_cholesky_solve(const double *factor, int n, double *b) {
    size_t width = (size_t)n;
    for (int i = 0; i < n; i++) {
        const double *row = factor + (size_t)i * width;
        b[i] = (b[i] - dot(row, b, i)) / row[i];
    }
    for (int i = n - 1; i >= 0; i--) {
        const double *row = factor + (size_t)i * width;
        b[i] /= row[i];
        for (int j = 0; j < i; j++)
            b[j] -= row[j] * b[i];
    }
}

int cf_invert3(const double m[9], double out[9]) {
    double c[9], largest = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int a = (j + 1) % 3, b = (j + 2) % 3, r = (i + 1) % 3, s = (i + 2) % 3;
            c[3 * i + j] = m[3 * a + r] * m[3 * b + s] - m[3 * a + s] * m[3 * b + r];
            largest = fmax(largest, fabs(m[3 * i + j]));
        }
    double det = m[0] * c[0] + m[1] * c[3] + m[2] * c[6];
    if (!isfinite(det) || fabs(det) <= 1e-12 * largest * largest * largest)
        return 0;
    for (int i = 0; i < 9; i++)
        out[i] = c[i] / det;
    return 1;
}

void cf_multiply3(const double m[9], const double v[3], double out[3]) {
    const double x = v[0], y = v[1], z = v[2];
    for (int i = 0; i < 3; i++)
        out[i] = m[3 * i] * x + m[3 * i + 1] * y + m[3 * i + 2] * z;
}
