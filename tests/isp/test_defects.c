/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `defects` on scenes whose broken pixels are known: it finds them, leaves noise, texture and
 * stars alone, and repairs along edges. Does not prove that the kernel agrees: conformance/defects
 * does.
 */
#include <math.h>

#include "base/alloc.h"
#include "isp/defects.h"
#include "tests/test_main.h"

enum { SIDE = 256 };

typedef struct {
    cf_camera_profile camera;
    cf_defect defects[4];
    float raw[SIDE * SIDE], fixed[SIDE * SIDE];
} fixture;

static fixture *create(float electrons, int is_color) {
    fixture *f = cf_alloc(1, sizeof *f);
    ck_assert_ptr_nonnull(f);
    cf_camera_profile_init(&f->camera);
    f->camera.width = f->camera.height = SIDE;
    f->camera.is_color = is_color;
    f->camera.noise = (cf_noise){1 / electrons, 4 / (electrons * electrons)};
    return f;
}

static void run(fixture *f) {
    cf_defects_params p = CF_DEFECTS_DEFAULTS;
    const cf_stage_context context = {.camera = &f->camera};
    cf_plane_set picture = {.width = SIDE, .height = SIDE, .planes = 1, .pitch = SIDE, .elem = 4};
    cf_stage_io io = {.in[0] = picture, .out[0] = picture};
    io.in[0].data = f->raw;
    io.out[0].data = f->fixed;
    ck_assert_int_eq(cf_stage_defects.bind(&context, &p), CF_OK);
    ck_assert_int_eq(cf_defects_list(&f->camera, &io.in[1]), CF_OK);
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_defects, &io, &p), CF_OK);
    cf_free(io.in[1].data);
}

static double uniform(unsigned *state) {
    *state = *state * 1664525U + 1013904223U;
    return ((double)(*state >> 8) + 0.5) / 16777216;
}

/* Poisson by Knuth's method for few electrons, Gaussian for many; plus read noise of 2. */
static float exposed(double light, double electrons, unsigned *state) {
    double mean = light * electrons, count = 0;
    double gauss = sqrt(-2 * log(uniform(state))) * cos(6.2831853 * uniform(state));
    if (mean > 60)
        count =
            mean + sqrt(mean) * sqrt(-2 * log(uniform(state))) * cos(6.2831853 * uniform(state));
    else
        for (double p = uniform(state); p > exp(-mean); p *= uniform(state))
            count++;
    return (float)((count + 2 * gauss) / electrons);
}

/* Bright and dark areas, fine stripes, hard edges. */
static double texture(int x, int y) {
    double base = x > SIDE / 2 ? 0.6 : 0.08;
    double stripes = 0.3 * sin(0.9 * x + 0.4 * y) * sin(0.31 * y);
    return fmax(base + stripes, 0.01);
}

START_TEST(leaves_noise_and_texture_alone) {
    static const float levels[] = {2000, 200, 50, 15, 5};
    unsigned state = 1;
    for (int color = 0; color <= 1; color++)
        for (int i = 0; i < 5; i++) {
            fixture *f = create(levels[i], color);
            int changed = 0;
            for (int k = 0; k < SIDE * SIDE; k++)
                f->raw[k] = exposed(texture(k % SIDE, k / SIDE), (double)levels[i], &state);
            run(f);
            for (int k = 0; k < SIDE * SIDE; k++)
                changed += f->raw[k] != f->fixed[k];
            ck_assert_msg(changed == 0, "%g electrons, color %d: %d of %d samples changed",
                          (double)levels[i], color, changed, SIDE * SIDE);
            cf_free(f);
        }
}
END_TEST

START_TEST(finds_hot_and_dead_pixels) {
    for (int color = 0; color <= 1; color++) {
        fixture *f = create(2000, color);
        unsigned state = 7;
        for (int k = 0; k < SIDE * SIDE; k++)
            f->raw[k] = exposed(0.5, 2000, &state);
        for (int y = 0; y < SIDE; y += 15) /* up to the corners */
            for (int x = 0; x < SIDE; x += 15)
                f->raw[y * SIDE + x] = (x + y) % 2 ? 0 : 1;
        run(f);
        int broken = 0, missed = 0;
        for (int y = 0; y < SIDE; y += 15)
            for (int x = 0; x < SIDE; x += 15) {
                missed += fabs((double)f->fixed[y * SIDE + x] - 0.5) > 0.1;
                broken++;
            }
        ck_assert_msg(missed * 100 <= broken, "missed %d of %d", missed, broken);
        cf_free(f);
    }
}
END_TEST

/* A star seen through a good lens: full width at half maximum 1.5 pixels, ten times the sky. */
START_TEST(leaves_stars_alone) {
    for (int color = 0; color <= 1; color++) {
        fixture *f = create(2000, color);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                double dx = x % 32 - 16, dy = y % 32 - 16.3;
                f->raw[y * SIDE + x] = (float)(0.02 + 0.8 * exp(-(dx * dx + dy * dy) * 1.232));
            }
        run(f);
        for (int k = 0; k < SIDE * SIDE; k++)
            ck_assert_float_eq(f->fixed[k], f->raw[k]);
        cf_free(f);
    }
}
END_TEST

START_TEST(repairs_listed_pixels_along_an_edge) {
    fixture *f = create(1000, 1);
    f->camera.noise = (cf_noise){0, 0}; /* unknown: listed pixels only */
    for (int k = 0; k < SIDE * SIDE; k++)
        f->raw[k] = k % SIDE < 100 ? 0.2F : 0.7F;
    f->raw[50 * SIDE + 99] = 5;
    f->raw[50 * SIDE + 101] = 5;
    f->raw[50 * SIDE + 103] = 5; /* its neighbour is broken as well */
    f->raw[80 * SIDE + 80] = 5;  /* broken, but not listed */
    f->defects[0] = (cf_defect){99, 50};
    f->defects[1] = (cf_defect){101, 50};
    f->defects[2] = (cf_defect){103, 50};
    f->defects[3] = (cf_defect){SIDE, 3}; /* outside */
    f->camera.defects = f->defects;
    f->camera.defect_count = 4;
    run(f);
    ck_assert_float_eq_tol(f->fixed[50 * SIDE + 99], 0.2, 1e-6);
    ck_assert_float_eq_tol(f->fixed[50 * SIDE + 101], 0.7, 1e-6);
    ck_assert_float_eq_tol(f->fixed[50 * SIDE + 103], 0.7, 1e-6);
    ck_assert_float_eq(f->fixed[80 * SIDE + 80], 5);
    cf_free(f);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, leaves_noise_and_texture_alone);
    tcase_add_test(tc, finds_hot_and_dead_pixels);
    tcase_add_test(tc, leaves_stars_alone);
    tcase_add_test(tc, repairs_listed_pixels_along_an_edge);
}

int main(void) {
    return test_run("defects", add);
}
