/* SPDX-License-Identifier: Apache-2.0 */
/* A user's points as planes of hints. */
#include "fusion/colorize_points.h"

#include <math.h>

#include "base/log.h"
#include "fusion/chroma.h"

static int is_fine(const cf_hint_point *p, int width, int height) {
    int inside = p->x >= -0.5F && p->x <= (float)width - 0.5F && p->y >= -0.5F &&
                 p->y <= (float)height - 0.5F;
    int fine = p->size > 0 && p->size <= 2 * CF_IMAGE_MAX_SIDE;
    for (int c = 0; c < 3; c++)
        fine &= p->rgb[c] >= 0 && p->rgb[c] <= 255;
    return inside && fine;
}

cf_status cf_points_check(const cf_hint_point *points, size_t count, int width, int height) {
    for (size_t i = 0; i < count; i++) {
        const cf_hint_point *p = &points[i];
        if (!is_fine(p, width, height))
            return cf_fail(
                CF_ERR_INVALID,
                "point %zu (x %g, y %g, size %g, rgb %g %g %g) does not lie in a picture "
                "of %dx%d, or its colour not in 0..255",
                i + 1, (double)p->x, (double)p->y, (double)p->size, (double)p->rgb[0],
                (double)p->rgb[1], (double)p->rgb[2], width, height);
    }
    return CF_OK;
}

/* IEC 61966-2-1. */
static float linear(float code) {
    float v = code / 255;
    return v <= 0.04045F ? v / 12.92F : powf((v + 0.055F) / 1.055F, 2.4F);
}

/* The cells of one axis that a square covers. */
static void span(float centre, float size, int factor, int cells, int *first, int *last) {
    float scale = 1 / (float)factor, at = (centre + 0.5F) * scale - 0.5F;
    float reach = 0.5F * size * scale;
    float low = ceilf(at - reach), high = ceilf(at + reach) - 1;
    if (high < low)
        low = high = roundf(at);
    *first = low > 0 ? (int)fminf(low, (float)(cells - 1)) : 0;
    *last = high < (float)(cells - 1) ? (int)fmaxf(high, 0) : cells - 1;
}

void cf_points_draw(const cf_hint_point *points, size_t count, int factor, const float spectral[3],
                    const cf_image *hint, const cf_image *confidence) {
    for (size_t i = 0; i < count; i++) {
        int x0, x1, y0, y1;
        float rgb[3], m = 0;
        span(points[i].x, points[i].size, factor, hint->width, &x0, &x1);
        span(points[i].y, points[i].size, factor, hint->height, &y0, &y1);
        for (int c = 0; c < 3; c++) {
            rgb[c] = linear(points[i].rgb[c]);
            m += spectral[c] * rgb[c];
        }
        for (int y = y0; y <= y1; y++)
            for (int x = x0; x <= x1; x++) {
                for (int p = 0; p < 2; p++)
                    ((float *)cf_image_row(hint, p, y))[x] = (rgb[2 * p] - m) / (m + CF_CHROMA_EPS);
                ((float *)cf_image_row(confidence, 0, y))[x] = CF_POINT_CONFIDENCE;
            }
    }
}
