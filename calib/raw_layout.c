/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts of raw rows in memory; the definition of correct for the kernel as well. */
#include "calib/raw_layout.h"

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

static unsigned code(const unsigned char *row, cf_raw_format format, int x) {
    int bits = layouts[format].bits;
    if (layouts[format].pixels > 1)
        return packed(row, layouts[format].pixels, bits - 8, x);
    if (format == CF_RAW_8)
        return row[x];
    return (row[2 * x] | (unsigned)row[2 * x + 1] << 8) & ((1U << bits) - 1);
}

void cf_raw_unpack_row(cf_raw_format format, const unsigned char *row, int pixels,
                       unsigned short *codes) {
    if (format == CF_RAW_CODES) {
        memcpy(codes, row, 2 * (size_t)pixels);
        return;
    }
    for (int x = 0; x < pixels; x++)
        codes[x] = (unsigned short)code(row, format, x);
}
