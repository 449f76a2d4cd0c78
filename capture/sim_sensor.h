/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the simulated cameras: what a sensor sees of the scene, and its noisy frames, fast. */
#ifndef CHROMAFUSE_CAPTURE_SIM_SENSOR_H
#define CHROMAFUSE_CAPTURE_SIM_SENSOR_H

#include <stdint.h>

#include "capture/sim_options.h"

/* Phases of the slight motion, after which it repeats. */
#define CF_SIM_PHASES 8

typedef struct cf_sim_sensor cf_sim_sensor;

/* Renders the scene, or takes it from another simulated camera of this process that sees the same
 * one. CF_ERR_MEMORY. */
cf_status cf_sim_sensor_create(const cf_sim_options *options, cf_sim_sensor **out);
void cf_sim_sensor_destroy(cf_sim_sensor **sensor);

/* Levels, mosaic, neutral; no noise yet. */
void cf_sim_sensor_profile(const cf_sim_sensor *sensor, cf_camera_profile *out);

/* One exposure. */
typedef struct {
    double scale;  /* signal: 1 exposes the scene's white to the white level */
    double gain;   /* photo-electrons at white: electrons * sensitivity / gain */
    int phase;     /* of the motion, 0 .. CF_SIM_PHASES - 1: rows that the scene is moved up */
    uint64_t seed; /* of the noise */
} cf_sim_shot;

/* Takes a picture in the sensor's layout. */
void cf_sim_sensor_expose(cf_sim_sensor *sensor, const cf_sim_shot *shot, const cf_image *out);

/* Noise on the 0..1 scale between black and white at a gain. */
cf_noise cf_sim_sensor_noise(const cf_sim_sensor *sensor, double gain);

/* Codes to a row of any layout: the inverse of cf_raw_unpack_row. */
void cf_sim_pack_row(cf_raw_format layout, const unsigned short *codes, int pixels,
                     unsigned char *row);

#endif
