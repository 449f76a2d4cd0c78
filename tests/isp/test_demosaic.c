/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `demosaic` against scenes whose colours are known in closed form: the truth is not ours.
 * Does not prove that the kernel agrees (conformance/demosaic does), nor quality on photographs.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "isp/demosaic.h"
#include "tests/test_main.h"

enum { SIDE = 96, EDGE = 8 };

typedef struct {
    cf_stage_io io;
    cf_demosaic_params params;
    float raw[SIDE * SIDE], rgb[3 * SIDE * SIDE];
} fixture;

typedef float (*scene)(int x, int y, int color);

static int color_at(const fixture *f, int x, int y) {
    int in_x = ((x ^ f->params.red_x) & 1) == 0, in_y = ((y ^ f->params.red_y) & 1) == 0;
    return in_x && in_y ? 0 : !in_x && !in_y ? 2 : 1;
}

static fixture *demosaic(scene truth, int red, const float neutral[3], int width, int height) {
    fixture *f = cf_alloc(1, sizeof *f);
    ck_assert_ptr_nonnull(f);
    int pitch = CF_PITCH(width);
    f->params = (cf_demosaic_params)CF_DEMOSAIC_DEFAULTS;
    f->params.red_x = red & 1;
    f->params.red_y = red >> 1;
    for (int c = 0; c < 3; c++)
        f->params.gain[c] = 1 / neutral[c];
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int c = color_at(f, x, y);
            f->raw[y * pitch + x] = truth(x, y, c) * neutral[c];
        }
    f->io.in[0] = (cf_plane_set){
        .data = f->raw, .width = width, .height = height, .planes = 1, .pitch = pitch, .elem = 4};
    f->io.out[0] = (cf_plane_set){
        .data = f->rgb, .width = width, .height = height, .planes = 3, .pitch = pitch, .elem = 4};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_demosaic, &f->io, &f->params), CF_OK);
    return f;
}

static const float WHITE[3] = {1, 1, 1}, CAMERA[3] = {0.5F, 1, 0.625F};

/* Any ramp of one brightness with constant colour differences is inside the method's model. */
static float tinted_ramp(int x, int y, int color) {
    return 0.3F + 0.002F * (float)x + 0.003F * (float)y + 0.1F * (float)color;
}

START_TEST(tinted_ramp_is_kept_for_every_order_and_balance) {
    for (int red = 0; red < 4; red++) {
        fixture *f = demosaic(tinted_ramp, red, CAMERA, SIDE, SIDE);
        for (int c = 0; c < 3; c++)
            for (int y = EDGE; y < SIDE - EDGE; y++)
                for (int x = EDGE; x < SIDE - EDGE; x++)
                    ck_assert_float_eq_tol(cf_row(&f->io.out[0], c, y)[x], tinted_ramp(x, y, c),
                                           2e-5);
        cf_free(f);
    }
}
END_TEST

/* A vertical edge, grey or slightly tinted: interpolation along it makes no zipper. */
static float grey_step(int x, int y, int color) {
    (void)y;
    (void)color;
    return x < SIDE / 2 ? 0.1F : 0.6F;
}

static float tinted_step(int x, int y, int color) {
    return grey_step(x, y, color) * (1 - 0.08F * (float)color);
}

START_TEST(step_edge_has_no_zipper) {
    for (int tinted = 0; tinted <= 1; tinted++) {
        scene truth = tinted ? tinted_step : grey_step;
        fixture *f = demosaic(truth, 0, WHITE, SIDE, SIDE);
        for (int c = 0; c < 3; c++)
            for (int y = EDGE; y < SIDE - EDGE; y++)
                for (int x = EDGE; x < SIDE - EDGE; x++)
                    ck_assert_float_eq_tol(cf_row(&f->io.out[0], c, y)[x], truth(x, y, c),
                                           tinted ? 0.03 : 1e-4);
        cf_free(f);
    }
}
END_TEST

/* A zone plate up to 0.6 of the sampling limit, with slowly changing colours. */
static float zone_plate(int x, int y, int color) {
    float r2 = (float)(x * x + y * y);
    float wave = 0.25F * cosf(r2 * 0.6F * 3.14159265F / (2 * SIDE));
    return 0.5F + wave + 0.1F * sinf(0.05F * (float)(x + y) + 2 * (float)color);
}

static float bilinear(const fixture *f, int x, int y, int color) {
    float sum = 0, weight = 0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++)
            if (color_at(f, x + i, y + j) == color) {
                float w = (float)((2 - abs(i)) * (2 - abs(j)));
                sum += w * f->raw[(y + j) * SIDE + x + i];
                weight += w;
            }
    return sum / weight;
}

START_TEST(zone_plate_is_far_better_than_bilinear) {
    for (int red = 0; red < 4; red++) {
        fixture *f = demosaic(zone_plate, red, WHITE, SIDE, SIDE);
        double ours = 0, plain = 0;
        for (int y = EDGE; y < SIDE - EDGE; y++)
            for (int x = EDGE; x < SIDE - EDGE; x++)
                for (int c = 0; c < 3; c++) {
                    double truth = (double)zone_plate(x, y, c);
                    int sampled = color_at(f, x, y) == c;
                    double b = sampled ? truth : (double)bilinear(f, x, y, c);
                    ours += pow((double)cf_row(&f->io.out[0], c, y)[x] - truth, 2);
                    plain += pow(b - truth, 2);
                }
        double gain_db = 10 * log10(plain / ours);
        ck_assert_msg(gain_db > 12, "red at %d: only %.1f dB better than bilinear", red, gain_db);
        cf_free(f);
    }
}
END_TEST

START_TEST(one_sample_is_grey) {
    fixture *f = demosaic(tinted_ramp, 0, CAMERA, 1, 1);
    for (int c = 0; c < 3; c++)
        ck_assert_float_eq_tol(cf_row(&f->io.out[0], c, 0)[0], tinted_ramp(0, 0, 0), 1e-6);
    cf_free(f);
}
END_TEST

START_TEST(binds_orders_and_balance_from_the_camera) {
    static const unsigned char orders[4][4] = {
        {0, 1, 1, 2}, {1, 0, 2, 1}, {1, 2, 0, 1}, {2, 1, 1, 0}};
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    const cf_stage_context context = {.camera = &camera};
    for (int i = 0; i < 4; i++) {
        cf_demosaic_params p = CF_DEMOSAIC_DEFAULTS;
        memcpy(camera.cfa, orders[i], 4);
        memcpy(camera.neutral, CAMERA, sizeof CAMERA);
        ck_assert_int_eq(cf_stage_demosaic.bind(&context, &p), CF_OK);
        ck_assert_int_eq(p.red_x | p.red_y << 1, i);
        ck_assert_float_eq_tol(p.gain[0], 2, 1e-6);
        ck_assert_float_eq_tol(p.gain[2], 1.6, 1e-6);
    }
    cf_demosaic_params p = CF_DEMOSAIC_DEFAULTS;
    memset(camera.cfa, CF_CFA_G, 4);
    ck_assert_int_eq(cf_stage_demosaic.bind(&context, &p), CF_ERR_UNSUPPORTED);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, tinted_ramp_is_kept_for_every_order_and_balance);
    tcase_add_test(tc, step_edge_has_no_zipper);
    tcase_add_test(tc, zone_plate_is_far_better_than_bilinear);
    tcase_add_test(tc, one_sample_is_grey);
    tcase_add_test(tc, binds_orders_and_balance_from_the_camera);
}

int main(void) {
    return test_run("demosaic", add);
}
