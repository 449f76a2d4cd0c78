/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pictures count as black and white: toned and faded ones made by hand from a scene, with
 * noise; scenes in colour. Does not prove how often photographs are taken wrong:
 * docs/benchmarks.md tells.
 */
#include "tools/toning.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "tests/test_main.h"

enum { WIDTH = 320, HEIGHT = 240 };

static cf_random noise;

/* A scene's grey, 0..1: gradients, bars and a texture. */
static double scene(int x, int y) {
    double wave = 0.5 + 0.3 * sin(x * 0.05) * cos(y * 0.031);
    double bars = x / 40 % 2 ? 0.15 : 0, texture = 0.1 * sin(x * 1.3 + y * 0.7);
    return fmin(fmax(wave + bars + texture - 0.1 + 0.25 * y / HEIGHT, 0), 1);
}

static double mix(double a, double b, double t) {
    return a + (b - a) * t;
}

static void grey(double g, int x, int y, double rgb[3]) {
    (void)x, (void)y;
    rgb[0] = rgb[1] = rgb[2] = g;
}

/* The usual matrix on grey, which clips in the lights. */
static void sepia(double g, int x, int y, double rgb[3]) {
    (void)x, (void)y;
    rgb[0] = 1.351 * g;
    rgb[1] = 1.203 * g;
    rgb[2] = 0.937 * g;
}

static void cyanotype(double g, int x, int y, double rgb[3]) {
    (void)x, (void)y;
    rgb[0] = mix(0.02, 0.93, g);
    rgb[1] = mix(0.10, 0.97, g);
    rgb[2] = mix(0.28, 0.98, g);
}

/* Blue in the shadows, yellow in the lights. */
static void duotone(double g, int x, int y, double rgb[3]) {
    (void)x, (void)y;
    rgb[0] = g < 0.5 ? mix(0.15, 0.55, 2 * g) : mix(0.55, 0.95, 2 * g - 1);
    rgb[1] = g < 0.5 ? mix(0.13, 0.50, 2 * g) : mix(0.50, 0.90, 2 * g - 1);
    rgb[2] = g < 0.5 ? mix(0.22, 0.42, 2 * g) : mix(0.42, 0.75, 2 * g - 1);
}

/* Yellow paper with a stain. */
static void yellowed(double g, int x, int y, double rgb[3]) {
    double r = hypot(x - 0.8 * WIDTH, y - 0.2 * HEIGHT) / (0.3 * WIDTH), stain = exp(-r * r);
    rgb[0] = mix(0.15, 0.95, g) * (1 - 0.02 * stain);
    rgb[1] = mix(0.12, 0.88, g) * (1 - 0.05 * stain);
    rgb[2] = mix(0.08, 0.70, g) * (1 - 0.12 * stain);
}

/* Three surfaces of little colour: what a dull day gives. */
static void dull(double g, int x, int y, double rgb[3]) {
    static const double tint[3][3] = {{0.03, 0, -0.03}, {-0.02, 0.02, -0.01}, {-0.02, 0, 0.04}};
    for (int c = 0; c < 3; c++)
        rgb[c] = g * (1 + tint[(x / 80 + y / 60) % 3][c]);
}

/* Black and white but for a balloon. */
static void one_thing(double g, int x, int y, double rgb[3]) {
    int inside = hypot(x - 200, y - 120) < 30;
    rgb[0] = inside ? 0.5 + 0.5 * g : g;
    rgb[1] = rgb[2] = inside ? 0.4 * g : g;
}

static cf_toning measure(void (*tone)(double, int, int, double[3]), double sigma, cf_pixel format) {
    cf_image image;
    cf_toning out;
    int deep = format == CF_PIXEL_RGB16, top = deep ? 65535 : 255;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, format, &image), CF_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            double rgb[3];
            tone(scene(x, y), x, y, rgb);
            for (int c = 0; c < 3; c++) {
                double v = rgb[c] + sigma * cf_random_normal(&noise);
                v = fmin(fmax(v, 0), 1) * top;
                if (deep)
                    ((uint16_t *)cf_image_row(&image, 0, y))[3 * x + c] = (uint16_t)lrint(v);
                else
                    ((uint8_t *)cf_image_row(&image, 0, y))[3 * x + c] = (uint8_t)lrint(v);
            }
        }
    ck_assert_int_eq(cf_toning_measure(&image, &out), CF_OK);
    cf_image_free(&image);
    return out;
}

START_TEST(one_tone_is_monochrome) {
    static void (*const tones[])(double, int, int, double[3]) = {grey, sepia, cyanotype, duotone,
                                                                 yellowed};
    for (size_t i = 0; i < sizeof tones / sizeof *tones; i++)
        for (int k = 0; k < 3; k++) {
            cf_toning t =
                measure(tones[i], k == 1 ? 0.03 : 0, k == 2 ? CF_PIXEL_RGB16 : CF_PIXEL_RGB8);
            ck_assert_msg(t.is_monochrome, "tone %zu, %d: residual %g, worst %g, chroma %g", i, k,
                          t.residual, t.worst, t.chroma);
        }
}
END_TEST

START_TEST(colours_are_no_tone) {
    static void (*const tones[])(double, int, int, double[3]) = {dull, one_thing};
    for (size_t i = 0; i < sizeof tones / sizeof *tones; i++) {
        cf_toning t = measure(tones[i], 0.005, CF_PIXEL_RGB8);
        ck_assert_msg(!t.is_monochrome, "tone %zu: residual %g, worst %g, chroma %g", i, t.residual,
                      t.worst, t.chroma);
    }
}
END_TEST

START_TEST(any_size_is_judged) {
    static const int sizes[][2] = {{1, 1}, {2, 1}, {1, 3000}, {3000, 1}, {7, 5}, {1030, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cf_image image;
        cf_toning t;
        ck_assert_int_eq(cf_image_alloc(sizes[i][0], sizes[i][1], 1, CF_PIXEL_RGB8, &image), CF_OK);
        ck_assert_int_eq(cf_toning_measure(&image, &t), CF_OK);
        ck_assert_int_eq(t.is_monochrome, 1);
        cf_image_free(&image);
    }
}
END_TEST

START_TEST(luminance_is_the_standard_s) {
    cf_image image, gray;
    ck_assert_int_eq(cf_image_alloc(3, 1, 1, CF_PIXEL_RGB8, &image), CF_OK);
    memcpy(image.data, (const uint8_t[]){255, 0, 0, 128, 128, 128, 10, 10, 10}, 9);
    ck_assert_int_eq(cf_luminance_of(&image, &gray), CF_OK);
    const float *v = gray.data;
    ck_assert_float_eq_tol(v[0], 0.2126, 1e-5);    /* IEC 61966-2-1 and Rec. 709 */
    ck_assert_float_eq_tol(v[1], 0.2158605, 1e-5); /* ((128/255 + 0.055) / 1.055)^2.4 */
    ck_assert_float_eq_tol(v[2], 0.0030353, 1e-6); /* 10/255 / 12.92 */
    cf_image_free(&image);
    cf_image_free(&gray);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, one_tone_is_monochrome);
    tcase_add_test(tc, colours_are_no_tone);
    tcase_add_test(tc, any_size_is_judged);
    tcase_add_test(tc, luminance_is_the_standard_s);
}

int main(void) {
    cf_random_seed(&noise, 1);
    return test_run("toning", add);
}
