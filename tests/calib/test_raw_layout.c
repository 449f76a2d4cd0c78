/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of codes in every layout, against the definitions of MIPI CSI-2 read bit by bit and against
 * bytes written by hand. Does not prove what a driver puts there: tests/vm runs the kernel's. */
#include "calib/raw_layout.h"

#include <string.h>

#include "tests/test_main.h"

enum { MAX_PIXELS = 37 };

static unsigned bit(const unsigned char *bytes, int n) {
    return (unsigned)(bytes[n / 8] >> n % 8) & 1U;
}

/* RAW10, RAW12 and RAW14 of MIPI CSI-2: the high 8 bits of some pixels, then their low bits, the
 * first pixel's first, least significant bit first. */
static unsigned by_the_book(const unsigned char *row, int pixels, int bits, int x) {
    int low = bits - 8, group = x / pixels, k = x % pixels;
    const unsigned char *at = row + group * (pixels + pixels * low / 8);
    unsigned code = (unsigned)at[k] << low;
    for (int i = 0; i < low; i++)
        code |= bit(at + pixels, k * low + i) << i;
    return code;
}

START_TEST(every_width_of_every_layout) {
    static const struct {
        cf_raw_format format;
        int pixels, bits; /* pixels 0: two bytes each */
    } layouts[] = {{CF_RAW_10P, 4, 10}, {CF_RAW_12P, 2, 12}, {CF_RAW_14P, 4, 14},
                   {CF_RAW_10, 0, 10},  {CF_RAW_12, 0, 12},  {CF_RAW_14, 0, 14},
                   {CF_RAW_16, 0, 16}};
    unsigned char row[2 * MAX_PIXELS];
    unsigned short codes[MAX_PIXELS + 1];
    for (size_t i = 0; i < sizeof row; i++)
        row[i] = (unsigned char)((i * 151 + 43) ^ (i << 3));
    for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++)
        for (int width = 1; width <= MAX_PIXELS; width++) {
            /* the row ends where cf_raw_bytes says, for tools that watch memory */
            int bytes = cf_raw_bytes(layouts[l].format, width);
            unsigned char *tight = malloc((size_t)bytes);
            ck_assert_ptr_nonnull(tight);
            memcpy(tight, row, (size_t)bytes);
            codes[width] = 0xABCD;
            cf_raw_unpack_row(layouts[l].format, tight, width, codes);
            for (int x = 0; x < width; x++) {
                unsigned expected =
                    layouts[l].pixels
                        ? by_the_book(row, layouts[l].pixels, layouts[l].bits, x)
                        : (row[2 * x] + 256U * row[2 * x + 1]) % (1U << layouts[l].bits);
                ck_assert_msg(codes[x] == expected, "layout %zu, pixel %d of %d: %u, not %u", l, x,
                              width, codes[x], expected);
            }
            ck_assert_uint_eq(codes[width], 0xABCD);
            free(tight);
        }
}
END_TEST

/* From the tables of the kernel's pixel format documentation (SRGGB10P, SRGGB12P, SRGGB14P). */
START_TEST(bytes_written_by_hand) {
    static const unsigned char p10[] = {0xFF, 0x00, 0x80, 0x01, 0x1B}; /* low bits 3 2 1 0 */
    static const unsigned char p12[] = {0xAB, 0x12, 0x9C};
    static const unsigned char p14[] = {0x01, 0x02, 0x03, 0xFF, 0x3F, 0x00, 0x00};
    static const unsigned char b8[] = {7, 255, 0};
    unsigned short codes[4];
    cf_raw_unpack_row(CF_RAW_10P, p10, 4, codes);
    ck_assert(codes[0] == 1023 && codes[1] == 2 && codes[2] == 513 && codes[3] == 4);
    cf_raw_unpack_row(CF_RAW_12P, p12, 2, codes);
    ck_assert(codes[0] == 0xABC && codes[1] == 0x129);
    cf_raw_unpack_row(CF_RAW_14P, p14, 4, codes);
    ck_assert(codes[0] == 127 && codes[1] == 128 && codes[2] == 192 && codes[3] == 16320);
    cf_raw_unpack_row(CF_RAW_8, b8, 3, codes);
    ck_assert(codes[0] == 7 && codes[1] == 255 && codes[2] == 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, every_width_of_every_layout);
    tcase_add_test(tc, bytes_written_by_hand);
}

int main(void) {
    return test_run("raw_layout", add);
}
