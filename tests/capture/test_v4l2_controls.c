/* SPDX-License-Identifier: Apache-2.0 */
/* Exposure, gain and frame duration of V4L2 cameras on a made-up driver. Does not prove that a
 * sensor needs as many frames as we say until a setting shows: `delay` tells that. */
#include "tests/capture/v4l2_case.h"

/* A USB camera with its automatic on. */
static void make_usb(void) {
    fake.controls[0] = (fake_control){.id = V4L2_CID_EXPOSURE_AUTO,
                                      .max = 3,
                                      .step = 1,
                                      .value = V4L2_EXPOSURE_APERTURE_PRIORITY};
    fake.controls[1] = (fake_control){
        .id = V4L2_CID_EXPOSURE_ABSOLUTE, .min = 1, .max = 5000, .step = 1, .value = 156};
    fake.controls[2] = (fake_control){
        .id = V4L2_CID_GAIN, .min = 16, .max = 256, .step = 4, .initial = 16, .value = 16};
    fake.controls[3] = (fake_control){.id = V4L2_CID_AUTOGAIN, .max = 1, .step = 1, .value = 1};
    fake.controls[4] =
        (fake_control){.id = V4L2_CID_EXPOSURE_AUTO_PRIORITY, .max = 1, .step = 1, .value = 1};
}

/* A sensor with a subdevice: 128 + 72 pixels a line at 100 MHz are 2 us; 96 + 404 lines are 1 ms.
 */
static void make_sensor(void) {
    fake.controls[0] = (fake_control){.id = V4L2_CID_PIXEL_RATE,
                                      .is_sub = 1,
                                      .type = V4L2_CTRL_TYPE_INTEGER64,
                                      .min = 100000000,
                                      .max = 100000000,
                                      .value = 100000000,
                                      .flags = V4L2_CTRL_FLAG_READ_ONLY};
    fake.controls[1] = (fake_control){.id = V4L2_CID_HBLANK,
                                      .is_sub = 1,
                                      .min = 72,
                                      .max = 72,
                                      .value = 72,
                                      .flags = V4L2_CTRL_FLAG_READ_ONLY};
    fake.controls[2] = (fake_control){
        .id = V4L2_CID_VBLANK, .is_sub = 1, .min = 4, .max = 9904, .step = 2, .value = 404};
    fake.controls[3] = (fake_control){
        .id = V4L2_CID_EXPOSURE, .is_sub = 1, .min = 4, .max = 496, .step = 1, .value = 250};
    fake.controls[4] = (fake_control){
        .id = V4L2_CID_ANALOGUE_GAIN, .is_sub = 1, .max = 232, .step = 1, .value = 128};
    fake.has_no_rate = 1;
}

static cf_source *open_sensor(double fps) {
    cf_source_params p = {.fps = fps, .frames = 4};
    cf_source *s;
    ck_assert_int_eq(cf_source_open(URI "?subdev=/dev/v4l-subdev3&gain_pole=256&delay=1", &p, &s),
                     CF_OK);
    return s;
}

static int64_t value(uint32_t id) {
    for (int i = 0; i < 16; i++)
        if (fake.controls[i].id == id)
            return fake.controls[i].value;
    return -1;
}

static void range_is(cf_control_range r, double min, double max, double step) {
    ck_assert_double_eq_tol(r.min, min, 1e-9 + 1e-6 * min);
    ck_assert_double_eq_tol(r.max, max, 1e-9 + 1e-6 * max);
    ck_assert_double_eq_tol(r.step, step, 1e-9 + 1e-6 * step);
}

static int64_t frame_ns; /* that frames must say; 0: any */

/* The next frame must say so. */
static void frame_says(cf_source *s, int64_t exposure_ns, double gain, int64_t t_ns,
                       cf_time_ref ref) {
    cf_frame *frame;
    ck_assert_int_eq(cf_source_next(s, 60000, &frame), CF_OK);
    ck_assert_int_eq(frame->exposure_ns, exposure_ns);
    ck_assert_double_eq_tol(frame->gain, gain, 1e-9);
    ck_assert_int_eq(frame->t_ns, t_ns);
    ck_assert_int_eq(frame->t_ref, ref);
    ck_assert(!frame_ns || frame->frame_ns == frame_ns);
    frame_ns = 0;
    cf_frame_unref(&frame);
}

static void count_frames(int count) {
    for (int i = 0; i < count; i++)
        fake.steps[i] = (fake_step){.sequence = (uint32_t)i, .t_us = 1000000};
    fake.step_count = count;
}

START_TEST(a_usb_cameras_automatic_is_switched_off_when_we_set) {
    cf_source_controls c = {.exposure_ns = 10 * 1000 * 1000, .gain = 2.1, .frame_ns = 1000};
    make_usb();
    count_frames(5);
    frame_ns = 33333333; /* of 30 a second, whatever we set */
    cf_source *s = started();
    const cf_source_info *info = cf_source_describe(s);
    range_is(info->exposure_ns, 1e5, 5e8, 1e5);
    range_is(info->gain, 1, 16, 0.25);
    range_is(info->frame_ns, 0, 0, 0);
    frame_says(s, 0, 0, 1000000000, CF_TIME_END); /* the automatic does as it likes */
    ck_assert_int_eq(cf_source_set(s, &c), CF_OK);
    ck_assert_int_eq(value(V4L2_CID_EXPOSURE_AUTO), V4L2_EXPOSURE_MANUAL);
    ck_assert_int_eq(value(V4L2_CID_EXPOSURE_AUTO_PRIORITY), 0);
    ck_assert_int_eq(value(V4L2_CID_EXPOSURE_ABSOLUTE), 100);
    ck_assert_int_eq(value(V4L2_CID_AUTOGAIN), 0);
    ck_assert_int_eq(value(V4L2_CID_GAIN), 32);   /* 33.6 is nearest to 32 in steps of 4 */
    frame_says(s, 0, 0, 1000000000, CF_TIME_END); /* two frames of delay */
    frame_says(s, 0, 0, 1000000000, CF_TIME_END);
    frame_says(s, 10000000, 2, 995000000, CF_TIME_MID);
    fake.steps[4].flags = FAKE_SOE;
    frame_says(s, 10000000, 2, 1005000000, CF_TIME_MID);
    cf_source_close(&s);
}
END_TEST

START_TEST(a_camera_without_manual_has_a_time_priority_at_least) {
    cf_source_controls c = {.exposure_ns = 1};
    make_usb();
    fake.controls[0].min = 2; /* MANUAL is out of its range */
    cf_source *s = started();
    ck_assert_int_eq(cf_source_set(s, &c), CF_OK);
    ck_assert_int_eq(value(V4L2_CID_EXPOSURE_AUTO), V4L2_EXPOSURE_SHUTTER_PRIORITY);
    ck_assert_int_eq(value(V4L2_CID_EXPOSURE_ABSOLUTE), 1);
    c.exposure_ns = INT64_MAX;
    ck_assert_int_eq(cf_source_set(s, &c), CF_OK);
    ck_assert_int_eq(value(V4L2_CID_EXPOSURE_ABSOLUTE), 5000);
    ck_assert_int_eq(value(V4L2_CID_GAIN), 16);
    cf_source_close(&s);
}
END_TEST

START_TEST(lines_are_turned_into_time) {
    make_sensor();
    count_frames(2);
    cf_source *s = open_sensor(0);
    const cf_source_info *info = cf_source_describe(s);
    range_is(info->exposure_ns, 8000, 992000, 2000);
    range_is(info->frame_ns, 200000, 20000000, 4000);
    range_is(info->gain, 1, 256 / 24.0, 0);
    ck_assert_double_eq_tol(info->fps, 1000, 1e-6);
    ck_assert_int_eq(cf_source_start(s), CF_OK);
    frame_ns = 1000000;
    /* 250 lines; the end of reading is 96 lines and half the exposure after the middle. */
    frame_says(s, 500000, 2, 1000000000 - 192000 - 250000, CF_TIME_MID);
    fake.steps[1].flags = FAKE_SOE;
    frame_says(s, 500000, 2, 1000250000, CF_TIME_MID);
    cf_source_close(&s);
}
END_TEST

START_TEST(frame_duration_is_set_by_blanking_and_makes_room_for_exposure) {
    cf_source_controls c = {.frame_ns = 3001000, .exposure_ns = 2500000, .gain = 4};
    make_sensor();
    count_frames(3);
    cf_source *s = open_sensor(500); /* no other way to set a rate */
    ck_assert_int_eq(cf_source_start(s), CF_OK);
    frame_ns = 2000000;
    frame_says(s, 500000, 2, 1000000000 - 192000 - 250000, CF_TIME_MID);
    ck_assert_int_eq(value(V4L2_CID_VBLANK), 904);
    ck_assert_double_eq_tol(cf_source_describe(s)->fps, 500, 1e-6);
    fake.controls[3].max = 1400; /* what the sensor makes of longer frames */
    ck_assert_int_eq(cf_source_set(s, &c), CF_OK);
    ck_assert_int_eq(value(V4L2_CID_VBLANK), 1404); /* 1500.5 lines, in steps of two */
    ck_assert_int_eq(value(V4L2_CID_EXPOSURE), 1250);
    ck_assert_int_eq(value(V4L2_CID_ANALOGUE_GAIN), 192);
    frame_ns = 2000000; /* a frame later it shows */
    frame_says(s, 500000, 2, 1000000000 - 192000 - 250000, CF_TIME_MID);
    frame_ns = 3000000;
    frame_says(s, 2500000, 4, 1000000000 - 192000 - 1250000, CF_TIME_MID);
    c = (cf_source_controls){.frame_ns = 1, .gain = 0.01};
    ck_assert_int_eq(cf_source_set(s, &c), CF_OK);
    ck_assert_int_eq(value(V4L2_CID_VBLANK), 4);
    ck_assert_int_eq(value(V4L2_CID_ANALOGUE_GAIN), 0);
    ck_assert_int_eq(value(V4L2_CID_EXPOSURE), 1250);
    cf_source_close(&s);
}
END_TEST

START_TEST(many_settings_reach_their_frames) {
    make_usb();
    count_frames(200);
    cf_source *s = started();
    for (int i = 0; i < 200; i++) {
        int64_t shown = i < 3 ? 0 : (i - 2) * 100000; /* set after frame i - 3 was taken */
        frame_says(s, shown, shown ? 1 : 0, 1000000000 - shown / 2,
                   shown ? CF_TIME_MID : CF_TIME_END);
        cf_source_controls c = {.exposure_ns = (i + 1) * 100000, .gain = 1};
        ck_assert_int_eq(cf_source_set(s, &c), CF_OK);
    }
    fake.step_count = 201; /* the count starts again: what was set last holds */
    fake.steps[200] = (fake_step){.sequence = 0, .t_us = 2000000};
    frame_says(s, 20000000, 1, 1990000000, CF_TIME_MID);
    cf_source_close(&s);
}
END_TEST

START_TEST(gain_of_unknown_meaning_is_left_alone) {
    cf_source_controls c = {.gain = 2};
    cf_source *s;
    fake.controls[0] = (fake_control){.id = V4L2_CID_GAIN, .max = 255, .step = 1, .value = 7};
    s = started();
    one_line("gain_one");
    range_is(cf_source_describe(s)->gain, 0, 0, 0);
    ck_assert_int_eq(cf_source_set(s, &c), CF_OK);
    ck_assert_int_eq(value(V4L2_CID_GAIN), 7);
    cf_source_close(&s);
    ck_assert_int_eq(cf_source_open(URI "?gain_one=10", NULL, &s), CF_OK);
    range_is(cf_source_describe(s)->gain, 0.1, 25.5, 0.1);
    ck_assert_int_eq(cf_source_set(s, &c), CF_OK);
    ck_assert_int_eq(value(V4L2_CID_GAIN), 20);
    cf_source_close(&s);
    ck_assert_int_eq(cf_source_open(URI "?gain_pole=100", NULL, &s),
                     CF_OK); /* below the range's end */
    one_line("gain_pole must lie above");
    cf_source_close(&s);
}
END_TEST

START_TEST(controls_that_cannot_be_set_are_none) {
    make_usb();
    fake.controls[1].flags = V4L2_CTRL_FLAG_READ_ONLY;
    fake.controls[2].flags = V4L2_CTRL_FLAG_DISABLED;
    cf_source *s = started();
    range_is(cf_source_describe(s)->exposure_ns, 0, 0, 0);
    range_is(cf_source_describe(s)->gain, 0, 0, 0);
    cf_source_close(&s);
}
END_TEST

START_TEST(a_control_that_fails_is_told) {
    cf_source_controls c = {.exposure_ns = 1000000};
    make_usb();
    cf_source *s = started();
    fake.controls[1].id = 0; /* gone with the device */
    ck_assert_int_eq(cf_source_set(s, &c), CF_ERR_DEVICE);
    one_line("exposure time");
    cf_source_close(&s);
}
END_TEST

START_TEST(names_that_make_no_sense_are_refused) {
    static const char *const bad[] = {URI "?subdev=",    URI "?delay=11",       URI "?delay=1.5",
                                      URI "?delay=x",    URI "?gain_one=0",     URI "?gain_one=nan",
                                      URI "?gain_pole=", URI "?speed=3",        URI "?",
                                      URI "?delay=1&",   URI "?delay=1?delay=2"};
    cf_source *s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(cf_source_open(bad[i], NULL, &s) == CF_ERR_INVALID, "%s", bad[i]);
        one_line("known are");
    }
    ck_assert_int_eq(cf_source_open("v4l2:", NULL, &s), CF_ERR_INVALID);
    ck_assert_int_eq(cf_source_open("v4l2:?delay=1", NULL, &s), CF_ERR_INVALID);
    line_count = 0;
    fake.subdev_error = ENOENT;
    ck_assert_int_eq(cf_source_open(URI "?subdev=/dev/v4l-subdev9", NULL, &s), CF_ERR_DEVICE);
    one_line("/dev/v4l-subdev9: no such device");
}
END_TEST

static void add(TCase *tc) {
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_usb_cameras_automatic_is_switched_off_when_we_set);
    tcase_add_test(tc, a_camera_without_manual_has_a_time_priority_at_least);
    tcase_add_test(tc, lines_are_turned_into_time);
    tcase_add_test(tc, frame_duration_is_set_by_blanking_and_makes_room_for_exposure);
    tcase_add_test(tc, many_settings_reach_their_frames);
    tcase_add_test(tc, gain_of_unknown_meaning_is_left_alone);
    tcase_add_test(tc, controls_that_cannot_be_set_are_none);
    tcase_add_test(tc, a_control_that_fails_is_told);
    tcase_add_test(tc, names_that_make_no_sense_are_refused);
}

int main(void) {
    return test_run("capture/v4l2_controls", add);
}
