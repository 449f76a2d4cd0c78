/* SPDX-License-Identifier: Apache-2.0 */
/* Table of V4L2's raw formats. */
#include "capture/v4l2_formats.h"

#include <string.h>

/* Colours of the sites (0,0) (1,0) (0,1) (1,1): CF_CFA_R 0, CF_CFA_G 1, CF_CFA_B 2. */
#define RGGB                                                                                       \
    { 0, 1, 1, 2 }
#define GRBG                                                                                       \
    { 1, 0, 2, 1 }
#define GBRG                                                                                       \
    { 1, 2, 0, 1 }
#define BGGR                                                                                       \
    { 2, 1, 1, 0 }

#define MONO(name, layout)                                                                         \
    {                                                                                              \
        V4L2_PIX_FMT_##name, #name, layout, 0, {                                                   \
            0                                                                                      \
        }                                                                                          \
    }
#define BAYER(bits, layout)                                                                        \
    {V4L2_PIX_FMT_SRGGB##bits, "SRGGB" #bits, layout, 1, RGGB},                                    \
        {V4L2_PIX_FMT_SGRBG##bits, "SGRBG" #bits, layout, 1, GRBG},                                \
        {V4L2_PIX_FMT_SGBRG##bits, "SGBRG" #bits, layout, 1, GBRG}, {                              \
        V4L2_PIX_FMT_SBGGR##bits, "SBGGR" #bits, layout, 1, BGGR                                   \
    }

const cf_v4l2_format cf_v4l2_formats[] = {
    MONO(GREY, CF_RAW_8),
    MONO(Y10, CF_RAW_10),
    MONO(Y10P, CF_RAW_10P),
    MONO(Y12, CF_RAW_12),
    MONO(Y12P, CF_RAW_12P),
    MONO(Y14, CF_RAW_14),
    MONO(Y14P, CF_RAW_14P),
    MONO(Y16, CF_RAW_16),
    BAYER(8, CF_RAW_8),
    BAYER(10, CF_RAW_10),
    BAYER(10P, CF_RAW_10P),
    BAYER(12, CF_RAW_12),
    BAYER(12P, CF_RAW_12P),
    BAYER(14, CF_RAW_14),
    BAYER(14P, CF_RAW_14P),
    BAYER(16, CF_RAW_16),
    {0, NULL, CF_RAW_CODES, 0, {0}},
};

const cf_v4l2_format *cf_v4l2_format_find(uint32_t fourcc) {
    for (const cf_v4l2_format *f = cf_v4l2_formats; f->fourcc; f++)
        if (f->fourcc == fourcc)
            return f;
    return NULL;
}

const cf_v4l2_format *cf_v4l2_format_named(const char *name) {
    char text[5];
    for (const cf_v4l2_format *f = cf_v4l2_formats; f->fourcc; f++) {
        const char *four = cf_v4l2_fourcc_text(f->fourcc, text);
        size_t n = strlen(four);
        if (!strcmp(name, f->name) ||
            (!strncmp(name, four, n) && strspn(name + n, " ") == strlen(name + n)))
            return f;
    }
    return NULL;
}

const char *cf_v4l2_format_trouble(uint32_t fourcc) {
    static const struct {
        uint32_t fourcc;
        const char *why;
    } known[] = {
        {V4L2_PIX_FMT_Y10BPACK, "packed across byte borders"},
        {V4L2_PIX_FMT_IPU3_Y10, "packed as Intel's IPU3 does"},
        {V4L2_PIX_FMT_IPU3_SRGGB10, "packed as Intel's IPU3 does"},
        {V4L2_PIX_FMT_IPU3_SGRBG10, "packed as Intel's IPU3 does"},
        {V4L2_PIX_FMT_IPU3_SGBRG10, "packed as Intel's IPU3 does"},
        {V4L2_PIX_FMT_IPU3_SBGGR10, "packed as Intel's IPU3 does"},
        {V4L2_PIX_FMT_Y16_BE, "big endian"},
        {V4L2_PIX_FMT_SRGGB10ALAW8, "A-law"},
        {V4L2_PIX_FMT_SGRBG10ALAW8, "A-law"},
        {V4L2_PIX_FMT_SGBRG10ALAW8, "A-law"},
        {V4L2_PIX_FMT_SBGGR10ALAW8, "A-law"},
        {V4L2_PIX_FMT_SRGGB10DPCM8, "DPCM"},
        {V4L2_PIX_FMT_SGRBG10DPCM8, "DPCM"},
        {V4L2_PIX_FMT_SGBRG10DPCM8, "DPCM"},
        {V4L2_PIX_FMT_SBGGR10DPCM8, "DPCM"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].fourcc == fourcc)
            return known[i].why;
    return NULL;
}

const char *cf_v4l2_fourcc_text(uint32_t fourcc, char text[5]) {
    for (int i = 0; i < 4; i++) {
        unsigned c = fourcc >> 8 * i & 0xFF;
        text[i] = c >= ' ' && c <= '~' ? (char)c : '?';
    }
    text[4] = 0;
    for (int i = 3; i > 0 && text[i] == ' '; i--)
        text[i] = 0;
    return text;
}
