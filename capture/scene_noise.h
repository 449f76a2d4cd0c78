/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the scene: hashed lattice noise, sums of its octaves, and colour helpers. */
#ifndef CHROMAFUSE_CAPTURE_SCENE_NOISE_H
#define CHROMAFUSE_CAPTURE_SCENE_NOISE_H

#include <math.h>

/* 32 well mixed bits of two lattice coordinates and a seed. */
static inline unsigned cf_noise_hash(int x, int y, unsigned seed) {
    unsigned h = (unsigned)x * 0x8da6b343U ^ (unsigned)y * 0xd8163841U ^ seed * 0xcb1ab31fU;
    h ^= h >> 15;
    h *= 0x2c1b3c6dU;
    h ^= h >> 12;
    h *= 0x297a2d39U;
    return h ^ h >> 15;
}

/* The same as a number in 0..1. */
static inline double cf_noise_cell(int x, int y, unsigned seed) {
    return cf_noise_hash(x, y, seed) * (1 / 4294967295.0);
}

/* Smooth noise 0..1 with features of size 1. */
static inline double cf_noise_at(double x, double y, unsigned seed) {
    double fx = floor(x), fy = floor(y), u = x - fx, v = y - fy;
    int ix = (int)fx, iy = (int)fy;
    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    double a = cf_noise_cell(ix, iy, seed), b = cf_noise_cell(ix + 1, iy, seed);
    double c = cf_noise_cell(ix, iy + 1, seed), d = cf_noise_cell(ix + 1, iy + 1, seed);
    return (a + (b - a) * u) * (1 - v) + (c + (d - c) * u) * v;
}

/* Octaves of noise about 0.5, halving in size and strength, down to two footprints. */
static inline double cf_noise_sum(double x, double y, double footprint, int octaves,
                                  unsigned seed) {
    double sum = 0, total = 0, strength = 1;
    for (int i = 0; i < octaves && (i == 0 || footprint < 0.5); i++) {
        sum += strength * (cf_noise_at(x, y, seed + (unsigned)i) - 0.5);
        total += strength;
        strength *= 0.5;
        x = x * 2 + 17.3;
        y = y * 2 - 5.7;
        footprint *= 2;
    }
    return 0.5 + sum / total;
}

/* 0 below a, 1 above b, smooth between. */
static inline double cf_ramp(double a, double b, double x) {
    double t = (x - a) / (b - a);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

/* sRGB 0..1 to linear by a cubic that is within 0.003: for colours that nobody published. */
static inline double cf_about_linear(double s) {
    return s * (s * (s * 0.305306011 + 0.682171111) + 0.012522878);
}

#endif
