/* SPDX-License-Identifier: Apache-2.0 */
/* The exposure brain in closed loop with simulated cameras, in simulated time; prints what it
 * reached. Does not prove that real scenes are white balanced as well as this one, nor that real
 * cameras tell the truth about their settings. */
#include "capture/exposure.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "calib/lab.h"
#include "capture/exposure_split.h"
#include "capture/illuminant.h"
#include "capture/sim_sensor.h"
#include "tests/test_main.h"

#define MOST_FRAMES 400

typedef struct {
    double bright[2], product[2], mean[2]; /* ms times gain */
    double exposure_ms[2], gain[2], neutral[3], mono_gain, sensitivity;
    int changed, is_settled, is_limited;
} moment;

/* A run of both cameras with the brain between them. */
typedef struct {
    const char *options[2]; /* of the URIs, after the size */
    double sensitivity, flicker_hz;
    int64_t longest_ns;
    int frames, hide[2]; /* 1: the camera's frames do not tell exposure and gain */
    int is_unknown;      /* 1: the colour camera says nothing of daylight */
    int deaf[2];         /* 1: the brain is told of a gain that the camera ignores */
    moment at[MOST_FRAMES];
} run;

static cf_source *start(const run *r, int i) {
    char uri[256];
    cf_source_params p = CF_SOURCE_DEFAULTS;
    cf_source *source;
    p.as_fast = 1;
    snprintf(uri, sizeof uri, "sim:%s?size=128x96&electrons=5000&%s", i ? "color" : "mono",
             r->options[i]);
    ck_assert_int_eq(cf_source_open(uri, &p, &source), CF_OK);
    ck_assert_int_eq(cf_source_start(source), CF_OK);
    return source;
}

static void note(const run *r, cf_frame *const pair[2], const cf_exposure_decision *d, moment *m) {
    for (int i = 0; i < 2; i++) {
        cf_exposure_statistics s;
        ck_assert_int_eq(cf_exposure_measure(pair[i], &s), CF_OK);
        m->bright[i] = s.bright;
        m->mean[i] = s.mean[1];
        m->exposure_ms[i] = (double)pair[i]->exposure_ns * 1e-6;
        m->gain[i] = pair[i]->gain;
        m->product[i] = m->exposure_ms[i] * m->gain[i];
        m->neutral[i] = (double)d->neutral[i];
        if (r->hide[i]) {
            pair[i]->exposure_ns = 0;
            pair[i]->gain = 0;
        }
    }
}

static void play(run *r) {
    cf_exposure_params p = CF_EXPOSURE_DEFAULTS;
    cf_source *source[2];
    cf_exposure *brain;
    cf_exposure_decision d = {0};
    for (int i = 0; i < 2; i++) {
        source[i] = start(r, i);
        const cf_source_info *info = cf_source_describe(source[i]);
        p.exposure_ns[i] = info->exposure_ns;
        p.gain[i] = info->gain;
        p.frame_ns[i] = (int64_t)(1e9 / info->fps);
    }
    p.sensitivity = r->sensitivity;
    p.flicker_hz = r->flicker_hz;
    p.longest_ns = r->longest_ns;
    ck_assert_int_eq(cf_exposure_create(&p, &brain), CF_OK);
    for (int n = 0; n < r->frames; n++) {
        moment *m = &r->at[n];
        cf_frame *pair[2];
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(cf_source_next(source[i], 1000, &pair[i]), CF_OK);
        note(r, pair, &d, m);
        for (int i = 0; i < 3 && r->is_unknown; i++)
            pair[1]->profile.neutral[i] = 1;
        ck_assert_int_eq(cf_exposure_update(brain, pair, &d), CF_OK);
        for (int i = 0; i < 2; i++) {
            if (r->deaf[i])
                d.controls[i].gain = 0;
            if (d.changed[i])
                cf_source_set(source[i], &d.controls[i]);
            cf_frame_unref(&pair[i]);
        }
        for (int i = 0; i < 3; i++)
            m->neutral[i] = (double)d.neutral[i];
        m->mono_gain = d.mono_gain;
        m->sensitivity = d.sensitivity;
        m->changed = d.changed[0] || d.changed[1];
        m->is_settled = d.is_settled;
        m->is_limited = d.is_limited;
    }
    cf_exposure_destroy(&brain);
    cf_source_close(&source[0]);
    cf_source_close(&source[1]);
}

/* Frames after `from` until the brighter view stays within 15 % of the target. */
static int frames_until_right(const run *r, int from, int to) {
    int last_wrong = from - 1;
    for (int n = from; n < to; n++) {
        double bright = fmax(r->at[n].bright[0], r->at[n].bright[1]);
        if (fabs(bright / 0.7 - 1) > 0.15)
            last_wrong = n;
    }
    return last_wrong + 1 - from;
}

/* How far it went beyond the target, as a share of it; up: the frames were too dark before. */
static double overshoot(const run *r, int from, int to, int up) {
    double worst = 0;
    for (int n = from; n < to; n++) {
        double off = fmax(r->at[n].bright[0], r->at[n].bright[1]) / 0.7 - 1;
        worst = fmax(worst, up ? off : -off);
    }
    return worst;
}

static int changes(const run *r, int from, int to) {
    int count = 0;
    for (int n = from; n < to; n++)
        count += r->at[n].changed;
    return count;
}

/* Peak to peak over the sum, of a camera's mean. */
static double pulse(const run *r, int camera, int from, int to) {
    double low = INFINITY, high = 0;
    for (int n = from; n < to; n++) {
        low = fmin(low, r->at[n].mean[camera]);
        high = fmax(high, r->at[n].mean[camera]);
    }
    return (high - low) / (high + low);
}

static void check_step(const char *name, const char *options, int most) {
    enum { STEP = 40, END = 110 };
    run r = {.options = {options, options}, .sensitivity = 3, .frames = END};
    play(&r);
    int start = frames_until_right(&r, 0, STEP);
    int down = frames_until_right(&r, STEP, END);
    int is_up = r.at[STEP].bright[0] < 0.7;
    double beyond = overshoot(&r, STEP + 1, END, is_up);
    if (!is_up) /* what the old settings clip is not beyond */
        beyond = overshoot(&r, STEP, END, 0);
    int busy = changes(&r, STEP + 30, END);
    printf("%-24s %3d frames at the start, %3d after the step, %4.1f %% beyond, %d changes later\n",
           name, start, down, beyond * 100, busy);
    ck_assert_int_le(start, 15);
    ck_assert_int_le(down, most);
    ck_assert_double_le(beyond, 0.2);
    ck_assert_int_eq(busy, 0);
    ck_assert(r.at[END - 1].is_settled && !r.at[END - 1].is_limited);
    ck_assert_double_eq_tol(r.at[END - 1].product[1] / r.at[END - 1].product[0], 3, 0.15);
    ck_assert_double_eq_tol(r.at[END - 1].mono_gain, 1, 0.05);
}

START_TEST(light_steps_are_followed) {
    check_step("10 times darker", "light=3&light_steps=40:0.3", 12);
    check_step("10 times brighter", "light=0.3&light_steps=40:3", 12);
    check_step("100 times darker", "light=30&light_steps=40:0.3", 16);
    check_step("100 times brighter", "light=0.3&light_steps=40:30", 20);
    check_step("10 darker, 1 frame late", "delay=1&light=3&light_steps=40:0.3", 12);
    check_step("10 darker, 6 frames late", "delay=6&light=3&light_steps=40:0.3", 16);
    check_step("10 darker, 50 electrons", "electrons=50&light=3&light_steps=40:0.3", 14);
    check_step("10 brighter, 6 late", "delay=6&light=0.3&light_steps=40:3", 16);
}
END_TEST

START_TEST(starts_from_dark_and_from_all_clipped) {
    const char *const options[2] = {"light=0.05", "light=200"};
    for (int i = 0; i < 2; i++) {
        run r = {.options = {options[i], options[i]}, .frames = 100};
        play(&r);
        int frames = frames_until_right(&r, 0, 100);
        printf("start at light %-5s %18d frames, sensitivity learned %.2f of 3\n", options[i] + 6,
               frames, r.at[99].sensitivity);
        ck_assert_int_le(frames, 30);
        ck_assert_double_eq_tol(r.at[99].sensitivity, 3, 0.3);
    }
}
END_TEST

START_TEST(limits_are_said) {
    run dark = {.options = {"light=0.0005", "light=0.0005"}, .frames = 60};
    play(&dark);
    ck_assert(dark.at[59].is_limited && dark.at[59].is_settled);
    ck_assert_double_eq(dark.at[59].gain[1], 16);
    ck_assert_double_gt(dark.at[59].exposure_ms[1], 32);
}
END_TEST

START_TEST(lamps_do_not_pulse) {
    const double mains[2] = {50, 60};
    for (int i = 0; i < 2; i++) {
        char options[64];
        snprintf(options, sizeof options, "flicker_hz=%g&fps=29&light=0.3", mains[i]);
        run safe = {.options = {options, options}, .flicker_hz = mains[i], .frames = 90};
        run unsafe = {.options = {options, options}, .longest_ns = 7000000, .frames = 90};
        play(&safe);
        play(&unsafe);
        double cycles = safe.at[89].exposure_ms[1] * mains[i] * 2e-3;
        printf("%g Hz lamp: pulse %.3f with exposures of %.2f and %.2f ms, %.3f without care\n",
               mains[i], pulse(&safe, 1, 30, 90), safe.at[89].exposure_ms[0],
               safe.at[89].exposure_ms[1], pulse(&unsafe, 1, 30, 90));
        ck_assert_double_eq_tol(cycles, rint(cycles), 0.005);
        ck_assert_double_ge(cycles, 1);
        for (int c = 0; c < 2; c++)
            ck_assert_double_le(pulse(&safe, c, 30, 90), 0.03);
        ck_assert_double_ge(pulse(&unsafe, 1, 30, 90), 0.05); /* the lamp does flicker */
        ck_assert_int_eq(changes(&safe, 30, 90), 0);
    }
}
END_TEST

/* In bright lamp light exposures must be shorter than half a cycle: pictures pulse, settings not.
 */
START_TEST(short_exposures_do_not_chase_the_lamp) {
    const char *options = "flicker_hz=50&fps=29&light=8";
    run r = {.options = {options, options}, .flicker_hz = 50, .frames = 160};
    play(&r);
    printf("bright lamp: exposures %.2f and %.2f ms, %d changes in 100 frames\n",
           r.at[159].exposure_ms[0], r.at[159].exposure_ms[1], changes(&r, 60, 160));
    ck_assert_double_lt(r.at[159].exposure_ms[0], 5);
    ck_assert_double_eq(r.at[159].gain[0], 1);
    ck_assert_int_le(changes(&r, 60, 160), 6);
}
END_TEST

START_TEST(blur_is_limited) {
    run r = {.options = {"light=1", "light=1"}, .longest_ns = 4000000, .frames = 60};
    play(&r);
    for (int i = 0; i < 2; i++) {
        ck_assert_double_eq_tol(r.at[59].exposure_ms[i], 4, 0.01);
        ck_assert_double_gt(r.at[59].gain[i], 2);
    }
    ck_assert_int_le(frames_until_right(&r, 0, 60), 20);
}
END_TEST

START_TEST(sensitivity_is_learned) {
    const double spectral[3] = {0.33, 0.48, 0.19};
    for (int s = 3; s <= 5; s++)
        for (int warm = 0; warm < 2; warm++) {
            char options[64];
            double light[3], seen = 0;
            snprintf(options, sizeof options, "sensitivity=%d&light=0.5&kelvin=%d", s,
                     warm ? 2900 : 6504);
            run r = {.options = {options, options}, .frames = 80};
            play(&r);
            const moment *m = &r.at[79];
            /* under a lamp a neutral is brighter to the mono sensor than to the green pixels */
            cf_illuminant_rec709(warm ? 2900 : 6504, light);
            for (int i = 0; i < 3; i++)
                seen += spectral[i] * light[i];
            double gain = m->product[1] / m->product[0] / s / seen;
            printf("sensitivity %d, %d K: %.2f learned; mono gain %.3f, should be %.3f\n", s,
                   warm ? 2900 : 6504, m->sensitivity, m->mono_gain, gain);
            ck_assert_double_eq_tol(m->sensitivity, s, 0.05 * s);
            ck_assert_double_eq_tol(m->mono_gain, gain, 0.08 * gain);
        }
}
END_TEST

START_TEST(one_camera_cannot_be_set) {
    for (int fixed = 0; fixed < 2; fixed++) {
        run r = {.options = {"light=0.3", "light=0.3"}, .sensitivity = 3, .frames = 60};
        r.options[fixed] = "light=0.3&controls=0";
        play(&r);
        const moment *m = &r.at[59];
        ck_assert_double_eq(m->exposure_ms[fixed], 10);
        ck_assert_double_eq_tol(m->bright[!fixed], 0.7, 0.1);
        ck_assert_double_eq_tol(m->mono_gain, m->product[1] / m->product[0] / 3, 0.01);
        ck_assert(m->is_settled && !m->is_limited);
    }
}
END_TEST

START_TEST(an_ignored_control_is_worked_around) {
    run r = {.options = {"light=3&light_steps=40:0.3", "light=3&light_steps=40:0.3"},
             .longest_ns = 4000000,
             .deaf = {0, 1},
             .frames = 120};
    play(&r); /* the colour camera stays at the gain it started with, 3 */
    const moment *m = &r.at[119];
    ck_assert_double_eq(m->gain[1], 3);
    ck_assert_double_eq_tol(m->exposure_ms[1], 4, 0.02); /* as long as allowed */
    ck_assert_double_eq_tol(fmax(m->bright[0], m->bright[1]), 0.7, 0.1);
    ck_assert(m->is_settled);
    m = &r.at[39]; /* before, shorter exposures made up for it */
    ck_assert_double_eq_tol(fmax(m->bright[0], m->bright[1]), 0.7, 0.1);
}
END_TEST

START_TEST(cameras_that_do_not_tell_are_believed) {
    run r = {.options = {"light=3&light_steps=60:0.3", "light=3&light_steps=60:0.3"},
             .sensitivity = 3,
             .hide = {1, 1},
             .frames = 200};
    play(&r);
    printf("settings untold: %d frames after a step of 10\n", frames_until_right(&r, 60, 200));
    ck_assert_int_le(frames_until_right(&r, 60, 200), 60);
    ck_assert_int_eq(changes(&r, 160, 200), 0);
}
END_TEST

/* What becomes of a grey of L* 80 in that light, CIEDE2000. The unknown camera sees other colours
 * than the typical one that the brain takes it for. */
static double white_error(int kelvin, int is_unknown) {
    char options[64];
    double light[3], rgb[3], lab[3];
    const double wb[3] = {is_unknown ? 0.6 : 0.5, 1, is_unknown ? 0.5 : 0.62},
                 white[3] = {80, 0, 0};
    snprintf(options, sizeof options, "size=256x192&kelvin=%d&wb=%g,1,%g", kelvin, wb[0], wb[2]);
    run r = {.options = {options, options}, .is_unknown = is_unknown, .frames = 12};
    play(&r);
    cf_illuminant_rec709(kelvin, light);
    const double *found = r.at[11].neutral;
    for (int i = 0; i < 3; i++)
        rgb[i] = light[i] * wb[i] / found[i];
    double grey = 0.567 / (0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]);
    for (int i = 0; i < 3; i++)
        rgb[i] *= grey;
    cf_lab_of_rec709(rgb, lab);
    double error = cf_ciede2000(lab, white);
    printf("%d K%s: neutral %.3f 1 %.3f, true %.3f 1 %.3f, a grey is %.1f CIEDE2000 off\n", kelvin,
           is_unknown ? ", unknown camera" : "", found[0], found[2], light[0] * wb[0],
           light[2] * wb[2], error);
    return error;
}

START_TEST(white_balance_finds_the_light) {
    const int kelvin[] = {2500, 2856, 3500, 4500, 5500, 6504, 7500, 9000};
    cf_source *keeps_the_scene;
    ck_assert_int_eq(cf_source_open("sim:mono?size=256x192", NULL, &keeps_the_scene), CF_OK);
    for (size_t k = 0; k < sizeof kelvin / sizeof *kelvin; k++)
        ck_assert_double_le(white_error(kelvin[k], 0), 5.5);
    for (size_t k = 1; k < sizeof kelvin / sizeof *kelvin; k += 2)
        ck_assert_double_le(white_error(kelvin[k], 1), 8);
    cf_source_close(&keeps_the_scene);
}
END_TEST

/* Chromaticities as CIE 15 tabulates them: illuminant A, D50, D65, D75. */
START_TEST(illuminants_are_the_published_ones) {
    const double table[4][3] = {{2856, 0.44757, 0.40745},
                                {5003, 0.34567, 0.35850},
                                {6504, 0.31272, 0.32903},
                                {7504, 0.29902, 0.31485}};
    double xy[2], white[3];
    for (int i = 0; i < 4; i++) {
        cf_illuminant_xy(table[i][0], xy);
        ck_assert_double_eq_tol(xy[0], table[i][1], 0.001);
        ck_assert_double_eq_tol(xy[1], table[i][2], 0.001);
    }
    cf_illuminant_rec709(6504, white);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq_tol(white[i], 1, 0.002);
}
END_TEST

/* By hand: a ramp whose percentiles are known, in every layout. */
START_TEST(statistics_of_a_ramp) {
    int is_short = getenv("CHROMAFUSE_VALGRIND") != NULL;
    const cf_raw_format layouts[] = {CF_RAW_8,   CF_RAW_10, CF_RAW_10P, CF_RAW_12,
                                     CF_RAW_12P, CF_RAW_14, CF_RAW_14P, CF_RAW_16};
    for (size_t k = 0; k < (is_short ? 3 : sizeof layouts / sizeof *layouts); k++) {
        cf_frame_pool *pool;
        cf_exposure_statistics s;
        uint16_t codes[400];
        ck_assert_int_eq(cf_frame_pool_create(400, 40, layouts[k], 1, &pool), CF_OK);
        cf_frame *frame = cf_frame_pool_get(pool);
        double white = (1 << cf_raw_bits(layouts[k])) - 1, black = floor(white / 10);
        frame->profile.white = (float)white;
        for (int i = 0; i < 4; i++)
            frame->profile.black[i] = (float)black;
        for (int x = 0; x < 400; x++)
            codes[x] = (uint16_t)rint(black + (white - black) * (x - 39.5) / 320);
        for (int x = 0; x < 400; x++) /* 40 at or below black, 320 rising, 40 white */
            codes[x] = (uint16_t)(x < 40 ? black : x >= 360 ? white : codes[x]);
        for (int y = 0; y < 40; y++)
            cf_sim_pack_row(layouts[k], codes, 400, cf_image_row(&frame->image, 0, y));
        ck_assert_int_eq(cf_exposure_measure(frame, &s), CF_OK);
        ck_assert_double_eq_tol(s.clipped, 0.11, 0.02);
        ck_assert_double_eq(s.bright, 1);
        ck_assert_double_eq_tol(s.low[1], 0.5, 0.03); /* 50 columns are looked at */
        ck_assert_double_le(s.low[3], 1e-6);
        ck_assert_double_eq_tol(s.mean[1], 0.44, 0.02);
        cf_frame_unref(&frame);
        cf_frame_pool_destroy(&pool);
    }
}
END_TEST

START_TEST(products_are_divided) {
    const cf_exposure_room r = {20e3, 33e6, 1, 16, 10e6};
    const struct {
        double product, exposure, gain;
    } cases[] = {{4e6, 4e6, 1},     {10e6, 10e6, 1},    {19e6, 10e6, 1.9},
                 {20e6, 20e6, 1},   {29e6, 20e6, 1.45}, {32e6, 30e6, 32.0 / 30},
                 {300e6, 30e6, 10}, {1e12, 30e6, 16},   {1, 20e3, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cf_exposure_split s = cf_exposure_divide(&r, cases[i].product);
        ck_assert_double_eq_tol(s.exposure, cases[i].exposure, 1);
        ck_assert_double_eq_tol(s.gain, cases[i].gain, 1e-6);
    }
}
END_TEST

START_TEST(measuring_is_quick) {
    cf_frame_pool *pool;
    cf_exposure_statistics s;
    ck_assert_int_eq(cf_frame_pool_create(1920, 1080, CF_RAW_10P, 1, &pool), CF_OK);
    cf_frame *frame = cf_frame_pool_get(pool);
    frame->profile.is_color = 1;
    frame->profile.white = 1023;
    for (int y = 0; y < 1080; y++)
        memset(cf_image_row(&frame->image, 0, y), 40 + y % 100, frame->image.stride);
    double best = INFINITY;
    for (int i = 0; i < 20; i++) {
        double before = cf_clock_seconds();
        cf_exposure_measure(frame, &s);
        best = fmin(best, cf_clock_seconds() - before);
    }
    printf("measuring 1920x1080 RGGB10P: %.2f ms\n", best * 1e3);
    cf_frame_unref(&frame);
    cf_frame_pool_destroy(&pool);
}
END_TEST

START_TEST(refuses_what_makes_no_sense) {
    const cf_exposure_params good = CF_EXPOSURE_DEFAULTS;
    cf_exposure_params bad[] = {good, good, good, good, good};
    cf_exposure *brain;
    cf_exposure_statistics s;
    cf_frame *frame;
    bad[0].target = 0;
    bad[1].target = NAN;
    bad[2].sensitivity = -1;
    bad[3].flicker_hz = NAN;
    bad[4].gain[1].max = INFINITY;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(cf_exposure_create(&bad[i], &brain), CF_ERR_INVALID);
        ck_assert_ptr_null(brain);
    }
    ck_assert_int_eq(cf_frame_create(8, 8, &frame), CF_OK);
    frame->profile.black[2] = 65535;
    ck_assert_int_eq(cf_exposure_measure(frame, &s), CF_ERR_INVALID);
    cf_frame_unref(&frame);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, refuses_what_makes_no_sense);
    tcase_add_test(tc, products_are_divided);
    tcase_add_test(tc, illuminants_are_the_published_ones);
    tcase_add_test(tc, statistics_of_a_ramp);
    if (getenv("CHROMAFUSE_VALGRIND"))
        return; /* the rest has nothing new for it, and is slow there */
    tcase_add_test(tc, limits_are_said);
    tcase_add_test(tc, light_steps_are_followed);
    tcase_add_test(tc, starts_from_dark_and_from_all_clipped);
    tcase_add_test(tc, lamps_do_not_pulse);
    tcase_add_test(tc, short_exposures_do_not_chase_the_lamp);
    tcase_add_test(tc, blur_is_limited);
    tcase_add_test(tc, sensitivity_is_learned);
    tcase_add_test(tc, one_camera_cannot_be_set);
    tcase_add_test(tc, an_ignored_control_is_worked_around);
    tcase_add_test(tc, cameras_that_do_not_tell_are_believed);
    tcase_add_test(tc, white_balance_finds_the_light);
    tcase_add_test(tc, measuring_is_quick);
}

int main(void) {
    cf_source *keeps_the_scene = NULL;
    if (!getenv("CHROMAFUSE_VALGRIND") &&
        cf_source_open("sim:mono?size=128x96", NULL, &keeps_the_scene) != CF_OK)
        return 1;
    int failed = test_run("exposure", add);
    cf_source_close(&keeps_the_scene);
    return failed;
}
