/* SPDX-License-Identifier: Apache-2.0 */
/* Turned and distorted lenses, and area resampling. */
#include "capture/simulator_optics.h"

#include <math.h>

#include "base/alloc.h"

static float to_linear(int code) {
    float s = (float)code / 255;
    return s <= 0.04045F ? s / 12.92F : powf((s + 0.055F) / 1.055F, 2.4F);
}

cf_status cf_sim_linearise(const cf_image *picture, cf_image *linear) {
    float table[256];
    CF_TRY(cf_image_alloc(picture->width, picture->height, 1, CF_PIXEL_RGBF32, linear));
    for (int i = 0; i < 256; i++)
        table[i] = to_linear(i);
    for (int y = 0; y < picture->height; y++) {
        const unsigned char *from = cf_image_row(picture, 0, y);
        float *to = cf_image_row(linear, 0, y);
        for (int i = 0; i < picture->width * 3; i++)
            to[i] = table[from[i]];
    }
    return CF_OK;
}

void cf_sim_matrix_of(const double v[3], double m[9]) {
    double angle = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    double x = 0, y = 0, z = 0, s = sin(angle), c = cos(angle), t = 1 - c;
    if (angle > 0) {
        x = v[0] / angle;
        y = v[1] / angle;
        z = v[2] / angle;
    }
    const double r[9] = {
        c + x * x * t,     x * y * t - z * s, x * z * t + y * s, y * x * t + z * s, c + y * y * t,
        y * z * t - x * s, z * x * t - y * s, z * y * t + x * s, c + z * z * t,
    };
    for (int i = 0; i < 9; i++)
        m[i] = r[i];
}

void cf_sim_vector_of(const double m[9], double v[3]) {
    const double axis[3] = {m[7] - m[5], m[2] - m[6],
                            m[3] - m[1]}; /* 2 sin(angle) times the axis */
    double twice_sine = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
    double angle = atan2(twice_sine, m[0] + m[4] + m[8] - 1);
    double scale = twice_sine > 0 ? angle / twice_sine : 0;
    for (int i = 0; i < 3; i++)
        v[i] = axis[i] * scale;
}

void cf_sim_multiply(const double a[9], const double b[9], double out[9]) {
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[i * 3 + j] = a[i * 3] * b[j] + a[i * 3 + 1] * b[3 + j] + a[i * 3 + 2] * b[6 + j];
}

/* The point of the normalised plane that a distorted one came from: fixed-point iteration, which
 * converges for the mild distortions of a rig. */
static void undistort(const double k[5], double p[2]) {
    const double dx = p[0], dy = p[1];
    for (int i = 0; i < 30; i++) {
        double x = p[0], y = p[1], r2 = x * x + y * y;
        double radial = 1 + ((k[4] * r2 + k[1]) * r2 + k[0]) * r2;
        p[0] = (dx - 2 * k[2] * x * y - k[3] * (r2 + 2 * x * x)) / radial;
        p[1] = (dy - k[2] * (r2 + 2 * y * y) - 2 * k[3] * x * y) / radial;
    }
}

/* Index mirrored about the border with the border pixel repeated: -1 -> 0, n -> n - 1. */
static int mirror(int i, int n) {
    int period = 2 * n;
    i = (i % period + period) % period;
    return i < n ? i : period - 1 - i;
}

static void cubic_weights(double t, double w[4]) {
    const double a = -0.75;
    double u = t + 1, s = 1 - t;
    w[0] = ((a * u - 5 * a) * u + 8 * a) * u - 4 * a;
    w[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
    w[2] = ((a + 2) * s - (a + 3)) * s * s + 1;
    w[3] = 1 - w[0] - w[1] - w[2];
}

static void sample(const cf_image *in, double x, double y, unsigned char rgb[3]) {
    double wx[4], wy[4], sum[3] = {0};
    const double far_away = 1e6; /* keeps the conversion defined; only absurd lenses get there */
    x = fmin(fmax(x, -far_away), far_away);
    y = fmin(fmax(y, -far_away), far_away);
    int x0 = (int)floor(x), y0 = (int)floor(y);
    cubic_weights(x - x0, wx);
    cubic_weights(y - y0, wy);
    for (int j = 0; j < 4; j++) {
        const unsigned char *row = cf_image_row(in, 0, mirror(y0 - 1 + j, in->height));
        for (int i = 0; i < 4; i++) {
            const unsigned char *p = row + 3 * mirror(x0 - 1 + i, in->width);
            for (int c = 0; c < 3; c++)
                sum[c] += wy[j] * wx[i] * p[c];
        }
    }
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)rint(fmin(fmax(sum[c], 0), 255));
}

void cf_sim_tilt(const cf_image *in, double focal, const double centre[2], const double rotation[3],
                 const double distortion[5], const cf_image *out) {
    double r[9];
    cf_sim_matrix_of(rotation, r);
    for (int y = 0; y < out->height; y++) {
        unsigned char *row = cf_image_row(out, 0, y);
        for (int x = 0; x < out->width; x++) {
            double p[2] = {(x - centre[0]) / focal, (y - centre[1]) / focal};
            undistort(distortion, p);
            /* lens coordinates -> scene: the transposed rotation */
            double sx = r[0] * p[0] + r[3] * p[1] + r[6], sy = r[1] * p[0] + r[4] * p[1] + r[7];
            double sz = r[2] * p[0] + r[5] * p[1] + r[8];
            sample(in, sx / sz * focal + centre[0], sy / sz * focal + centre[1], row + 3 * x);
        }
    }
}

/* The source pixels of one output pixel along one axis and their weights. */
typedef struct {
    int first, count;
    double head, body, tail; /* of the first, the inner and the last pixel; they sum to 1 */
} span;

static span span_of(int i, double ratio, int n) {
    double from = i * ratio, to = fmin(from + ratio, n), width = to - from;
    int first = (int)floor(from + 1e-9), last = (int)ceil(to - 1e-9);
    span s = {.first = first, .count = last - first, .body = 1 / width};
    s.head = fmin(first + 1 - from, width) / width;
    s.tail = (to - (last - 1)) / width;
    return s;
}

static double weight(const span *s, int i) {
    if (i == 0)
        return s->count == 1 ? 1 : s->head;
    return i == s->count - 1 ? s->tail : s->body;
}

static void add_row(const cf_image *in, int y, double ratio, double wy, int width, double *sums) {
    const float *row = cf_image_row(in, 0, y);
    for (int x = 0; x < width; x++) {
        span sx = span_of(x, ratio, in->width);
        for (int i = 0; i < sx.count; i++) {
            double w = wy * weight(&sx, i);
            for (int c = 0; c < 3; c++)
                sums[3 * x + c] += w * (double)row[3 * (sx.first + i) + c];
        }
    }
}

cf_status cf_sim_shrink(const cf_image *in, double ratio, const cf_image *out) {
    double *sums = cf_alloc((size_t)out->width * 3, sizeof *sums);
    if (!sums)
        return CF_ERR_MEMORY;
    for (int y = 0; y < out->height; y++) {
        float *row = cf_image_row(out, 0, y);
        span sy = span_of(y, ratio, in->height);
        for (int i = 0; i < out->width * 3; i++)
            sums[i] = 0;
        for (int j = 0; j < sy.count; j++)
            add_row(in, sy.first + j, ratio, weight(&sy, j), out->width, sums);
        for (int i = 0; i < out->width * 3; i++)
            row[i] = (float)sums[i];
    }
    cf_free(sums);
    return CF_OK;
}
