/* SPDX-License-Identifier: Apache-2.0 */
/* The variance-stabilising transform and its inverse, read by C (float) and OpenCL (float16) alike.
 */
#ifndef CHROMAFUSE_ISP_ANSCOMBE_H
#define CHROMAFUSE_ISP_ANSCOMBE_H

/*
 * x: signal on the 0..1 scale, noise variance scale * x + offset before clipping at 1 (Poisson
 * plus Gaussian). d: stabilised value, noise of sigma 1.
 */
#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
typedef float16 cf_real;
#define CF_SQRT sqrt
#define CF_EXP exp
#define CF_MIN fmin
#define CF_MAX fmax
#else
#include <math.h>
typedef float cf_real;
#define CF_SQRT sqrtf
#define CF_EXP expf
#define CF_MIN fminf
#define CF_MAX fmaxf
#endif

/* Generalized Anscombe transform (Starck, Murtagh, Bijaoui, 1998), in units of x. */
static inline cf_real cf_anscombe(cf_real x, float scale, float offset) {
    return 2 / scale * CF_SQRT(CF_MAX(x * scale + (0.375F * scale * scale + offset), (cf_real)(0)));
}

/*
 * Its exact unbiased inverse in closed form (Makitalo and Foi, "Optimal inversion of the
 * generalized Anscombe transformation", 2013, eq. 10): x for the mean of d, not d of the mean.
 * Below what x = 0 without read noise gives, d counts as that value.
 */
static inline cf_real cf_anscombe_inverse(cf_real d, float scale, float offset) {
    cf_real e = CF_MAX(d, (cf_real)(1.2247449F)), r = 1 / e;
    cf_real y = 0.25F * e * e - 0.125F + r * (0.30618622F + r * (-1.375F + r * 0.76546554F));
    return y * scale - offset / scale;
}

/* Standard deviation of the noise at x. */
static inline cf_real cf_noise_sigma(cf_real x, float scale, float offset) {
    return CF_SQRT(CF_MAX(x, (cf_real)(0)) * scale + (offset + 1e-14F));
}

/*
 * Clipping at 1 lowers the mean of noisy samples; x for their mean y. With t = (1 - x) / sigma,
 * y = x - sigma (phi(t) - t Q(t)), solved by three steps of Newton's method; Q by Abramowitz and
 * Stegun 26.2.16. At most 1.
 */
static inline cf_real cf_unclip(cf_real y, float scale, float offset) {
    cf_real x = CF_MIN(y, (cf_real)(1));
    for (int i = 0; i < 3; i++) {
        cf_real sigma = cf_noise_sigma(x, scale, offset), t = (1 - x) / sigma;
        cf_real k = 1 / (1 + 0.33267F * t), phi = 0.39894228F * CF_EXP(-0.5F * t * t);
        cf_real q = phi * k * (0.4361836F + k * (-0.1201676F + k * 0.937298F));
        x = CF_MIN(x + (y - x + sigma * (phi - t * q)) / (1 - q), (cf_real)(1));
    }
    return x;
}

/* Where cf_unclip changes a value by less than 1e-4 sigma: this many sigmas below 1. */
#define CF_UNCLIP_REACH 3.2F

#endif
