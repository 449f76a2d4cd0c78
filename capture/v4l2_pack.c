/* SPDX-License-Identifier: Apache-2.0 */
/* Packs RGB pictures for video devices. */
#include "capture/v4l2_pack.h"

#include <math.h>
#include <string.h>

const uint32_t cf_v4l2_pack_formats[] = {V4L2_PIX_FMT_YUYV,   V4L2_PIX_FMT_NV12,
                                         V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24,
                                         V4L2_PIX_FMT_BGR24,  0};

static int fixed(double x) {
    return (int)lround(x * 65536);
}

void cf_v4l2_matrix_for(const cf_v4l2_picture *format, cf_v4l2_matrix *out) {
    uint32_t encoding = format->encoding, range = format->quantization;
    double kr = 0.299, kb = 0.114;
    if (encoding == V4L2_YCBCR_ENC_DEFAULT)
        encoding = V4L2_MAP_YCBCR_ENC_DEFAULT(format->colorspace);
    if (range == V4L2_QUANTIZATION_DEFAULT)
        range = V4L2_MAP_QUANTIZATION_DEFAULT(0, format->colorspace, encoding);
    if (encoding == V4L2_YCBCR_ENC_709 || encoding == V4L2_YCBCR_ENC_XV709)
        kr = 0.2126, kb = 0.0722;
    else if (encoding == V4L2_YCBCR_ENC_BT2020 || encoding == V4L2_YCBCR_ENC_BT2020_CONST_LUM)
        kr = 0.2627, kb = 0.0593;
    else if (encoding == V4L2_YCBCR_ENC_SMPTE240M)
        kr = 0.212, kb = 0.087;
    int is_full = range == V4L2_QUANTIZATION_FULL_RANGE;
    const double k[3] = {kr, 1 - kr - kb, kb};
    double luma = is_full ? 1 : 219.0 / 255, chroma = is_full ? 1 : 224.0 / 255;
    for (int i = 0; i < 3; i++) {
        out->y[i] = fixed(luma * k[i]);
        out->cb[i] = fixed(chroma * ((i == 2) - k[i]) / (2 * (1 - kb)));
        out->cr[i] = fixed(chroma * ((i == 0) - k[i]) / (2 * (1 - kr)));
    }
    out->black = is_full ? 0 : 16;
}

static int is_420(uint32_t fourcc) {
    return fourcc == V4L2_PIX_FMT_NV12 || fourcc == V4L2_PIX_FMT_YUV420;
}

static size_t half(uint32_t n) {
    return ((size_t)n + 1) / 2;
}

size_t cf_v4l2_pack_row(const cf_v4l2_picture *f) {
    if (is_420(f->fourcc))
        return half(f->width) * 2;
    return f->fourcc == V4L2_PIX_FMT_YUYV ? half(f->width) * 4 : (size_t)f->width * 3;
}

static size_t stride_of(const cf_v4l2_picture *f) {
    return f->stride ? f->stride : cf_v4l2_pack_row(f);
}

size_t cf_v4l2_pack_size(const cf_v4l2_picture *f) {
    size_t stride = stride_of(f), luma_bytes = stride * f->height;
    if (!is_420(f->fourcc))
        return luma_bytes;
    return luma_bytes +
           half(f->height) * (f->fourcc == V4L2_PIX_FMT_NV12 ? stride : stride / 2 * 2);
}

static unsigned char weigh(const int k[3], const int rgb[3], int shift, int offset) {
    int v = (k[0] * rgb[0] + k[1] * rgb[1] + k[2] * rgb[2] + (offset << (16 + shift)) +
             (1 << (15 + shift))) >>
            (16 + shift);
    return (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static unsigned char luma(const cf_v4l2_matrix *m, const unsigned char *p) {
    const int rgb[3] = {p[0], p[1], p[2]};
    return weigh(m->y, rgb, 0, m->black);
}

static void pack_yuyv(const cf_image *rgb, const cf_v4l2_matrix *m, int y, unsigned char *out) {
    const unsigned char *row = cf_image_row(rgb, 0, y);
    for (int x = 0; x < rgb->width; x += 2, out += 4) {
        const unsigned char *a = row + 3 * (size_t)x, *b = x + 1 < rgb->width ? a + 3 : a;
        const int sum[3] = {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
        out[0] = luma(m, a);
        out[1] = weigh(m->cb, sum, 1, 128);
        out[2] = luma(m, b);
        out[3] = weigh(m->cr, sum, 1, 128);
    }
}

/* Two rows' chroma; the samples of cb and of cr lie `step` bytes apart. */
static void pack_chroma(const cf_image *rgb, const cf_v4l2_matrix *m, int y, unsigned char *cb,
                        unsigned char *cr, int step) {
    const unsigned char *above = cf_image_row(rgb, 0, y);
    const unsigned char *below = cf_image_row(rgb, 0, y + 1 < rgb->height ? y + 1 : y);
    for (int x = 0; x < rgb->width; x += 2, cb += step, cr += step) {
        size_t left = 3 * (size_t)x, right = x + 1 < rgb->width ? left + 3 : left;
        int sum[3];
        for (size_t i = 0; i < 3; i++)
            sum[i] = above[left + i] + above[right + i] + below[left + i] + below[right + i];
        *cb = weigh(m->cb, sum, 2, 128);
        *cr = weigh(m->cr, sum, 2, 128);
    }
}

static void pack_420(const cf_image *rgb, const cf_v4l2_picture *f, const cf_v4l2_matrix *m,
                     unsigned char *out) {
    size_t stride = stride_of(f), chroma = stride / 2 * half(f->height);
    int is_nv12 = f->fourcc == V4L2_PIX_FMT_NV12;
    unsigned char *cb = out + stride * f->height;
    for (int y = 0; y < rgb->height; y++) {
        const unsigned char *row = cf_image_row(rgb, 0, y);
        for (int x = 0; x < rgb->width; x++)
            out[(size_t)y * stride + (size_t)x] = luma(m, row + 3 * (size_t)x);
    }
    for (int y = 0; y < rgb->height; y += 2) {
        unsigned char *at = cb + (size_t)y / 2 * (is_nv12 ? stride : stride / 2);
        pack_chroma(rgb, m, y, at, is_nv12 ? at + 1 : at + chroma, is_nv12 ? 2 : 1);
    }
}

static void pack_rgb(const cf_image *rgb, int is_swapped, int y, unsigned char *out) {
    const unsigned char *row = cf_image_row(rgb, 0, y);
    if (!is_swapped) {
        memcpy(out, row, 3 * (size_t)rgb->width);
        return;
    }
    for (size_t x = 0; x < 3 * (size_t)rgb->width; x += 3) {
        out[x] = row[x + 2];
        out[x + 1] = row[x + 1];
        out[x + 2] = row[x];
    }
}

void cf_v4l2_pack(const cf_image *rgb, const cf_v4l2_picture *f, const cf_v4l2_matrix *m,
                  unsigned char *out) {
    if (is_420(f->fourcc)) {
        pack_420(rgb, f, m, out);
        return;
    }
    for (int y = 0; y < rgb->height; y++) {
        unsigned char *row = out + (size_t)y * stride_of(f);
        if (f->fourcc == V4L2_PIX_FMT_YUYV)
            pack_yuyv(rgb, m, y, row);
        else
            pack_rgb(rgb, f->fourcc == V4L2_PIX_FMT_BGR24, y, row);
    }
}
