/* SPDX-License-Identifier: Apache-2.0 */
/* Picture writers, read back by the format libraries themselves. Does not prove what viewers make
 * of the profile: the numbers in it are checked by hand in exiftool's listing. */
#include "capture/picture_out.h"

#include <math.h>
#include <png.h>
#include <signal.h>
#include <sys/resource.h>

#include <jpeglib.h>

#include "base/alloc.h"
#include "capture/exif.h"
#include "capture/icc.h"
#include "tests/capture/tiff_maker.h"

enum { WIDTH = 37, HEIGHT = 21 };

static cf_frame camera(void) {
    cf_frame frame = {.exposure_ns = 16666667,
                      .iso = 800,
                      .aperture = 2.8,
                      .focal_mm = 25,
                      .orientation = 6,
                      .maker = "Acme",
                      .model = "Two",
                      .timestamp = "2026:01:02 03:04:05"};
    return frame;
}

/* Sample c of pixel x, y as a share of the format's white. */
static double value(int x, int y, int c) {
    return ((x * 31 + y * 57 + c * 101) % 256) / 255.0;
}

static cf_image make(cf_pixel format, int planes) {
    cf_image image;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, planes, format, &image), CF_OK);
    int samples = format >= CF_PIXEL_RGB8 ? 3 : 1;
    for (int p = 0; p < planes; p++)
        for (int y = 0; y < HEIGHT; y++)
            for (int i = 0; i < WIDTH * samples; i++) {
                void *row = cf_image_row(&image, p, y);
                double v = samples == 3 ? value(i / 3, y, i % 3) : value(i, y, p);
                if (cf_pixel_bytes(format) == (size_t)samples)
                    ((uint8_t *)row)[i] = (uint8_t)lround(v * 255);
                else if (cf_pixel_bytes(format) == 2 * (size_t)samples)
                    ((uint16_t *)row)[i] = (uint16_t)lround(v * 65535);
                else
                    ((float *)row)[i] = (float)v;
            }
    return image;
}

static void check_tiff(const char *path, int samples, int bits, int has_icc) {
    uint16_t read_samples = 0;
    uint16_t read_bits = 0;
    uint16_t sample_format = 1;
    uint32_t size = 0;
    void *icc = NULL;
    char *model = NULL;
    TIFF *tif = TIFFOpen(path, "r");
    ck_assert_ptr_nonnull(tif);
    TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLESPERPIXEL, &read_samples);
    TIFFGetFieldDefaulted(tif, TIFFTAG_BITSPERSAMPLE, &read_bits);
    TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLEFORMAT, &sample_format);
    ck_assert_int_eq(read_samples, samples);
    ck_assert_int_eq(read_bits, bits);
    ck_assert_int_eq(sample_format, bits == 32 ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT);
    ck_assert_int_eq(TIFFGetField(tif, TIFFTAG_ICCPROFILE, &size, &icc), has_icc);
    ck_assert_int_eq(TIFFGetField(tif, TIFFTAG_MODEL, &model), 1);
    ck_assert_str_eq(model, "Two");
    unsigned char row[WIDTH * 3 * 4];
    for (int y = 0; y < HEIGHT; y++) {
        ck_assert_int_eq(TIFFReadScanline(tif, row, (uint32_t)y, 0), 1);
        for (int i = 0; i < WIDTH * samples; i++) {
            double expected = value(i / samples, y, i % samples);
            double got = bits == 8    ? row[i] / 255.0
                         : bits == 16 ? ((uint16_t *)row)[i] / 65535.0
                                      : (double)((float *)row)[i];
            ck_assert_float_eq_tol(got, expected, 1e-6);
        }
    }
    uint64_t exif = 0;
    float exposure = 0;
    ck_assert_int_eq(TIFFGetField(tif, TIFFTAG_EXIFIFD, &exif), 1);
    ck_assert_int_eq(TIFFReadEXIFDirectory(tif, exif), 1);
    ck_assert_int_eq(TIFFGetField(tif, EXIFTAG_EXPOSURETIME, &exposure), 1);
    ck_assert_float_eq_tol(exposure, 1 / 60.0F, 1e-6);
    TIFFClose(tif);
}

START_TEST(tiff_of_every_pixel_format_and_depth) {
    static const struct {
        cf_pixel format;
        int planes, samples;
    } kinds[] = {{CF_PIXEL_U8, 1, 1},  {CF_PIXEL_U16, 3, 3},   {CF_PIXEL_F32, 1, 1},
                 {CF_PIXEL_F32, 3, 3}, {CF_PIXEL_RGB8, 1, 3},  {CF_PIXEL_RGB16, 1, 3},
                 {CF_PIXEL_U16, 1, 1}, {CF_PIXEL_RGBF32, 1, 3}};
    cf_frame about = camera();
    const char *path = test_path("picture.tif");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int depth = 8; depth <= 32; depth *= 2) {
            cf_image image = make(kinds[i].format, kinds[i].planes);
            cf_picture_out_params params = CF_PICTURE_OUT_DEFAULTS;
            params.depth = depth;
            params.about = &about;
            ck_assert_int_eq(cf_picture_write(path, &image, &params), CF_OK);
            check_tiff(path, kinds[i].samples, depth, depth != 32);
            cf_image_free(&image);
        }
}
END_TEST

START_TEST(png_keeps_every_code_profile_and_exif) {
    cf_frame about = camera();
    const char *path = test_path("picture.png");
    for (int depth = 8; depth <= 16; depth += 8) {
        cf_image image = make(CF_PIXEL_U16, 3);
        cf_picture_out_params params = CF_PICTURE_OUT_DEFAULTS;
        params.depth = depth;
        params.about = &about;
        ck_assert_int_eq(cf_picture_write(path, &image, &params), CF_OK);
        FILE *f = fopen(path, "rb");
        png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
        png_infop info = png_create_info_struct(png);
        png_init_io(png, f);
        png_read_png(png, info, PNG_TRANSFORM_SWAP_ENDIAN, NULL);
        ck_assert_int_eq(png_get_bit_depth(png, info), depth);
        ck_assert_int_eq(png_get_color_type(png, info), PNG_COLOR_TYPE_RGB);
        ck_assert_int_ne((int)png_get_valid(png, info, PNG_INFO_iCCP), 0);
        ck_assert_int_ne((int)png_get_valid(png, info, PNG_INFO_eXIf), 0);
        png_bytepp rows = png_get_rows(png, info);
        for (int y = 0; y < HEIGHT; y++)
            for (int i = 0; i < WIDTH * 3; i++) {
                double got = depth == 8 ? rows[y][i] / 255.0 : ((uint16_t *)rows[y])[i] / 65535.0;
                ck_assert_float_eq_tol(got, value(i / 3, y, i % 3), 1e-6);
            }
        png_destroy_read_struct(&png, &info, NULL);
        fclose(f);
        cf_image_free(&image);
    }
}
END_TEST

START_TEST(jpeg_is_close_and_carries_exif_and_profile) {
    cf_frame about = camera();
    const char *path = test_path("picture.jpeg");
    cf_image image;
    ck_assert_int_eq(cf_image_alloc(64, 48, 3, CF_PIXEL_F32, &image), CF_OK);
    for (int y = 0; y < 48; y++)
        for (int x = 0; x < 64; x++)
            for (int c = 0; c < 3; c++)
                ((float *)cf_image_row(&image, c, y))[x] = (float)(x + y + 20 * c) / 160;
    cf_picture_out_params params = CF_PICTURE_OUT_DEFAULTS;
    params.about = &about;
    ck_assert_int_eq(cf_picture_write(path, &image, &params), CF_OK);
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *f = fopen(path, "rb");
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_stdio_src(&jpeg, f);
    jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_save_markers(&jpeg, JPEG_APP0 + 2, 0xFFFF);
    jpeg_read_header(&jpeg, TRUE);
    JOCTET *icc = NULL;
    unsigned icc_size = 0;
    ck_assert_int_eq(jpeg_read_icc_profile(&jpeg, &icc, &icc_size), TRUE);
    free(icc);
    ck_assert_mem_eq(jpeg.marker_list->data, "Exif\0\0II*", 9);
    ck_assert_int_eq(jpeg.comp_info[0].h_samp_factor, 1); /* 4:4:4 */
    jpeg_start_decompress(&jpeg);
    unsigned char row[64 * 3];
    JSAMPROW rows = row;
    for (int y = 0; y < 48; y++) {
        jpeg_read_scanlines(&jpeg, &rows, 1);
        for (int i = 0; i < 64 * 3; i++)
            ck_assert_int_le(abs(row[i] - (int)lround((i / 3 + y + 20 * (i % 3)) / 160.0 * 255)),
                             6);
    }
    jpeg_destroy_decompress(&jpeg);
    fclose(f);
    cf_image_free(&image);
}
END_TEST

START_TEST(floats_clip_and_stay_exact_where_asked) {
    static const float values[6] = {-1, 0.5F, 2, NAN, INFINITY, 1e-8F};
    cf_image image;
    const char *path = test_path("float.tif");
    ck_assert_int_eq(cf_image_alloc(6, 1, 1, CF_PIXEL_F32, &image), CF_OK);
    memcpy(image.data, values, sizeof values);
    cf_picture_out_params params = CF_PICTURE_OUT_DEFAULTS;
    ck_assert_int_eq(cf_picture_write(path, &image, &params), CF_OK);
    TIFF *tif = TIFFOpen(path, "r");
    float back[6];
    ck_assert_int_eq(TIFFReadScanline(tif, back, 0, 0), 1);
    TIFFClose(tif);
    ck_assert_mem_eq(back, values, sizeof values);
    params.depth = 8;
    ck_assert_int_eq(cf_picture_write(path, &image, &params), CF_OK);
    tif = TIFFOpen(path, "r");
    unsigned char codes[6];
    ck_assert_int_eq(TIFFReadScanline(tif, codes, 0, 0), 1);
    TIFFClose(tif);
    ck_assert_mem_eq(codes, ((const unsigned char[]){0, 128, 255, 0, 255, 0}), 6);
    cf_image_free(&image);
}
END_TEST

START_TEST(data_pictures_carry_no_profile) {
    cf_image image = make(CF_PIXEL_RGB8, 1);
    cf_picture_out_params params = CF_PICTURE_OUT_DEFAULTS;
    cf_frame about = camera();
    params.colors = CF_COLORS_DATA;
    params.about = &about;
    const char *path = test_path("data.tiff");
    ck_assert_int_eq(cf_picture_write(path, &image, &params), CF_OK);
    check_tiff(path, 3, 8, 0);
    cf_image_free(&image);
}
END_TEST

START_TEST(names_and_depths_are_checked_beforehand) {
    ck_assert_int_eq(cf_picture_out_supported("a/b.PNG", 16), CF_OK);
    ck_assert_int_eq(cf_picture_out_supported("x.tiff", 32), CF_OK);
    ck_assert_int_eq(cf_picture_out_supported("x.webp", 0), CF_ERR_INVALID);
    ck_assert_int_eq(cf_picture_out_supported("x.d/png", 0), CF_ERR_INVALID);
    ck_assert_int_eq(cf_picture_out_supported("", 0), CF_ERR_INVALID);
    ck_assert_int_eq(cf_picture_out_supported("x.jpg", 16), CF_ERR_INVALID);
    ck_assert_int_eq(cf_picture_out_supported("x.png", 32), CF_ERR_INVALID);
    ck_assert_int_eq(cf_picture_out_supported("x.png", 12), CF_ERR_INVALID);
}
END_TEST

/* A file size limit stands in for a full disk; an older file must survive it. */
START_TEST(a_full_disk_leaves_the_old_file) {
    static const char *const names[] = {"full.png", "full.jpg", "full.tif"};
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_IGN);
    cf_image image = make(CF_PIXEL_RGB16, 1);
    for (int i = 0; i < 3; i++) {
        const char *path = test_path(names[i]);
        FILE *f = fopen(path, "wb");
        fputs("precious", f);
        fclose(f);
        size_t live = cf_alloc_live();
        struct rlimit small = {600, old.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        cf_status status = cf_picture_write(path, &image, NULL);
        setrlimit(RLIMIT_FSIZE, &old);
        ck_assert_int_eq(status, CF_ERR_IO);
        ck_assert_uint_eq(cf_alloc_live(), live);
        char back[16] = {0};
        f = fopen(path, "rb");
        ck_assert_uint_eq(fread(back, 1, 15, f), 8);
        fclose(f);
        ck_assert_str_eq(back, "precious");
        for (long after = 0; after < 3; after++) {
            cf_alloc_fail_after(after);
            status = cf_picture_write(path, &image, NULL);
            cf_alloc_fail_after(-1);
            ck_assert(status == CF_ERR_MEMORY || status == CF_OK);
            ck_assert_uint_eq(cf_alloc_live(), live);
        }
    }
    ck_assert_int_eq(cf_picture_write("/nowhere/x.png", &image, NULL), CF_ERR_IO);
    cf_image_free(&image);
}
END_TEST

START_TEST(exposures_become_the_fractions_people_write) {
    static const struct {
        double value;
        uint32_t top, bottom;
    } cases[] = {{1 / 60.0, 1, 60}, {0.016666667, 1, 60}, {2.5, 25000, 10000}, {0, 0, 10000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t fraction[2];
        cf_exif_fraction(cases[i].value, fraction);
        ck_assert_uint_eq(fraction[0], cases[i].top);
        ck_assert_uint_eq(fraction[1], cases[i].bottom);
    }
    for (double v = 1e-7; v < 1e5; v *= 1.37) {
        uint32_t fraction[2];
        cf_exif_fraction(v, fraction);
        ck_assert_double_eq_tol((double)fraction[0] / fraction[1] / v, 1, 1e-3);
    }
}
END_TEST

/* Numbers by hand: D50 in the header, sizes that add up, white = sum of the colorants. */
START_TEST(profile_adds_up) {
    unsigned char icc[CF_ICC_MAX];
    for (int grey = 0; grey < 2; grey++) {
        size_t size = cf_icc_srgb(grey, icc);
        ck_assert_uint_le(size, CF_ICC_MAX);
        ck_assert_uint_eq((size_t)icc[2] << 8 | icc[3], size);
        ck_assert_mem_eq(icc + 36, "acsp", 4);
        unsigned tags = icc[131];
        for (unsigned i = 0; i < tags; i++) {
            const unsigned char *entry = icc + 132 + 12 * i;
            size_t start = (size_t)entry[6] << 8 | entry[7];
            size_t length = (size_t)entry[10] << 8 | entry[11];
            ck_assert_uint_eq(start % 4, 0);
            ck_assert_uint_le(start + length, size);
        }
    }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, tiff_of_every_pixel_format_and_depth);
    tcase_add_test(tc, png_keeps_every_code_profile_and_exif);
    tcase_add_test(tc, jpeg_is_close_and_carries_exif_and_profile);
    tcase_add_test(tc, floats_clip_and_stay_exact_where_asked);
    tcase_add_test(tc, data_pictures_carry_no_profile);
    tcase_add_test(tc, names_and_depths_are_checked_beforehand);
    tcase_add_test(tc, a_full_disk_leaves_the_old_file);
    tcase_add_test(tc, exposures_become_the_fractions_people_write);
    tcase_add_test(tc, profile_adds_up);
}

int main(void) {
    return test_run("picture_out", add);
}
