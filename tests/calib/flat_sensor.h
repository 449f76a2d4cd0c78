/* SPDX-License-Identifier: Apache-2.0 */
/* A small simulated sensor for the tests of photon transfer: EMVA 1288's linear model written down
 * once more, with everything that spoils a flat frame. */
#ifndef CHROMAFUSE_TESTS_CALIB_FLAT_SENSOR_H
#define CHROMAFUSE_TESTS_CALIB_FLAT_SENSOR_H

#include <math.h>

#include "base/image.h"
#include "base/random.h"

typedef struct {
    int bits, shift, is_color; /* codes are shifted up by `shift` */
    double gain, read, black;  /* codes per electron, electrons, codes (before the shift) */
    double vignetting, prnu, dsnu, defects; /* shares; dsnu in electrons */
    double full_well;                       /* electrons; 0: beyond white */
} flat_sensor;

/* What is fixed in pixel i: response, dark signal in electrons. */
static inline void flat_pixel(const flat_sensor *s, int i, double *response, double *dark) {
    cf_random fixed;
    cf_random_seed(&fixed, 1000003U + (uint64_t)i);
    *response = 1 + s->prnu * cf_random_normal(&fixed);
    *dark = s->dsnu * cf_random_normal(&fixed);
    double u = cf_random_uniform(&fixed);
    if (u < s->defects / 2)
        *response = 0.1;
    else if (u < s->defects)
        *dark = 0.3 * (double)(1 << s->bits) / s->gain;
}

/* A frame whose centre collects `electrons` on the mean; sites of a mosaic get 0.5, 1, 1, 0.7 of
 * it. */
static inline void flat_expose(const flat_sensor *s, double electrons, uint64_t seed,
                               cf_image *frame) {
    static const double sites[4] = {0.5, 1, 1, 0.7};
    cf_random random;
    double top = (double)(1 << s->bits) - 1;
    cf_random_seed(&random, seed);
    for (int y = 0; y < frame->height; y++) {
        unsigned short *row = cf_image_row(frame, 0, y);
        for (int x = 0; x < frame->width; x++) {
            double u = (2.0 * x / frame->width - 1), v = (2.0 * y / frame->height - 1);
            double light = electrons * (1 - s->vignetting * 0.5 * (u * u + v * v)), response, dark;
            if (s->is_color)
                light *= sites[(y & 1) * 2 + (x & 1)];
            flat_pixel(s, y * frame->width + x, &response, &dark);
            double e = cf_random_poisson(&random, light * response);
            if (s->full_well > 0 && e > s->full_well)
                e = s->full_well;
            e += dark + s->read * cf_random_normal(&random);
            double code = floor(s->black + s->gain * e + 0.5);
            row[x] = (unsigned short)((int)fmin(top, fmax(0, code)) << s->shift);
        }
    }
}

#endif
