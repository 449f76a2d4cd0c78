/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated sensor: light in, codes with everything that is wrong with them out. */
#ifndef CHROMAFUSE_CAPTURE_SENSOR_H
#define CHROMAFUSE_CAPTURE_SENSOR_H

#include <stdint.h>

#include "base/image.h"
#include "capture/frame.h"

/*
 * Linear model of EMVA 1288: photo-electrons are Poisson, read noise is normal, codes are rounded
 * and clipped to 0..white. A pixel's response and dark signal differ from the mean by normal
 * deviates that depend on `pixels` and its place alone, so that all frames of a sensor share them.
 */
typedef struct {
    double electrons;      /* at signal 1, which a mean pixel exposes to the white level; > 0 */
    double full_well;      /* electrons where a pixel is full, below the white level; 0: no such */
    double read_electrons; /* standard deviation of the read noise, >= 0 */
    double black, white;   /* codes; white is the largest, 65535 at most */
    double prnu;           /* standard deviation of the pixels' response, share of 1 */
    double dsnu_electrons; /* standard deviation of the pixels' dark signal */
    double defects;        /* share of broken pixels, half of them hot, half dead: 0..0.1 */
    uint64_t pixels;       /* seed of what is fixed in the pixels */
} cf_sensor;

typedef enum {
    CF_PIXEL_GOOD = 0,
    CF_PIXEL_HOT,  /* as if it had collected 0.2 to 1 of `electrons` more */
    CF_PIXEL_DEAD, /* collects next to nothing */
} cf_pixel_state;

cf_pixel_state cf_sensor_pixel(const cf_sensor *sensor, int x, int y);

/*
 * One exposure: linear signal (CF_PIXEL_F32, one plane) to noisy codes in `frame` of the same size,
 * whose black, white and noise it sets; all other fields stay. `seed`: of the shot and read noise.
 * CF_ERR_INVALID for another format or size, or a sensor out of its ranges.
 */
cf_status cf_sensor_expose(const cf_sensor *sensor, const cf_image *signal, uint64_t seed,
                           cf_frame *frame);

/*
 * What the pixels see of a linear Rec.709 picture (CF_PIXEL_RGBF32): signal = weights . (R, G, B),
 * weights per site of the 2x2 cell as cf_camera_profile counts them. signal: CF_PIXEL_F32, same
 * size.
 */
void cf_sensor_filter(const cf_image *rgb, const float weights[4][3], const cf_image *signal);

#endif
