/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels of all kinds to RGB: grey ones by hand, the others through libswscale. */
#include "capture/video_frame.h"

#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <string.h>

#include "base/alloc.h"

struct cf_video_pictures {
    int turns;
    cf_pixel format;
    struct SwsContext *scaler;
    cf_image straight, turned; /* as the frame lies; upright, where that is not the same */
};

cf_status cf_video_pictures_create(int is_deep, int turns, cf_video_pictures **out) {
    *out = cf_alloc(1, sizeof **out);
    if (!*out)
        return CF_ERR_MEMORY;
    (*out)->turns = turns;
    (*out)->format = is_deep ? CF_PIXEL_RGB16 : CF_PIXEL_RGB8;
    return CF_OK;
}

void cf_video_pictures_destroy(cf_video_pictures **pictures) {
    if (!*pictures)
        return;
    sws_freeContext((*pictures)->scaler);
    cf_image_free(&(*pictures)->straight);
    cf_image_free(&(*pictures)->turned);
    cf_free(*pictures);
    *pictures = NULL;
}

static cf_status allocate(cf_video_pictures *p, const AVFrame *frame) {
    int w = frame->width, h = frame->height;
    if (p->straight.width == w && p->straight.height == h)
        return CF_OK;
    cf_image_free(&p->straight);
    cf_image_free(&p->turned);
    CF_TRY(cf_image_alloc(w, h, 1, p->format, &p->straight));
    return p->turns ? cf_image_alloc(p->turns % 2 ? h : w, p->turns % 2 ? w : h, 1, p->format,
                                     &p->turned)
                    : CF_OK;
}

/* The formats of JPEG's family are others with full range. */
static enum AVPixelFormat plain_format(const AVFrame *frame, int *is_full) {
    static const enum AVPixelFormat pairs[][2] = {{AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P},
                                                  {AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P},
                                                  {AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P},
                                                  {AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P},
                                                  {AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P}};
    *is_full = frame->color_range == AVCOL_RANGE_JPEG;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (frame->format == (int)pairs[i][0]) {
            *is_full = 1;
            return pairs[i][1];
        }
    return (enum AVPixelFormat)frame->format;
}

static int matrix_of(const AVFrame *frame) {
    switch (frame->colorspace) {
    case AVCOL_SPC_BT709: return SWS_CS_ITU709;
    case AVCOL_SPC_FCC: return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
    default: return frame->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    }
}

static cf_status scale(cf_video_pictures *p, const AVFrame *frame) {
    int is_full, size = (int)p->straight.stride;
    enum AVPixelFormat from = plain_format(frame, &is_full);
    enum AVPixelFormat to = p->format == CF_PIXEL_RGB16 ? AV_PIX_FMT_RGB48 : AV_PIX_FMT_RGB24;
    if (!sws_isSupportedInput(from))
        return CF_ERR_UNSUPPORTED;
    p->scaler = sws_getCachedContext(
        p->scaler, frame->width, frame->height, from, frame->width, frame->height, to,
        SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, NULL, NULL, NULL);
    if (!p->scaler)
        return CF_ERR_UNSUPPORTED;
    (void)sws_setColorspaceDetails(p->scaler, sws_getCoefficients(matrix_of(frame)), is_full,
                                   sws_getCoefficients(SWS_CS_ITU709), 1, 0, 1 << 16, 1 << 16);
    uint8_t *rows[4] = {p->straight.data};
    const int strides[4] = {size};
    return sws_scale(p->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0,
                     frame->height, rows, strides) > 0
               ? CF_OK
               : CF_ERR_UNSUPPORTED;
}

/* Bits of a format whose first plane is luma in whole bytes or native 16-bit words; 0: another. */
static int luma_bits(const AVPixFmtDescriptor *d) {
    const uint64_t no = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                        AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_FLOAT;
    int bytes = d && d->nb_components ? (d->comp[0].depth + 7) / 8 : 0;
    int is_big = d && d->flags & AV_PIX_FMT_FLAG_BE;
    if (!d || d->flags & no || bytes < 1 || bytes > 2 || d->comp[0].plane || d->comp[0].offset ||
        d->comp[0].shift || d->comp[0].step != bytes || (bytes == 2 && is_big))
        return 0;
    return d->comp[0].depth;
}

/* 1 when there is no chroma, or every sample of it is the neutral value. */
static int is_gray(const AVFrame *frame, const AVPixFmtDescriptor *d) {
    int bytes = (d->comp[0].depth + 7) / 8, neutral = 1 << (d->comp[0].depth - 1);
    if (d->nb_components < 3)
        return 1;
    if (!(d->flags & AV_PIX_FMT_FLAG_PLANAR) || d->comp[1].step != bytes)
        return 0;
    int width = AV_CEIL_RSHIFT(frame->width, d->log2_chroma_w);
    int height = AV_CEIL_RSHIFT(frame->height, d->log2_chroma_h);
    for (int c = 1; c < 3; c++)
        for (int y = 0; y < height; y++) {
            const uint8_t *row = frame->data[c] + (ptrdiff_t)y * frame->linesize[c];
            for (int x = 0; x < width; x++)
                if ((bytes == 1 ? row[x] : ((const uint16_t *)(const void *)row)[x]) != neutral)
                    return 0;
        }
    return 1;
}

/* Full-range value 0..top of a luma code, to nearest. */
static unsigned stretch(unsigned code, int bits, int is_full, unsigned top) {
    unsigned black = is_full ? 0 : 16U << (bits - 8);
    unsigned span = is_full ? (1U << bits) - 1 : 219U << (bits - 8);
    unsigned above = code > black ? code - black : 0;
    return above >= span ? top : (above * top + span / 2) / span;
}

/* Grey formats that tell no range have the full one, as FFmpeg's own programs take them. */
static cf_status copy_luma(cf_video_pictures *p, const AVFrame *frame, int bits,
                           int is_without_chroma) {
    size_t codes = (size_t)1 << (bits > 8 ? 16 : 8);
    int is_full, is_deep = p->format == CF_PIXEL_RGB16;
    unsigned short *table = cf_alloc(codes, sizeof *table);
    if (!table)
        return CF_ERR_MEMORY;
    (void)plain_format(frame, &is_full);
    is_full |= is_without_chroma && frame->color_range == AVCOL_RANGE_UNSPECIFIED;
    for (size_t i = 0; i < codes; i++)
        table[i] = (unsigned short)stretch((unsigned)i, bits, is_full, is_deep ? 65535 : 255);
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *row = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
        unsigned char *small = cf_image_row(&p->straight, 0, y);
        unsigned short *deep = cf_image_row(&p->straight, 0, y);
        for (int x = 0; x < frame->width; x++) {
            unsigned short v = table[bits > 8 ? ((const uint16_t *)(const void *)row)[x] : row[x]];
            for (int c = 0; c < 3; c++)
                if (is_deep)
                    deep[3 * x + c] = v;
                else
                    small[3 * x + c] = (unsigned char)v;
        }
    }
    cf_free(table);
    return CF_OK;
}

/* Pixel (x, y) of the upright picture comes from where it lay. */
static void turn(const cf_image *from, int turns, const cf_image *to) {
    size_t bytes = cf_pixel_bytes(from->format);
    for (int y = 0; y < to->height; y++) {
        char *row = cf_image_row(to, 0, y);
        for (int x = 0; x < to->width; x++) {
            int fx = turns == 1 ? y : turns == 2 ? from->width - 1 - x : from->width - 1 - y;
            int fy = turns == 1 ? from->height - 1 - x : turns == 2 ? from->height - 1 - y : x;
            memcpy(row + (size_t)x * bytes, (char *)cf_image_row(from, 0, fy) + (size_t)fx * bytes,
                   bytes);
        }
    }
}

cf_status cf_video_pictures_make(cf_video_pictures *p, const AVFrame *frame, cf_image *out) {
    int is_full;
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(plain_format(frame, &is_full));
    int bits = luma_bits(d);
    CF_TRY(allocate(p, frame));
    CF_TRY(bits && is_gray(frame, d) ? copy_luma(p, frame, bits, d->nb_components < 3)
                                     : scale(p, frame));
    if (p->turns)
        turn(&p->straight, p->turns, &p->turned);
    *out = p->turns ? p->turned : p->straight;
    return CF_OK;
}
