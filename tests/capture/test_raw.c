/* SPDX-License-Identifier: Apache-2.0 */
/* Raw reader on small DNGs made by libtiff and by tifffile (data/, from the simulator that judges
 * us). Does not prove that proprietary formats decode right: that is LibRaw's own business. */
#include "capture/raw.h"

#include "base/alloc.h"
#include "tests/capture/tiff_maker.h"

static cf_frame *read_ok(const char *path) {
    cf_frame *frame = NULL;
    ck_assert_int_eq(cf_raw_read(path, &frame), CF_OK);
    ck_assert_ptr_nonnull(frame);
    return frame;
}

static void read_fails(const char *path, cf_status expected) {
    cf_frame *frame = NULL;
    ck_assert_int_eq(cf_raw_read(path, &frame), expected);
    ck_assert_ptr_null(frame);
}

static uint16_t code_at(const cf_frame *frame, int x, int y) {
    const uint16_t *row = cf_image_row(&frame->image, 0, y);
    return row[x];
}

static const char *data_path(const char *name) {
    static char path[400];
    const char *source = getenv("CHROMAFUSE_SOURCE");
    snprintf(path, sizeof path, "%s/tests/capture/data/%s", source ? source : ".", name);
    return path;
}

/* What the simulator wrote: code = 260 + o * 1000 + 100 y + 7 x, +10000 where x y = 45. */
static void check_codes(const cf_frame *frame, int o) {
    ck_assert_int_eq(frame->image.width, 26);
    ck_assert_int_eq(frame->image.height, 24);
    for (int y = 0; y < 24; y++)
        for (int x = 0; x < 26; x++)
            ck_assert_int_eq(code_at(frame, x, y),
                             260 + o * 1000 + 100 * y + 7 * x + (x * y == 45) * 10000);
}

START_TEST(reads_the_simulators_mono_raw) {
    cf_frame *frame = read_ok(data_path("rigfiles_mono.dng"));
    const cf_camera_profile *p = &frame->profile;
    check_codes(frame, 1);
    ck_assert_int_eq(p->is_color, 0);
    ck_assert_int_eq(p->width, 26);
    ck_assert_int_eq(p->height, 24);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(p->black[i], 270);
    ck_assert_float_eq(p->white, 16383);
    ck_assert_float_eq_tol(p->noise.scale, 1 / 3000.0F, 1e-9);
    ck_assert_float_eq_tol(p->noise.offset, 4 / 9e6F, 1e-12);
    ck_assert_str_eq(frame->model, "mono");
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(reads_the_simulators_colour_raw) {
    static const float neutral[3] = {0.5F, 1, 0.62F};
    static const unsigned char rggb[4] = {CF_CFA_R, CF_CFA_G, CF_CFA_G, CF_CFA_B};
    cf_frame *frame = read_ok(data_path("rigfiles_color.dng"));
    const cf_camera_profile *p = &frame->profile;
    check_codes(frame, 2);
    ck_assert_int_eq(p->is_color, 1);
    ck_assert_mem_eq(p->cfa, rggb, 4);
    ck_assert_float_eq(p->black[3], 271);
    ck_assert_float_eq_tol(p->noise.scale, 1e-3F, 1e-9);
    for (int i = 0; i < 3; i++)
        ck_assert_float_eq_tol(p->neutral[i], neutral[i], 1e-5);
    /* the simulated camera sees Rec.709 times the neutral, so its matrix is the identity */
    for (int i = 0; i < 9; i++)
        ck_assert_float_eq_tol(p->ccm[i], i % 4 == 0 ? 1.0F : 0.0F, 1e-3);
    cf_frame_unref(&frame);
}
END_TEST

/* DNG counts the mosaic from the active area's corner. LibRaw makes odd margins even, which costs
 * a row and a column and must turn the mosaic with it. */
START_TEST(crops_to_the_active_area_without_moving_the_mosaic) {
    tiff_maker m = TIFF_MAKER_BAYER;
    m.height = 31;
    memcpy(m.black, (const float[]){60, 61, 62, 63.5F}, 4 * sizeof(float));
    m.blacks = 4;
    const uint32_t active[4] = {3, 5, 27, 31};
    memcpy(m.active, active, sizeof active);
    memcpy(m.cfa, (const unsigned char[]){1, 2, 0, 1}, 4); /* GBRG */
    cf_frame *frame = read_ok(tiff_maker_write(&m, "active.dng"));
    int left = 31 - frame->image.width;
    int top = 27 - frame->image.height;
    ck_assert(left == 5 || left == 6);
    ck_assert(top == 3 || top == 4);
    ck_assert_int_eq(code_at(frame, 0, 0), tiff_maker_code(left, top, 0));
    for (int i = 0; i < 4; i++) {
        int x = (i % 2 + left - 5) % 2;
        int y = (i / 2 + top - 3) % 2;
        ck_assert_int_eq(frame->profile.cfa[i], m.cfa[2 * y + x]);
        ck_assert_float_eq_tol(frame->profile.black[i], m.black[2 * y + x], 1e-4);
    }
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(keeps_black_levels_per_site_with_fractions) {
    static const float black[4] = {64.5F, 60, 61.25F, 66};
    tiff_maker m = TIFF_MAKER_BAYER;
    memcpy(m.black, black, sizeof black);
    m.blacks = 4;
    cf_frame *frame = read_ok(tiff_maker_write(&m, "black4.dng"));
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq_tol(frame->profile.black[i], black[i], 1e-4);
    ck_assert_float_eq(frame->profile.white, 1023);
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(reads_big_endian_orientation_and_odd_sizes) {
    tiff_maker m = TIFF_MAKER_BAYER;
    m.mode = "wb";
    m.width = 33;
    m.height = 27;
    for (m.orientation = 1; m.orientation <= 8; m.orientation++) {
        cf_frame *frame = read_ok(tiff_maker_write(&m, "big.dng"));
        ck_assert_int_eq(frame->orientation, m.orientation);
        ck_assert_int_eq(frame->image.width, 33);
        ck_assert_int_eq(code_at(frame, 32, 26), tiff_maker_code(32, 26, 0));
        cf_frame_unref(&frame);
    }
}
END_TEST

START_TEST(finds_the_noise_of_the_raw_sub_directory) {
    tiff_maker m = TIFF_MAKER_BAYER;
    m.in_sub_ifd = 1;
    m.noises = 6;
    m.noise_type = TIFF_DOUBLE;
    memcpy(m.noise, (const double[]){1e-3, 1e-6, 2e-3, 2e-6, 3e-3, -1e-9}, 6 * sizeof(double));
    cf_frame *frame = read_ok(tiff_maker_write(&m, "sub.dng"));
    ck_assert_int_eq(code_at(frame, 3, 2), tiff_maker_code(3, 2, 0));
    ck_assert_float_eq_tol(frame->profile.noise.scale, 2e-3F, 1e-8);
    ck_assert_float_eq_tol(frame->profile.noise.offset, 1e-6F, 1e-10); /* negative counts as 0 */
    cf_frame_unref(&frame);
}
END_TEST

START_TEST(ignores_a_nonsensical_noise_profile) {
    static const struct {
        TIFFDataType type;
        int count;
        double values[4];
    } cases[] = {
        {TIFF_FLOAT, 2, {1e-3, 1e-6}},
        {TIFF_DOUBLE, 3, {1e-3, 1e-6, 1}},
        {TIFF_DOUBLE, 1, {1e-3}},
        {TIFF_DOUBLE, 2, {-1e-3, 1e-6}},
        {TIFF_DOUBLE, 2, {0.0 / 0.0, 1e-6}},
        {TIFF_DOUBLE, 2, {1e-3, 1e300}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tiff_maker m = TIFF_MAKER_BAYER;
        m.noise_type = cases[i].type;
        m.noises = cases[i].count;
        memcpy(m.noise, cases[i].values, sizeof cases[i].values);
        cf_frame *frame = read_ok(tiff_maker_write(&m, "noise.dng"));
        ck_assert_float_eq(frame->profile.noise.scale, 0);
        ck_assert_float_eq(frame->profile.noise.offset, 0);
        cf_frame_unref(&frame);
    }
}
END_TEST

START_TEST(refuses_what_is_no_bayer_or_mono_raw) {
    tiff_maker xtrans = TIFF_MAKER_BAYER;
    xtrans.cfa_side = 6;
    for (int i = 0; i < 36; i++)
        xtrans.cfa[i] = (unsigned char)((i % 6 + i / 6) % 3);
    read_fails(tiff_maker_write(&xtrans, "xtrans.dng"), CF_ERR_UNSUPPORTED);
    tiff_maker linear = TIFF_MAKER_BAYER;
    linear.cfa_side = 0;
    linear.samples = 3;
    linear.photometric = LINEAR_RAW;
    read_fails(tiff_maker_write(&linear, "linear.dng"), CF_ERR_UNSUPPORTED);
    tiff_maker real = TIFF_MAKER_BAYER;
    real.bits = 32;
    real.is_float = 1;
    read_fails(tiff_maker_write(&real, "float.dng"), CF_ERR_UNSUPPORTED);
    tiff_maker cyan = TIFF_MAKER_BAYER;
    memcpy(cyan.cfa, (const unsigned char[]){0, 1, 2, 2}, 4); /* two blue sites, one green */
    read_fails(tiff_maker_write(&cyan, "cell.dng"), CF_ERR_UNSUPPORTED);
    tiff_maker small = TIFF_MAKER_BAYER;
    small.width = 8; /* LibRaw takes nothing below 22 pixels for a raw */
    read_fails(tiff_maker_write(&small, "small.dng"), CF_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(refuses_impossible_levels) {
    tiff_maker m = TIFF_MAKER_BAYER;
    m.black[0] = 2000;
    read_fails(tiff_maker_write(&m, "levels.dng"), CF_ERR_FORMAT);
}
END_TEST

START_TEST(names_missing_empty_and_foreign_files) {
    read_fails(test_path("nowhere.dng"), CF_ERR_IO);
    read_fails("/", CF_ERR_IO);
    const char *path = test_path("empty.dng");
    FILE *f = fopen(path, "wb");
    fclose(f);
    read_fails(path, CF_ERR_IO);
    f = fopen(path, "wb");
    for (int i = 0; i < 5000; i++)
        fputc((i * 7919) >> 3 & 255, f);
    fclose(f);
    read_fails(path, CF_ERR_FORMAT);
}
END_TEST

/* Cut anywhere, a raw is an error, never a picture with a made-up rest. */
START_TEST(refuses_every_truncation) {
    tiff_maker m = TIFF_MAKER_BAYER;
    const char *whole = tiff_maker_write(&m, "whole.dng");
    char bytes[8192];
    FILE *f = fopen(whole, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    ck_assert_uint_lt(size, sizeof bytes);
    const char *path = test_path("cut.dng");
    cf_log_set(NULL, NULL, CF_LOG_ERROR); /* hundreds of equal lines */
    for (size_t cut = 1; cut < size; cut += cut < 16 || cut > size - 300 ? 1 : 97) {
        cf_frame *frame = NULL;
        unlink(path); /* truncating an old file makes some file systems wait for the disk */
        f = fopen(path, "wb");
        fwrite(bytes, 1, cut, f);
        fclose(f);
        cf_status status = cf_raw_read(path, &frame);
        /* the last bytes hold tag values that have defaults: there, whole codes are enough */
        if (status == CF_OK) {
            ck_assert_uint_gt(cut, 8 + 2 * 32 * 24);
            ck_assert_int_eq(code_at(frame, 31, 23), tiff_maker_code(31, 23, 0));
            cf_frame_unref(&frame);
        }
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    unlink(path);
}
END_TEST

START_TEST(survives_lack_of_memory) {
    tiff_maker m = TIFF_MAKER_BAYER;
    const char *path = tiff_maker_write(&m, "memory.dng");
    size_t live = cf_alloc_live();
    for (long after = 0; after < 2; after++) {
        cf_alloc_fail_after(after);
        read_fails(path, CF_ERR_MEMORY);
    }
    cf_alloc_fail_after(-1);
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, reads_the_simulators_mono_raw);
    tcase_add_test(tc, reads_the_simulators_colour_raw);
    tcase_add_test(tc, crops_to_the_active_area_without_moving_the_mosaic);
    tcase_add_test(tc, keeps_black_levels_per_site_with_fractions);
    tcase_add_test(tc, reads_big_endian_orientation_and_odd_sizes);
    tcase_add_test(tc, finds_the_noise_of_the_raw_sub_directory);
    tcase_add_test(tc, ignores_a_nonsensical_noise_profile);
    tcase_add_test(tc, refuses_what_is_no_bayer_or_mono_raw);
    tcase_add_test(tc, refuses_impossible_levels);
    tcase_add_test(tc, names_missing_empty_and_foreign_files);
    tcase_add_test(tc, refuses_every_truncation);
    tcase_add_test(tc, survives_lack_of_memory);
}

int main(void) {
    TIFFSetWarningHandler(NULL);
    return test_run("raw", add);
}
