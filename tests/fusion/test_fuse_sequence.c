/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chroma over a sequence of pairs in the dark: it flickers less and is no worse, where the camera
 * stands still, pans, cuts, and where the light comes on. Does not judge the motion by itself
 * (tests/fusion/test_motion.c), nor real footage (tools/score_flicker.py).
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "capture/scene.h"
#include "capture/simulator.h"
#include "cl/buffer.h"
#include "fusion/fuse.h"
#include "tests/test_main.h"

enum { WIDTH = 128, HEIGHT = 96, FRAMES = 8, PAN = 4, BORDER = 16 };

static cf_cl *cl;
static cf_scene_views world; /* wider than the pictures, to pan over */

static cf_image crop(const cf_image *from, int x) {
    cf_image view = *from;
    view.data = (char *)from->data + 3 * (size_t)x;
    view.width = WIDTH;
    return view;
}

static cf_simulation *simulate(int x, double electrons, uint64_t seed) {
    cf_simulator_params p = CF_SIMULATOR_DEFAULTS;
    cf_simulation *s;
    cf_image left = crop(&world.left, x), right = crop(&world.right, x);
    p.electrons = electrons;
    p.focal = world.focal;
    p.baseline_m = world.baseline_m;
    p.max_disparity = ceil(world.max_disparity);
    p.seed = seed;
    ck_assert_int_eq(cf_simulate(&left, &right, &p, &s), CF_OK);
    return s;
}

static cf_fuse *create(const cf_simulation *s, cf_rectification *geometry, int is_sequence) {
    const cf_simulated_camera *m = &s->mono_camera, *c = &s->color_camera;
    const double km[4] = {m->focal, m->focal, m->centre[0], m->centre[1]};
    const double kc[4] = {c->focal, c->focal, c->centre[0], c->centre[1]};
    const double rt[6] = {0, 0, 0, c->translation[0], c->translation[1], c->translation[2]};
    const cf_rectify_params params = {.depth_min_m = s->depth_min_m};
    cf_camera_model *mono, *color;
    cf_fuse_params p = CF_FUSE_DEFAULTS;
    cf_fuse *fuse;
    ck_assert_int_eq(cf_camera_model_pinhole(m->width, m->height, km, NULL, &mono), CF_OK);
    ck_assert_int_eq(cf_camera_model_pinhole(c->width, c->height, kc, rt, &color), CF_OK);
    ck_assert_int_eq(cf_rectify(mono, color, &params, geometry), CF_OK);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    cf_camera_profile profile = s->mono->profile;
    memcpy(profile.spectral, s->spectral, sizeof s->spectral);
    const cf_fuse_rig rig = {.mono = &profile, .color = &s->color->profile, .geometry = geometry};
    p.is_sequence = is_sequence;
    p.transfer = CF_FUSE_GUIDED; /* fewer kernels to build */
    p.tensors = (const char *const[]){"fused.chroma"};
    p.tensor_count = 1;
    ck_assert_int_eq(cf_fuse_create(cl, &rig, &p, &fuse), CF_OK);
    return fuse;
}

static cf_image run(cf_fuse *fuse, const cf_simulation *s) {
    cf_image picture;
    ck_assert_int_eq(cf_fuse_run(fuse, &s->mono->image, &s->color->image), CF_OK);
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_PICTURE, &picture), CF_OK);
    return picture;
}

static double linear(unsigned char code) {
    double v = code / 255.0;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* Chroma of the last frame times the scene's response, as it is seen; what[] 0: its truth. */
static cf_image seen_chroma(cf_fuse *fuse, const cf_simulation *s, int truth) {
    cf_image chroma;
    ck_assert_int_eq(cf_fuse_fetch_tensor(fuse, "fused.chroma", &chroma), CF_OK);
    for (int y = 0; y < HEIGHT; y++) {
        const unsigned char *rgb = cf_image_row(&s->truth, 0, y);
        for (int x = 0; x < WIDTH; x++, rgb += 3) {
            double v[3] = {linear(rgb[0]), linear(rgb[1]), linear(rgb[2])}, m = 0;
            for (int c = 0; c < 3; c++)
                m += (double)s->spectral[c] * v[c];
            for (int c = 0; c < 2; c++) {
                float *value = (float *)cf_image_row(&chroma, c, y) + x;
                double known = truth ? (v[2 * c] - m) / (m + 0.004) : (double)*value;
                *value = (float)(100 * known * sqrt(m));
            }
        }
    }
    return chroma;
}

/* Mean change, or root of the mean square, of surfaces that moved `pan` pixels to the left. */
static double change(const cf_image *before, const cf_image *now, int pan, double power) {
    double sum = 0;
    int count = 0;
    for (int c = 0; c < 2; c++)
        for (int y = BORDER; y < HEIGHT - BORDER; y++)
            for (int x = BORDER; x < WIDTH - BORDER - pan; x++, count++)
                sum += pow(fabs((double)((float *)cf_image_row(now, c, y))[x] -
                                (double)((float *)cf_image_row(before, c, y))[x + pan]),
                           power);
    return pow(sum / count, 1 / power);
}

typedef struct {
    double flicker, error; /* of the later frames: mean change; root mean square */
} verdict;

static verdict judge(int pan, double electrons, int is_sequence) {
    cf_rectification geometry;
    cf_fuse *fuse = NULL;
    cf_image before = {0};
    verdict v = {0, 0};
    for (int i = 0; i < FRAMES; i++) {
        cf_simulation *s = simulate(i * pan, electrons, (uint64_t)i + 1);
        if (!fuse)
            fuse = create(s, &geometry, is_sequence);
        cf_image picture = run(fuse, s);
        cf_image now = seen_chroma(fuse, s, 0), truth = seen_chroma(fuse, s, 1);
        if (i >= FRAMES / 2) {
            v.flicker += change(&before, &now, pan, 1) / (FRAMES - FRAMES / 2);
            v.error += change(&truth, &now, 0, 2) / (FRAMES - FRAMES / 2);
        }
        cf_image_free(&truth);
        cf_image_free(&picture);
        cf_image_free(&before);
        before = now;
        cf_simulation_destroy(&s);
    }
    cf_image_free(&before);
    cf_fuse_destroy(&fuse);
    cf_rectification_clear(&geometry);
    return v;
}

static void check_calmer(int pan, double electrons) {
    verdict alone = judge(pan, electrons, 0), together = judge(pan, electrons, 1);
    printf("pan %d, %g electrons: flicker %.2f -> %.2f, error %.2f -> %.2f\n", pan, electrons,
           alone.flicker, together.flicker, alone.error, together.error);
    ck_assert_double_lt(together.flicker, alone.flicker / 2);
    ck_assert_double_lt(together.error, alone.error);
}

START_TEST(chroma_of_a_still_camera_is_calm) {
    check_calmer(0, 10);
}
END_TEST

START_TEST(chroma_follows_a_pan) {
    check_calmer(PAN, 7);
}
END_TEST

/* A card of one strong colour, 24 x 32 pixels. */
static void put_card(cf_image *view, int x, const unsigned char color[3]) {
    for (int y = 32; y < 64; y++)
        for (int i = 0; i < 24; i++)
            for (int c = 0; c < 3; c++)
                ((unsigned char *)cf_image_row(view, 0, y))[3 * (x + i) + c] =
                    (unsigned char)(color[c] * (16 + (i ^ y) % 5) / 20);
}

/* Error where the card was in the frame before, and over all of it. */
static void judge_card(int is_sequence, double *uncovered, double *everywhere) {
    static const unsigned char red[3] = {230, 40, 50};
    cf_scene_views still = world;
    cf_rectification geometry;
    cf_fuse *fuse = NULL;
    *uncovered = *everywhere = 0;
    for (int i = 0; i < FRAMES; i++) {
        int x = 24 + 7 * i;
        ck_assert_int_eq(cf_image_alloc(still.left.width, HEIGHT, 1, CF_PIXEL_RGB8, &world.left),
                         CF_OK);
        ck_assert_int_eq(cf_image_alloc(still.left.width, HEIGHT, 1, CF_PIXEL_RGB8, &world.right),
                         CF_OK);
        for (int y = 0; y < HEIGHT; y++) {
            size_t bytes = 3 * (size_t)still.left.width;
            memcpy(cf_image_row(&world.left, 0, y), cf_image_row(&still.left, 0, y), bytes);
            memcpy(cf_image_row(&world.right, 0, y), cf_image_row(&still.right, 0, y), bytes);
        }
        put_card(&world.left, x, red);
        put_card(&world.right, x - (int)world.max_disparity, red); /* before all else */
        cf_simulation *s = simulate(0, 200, (uint64_t)i + 1);
        if (!fuse)
            fuse = create(s, &geometry, is_sequence);
        cf_image picture = run(fuse, s);
        cf_image now = seen_chroma(fuse, s, 0), truth = seen_chroma(fuse, s, 1);
        cf_image strip = now, true_strip = truth;
        strip.data = (float *)now.data + x - 7;
        true_strip.data = (float *)truth.data + x - 7;
        for (int c = 0; i && c < 2; c++)
            for (int y = 34; y < 62; y++)
                for (int k = 0; k < 6; k++)
                    *uncovered += fabs((double)((float *)cf_image_row(&strip, c, y))[k] -
                                       (double)((float *)cf_image_row(&true_strip, c, y))[k]);
        *everywhere += change(&truth, &now, 0, 1);
        cf_image_free(&picture);
        cf_image_free(&now);
        cf_image_free(&truth);
        cf_simulation_destroy(&s);
        cf_image_free(&world.left);
        cf_image_free(&world.right);
    }
    *uncovered /= (FRAMES - 1) * 2 * 28 * 6;
    *everywhere /= FRAMES;
    cf_fuse_destroy(&fuse);
    cf_rectification_clear(&geometry);
    world = still;
}

/* Its red does not stay behind it. */
START_TEST(nothing_trails_behind_what_moves) {
    double alone[2], together[2];
    judge_card(0, &alone[0], &alone[1]);
    judge_card(1, &together[0], &together[1]);
    printf("card: error where it was %.2f -> %.2f, everywhere %.2f -> %.2f\n", alone[0],
           together[0], alone[1], together[1]);
    ck_assert_double_lt(together[0], alone[0] + 0.03 * 70); /* of the 70 that it stands out by */
    ck_assert_double_lt(together[1], alone[1] * 1.01);
}
END_TEST

static void check_equal(const cf_image *a, const cf_image *b) {
    for (int y = 0; y < a->height; y++)
        ck_assert_mem_eq(cf_image_row(a, 0, y), cf_image_row(b, 0, y), 3 * (size_t)a->width);
}

/* A first frame, one after a cut and one after forgetting are what they are alone, bit by bit. */
START_TEST(first_frames_stand_alone) {
    cf_rectification geometry, same;
    cf_scene_params other = CF_SCENE_DEFAULTS;
    cf_scene_views views = world;
    cf_simulation *s = simulate(0, 200, 1);
    cf_fuse *alone = create(s, &same, 0), *sequence = create(s, &geometry, 1);
    cf_image a = run(alone, s), b = run(sequence, s);
    check_equal(&a, &b);
    cf_image_free(&a);
    cf_image_free(&b);
    cf_simulation_destroy(&s);
    s = simulate(0, 200, 3);
    a = run(alone, s);
    b = run(sequence, s);
    ck_assert_mem_ne(a.data, b.data, a.stride * (size_t)a.height);
    cf_image_free(&b);
    ck_assert_int_eq(cf_fuse_forget(sequence), CF_OK);
    b = run(sequence, s);
    check_equal(&a, &b);
    cf_image_free(&a);
    cf_image_free(&b);
    cf_simulation_destroy(&s);

    other.width = world.left.width;
    other.height = HEIGHT;
    other.seed = 99;
    ck_assert_int_eq(cf_scene_render(&other, &world), CF_OK);
    for (int y = 0; y < HEIGHT; y++) /* upside down: nothing is where it was */
        memcpy(cf_image_row(&world.left, 0, y), cf_image_row(&views.left, 0, HEIGHT - 1 - y),
               3 * (size_t)WIDTH);
    s = simulate(0, 200, 2);
    a = run(alone, s);
    b = run(sequence, s);
    check_equal(&a, &b);
    cf_image_free(&a);
    cf_image_free(&b);
    cf_simulation_destroy(&s);
    cf_scene_free(&world);
    world = views;
    cf_fuse_destroy(&alone);
    cf_fuse_destroy(&sequence);
    cf_rectification_clear(&geometry);
    cf_rectification_clear(&same);
}
END_TEST

/* Another fuse goes on where the first one ended; memory is flat. */
START_TEST(another_takes_over) {
    cf_rectification geometry, same;
    cf_simulation *s = simulate(0, 10, 1), *t = simulate(0, 10, 2);
    cf_fuse *first = create(s, &geometry, 1), *second = create(s, &same, 1);
    cf_image a = run(first, s), b = run(first, t);
    cf_image_free(&a);
    cf_fuse_forget(first);
    a = run(first, s);
    cf_image_free(&a);
    cf_fuse_adopt(second, first);
    cf_fuse_destroy(&first);
    a = run(second, t);
    check_equal(&a, &b);
    cf_image_free(&a);
    cf_pool_stats before = cf_pool_statistics(cl);
    size_t live = cf_alloc_live();
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(cf_fuse_run(second, &s->mono->image, &s->color->image), CF_OK);
    ck_assert_int_eq(cf_cl_finish(cl), CF_OK);
    ck_assert_uint_eq(cf_pool_statistics(cl).allocations, before.allocations);
    ck_assert_uint_eq(cf_alloc_live(), live);
    cf_image_free(&b);
    cf_fuse_destroy(&second);
    cf_rectification_clear(&geometry);
    cf_rectification_clear(&same);
    cf_simulation_destroy(&s);
    cf_simulation_destroy(&t);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, chroma_of_a_still_camera_is_calm);
    tcase_add_test(tc, chroma_follows_a_pan);
    tcase_add_test(tc, nothing_trails_behind_what_moves);
    tcase_add_test(tc, first_frames_stand_alone);
    tcase_add_test(tc, another_takes_over);
}

int main(void) {
    cf_scene_params p = CF_SCENE_DEFAULTS;
    p.width = WIDTH + FRAMES * PAN;
    p.height = HEIGHT;
    p.focal = 1.15 * WIDTH;
    if (cf_cl_open(NULL, &cl) != CF_OK || cf_scene_render(&p, &world) != CF_OK)
        return 1;
    int failed = test_run("fuse_sequence", add);
    cf_scene_free(&world);
    cf_cl_close(&cl);
    return failed;
}
