/* SPDX-License-Identifier: Apache-2.0 */
/* Random rigs around those that people have. */
#include <math.h>
#include <string.h>

#include "capture/simulator.h"
#include "tools/train/render/rig.h"

static const float usual[3] = CF_SIM_SPECTRAL, luminance[3] = {0.2126F, 0.7152F, 0.0722F};

static double between(cf_random *r, double low, double high) {
    return low + (high - low) * cf_random_uniform(r);
}

static int chance(cf_random *r, double probability) {
    return cf_random_uniform(r) < probability;
}

static void draw_spectral(cf_random *r, double usual_share, double luminance_share, float out[3]) {
    double choice = cf_random_uniform(r);
    double red = 0.33 + 0.09 * cf_random_normal(r), blue = 0.17 + 0.07 * cf_random_normal(r);
    out[0] = (float)fmin(fmax(red, -0.04), 0.6);
    out[2] = (float)fmin(fmax(blue, -0.05), 0.4);
    out[1] = 1 - out[0] - out[2];
    if (choice < usual_share)
        memcpy(out, usual, sizeof usual);
    else if (choice < usual_share + luminance_share)
        memcpy(out, luminance, sizeof luminance);
}

/* The colour raw: its resolution, how much it sees and where it looks. */
static void draw_view(const cf_layered_scene *scene, cf_random *r, cf_train_rig *out) {
    static const double ratios[] = {1, 1, 1, 1, 1.25, 1.5, 2, 2, 2.5, 3, 4};
    double extent = chance(r, 0.6) ? 1 : between(r, 0.7, 1.3), off[2] = {0, 0};
    out->ratio = ratios[cf_random_bits(r) % (sizeof ratios / sizeof *ratios)];
    if (chance(r, 0.3))
        for (int i = 0; i < 2; i++)
            off[i] = between(r, -0.15, 0.15) * (i ? scene->height : scene->width);
    /* whole mosaic cells, and a whole number of mono pixels for every ratio above */
    out->color_width = (int)rint(scene->width * extent / out->ratio / 8) * 8;
    out->color_height = (int)rint(scene->height * extent / out->ratio / 8) * 8;
    for (int i = 0; i < 2; i++) {
        double size = (i ? out->color_height : out->color_width) * out->ratio;
        out->told_origin[i] = ((i ? scene->height : scene->width) - size) / 2 + off[i];
        out->origin[i] = out->told_origin[i];
    }
    if (chance(r, 0.25)) /* calibrated a while ago */
        for (int i = 0; i < 2; i++)
            out->origin[i] += between(r, -0.7, 0.7);
}

void cf_train_rig_draw(const cf_layered_scene *scene, cf_random *r, cf_train_rig *out) {
    *out = (cf_train_rig){.neutral = CF_SIM_WB, .mono_gain = CF_SIM_MONO_GAIN};
    draw_spectral(r, 0.25, 0.1, out->spectral);
    memcpy(out->told_spectral, out->spectral, sizeof out->spectral);
    if (chance(r, 0.15)) {
        float red = (float)between(r, -0.05, 0.05), blue = (float)between(r, -0.04, 0.04);
        out->told_spectral[0] += red;
        out->told_spectral[2] += blue;
        out->told_spectral[1] -= red + blue;
    }
    if (chance(r, 0.7))
        for (int i = 0; i < 3; i += 2)
            out->neutral[i] *= (float)between(r, 0.75, 1.3);
    if (chance(r, 0.4))
        out->saturation = (float)between(r, 0, 0.5);
    if (chance(r, 0.7))
        out->mono_gain = between(r, 2, 4.5);
    out->exposure = chance(r, 0.55) ? 1 : exp2(between(r, -2.5, 0.9));
    if (chance(r, 0.5))
        out->grain = between(r, 0, 0.015);
    out->grain_seed = cf_random_bits(r) >> 2;
    out->search = scene->max_disparity * (chance(r, 0.5) ? 1.05 : between(r, 1.05, 2.2));
    draw_view(scene, r, out);
}

void cf_train_rig_draw_photo(cf_random *r, cf_train_rig *out) {
    *out = (cf_train_rig){.neutral = {1, 1, 1}, .exposure = 1, .mono_gain = 3, .ratio = 1};
    draw_spectral(r, 0.1, 0.7, out->spectral);
    memcpy(out->told_spectral, out->spectral, sizeof out->spectral);
    if (chance(r, 0.2))
        out->exposure = exp2(between(r, -2, 0.3));
}
