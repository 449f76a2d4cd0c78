/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing of layered scenes: what lies where, how it is cut out, which photo it shows. */
#include <math.h>
#include <stdlib.h>

#include "capture/simulator_optics.h"
#include "tools/train/render/layers.h"

static double between(cf_random *r, double low, double high) {
    return low + (high - low) * cf_random_uniform(r);
}

static int chance(cf_random *r, double probability) {
    return cf_random_uniform(r) < probability;
}

/* A photo at `scale` of its size, so that it shows no more detail than the view can. */
static cf_status shrink_photo(cf_image *photo, double ratio) {
    cf_image small;
    if (ratio < 1.15)
        return CF_OK;
    CF_TRY(cf_image_alloc((int)(photo->width / ratio), (int)(photo->height / ratio), 1,
                          CF_PIXEL_RGBF32, &small));
    cf_status status = cf_sim_shrink(photo, ratio, &small);
    cf_image_free(photo);
    *photo = small;
    return status;
}

static void mean_colour(cf_layer *l, double x, double y) {
    int left = (int)fmin(fmax(x, 0), l->photo.width - 1.0);
    int top = (int)fmin(fmax(y, 0), l->photo.height - 1.0), count = 0;
    double sum[3] = {0};
    for (int j = top; j < top + 12 && j < l->photo.height; j++)
        for (int i = left; i < left + 12 && i < l->photo.width; i++, count++)
            for (int c = 0; c < 3; c++)
                sum[c] += (double)((float *)cf_image_row(&l->photo, 0, j))[3 * i + c];
    for (int c = 0; c < 3; c++)
        l->mean[c] = (float)(sum[c] / (count ? count : 1));
}

/* Photo, its place, size and turn on the layer, light and texture. The background shows most of a
 * photo upright; things show any piece. */
static cf_status dress(cf_layer *l, const cf_photo_set *photos, int held_out, int width, int height,
                       cf_random *r) {
    CF_TRY(cf_photo_draw(photos, held_out, r, &l->photo));
    double fit = fmin(l->photo.width / (double)width, l->photo.height / (double)height);
    double texels = l->mask == CF_MASK_ALL ? fit * between(r, 0.6, 1) : fit * between(r, 0.4, 1.6);
    texels = fmax(texels, 0.55);
    double shrunk = fmax(1, texels * between(r, 0.8, 1));
    CF_TRY(shrink_photo(&l->photo, shrunk));
    double step = texels / (shrunk < 1.15 ? 1 : shrunk);
    double turn = l->mask == CF_MASK_ALL ? 0 : between(r, -0.5, 0.5);
    double flip = chance(r, 0.5) ? -1 : 1;
    l->map[0] = step * cos(turn) * flip;
    l->map[1] = -step * sin(turn);
    l->map[2] = step * sin(turn) * flip;
    l->map[3] = step * cos(turn);
    double x = between(r, 0, l->photo.width), y = between(r, 0, l->photo.height);
    mean_colour(l, x, y);
    double at[2] = {l->mask == CF_MASK_ALL ? width / 2.0 : l->centre[0],
                    l->mask == CF_MASK_ALL ? height / 2.0 : l->centre[1]};
    double to[2] = {l->mask == CF_MASK_ALL ? l->photo.width / 2.0 : x,
                    l->mask == CF_MASK_ALL ? l->photo.height / 2.0 : y};
    l->shift[0] = to[0] - l->map[0] * at[0] - l->map[1] * at[1];
    l->shift[1] = to[1] - l->map[2] * at[0] - l->map[3] * at[1];
    double light = exp2(between(r, -1, 0.6));
    for (int c = 0; c < 3; c++)
        l->gain[c] = (float)(light * (chance(r, 0.3) ? between(r, 0.8, 1.25) : 1));
    l->contrast = 1;
    if (chance(r, l->mask == CF_MASK_ALL ? 0.08 : 0.25))
        l->contrast = (float)between(r, 0, 0.25);
    if (chance(r, 0.12)) { /* fine print, cloth, blinds: up to near the sampling limit */
        double cycles = exp2(between(r, -5, -1.2)), direction = between(r, 0, M_PI);
        l->stripes[0] = (float)between(r, 0.15, 0.7);
        l->stripes[1] = (float)(cycles * cos(direction));
        l->stripes[2] = (float)(cycles * sin(direction));
        l->stripes[3] = (float)between(r, 0, 1);
    }
    return CF_OK;
}

static void cut_out(cf_layer *l, int width, int height, cf_random *r) {
    static const cf_mask_kind kinds[8] = {CF_MASK_BLOB,    CF_MASK_BLOB,    CF_MASK_BLOB,
                                          CF_MASK_POLYGON, CF_MASK_POLYGON, CF_MASK_POLYGON,
                                          CF_MASK_BAR,     CF_MASK_LEAVES};
    double side = fmin(width, height), size = side * exp2(between(r, -3, -0.9));
    l->mask = kinds[cf_random_bits(r) % 8];
    l->centre[0] = between(r, -0.05, 1.05) * width;
    l->centre[1] = between(r, -0.05, 1.05) * height;
    l->turn = chance(r, 0.5) ? 0.1 * cf_random_normal(r) : between(r, 0, M_PI);
    l->half_width = side * exp2(between(r, -7, -3.5));
    l->softness = chance(r, 0.75) ? between(r, 0.7, 1.5) : between(r, 1.5, 8);
    l->holes = cf_random_bits(r);
    if (l->mask == CF_MASK_LEAVES)
        size *= 1.6;
    double phase[4], amount[4], stretch = exp2(between(r, -0.8, 0.8));
    for (int k = 0; k < 4; k++) {
        phase[k] = between(r, 0, 2 * M_PI);
        amount[k] = between(r, 0, 0.35) / (1 + k);
    }
    int step = l->mask == CF_MASK_POLYGON ? 1 + (int)(cf_random_bits(r) % 4) : 1;
    for (int i = 0; i < CF_MASK_KNOTS; i++) {
        int knot = i / step * step; /* fewer corners */
        double angle = 2 * M_PI * knot / CF_MASK_KNOTS, wave = 1;
        for (int k = 0; k < 4; k++)
            wave += amount[k] * cos((k + 1) * angle + phase[k]);
        double c = cos(angle) * stretch, s = sin(angle) / stretch;
        l->radius[i] = size * fmax(wave, 0.15) / sqrt(c * c + s * s);
    }
}

/* A plane that stays within 0.3 .. limit pixels over the whole left view. */
static void place(cf_layer *l, double near, double limit, int width, int height, cf_random *r) {
    double slope[2] = {0, 0};
    if (chance(r, 0.6)) {
        slope[0] = 0.03 * cf_random_normal(r);
        slope[1] =
            l->mask == CF_MASK_ALL ? fabs(0.06 * cf_random_normal(r)) : 0.03 * cf_random_normal(r);
    }
    double x = l->mask == CF_MASK_ALL ? width / 2.0 : l->centre[0];
    double y = l->mask == CF_MASK_ALL ? height / 2.0 : l->centre[1];
    for (int i = 0; i < 20; i++) {
        double low = HUGE_VAL, high = -HUGE_VAL;
        for (int corner = 0; corner < 4; corner++) {
            double d = near + slope[0] * ((corner & 1) * width - x) +
                       slope[1] * ((corner >> 1) * height - y);
            low = fmin(low, d);
            high = fmax(high, d);
        }
        if (low >= 0.3 && high <= limit)
            break;
        slope[0] *= i < 19 ? 0.7 : 0;
        slope[1] *= i < 19 ? 0.7 : 0;
    }
    l->plane[0] = near - slope[0] * x - slope[1] * y;
    l->plane[1] = slope[0];
    l->plane[2] = slope[1];
}

static int nearer_first(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

cf_status cf_layered_scene_draw(const cf_photo_set *photos, int held_out, int width, int height,
                                double max_disparity, cf_random *r, cf_layered_scene *out) {
    double near[CF_LAYERS_MAX];
    cf_status status = CF_OK;
    *out = (cf_layered_scene){.width = width, .height = height, .max_disparity = max_disparity};
    out->count = 2 + (int)(cf_random_bits(r) % (CF_LAYERS_MAX - 1));
    for (int i = 0; i < out->count; i++)
        near[i] = between(r, 0.15, 0.95) * max_disparity;
    near[out->count - 1] = between(r, 0.02, 0.35) * max_disparity;
    qsort(near, (size_t)out->count, sizeof *near, nearer_first);
    for (int i = 0; i < out->count && status == CF_OK; i++) {
        cf_layer *l = &out->layers[i];
        if (i < out->count - 1)
            cut_out(l, width, height, r);
        place(l, fmax(near[i], 0.4), max_disparity, width, height, r);
        status = dress(l, photos, held_out, width, height, r);
    }
    if (status != CF_OK)
        cf_layered_scene_free(out);
    return status;
}
