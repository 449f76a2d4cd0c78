/* SPDX-License-Identifier: Apache-2.0 */
/* Small dense linear systems. */
#ifndef CHROMAFUSE_CALIB_SOLVE_H
#define CHROMAFUSE_CALIB_SOLVE_H

/* Cholesky factor (lower) of the symmetric n x n matrix a (row-major, its lower half is read and
 * replaced). 0 when a is not positive definite to working precision; a is then spoilt. */
int cf_cholesky(double *a, int n);

/* Solves L L' x = b for the factor of cf_cholesky; x replaces b. */
void cf_cholesky_solve(const double *factor, int n, double *b);

/* Inverse of a 3 x 3 matrix (row-major); 0, out untouched, when it has none. */
int cf_invert3(const double m[9], double out[9]);

/* out = m v; out may be v. */
void cf_multiply3(const double m[9], const double v[3], double out[3]);

#endif
