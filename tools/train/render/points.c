/* SPDX-License-Identifier: Apache-2.0 */
/* Colour points as a user would set them. */
#include <math.h>

#include "fusion/chroma.h"
#include "tools/train/render/rig.h"

static double encode(double v) {
    v = fmin(fmax(v, 0), 1);
    return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static double decode(double v) {
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* Mean of the display codes, as a user picks colours, then linear. */
static void mean_colour(const cf_image *rgb, int x, int y, int size, double mean[3]) {
    mean[0] = mean[1] = mean[2] = 0;
    for (int j = y; j < y + size; j++)
        for (int i = x; i < x + size; i++)
            for (int c = 0; c < 3; c++)
                mean[c] += encode((double)((float *)cf_image_row(rgb, 0, j))[3 * i + c]);
    for (int c = 0; c < 3; c++)
        mean[c] = decode(mean[c] / (size * size));
}

void cf_train_points_draw(const cf_image *rgb, const float spectral[3], int count, cf_random *r,
                          const cf_image *hint, const cf_image *confidence) {
    static const int sizes[] = {1, 3, 5, 7, 7, 7, 9, 11};
    for (int k = 0; k < count; k++) {
        double mean[3], m = 0;
        int size = sizes[cf_random_bits(r) % 8];
        int x = (int)(cf_random_uniform(r) * (rgb->width - size + 1));
        int y = (int)(cf_random_uniform(r) * (rgb->height - size + 1));
        mean_colour(rgb, x, y, size, mean);
        for (int c = 0; c < 3; c++)
            m += (double)spectral[c] * mean[c];
        m = fmax(m, 0);
        for (int j = y; j < y + size; j++)
            for (int i = x; i < x + size; i++) {
                for (int p = 0; p < 2; p++)
                    ((float *)cf_image_row(hint, p, j))[i] =
                        (float)((mean[2 * p] - m) / (m + (double)CF_CHROMA_EPS));
                ((float *)cf_image_row(confidence, 0, j))[i] = CF_TRAIN_POINT_CONFIDENCE;
            }
    }
}
