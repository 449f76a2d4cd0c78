/* SPDX-License-Identifier: Apache-2.0 */
/* DNG writer: what is written comes back through cf_raw_read, and exiftool, where installed, finds
 * nothing to complain about. Does not prove that other raw converters show the right colours. */
#include "capture/dng_out.h"

#include <signal.h>
#include <sys/resource.h>

#include <time.h>

#include "base/alloc.h"
#include "capture/exif.h"
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

START_TEST(packed_codes_come_back) {
    static const cf_raw_format layouts[] = {CF_RAW_8,   CF_RAW_10, CF_RAW_10P, CF_RAW_12,
                                            CF_RAW_12P, CF_RAW_14, CF_RAW_14P, CF_RAW_16};
    const char *path = test_path("out-packed.dng");
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        cf_frame_pool *pool;
        cf_frame *back, *codes;
        ck_assert_int_eq(cf_frame_pool_create(WIDTH, HEIGHT, layouts[i], 1, &pool), CF_OK);
        cf_frame *frame = cf_frame_pool_get(pool);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < frame->image.width; x++)
                *((unsigned char *)cf_image_row(&frame->image, 0, y) + x) =
                    (unsigned char)(x * 89 + y * 57 + (x * y >> 2));
        frame->profile.is_color = i % 2;
        frame->profile.white = (float)((1 << cf_raw_bits(layouts[i])) - 1);
        ck_assert_int_eq(cf_dng_write(path, frame), CF_OK);
        ck_assert_int_eq(cf_raw_read(path, &back), CF_OK);
        ck_assert_int_eq(cf_frame_create(WIDTH, HEIGHT, &codes), CF_OK);
        ck_assert_int_eq(cf_frame_codes(frame, &codes->image), CF_OK);
        ck_assert_int_eq(back->image.width, WIDTH);
        ck_assert_float_eq(back->profile.white, frame->profile.white);
        for (int y = 0; y < HEIGHT; y++)
            ck_assert_mem_eq(cf_image_row(&back->image, 0, y), cf_image_row(&codes->image, 0, y),
                             2 * WIDTH);
        frame->profile.width += 2; /* rows that do not hold what the profile says */
        if (cf_raw_bytes(layouts[i], WIDTH + 2) > frame->image.width)
            ck_assert_int_eq(cf_dng_write(path, frame), CF_ERR_INVALID);
        frame->profile.width -= 2;
        cf_frame_unref(&frame);
        cf_frame_unref(&back);
        cf_frame_unref(&codes);
        cf_frame_pool_destroy(&pool);
    }
}
END_TEST

/* Pictures larger than a chunk, whose rows lie apart. */
START_TEST(many_rows_that_lie_apart_come_back) {
    enum { WIDE = 401, HIGH = 700 };
    cf_frame *frame, *back;
    const char *path = test_path("out-rows.dng");
    ck_assert_int_eq(cf_frame_create(WIDE, HIGH, &frame), CF_OK);
    ck_assert_uint_ne(frame->image.stride, 2 * WIDE);
    for (int y = 0; y < HIGH; y++)
        for (int x = 0; x < WIDE; x++)
            *((uint16_t *)cf_image_row(&frame->image, 0, y) + x) = (uint16_t)(x * 31 + y * 17);
    ck_assert_int_eq(cf_dng_write(path, frame), CF_OK);
    ck_assert_int_eq(cf_raw_read(path, &back), CF_OK);
    for (int y = 0; y < HIGH; y++)
        ck_assert_mem_eq(cf_image_row(&frame->image, 0, y), cf_image_row(&back->image, 0, y),
                         2 * WIDE);
    cf_frame_unref(&frame);
    cf_frame_unref(&back);
}
END_TEST

/* 1790000000 is 2026-09-21 14:13:20 UTC (date -u -d @1790000000). */
START_TEST(times_tell_the_zone_and_the_fraction) {
    cf_exif_times times;
    cf_frame *frame = make_frame(0), *back;
    const char *path = test_path("out-times.dng");
    frame->wall_ns = 1790000000012345678;
    frame->iso = 0;
    frame->gain = 2.56;
    setenv("TZ", "XXX-5:30", 1);
    tzset();
    cf_exif_times_of(frame, &times);
    ck_assert_str_eq(times.date, "2026:09:21 19:43:20");
    ck_assert_str_eq(times.fraction, "012345");
    ck_assert_str_eq(times.offset, "+05:30");
    ck_assert_int_eq(cf_dng_write(path, frame), CF_OK);
    ck_assert_int_eq(cf_raw_read(path, &back), CF_OK);
    ck_assert_str_eq(back->timestamp, times.date);
    ck_assert_float_eq_tol(back->gain, 2.56, 1e-3);
    cf_frame_unref(&back);
    setenv("TZ", "YYY3", 1);
    tzset();
    cf_exif_times_of(frame, &times);
    ck_assert_str_eq(times.offset, "-03:00");
    unsetenv("TZ");
    tzset();
    frame->wall_ns = 0;
    cf_exif_times_of(frame, &times);
    ck_assert_str_eq(times.date, frame->timestamp);
    ck_assert(!times.fraction[0] && !times.offset[0]);
    snprintf(frame->timestamp, sizeof frame->timestamp, "yesterday");
    cf_exif_times_of(frame, &times);
    ck_assert_str_eq(times.date, "");
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
    tcase_add_test(tc, packed_codes_come_back);
    tcase_add_test(tc, many_rows_that_lie_apart_come_back);
    tcase_add_test(tc, times_tell_the_zone_and_the_fraction);
    tcase_add_test(tc, unknown_things_are_left_out);
    tcase_add_test(tc, refuses_profiles_that_make_no_sense);
    tcase_add_test(tc, a_full_disk_leaves_nothing);
    tcase_add_test(tc, exiftool_finds_nothing_wrong);
    tcase_add_test(tc, dcraw_emu_develops_it);
}

int main(void) {
    return test_run("dng_out", add);
}
