/* SPDX-License-Identifier: Apache-2.0 */
/* Noisy frames of the scene in a few nanoseconds a pixel. */
#include "capture/sim_sensor.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "capture/illuminant.h"
#include "capture/sensor.h"
#include "capture/sim_world.h"
#include "capture/simulator.h"
#include "capture/simulator_optics.h"

/* Shot noise comes from tables: deviates of mean 0 and variance 1 for a ladder of mean counts,
 * even in their roots. Only the distribution's shape is the nearest rung's, mean and variance are
 * the pixel's own. */
#define RUNGS 64
#define DEVIATES 512
#define READ_DEVIATES 4096

struct cf_sim_sensor {
    cf_sim_options options;
    cf_raw_format layout;
    double black, white, full_well; /* codes; electrons at white at gain 1 */
    cf_sim_world *world;            /* held for the other camera to find */
    cf_image root;                  /* CF_PIXEL_F32: square root of the signal */
    float *shot;                    /* RUNGS x DEVIATES */
    float *read;                    /* READ_DEVIATES */
    uint16_t *codes;                /* one row */
};

/* Shifts and scales a sample to mean 0 and variance 1. */
static void standardise(float *values, int count) {
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++)
        sum += (double)values[i];
    for (int i = 0; i < count; i++) {
        double d = (double)values[i] - sum / count;
        squares += d * d;
    }
    double sigma = sqrt(squares / count);
    for (int i = 0; i < count; i++)
        values[i] = sigma > 0 ? (float)(((double)values[i] - sum / count) / sigma) : 0;
}

static cf_status make_tables(cf_sim_sensor *s) {
    cf_random random;
    s->shot = cf_alloc((size_t)RUNGS * DEVIATES, sizeof *s->shot);
    s->read = cf_alloc(READ_DEVIATES, sizeof *s->read);
    s->codes = cf_alloc((size_t)s->options.width, sizeof *s->codes);
    if (!s->shot || !s->read || !s->codes)
        return CF_ERR_MEMORY;
    cf_random_seed(&random, 1);
    for (int rung = 0; rung < RUNGS; rung++) {
        double root = fmax(rung, 0.5) / (RUNGS - 1), mean = root * root * s->full_well;
        for (int i = 0; i < DEVIATES; i++)
            s->shot[rung * DEVIATES + i] = (float)(cf_random_poisson(&random, mean) - mean);
        standardise(s->shot + rung * DEVIATES, DEVIATES);
    }
    for (int i = 0; i < READ_DEVIATES; i++)
        s->read[i] = (float)cf_random_normal(&random);
    standardise(s->read, READ_DEVIATES);
    return CF_OK;
}

/* What a site of the mosaic, or the mono sensor, takes of linear Rec.709. */
static void find_weights(const cf_sim_options *o, float weights[4][3]) {
    const float spectral[3] = CF_SIM_SPECTRAL;
    double light[3] = {1, 1, 1};
    if (o->kelvin > 0)
        cf_illuminant_rec709((double)o->kelvin, light);
    memset(weights, 0, 4 * sizeof *weights);
    for (int site = 0; site < 4; site++) {
        int c = site / 2 + site % 2; /* RGGB */
        for (int i = 0; i < 3; i++)
            if (!o->is_color)
                weights[site][i] = spectral[i] * (float)light[i];
        if (o->is_color)
            weights[site][c] = o->wb[c] * (float)light[c];
    }
}

static cf_status look(cf_sim_sensor *s) {
    const cf_sim_options *o = &s->options;
    float weights[4][3];
    cf_image linear = {0};
    find_weights(o, weights);
    CF_TRY(cf_sim_world_get(o, &s->world));
    cf_status status = cf_sim_linearise(cf_sim_world_view(s->world, o->is_color), &linear);
    if (status == CF_OK)
        status = cf_image_alloc(o->width, o->height, 1, CF_PIXEL_F32, &s->root);
    if (status == CF_OK)
        cf_sensor_filter(&linear, weights, &s->root);
    cf_image_free(&linear);
    for (int y = 0; y < s->root.height; y++) {
        float *row = cf_image_row(&s->root, 0, y);
        for (int x = 0; x < s->root.width; x++)
            row[x] = sqrtf(row[x]);
    }
    return status;
}

cf_status cf_sim_sensor_create(const cf_sim_options *options, cf_sim_sensor **out) {
    *out = NULL;
    cf_sim_sensor *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    s->options = *options;
    s->layout = cf_sim_layout(options);
    s->white = (1 << options->bits) - 1;
    s->full_well = (double)options->electrons * (double)options->sensitivity;
    /* five sigma of read noise below black, at the gain that simulate's rig has */
    double first_gain = options->is_color ? (double)options->sensitivity : 1;
    double pedestal = 5 * (double)options->read_noise * first_gain / s->full_well;
    s->black = rint(fmax(s->white / 64, s->white * pedestal / (1 + pedestal)));
    cf_status status = make_tables(s);
    if (status == CF_OK)
        status = look(s);
    if (status != CF_OK) {
        cf_sim_sensor_destroy(&s);
        return status;
    }
    *out = s;
    return CF_OK;
}

void cf_sim_sensor_destroy(cf_sim_sensor **handle) {
    if (!handle || !*handle)
        return;
    cf_sim_sensor *s = *handle;
    cf_sim_world_put(&s->world);
    cf_image_free(&s->root);
    cf_free(s->shot);
    cf_free(s->read);
    cf_free(s->codes);
    cf_free(s);
    *handle = NULL;
}

void cf_sim_sensor_profile(const cf_sim_sensor *s, cf_camera_profile *out) {
    const float spectral[3] = CF_SIM_SPECTRAL;
    cf_camera_profile_init(out);
    out->width = s->options.width;
    out->height = s->options.height;
    out->is_color = s->options.is_color;
    for (int i = 0; i < 4; i++)
        out->black[i] = (float)s->black;
    out->white = (float)s->white;
    for (int i = 0; i < 3; i++) {
        out->neutral[i] = s->options.is_color ? s->options.wb[i] : 1;
        out->spectral[i] = spectral[i];
    }
}

cf_noise cf_sim_sensor_noise(const cf_sim_sensor *s, double gain) {
    double electrons = s->full_well / gain, read = (double)s->options.read_noise / electrons;
    return (cf_noise){(float)(1 / electrons), (float)(read * read)};
}

static void pack_groups(cf_raw_format layout, const unsigned short *codes, int pixels,
                        unsigned char *row) {
    int group = layout == CF_RAW_12P ? 2 : 4, low = cf_raw_bits(layout) - 8;
    memset(row, 0, (size_t)cf_raw_bytes(layout, pixels));
    for (int x = 0; x < pixels; x++) {
        unsigned char *at = row + x / group * (group + group * low / 8);
        int bit = x % group * low;
        unsigned rest = (codes[x] & ((1U << low) - 1)) << bit % 8;
        at[x % group] = (unsigned char)(codes[x] >> low);
        at[group + bit / 8] |= (unsigned char)(rest & 255);
        if (rest > 255)
            at[group + bit / 8 + 1] |= (unsigned char)(rest >> 8);
    }
}

void cf_sim_pack_row(cf_raw_format layout, const unsigned short *codes, int pixels,
                     unsigned char *row) {
    if (layout == CF_RAW_10P || layout == CF_RAW_12P || layout == CF_RAW_14P) {
        pack_groups(layout, codes, pixels, row);
    } else if (layout == CF_RAW_8) {
        for (int x = 0; x < pixels; x++)
            row[x] = (unsigned char)codes[x];
    } else {
        for (int x = 0; x < pixels; x++) {
            row[2 * x] = (unsigned char)(codes[x] & 255);
            row[2 * x + 1] = (unsigned char)(codes[x] >> 8);
        }
    }
}

static void expose_row(const cf_sim_sensor *s, const float *root, double root_scale,
                       float codes_per_electron, cf_random *random) {
    const float scale = (float)root_scale, rungs = (float)((RUNGS - 1) / sqrt(s->full_well));
    const float read = s->options.read_noise, black = (float)s->black, white = (float)s->white;
    const float most = (float)sqrt(2 * s->full_well); /* clips anyway */
    uint64_t bits = 0;
    for (int x = 0; x < s->root.width; x++) {
        bits = x & 1 ? bits >> 32 : cf_random_bits(random);
        float r = root[x] * scale;
        r = r < most ? r : most;
        int rung = (int)(r * rungs + 0.5F);
        rung = rung < RUNGS ? rung : RUNGS - 1;
        float electrons = r * (r + s->shot[rung * DEVIATES + (int)(bits & (DEVIATES - 1))]) +
                          read * s->read[bits >> 10 & (READ_DEVIATES - 1)];
        float code = electrons * codes_per_electron + black;
        code = code > 0 ? code : 0;
        s->codes[x] = (uint16_t)((code < white ? code : white) + 0.5F);
    }
}

/* Row of the scene that row y shows, mirrored beyond the border in whole cells of the mosaic. */
static int moved(const cf_sim_sensor *s, int y, int phase) {
    int steps = phase < CF_SIM_PHASES / 2 ? phase : CF_SIM_PHASES - phase;
    int from = y + steps * s->options.motion, last = s->root.height - 1;
    return from <= last ? from : 2 * last - from;
}

void cf_sim_sensor_expose(cf_sim_sensor *s, const cf_sim_shot *shot, const cf_image *out) {
    const double electrons = s->full_well / shot->gain; /* at white */
    cf_random random;
    cf_random_seed(&random, shot->seed);
    for (int y = 0; y < s->root.height; y++) {
        expose_row(s, cf_image_row(&s->root, 0, moved(s, y, shot->phase)),
                   sqrt(shot->scale * electrons), (float)((s->white - s->black) / electrons),
                   &random);
        cf_sim_pack_row(s->layout, s->codes, s->root.width, cf_image_row(out, 0, y));
    }
}
