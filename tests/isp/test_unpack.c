/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `unpack` against the byte tables of the V4L2 documentation (pixfmt-srggb10p, -12p, -14p,
 * pixfmt-yuv-luma). Does not prove that the kernel agrees: conformance/unpack and
 * kernel_agrees_on_every_format below do.
 */
#include <string.h>

#include "isp/stage_case.h"
#include "isp/unpack.h"
#include "tests/test_main.h"

static void unpack(cf_raw_format format, const unsigned char *row, int bytes,
                   unsigned short codes[16], int expected) {
    unsigned char data[32] = {0};
    const cf_unpack_params params = {.format = format};
    memcpy(data, row, (size_t)bytes);
    ck_assert_int_eq(cf_raw_pixels(format, bytes), expected);
    ck_assert_int_eq(cf_raw_bytes(format, expected), bytes);
    cf_stage_io io = {
        .in[0] = {.data = data, .width = bytes, .height = 1, .planes = 1, .pitch = 32, .elem = 1},
        .out[0] =
            {.data = codes, .width = expected, .height = 1, .planes = 1, .pitch = 16, .elem = 2},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_unpack, &io, &params), CF_OK);
}

/* Codes as a sensor sends them, different in every bit field. */
START_TEST(ten_bits_packed) {
    /* start + 4: B02.. low bits: pixel 3 in bits 7..6, 2 in 5..4, 1 in 3..2, 0 in 1..0 */
    const unsigned char row[] = {0xff, 0x00, 0xaa, 0x55, 0x02 << 6 | 0x01 << 4 | 0x03 << 2 | 0x00};
    unsigned short c[16];
    unpack(CF_RAW_10P, row, 5, c, 4);
    ck_assert_uint_eq(c[0], 0xff << 2 | 0);
    ck_assert_uint_eq(c[1], 0x00 << 2 | 3);
    ck_assert_uint_eq(c[2], 0xaa << 2 | 1);
    ck_assert_uint_eq(c[3], 0x55 << 2 | 2);
}
END_TEST

START_TEST(twelve_bits_packed) {
    /* start + 2: second pixel's bits 3..0 in bits 7..4, first pixel's in bits 3..0 */
    const unsigned char row[] = {0x12, 0xab, 0xc3, 0xff, 0x00, 0x0f};
    unsigned short c[16];
    unpack(CF_RAW_12P, row, 6, c, 4);
    ck_assert_uint_eq(c[0], 0x123);
    ck_assert_uint_eq(c[1], 0xabc);
    ck_assert_uint_eq(c[2], 0xfff);
    ck_assert_uint_eq(c[3], 0x000);
}
END_TEST

START_TEST(fourteen_bits_packed) {
    /* 4: 01 low bits 1..0 (7..6), 00 low bits 5..0 (5..0); 5: 02 low bits 3..0 (7..4), 01 low bits
     * 5..2 (3..0); 6: 03 low bits 5..0 (7..2), 02 low bits 5..4 (1..0) */
    const unsigned low[4] = {0x2a, 0x15, 0x33, 0x0d};
    const unsigned char row[] = {0x81,
                                 0x42,
                                 0x24,
                                 0x18,
                                 (unsigned char)((low[1] & 3) << 6 | low[0]),
                                 (unsigned char)((low[2] & 15) << 4 | low[1] >> 2),
                                 (unsigned char)(low[3] << 2 | low[2] >> 4)};
    unsigned short c[16];
    unpack(CF_RAW_14P, row, 7, c, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(c[i], (unsigned)row[i] << 6 | low[i]);
}
END_TEST

START_TEST(plain_formats) {
    const unsigned char row[] = {0x34, 0xf2, 0xff, 0x03};
    unsigned short c[16];
    unpack(CF_RAW_8, row, 4, c, 4);
    ck_assert_uint_eq(c[1], 0xf2);
    unpack(CF_RAW_10, row, 4, c, 2);
    ck_assert_uint_eq(c[0], 0x234); /* unused high bits are ignored */
    ck_assert_uint_eq(c[1], 0x3ff);
    unpack(CF_RAW_12, row, 4, c, 2);
    ck_assert_uint_eq(c[0], 0x234);
    unpack(CF_RAW_14, row, 4, c, 2);
    ck_assert_uint_eq(c[0], 0x3234);
    unpack(CF_RAW_16, row, 4, c, 2);
    ck_assert_uint_eq(c[0], 0xf234);
}
END_TEST

START_TEST(kernel_agrees_on_every_format) {
    cf_cl *cl;
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_OK);
    for (int format = CF_RAW_8; format <= CF_RAW_16; format++)
        for (int width = 7; width < 130; width += 13) {
            const cf_unpack_params params = {.format = format};
            const cf_case_spec spec = {.width = width, .height = 5, .seed = (unsigned)width};
            cf_stage_case *test;
            cf_case_result r;
            ck_assert_int_eq(cf_stage_case_create(&cf_stage_unpack, &params, &spec, cl, &test),
                             CF_OK);
            ck_assert_int_eq(cf_stage_case_compare(test, &r), CF_OK);
            ck_assert_float_eq(r.max_error, 0);
            cf_stage_case_destroy(&test);
        }
    cf_cl_close(&cl);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, ten_bits_packed);
    tcase_add_test(tc, twelve_bits_packed);
    tcase_add_test(tc, fourteen_bits_packed);
    tcase_add_test(tc, plain_formats);
    tcase_add_test(tc, kernel_agrees_on_every_format);
}

int main(void) {
    return test_run("unpack", add);
}
