/* SPDX-License-Identifier: Apache-2.0 */
/* RGB to Y'CbCr 4:2:0 in 16.16 fixed point. */
#include "capture/yuv.h"

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
