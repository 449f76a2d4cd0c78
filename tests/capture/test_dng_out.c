/* SPDX-License-Identifier: Apache-2.0 */
/* DNG writer: what is written comes back through cf_raw_read, and exiftool, where installed, finds
 * nothing to complain about. Does not prove that other raw converters show the right colours. */
#include "capture/dng_out.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "capture/raw.h"
#include "tests/capture/tiff_maker.h"

enum { WIDTH = 41, HEIGHT = 29 };

static cf_frame *make_frame(int is_color) {
    static const float neutral[3] = {0.45F, 1, 0.71F};
    static const float ccm[9] = {1.7F, -0.6F, -0.1F, -0.25F, 1.5F, -0.25F, 0.05F, -0.55F, 1.5F};
    cf_frame *frame = NULL;
    ck_assert_int_eq(cf_frame_create(WIDTH, HEIGHT, &frame), CF_OK);
    for (int y = 0; y < HEIGHT; y++) {
        uint16_t *row = cf_image_row(&frame->image, 0, y);
        for (int x = 0; x < WIDTH; x++)
            row[x] = (uint16_t)((x * 7919 + y * 104729) & 0xFFFF);
    }
    cf_camera_profile *p = &frame->profile;
    p->is_color = is_color;
    p->white = 65535;
    for (int i = 0; i < 4; i++)
        p->black[i] = 256;
    p->noise = (cf_noise){3e-4F, 2e-6F};
    if (is_color) {
        memcpy(p->neutral, neutral, sizeof neutral);
        memcpy(p->ccm, ccm, sizeof ccm);
    }
    frame->exposure_ns = 12500000;
    frame->iso = 640;
    frame->aperture = 1.8;
    frame->focal_mm = 6;
    frame->orientation = 8;
    snprintf(frame->maker, sizeof frame->maker, "Acme");
    snprintf(frame->model, sizeof frame->model, "Lens 2");
    snprintf(frame->timestamp, sizeof frame->timestamp, "2026:03:04 05:06:07");
    return frame;
}

static void check_equal(const cf_frame *a, const cf_frame *b) {
    ck_assert_int_eq(b->image.width, WIDTH);
    ck_assert_int_eq(b->image.height, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        ck_assert_mem_eq(cf_image_row(&a->image, 0, y), cf_image_row(&b->image, 0, y), 2 * WIDTH);
    ck_assert_int_eq(a->profile.is_color, b->profile.is_color);
    ck_assert_float_eq(a->profile.white, b->profile.white);
    ck_assert_float_eq_tol(a->profile.noise.scale, b->profile.noise.scale, 1e-10);
    ck_assert_float_eq_tol(a->profile.noise.offset, b->profile.noise.offset, 1e-12);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq_tol(a->profile.black[i], b->profile.black[i], 1e-3);
    for (int i = 0; i < 3; i++)
        ck_assert_float_eq_tol(a->profile.neutral[i], b->profile.neutral[i], 1e-5);
    for (int i = 0; i < 9; i++)
        ck_assert_float_eq_tol(a->profile.ccm[i], b->profile.ccm[i], 2e-3);
    ck_assert_int_le(llabs(a->exposure_ns - b->exposure_ns), 10);
    ck_assert_float_eq_tol(a->iso, b->iso, 1e-3);
    ck_assert_float_eq_tol(a->aperture, b->aperture, 1e-3);
    ck_assert_float_eq_tol(a->focal_mm, b->focal_mm, 1e-3);
    ck_assert_int_eq(a->orientation, b->orientation);
    ck_assert_str_eq(a->maker, b->maker);
    ck_assert_str_eq(a->model, b->model);
    ck_assert_str_eq(a->timestamp, b->timestamp);
}

static void round_trip(const cf_frame *frame, const char *path) {
    cf_frame *back = NULL;
    ck_assert_int_eq(cf_dng_write(path, frame), CF_OK);
    ck_assert_int_eq(cf_raw_read(path, &back), CF_OK);
    check_equal(frame, back);
    cf_frame_unref(&back);
}

START_TEST(mono_comes_back) {
    cf_frame *frame = make_frame(0);
    round_trip(frame, test_path("out-mono.dng"));
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(colour_comes_back_in_every_mosaic_order) {
    static const unsigned char orders[4][4] = {
        {0, 1, 1, 2}, {1, 0, 2, 1}, {1, 2, 0, 1}, {2, 1, 1, 0}};
    cf_frame *frame = make_frame(1);
    cf_frame *back = NULL;
    const char *path = test_path("out-color.dng");
    for (int i = 0; i < 4; i++) {
        memcpy(frame->profile.cfa, orders[i], 4);
        round_trip(frame, path);
        ck_assert_int_eq(cf_raw_read(path, &back), CF_OK);
        ck_assert_mem_eq(back->profile.cfa, orders[i], 4);
        cf_frame_unref(&back);
    }
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(black_levels_per_site_come_back) {
    static const float black[4] = {256.5F, 255, 254.25F, 257};
    cf_frame *frame = make_frame(1);
    memcpy(frame->profile.black, black, sizeof black);
    round_trip(frame, test_path("out-black.dng"));
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(unknown_things_are_left_out) {
    cf_frame *frame = make_frame(0);
    frame->profile.noise = (cf_noise){0, 0};
    frame->exposure_ns = 0;
    frame->iso = frame->aperture = frame->focal_mm = 0;
    frame->timestamp[0] = 0;
    round_trip(frame, test_path("out-bare.dng"));
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(refuses_profiles_that_make_no_sense) {
    const char *path = test_path("out-never.dng");
    for (int i = 0; i < 5; i++) {
        cf_frame *frame = make_frame(1);
        cf_camera_profile *p = &frame->profile;
        if (i == 0)
            p->black[2] = 65535;
        else if (i == 1)
            p->neutral[0] = 0;
        else if (i == 2)
            memset(p->ccm, 0, sizeof p->ccm);
        else if (i == 3)
            p->cfa[0] = CF_CFA_B;
        else
            p->white = 1e6F;
        ck_assert_int_eq(cf_dng_write(path, frame), CF_ERR_INVALID);
        ck_assert_int_ne(access(path, F_OK), 0);
        cf_frame_unref(&frame);
    }
}
END_TEST

/* A file size limit stands in for a full disk. */
START_TEST(a_full_disk_leaves_nothing) {
    struct rlimit old;
    cf_frame *frame = make_frame(1);
    const char *path = test_path("out-full.dng");
    size_t live = cf_alloc_live();
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    struct rlimit small = {1000, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    cf_status status = cf_dng_write(path, frame);
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_int_eq(status, CF_ERR_IO);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_uint_eq(cf_alloc_live(), live);
    ck_assert_int_eq(cf_dng_write("/nowhere/x.dng", frame), CF_ERR_IO);
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(exiftool_finds_nothing_wrong) {
    if (system("exiftool -ver >/dev/null 2>&1") != 0) {
        fprintf(stderr, "SKIPPED: exiftool is not installed\n");
        return;
    }
    for (int is_color = 0; is_color < 2; is_color++) {
        cf_frame *frame = make_frame(is_color);
        char command[600];
        const char *path = test_path("out-exiftool.dng");
        ck_assert_int_eq(cf_dng_write(path, frame), CF_OK);
        snprintf(command, sizeof command,
                 "exiftool -validate -warning -error -a '%s' | grep -q 'Validate *: OK' && "
                 "exiftool -s3 -UniqueCameraModel '%s' | grep -qx 'Acme Lens 2'",
                 path, path);
        ck_assert_int_eq(system(command), 0);
        cf_frame_unref(&frame);
    }
}
END_TEST

START_TEST(dcraw_emu_develops_it) {
    if (system("command -v dcraw_emu >/dev/null 2>&1") != 0) {
        fprintf(stderr, "SKIPPED: dcraw_emu (Debian package libraw-bin) is not installed\n");
        return;
    }
    cf_frame *frame = make_frame(1);
    char command[700];
    const char *path = test_path("out-dcraw.dng");
    ck_assert_int_eq(cf_dng_write(path, frame), CF_OK);
    snprintf(command, sizeof command, "dcraw_emu -w -T -Z '%s.tif' '%s' && test -s '%s.tif'", path,
             path, path);
    ck_assert_int_eq(system(command), 0);
    cf_frame_unref(&frame);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, mono_comes_back);
    tcase_add_test(tc, colour_comes_back_in_every_mosaic_order);
    tcase_add_test(tc, black_levels_per_site_come_back);
    tcase_add_test(tc, unknown_things_are_left_out);
    tcase_add_test(tc, refuses_profiles_that_make_no_sense);
    tcase_add_test(tc, a_full_disk_leaves_nothing);
    tcase_add_test(tc, exiftool_finds_nothing_wrong);
    tcase_add_test(tc, dcraw_emu_develops_it);
}

int main(void) {
    return test_run("dng_out", add);
}
