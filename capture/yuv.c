/* SPDX-License-Identifier: Apache-2.0 */
/* RGB to Y'CbCr 4:2:0 in fixed point: 16.16 for bytes, 32.32 for words. */
#include "capture/yuv.h"

#include <stdint.h>

#define FIXED(x) ((int)((x)*65536 + ((x) < 0 ? -0.5 : 0.5)))

/* ITU-R BT.709-6, items 3.2 to 3.4, from 0..255 to 16..235. */
#define LUMA_R FIXED(0.2126 * 219 / 255)
#define LUMA_G FIXED(0.7152 * 219 / 255)
#define LUMA_B FIXED(0.0722 * 219 / 255)
/* Cb = (B - Y) / 1.8556, Cr = (R - Y) / 1.5748, to 128 +- 112. */
#define CB_R FIXED(-0.2126 / 1.8556 * 224 / 255)
#define CB_G FIXED(-0.7152 / 1.8556 * 224 / 255)
#define CB_B (-CB_R - CB_G) /* grey stays grey */
#define CR_G FIXED(-0.7152 / 1.5748 * 224 / 255)
#define CR_B FIXED(-0.0722 / 1.5748 * 224 / 255)
#define CR_R (-CR_G - CR_B)

#define HALF (1 << 15)
#define WEIGHTS 3 /* log2 of 2 rows times 1 + 2 + 1 */

static void luma_row(const unsigned char *restrict rgb, int width, unsigned char *restrict to) {
    for (int x = 0; x < width; x++)
        to[x] = (unsigned char)((LUMA_R * rgb[3 * x] + LUMA_G * rgb[3 * x + 1] +
                                 LUMA_B * rgb[3 * x + 2] + (16 << 16) + HALF) >>
                                16);
}

static void add_rows(const unsigned char *restrict a, const unsigned char *restrict b, int count,
                     unsigned short *restrict sum) {
    for (int i = 0; i < count; i++)
        sum[i] = (unsigned short)(a[i] + b[i]);
}

/* One chroma sample from the summed rows: columns left, x, right. */
static void chroma(const unsigned short *sum, int left, int x, int right, unsigned char *cb,
                   unsigned char *cr) {
    int c[3];
    for (int k = 0; k < 3; k++)
        c[k] = sum[3 * left + k] + 2 * sum[3 * x + k] + sum[3 * right + k];
    const int offset = (128 << 16 | HALF) << WEIGHTS;
    *cb = (unsigned char)((CB_R * c[0] + CB_G * c[1] + CB_B * c[2] + offset) >> (16 + WEIGHTS));
    *cr = (unsigned char)((CR_R * c[0] + CR_G * c[1] + CR_B * c[2] + offset) >> (16 + WEIGHTS));
}

static void chroma_row(const unsigned short *restrict sum, int width, unsigned char *restrict cb,
                       unsigned char *restrict cr) {
    chroma(sum, 0, 0, width > 1 ? 1 : 0, &cb[0], &cr[0]);
    int inner = width / 2; /* sites whose right neighbour exists */
    for (int i = 1; i < inner; i++)
        chroma(sum, 2 * i - 1, 2 * i, 2 * i + 1, &cb[i], &cr[i]);
    if (width > 1 && width % 2)
        chroma(sum, width - 2, width - 1, width - 1, &cb[inner], &cr[inner]);
}

void cf_yuv420_from_rgb(const cf_image *rgb, unsigned short *scratch, const cf_yuv420 *to) {
    for (int y = 0; y < rgb->height; y += 2) {
        int below = y + 1 < rgb->height ? y + 1 : y;
        const unsigned char *a = cf_image_row(rgb, 0, y), *b = cf_image_row(rgb, 0, below);
        size_t half = (size_t)y / 2;
        luma_row(a, rgb->width, to->plane[0] + (size_t)y * to->stride[0]);
        luma_row(b, rgb->width, to->plane[0] + (size_t)below * to->stride[0]);
        add_rows(a, b, 3 * rgb->width, scratch);
        chroma_row(scratch, rgb->width, to->plane[1] + half * to->stride[1],
                   to->plane[2] + half * to->stride[2]);
    }
}

/* --- of 16 bits --- */

/* What a word of RGB weighs in Y', Cb and Cr of these bits, and where 0 lies. */
typedef struct {
    int64_t weight[3][3], offset[3];
} deep;

static deep deep_of(int bits) {
    static const double luma[3] = {0.2126, 0.7152, 0.0722}, range[3] = {1, 1.8556, 1.5748};
    deep d;
    for (int p = 0; p < 3; p++) {
        int self = p == 1 ? 2 : 0; /* Cb = (B - Y) / range, Cr = (R - Y) / range */
        double scale = (double)((int64_t)(p ? 224 : 219) << (bits - 8)) / 65535 / range[p];
        for (int c = 0; c < 3; c++)
            d.weight[p][c] = (int64_t)((p ? (c == self) - luma[c] : luma[c]) * scale * 4294967296);
        if (p) /* grey stays grey */
            d.weight[p][1] = -d.weight[p][0] - d.weight[p][2];
        d.offset[p] = ((int64_t)(p ? 128 : 16) << (bits - 8 + 32)) + (INT64_C(1) << 31);
    }
    return d;
}

/* rgb: sums of 1 << shift pixels. */
static uint16_t deep_code(const deep *d, int p, const int64_t rgb[3], int shift) {
    int64_t sum = 0;
    for (int c = 0; c < 3; c++)
        sum += d->weight[p][c] * rgb[c];
    return (uint16_t)((sum + (d->offset[p] << shift)) >> (32 + shift));
}

static void deep_luma_row(const deep *d, const uint16_t *rgb, int width, uint16_t *to) {
    for (int x = 0; x < width; x++) {
        const int64_t pixel[3] = {rgb[3 * x], rgb[3 * x + 1], rgb[3 * x + 2]};
        to[x] = deep_code(d, 0, pixel, 0);
    }
}

/* a, b: the two rows. */
static void deep_chroma_row(const deep *d, const uint16_t *a, const uint16_t *b, int width,
                            uint16_t *cb, uint16_t *cr) {
    for (int x = 0; x < width; x += 2) {
        int left = x ? x - 1 : 0, right = x + 1 < width ? x + 1 : x;
        int64_t sum[3];
        for (int c = 0; c < 3; c++)
            sum[c] = a[3 * left + c] + b[3 * left + c] + 2 * (a[3 * x + c] + b[3 * x + c]) +
                     a[3 * right + c] + b[3 * right + c];
        cb[x / 2] = deep_code(d, 1, sum, WEIGHTS);
        cr[x / 2] = deep_code(d, 2, sum, WEIGHTS);
    }
}

static void *row_of(const cf_yuv420 *to, int plane, int y) {
    return to->plane[plane] + (size_t)y * to->stride[plane];
}

void cf_yuv420_from_rgb16(const cf_image *rgb, int bits, const cf_yuv420 *to) {
    const deep d = deep_of(bits);
    for (int y = 0; y < rgb->height; y++)
        deep_luma_row(&d, cf_image_row(rgb, 0, y), rgb->width, row_of(to, 0, y));
    for (int y = 0; y < rgb->height; y += 2) {
        int below = y + 1 < rgb->height ? y + 1 : y;
        deep_chroma_row(&d, cf_image_row(rgb, 0, y), cf_image_row(rgb, 0, below), rgb->width,
                        row_of(to, 1, y / 2), row_of(to, 2, y / 2));
    }
}
