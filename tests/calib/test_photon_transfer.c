/* SPDX-License-Identifier: Apache-2.0 */
/* Photon transfer on simulated sensors of known gain, noise and black level, and against numbers
 * worked out by hand. Does not prove that real sensors are like that; tests/tools/
 * test_calibrate_noise.py has a second computation of the same frames. */
#include <string.h>

#include "calib/photon_transfer.h"
#include "tests/calib/flat_sensor.h"
#include "tests/test_main.h"

#define LEVELS 10

typedef struct {
    const char *name;
    flat_sensor sensor;
    int darks, times; /* given: dark frames, exposure times */
    double black_tolerance;
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
        flat_expose(s, electrons, (uint64_t)(100 + 2 * i), &a);
        flat_expose(s, electrons, (uint64_t)(101 + 2 * i), &b);
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
    double slack = quick() ? 4 : 1; /* small frames there: it is not about the figures */
    ck_assert_msg(fabs(r->gain.value / gain - 1) < 0.01 * slack, "%s: gain %g, is %g", c->name,
                  r->gain.value, gain);
    ck_assert_msg(fabs(r->read_electrons.value / s->read - 1) < 0.05 * slack,
                  "%s: read noise %g, is %g", c->name, r->read_electrons.value, s->read);
    for (int i = 0; i < (s->is_color ? 4 : 1); i++)
        ck_assert_msg(fabs(r->black[i].value - black) < 0.2 * unit * slack, "%s: black %g, is %g",
                      c->name, r->black[i].value, black);
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
    c.sensor.vignetting = 0.3;
    c.sensor.prnu = 0.01;
    c.sensor.dsnu = 0.3 * c.sensor.read;
    c.sensor.defects = 0.001;
    measure(&c, quick() ? 160 : 400, quick() ? 128 : 300, &r);
    compare(&c, &r);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_loop_test(tc, known_sensors, 0, (int)(sizeof cases / sizeof *cases));
}

int main(void) {
    return test_run("photon transfer", add);
}
