/* SPDX-License-Identifier: Apache-2.0 */
/* Photon transfer on simulated sensors of known gain, noise and black level, and against numbers
 * worked out by hand. Does not prove that real sensors are like that; tests/tools/
 * test_calibrate_noise.py has a second computation of the same frames. */
#include <string.h>

#include "base/alloc.h"
#include "calib/photon_transfer.h"
#include "tests/calib/flat_sensor.h"
#include "tests/test_main.h"

#define LEVELS 10

typedef struct {
    const char *name;
    flat_sensor sensor;
    int darks, times; /* given: dark frames, exposure times */
    int seed;
} sensor_case;

static int quick(void) {
    return getenv("CHROMAFUSE_VALGRIND") != NULL;
}

/* Light in electrons of each level: from 0.01 to 1.02 of white, evenly in ratio. */
static double light_of(const flat_sensor *s, int level) {
    double white = ((double)(1 << s->bits) - 1 - s->black) / s->gain;
    return white * 0.01 * pow(102, (double)level / (LEVELS - 1));
}

static void measure(const sensor_case *c, int width, int height, cf_photon_result *out) {
    const flat_sensor *s = &c->sensor;
    cf_photon_transfer *pt;
    cf_image a, b;
    cf_flat_sensor about = {.width = width,
                            .height = height,
                            .is_color = s->is_color,
                            .white = ((1 << s->bits) - 1) << s->shift};
    ck_assert_int_eq(cf_image_alloc(width, height, 1, CF_PIXEL_U16, &a), CF_OK);
    ck_assert_int_eq(cf_image_alloc(width, height, 1, CF_PIXEL_U16, &b), CF_OK);
    ck_assert_int_eq(cf_photon_transfer_create(&about, &pt), CF_OK);
    for (int i = c->darks ? -1 : 0; i < LEVELS; i++) {
        cf_flat_light light = {.level = i + 1, .is_dark = i < 0};
        double electrons = i < 0 ? 0 : light_of(s, i);
        cf_flat_check check;
        light.exposure_s = c->times && i >= 0 ? electrons * 1e-5 : 0;
        flat_expose(s, electrons, (uint64_t)(100 + 2 * i + 1000 * c->seed), &a);
        flat_expose(s, electrons, (uint64_t)(101 + 2 * i + 1000 * c->seed), &b);
        ck_assert_int_eq(cf_photon_transfer_add(pt, &a, &b, &light, &check), CF_OK);
        ck_assert_msg(check.texture < 0.05 && check.motion < 0.01 && !check.identical,
                      "%s level %d: texture %g motion %g", c->name, i, check.texture, check.motion);
    }
    ck_assert_int_eq(cf_photon_transfer_solve(pt, out), CF_OK);
    cf_photon_transfer_destroy(&pt);
    cf_image_free(&a);
    cf_image_free(&b);
}

static void compare(const sensor_case *c, const cf_photon_result *r) {
    const flat_sensor *s = &c->sensor;
    double unit = 1 << s->shift, gain = s->gain * unit, black = s->black * unit;
    if (getenv("VERBOSE"))
        fprintf(stderr,
                "%-28s gain %+.2f %% (se %.2f) read %+.2f %% (se %.2f) black %+.3f (se %.3f) "
                "scatter %.2f prnu %.4f dsnu %.2f full %.4g deviation %.3f LE %.4f %.4f\n",
                c->name, 100 * (r->gain.value / gain - 1), 100 * r->gain.error / gain,
                100 * (r->read_electrons.value / s->read - 1),
                100 * r->read_electrons.error / s->read, r->black[0].value - black,
                r->black[0].error, r->scatter, r->prnu, r->dsnu_electrons, r->full_well,
                r->variance_deviation, r->linearity_min, r->linearity_max);
    double slack = quick() ? 8 : 1; /* small frames there: it is not about the figures */
    ck_assert_msg(fabs(r->gain.value / gain - 1) < 0.01 * slack, "%s: gain %g, is %g", c->name,
                  r->gain.value, gain);
    ck_assert_msg(fabs(r->read_electrons.value / s->read - 1) < 0.05 * slack,
                  "%s: read noise %g, is %g", c->name, r->read_electrons.value, s->read);
    for (int i = 0; i < (s->is_color ? 4 : 1); i++)
        ck_assert_msg(fabs(r->black[i].value - black) < 0.2 * unit * slack, "%s: black %g, is %g",
                      c->name, r->black[i].value, black);
    if (quick())
        return;
    ck_assert_msg(r->scatter > 0.9 && r->scatter < 1.15, "%s: scatter %g", c->name, r->scatter);
}

static const sensor_case cases[] = {
    {"10 bit, read 0.5 codes", {.bits = 10, .gain = 0.25, .read = 2, .black = 16.3}, 1, 0, 0},
    {"12 bit, read 0.4 codes", {.bits = 12, .gain = 0.4, .read = 1, .black = 64.4}, 1, 0, 0},
    {"12 bit, 1 electron", {.bits = 12, .gain = 1.5, .read = 1, .black = 64}, 1, 1, 0},
    {"14 bit, 8 electrons, 12 codes",
     {.bits = 14, .gain = 1.5, .read = 8, .black = 256.6},
     1,
     0,
     0},
    {"16 bit, 3 electrons", {.bits = 16, .gain = 5, .read = 3, .black = 512}, 1, 0, 0},
    {"12 bit in 16", {.bits = 12, .shift = 4, .gain = 0.6, .read = 4, .black = 60.2}, 1, 0, 0},
    {"clips at 0", {.bits = 12, .gain = 1, .read = 3, .black = 2}, 1, 0, 0},
    {"half clips at 0, 12 codes", {.bits = 14, .gain = 2, .read = 6, .black = 0.3}, 1, 0, 0},
    {"clips at 0, coarse", {.bits = 10, .gain = 0.3, .read = 2, .black = 0.4}, 1, 0, 0},
    {"colour", {.bits = 12, .is_color = 1, .gain = 0.8, .read = 2, .black = 64.7}, 1, 0, 0},
    {"no darks, exposure times", {.bits = 12, .gain = 1, .read = 5, .black = 64}, 0, 1, 0},
};

START_TEST(known_sensors) {
    sensor_case c = cases[_i];
    static cf_photon_result r;
    const char *more = getenv("SEED"); /* other noise, for the curious */
    c.seed = _i + (more ? 20 * atoi(more) : 0);
    c.sensor.vignetting = 0.3;
    c.sensor.prnu = 0.01;
    c.sensor.dsnu = 0.3 * c.sensor.read;
    c.sensor.defects = 0.001;
    measure(&c, quick() ? 96 : 400, quick() ? 64 : 300, &r);
    compare(&c, &r);
}
END_TEST

/* Codes m + d and m - d in a checkerboard, the other way round in the second frame: the variance of
 * one frame is half of (2 d)^2. */
static void checkerboard(cf_image *frame, int m, int d) {
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            ((unsigned short *)cf_image_row(frame, 0, y))[x] =
                (unsigned short)(m + ((x + y) % 2 ? d : -d));
}

typedef struct {
    cf_photon_transfer *pt;
    cf_image a, b;
} bench;

static void set_up(bench *k, int side, int has_black, double white) {
    cf_flat_sensor about = {.width = side, .height = side, .has_black = has_black, .white = white};
    for (int i = 0; i < 4; i++)
        about.black[i] = 100;
    ck_assert_int_eq(cf_photon_transfer_create(&about, &k->pt), CF_OK);
    ck_assert_int_eq(cf_image_alloc(side, side, 1, CF_PIXEL_U16, &k->a), CF_OK);
    ck_assert_int_eq(cf_image_alloc(side, side, 1, CF_PIXEL_U16, &k->b), CF_OK);
}

static void tear_down(bench *k) {
    cf_photon_transfer_destroy(&k->pt);
    cf_image_free(&k->a);
    cf_image_free(&k->b);
}

static void add_pair(bench *k, int level, int is_dark, double exposure, cf_flat_check *check) {
    cf_flat_light light = {level, is_dark, exposure};
    ck_assert_int_eq(cf_photon_transfer_add(k->pt, &k->a, &k->b, &light, check), CF_OK);
}

/* Variance 2 d^2 = 2, 8, 18, 32, 50, 72 at 100 + 0, 12, 32, 60, 96, 140 codes: a line through 2 of
 * slope 1/2. So K = 0.5, black 100, read noise sqrt(2 - 1/12) codes or twice as many electrons. */
START_TEST(numbers_by_hand) {
    static const int signal[6] = {0, 12, 32, 60, 96, 140};
    static cf_photon_result r;
    bench k;
    set_up(&k, 128, 0, 255);
    for (int i = 0; i < 6; i++) {
        checkerboard(&k.a, 100 + signal[i], i + 1);
        checkerboard(&k.b, 100 + signal[i], -i - 1);
        add_pair(&k, i, i == 0, signal[i] * 1e-3, NULL);
    }
    ck_assert_int_eq(cf_photon_transfer_solve(k.pt, &r), CF_OK);
    double read = sqrt(2 - 1.0 / 12);
    ck_assert_double_eq_tol(r.gain.value, 0.5, 0.001); /* n / (n - 1) of a tile of 1024 */
    ck_assert_double_eq_tol(r.read_codes.value, read, 0.003);
    ck_assert_double_eq_tol(r.read_electrons.value, 2 * read, 0.006);
    ck_assert_double_eq_tol(r.black[0].value, 100, 1e-9);
    ck_assert_int_eq(r.black_source, CF_BLACK_FROM_DARKS);
    ck_assert_double_eq_tol(r.noise_scale, 0.5 / 155, 1e-5);
    ck_assert_double_eq_tol(r.noise_offset, 2.0 / (155 * 155), 1e-6);
    ck_assert_double_eq_tol(r.linearity_min, 0, 1e-9);
    ck_assert_double_eq_tol(r.linearity_max, 0, 1e-9);
    ck_assert(isnan(r.saturation) && isnan(r.full_well));
    tear_down(&k);
}
END_TEST

/* EMVA 1288: the line that weighs points by 1 / y^2, here by its normal equations once more. */
START_TEST(linearity_by_hand) {
    static const int signal[3] = {100, 200, 440}, d[3] = {10, 14, 21};
    static cf_photon_result r;
    bench k;
    set_up(&k, 64, 1, 4095);
    for (int i = 0; i < 4; i++) {
        checkerboard(&k.a, 100 + (i ? signal[i - 1] : 0), i ? d[i - 1] : 2);
        checkerboard(&k.b, 100 + (i ? signal[i - 1] : 0), i ? -d[i - 1] : -2);
        add_pair(&k, i, !i, i ? (i == 3 ? 4 : i) : 0, NULL);
    }
    ck_assert_int_eq(cf_photon_transfer_solve(k.pt, &r), CF_OK);
    double w[3] = {1e-4, 0.25e-4, 1.0 / (440 * 440)}, t[3] = {1, 2, 4};
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, low = 1, high = -1;
    for (int i = 0; i < 3; i++) {
        s += w[i];
        sx += w[i] * t[i];
        sy += w[i] * signal[i];
        sxx += w[i] * t[i] * t[i];
        sxy += w[i] * t[i] * signal[i];
    }
    double slope = (s * sxy - sx * sy) / (s * sxx - sx * sx), offset = (sy - slope * sx) / s;
    for (int i = 0; i < 3; i++) {
        double deviation = signal[i] / (offset + slope * t[i]) - 1;
        low = fmin(low, deviation);
        high = fmax(high, deviation);
    }
    ck_assert_double_eq_tol(r.linearity_min, low, 1e-6);
    ck_assert_double_eq_tol(r.linearity_max, high, 1e-6);
    ck_assert(low < -0.01 && high > 0.005);
    tear_down(&k);
}
END_TEST

START_TEST(a_pixel_that_fills_before_white) {
    sensor_case c = {"full well", {.bits = 12, .gain = 1, .read = 3, .black = 64}, 1, 1, 0};
    static cf_photon_result r;
    c.sensor.full_well = 2500;
    c.sensor.vignetting = 0.3;
    measure(&c, quick() ? 128 : 320, quick() ? 96 : 240, &r);
    ck_assert_msg(fabs(r.full_well / 2500 - 1) < 0.02, "full well %g", r.full_well);
    ck_assert_msg(fabs(r.gain.value - 1) < (quick() ? 0.1 : 0.02), "gain %g", r.gain.value);
}
END_TEST

START_TEST(says_what_is_wrong_with_a_pair) {
    flat_sensor s = {.bits = 12, .gain = 1, .read = 3, .black = 100};
    bench k;
    cf_flat_check c;
    set_up(&k, 256, 1, 4095);
    flat_expose(&s, 1000, 1, &k.a);
    add_pair(&k, 0, 0, 0, &c); /* black against it: never mind */
    flat_expose(&s, 1000, 1, &k.b);
    add_pair(&k, 0, 0, 0, &c);
    ck_assert_int_eq(c.identical, 1);
    flat_expose(&s, 1040, 2, &k.b);
    add_pair(&k, 0, 0, 0, &c);
    ck_assert_double_eq_tol(c.flicker, -0.04, 0.002);
    ck_assert(c.motion < 0.005 && c.texture < 0.01 && c.evenness > 0.95 && !c.identical);
    for (int y = 0; y < 256; y++) /* rows that flicker */
        for (int x = 0; x < 256; x++) {
            unsigned short *v = (unsigned short *)cf_image_row(&k.b, 0, y) + x;
            *v = (unsigned short)(*v * (1 + 0.04 * sin(y / 20.0)));
        }
    add_pair(&k, 0, 0, 0, &c);
    ck_assert_msg(c.motion > 0.015 && c.motion < 0.04, "motion %g", c.motion);
    for (int y = 0; y < 256; y++) /* a pattern in both */
        for (int x = 0; x < 256; x++)
            for (int i = 0; i < 2; i++) {
                unsigned short *v = (unsigned short *)cf_image_row(i ? &k.b : &k.a, 0, y) + x;
                *v = (unsigned short)(*v * (x / 4 % 2 ? 1.1 : 0.9));
            }
    add_pair(&k, 0, 0, 0, &c);
    ck_assert_msg(c.texture > 0.08 && c.texture < 0.12, "texture %g", c.texture);
    tear_down(&k);
}
END_TEST

static void expect_unsupported(bench *k) {
    static cf_photon_result r;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    ck_assert_int_eq(cf_photon_transfer_solve(k->pt, &r), CF_ERR_UNSUPPORTED);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}

START_TEST(says_what_is_missing) {
    flat_sensor s = {.bits = 12, .gain = 1, .read = 3, .black = 100};
    bench k;
    for (int i = 0; i < 4; i++) {
        /* all white; one level; no black level known; nothing at all */
        static const double light[4][2] = {{9000, 9900}, {800, 800}, {500, 900}, {0, 0}};
        set_up(&k, 128, i != 2, 4095);
        for (int level = 0; level < 2 && i < 3; level++) {
            flat_expose(&s, light[i][level], (uint64_t)(2 * level), &k.a);
            flat_expose(&s, light[i][level], (uint64_t)(2 * level + 1), &k.b);
            add_pair(&k, i == 1 ? 0 : level, 0, 0, NULL);
        }
        expect_unsupported(&k);
        tear_down(&k);
    }
}
END_TEST

START_TEST(a_pair_can_be_taken_back) {
    flat_sensor s = {.bits = 12, .gain = 1, .read = 3, .black = 100};
    static cf_photon_result with, without;
    bench k;
    set_up(&k, 128, 1, 4095);
    for (int i = 0; i < 4; i++) {
        flat_expose(&s, 100 + 500 * i, (uint64_t)(2 * i), &k.a);
        flat_expose(&s, 100 + 500 * i, (uint64_t)(2 * i + 1), &k.b);
        add_pair(&k, i, 0, 0, NULL);
    }
    ck_assert_int_eq(cf_photon_transfer_solve(k.pt, &without), CF_OK);
    add_pair(&k, 4, 0, 0, NULL);
    cf_photon_transfer_undo(k.pt);
    ck_assert_int_eq(cf_photon_transfer_solve(k.pt, &with), CF_OK);
    ck_assert_int_eq(with.level_count, 4);
    ck_assert_double_eq(with.gain.value, without.gain.value);
    tear_down(&k);
}
END_TEST

START_TEST(glances) {
    cf_image frame;
    cf_flat_glance g;
    ck_assert_int_eq(cf_image_alloc(64, 64, 1, CF_PIXEL_U16, &frame), CF_OK);
    checkerboard(&frame, 500, 2);
    ck_assert_int_eq(cf_flat_glance_at(&frame, &g), CF_OK);
    ck_assert_double_eq_tol(g.mean, 500, 1e-9);
    ck_assert_int_eq(g.low, 498);
    ck_assert_int_eq(g.high, 502);
    ck_assert_int_eq(g.piles_up, 0);
    checkerboard(&frame, 4095, 0);
    ck_assert_int_eq(cf_flat_glance_at(&frame, &g), CF_OK);
    ck_assert_int_eq(g.piles_up, 1);
    cf_image_free(&frame);
}
END_TEST

START_TEST(memory_runs_out) {
    flat_sensor s = {.bits = 12, .gain = 0.3, .read = 2, .black = 1};
    static cf_photon_result r;
    size_t before = cf_alloc_live();
    int done = 0;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (int after = 0; !done && after < 100; after++) {
        bench k;
        set_up(&k, 64, 1, 4095);
        cf_alloc_fail_after(after);
        cf_status status = CF_OK;
        for (int i = 0; i < 3 && status == CF_OK; i++) {
            cf_flat_light light = {i, i == 0, 0};
            cf_flat_check check;
            flat_expose(&s, 2000 * i, (uint64_t)(2 * i), &k.a);
            flat_expose(&s, 2000 * i, (uint64_t)(2 * i + 1), &k.b);
            status = cf_photon_transfer_add(k.pt, &k.a, &k.b, &light, &check);
        }
        if (status == CF_OK)
            status = cf_photon_transfer_solve(k.pt, &r);
        cf_alloc_fail_after(-1);
        done = status == CF_OK && r.black_source == CF_BLACK_FROM_DARK_FIT;
        tear_down(&k);
        ck_assert_uint_eq(cf_alloc_live(), before);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert(done);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_loop_test(tc, known_sensors, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tc, numbers_by_hand);
    tcase_add_test(tc, linearity_by_hand);
    tcase_add_test(tc, a_pixel_that_fills_before_white);
    tcase_add_test(tc, says_what_is_wrong_with_a_pair);
    tcase_add_test(tc, says_what_is_missing);
    tcase_add_test(tc, a_pair_can_be_taken_back);
    tcase_add_test(tc, glances);
    tcase_add_test(tc, memory_runs_out);
}

int main(void) {
    return test_run("photon transfer", add);
}
