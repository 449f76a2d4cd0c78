/* SPDX-License-Identifier: Apache-2.0 */
/* A user's points as planes of hints. */
#include "fusion/colorize_points.h"

#include <math.h>

#include "base/log.h"
#include "fusion/chroma.h"
#include "fusion/krige_shared.h"

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

/* What a point says, on planes of width x height. */
typedef struct {
    int x0, x1, y0, y1;
    float chroma[2];
} placed;

static placed place(const cf_hint_point *point, int factor, const float spectral[3], int width,
                    int height) {
    placed p;
    float rgb[3], m = 0;
    span(point->x, point->size, factor, width, &p.x0, &p.x1);
    span(point->y, point->size, factor, height, &p.y0, &p.y1);
    for (int c = 0; c < 3; c++) {
        rgb[c] = linear(point->rgb[c]);
        m += spectral[c] * rgb[c];
    }
    for (int k = 0; k < 2; k++)
        p.chroma[k] = (rgb[2 * k] - m) / (m + CF_CHROMA_EPS);
    return p;
}

void cf_points_draw(const cf_hint_point *points, size_t count, int factor, const float spectral[3],
                    const cf_image *hint, const cf_image *confidence) {
    for (size_t i = 0; i < count; i++) {
        placed p = place(&points[i], factor, spectral, hint->width, hint->height);
        for (int y = p.y0; y <= p.y1; y++)
            for (int x = p.x0; x <= p.x1; x++) {
                for (int k = 0; k < 2; k++)
                    ((float *)cf_image_row(hint, k, y))[x] = p.chroma[k];
                ((float *)cf_image_row(confidence, 0, y))[x] = CF_POINT_CONFIDENCE;
            }
    }
}

void cf_points_list(const cf_hint_point *points, size_t count, int factor, const float spectral[3],
                    int width, int height, const cf_image *table) {
    size_t rows = count < CF_POINTS_ROWS ? count : CF_POINTS_ROWS;
    for (size_t i = 0; i < rows; i++) {
        float *row = cf_image_row(table, 0, (int)i);
        placed p = place(&points[i * count / rows], factor, spectral, width, height);
        const float list[CF_POINTS_COLUMNS] = {
            (float)p.x0, (float)p.x1, (float)p.y0, (float)p.y1, p.chroma[0], p.chroma[1], 1};
        for (int k = 0; k < CF_POINTS_COLUMNS; k++)
            row[k] = list[k];
    }
}
