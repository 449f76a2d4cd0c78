/* SPDX-License-Identifier: Apache-2.0 */
/* The libcamera source on a bridge that plays back what cameras do wrong: these functions stand for
 * libcamera_bridge.cpp when this program is linked. Does not prove that libcamera behaves like
 * that: the emulated cameras of tests/vm show what it does. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "capture/libcamera_bridge.h"
#include "capture/source.h"
#include "tests/test_main.h"

enum { WIDTH = 6, HEIGHT = 4, STRIDE = 32, BUFFERS = 4, MAX_EVENTS = 64 };

struct cf_libcamera {
    int unused;
};

/* The fake: what it has, what it does, and what was asked of it. */
static struct {
    int list_status, open_status, configure_status, start_status;
    int camera_count;
    cf_libcamera_about cameras[3];
    cf_libcamera_setup setup; /* mode.width 0: as wished */
    struct {
        int status; /* of cf_libcamera_next */
        cf_libcamera_frame frame;
    } events[MAX_EVENTS];
    int event_count, event;
    int open, released;
    cf_libcamera_mode wished;
    cf_libcamera_controls first, last;
    char opened[256];
    const char *busy_id;
} fake;
static unsigned char pixels[STRIDE * HEIGHT];
static cf_libcamera the_camera;
static char last_error[1024];
static int error_count;

int cf_libcamera_list(cf_libcamera_about *out, int max) {
    for (int i = 0; i < fake.camera_count && i < max; i++)
        out[i] = fake.cameras[i];
    return fake.list_status ? fake.list_status : fake.camera_count;
}

int cf_libcamera_open(const char *id, cf_libcamera **out) {
    int status = fake.busy_id && !strcmp(id, fake.busy_id) ? -EBUSY : fake.open_status;
    snprintf(fake.opened, sizeof fake.opened, "%s", id);
    *out = status ? NULL : &the_camera;
    fake.open += !status;
    return status;
}

void cf_libcamera_close(cf_libcamera **camera) {
    ck_assert_ptr_eq(*camera, &the_camera);
    *camera = NULL;
    fake.open--;
}

int cf_libcamera_configure(cf_libcamera *camera, const cf_libcamera_mode *wish,
                           cf_libcamera_setup *out) {
    ck_assert_ptr_eq(camera, &the_camera);
    fake.wished = *wish;
    *out = fake.setup;
    if (!out->mode.width)
        out->mode = *wish;
    return fake.configure_status;
}

int cf_libcamera_start(cf_libcamera *camera, const cf_libcamera_controls *controls) {
    ck_assert_ptr_eq(camera, &the_camera);
    fake.first = *controls;
    return fake.start_status;
}

int cf_libcamera_next(cf_libcamera *camera, int timeout_ms, cf_libcamera_frame *out) {
    ck_assert_ptr_eq(camera, &the_camera);
    if (fake.event == fake.event_count) { /* stalled: as the real one, it waits */
        struct timespec pause = {0, (long)timeout_ms * 1000000};
        ck_assert_int_lt(timeout_ms, 1000);
        nanosleep(&pause, NULL);
        return -ETIMEDOUT;
    }
    *out = fake.events[fake.event].frame;
    return fake.events[fake.event++].status;
}

int cf_libcamera_release(cf_libcamera *camera, uint64_t token) {
    ck_assert_ptr_eq(camera, &the_camera);
    ck_assert_uint_lt(token, BUFFERS);
    fake.released++;
    return 0;
}

int cf_libcamera_set(cf_libcamera *camera, const cf_libcamera_controls *controls) {
    ck_assert_ptr_eq(camera, &the_camera);
    fake.last = *controls;
    return 0;
}

static void keep_error(void *user, cf_log_level level, const char *line) {
    (void)user;
    if (level != CF_LOG_ERROR)
        return;
    error_count++;
    snprintf(last_error, sizeof last_error, "%s", line);
}

static void make_fake(void) {
    memset(&fake, 0, sizeof fake);
    fake.camera_count = 2;
    cf_libcamera_about *mono = &fake.cameras[0], *color = &fake.cameras[1];
    snprintf(mono->id, sizeof mono->id, "/base/soc/i2c0mux/i2c@1/ov9281@60");
    snprintf(mono->model, sizeof mono->model, "ov9281");
    mono->mode_count = 1;
    mono->modes[0] = (cf_libcamera_mode){"R8", WIDTH, HEIGHT};
    snprintf(color->id, sizeof color->id, "/base/soc/i2c0mux/i2c@2/imx219@10");
    color->mode_count = 2;
    color->modes[0] = (cf_libcamera_mode){"SRGGB10", WIDTH, HEIGHT};
    color->modes[1] = (cf_libcamera_mode){"RGGB_PISP_COMP1", WIDTH, HEIGHT};
    color->has_sync = 1;
    fake.setup = (cf_libcamera_setup){
        .stride = STRIDE, .exposure_us = {20, 30000}, .gain = {1, 16}, .frame_us = {10000, 200000}};
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (unsigned char)(i * 37 % 251);
    last_error[0] = 0;
    error_count = 0;
    cf_log_set(keep_error, NULL, CF_LOG_ERROR);
}

static cf_libcamera_frame *add_event(int status, uint32_t sequence) {
    ck_assert_int_lt(fake.event_count, MAX_EVENTS);
    fake.events[fake.event_count].status = status;
    cf_libcamera_frame *frame = &fake.events[fake.event_count++].frame;
    frame->token = (uint64_t)(fake.event_count % BUFFERS);
    frame->data = pixels;
    frame->bytes = frame->used = sizeof pixels;
    frame->sequence = sequence;
    frame->buffer_ns = 1000000 + (int64_t)sequence * 1000;
    return frame;
}

static cf_source *open_started(const char *uri, const cf_source_params *params) {
    cf_source *source = NULL;
    ck_assert_int_eq(cf_source_open(uri, params, &source), CF_OK);
    ck_assert_int_eq(cf_source_start(source), CF_OK);
    return source;
}

static void check_fails(const char *uri, const cf_source_params *params, cf_status status,
                        const char *words) {
    cf_source *source = NULL;
    size_t live = cf_alloc_live();
    error_count = 0;
    ck_assert_int_eq(cf_source_open(uri, params, &source), status);
    ck_assert_ptr_null(source);
    ck_assert_uint_eq(cf_alloc_live(), live);
    ck_assert_int_eq(fake.open, 0);
    ck_assert_int_eq(error_count, 1);
    ck_assert_msg(strstr(last_error, words) && strstr(last_error, uri), "%s", last_error);
}

START_TEST(a_frame_carries_what_the_camera_said) {
    make_fake();
    cf_libcamera_frame *in = add_event(0, 7);
    *in = (cf_libcamera_frame){.token = 1,
                               .data = pixels,
                               .bytes = sizeof pixels,
                               .used = sizeof pixels,
                               .sequence = 7,
                               .buffer_ns = 111,
                               .sensor_ns = 5000000,
                               .exposure_us = 4000,
                               .frame_us = 33333,
                               .gain = 2.5F,
                               .black = {4096, 4160, 4224, 4288},
                               .colour_gains = {2, 1.6F},
                               .ccm = {1.5F, -.3F, -.2F, -.4F, 1.8F, -.4F, 0, -.6F, 1.6F}};
    cf_frame *frame;
    cf_source *source = open_started("libcamera:imx219", NULL);
    ck_assert_str_eq(fake.opened, fake.cameras[1].id);
    ck_assert_int_eq(cf_source_next(source, 100, &frame), CF_OK);
    ck_assert_uint_eq(frame->sequence, 7);
    ck_assert_int_eq(frame->t_ns, 5000000 + 2000000);
    ck_assert_int_eq(frame->t_ref, CF_TIME_MID);
    ck_assert_int_eq(frame->exposure_ns, 4000000);
    ck_assert_int_eq(frame->frame_ns, 33333000);
    ck_assert_double_eq(frame->gain, 2.5);
    const cf_camera_profile *p = &frame->profile;
    ck_assert(p->is_color && p->cfa[0] == CF_CFA_R && p->cfa[3] == CF_CFA_B);
    ck_assert_float_eq(p->white, 1023);
    for (int i = 0; i < 4; i++) /* 16 bit to 10 bit */
        ck_assert_float_eq(p->black[i], (float)(64 + i));
    ck_assert_float_eq(p->neutral[0], .5F);
    ck_assert_float_eq(p->neutral[2], 1 / 1.6F);
    ck_assert_float_eq(p->ccm[4], 1.8F);
    ck_assert_int_eq(frame->layout, CF_RAW_10);
    for (int y = 0; y < HEIGHT; y++)
        ck_assert_mem_eq(cf_image_row(&frame->image, 0, y), pixels + y * STRIDE, 2 * WIDTH);
    ck_assert_int_eq(fake.released, 1);
    cf_frame_unref(&frame);
    cf_source_close(&source);
    ck_assert_int_eq(fake.open, 0);
}
END_TEST

START_TEST(without_exposure_the_time_stays_the_start) {
    make_fake();
    add_event(0, 1);
    add_event(0, 2);
    cf_frame *frame;
    cf_source *source = open_started("libcamera:1", NULL);
    ck_assert_int_eq(cf_source_next(source, 100, &frame), CF_OK);
    ck_assert_int_eq(frame->t_ns, 1001000);
    ck_assert_int_eq(frame->t_ref, CF_TIME_START);
    ck_assert_int_eq(frame->exposure_ns, 0);
    cf_frame_unref(&frame);
    /* a camera that does not report it has what was set */
    ck_assert_int_eq(
        cf_source_set(source, &(cf_source_controls){.exposure_ns = 2000000, .gain = 3}), CF_OK);
    ck_assert_int_eq(cf_source_next(source, 100, &frame), CF_OK);
    ck_assert_int_eq(frame->t_ns, 1002000 + 1000000);
    ck_assert_double_eq(frame->gain, 3);
    ck_assert_int_eq(frame->t_ref, CF_TIME_MID);
    cf_frame_unref(&frame);
    cf_source_close(&source);
}
END_TEST

START_TEST(gaps_and_the_wrap_of_the_count) {
    static const uint32_t sequence[] = {4294967290U, 4294967291U, 4294967295U, 0, 2, 2};
    static const uint64_t expected[] = {4294967290U, 4294967291U, 4294967295U,
                                        4294967296U, 4294967298U, 4294967298U};
    make_fake();
    cf_source *source = open_started("libcamera:1", NULL);
    for (size_t i = 0; i < 6; i++) {
        cf_frame *frame;
        add_event(0, sequence[i]);
        ck_assert_int_eq(cf_source_next(source, 100, &frame), CF_OK);
        ck_assert_uint_eq(frame->sequence, expected[i]);
        cf_frame_unref(&frame);
    }
    ck_assert_uint_eq(cf_source_statistics(source).lost, 3 + 1);
    ck_assert_uint_eq(cf_source_statistics(source).frames, 6);
    cf_source_close(&source);
}
END_TEST

/* Neither a damaged frame, nor one that is too short, nor a cancelled request ends the stream; the
 * cancelled one's buffer is not used again. */
START_TEST(damaged_short_and_cancelled_are_passed_over) {
    make_fake();
    add_event(0, 0)->is_damaged = 1;
    add_event(0, 1)->used = sizeof pixels - STRIDE;
    add_event(0, 2)->bytes = 5;
    add_event(0, 3)->data = NULL;
    add_event(-ECANCELED, 0);
    add_event(0, 4);
    cf_frame *frame;
    cf_source *source = open_started("libcamera:1", NULL);
    ck_assert_int_eq(cf_source_next(source, 500, &frame), CF_OK);
    ck_assert_uint_eq(frame->sequence, 4);
    cf_frame_unref(&frame);
    cf_source_stats stats = cf_source_statistics(source);
    ck_assert_uint_eq(stats.damaged, 5);
    ck_assert_uint_eq(stats.lost, 0);
    ck_assert_uint_eq(stats.frames, 1);
    ck_assert_int_eq(fake.released, 5);
    ck_assert_int_eq(error_count, 0);
    cf_source_close(&source);
}
END_TEST

START_TEST(unplugged_in_mid_stream) {
    make_fake();
    add_event(0, 0);
    add_event(-ENODEV, 0);
    add_event(-ENODEV, 0);
    cf_frame *frame, *kept;
    size_t live = cf_alloc_live();
    cf_source *source = open_started("libcamera:1", NULL);
    ck_assert_int_eq(cf_source_next(source, 100, &kept), CF_OK);
    ck_assert_int_eq(cf_source_next(source, 100, &frame), CF_ERR_DEVICE);
    ck_assert_ptr_null(frame);
    ck_assert_ptr_nonnull(strstr(last_error, "libcamera:1: the camera is gone"));
    ck_assert_int_eq(cf_source_next(source, 100, &frame), CF_ERR_DEVICE);
    cf_source_close(&source);
    /* a frame outlives the camera */
    ck_assert_mem_eq(cf_image_row(&kept->image, 0, 1), pixels + STRIDE, WIDTH);
    cf_frame_unref(&kept);
    ck_assert_uint_eq(cf_alloc_live(), live);
    source = open_started("libcamera:ov9281", NULL); /* it came back */
    ck_assert_int_eq(fake.first.frame_us, 33333);    /* the usual rate */
    ck_assert_double_eq_tol(cf_source_describe(source)->fps, 30, 0.001);
    cf_source_close(&source);
}
END_TEST

/* Libcamera before 0.0.5 dies of a camera that is plugged in again while its manager runs, so all
 * cameras are closed when one is unplugged; that is no error of theirs. */
START_TEST(another_camera_was_unplugged) {
    make_fake();
    add_event(-ESTALE, 0);
    cf_frame *frame;
    cf_source *source = open_started("libcamera:1", NULL);
    ck_assert_int_eq(cf_source_next(source, 100, &frame), CF_ERR_DEVICE);
    ck_assert_int_eq(error_count, 0);
    cf_source_close(&source);
    fake.list_status = -ESTALE;
    ck_assert_int_eq(cf_source_open("libcamera:1", NULL, &source), CF_ERR_DEVICE);
    ck_assert_int_eq(error_count, 0);
}
END_TEST

START_TEST(a_stall_is_a_timeout) {
    make_fake();
    cf_frame *frame;
    cf_source *source = open_started("libcamera:1", NULL);
    ck_assert_int_eq(cf_source_next(source, 20, &frame), CF_ERR_TIMEOUT);
    ck_assert_int_eq(cf_source_next(source, 0, &frame), CF_ERR_TIMEOUT);
    ck_assert_int_eq(error_count, 0);
    cf_source_close(&source);
}
END_TEST

START_TEST(a_taker_who_keeps_all_frames_loses_new_ones_visibly) {
    make_fake();
    for (uint32_t i = 0; i < 5; i++)
        add_event(0, i);
    cf_frame *kept[3], *frame;
    cf_source *source = open_started("libcamera:1", &(cf_source_params){.frames = 3});
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(cf_source_next(source, 100, &kept[i]), CF_OK);
    ck_assert_int_eq(cf_source_next(source, 20, &frame), CF_ERR_TIMEOUT);
    ck_assert_uint_eq(cf_source_statistics(source).overrun, 2);
    ck_assert_uint_eq(cf_source_statistics(source).lost, 0);
    ck_assert_int_eq(fake.released, 5); /* the camera itself never waits */
    cf_frame_unref(&kept[0]);
    add_event(0, 5);
    ck_assert_int_eq(cf_source_next(source, 100, &kept[0]), CF_OK);
    for (int i = 0; i < 3; i++)
        cf_frame_unref(&kept[i]);
    cf_source_close(&source);
}
END_TEST

START_TEST(a_mode_that_was_changed_is_refused_only_when_wished) {
    const cf_source_params wish = {.frames = 4, .width = WIDTH, .height = HEIGHT};
    make_fake();
    fake.setup.mode = (cf_libcamera_mode){"R8", WIDTH - 2, HEIGHT};
    check_fails("libcamera:1", &wish, CF_ERR_UNSUPPORTED,
                "asked for R8 6x4, the camera makes it R8 4x4");
    cf_source *source = open_started("libcamera:1", NULL);
    ck_assert_int_eq(cf_source_describe(source)->width, WIDTH - 2);
    cf_source_close(&source);
    fake.setup.mode = (cf_libcamera_mode){"SRGGB10_CSI2P", WIDTH, HEIGHT};
    source = open_started("libcamera:2", NULL);
    ck_assert_int_eq(cf_source_describe(source)->layout, CF_RAW_10P);
    cf_source_close(&source);
    check_fails("libcamera:2", &(cf_source_params){.frames = 4, .format = "SRGGB10"},
                CF_ERR_UNSUPPORTED, "makes it SRGGB10_CSI2P");
    fake.setup.mode = (cf_libcamera_mode){"RGGB_PISP_COMP1", WIDTH, HEIGHT};
    check_fails("libcamera:2", NULL, CF_ERR_UNSUPPORTED, "choose a 16-bit format");
    fake.setup.mode.width = 0;
    fake.setup.stride = 2 * WIDTH - 1;
    check_fails("libcamera:2", NULL, CF_ERR_DEVICE, "cannot hold");
}
END_TEST

START_TEST(what_cannot_be_opened_says_why) {
    make_fake();
    check_fails("libcamera:i2c0mux", NULL, CF_ERR_DEVICE, "fits several cameras: /base");
    check_fails("libcamera:", NULL, CF_ERR_DEVICE, "fits several cameras");
    check_fails("libcamera:3", NULL, CF_ERR_DEVICE, "no such camera; there are: /base");
    check_fails("libcamera:1", &(cf_source_params){.frames = 4, .kind = CF_CAMERA_COLOR},
                CF_ERR_UNSUPPORTED, "has no Bayer raw format; it offers R8 6x4");
    check_fails("libcamera:1",
                &(cf_source_params){.frames = 4, .format = "R10", .width = 8, .height = 4},
                CF_ERR_UNSUPPORTED, "has no format R10 of 8x4; it offers R8 6x4");
    check_fails("libcamera:2", &(cf_source_params){.frames = 4, .format = "RGGB_PISP_COMP1"},
                CF_ERR_UNSUPPORTED, "choose a 16-bit format");
    check_fails("libcamera:1", &(cf_source_params){.frames = 4, .sync = CF_SYNC_CLIENT},
                CF_ERR_UNSUPPORTED, "in step");
    fake.cameras[0].modes[0] = (cf_libcamera_mode){"MJPEG", WIDTH, HEIGHT};
    check_fails("libcamera:1", NULL, CF_ERR_UNSUPPORTED, "it offers nothing raw: MJPEG 6x4");
    fake.open_status = -EBUSY;
    check_fails("libcamera:2", NULL, CF_ERR_DEVICE, "busy");
    fake.open_status = -EACCES;
    check_fails("libcamera:2", NULL, CF_ERR_DEVICE, "no permission");
    fake.open_status = 0;
    fake.configure_status = -EINVAL;
    check_fails("libcamera:2", NULL, CF_ERR_DEVICE, "cannot set the format");
    fake.configure_status = 0;
    fake.list_status = -EIO;
    check_fails("libcamera:2", NULL, CF_ERR_DEVICE, "cannot list cameras");
    fake.list_status = -ENODEV;
    check_fails("libcamera:2", NULL, CF_ERR_DEVICE, "libcamera cannot list cameras");
    fake.list_status = 0;
    fake.camera_count = 0;
    check_fails("libcamera:2", NULL, CF_ERR_DEVICE, "libcamera finds no camera");
}
END_TEST

START_TEST(controls_are_clamped_and_started_with) {
    make_fake();
    const cf_source_params params = {.frames = 4, .fps = 25, .sync = CF_SYNC_SERVER};
    cf_source *source = open_started("libcamera:2", &params);
    const cf_source_info *info = cf_source_describe(source);
    ck_assert_int_eq(fake.first.frame_us, 40000);
    ck_assert_int_eq(fake.first.sync, 1);
    ck_assert_double_eq_tol(info->fps, 25, 1e-9);
    ck_assert_str_eq(info->uri, "libcamera:/base/soc/i2c0mux/i2c@2/imx219@10");
    ck_assert(info->sync_server && info->sync_client && info->is_live);
    ck_assert_double_eq(info->exposure_ns.max, 3e7);
    ck_assert_double_eq(info->frame_ns.min, 1e7);
    cf_source_controls wild = {.exposure_ns = INT64_MAX, .frame_ns = 1, .gain = 1e9};
    ck_assert_int_eq(cf_source_set(source, &wild), CF_OK);
    ck_assert_int_eq(fake.last.exposure_us, 30000);
    ck_assert_int_eq(fake.last.frame_us, 10000);
    ck_assert_float_eq(fake.last.gain, 16);
    ck_assert_int_eq(cf_source_set(source, &(cf_source_controls){0}), CF_OK);
    ck_assert(!fake.last.exposure_us && !fake.last.frame_us && !(fake.last.gain > 0));
    cf_source_close(&source);
    fake.setup.exposure_us = fake.setup.gain = fake.setup.frame_us = (cf_libcamera_range){0, 0};
    source = open_started("libcamera:2", &params); /* has no controls: nothing is set */
    ck_assert_int_eq(fake.first.frame_us, 0);
    ck_assert_int_eq(cf_source_set(source, &wild), CF_OK);
    ck_assert(!fake.last.exposure_us && !fake.last.frame_us && !(fake.last.gain > 0));
    cf_source_close(&source);
}
END_TEST

START_TEST(cameras_are_listed) {
    static cf_source_listing all[8], *mono = NULL, *color = NULL;
    make_fake();
    fake.busy_id = fake.cameras[1].id;
    size_t count = cf_source_list(all, 8);
    for (size_t i = 0; i < count && i < 8; i++) {
        if (strstr(all[i].uri, "libcamera:/base/soc/i2c0mux/i2c@1"))
            mono = &all[i];
        if (strstr(all[i].uri, "libcamera:/base/soc/i2c0mux/i2c@2"))
            color = &all[i];
    }
    ck_assert(mono && color);
    ck_assert_str_eq(mono->name, "ov9281");
    ck_assert_str_eq(mono->formats, "R8 6x4");
    ck_assert(mono->has_mono && !mono->has_color && !mono->trouble[0] && !mono->sync_server);
    ck_assert(!color->has_mono && color->has_color && color->sync_client);
    ck_assert_str_eq(color->formats, "SRGGB10 6x4");
    ck_assert_ptr_nonnull(strstr(color->trouble, "busy"));
    ck_assert_int_eq(fake.open, 0);
}
END_TEST

START_TEST(memory_that_runs_out_leaks_nothing) {
    make_fake();
    size_t live = cf_alloc_live();
    cf_status status = CF_ERR_MEMORY;
    for (long after = 0; status != CF_OK; after++) {
        cf_source *source = NULL;
        ck_assert_int_lt(after, 50);
        cf_alloc_fail_after(after);
        status = cf_source_open("libcamera:1", NULL, &source);
        cf_alloc_fail_after(-1);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        cf_source_close(&source);
        ck_assert_uint_eq(cf_alloc_live(), live);
        ck_assert_int_eq(fake.open, 0);
    }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, a_frame_carries_what_the_camera_said);
    tcase_add_test(tc, without_exposure_the_time_stays_the_start);
    tcase_add_test(tc, gaps_and_the_wrap_of_the_count);
    tcase_add_test(tc, damaged_short_and_cancelled_are_passed_over);
    tcase_add_test(tc, unplugged_in_mid_stream);
    tcase_add_test(tc, another_camera_was_unplugged);
    tcase_add_test(tc, a_stall_is_a_timeout);
    tcase_add_test(tc, a_taker_who_keeps_all_frames_loses_new_ones_visibly);
    tcase_add_test(tc, a_mode_that_was_changed_is_refused_only_when_wished);
    tcase_add_test(tc, what_cannot_be_opened_says_why);
    tcase_add_test(tc, controls_are_clamped_and_started_with);
    tcase_add_test(tc, cameras_are_listed);
    tcase_add_test(tc, memory_that_runs_out_leaks_nothing);
}

int main(void) {
    return test_run("libcamera_faults", add);
}
