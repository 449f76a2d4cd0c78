/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts of raw rows in memory; the definition of correct for the kernel as well. */
#include "calib/raw_layout.h"

#include <stdint.h>
#include <string.h>

/* Pixels and bytes of a packed group; bits of a code. */
static const struct {
    int pixels, bytes, bits;
} layouts[] = {
    [CF_RAW_CODES] = {1, 2, 16}, [CF_RAW_8] = {1, 1, 8},    [CF_RAW_10] = {1, 2, 10},
    [CF_RAW_10P] = {4, 5, 10},   [CF_RAW_12] = {1, 2, 12},  [CF_RAW_12P] = {2, 3, 12},
    [CF_RAW_14] = {1, 2, 14},    [CF_RAW_14P] = {4, 7, 14}, [CF_RAW_16] = {1, 2, 16},
};

int cf_raw_bits(cf_raw_format format) {
    return layouts[format].bits;
}

/* Bytes of a group of which only the first pixels are wanted. */
static int partial_bytes(cf_raw_format format, int pixels) {
    int low = cf_raw_bits(format) - 8;
    return pixels ? layouts[format].pixels + (pixels * low + 7) / 8 : 0;
}

int cf_raw_bytes(cf_raw_format format, int pixels) {
    int group = layouts[format].pixels;
    int rest = pixels % group;
    return pixels / group * layouts[format].bytes + partial_bytes(format, rest);
}

int cf_raw_pixels(cf_raw_format format, int bytes) {
    int group = layouts[format].bytes;
    int rest = bytes % group, pixels = 0;
    while (pixels + 1 < layouts[format].pixels && partial_bytes(format, pixels + 1) <= rest)
        pixels++;
    return bytes / group * layouts[format].pixels + pixels;
}

static unsigned packed(const unsigned char *row, int pixels, int low_bits, int x) {
    const unsigned char *group = row + x / pixels * (pixels + pixels * low_bits / 8);
    int k = x % pixels, bit = k * low_bits;
    const unsigned char *low = group + pixels + bit / 8;
    unsigned bits = low[0];
    if (bit % 8 + low_bits > 8)
        bits |= (unsigned)low[1] << 8;
    return ((unsigned)group[k] << low_bits) | ((bits >> bit % 8) & ((1U << low_bits) - 1));
}

/* Whole groups; called with constants, so that the compiler makes straight code of each layout. */
static inline void unpack_groups(const unsigned char *row, int groups, const int pixels,
                                 const int low_bits, unsigned short *codes) {
    const int low_bytes = pixels * low_bits / 8;
    const unsigned mask = (1U << low_bits) - 1;
    for (int g = 0; g < groups; g++) {
        unsigned low = row[pixels];
        if (low_bytes == 3)
            low |= (unsigned)row[pixels + 1] << 8 | (unsigned)row[pixels + 2] << 16;
        codes[0] = (unsigned short)((unsigned)row[0] << low_bits | (low & mask));
        codes[1] = (unsigned short)((unsigned)row[1] << low_bits | (low >> low_bits & mask));
        if (pixels == 4) {
            codes[2] =
                (unsigned short)((unsigned)row[2] << low_bits | (low >> 2 * low_bits & mask));
            codes[3] =
                (unsigned short)((unsigned)row[3] << low_bits | (low >> 3 * low_bits & mask));
        }
        row += pixels + low_bytes;
        codes += pixels;
    }
}

static int is_little_endian(void) {
    const unsigned short one = 1;
    return *(const unsigned char *)&one;
}

/* Four words at a time where they lie as this machine's own do. */
static void unpack_words(const unsigned char *row, int pixels, int bits, unsigned short *codes) {
    const unsigned mask = (1U << bits) - 1;
    const uint64_t masks = mask * UINT64_C(0x0001000100010001);
    int x = 0;
    for (; is_little_endian() && x + 4 <= pixels; x += 4) {
        uint64_t four;
        memcpy(&four, row + 2 * x, sizeof four);
        four &= masks;
        memcpy(codes + x, &four, sizeof four);
    }
    for (; x < pixels; x++)
        codes[x] = (unsigned short)((row[2 * x] | (unsigned)row[2 * x + 1] << 8) & mask);
}

void cf_raw_unpack_row(cf_raw_format format, const unsigned char *row, int pixels,
                       unsigned short *codes) {
    int groups = pixels / layouts[format].pixels, done = groups * layouts[format].pixels;
    switch (format) {
    case CF_RAW_CODES: memcpy(codes, row, 2 * (size_t)pixels); return;
    case CF_RAW_8:
        for (int x = 0; x < pixels; x++)
            codes[x] = row[x];
        return;
    case CF_RAW_10P: unpack_groups(row, groups, 4, 2, codes); break;
    case CF_RAW_12P: unpack_groups(row, groups, 2, 4, codes); break;
    case CF_RAW_14P: unpack_groups(row, groups, 4, 6, codes); break;
    case CF_RAW_10:
    case CF_RAW_12:
    case CF_RAW_14:
    case CF_RAW_16: unpack_words(row, pixels, layouts[format].bits, codes); return;
    }
    for (int x = done; x < pixels; x++) /* the incomplete group at the end */
        codes[x] = (unsigned short)packed(row, layouts[format].pixels, layouts[format].bits - 8, x);
}
