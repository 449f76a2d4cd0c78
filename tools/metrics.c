/* SPDX-License-Identifier: Apache-2.0 */
/* PSNR, SSIM and CIEDE2000. */
#include "tools/metrics.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/lab.h"

#define WINDOW 7

void cf_lab_of_srgb8(const unsigned char rgb[3], double lab[3]) {
    /* linear Rec.709 to XYZ over the white point 0.95047, 1, 1.08883 */
    static const double matrix[9] = {0.412453, 0.357580, 0.180423, 0.212671, 0.715160,
                                     0.072169, 0.019334, 0.119193, 0.950227};
    static const double white[3] = {0.95047, 1, 1.08883};
    double linear[3], f[3];
    for (int i = 0; i < 3; i++) {
        double v = rgb[i] / 255.0;
        linear[i] = v > 0.04045 ? pow((v + 0.055) / 1.055, 2.4) : v / 12.92;
    }
    for (int i = 0; i < 3; i++) {
        const double *m = matrix + 3 * i;
        double t = (m[0] * linear[0] + m[1] * linear[1] + m[2] * linear[2]) / white[i];
        f[i] = t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
    }
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

/* Sums over a window of x, y, x x + y y, x y: all that SSIM needs, exact as integers. */
typedef struct {
    long x, y, squares, xy;
} moments;

static void add_pixel(moments *m, int x, int y, int sign) {
    m->x += sign * x;
    m->y += sign * y;
    m->squares += sign * (x * x + y * y);
    m->xy += sign * x * y;
}

static double similarity(const moments *m) {
    const double n = WINDOW * WINDOW, unbias = n / (n - 1), c1 = 0.01 * 0.01 * 255 * 255,
                 c2 = 0.03 * 0.03 * 255 * 255;
    double ux = (double)m->x / n, uy = (double)m->y / n, mean_squares = ux * ux + uy * uy;
    double variances = unbias * ((double)m->squares / n - mean_squares);
    double covariance = unbias * ((double)m->xy / n - ux * uy);
    return (2 * ux * uy + c1) * (2 * covariance + c2) / ((mean_squares + c1) * (variances + c2));
}

/* Mean over the windows of one channel; a and b: views without the border; columns: scratch. */
static double channel_ssim(const cf_image *a, const cf_image *b, int channel, moments *columns) {
    double sum = 0;
    memset(columns, 0, (size_t)a->width * sizeof *columns);
    for (int y = 0; y < a->height; y++) {
        const unsigned char *in_a = cf_image_row(a, 0, y), *in_b = cf_image_row(b, 0, y);
        for (int x = 0; x < a->width; x++)
            add_pixel(&columns[x], in_a[3 * x + channel], in_b[3 * x + channel], 1);
        if (y < WINDOW - 1)
            continue;
        moments window = {0};
        for (int x = 0; x < a->width; x++) {
            const moments *in = &columns[x], *out = x >= WINDOW ? &columns[x - WINDOW] : NULL;
            window.x += in->x - (out ? out->x : 0);
            window.y += in->y - (out ? out->y : 0);
            window.squares += in->squares - (out ? out->squares : 0);
            window.xy += in->xy - (out ? out->xy : 0);
            if (x >= WINDOW - 1)
                sum += similarity(&window);
        }
        const unsigned char *out_a = cf_image_row(a, 0, y - WINDOW + 1);
        const unsigned char *out_b = cf_image_row(b, 0, y - WINDOW + 1);
        for (int x = 0; x < a->width; x++)
            add_pixel(&columns[x], out_a[3 * x + channel], out_b[3 * x + channel], -1);
    }
    return sum / ((double)(a->width - WINDOW + 1) * (a->height - WINDOW + 1));
}

static void compare_pixels(const cf_image *a, const cf_image *b, cf_metrics *out) {
    double squares = 0, differences = 0, area = (double)a->width * a->height;
    for (int y = 0; y < a->height; y++) {
        const unsigned char *p = cf_image_row(a, 0, y), *q = cf_image_row(b, 0, y);
        for (int x = 0; x < a->width; x++, p += 3, q += 3) {
            double lab1[3], lab2[3];
            for (int c = 0; c < 3; c++)
                squares += (p[c] - q[c]) * (p[c] - q[c]);
            if (p[0] == q[0] && p[1] == q[1] && p[2] == q[2])
                continue;
            cf_lab_of_srgb8(p, lab1);
            cf_lab_of_srgb8(q, lab2);
            differences += cf_ciede2000(lab1, lab2);
        }
    }
    out->psnr = squares > 0 ? 10 * log10(255 * 255 * 3 * area / squares) : 99;
    out->ciede2000 = differences / area;
}

static cf_image inside(cf_image image, int border) {
    image.data = (char *)cf_image_row(&image, 0, border) + 3 * border;
    image.width -= 2 * border;
    image.height -= 2 * border;
    return image;
}

cf_status cf_metrics_compare(const cf_image *picture, const cf_image *truth, int border,
                             cf_metrics *out) {
    *out = (cf_metrics){0};
    if (picture->format != CF_PIXEL_RGB8 || truth->format != CF_PIXEL_RGB8 || border < 0)
        return cf_fail(CF_ERR_INVALID, "metrics: only 8-bit RGB pictures can be compared");
    if (picture->width != truth->width || picture->height != truth->height)
        return cf_fail(CF_ERR_INVALID, "metrics: %dx%d cannot be compared with %dx%d",
                       picture->width, picture->height, truth->width, truth->height);
    if (picture->width < 2 * border + WINDOW || picture->height < 2 * border + WINDOW)
        return cf_fail(CF_ERR_INVALID, "metrics: %dx%d is too small for a border of %d pixels",
                       picture->width, picture->height, border);
    cf_image a = inside(*picture, border), b = inside(*truth, border);
    moments *columns = cf_alloc((size_t)a.width, sizeof *columns);
    if (!columns)
        return CF_ERR_MEMORY;
    compare_pixels(&a, &b, out);
    for (int c = 0; c < 3; c++)
        out->ssim += channel_ssim(&a, &b, c, columns) / 3;
    cf_free(columns);
    return CF_OK;
}
