/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing of layered scenes: what lies where, how it is cut out, which photo it shows. */
#include <math.h>
#include <stdlib.h>

#include "capture/simulator_optics.h"
#include "tools/train/render/layers.h"
#include "tools/train/render/regions.h"

#define COLLAGE_THINGS 6
#define CUT_TRIES 8 /* photos looked at for one that need not be enlarged */

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

static float luminance_of(const float *rgb) {
    return 0.2126F * rgb[0] + 0.7152F * rgb[1] + 0.0722F * rgb[2];
}

/* Distance of channel c from luminance, mean of the pixel and its neighbours weighted 1 2 1. */
static float smooth_chroma(const cf_image *photo, int x, int y, int c) {
    float sum = 0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            int v = y + j < 0 ? 0 : y + j >= photo->height ? photo->height - 1 : y + j;
            int u = x + i < 0 ? 0 : x + i >= photo->width ? photo->width - 1 : x + i;
            const float *p = (float *)cf_image_row(photo, 0, v) + 3 * u;
            sum += (float)((2 - abs(i)) * (2 - abs(j))) * (p[c] - luminance_of(p));
        }
    return sum / 16;
}

/* Adds `detail` times the finest detail of chroma: files keep half of its resolution. */
static cf_status sharpen_chroma(cf_image *photo, float detail) {
    cf_image sharp;
    CF_TRY(cf_image_alloc(photo->width, photo->height, 1, CF_PIXEL_RGBF32, &sharp));
    for (int y = 0; y < photo->height; y++) {
        const float *from = cf_image_row(photo, 0, y);
        float *to = cf_image_row(&sharp, 0, y);
        for (int x = 0; x < photo->width; x++, from += 3, to += 3)
            for (int c = 0; c < 3; c++) {
                float fine = from[c] - luminance_of(from) - smooth_chroma(photo, x, y, c);
                to[c] = fmaxf(from[c] + detail * fine, 0);
            }
    }
    cf_image_free(photo);
    *photo = sharp;
    return CF_OK;
}

/* Colours turned by `turn` around grey and `vividness` times as strong, at the same luminance, in
 * light of the given colour. With l the weights of luminance, 1 l is the grey part, and the rest is
 * turned and made grey-free again: M = 1 l + v (I - 1 l) R (I - 1 l). */
static void mix_paint(double turn, double vividness, const double light[3], float paint[9]) {
    static const double weight[3] = {0.2126, 0.7152, 0.0722};
    double c = cos(turn), s = sin(turn) / sqrt(3), t = (1 - c) / 3;
    const double turned[3][3] = {
        {c + t, t - s, t + s}, {t + s, c + t, t - s}, {t - s, t + s, c + t}};
    double part[3][3], grey[3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) { /* R (I - 1 l): a turn around grey leaves 1 as it is */
            part[i][j] = turned[i][j] - weight[j];
        }
    for (int j = 0; j < 3; j++)
        grey[j] = weight[0] * part[0][j] + weight[1] * part[1][j] + weight[2] * part[2][j];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            paint[3 * i + j] = (float)(light[i] * (weight[j] + vividness * (part[i][j] - grey[j])));
}

/* The light on a thing, mostly white. */
static void draw_light(cf_random *r, double light[3]) {
    double bright = exp2(between(r, -1, 0.6));
    for (int c = 0; c < 3; c++)
        light[c] = bright * (chance(r, 0.3) ? between(r, 0.8, 1.25) : 1);
}

/* How a photo's colours are changed: not at all, stronger, or to any other ones, for what people
 * make and paint has colours that nothing in its shape tells. */
typedef struct {
    double turn, vividness;
} palette;

static palette draw_palette(cf_random *r) {
    palette p = {0, 1};
    if (chance(r, 0.7))
        p.vividness = exp2(between(r, -0.3, 1.5));
    if (chance(r, 0.6))
        p.turn = between(r, -M_PI, M_PI);
    return p;
}

static cf_status sharpen_at_random(cf_image *photo, cf_random *r) {
    return chance(r, 0.3) ? CF_OK : sharpen_chroma(photo, (float)between(r, 0, 2));
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
    CF_TRY(sharpen_at_random(&l->photo, r));
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
    double light[3];
    palette colours = draw_palette(r);
    draw_light(r, light);
    mix_paint(colours.turn, colours.vividness, light, l->paint);
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
    double near[COLLAGE_THINGS + 1];
    cf_status status = CF_OK;
    *out = (cf_layered_scene){.width = width, .height = height, .max_disparity = max_disparity};
    out->count = 2 + (int)(cf_random_bits(r) % COLLAGE_THINGS);
    for (int i = 0; i < out->count; i++)
        near[i] = between(r, 0.15, 0.95) * max_disparity;
    near[out->count - 1] = between(r, 0.02, 0.35) * max_disparity;
    qsort(near, (size_t)out->count, sizeof *near, nearer_first);
    for (int i = 0; i < out->count && status == CF_OK; i++) {
        cf_layer *l = &out->layers[i];
        l->shows = i;
        if (i < out->count - 1)
            cut_out(l, width, height, r);
        place(l, fmax(near[i], 0.4), max_disparity, width, height, r);
        status = dress(l, photos, held_out, width, height, r);
    }
    if (status != CF_OK)
        cf_layered_scene_free(out);
    return status;
}

/* The whole photo as the left view shows it, on the layer `l`: a random part of it, upright. */
static cf_status show_photo(cf_layer *l, const cf_photo_set *photos, int held_out, int width,
                            int height, cf_random *r) {
    double fit = 0;
    for (int i = 0; i < CUT_TRIES && fit < 1; i++) {
        cf_image_free(&l->photo);
        CF_TRY(cf_photo_draw(photos, held_out, r, &l->photo));
        fit = fmin(l->photo.width / (double)width, l->photo.height / (double)height);
    }
    double texels = fit * between(r, fit < 1.3 ? 0.9 : 0.6, 1), step = texels;
    if (texels >= 1.15) {
        double ratio = texels * between(r, 0.85, 1);
        CF_TRY(shrink_photo(&l->photo, ratio));
        step = ratio < 1.15 ? texels : texels / ratio;
    }
    CF_TRY(sharpen_at_random(&l->photo, r));
    double flip = chance(r, 0.5) ? -1 : 1;
    double room[2] = {l->photo.width - step * width, l->photo.height - step * height};
    l->map[0] = step * flip;
    l->map[3] = step;
    l->shift[0] = fmax(room[0], 0) * cf_random_uniform(r) + (flip < 0 ? step * width : 0);
    l->shift[1] = fmax(room[1], 0) * cf_random_uniform(r);
    l->contrast = 1;
    return CF_OK;
}

typedef struct {
    double centre[2]; /* in the left view */
    int area;         /* pixels of the left view */
    int thing;        /* number of the region it moves with */
} piece;

/* Where the regions lie in the left view, and which of them touch: neighbours[a] gets one region
 * that a touches, a random one. */
static void survey(const cf_layered_scene *scene, const cf_layer *l, cf_random *r,
                   piece pieces[CF_REGIONS_MAX], int neighbours[CF_REGIONS_MAX]) {
    int met[CF_REGIONS_MAX] = {0};
    for (int i = 0; i < CF_REGIONS_MAX; i++)
        neighbours[i] = i;
    for (int y = 0; y < scene->height; y++)
        for (int x = 0, before = -1; x < scene->width; x++) {
            int here = cf_layered_scene_region(scene, l, x, y);
            int above = y ? cf_layered_scene_region(scene, l, x, y - 1) : here;
            int other = before >= 0 && before != here ? before : above;
            pieces[here].area++;
            pieces[here].centre[0] += x;
            pieces[here].centre[1] += y;
            if (other != here && cf_random_bits(r) % (uint64_t)++met[here] == 0)
                neighbours[here] = other;
            if (other != here && cf_random_bits(r) % (uint64_t)++met[other] == 0)
                neighbours[other] = here;
            before = here;
        }
    for (int i = 0; i < CF_REGIONS_MAX; i++)
        for (int k = 0; k < 2; k++)
            pieces[i].centre[k] /= pieces[i].area ? pieces[i].area : 1;
}

static double disparity_at(const cf_layer *l, const double point[2]) {
    return l->plane[0] + l->plane[1] * point[0] + l->plane[2] * point[1];
}

/* Nearest first, by the disparity that place() was given. */
static int nearer_layer_first(const void *a, const void *b) {
    const cf_layer *x = a, *y = b;
    double p = disparity_at(x, x->centre), q = disparity_at(y, y->centre);
    return p != q ? (p < q) - (p > q) : x->region - y->region;
}

/* Layers for the regions: some belong to the background's plane, the others stand before it, alone
 * or with a neighbour. */
static void raise(cf_layered_scene *scene, cf_layer *base, int count, cf_random *r) {
    piece pieces[CF_REGIONS_MAX] = {0};
    int neighbours[CF_REGIONS_MAX];
    cf_layer things[CF_REGIONS_MAX];
    double most = scene->max_disparity, flat = between(r, 0.1, 0.5), alone = between(r, 0.3, 0.9);
    double light[3], own = chance(r, 0.5) ? between(r, 0, 1) : 0;
    palette colours = draw_palette(r);
    draw_light(r, light);
    survey(scene, base, r, pieces, neighbours);
    for (int i = 0; i < count; i++) {
        cf_layer *l = &things[i];
        *l = *base;
        l->mask = CF_MASK_REGION;
        l->photo = (cf_image){0};
        palette mine = chance(r, own) ? draw_palette(r) : colours;
        mix_paint(mine.turn, mine.vividness, light, l->paint);
        for (int k = 0; k < 2; k++)
            l->centre[k] = pieces[i].centre[k];
        if (chance(r, flat))
            continue;
        double low = disparity_at(base, l->centre);
        double near = low + (0.95 * most - low) * cf_random_uniform(r);
        place(l, fmin(fmax(near, 0.4), most), most, scene->width, scene->height, r);
    }
    for (int i = 0; i < count; i++) {
        cf_layer *l = &scene->layers[scene->count];
        const cf_layer *thing = &things[chance(r, alone) ? i : neighbours[i]];
        if (!pieces[i].area)
            continue;
        *l = things[i];
        for (int k = 0; k < 3; k++)
            l->plane[k] = thing->plane[k];
        l->region = i;
        scene->count++;
    }
    mix_paint(colours.turn, colours.vividness, light, base->paint);
    qsort(scene->layers, (size_t)scene->count, sizeof *scene->layers, nearer_layer_first);
}

cf_status cf_layered_scene_cut(const cf_photo_set *photos, int held_out, int width, int height,
                               double max_disparity, cf_random *r, cf_layered_scene *out) {
    cf_layer base = {.mask = CF_MASK_ALL};
    int count = 0;
    *out = (cf_layered_scene){.width = width, .height = height, .max_disparity = max_disparity};
    cf_status status = show_photo(&base, photos, held_out, width, height, r);
    place(&base, fmax(between(r, 0.02, 0.35) * max_disparity, 0.4), max_disparity, width, height,
          r);
    if (status == CF_OK)
        status = cf_regions_cut(&base.photo, exp2(between(r, -0.5, 2.5)),
                                width * height / (chance(r, 0.5) ? 500 : 100), CF_LAYERS_MAX - 1,
                                &out->regions, &count);
    if (status == CF_OK)
        raise(out, &base, count, r);
    cf_layer *last = &out->layers[out->count];
    *last = base;
    for (int i = 0; i <= out->count; i++)
        out->layers[i].shows = out->count;
    out->count++;
    for (int k = 0; k < 2; k++)
        last->shift[k] += between(r, 0.15, 0.4) * (k ? last->photo.height : last->photo.width);
    if (status != CF_OK)
        cf_layered_scene_free(out);
    return status;
}
