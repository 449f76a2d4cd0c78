/* SPDX-License-Identifier: Apache-2.0 */
/* CIE Lab as the published colorizers use it, against the chroma of fusion/chroma.h; references and
 * kernels read the same arithmetic. */
#ifndef CHROMAFUSE_FUSION_LAB_SHARED_H
#define CHROMAFUSE_FUSION_LAB_SHARED_H

#ifdef __OPENCL_C_VERSION__
#define cf_lab_cbrt cbrt
#define cf_lab_min fmin
#define cf_lab_max fmax
#define cf_lab_abs fabs
#else
#include <math.h>
#define cf_lab_cbrt cbrtf
#define cf_lab_min fminf
#define cf_lab_max fmaxf
#define cf_lab_abs fabsf
#endif

/* sRGB's primaries and its white as scikit-image has them, for the networks were made with its Lab;
 * X and Z are divided by the white's. */
#define CF_LAB_WHITE_X 0.95047F
#define CF_LAB_WHITE_Z 1.08883F
#define CF_LAB_LIMIT 128.0F /* of |a| and |b| */

/* Luminance as the network may see it: 0..1, 0 where it is not a number. */
inline static float cf_lab_luminance(float m) {
    return m > 0 ? cf_lab_min(m, 1.0F) : 0.0F;
}

inline static float cf_lab_f(float t) {
    return t > 0.008856F ? cf_lab_cbrt(t) : 7.787F * t + 16.0F / 116;
}

inline static float cf_lab_f_inverse(float f) {
    return f > 0.2068966F ? f * f * f : (f - 16.0F / 116) / 7.787F;
}

/* L* 0..100 of luminance 0..1. */
inline static float cf_lab_lightness(float y) {
    return 116 * cf_lab_f(y) - 16;
}

inline static float cf_lab_bound(float v) {
    return v > -CF_LAB_LIMIT ? cf_lab_min(v, CF_LAB_LIMIT) : -CF_LAB_LIMIT;
}

/* How far d may be followed from m before it leaves 0..1 (fusion/compose.h). */
inline static float cf_lab_room(float m, float d) {
    return (d > 0 ? 1 - m : m) / (cf_lab_abs(d) + 1e-12F);
}

/* a and b of a pixel of luminance y, 0..1, with that chroma, as stage compose would show it with
 * Rec.709 weights. */
inline static void cf_lab_of_chroma(float y, float c0, float c1, float eps, float ab[2]) {
    float r = c0 * (y + eps), b = c1 * (y + eps);
    float g = -(0.2126F / 0.7152F * r + 0.0722F / 0.7152F * b);
    float s = cf_lab_min(cf_lab_min(cf_lab_room(y, r), cf_lab_room(y, b)), cf_lab_room(y, g));
    s = s > 0 ? cf_lab_min(s, 1.0F) : 0.0F;
    r = y + s * r, g = y + s * g, b = y + s * b;
    float f = cf_lab_f(y);
    float x = (0.412453F * r + 0.357580F * g + 0.180423F * b) / CF_LAB_WHITE_X;
    float z = (0.019334F * r + 0.119193F * g + 0.950227F * b) / CF_LAB_WHITE_Z;
    ab[0] = 500 * (cf_lab_f(x) - f);
    ab[1] = 200 * (f - cf_lab_f(z));
}

/* Chroma of a pixel of luminance y, 0..1, with that a and b; what is out of gamut is left to stage
 * compose. */
inline static void cf_lab_to_chroma(float y, const float ab[2], float eps, float c[2]) {
    float f = cf_lab_f(y);
    float x = CF_LAB_WHITE_X * cf_lab_f_inverse(f + cf_lab_bound(ab[0]) / 500);
    float z = CF_LAB_WHITE_Z * cf_lab_f_inverse(f - cf_lab_bound(ab[1]) / 200);
    float r = 3.240481F * x - 1.537152F * y - 0.498536F * z;
    float b = 0.055647F * x - 0.204041F * y + 1.057311F * z;
    c[0] = (r - y) / (y + eps);
    c[1] = (b - y) / (y + eps);
}

#endif
