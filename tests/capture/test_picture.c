/* SPDX-License-Identifier: Apache-2.0 */
/* Picture reader on files made by our writers (test_picture_out proves those) and by the format
 * libraries. Does not prove colour management: profiles are kept, never applied. */
#include "capture/picture.h"

#include <png.h>

#include <jpeglib.h>

#include "base/alloc.h"
#include "capture/exif.h"
#include "capture/icc.h"
#include "capture/picture_out.h"
#include "tests/capture/tiff_maker.h"

enum { WIDTH = 19, HEIGHT = 11 };

static unsigned sample(int x, int y, int c) {
    return (unsigned)(x * 3001 + y * 7001 + c * 20011) & 0xFFFF;
}

static cf_image make(cf_pixel format) {
    cf_image image;
    int samples = format >= CF_PIXEL_RGB8 ? 3 : 1;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, format, &image), CF_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int i = 0; i < WIDTH * samples; i++) {
            unsigned v = sample(i / samples, y, i % samples);
            if (format == CF_PIXEL_U8 || format == CF_PIXEL_RGB8)
                ((uint8_t *)cf_image_row(&image, 0, y))[i] = (uint8_t)(v >> 8);
            else
                ((uint16_t *)cf_image_row(&image, 0, y))[i] = (uint16_t)v;
        }
    return image;
}

static void read_fails(const char *path, cf_status expected) {
    cf_picture picture;
    ck_assert_int_eq(cf_picture_read(path, &picture), expected);
    ck_assert_ptr_null(picture.image.data);
    ck_assert_ptr_null(picture.icc);
}

static void check_pixels(const cf_picture *picture, int samples, int bits) {
    ck_assert_int_eq(picture->image.width, WIDTH);
    ck_assert_int_eq(picture->image.height, HEIGHT);
    ck_assert_int_eq(picture->image.planes, 1);
    ck_assert_int_eq(picture->image.format, bits == 8 ? CF_PIXEL_RGB8 : CF_PIXEL_RGB16);
    ck_assert_int_eq(picture->is_gray, samples == 1);
    for (int y = 0; y < HEIGHT; y++)
        for (int i = 0; i < WIDTH * 3; i++) {
            const void *row = cf_image_row(&picture->image, 0, y);
            unsigned v = sample(i / 3, y, samples == 1 ? 0 : i % 3);
            if (bits == 8)
                ck_assert_uint_eq(((const uint8_t *)row)[i], v >> 8);
            else
                ck_assert_uint_eq(((const uint16_t *)row)[i], v);
        }
}

START_TEST(lossless_formats_keep_every_sample_whatever_the_name) {
    static const cf_pixel formats[] = {CF_PIXEL_U8, CF_PIXEL_U16, CF_PIXEL_RGB8, CF_PIXEL_RGB16};
    static const char *const names[] = {"in.png", "in.tif"};
    const char *other = test_path("in.xyz");
    for (int f = 0; f < 4; f++)
        for (int n = 0; n < 2; n++) {
            cf_image image = make(formats[f]);
            cf_picture picture;
            const char *path = test_path(names[n]);
            ck_assert_int_eq(cf_picture_write(path, &image, NULL), CF_OK);
            ck_assert_int_eq(rename(path, other), 0);
            ck_assert_int_eq(cf_picture_read(other, &picture), CF_OK);
            check_pixels(&picture, f < 2 ? 1 : 3, f % 2 ? 16 : 8);
            unsigned char icc[CF_ICC_MAX];
            size_t size = cf_icc_srgb(f < 2, icc);
            ck_assert_uint_eq(picture.icc_size, size);
            ck_assert_mem_eq(picture.icc, icc, size);
            cf_picture_free(&picture);
            cf_image_free(&image);
        }
}
END_TEST

START_TEST(profile_and_exif_survive_reading_and_writing) {
    static const char *const names[] = {"keep.png", "keep.jpg"};
    unsigned char exif[CF_EXIF_MAX];
    unsigned char icc[CF_ICC_MAX];
    cf_frame about = {.orientation = 3, .maker = "Acme", .iso = 123};
    size_t exif_size = cf_exif_make(&about, "other", 1, exif);
    size_t icc_size = cf_icc_srgb(0, icc);
    for (int n = 0; n < 2; n++) {
        cf_picture_out_params params = CF_PICTURE_OUT_DEFAULTS;
        cf_image image = make(CF_PIXEL_RGB8);
        cf_picture picture;
        params.icc = icc;
        params.icc_size = icc_size;
        params.exif = exif;
        params.exif_size = exif_size;
        ck_assert_int_eq(cf_picture_write(test_path(names[n]), &image, &params), CF_OK);
        ck_assert_int_eq(cf_picture_read(test_path(names[n]), &picture), CF_OK);
        ck_assert_uint_eq(picture.exif_size, exif_size);
        ck_assert_mem_eq(picture.exif, exif, exif_size);
        ck_assert_uint_eq(picture.icc_size, icc_size);
        ck_assert_mem_eq(picture.icc, icc, icc_size);
        cf_picture_free(&picture);
        cf_image_free(&image);
    }
}
END_TEST

/* Each length, and each byte of header and tag table changed: told, or another kind, and no read
 * beyond the end (the sanitizers' part). */
START_TEST(damaged_profiles_are_told) {
    unsigned char icc[CF_ICC_MAX];
    size_t size = cf_icc_srgb(0, icc), broken = 0;
    ck_assert_int_eq(cf_icc_kind_of(icc, size), CF_ICC_RGB);
    for (size_t cut = 0; cut < size; cut++)
        ck_assert_int_eq(cf_icc_kind_of(icc, cut), CF_ICC_BROKEN);
    for (size_t i = 0; i < 132 + 12; i++) {
        icc[i] ^= 0x80;
        broken += cf_icc_kind_of(icc, size) == CF_ICC_BROKEN;
        icc[i] ^= 0x80;
    }
    ck_assert_uint_ge(broken, 4 + 3 + 4 + 6); /* size, tags, acsp, the first tag's place */
    ck_assert_int_eq(cf_icc_kind_of(icc, cf_icc_srgb(1, icc)), CF_ICC_GRAY);
    memcpy(icc + 16, "CMYK", 4);
    ck_assert_int_eq(cf_icc_kind_of(icc, CF_ICC_MAX), CF_ICC_OTHER);
}
END_TEST

START_TEST(jpeg_grey_and_colour) {
    for (int samples = 1; samples <= 3; samples += 2) {
        const char *path = test_path("smooth.jpg");
        cf_image image;
        cf_picture picture;
        ck_assert_int_eq(
            cf_image_alloc(40, 30, 1, samples == 1 ? CF_PIXEL_U8 : CF_PIXEL_RGB8, &image), CF_OK);
        for (int y = 0; y < 30; y++)
            for (int i = 0; i < 40 * samples; i++)
                ((uint8_t *)cf_image_row(&image, 0, y))[i] =
                    (uint8_t)(i / samples * 2 + y * 2 + i % samples * 40);
        ck_assert_int_eq(cf_picture_write(path, &image, NULL), CF_OK);
        ck_assert_int_eq(cf_picture_read(path, &picture), CF_OK);
        ck_assert_int_eq(picture.is_gray, samples == 1);
        for (int y = 0; y < 30; y++)
            for (int i = 0; i < 40 * 3; i++) {
                int expected = i / 3 * 2 + y * 2 + (samples == 1 ? 0 : i % 3 * 40);
                int got = ((uint8_t *)cf_image_row(&picture.image, 0, y))[i];
                ck_assert_int_le(abs(got - expected), 6);
            }
        cf_picture_free(&picture);
        cf_image_free(&image);
    }
}
END_TEST

/* Writes a PNG of the given kind whose pixels are x + y, wrapped to its depth. */
static const char *odd_png(int color_type, int depth, int interlace) {
    const char *path = test_path("odd.png");
    FILE *f = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color palette[16];
    int channels = color_type == PNG_COLOR_TYPE_RGB_ALPHA    ? 4
                   : color_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                             : 1;
    for (int i = 0; i < 16; i++)
        palette[i] = (png_color){(png_byte)i, (png_byte)(100 + i), (png_byte)(200 + i)};
    png_init_io(png, f);
    png_set_IHDR(png, info, WIDTH, HEIGHT, depth, color_type, interlace, 0, 0);
    if (color_type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 16);
    png_write_info(png, info);
    png_set_packing(png);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < HEIGHT; y++) {
            png_byte row[WIDTH * 4];
            for (int i = 0; i < WIDTH * channels; i++)
                row[i] = (png_byte)((i / channels + y) & ((1 << depth) - 1));
            png_write_row(png, row);
        }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(f);
    return path;
}

START_TEST(unusual_pngs) {
    static const struct {
        int type, depth, interlace;
    } kinds[] = {{PNG_COLOR_TYPE_GRAY, 1, 0},       {PNG_COLOR_TYPE_GRAY, 2, 1},
                 {PNG_COLOR_TYPE_GRAY, 4, 0},       {PNG_COLOR_TYPE_PALETTE, 4, 1},
                 {PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0}, {PNG_COLOR_TYPE_RGB_ALPHA, 8, 1}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        cf_picture picture;
        const char *path = odd_png(kinds[k].type, kinds[k].depth, kinds[k].interlace);
        ck_assert_int_eq(cf_picture_read(path, &picture), CF_OK);
        ck_assert_int_eq(picture.image.format, CF_PIXEL_RGB8);
        ck_assert_int_eq(picture.has_alpha, (kinds[k].type & PNG_COLOR_MASK_ALPHA) != 0);
        int top = (1 << kinds[k].depth) - 1;
        int is_palette = kinds[k].type == PNG_COLOR_TYPE_PALETTE;
        for (int y = 0; y < HEIGHT; y++)
            for (int i = 0; i < WIDTH * 3; i++) {
                int code = (i / 3 + y) & top;
                int expected = is_palette ? code + 100 * (i % 3) : code * 255 / top;
                ck_assert_int_eq(((uint8_t *)cf_image_row(&picture.image, 0, y))[i], expected);
            }
        cf_picture_free(&picture);
    }
}
END_TEST

START_TEST(tiffs_that_need_libtiffs_own_conversion) {
    tiff_maker m = {.mode = "w",
                    .width = 16,
                    .height = 16,
                    .samples = 1,
                    .bits = 16,
                    .photometric = PHOTOMETRIC_MINISWHITE,
                    .compression = COMPRESSION_LZW};
    cf_picture picture;
    ck_assert_int_eq(cf_picture_read(tiff_maker_write(&m, "white.tif"), &picture), CF_OK);
    ck_assert_int_eq(((uint16_t *)cf_image_row(&picture.image, 0, 2))[9],
                     65535 - tiff_maker_code(3, 2, 0));
    cf_picture_free(&picture);
    m.mode = "wb";
    m.photometric = PHOTOMETRIC_MINISBLACK;
    m.compression = COMPRESSION_ADOBE_DEFLATE;
    ck_assert_int_eq(cf_picture_read(tiff_maker_write(&m, "deflate.tif"), &picture), CF_OK);
    ck_assert_int_eq(((uint16_t *)cf_image_row(&picture.image, 0, 15))[0],
                     tiff_maker_code(0, 15, 0));
    cf_picture_free(&picture);
    ck_assert_int_eq(picture.has_alpha, 0);
    m.samples = 2;
    ck_assert_int_eq(cf_picture_read(tiff_maker_write(&m, "alpha.tif"), &picture), CF_OK);
    ck_assert_int_eq(picture.has_alpha, 1);
    ck_assert_int_eq(((uint16_t *)cf_image_row(&picture.image, 0, 15))[0],
                     tiff_maker_code(0, 15, 0));
    cf_picture_free(&picture);
    m.samples = 1;
    m.bits = 32;
    m.is_float = 1;
    read_fails(tiff_maker_write(&m, "float.tif"), CF_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(cmyk_is_refused_by_name) {
    const char *path = test_path("cmyk.jpg");
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char row[16 * 4] = {0};
    JSAMPROW rows = row;
    FILE *f = fopen(path, "wb");
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, f);
    jpeg.image_width = jpeg.image_height = 16;
    jpeg.input_components = 4;
    jpeg.in_color_space = JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < 16; y++)
        jpeg_write_scanlines(&jpeg, &rows, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(f);
    read_fails(path, CF_ERR_UNSUPPORTED);
}
END_TEST

static void write_bytes(const char *path, const void *bytes, size_t size) {
    unlink(path); /* truncating an old file makes some file systems wait for the disk */
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

START_TEST(missing_empty_foreign_and_monstrous_files) {
    /* a PNG header that claims 30000 x 16000 pixels, with its checksum right, and nothing else */
    static const unsigned char bomb[] = {
        0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,   13,  'I', 'H',
        'D',  'R',  0,    0,    0x75, 0x30, 0,    0,    0x3E, 0x80, 8,   2,   0,   0,
        0,    0xB5, 0x83, 0x5D, 0x1B, 0,    0,    0,    10,   'I',  'D', 'A', 'T'};
    const char *path = test_path("bad.bin");
    read_fails(test_path("nowhere.png"), CF_ERR_IO);
    read_fails("/", CF_ERR_IO);
    write_bytes(path, "", 0);
    read_fails(path, CF_ERR_IO);
    write_bytes(path, "hello", 5);
    read_fails(path, CF_ERR_FORMAT);
    write_bytes(path, bomb, sizeof bomb);
    read_fails(path, CF_ERR_FORMAT);
}
END_TEST

START_TEST(kinds_go_by_content_and_tiffs_by_name_too) {
    static const struct {
        const char *path, *bytes;
        size_t size;
        cf_picture_kind kind;
    } cases[] = {
        {"kind-a.dng", "\x89PNG\r\n\x1a\n", 8, CF_PICTURE_PNG},
        {"kind-b", "\xff\xd8\xff\xe0", 4, CF_PICTURE_JPEG},
        {"kind-c.TIF", "II*\0....", 8, CF_PICTURE_TIFF},
        {"kind-d.tiff", "MM\0*....", 8, CF_PICTURE_TIFF},
        {"kind-e.dng", "II*\0....", 8, CF_PICTURE_NONE},
        {"kind-f.nef", "MM\0*....", 8, CF_PICTURE_NONE},
        {"kind-g.tif", "shopping", 8, CF_PICTURE_TIFF},
        {"kind-h.png", "", 0, CF_PICTURE_PNG},
        {"kind-i.JPEG", "shopping", 8, CF_PICTURE_JPEG},
        {"kind-j.cr2", "shopping", 8, CF_PICTURE_NONE},
    };
    cf_picture_kind kind;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_bytes(cases[i].path, cases[i].bytes, cases[i].size);
        ck_assert_int_eq(cf_picture_kind_of(cases[i].path, &kind), CF_OK);
        ck_assert_int_eq(kind, cases[i].kind);
        remove(cases[i].path);
    }
    ck_assert_int_eq(cf_picture_kind_of("kind-missing.png", &kind), CF_ERR_IO);
}
END_TEST

START_TEST(every_truncation_is_an_error_or_the_whole_picture) {
    static const char *const names[] = {"whole.png", "whole.jpg", "whole.tif"};
    size_t live = cf_alloc_live();
    for (int n = 0; n < 3; n++) {
        char bytes[16384];
        cf_picture picture;
        cf_image image = make(CF_PIXEL_RGB8);
        const char *path = test_path(names[n]);
        const char *cut_path = test_path("cut.bin");
        ck_assert_int_eq(cf_picture_write(path, &image, NULL), CF_OK);
        FILE *f = fopen(path, "rb");
        size_t size = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        cf_log_set(NULL, NULL, CF_LOG_ERROR); /* hundreds of equal lines */
        for (size_t cut = 0; cut < size; cut += 3) {
            write_bytes(cut_path, bytes, cut);
            cf_status status = cf_picture_read(cut_path, &picture);
            if (status == CF_OK) { /* what is missing held no pixels */
                ck_assert_uint_gt(cut, size - 700);
                ck_assert_int_eq(picture.image.height, HEIGHT);
            }
            cf_picture_free(&picture);
        }
        cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
        for (long after = 0; after < 3; after++) {
            cf_alloc_fail_after(after);
            cf_status status = cf_picture_read(path, &picture);
            cf_alloc_fail_after(-1);
            ck_assert(status == CF_ERR_MEMORY || status == CF_OK);
            cf_picture_free(&picture);
        }
        cf_image_free(&image);
    }
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, lossless_formats_keep_every_sample_whatever_the_name);
    tcase_add_test(tc, profile_and_exif_survive_reading_and_writing);
    tcase_add_test(tc, damaged_profiles_are_told);
    tcase_add_test(tc, jpeg_grey_and_colour);
    tcase_add_test(tc, unusual_pngs);
    tcase_add_test(tc, tiffs_that_need_libtiffs_own_conversion);
    tcase_add_test(tc, cmyk_is_refused_by_name);
    tcase_add_test(tc, missing_empty_foreign_and_monstrous_files);
    tcase_add_test(tc, kinds_go_by_content_and_tiffs_by_name_too);
    tcase_add_test(tc, every_truncation_is_an_error_or_the_whole_picture);
}

int main(void) {
    return test_run("picture", add);
}
