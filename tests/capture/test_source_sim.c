/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated cameras against cf_simulate, whose noise is drawn pixel by pixel, and against what
 * their options say. Does not prove that the scene is right (test_scene) nor that real cameras
 * behave like this (tests/vm). */
#include "capture/source.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "capture/scene.h"
#include "capture/sim_sensor.h"
#include "capture/simulator.h"
#include "tests/test_main.h"

enum { WIDTH = 64, HEIGHT = 48, PIXELS = WIDTH * HEIGHT };

static cf_source *start(const char *uri, int as_fast) {
    cf_source_params p = CF_SOURCE_DEFAULTS;
    cf_source *source;
    p.as_fast = as_fast;
    ck_assert_int_eq(cf_source_open(uri, &p, &source), CF_OK);
    ck_assert_int_eq(cf_source_start(source), CF_OK);
    return source;
}

static cf_frame *take(cf_source *source) {
    cf_frame *frame;
    ck_assert_int_eq(cf_source_next(source, 10000, &frame), CF_OK);
    return frame;
}

static void read_codes(const cf_frame *frame, uint16_t codes[PIXELS]) {
    const cf_image view = {.data = codes,
                           .width = WIDTH,
                           .height = HEIGHT,
                           .planes = 1,
                           .stride = WIDTH * sizeof(uint16_t),
                           .format = CF_PIXEL_U16};
    ck_assert_int_eq(cf_frame_codes(frame, &view), CF_OK);
}

/* Mean signal, 0..1 between black and white. */
static double mean_of(const cf_frame *frame) {
    static uint16_t codes[PIXELS];
    double sum = 0;
    read_codes(frame, codes);
    for (int i = 0; i < PIXELS; i++)
        sum += codes[i];
    double black = (double)frame->profile.black[0], white = (double)frame->profile.white;
    return (sum / (PIXELS)-black) / (white - black);
}

static cf_simulation *other_way(double electrons) {
    cf_scene_params scene = CF_SCENE_DEFAULTS;
    cf_simulator_params p = CF_SIMULATOR_DEFAULTS;
    cf_scene_views views;
    cf_simulation *s;
    scene.width = WIDTH;
    scene.height = HEIGHT;
    scene.seed = p.seed = 7;
    ck_assert_int_eq(cf_scene_render(&scene, &views), CF_OK);
    p.focal = views.focal;
    p.baseline_m = views.baseline_m;
    p.electrons = electrons;
    ck_assert_int_eq(cf_simulate(&views.left, &views.right, &p, &s), CF_OK);
    cf_scene_free(&views);
    return s;
}

/* Pixel by pixel: same mean, and the difference as large as two noises of the profile make it. */
static void check_alike(const cf_frame *frame, const cf_frame *truth) {
    static uint16_t a[PIXELS], b[PIXELS];
    double sum = 0, squares = 0, count = 0;
    ck_assert_float_eq(frame->profile.black[0], truth->profile.black[0]);
    ck_assert_float_eq(frame->profile.white, truth->profile.white);
    ck_assert_float_eq_tol(frame->profile.noise.scale, truth->profile.noise.scale, 1e-7F);
    ck_assert_float_eq_tol(frame->profile.noise.offset, truth->profile.noise.offset, 1e-7F);
    ck_assert_mem_eq(frame->profile.neutral, truth->profile.neutral, 3 * sizeof(float));
    ck_assert_mem_eq(frame->profile.spectral, truth->profile.spectral, 3 * sizeof(float));
    ck_assert_int_eq(frame->profile.is_color, truth->profile.is_color);
    read_codes(frame, a);
    read_codes(truth, b);
    const double black = (double)frame->profile.black[0];
    const double range = (double)frame->profile.white - black;
    for (int i = 0; i < PIXELS; i++) {
        double x = (a[i] - black) / range, y = (b[i] - black) / range;
        double mean = fmax((x + y) / 2, 0);
        if (mean > 0.9)
            continue;
        double variance =
            2 * ((double)frame->profile.noise.scale * mean + (double)frame->profile.noise.offset);
        sum += (x - y) / sqrt(variance);
        squares += (x - y) * (x - y) / variance;
        count++;
    }
    ck_assert(count > 2000);
    ck_assert_double_eq_tol(sum / count, 0, 4 / sqrt(count));
    ck_assert_double_eq_tol(squares / count, 1, 5 * sqrt(2 / count));
}

START_TEST(frames_are_those_of_simulate) {
    const double electrons[2] = {15, 2000};
    for (int i = 0; i < 2; i++) {
        cf_simulation *truth = other_way(electrons[i]);
        for (int is_color = 0; is_color < 2; is_color++) {
            char uri[128];
            snprintf(uri, sizeof uri, "sim:%s?size=64x48&seed=7&electrons=%g",
                     is_color ? "color" : "mono", electrons[i]);
            cf_source *source = start(uri, 1);
            cf_frame *frame = take(source);
            check_alike(frame, is_color ? truth->color : truth->mono);
            cf_frame_unref(&frame);
            cf_source_close(&source);
        }
        cf_simulation_destroy(&truth);
    }
}
END_TEST

/* The slight motion: the picture goes up by two rows a frame, in both cameras alike. */
START_TEST(the_scene_moves_with_the_frame_number) {
    static uint16_t still[PIXELS], moved[PIXELS];
    for (int is_color = 0; is_color < 2; is_color++) {
        cf_source *source = start(is_color ? "sim:color?size=64x48&electrons=1e6&read_noise=0"
                                           : "sim:mono?size=64x48&electrons=1e6&read_noise=0",
                                  1);
        for (int n = 0; n <= 8; n++) {
            cf_frame *frame = take(source);
            double difference = 0;
            int up = n < 4 ? 2 * n : 2 * (8 - n);
            read_codes(frame, n ? moved : still);
            for (int y = 0; n && y < HEIGHT - 8; y++)
                for (int x = 0; x < WIDTH; x++)
                    difference +=
                        fabs((double)moved[y * WIDTH + x] - still[(y + up) * WIDTH + x]) / 16383;
            ck_assert_double_le(difference / (WIDTH * (HEIGHT - 8)), 0.002);
            cf_frame_unref(&frame);
        }
        cf_source_close(&source);
    }
}
END_TEST

START_TEST(the_same_uri_gives_the_same_frames) {
    static uint16_t codes[3][PIXELS];
    const char *uris[3] = {"sim:mono?size=64x48&seed=1", "sim:mono?size=64x48&seed=1",
                           "sim:mono?size=64x48&seed=1&fresh=0"};
    for (int i = 0; i < 3; i++) {
        cf_source *source = start(uris[i], 1);
        for (int n = 0; n < 9; n++) { /* the ninth counts */
            cf_frame *frame = take(source);
            read_codes(frame, codes[i]);
            cf_frame_unref(&frame);
        }
        cf_source_close(&source);
    }
    ck_assert_mem_eq(codes[0], codes[1], sizeof codes[0]);
    ck_assert_mem_ne(codes[0], codes[2], sizeof codes[0]);
}
END_TEST

START_TEST(kept_frames_come_back) {
    static uint16_t first[PIXELS], again[PIXELS];
    cf_source *source = start("sim:color?size=64x48&fresh=0&bits=10&packed=1", 1);
    for (int n = 0; n < 9; n++) {
        cf_frame *frame = take(source);
        if (n % 8 == 0)
            read_codes(frame, n ? again : first);
        cf_frame_unref(&frame);
    }
    ck_assert_mem_eq(first, again, sizeof first);
    cf_source_close(&source);
}
END_TEST

START_TEST(time_stamps_follow_the_options) {
    cf_source *plain = start("sim:mono?size=64x48&fps=100", 1);
    cf_source *late = start("sim:color?size=64x48&fps=100&skew_us=1500&drift_ppm=200", 1);
    for (int n = 0; n < 300; n++) {
        cf_frame *a = take(plain), *b = take(late);
        ck_assert_uint_eq(a->sequence, (uint64_t)n);
        ck_assert_int_eq(a->t_ns, 1000000000 + n * 10000000L);
        ck_assert_int_eq(a->t_ref, CF_TIME_MID);
        ck_assert_double_eq_tol((double)(b->t_ns - a->t_ns), 1.5e6 + n * 2000.0, 2);
        cf_frame_unref(&a);
        cf_frame_unref(&b);
    }
    cf_source_close(&plain);
    cf_source_close(&late);
}
END_TEST

START_TEST(jitter_is_as_large_as_it_says) {
    cf_source *source = start("sim:mono?size=64x48&fps=100&jitter_us=500", 1);
    double squares = 0;
    for (int n = 0; n < 400; n++) {
        cf_frame *frame = take(source);
        double off = (double)(frame->t_ns - 1000000000 - n * 10000000L) * 1e-3;
        squares += off * off / 400;
        cf_frame_unref(&frame);
    }
    ck_assert_double_eq_tol(sqrt(squares), 500, 500 * 4 / sqrt(800));
    cf_source_close(&source);
}
END_TEST

START_TEST(frames_are_dropped_and_doubled) {
    cf_source *source = start("sim:mono?size=64x48&drop=0.1&dup=0.1&frames=1000", 1);
    uint64_t last = 0, given = 0, doubled = 0, gaps = 0;
    cf_frame *frame;
    cf_status status;
    while ((status = cf_source_next(source, 1000, &frame)) == CF_OK) {
        if (given)
            gaps += frame->sequence > last + 1 ? frame->sequence - last - 1 : 0;
        doubled += given && frame->sequence == last;
        last = frame->sequence;
        given++;
        cf_frame_unref(&frame);
    }
    cf_source_stats stats = cf_source_statistics(source);
    ck_assert_int_eq(status, CF_ERR_END);
    ck_assert_uint_eq(stats.frames, given);
    ck_assert_uint_eq(given - doubled + stats.lost, 1000);
    ck_assert(stats.lost >= gaps && stats.lost - gaps <= 20); /* lost at either end shows no gap */
    ck_assert(stats.lost > 60 && stats.lost < 140 && doubled > 50 && doubled < 130);
    cf_source_close(&source);
}
END_TEST

START_TEST(controls_show_three_frames_later) {
    cf_source *source = start("sim:mono?size=64x48&electrons=20000&light=0.3&motion=0", 1);
    const cf_source_info *info = cf_source_describe(source);
    cf_source_controls set = {.exposure_ns = 20004000, .gain = 2.51, .frame_ns = 33311000};
    double before = 0, after = 0;
    ck_assert(info->exposure_ns.max > 2e7 && info->gain.max >= 8 && info->frame_ns.step == 20000);
    for (int n = 0; n < 9; n++) {
        cf_frame *frame = take(source);
        int is_new = n >= 5 + 3;
        ck_assert_int_eq(frame->exposure_ns, is_new ? 20000000 : 10000000);
        ck_assert_double_eq(frame->gain, is_new ? 2.5 : 1);
        *(is_new ? &after : &before) = mean_of(frame);
        cf_frame_unref(&frame);
        if (n == 5)
            ck_assert_int_eq(cf_source_set(source, &set), CF_OK);
    }
    ck_assert_double_gt(before, 0.02);
    ck_assert_double_eq_tol(after, before * 5, before * 5 * 0.12); /* a few pixels clip */
    set = (cf_source_controls){.exposure_ns = (int64_t)1e12, .gain = 1e9};
    cf_source_set(source, &set);
    for (int n = 0; n < 4; n++) {
        cf_frame *frame = take(source);
        if (n == 3) {
            ck_assert_int_eq(frame->exposure_ns, 33320000 - 100000);
            ck_assert_double_eq(frame->gain, info->gain.max);
        }
        cf_frame_unref(&frame);
    }
    cf_source_close(&source);
}
END_TEST

START_TEST(light_changes_and_flickers) {
    double means[60], low = 1, high = 0;
    cf_source *steps = start("sim:mono?size=64x48&motion=0&light_steps=5:0.1", 1);
    for (int n = 0; n < 10; n++) {
        cf_frame *frame = take(steps);
        means[n] = mean_of(frame);
        cf_frame_unref(&frame);
    }
    ck_assert_double_eq_tol(means[4], means[0], 0.01);
    ck_assert_double_eq_tol(means[5], means[0] / 10, 0.01);
    cf_source_close(&steps);
    /* 10 ms are a whole cycle of a 50 Hz lamp, 4 ms are not */
    const int64_t exposures[2] = {10000000, 4000000};
    for (int i = 0; i < 2; i++) {
        cf_source *lamp = start("sim:mono?size=64x48&motion=0&light=0.5&flicker_hz=50&fps=29", 1);
        cf_source_set(lamp, &(cf_source_controls){.exposure_ns = exposures[i]});
        low = 1;
        high = 0;
        for (int n = 0; n < 40; n++) {
            cf_frame *frame = take(lamp);
            double mean = mean_of(frame);
            low = fmin(low, mean);
            high = fmax(high, mean);
            cf_frame_unref(&frame);
        }
        cf_source_close(&lamp);
        /* sinc(0.4) of a depth of a half: 1 +- 0.378 */
        double pulse = (high - low) / (high + low);
        ck_assert_double_eq_tol(pulse, i ? 0.378 : 0, 0.02);
    }
}
END_TEST

START_TEST(formats_pack_and_unpack) {
    static const char *const names[] = {"Y8",   "Y10", "Y10P", "Y12", "Y12P",
                                        "Y14P", "Y16", "Y14",  NULL};
    uint16_t codes[61], back[61];
    unsigned char row[128];
    for (int i = 0; names[i]; i++) {
        cf_source_params p = CF_SOURCE_DEFAULTS;
        cf_source *source;
        p.format = names[i];
        p.as_fast = 1;
        ck_assert_int_eq(cf_source_open("sim:mono?size=64x48", &p, &source), CF_OK);
        const cf_source_info *info = cf_source_describe(source);
        ck_assert_str_eq(info->format, names[i]);
        int bits = cf_raw_bits(info->layout);
        ck_assert_float_eq(info->profile.white, (float)((1 << bits) - 1));
        for (int k = 0; k < 61; k++)
            codes[k] = (uint16_t)(((unsigned)k * 40503U >> 3) & ((1U << bits) - 1));
        cf_sim_pack_row(info->layout, codes, 61, row);
        cf_raw_unpack_row(info->layout, row, 61, back);
        ck_assert_mem_eq(codes, back, sizeof codes);
        ck_assert_int_eq(cf_source_start(source), CF_OK);
        cf_frame *frame = take(source);
        ck_assert_double_eq_tol(mean_of(frame), 0.25, 0.15);
        cf_frame_unref(&frame);
        cf_source_close(&source);
    }
}
END_TEST

/* Two live cameras: the same frame has the same time and number though they start apart. */
START_TEST(live_cameras_share_a_clock) {
    cf_source *mono = start("sim:mono?size=64x48&fps=200", 0);
    cf_frame *b = NULL, *a = take(mono);
    cf_source *color = start("sim:color?size=64x48&fps=200&skew_us=300", 0);
    ck_assert_int_eq(cf_source_describe(color)->is_live, 1);
    for (int n = 0; n < 40; n++) {
        cf_frame_unref(&b);
        b = take(color);
        while (a->sequence < b->sequence) {
            cf_frame_unref(&a);
            a = take(mono);
        }
        if (a->sequence == b->sequence)
            ck_assert_int_eq(b->t_ns - a->t_ns, 300000);
    }
    cf_frame_unref(&a);
    cf_frame_unref(&b);
    cf_source_close(&mono);
    cf_source_close(&color);
}
END_TEST

START_TEST(frames_that_nobody_takes_are_counted) {
    cf_frame *out[12], *more;
    cf_source *fast = start("sim:mono?size=64x48", 1),
              *live = start("sim:mono?size=64x48&fps=500", 0);
    for (int i = 0; i < 12; i++)
        out[i] = take(fast);
    ck_assert_int_eq(cf_source_next(fast, 5, &more), CF_ERR_TIMEOUT);
    cf_frame_unref(&out[3]);
    out[3] = take(fast);
    ck_assert_uint_eq(out[3]->sequence, 12); /* it waited */
    for (int i = 0; i < 12; i++)
        cf_frame_unref(&out[i]);
    for (int i = 0; i < 12; i++)
        out[i] = take(live);
    ck_assert_int_eq(cf_source_next(live, 50, &more), CF_ERR_TIMEOUT);
    ck_assert_uint_gt(cf_source_statistics(live).overrun, 0);
    cf_source_close(&live); /* frames outlive their camera */
    for (int i = 0; i < 12; i++) {
        ck_assert_double_gt(mean_of(out[i]), 0.01);
        cf_frame_unref(&out[i]);
    }
    cf_source_close(&fast);
}
END_TEST

START_TEST(cameras_are_unplugged_and_come_back) {
    const char *uri = "sim:mono?size=64x48&frames=20&unplug_at=5&unplug_s=1.5&stall_at=10";
    cf_source *source = start(uri, 1);
    cf_frame *frame;
    int given = 0, refused = 0;
    cf_log_set(NULL, NULL, CF_LOG_ERROR); /* the failures are wanted */
    for (;;) {
        cf_status status = cf_source_next(source, 20, &frame);
        if (status == CF_OK) {
            ck_assert_uint_eq(frame->sequence, (uint64_t)given++);
            cf_frame_unref(&frame);
            continue;
        }
        ck_assert_int_eq(status, given == 5    ? CF_ERR_DEVICE
                                 : given == 10 ? CF_ERR_TIMEOUT
                                               : CF_ERR_END);
        cf_source_close(&source);
        if (status == CF_ERR_END)
            break;
        cf_source_params p = CF_SOURCE_DEFAULTS;
        p.as_fast = 1;
        while (cf_source_open(uri, &p, &source) == CF_ERR_DEVICE)
            refused++;
        ck_assert_int_eq(cf_source_start(source), CF_OK);
    }
    ck_assert_int_eq(given, 20);
    ck_assert_int_gt(refused, 0);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

START_TEST(refuses_what_makes_no_sense) {
    static const char *const bad[] = {"sim:infrared",
                                      "sim:",
                                      "sim:mono?size=64",
                                      "sim:mono?size=65x48",
                                      "sim:mono?size=32x48",
                                      "sim:mono?size=4000000x4",
                                      "sim:mono?volume=11",
                                      "sim:mono?fps",
                                      "sim:mono?fps=-1",
                                      "sim:mono?fps=nan",
                                      "sim:mono?bits=9",
                                      "sim:mono?bits=16&packed=1",
                                      "sim:mono?motion=3",
                                      "sim:mono?light_steps=5",
                                      "sim:mono?light_steps=5:-1",
                                      "sim:mono?light_steps=5:1,",
                                      "sim:mono?wb=1,1",
                                      "sim:monochrome",
                                      "sim:mono?size=64x48x",
                                      NULL};
    cf_source_params p = CF_SOURCE_DEFAULTS;
    cf_source *source;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (int i = 0; bad[i]; i++)
        ck_assert_msg(cf_source_open(bad[i], NULL, &source) == CF_ERR_INVALID, "%s", bad[i]);
    p.kind = CF_CAMERA_COLOR;
    ck_assert_int_eq(cf_source_open("sim:mono", &p, &source), CF_ERR_UNSUPPORTED);
    p.format = "Y10";
    ck_assert_int_eq(cf_source_open("sim:color", &p, &source), CF_ERR_UNSUPPORTED);
    p.format = NULL;
    p.sync = CF_SYNC_CLIENT;
    ck_assert_int_eq(cf_source_open("sim:color", &p, &source), CF_ERR_UNSUPPORTED);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

START_TEST(survives_failing_memory) {
    size_t live = cf_alloc_live();
    cf_source_params p = CF_SOURCE_DEFAULTS;
    p.frames = 2;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (long after = 0; after < 60; after++) {
        cf_source *source;
        cf_alloc_fail_after(after);
        cf_status status = cf_source_open("sim:color?size=64x48&fresh=0", &p, &source);
        cf_alloc_fail_after(-1);
        cf_source_close(&source);
        ck_assert_uint_eq(cf_alloc_live(), live);
        if (status == CF_OK) {
            ck_assert_int_gt(after, 10);
            break;
        }
        ck_assert_int_eq(status, CF_ERR_MEMORY);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, refuses_what_makes_no_sense);
    tcase_add_test(tc, kept_frames_come_back);
    tcase_add_test(tc, cameras_are_unplugged_and_come_back);
    if (getenv("CHROMAFUSE_VALGRIND"))
        return; /* the rest has nothing new for it, and is slow there */
    tcase_add_test(tc, survives_failing_memory);
    tcase_add_test(tc, frames_are_those_of_simulate);
    tcase_add_test(tc, the_scene_moves_with_the_frame_number);
    tcase_add_test(tc, the_same_uri_gives_the_same_frames);
    tcase_add_test(tc, formats_pack_and_unpack);
    tcase_add_test(tc, controls_show_three_frames_later);
    tcase_add_test(tc, frames_that_nobody_takes_are_counted);
    tcase_add_test(tc, time_stamps_follow_the_options);
    tcase_add_test(tc, jitter_is_as_large_as_it_says);
    tcase_add_test(tc, frames_are_dropped_and_doubled);
    tcase_add_test(tc, light_changes_and_flickers);
    tcase_add_test(tc, live_cameras_share_a_clock);
}

int main(void) {
    cf_source *keeps_the_scene;
    if (cf_source_open("sim:mono?size=64x48", NULL, &keeps_the_scene) != CF_OK)
        return 1;
    int failed = test_run("source_sim", add);
    cf_source_close(&keeps_the_scene);
    return failed;
}
