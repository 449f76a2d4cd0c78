/* SPDX-License-Identifier: Apache-2.0 */
/* The V4L2 output on a made-up driver, and its colours against the codes that the standards' colour
 * bars have. Does not prove that a real node shows it: tests/vm does that on vivid. */
#include "capture/sink.h"
#include "capture/v4l2_pack.h"
#include "tests/capture/v4l2_case.h"

static unsigned char pixels[9 * 3];
static const cf_image picture = {pixels, 3, 3, 1, 9, 27, CF_PIXEL_RGB8};
static const cf_sink_params params = {.width = 3, .height = 3, .fps = 25};

static void setup_output(void) {
    setup();
    fake.capabilities = V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_READWRITE;
    fake.sizes[0] = (fake_size){V4L2_PIX_FMT_BGR24, 3, 3, 0};
    fake.sizes[1] = (fake_size){V4L2_PIX_FMT_YUYV, 3, 3, 0};
    fake.size_count = 2;
    for (int i = 0; i < 27; i++)
        pixels[i] = (unsigned char)(i * i * 89 + i * 9);
}

static void teardown_output(void) {
    free(fake.written);
    fake.written = NULL;
    teardown();
}

static cf_sink *sink_opened(void) {
    cf_sink *sink;
    ck_assert_int_eq(cf_sink_open(URI, &params, &sink), CF_OK);
    ck_assert_int_eq(cf_sink_keeps_all(sink), 0);
    return sink;
}

static void refuses(cf_status expected, const char *word) {
    cf_sink *sink;
    ck_assert_int_eq(cf_sink_open(URI, &params, &sink), expected);
    ck_assert_ptr_null(sink);
    one_line(word);
}

/* Y', Cb, Cr of the saturated colours: white, yellow, cyan, green, magenta, red, blue, black. The
 * codes of the 100 % bars of ITU-R BT.601 and BT.709, as textbooks and test generators give them.
 */
static const unsigned char bars[8][3] = {{255, 255, 255}, {255, 255, 0}, {0, 255, 255}, {0, 255, 0},
                                         {255, 0, 255},   {255, 0, 0},   {0, 0, 255},   {0, 0, 0}};
static const unsigned char bt601[8][3] = {{235, 128, 128}, {210, 16, 146},  {170, 166, 16},
                                          {145, 54, 34},   {106, 202, 222}, {81, 90, 240},
                                          {41, 240, 110},  {16, 128, 128}};
static const unsigned char bt709[8][3] = {{235, 128, 128}, {219, 16, 138}, {188, 154, 16},
                                          {173, 42, 26},   {78, 214, 230}, {63, 102, 240},
                                          {32, 240, 118},  {16, 128, 128}};
/* JFIF's full range; 0.5 and 255.5 are rounded up, then clipped. */
static const unsigned char jfif[8][3] = {{255, 128, 128}, {226, 1, 149},   {179, 171, 1},
                                         {150, 44, 21},   {105, 212, 235}, {76, 85, 255},
                                         {29, 255, 107},  {0, 128, 128}};

static void check_bars(uint32_t colorspace, uint32_t encoding, uint32_t range,
                       const unsigned char expected[8][3]) {
    cf_v4l2_picture f = {.fourcc = V4L2_PIX_FMT_YUYV, .width = 2, .height = 1};
    cf_v4l2_matrix matrix;
    f.colorspace = colorspace;
    f.encoding = encoding;
    f.quantization = range;
    cf_v4l2_matrix_for(&f, &matrix);
    for (int i = 0; i < 8; i++) {
        unsigned char two[6], out[4];
        const cf_image image = {two, 2, 1, 1, 6, 6, CF_PIXEL_RGB8};
        memcpy(two, bars[i], 3);
        memcpy(two + 3, bars[i], 3);
        cf_v4l2_pack(&image, &f, &matrix, out);
        ck_assert_int_eq(out[0], expected[i][0]);
        ck_assert_int_eq(out[1], expected[i][1]);
        ck_assert_int_eq(out[2], expected[i][0]);
        ck_assert_int_eq(out[3], expected[i][2]);
    }
}

START_TEST(colour_bars_have_the_standards_codes) {
    check_bars(V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_601, V4L2_QUANTIZATION_LIM_RANGE, bt601);
    check_bars(V4L2_COLORSPACE_SRGB, 0, 0, bt601);
    check_bars(V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_709, 0, bt709);
    check_bars(V4L2_COLORSPACE_REC709, 0, 0, bt709);
    check_bars(V4L2_COLORSPACE_JPEG, 0, 0, jfif);
}
END_TEST

/* Luma of the nine pixels, from the definition in floating point. */
static void expect_luma(const unsigned char *y, size_t stride, size_t step) {
    for (int i = 0; i < 9; i++) {
        const unsigned char *p = pixels + 3 * i;
        double luma = 16 + 219.0 / 255 * (0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]);
        ck_assert_double_eq_tol(y[(size_t)(i / 3) * stride + (size_t)(i % 3) * step], luma, 0.51);
    }
}

/* That, and the chroma of the four cells. */
static void expect_420(const unsigned char *y, size_t stride, const unsigned char *cb,
                       const unsigned char *cr, size_t chroma_stride, size_t step) {
    expect_luma(y, stride, 1);
    for (int i = 0; i < 4; i++) {
        double sum[3] = {0};
        for (int k = 0; k < 4; k++) {
            int x = i % 2 * 2 + k % 2, row = i / 2 * 2 + k / 2;
            const unsigned char *p = pixels + 9 * (row < 2 ? row : 2) + 3 * (x < 2 ? x : 2);
            for (int c = 0; c < 3; c++)
                sum[c] += p[c] / 4.0;
        }
        double luma = 0.299 * sum[0] + 0.587 * sum[1] + 0.114 * sum[2];
        size_t at = (size_t)(i / 2) * chroma_stride + (size_t)(i % 2) * step;
        ck_assert_double_eq_tol(cb[at], 128 + 224.0 / 255 * (sum[2] - luma) / 1.772, 0.51);
        ck_assert_double_eq_tol(cr[at], 128 + 224.0 / 255 * (sum[0] - luma) / 1.402, 0.51);
    }
}

static void write_one(uint32_t fourcc) {
    fake.sizes[0].fourcc = fourcc;
    fake.size_count = 1;
    cf_sink *sink = sink_opened();
    ck_assert_int_eq(cf_sink_write(sink, &picture, 0), CF_OK);
    ck_assert_int_eq(cf_sink_close(&sink, 1), CF_OK);
    ck_assert_uint_eq(fake.written_size, fake_size_of());
}

START_TEST(every_format_lies_as_it_should) {
    static const uint32_t capabilities[] = {V4L2_CAP_READWRITE, V4L2_CAP_STREAMING};
    fake.stride_extra = 2;
    for (int i = 0; i < 2; i++) { /* through write() and through mapped buffers */
        fake.capabilities = V4L2_CAP_VIDEO_OUTPUT | capabilities[i];
        write_one(V4L2_PIX_FMT_RGB24);
        ck_assert_mem_eq(fake.written + 11, pixels + 9, 9);
        write_one(V4L2_PIX_FMT_BGR24);
        ck_assert_uint_eq(fake.written[11], pixels[11]);
        ck_assert_uint_eq(fake.written[13], pixels[9]);
        write_one(V4L2_PIX_FMT_YUYV);
        expect_luma(fake.written, fake_row(), 2);
        write_one(V4L2_PIX_FMT_NV12);
        expect_420(fake.written, 6, fake.written + 18, fake.written + 19, 6, 2);
        write_one(V4L2_PIX_FMT_YUV420);
        expect_420(fake.written, 6, fake.written + 18, fake.written + 24, 3, 1);
    }
}
END_TEST

START_TEST(the_best_format_is_taken_and_its_colours_obeyed) {
    cf_sink *sink = sink_opened();
    ck_assert_uint_eq(fake.fourcc, V4L2_PIX_FMT_YUYV);
    ck_assert_uint_eq(fake.colorspace, V4L2_COLORSPACE_SRGB);
    ck_assert_uint_eq(fake.encoding, V4L2_YCBCR_ENC_601);
    ck_assert_uint_eq(fake.asked_fps_milli, 25000);
    cf_sink_close(&sink, 1);
    fake.has_own_colors = 1; /* it says something else: then that holds */
    fake.colorspace = V4L2_COLORSPACE_JPEG;
    fake.encoding = fake.quant = 0;
    memset(pixels, 255, sizeof pixels);
    write_one(V4L2_PIX_FMT_YUYV);
    ck_assert_uint_eq(fake.written[0], 255);
}
END_TEST

START_TEST(an_earlier_section_is_undone) {
    fake.has_section = 1;
    fake.crop = fake.compose = (struct v4l2_rect){10, 10, 2, 2};
    cf_sink *sink = sink_opened();
    ck_assert_uint_eq(fake.compose.width, 640);
    ck_assert_int_eq(fake.crop.left, 0);
    ck_assert_uint_eq(fake.crop.width, 3);
    cf_sink_close(&sink, 1);
    fake.changes_by_section = 1;
    refuses(CF_ERR_UNSUPPORTED, "a section of 19x3, not all of 3x3");
}
END_TEST

START_TEST(nodes_that_take_no_pictures_say_why) {
    fake.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    refuses(CF_ERR_DEVICE, "no output");
    fake.capabilities = V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_STREAMING;
    fake.open_error = ENOENT;
    refuses(CF_ERR_DEVICE, "no such device");
    fake.open_error = 0;
    fake.s_fmt_error = EBUSY;
    refuses(CF_ERR_DEVICE, "in use");
    fake.s_fmt_error = 0;
    fake.other_size = 1;
    refuses(CF_ERR_UNSUPPORTED, "takes pictures of 19x3, not of 3x3");
    fake.other_size = 0;
    fake.stride_too_small = 1;
    refuses(CF_ERR_UNSUPPORTED, "only even widths");
    fake.stride_too_small = 0;
    fake.stride_extra = 1U << 30;
    refuses(CF_ERR_DEVICE, "bytes a row");
    fake.stride_extra = 0;
    fake.reqbufs_error = ENOMEM;
    refuses(CF_ERR_MEMORY, "buffers");
    fake.reqbufs_error = 0;
    fake.buffers_short = 1;
    refuses(CF_ERR_DEVICE, "buffers have 16 bytes");
    fake.sizes[0].fourcc = V4L2_PIX_FMT_MJPEG;
    fake.size_count = 1;
    refuses(CF_ERR_UNSUPPORTED, "none of YUYV");
}
END_TEST

START_TEST(a_device_without_room_does_not_stop_the_stream) {
    cf_sink *sink = sink_opened();
    fake.write_again = 1; /* a moment later there is room */
    ck_assert_int_eq(cf_sink_write(sink, &picture, 0), CF_OK);
    ck_assert_int_eq(fake.writes, 1);
    fake.write_again = 2;
    ck_assert_int_eq(cf_sink_write(sink, &picture, 0), CF_OK);
    ck_assert_int_eq(fake.writes, 1);
    ck_assert_int_eq(line_count, 0);
    cf_sink_close(&sink, 1);
    one_line("1 pictures left out");
}
END_TEST

START_TEST(a_device_that_goes_away_is_an_error) {
    cf_sink *sink = sink_opened();
    ck_assert_int_eq(cf_sink_write(sink, &picture, 0), CF_OK);
    fake.write_error = ENODEV;
    ck_assert_int_eq(cf_sink_write(sink, &picture, 0), CF_ERR_DEVICE);
    one_line("unplugged");
    cf_sink_close(&sink, 0);
    fake.capabilities |= V4L2_CAP_STREAMING; /* then write() is not tried */
    fake.fewer_buffers = 2;
    sink = sink_opened();
    for (int i = 0; i < 9; i++) /* buffers go round */
        ck_assert_int_eq(cf_sink_write(sink, &picture, 0), CF_OK);
    ck_assert_int_eq(fake.mapped, 2);
    ck_assert_int_eq(fake.streaming, 1);
    fake.steps[fake.step].error = EIO;
    ck_assert_int_eq(cf_sink_write(sink, &picture, 0), CF_ERR_DEVICE);
    one_line("does not take the picture");
    cf_sink_close(&sink, 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_checked_fixture(tc, setup_output, teardown_output);
    tcase_add_test(tc, colour_bars_have_the_standards_codes);
    tcase_add_test(tc, every_format_lies_as_it_should);
    tcase_add_test(tc, the_best_format_is_taken_and_its_colours_obeyed);
    tcase_add_test(tc, an_earlier_section_is_undone);
    tcase_add_test(tc, nodes_that_take_no_pictures_say_why);
    tcase_add_test(tc, a_device_without_room_does_not_stop_the_stream);
    tcase_add_test(tc, a_device_that_goes_away_is_an_error);
}

int main(void) {
    return test_run("capture/v4l2_sink", add);
}
