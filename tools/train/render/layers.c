/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at layered scenes: masks, textures, the order of things. */
#include "tools/train/render/layers.h"

#include <math.h>

/* Where the layer's point that is seen at x, y of the right view lies in the left view. */
static double left_x(const cf_layer *l, double x, double y) {
    return (x + l->plane[0] + l->plane[2] * y) / (1 - l->plane[1]);
}

static double ramp(double distance, double softness) {
    double t = distance / softness + 0.5;
    return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
}

/* Outline's distance from the centre in a direction, knots joined smoothly or straight. */
static double outline(const cf_layer *l, double angle) {
    double t = (angle / (2 * M_PI) + 1) * CF_MASK_KNOTS, f = t - floor(t);
    int i = (int)floor(t) % CF_MASK_KNOTS;
    if (l->mask != CF_MASK_POLYGON)
        f = f * f * (3 - 2 * f);
    return l->radius[i] * (1 - f) + l->radius[(i + 1) % CF_MASK_KNOTS] * f;
}

static double hash_unit(uint64_t seed, long x, long y) {
    uint64_t h = seed + (uint64_t)x * 0x9E3779B97F4A7C15ULL + (uint64_t)y * 0xC2B2AE3D27D4EB4FULL;
    h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9ULL;
    h = (h ^ (h >> 32)) * 0x94D049BB133111EBULL;
    return (double)(h >> 40) / (double)(1 << 24);
}

/* Smooth noise in 0..1 with cells of 7 pixels. */
static double noise_at(uint64_t seed, double x, double y) {
    double u = x / 7, v = y / 7, fu = u - floor(u), fv = v - floor(v);
    long i = (long)floor(u), j = (long)floor(v);
    double top = hash_unit(seed, i, j) * (1 - fu) + hash_unit(seed, i + 1, j) * fu;
    double low = hash_unit(seed, i, j + 1) * (1 - fu) + hash_unit(seed, i + 1, j + 1) * fu;
    return top * (1 - fv) + low * fv;
}

/* Index mirrored into 0..size - 1. */
static int mirror(long i, int size) {
    long period = 2L * size;
    i %= period;
    if (i < 0)
        i += period;
    return (int)(i < size ? i : period - 1 - i);
}

/* Where a point of the left view lies in the layer's photo, pixels. */
static void texel(const cf_layer *l, double x, double y, double uv[2]) {
    uv[0] = l->map[0] * x + l->map[1] * y + l->shift[0];
    uv[1] = l->map[2] * x + l->map[3] * y + l->shift[1];
}

int cf_layered_scene_region(const cf_layered_scene *scene, const cf_layer *l, double x, double y) {
    const cf_image *regions = &scene->regions;
    double uv[2];
    texel(l, x, y, uv);
    int u = mirror(lrint(uv[0]), regions->width), v = mirror(lrint(uv[1]), regions->height);
    return ((unsigned char *)cf_image_row(regions, 0, v))[u];
}

/* How much of a point of the left view the layer covers, 0..1. */
static double cover(const cf_layered_scene *scene, const cf_layer *l, double x, double y) {
    double dx = x - l->centre[0], dy = y - l->centre[1];
    if (l->mask == CF_MASK_ALL)
        return 1;
    if (l->mask == CF_MASK_REGION)
        return cf_layered_scene_region(scene, l, x, y) == l->region;
    if (l->mask == CF_MASK_BAR)
        return ramp(l->half_width - fabs(dx * cos(l->turn) + dy * sin(l->turn)), l->softness);
    double r2 = dx * dx + dy * dy, far = 0;
    for (int i = 0; i < CF_MASK_KNOTS; i++)
        far = fmax(far, l->radius[i]);
    if (r2 > (far + l->softness) * (far + l->softness))
        return 0;
    double alpha = ramp(outline(l, atan2(dy, dx)) - sqrt(r2), l->softness);
    if (l->mask == CF_MASK_LEAVES && alpha > 0)
        alpha *= ramp((noise_at(l->holes, x, y) - 0.45) * 14, l->softness);
    return alpha;
}

/* The layer's colour at a point of the left view, linear. */
static void paint(const cf_layered_scene *scene, const cf_layer *l, double x, double y,
                  float rgb[3]) {
    const cf_image *photo = &scene->layers[l->shows].photo;
    double uv[2];
    texel(l, x, y, uv);
    long u = (long)floor(uv[0]), v = (long)floor(uv[1]);
    float fu = (float)(uv[0] - (double)u), fv = (float)(uv[1] - (double)v);
    int x0 = mirror(u, photo->width), x1 = mirror(u + 1, photo->width);
    const float *top = cf_image_row(photo, 0, mirror(v, photo->height));
    const float *low = cf_image_row(photo, 0, mirror(v + 1, photo->height));
    float wave = 1, seen[3];
    if (l->stripes[0] > 0)
        wave += l->stripes[0] *
                sinf((float)(2 * M_PI) *
                     (l->stripes[1] * (float)x + l->stripes[2] * (float)y + l->stripes[3]));
    for (int c = 0; c < 3; c++) {
        float a = top[3 * x0 + c] * (1 - fu) + top[3 * x1 + c] * fu;
        float b = low[3 * x0 + c] * (1 - fu) + low[3 * x1 + c] * fu;
        float value = a * (1 - fv) + b * fv;
        seen[c] = wave * (l->mean[c] + l->contrast * (value - l->mean[c]));
    }
    for (int c = 0; c < 3; c++)
        rgb[c] = fmaxf(l->paint[3 * c] * seen[0] + l->paint[3 * c + 1] * seen[1] +
                           l->paint[3 * c + 2] * seen[2],
                       0);
}

void cf_layered_scene_view(const cf_layered_scene *scene, int right, const double origin[2],
                           const cf_image *view) {
    for (int row = 0; row < view->height; row++) {
        float *out = cf_image_row(view, 0, row);
        double y = row + origin[1];
        for (int column = 0; column < view->width; column++, out += 3) {
            double open = 1;
            out[0] = out[1] = out[2] = 0;
            for (int i = 0; i < scene->count && open > 0.002; i++) {
                const cf_layer *l = &scene->layers[i];
                double x = column + origin[0];
                x = right ? left_x(l, x, y) : x;
                double alpha = cover(scene, l, x, y) * open;
                float rgb[3];
                if (alpha <= 0)
                    continue;
                paint(scene, l, x, y, rgb);
                for (int c = 0; c < 3; c++)
                    out[c] += (float)alpha * rgb[c];
                open -= alpha;
            }
        }
    }
}

int cf_layered_scene_front(const cf_layered_scene *scene, int right, double x, double y) {
    for (int i = 0; i < scene->count; i++) {
        const cf_layer *l = &scene->layers[i];
        if (cover(scene, l, right ? left_x(l, x, y) : x, y) > 0.5)
            return i;
    }
    return scene->count - 1;
}

void cf_layered_scene_free(cf_layered_scene *scene) {
    for (int i = 0; i < CF_LAYERS_MAX; i++)
        cf_image_free(&scene->layers[i].photo);
    cf_image_free(&scene->regions);
    *scene = (cf_layered_scene){0};
}
