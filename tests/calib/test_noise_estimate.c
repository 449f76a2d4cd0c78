/* SPDX-License-Identifier: Apache-2.0 */
/* The noise estimate on pictures of known noise (a Box-Muller generator of its own). Does not prove
 * it on textured scenes. */
#include <math.h>

#include "calib/noise_estimate.h"
#include "tests/test_main.h"

static unsigned state = 12345;

static double uniform(void) {
    state = state * 1664525U + 1013904223U;
    return ((state >> 8) + 0.5) / 16777216;
}

static double normal(void) {
    return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* A ramp of 256x256 with variance scale * x + offset on a mosaic whose sites differ in level. */
static void make(cf_image *codes, cf_camera_profile *p, double scale, double offset) {
    ck_assert_int_eq(cf_image_alloc(256, 256, 1, CF_PIXEL_U16, codes), CF_OK);
    cf_camera_profile_init(p);
    p->is_color = 1;
    p->white = 16383;
    for (int i = 0; i < 4; i++)
        p->black[i] = 1024;
    for (int y = 0; y < 256; y++)
        for (int x = 0; x < 256; x++) {
            double v = (0.05 + 0.7 * x / 256) * ((x + y) & 1 ? 1 : 0.5);
            double c = 1024 + 15359 * (v + sqrt(scale * v + offset) * normal());
            ((unsigned short *)cf_image_row(codes, 0, y))[x] =
                (unsigned short)fmin(16383, fmax(0, round(c)));
        }
}

START_TEST(finds_the_noise_of_a_ramp) {
    static const double known[][2] = {{1.0 / 2000, 1e-6}, {1.0 / 50, 1.6e-3}, {1.0 / 200, 1e-4}};
    for (int i = 0; i < 3; i++) {
        cf_image codes;
        cf_camera_profile p;
        cf_noise noise;
        make(&codes, &p, known[i][0], known[i][1]);
        ck_assert_int_eq(cf_noise_estimate(&codes, &p, &noise), CF_OK);
        double at = 0.3, want = known[i][0] * at + known[i][1];
        double got = (double)noise.scale * at + (double)noise.offset;
        ck_assert_msg(fabs(got / want - 1) < 0.2, "case %d: variance at 0.3 is %g, estimated %g", i,
                      want, got);
        cf_image_free(&codes);
    }
}
END_TEST

START_TEST(tiny_pictures_give_quantisation_noise) {
    cf_image codes;
    cf_camera_profile p;
    cf_noise noise;
    cf_camera_profile_init(&p);
    ck_assert_int_eq(cf_image_alloc(3, 2, 1, CF_PIXEL_U16, &codes), CF_OK);
    ck_assert_int_eq(cf_noise_estimate(&codes, &p, &noise), CF_OK);
    ck_assert(noise.offset > 0 && noise.scale == 0);
    cf_image_free(&codes);
}
END_TEST

/* Several pictures agree with one, and tell how far they differ. */
START_TEST(pools_pictures) {
    cf_noise_pool pool = {{0}, {0}, 0, 0};
    cf_noise noise, error;
    float brightest;
    int added;
    for (int i = 0; i < 4; i++) {
        cf_image codes;
        cf_camera_profile p;
        make(&codes, &p, 1.0 / 200, 1e-4);
        ck_assert_int_eq(cf_noise_pool_add(&pool, &codes, &p, &added), CF_OK);
        ck_assert_int_eq(added, 1);
        cf_image_free(&codes);
    }
    ck_assert_int_eq(cf_noise_pool_solve(&pool, &noise, &error, &brightest), CF_OK);
    double at = 0.3, want = at / 200 + 1e-4;
    double got = (double)noise.scale * at + (double)noise.offset;
    ck_assert_msg(fabs(got / want - 1) < 0.1, "variance %g, pooled %g", want, got);
    ck_assert(error.scale > 0 && error.scale < 0.2F * noise.scale);
    ck_assert(brightest > 0.6F && brightest < 0.9F);
    cf_noise_pool_clear(&pool);
    ck_assert_int_eq(pool.pictures, 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, pools_pictures);
    tcase_add_test(tc, finds_the_noise_of_a_ramp);
    tcase_add_test(tc, tiny_pictures_give_quantisation_noise);
}

int main(void) {
    return test_run("noise estimate", add);
}
