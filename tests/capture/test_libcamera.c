/* SPDX-License-Identifier: Apache-2.0 */
/* libcamera's formats, choices and clock, and the real library on a machine without a camera. Does
 * not prove that a camera streams: test_libcamera_faults does that on a bridge of its own, and the
 * emulated USB cameras of tests/vm on the real one. */
#include <string.h>

#include "base/alloc.h"
#include "capture/libcamera_modes.h"
#include "capture/source_backend.h"
#include "tests/test_main.h"

extern const cf_source_backend cf_source_backend_libcamera;

static char last_error[1024];

static void keep_error(void *user, cf_log_level level, const char *line) {
    (void)user;
    if (level == CF_LOG_ERROR)
        snprintf(last_error, sizeof last_error, "%s", line);
}

/* Layouts as include/uapi/linux/videodev2.h and the MIPI CSI-2 sections of the kernel's pixel
 * format documentation describe them. */
START_TEST(raw_formats_are_known_by_name) {
    static const struct {
        const char *name;
        int is_color;
        unsigned char cfa[4];
        cf_raw_format layout;
    } known[] = {
        {"R8", 0, {0, 1, 1, 2}, CF_RAW_8},
        {"R10", 0, {0, 1, 1, 2}, CF_RAW_10},
        {"R12", 0, {0, 1, 1, 2}, CF_RAW_12},
        {"R16", 0, {0, 1, 1, 2}, CF_RAW_16},
        {"R10_CSI2P", 0, {0, 1, 1, 2}, CF_RAW_10P},
        {"R12_CSI2P", 0, {0, 1, 1, 2}, CF_RAW_12P},
        {"SRGGB8", 1, {0, 1, 1, 2}, CF_RAW_8},
        {"SGRBG10", 1, {1, 0, 2, 1}, CF_RAW_10},
        {"SGBRG12", 1, {1, 2, 0, 1}, CF_RAW_12},
        {"SBGGR14", 1, {2, 1, 1, 0}, CF_RAW_14},
        {"SRGGB16", 1, {0, 1, 1, 2}, CF_RAW_16},
        {"SBGGR10_CSI2P", 1, {2, 1, 1, 0}, CF_RAW_10P},
        {"SGRBG12_CSI2P", 1, {1, 0, 2, 1}, CF_RAW_12P},
        {"SGBRG14_CSI2P", 1, {1, 2, 0, 1}, CF_RAW_14P},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        cf_libcamera_format format;
        ck_assert_msg(cf_libcamera_format_find(known[i].name, &format), "%s", known[i].name);
        ck_assert_int_eq(format.is_color, known[i].is_color);
        ck_assert_int_eq(format.layout, known[i].layout);
        ck_assert_mem_eq(format.cfa, known[i].cfa, 4);
    }
}
END_TEST

START_TEST(other_formats_are_not_taken_for_raw) {
    static const char *const others[] = {"",
                                         "R",
                                         "RGB888",
                                         "RGB565",
                                         "YUYV",
                                         "MJPEG",
                                         "NV12",
                                         "S",
                                         "SRGGB",
                                         "SRGGB9",
                                         "SRGGB10_IPU3",
                                         "SRGGB8_CSI2P",
                                         "R10 ",
                                         "SRGGB16_BE",
                                         "RGGB_PISP_COMP1",
                                         "R16_CSI2P",
                                         "srggb8",
                                         "<INVALID>-0",
                                         "MONO_PISP_COMP1",
                                         "R10_CSI2P_"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cf_libcamera_format format;
        ck_assert_msg(!cf_libcamera_format_find(others[i], &format), "%s", others[i]);
    }
}
END_TEST

static const cf_libcamera_about both_kinds = {
    .mode_count = 8,
    .modes = {{"YUYV", 4096, 4096},
              {"R8", 640, 480},
              {"R8", 1280, 720},
              {"R10_CSI2P", 640, 480},
              {"R10_CSI2P", 1280, 720},
              {"R10", 1280, 720},
              {"SRGGB8", 320, 240},
              {"RGGB_PISP_COMP1", 1920, 1080}},
};

START_TEST(the_best_mode_that_meets_the_wishes_is_chosen) {
    const cf_libcamera_about *all = &both_kinds;
    const struct {
        cf_source_params wish;
        int index; /* -1: none */
    } cases[] = {
        {{.kind = CF_CAMERA_ANY}, 4}, /* largest, most bits, first listed */
        {{.kind = CF_CAMERA_MONO}, 4},
        {{.kind = CF_CAMERA_COLOR}, 6},
        {{.format = "r8"}, 2},
        {{.format = "R10"}, 5},
        {{.width = 640, .height = 480}, 3},
        {{.format = "R8", .width = 640, .height = 480}, 1},
        {{.format = "R8", .width = 640, .height = 481}, -1},
        {{.format = "R8", .kind = CF_CAMERA_COLOR}, -1},
        {{.format = "YUYV"}, -1},
        {{.format = "RGGB_PISP_COMP1"}, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cf_libcamera_mode *mode = cf_libcamera_mode_choose(all, &cases[i].wish);
        const cf_libcamera_mode *expected = cases[i].index < 0 ? NULL : &all->modes[cases[i].index];
        ck_assert_msg(mode == expected, "case %zu: %s", i, mode ? mode->format : "none");
    }
}
END_TEST

START_TEST(modes_are_written_for_people) {
    char text[200], small[20];
    cf_libcamera_modes_text(&both_kinds, 1, text, sizeof text);
    ck_assert_str_eq(text, "R8 640x480,1280x720; R10_CSI2P 640x480,1280x720; R10 1280x720; "
                           "SRGGB8 320x240");
    cf_libcamera_modes_text(&both_kinds, 0, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "YUYV 4096x4096; R8"));
    cf_libcamera_modes_text(&both_kinds, 1, small, sizeof small);
    ck_assert_str_eq(small, "R8 640x480...");
}
END_TEST

START_TEST(boot_time_becomes_monotonic_time) {
    const int64_t second = 1000000000, slept = 3600 * second, now = 100 * second;
    /* a frame of 30 ms ago by each clock, on a machine that has slept and on one that has not */
    int64_t taken = now - 30000000;
    ck_assert_int_eq(cf_libcamera_monotonic(taken + slept, now, slept), taken);
    ck_assert_int_eq(cf_libcamera_monotonic(taken, now, slept), taken);
    ck_assert_int_eq(cf_libcamera_monotonic(taken, now, 0), taken);
    ck_assert_int_eq(cf_libcamera_monotonic(now, now, slept), now);
}
END_TEST

/* Where there are cameras (an emulated machine), what it lists must be in order; where there are
 * none, opening says so. */
START_TEST(the_real_library_is_asked) {
    static cf_source_listing cameras[4];
    cf_source *source = NULL;
    size_t live = cf_alloc_live();
    size_t count = cf_source_backend_libcamera.list(cameras, 4);
    ck_assert_uint_eq(cf_alloc_live(), live);
    for (size_t i = 0; i < count && i < 4; i++) {
        ck_assert_int_eq(strncmp(cameras[i].uri, "libcamera:", 10), 0);
        ck_assert(cameras[i].name[0] && memchr(cameras[i].formats, 0, sizeof cameras[i].formats));
    }
    cf_log_set(keep_error, NULL, CF_LOG_ERROR);
    cf_status status = cf_source_open("libcamera:no such camera", NULL, &source);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_ptr_null(source);
    ck_assert_uint_eq(cf_alloc_live(), live);
    ck_assert_int_eq(strncmp(last_error, "libcamera:no such camera: ", 26), 0);
    if (status == CF_ERR_UNSUPPORTED) { /* built without libcamera */
        ck_assert_ptr_nonnull(strstr(last_error, "without libcamera"));
        return;
    }
    ck_assert_int_eq(status, CF_ERR_DEVICE);
    ck_assert_ptr_nonnull(strstr(last_error, count ? "no such camera" : "finds no camera"));
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, raw_formats_are_known_by_name);
    tcase_add_test(tc, other_formats_are_not_taken_for_raw);
    tcase_add_test(tc, the_best_mode_that_meets_the_wishes_is_chosen);
    tcase_add_test(tc, modes_are_written_for_people);
    tcase_add_test(tc, boot_time_becomes_monotonic_time);
    tcase_add_test(tc, the_real_library_is_asked);
}

int main(void) {
    return test_run("libcamera", add);
}
