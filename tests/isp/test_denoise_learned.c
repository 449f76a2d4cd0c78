/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `denoise_learned`: what it is worth behind `denoise` on a drawn picture, that it moves
 * nothing far whatever it gets, and when it is left out. Does not judge the weights on photographs
 * (docs/benchmarks.md), nor that the kernels agree: conformance/denoise_learned does.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "isp/denoise.h"
#include "isp/denoise_learned.h"
#include "tests/test_main.h"

enum { W = 96, H = 80, AREA = W * H };

static float noisy[AREA], shrunk[AREA], sigma[AREA], clean[AREA], left[AREA];

static void run(int width, int height, const cf_denoise_learned_params *params) {
    const cf_plane_set set = {.width = width, .height = height, .planes = 1, .pitch = W, .elem = 4};
    cf_stage_io io = {.in = {set, set, set}, .out = {set, set}};
    io.in[0].data = shrunk;
    io.in[1].data = sigma;
    io.in[2].data = noisy;
    io.out[0].data = clean;
    io.out[1].data = left;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_denoise_learned, &io, params), CF_OK);
}

static void shrink(void) {
    const cf_plane_set set = {.width = W, .height = H, .planes = 1, .pitch = W, .elem = 4};
    cf_stage_io io = {.in = {set}, .out = {set, set}};
    io.in[0].data = noisy;
    io.out[0].data = shrunk;
    io.out[1].data = sigma;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_denoise, &io, NULL), CF_OK);
}

/* Slanted edges, a disc, stripes and a ramp, as bright as 30 photo-electrons at white. */
static float drawn(int x, int y) {
    float v = 4 + 0.03F * (float)x;
    if (3 * x + 2 * y > 210)
        v = 8;
    if ((x - 28) * (x - 28) + (y - 24) * (y - 24) < 300)
        v = 2.5F;
    if (y > 56 && x < 48)
        v += x / 3 % 2 ? 1.5F : -1.5F;
    return v;
}

static double mean_square(const float *picture) {
    double sum = 0;
    for (int i = 0; i < AREA; i++)
        sum += pow((double)(picture[i] - drawn(i % W, i / W)), 2);
    return sum / AREA;
}

static void draw_and_shrink(void) {
    cf_random r;
    cf_random_seed(&r, 5);
    for (int i = 0; i < AREA; i++)
        noisy[i] = drawn(i % W, i / W) + (float)cf_random_normal(&r);
    shrink();
}

START_TEST(less_error_than_shrinking_alone) {
    draw_and_shrink();
    run(W, H, NULL);
    double before = mean_square(shrunk), after = mean_square(clean);
    ck_assert_double_lt(after, 0.9 * before);
    for (int i = 0; i < AREA; i++)
        ck_assert_float_eq_tol(left[i], CF_DENOISE_LEARNED_LEFT * sigma[i], 1e-6);
}
END_TEST

START_TEST(strength_is_the_share_that_is_made) {
    static const float strengths[] = {1, 0.5F, 0};
    static float whole[AREA];
    draw_and_shrink();
    for (int k = 0; k < 3; k++) {
        const cf_denoise_learned_params params = {.strength = strengths[k]};
        run(W, H, &params);
        if (!k)
            memcpy(whole, clean, sizeof whole);
        for (int i = 0; i < AREA; i++)
            ck_assert_float_eq_tol(clean[i] - shrunk[i], strengths[k] * (whole[i] - shrunk[i]),
                                   1e-5);
    }
}
END_TEST

START_TEST(nothing_moves_far) {
    static const float wild[] = {NAN, INFINITY, -INFINITY, FLT_MAX, -1e30F, 1e5F, 0, -3};
    cf_random r;
    cf_random_seed(&r, 6);
    for (int i = 0; i < AREA; i++) {
        noisy[i] = cf_random_bits(&r) % 4 ? 20 : wild[cf_random_bits(&r) % 8];
        shrunk[i] = cf_random_bits(&r) % 4 ? 18 : wild[cf_random_bits(&r) % 8];
        sigma[i] = cf_random_bits(&r) % 4 ? 0.4F : wild[cf_random_bits(&r) % 8];
    }
    for (int size = 1; size <= 17; size += 4) {
        run(size, 18 - size, NULL);
        for (int y = 0; y < 18 - size; y++)
            for (int x = 0; x < size; x++) {
                float from = isfinite(shrunk[y * W + x]) ? shrunk[y * W + x] : 0;
                ck_assert(fabsf(clean[y * W + x] - from) <=
                          CF_DENOISE_LEARNED_MOST + 1e-6F * fabsf(from));
            }
    }
}
END_TEST

START_TEST(good_light_leaves_it_out) {
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    const cf_stage_context context = {.camera = &camera};
    ck_assert_int_eq(cf_stage_denoise_learned.identity(&context), 1); /* no noise known */
    camera.noise.scale = 1 / 600.0F;
    ck_assert_int_eq(cf_stage_denoise_learned.identity(&context), 1);
    camera.noise.scale = 1 / 45.0F;
    ck_assert_int_eq(cf_stage_denoise_learned.identity(&context), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, less_error_than_shrinking_alone);
    tcase_add_test(tc, strength_is_the_share_that_is_made);
    tcase_add_test(tc, nothing_moves_far);
    tcase_add_test(tc, good_light_leaves_it_out);
}

int main(void) {
    return test_run("denoise_learned", add);
}
