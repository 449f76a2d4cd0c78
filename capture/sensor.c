/* SPDX-License-Identifier: Apache-2.0 */
/* Shot noise, read noise, fixed patterns, broken pixels, quantisation. */
#include "capture/sensor.h"

#include <math.h>

#include "base/log.h"
#include "base/random.h"
#include "capture/scene_noise.h"

#define DEAD_RESPONSE 0.02

/* A number in 0..1 that belongs to a pixel; `use` tells its purposes apart. */
static double fixed(const cf_sensor *s, int x, int y, unsigned use) {
    return cf_noise_cell(x, y, (unsigned)s->pixels * 0x9e3779b9U + use * 0x85ebca6bU);
}

/* A normal deviate that belongs to a pixel (Box and Muller, 1958). */
static double fixed_normal(const cf_sensor *s, int x, int y, unsigned use) {
    double radius = sqrt(-2 * log(fmax(fixed(s, x, y, use), 1e-12)));
    return radius * cos(2 * M_PI * fixed(s, x, y, use + 1));
}

cf_pixel_state cf_sensor_pixel(const cf_sensor *sensor, int x, int y) {
    if (!(sensor->defects > 0))
        return CF_PIXEL_GOOD;
    double draw = fixed(sensor, x, y, 11);
    if (draw < sensor->defects / 2)
        return CF_PIXEL_HOT;
    return draw < sensor->defects ? CF_PIXEL_DEAD : CF_PIXEL_GOOD;
}

/* Expected electrons of a pixel. */
static double expected(const cf_sensor *s, int x, int y, double signal) {
    double electrons = signal * s->electrons;
    if (s->prnu > 0)
        electrons *= 1 + s->prnu * fixed_normal(s, x, y, 1);
    cf_pixel_state state = cf_sensor_pixel(s, x, y);
    if (state == CF_PIXEL_HOT)
        electrons += s->electrons * (0.2 + 0.8 * fixed(s, x, y, 12));
    return state == CF_PIXEL_DEAD ? electrons * DEAD_RESPONSE : electrons;
}

/* Electrons as read. Dark signals are offsets of the reading: they have no shot noise. */
static double collect(const cf_sensor *s, int x, int y, double signal, cf_random *random) {
    double e = cf_random_poisson(random, expected(s, x, y, signal));
    if (s->full_well > 0)
        e = fmin(e, s->full_well);
    if (s->dsnu_electrons > 0)
        e += s->dsnu_electrons * fixed_normal(s, x, y, 3);
    return e + s->read_electrons * cf_random_normal(random);
}

static int is_sane(const cf_sensor *s) {
    return s->electrons > 0 && s->electrons <= 1e9 && s->full_well >= 0 && s->read_electrons >= 0 &&
           s->black >= 0 && s->black < s->white && s->white <= 65535 && s->prnu >= 0 &&
           s->prnu <= 1 && s->dsnu_electrons >= 0 && s->defects >= 0 && s->defects <= 0.1;
}

cf_status cf_sensor_expose(const cf_sensor *sensor, const cf_image *signal, uint64_t seed,
                           cf_frame *frame) {
    const cf_sensor *s = sensor;
    if (signal->format != CF_PIXEL_F32 || signal->width != frame->image.width ||
        signal->height != frame->image.height || !is_sane(s))
        return cf_fail(CF_ERR_INVALID, "simulator: cannot expose this signal");
    cf_random random;
    cf_random_seed(&random, seed);
    for (int y = 0; y < signal->height; y++) {
        const float *from = cf_image_row(signal, 0, y);
        uint16_t *to = cf_image_row(&frame->image, 0, y);
        for (int x = 0; x < signal->width; x++) {
            double e = collect(s, x, y, (double)from[x], &random);
            double code = rint(e / s->electrons * (s->white - s->black) + s->black);
            to[x] = (uint16_t)fmin(fmax(code, 0), s->white);
        }
    }
    const double noise = s->read_electrons / s->electrons;
    for (int i = 0; i < 4; i++)
        frame->profile.black[i] = (float)s->black;
    frame->profile.white = (float)s->white;
    frame->profile.noise = (cf_noise){(float)(1 / s->electrons), (float)(noise * noise)};
    return CF_OK;
}

void cf_sensor_filter(const cf_image *rgb, const float weights[4][3], const cf_image *signal) {
    for (int y = 0; y < rgb->height; y++) {
        const float *from = cf_image_row(rgb, 0, y);
        float *to = cf_image_row(signal, 0, y);
        for (int x = 0; x < rgb->width; x++, from += 3) {
            const float *w = weights[2 * (y & 1) + (x & 1)];
            to[x] = from[0] * w[0] + from[1] * w[1] + from[2] * w[2];
        }
    }
}
