/* SPDX-License-Identifier: Apache-2.0 */
/* Published colorizers behind the door of `colorize`, with networks worked out by hand. Does not
 * judge colours, nor run real networks: tools/seed_networks does that. */
#include <math.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cl/buffer.h"
#include "fusion/colorize.h"
#include "fusion/lab_shared.h"
#include "tests/fusion/tiny_lab.h"
#include "tests/test_main.h"

enum { WIDTH = 48, HEIGHT = 40 };

static cf_cl *cl;
static char last_line[1024];
static int lines;

static void remember(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(last_line, sizeof last_line, "%s", line);
    lines++;
}

/* Luminances whose colours below lie in gamut. */
static cf_image picture(void) {
    cf_image gray;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_F32, &gray), CF_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            ((float *)cf_image_row(&gray, 0, y))[x] = x < WIDTH / 2 ? 0.08F : 0.2F;
    return gray;
}

static cf_status colorize(const onnx_bytes *bytes, const cf_hint_point *points, size_t count,
                          const char *setting, cf_colorize_output output, cf_image *out) {
    char path[] = "/tmp/chromafuse-lab-XXXXXX";
    int fd = mkstemp(path);
    cf_colorize *c;
    cf_colorize_params params = CF_COLORIZE_DEFAULTS;
    cf_image gray = picture();
    ck_assert_int_eq(write(fd, bytes->at, bytes->size), (ssize_t)bytes->size);
    close(fd);
    params.model = path;
    params.outputs = 1U << output;
    params.settings = &setting;
    params.setting_count = setting != NULL;
    cf_status status = cf_colorize_create(cl, WIDTH, HEIGHT, &params, &c);
    if (status == CF_OK) {
        ck_assert_int_eq(cf_colorize_run(c, &gray, points, count), CF_OK);
        ck_assert_int_eq(cf_colorize_fetch(c, output, out), CF_OK);
    }
    cf_colorize_destroy(&c);
    cf_image_free(&gray);
    unlink(path);
    return status;
}

/* CIE Lab of linear Rec.709 by its definition, in double. */
static void lab_of(const cf_image *linear, int x, int y, double lab[3]) {
    static const double m[3][3] = {
        {0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}};
    static const double white[3] = {0.9505, 1, 1.089};
    double f[3];
    for (int i = 0; i < 3; i++) {
        double t = 0;
        for (int k = 0; k < 3; k++)
            t += m[i][k] * (double)((float *)cf_image_row(linear, k, y))[x] / white[i];
        f[i] = t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
    }
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

static double lightness(double y) {
    return 116 * cbrt(y) - 16;
}

/* a = 0.5 L - 10, b = 20 - L, on grids of the picture's size, coarser and finer; away from the
 * edge, for cells on it have the L of neither side. */
START_TEST(lightness_to_ab) {
    static const int grids[][2] = {{WIDTH, HEIGHT}, {24, 16}, {96, 128}, {0, 0}};
    for (size_t i = 0; i < sizeof grids / sizeof *grids; i++) {
        onnx_bytes bytes = lab_single(grids[i][0], grids[i][1], 1);
        cf_image rgb;
        ck_assert_int_eq(colorize(&bytes, NULL, 0, NULL, CF_COLORIZE_LINEAR, &rgb), CF_OK);
        for (int x = 4; x < WIDTH; x += 30) {
            double lab[3], want = lightness(x < WIDTH / 2 ? 0.08 : 0.2);
            lab_of(&rgb, x, HEIGHT / 2, lab);
            ck_assert_double_eq_tol(lab[0], want, 0.01);
            ck_assert_double_eq_tol(lab[1], 0.5 * want - 10, 0.1);
            ck_assert_double_eq_tol(lab[2], 20 - want, 0.1);
        }
        cf_image_free(&rgb);
    }
}
END_TEST

static const cf_hint_point red = {10, 12, 5, {170, 70, 60}};

/* A network that takes no hints: points count near them on their surface, nowhere else. */
START_TEST(points_on_top) {
    onnx_bytes bytes = lab_single(0, 0, 1);
    cf_image without, with, error;
    double a[3], b[3];
    ck_assert_int_eq(colorize(&bytes, NULL, 0, NULL, CF_COLORIZE_LINEAR, &without), CF_OK);
    ck_assert_int_eq(colorize(&bytes, &red, 1, NULL, CF_COLORIZE_LINEAR, &with), CF_OK);
    ck_assert_int_eq(colorize(&bytes, &red, 1, NULL, CF_COLORIZE_ERROR, &error), CF_OK);
    lab_of(&without, 10, 12, a);
    lab_of(&with, 10, 12, b);
    ck_assert(fabs(a[2] - b[2]) > 15 && b[1] > 25 && b[2] > 15);
    ck_assert(((float *)cf_image_row(&error, 0, 12))[10] < 12);
    lab_of(&without, WIDTH - 2, HEIGHT - 2, a);
    lab_of(&with, WIDTH - 2, HEIGHT - 2, b);
    ck_assert(fabs(a[1] - b[1]) < 0.01 && fabs(a[2] - b[2]) < 0.01);
    float even = powf(1 / 901.0F, 1 / 16.0F) *
                 powf(1 / 26.0F, 0.03F); /* even surfaces are told so much of 36 (error_map.h) */
    ck_assert(((float *)cf_image_row(&error, 0, HEIGHT - 2))[WIDTH - 2] > 30 * even);
    cf_image_free(&without);
    cf_image_free(&with);
    cf_image_free(&error);
}
END_TEST

/* ab = hint mask + l, which is told to lie in -50..0: grey but at the point. */
START_TEST(points_to_the_network) {
    onnx_bytes bytes = lab_three("hint_ab", "mask", "l");
    cf_image rgb;
    double lab[3], told[3];
    ck_assert_int_eq(
        colorize(&bytes, &red, 1, "lab_network.lightness=0,0", CF_COLORIZE_LINEAR, &rgb), CF_OK);
    cf_image one;
    ck_assert_int_eq(cf_image_alloc(1, 1, 3, CF_PIXEL_F32, &one), CF_OK);
    for (int k = 0; k < 3; k++) {
        double code = (double)red.rgb[k] / 255;
        *(float *)cf_image_row(&one, k, 0) = (float)pow((code + 0.055) / 1.055, 2.4);
    }
    lab_of(&one, 0, 0, told);
    lab_of(&rgb, 10, 12, lab);
    ck_assert_double_eq_tol(atan2(lab[2], lab[1]), atan2(told[2], told[1]), 0.05); /* its hue */
    ck_assert(hypot(lab[1], lab[2]) > 20);
    lab_of(&rgb, 16, 30, lab);
    ck_assert(hypot(lab[1], lab[2]) < 0.1);
    cf_image_free(&one);
    cf_image_free(&rgb);
}
END_TEST

START_TEST(others_are_refused) {
    onnx_bytes g = {.size = 0}, node = onnx_node("Relu", "", "x", "y"), bytes;
    cf_image out;
    onnx_part(&g, 1, &node);
    lab_port(&g, 11, "x", 3, 224, 224);
    lab_port(&g, 12, "y", 3, 224, 224);
    bytes = onnx_model(&g, 17);
    lines = 0;
    cf_log_set(remember, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(colorize(&bytes, NULL, 0, NULL, CF_COLORIZE_PICTURE, &out),
                     CF_ERR_UNSUPPORTED);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(lines, 1);
    ck_assert(strstr(last_line, "input 'x' has 3 planes") && strstr(last_line, "lightness"));
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, lightness_to_ab);
    tcase_add_test(tc, points_on_top);
    tcase_add_test(tc, points_to_the_network);
    tcase_add_test(tc, others_are_refused);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int failed = test_run("lab_colorize", add);
    cf_cl_close(&cl);
    return failed;
}
