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
#define CF_ROOT sqrt /* of a plain float */
#define CF_EXP exp
#define CF_MIN fmin
#define CF_MAX fmax
#else
#include <math.h>
typedef float cf_real;
#define CF_SQRT sqrtf
#define CF_ROOT sqrtf
#define CF_EXP expf
#define CF_MIN fminf
#define CF_MAX fmaxf
#endif

/*
 * Generalized Anscombe transform (Starck, Murtagh, Bijaoui, 1998), in units of x, continued along
 * its tangent below black: the root there would turn read noise into far negative outliers, which
 * shrinkage takes for detail.
 */
static inline cf_real cf_anscombe(cf_real x, float scale, float offset) {
    float b = 0.375F * scale * scale + offset;
    cf_real zero = 0, light = CF_MAX(x, zero), dark = CF_MIN(x, zero);
    return 2 / scale * CF_SQRT(light * scale + b) + dark * (1 / CF_ROOT(b));
}

/*
 * Its unbiased inverse: x for the mean of d, not d of the mean. The algebraic inverse plus the
 * closed form of Makitalo and Foi ("Optimal inversion of the generalized Anscombe transformation",
 * 2013, eq. 10), which fades out across black as the tangent needs no correction. Bias at most
 * 0.035 of the noise's sigma, for any read noise.
 */
static inline cf_real cf_anscombe_inverse(cf_real d, float scale, float offset) {
    float b = 0.375F * scale * scale + offset, root = CF_ROOT(b), black = 2 / scale * root;
    float fade = 0.5F * root / CF_ROOT(offset > 1e-6F * b ? offset : 1e-6F * b);
    cf_real e = CF_MAX(d, (cf_real)(black)), r = 1 / e;
    cf_real more = 0.25F + r * (0.30618622F + r * (-1.375F + r * 0.76546554F));
    cf_real share = CF_MIN(CF_MAX(0.5F + fade * (d - black), (cf_real)(0)), (cf_real)(1));
    return scale * (0.25F * (e - black) * (e + black) + more * share) + root * (d - e);
}

/* How fast the inverse rises: sigma of x over sigma of d. */
static inline cf_real cf_anscombe_slope(cf_real x, float scale, float offset) {
    return CF_SQRT(CF_MAX(x, (cf_real)(0)) * scale + (0.375F * scale * scale + offset));
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
