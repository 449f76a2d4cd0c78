/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the simulated cameras: what their URI says. */
#ifndef CHROMAFUSE_CAPTURE_SIM_OPTIONS_H
#define CHROMAFUSE_CAPTURE_SIM_OPTIONS_H

#include "capture/source.h"

#define CF_SIM_STEPS 16

/* From a frame on the light is that strong. */
typedef struct {
    long frame;
    double light;
} cf_sim_step;

/* docs/capture.md tells what each means; the defaults and ranges are in sim_options.c. */
typedef struct {
    int is_color, width, height;
    float fps, electrons, sensitivity, read_noise, light, kelvin, baseline, wb[3];
    float flicker_hz, flicker_depth;
    float skew_us, drift_ppm, jitter_us, drop, dup, unplug_s;
    int seed, bits, packed, motion, fresh, delay, controls, sync;
    int frames, unplug_at, stall_at; /* -1: never */
    cf_sim_step steps[CF_SIM_STEPS];
    int step_count;
} cf_sim_options;

/*
 * Reads "mono?name=value&..." and applies the wishes of params, which win over the URI. rest may
 * name no camera: params->kind decides then. CF_ERR_INVALID: an unknown name (the line lists all),
 * junk, out of range. CF_ERR_UNSUPPORTED: a wish that no simulated camera can meet.
 */
cf_status cf_sim_options_parse(const char *rest, const cf_source_params *params,
                               cf_sim_options *out);

/* The layout of bits and packed, and what it is called: "Y10P", "RGGB12". */
cf_raw_format cf_sim_layout(const cf_sim_options *options);
void cf_sim_format_name(const cf_sim_options *options, char name[32]);

/* How strong the light is at a frame, counted from the camera's start. */
double cf_sim_light(const cf_sim_options *options, long frame);

#endif
