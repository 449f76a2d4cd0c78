/* SPDX-License-Identifier: Apache-2.0 */
/* Constants and scalar rules of stage `motion` that its reference and its kernels share: whole
 * numbers decide which vector wins, so both must come to the same ones. */
#ifndef CHROMAFUSE_FUSION_MOTION_SHARED_H
#define CHROMAFUSE_FUSION_MOTION_SHARED_H

#ifdef __OPENCL_C_VERSION__
#pragma OPENCL FP_CONTRACT OFF
#define cf_motion_max fmax
#define cf_motion_min fmin
#else
#include <math.h>
#define cf_motion_max fmaxf
#define cf_motion_min fminf
#endif

#define CF_MOTION_STEP 8       /* pixels of the picture from node to node */
#define CF_MOTION_WHITE 1023   /* code of guide 1 */
#define CF_MOTION_UNIT 4092.0F /* code of guide 1 in the half-size picture */
#define CF_MOTION_PATCH 8      /* side of a patch in pixels of its level */
#define CF_MOTION_SPACING 4    /* pixels of a level from node to node */
#define CF_MOTION_LEVELS 8     /* at most; the first is the half-size picture */
#define CF_MOTION_LEAST 16     /* least side of a level */
#define CF_MOTION_BEND 4.0F    /* pixels that vectors of neighbouring nodes differ by at edges */
#define CF_MOTION_WINDOW 4     /* vectors tried at the coarsest level: -4..4 both ways */

/* Code of a pixel: the root, so that noise is about the same everywhere. */
inline static int cf_motion_code(float guide) {
    float g = guide > 0.0F ? cf_motion_min(guide, 4.0F) : 0.0F;
    return (int)(g * (float)CF_MOTION_WHITE + 0.5F);
}

inline static float cf_motion_sigma(float sigma) {
    return sigma > 0.0F ? cf_motion_min(sigma, 4.0F) : 0.0F;
}

/* Keeps the first pixel of a patch where the patch and the pixels around it lie in the picture. */
inline static int cf_motion_inside(int at, int size) {
    int most = size - CF_MOTION_PATCH - 2;
    return at < 1 ? 1 : at > most ? most : at;
}

/* First pixel of node i's patch, around its place. */
inline static int cf_motion_origin(int i, int size) {
    return cf_motion_inside(i * CF_MOTION_SPACING - CF_MOTION_PATCH / 2, size);
}

/* A vector's coordinate, kept where the patch at `origin` stays inside. */
inline static int cf_motion_keep(int v, int origin, int size) {
    return cf_motion_inside(origin + v, size) - origin;
}

/* The whole pixel before a patch's place, kept inside, and the way beyond it, 0 <= *part < 1. */
inline static int cf_motion_whole(float at, int size, float *part) {
    at = cf_motion_max(cf_motion_min(at, (float)(size - CF_MOTION_PATCH - 2)), 1.0F);
    int whole = (int)at;
    *part = at - (float)whole;
    return whole;
}

/* What standing still may cost more than another vector, in sums of absolute differences, at the
 * level whose nodes are `step` pixels apart: noise is averaged there. */
inline static int cf_motion_preference(float smooth, float sigma, int step) {
    float noise = sigma * (float)CF_MOTION_STEP / (float)step;
    return (int)(64.0F * CF_MOTION_UNIT * (smooth + 0.2F * noise));
}

/* What vector v pays: an eighth of that for each pixel away from `near`, and all of it where `near`
 * stands still and v does not. */
inline static int cf_motion_price(int vx, int vy, int near_x, int near_y, int preference) {
    int dx = vx < near_x ? near_x - vx : vx - near_x, dy = vy < near_y ? near_y - vy : vy - near_y;
    int starts = !(near_x | near_y) && (vx | vy);
    return (dx + dy) * (preference >> 3) + (starts ? preference : 0);
}

/* The middle one of nine. */
inline static int cf_motion_median(const int *nine) {
    int sorted[9] = {nine[0]};
    for (int i = 1; i < 9; i++) {
        int k = i;
        for (; k > 0 && sorted[k - 1] > nine[i]; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = nine[i];
    }
    return sorted[4];
}

/* Sums over a patch for the Gauss-Newton step; differences and gradients, in codes. */
typedef struct {
    float n, now, last;       /* pixels; sums of both pictures */
    float z, x, y;            /* sums of the difference and of its gradients */
    float zx, zy, xx, xy, yy; /* and of their products */
} cf_motion_sums;

/* The step that makes the difference smallest, damped along edges, and gone where what it gains is
 * no more than noise; pixels of the half-size picture, within -1..1. */
inline static void cf_motion_step(const cf_motion_sums *s, float sigma, float *sx, float *sy) {
    float noise = sigma * CF_MOTION_UNIT * 0.7F, inverse = 1.0F / s->n;
    float xx = s->xx - s->x * s->x * inverse, yy = s->yy - s->y * s->y * inverse;
    float xy = s->xy - s->x * s->y * inverse;
    float bx = s->zx - s->z * s->x * inverse, by = s->zy - s->z * s->y * inverse;
    float damp = 16.0F * (noise * noise + 16.0F) + 0.01F * (xx + yy);
    xx += damp;
    yy += damp;
    float scale = 1.0F / (xx * yy - xy * xy);
    float x = (bx * yy - by * xy) * scale, y = (by * xx - bx * xy) * scale;
    float gain = bx * x + by * y, doubt = 16.0F * noise * noise + 400.0F;
    float ratio = doubt / gain, share = gain > doubt ? 1.0F - ratio * ratio : 0.0F;
    *sx = cf_motion_max(cf_motion_min(x * share, 1.0F), -1.0F);
    *sy = cf_motion_max(cf_motion_min(y * share, 1.0F), -1.0F);
}

/* 1 where the excess is 0, a half where it is the tolerance, falling fast beyond. */
inline static float cf_motion_share(float excess, float tolerance) {
    float q = excess / tolerance;
    q *= q;
    q *= q;
    return 1.0F / (1.0F + q * q);
}

/* Tolerance of a patch's mean absolute difference, in guide units. */
inline static float cf_motion_tolerance(float slack, float contrast, float texture, float sigma) {
    return slack + contrast * texture + 1.2F * sigma;
}

/* The same of its mean's change. */
inline static float cf_motion_light(float slack, float light, float mean, float sigma) {
    return 2.0F * slack + light * mean + 0.5F * sigma;
}

/* Factor of all shares: 1 while their mean is at least `cut`, 0 from half of it down. */
inline static float cf_motion_gate(float mean, float cut) {
    float t = (mean - 0.5F * cut) / (0.5F * cut + 1e-6F);
    t = cf_motion_max(cf_motion_min(t, 1.0F), 0.0F);
    return t * t * (3.0F - 2.0F * t);
}

#endif
