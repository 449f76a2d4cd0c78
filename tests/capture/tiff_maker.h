/* SPDX-License-Identifier: Apache-2.0 */
/* Small DNG and TIFF files for tests, sound or broken on purpose. */
#ifndef CHROMAFUSE_TESTS_CAPTURE_TIFF_MAKER_H
#define CHROMAFUSE_TESTS_CAPTURE_TIFF_MAKER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#include "tests/test_main.h"

enum { LINEAR_RAW = 34892, NOISE_PROFILE = 51041 };

typedef struct {
    const char *mode; /* of TIFFOpen; "wb" is big endian */
    int width, height, samples, bits, photometric, is_float, compression;
    int cfa_side; /* 0 none, 2 Bayer, 6 X-Trans */
    unsigned char cfa[36];
    uint32_t active[4]; /* top left bottom right; all 0: none */
    int orientation;
    float black[4];
    int blacks;
    uint32_t white;
    TIFFDataType noise_type;
    double noise[8];
    int noises;
    int in_sub_ifd; /* the raw in a SubIFD below an 8-bit preview */
} tiff_maker;

#define TIFF_MAKER_BAYER                                                                           \
    {                                                                                              \
        .mode = "w", .width = 32, .height = 24, .samples = 1, .bits = 16,                          \
        .photometric = PHOTOMETRIC_CFA, .compression = COMPRESSION_NONE, .cfa_side = 2,            \
        .cfa = {0, 1, 1, 2}, .orientation = 1, .black = {64}, .blacks = 1, .white = 1023           \
    }

/* Code of sample s at x, y. */
static inline uint16_t tiff_maker_code(int x, int y, int s) {
    return (uint16_t)(100 + x * 7 + y * 13 + s);
}

static inline const char *test_path(const char *name) {
    static char paths[8][300];
    static int next;
    char *path = paths[next++ % 8];
    const char *folder = getenv("CHROMAFUSE_BUILD");
    snprintf(path, sizeof paths[0], "%s/test-capture-%s", folder ? folder : ".", name);
    return path;
}

static inline void tiff_maker_tags(TIFF *tif, const tiff_maker *m) {
    static const unsigned char version[4] = {1, 4, 0, 0};
    TIFFFieldInfo noise[] = {{NOISE_PROFILE, TIFF_VARIABLE2, TIFF_VARIABLE2, m->noise_type,
                              FIELD_CUSTOM, 1, 1, "NoiseProfile"}};
    if (!m->in_sub_ifd) {
        TIFFSetField(tif, TIFFTAG_DNGVERSION, version);
        TIFFSetField(tif, TIFFTAG_UNIQUECAMERAMODEL, "maker model");
        if (m->orientation)
            TIFFSetField(tif, TIFFTAG_ORIENTATION, m->orientation);
    }
    if (m->cfa_side) {
        uint16_t repeat[2] = {(uint16_t)m->cfa_side, (uint16_t)m->cfa_side};
        TIFFSetField(tif, TIFFTAG_CFAREPEATPATTERNDIM, repeat);
        TIFFSetField(tif, TIFFTAG_CFAPATTERN, m->cfa_side * m->cfa_side, m->cfa);
    }
    if (m->active[2])
        TIFFSetField(tif, TIFFTAG_ACTIVEAREA, m->active);
    if (m->blacks == 4) {
        static const uint16_t two[2] = {2, 2};
        TIFFSetField(tif, TIFFTAG_BLACKLEVELREPEATDIM, two);
    }
    if (m->blacks)
        TIFFSetField(tif, TIFFTAG_BLACKLEVEL, m->blacks, m->black);
    if (m->white)
        TIFFSetField(tif, TIFFTAG_WHITELEVEL, 1, &m->white);
    if (m->noises) {
        float floats[8];
        for (int i = 0; i < 8; i++)
            floats[i] = (float)m->noise[i];
        TIFFMergeFieldInfo(tif, noise, 1);
        TIFFSetField(tif, NOISE_PROFILE, (uint32_t)m->noises,
                     m->noise_type == TIFF_DOUBLE ? (const void *)m->noise : floats);
    }
}

static inline void tiff_maker_pixels(TIFF *tif, const tiff_maker *m) {
    uint8_t *row = calloc((size_t)m->width * (size_t)m->samples, 4);
    TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, m->width);
    TIFFSetField(tif, TIFFTAG_IMAGELENGTH, m->height);
    TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, m->bits);
    TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, m->samples);
    TIFFSetField(tif, TIFFTAG_SAMPLEFORMAT, m->is_float ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT);
    TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, m->photometric);
    TIFFSetField(tif, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tif, TIFFTAG_COMPRESSION, m->compression);
    TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, m->height);
    for (int y = 0; y < m->height; y++) {
        for (int i = 0; i < m->width * m->samples; i++) {
            uint16_t code = tiff_maker_code(i / m->samples, y, i % m->samples);
            float real = (float)code / 1023;
            if (m->bits == 8)
                row[i] = (uint8_t)code;
            else if (m->bits == 16)
                memcpy(row + 2 * i, &code, 2);
            else
                memcpy(row + 4 * i, &real, 4);
        }
        TIFFWriteScanline(tif, row, (uint32_t)y, 0);
    }
    free(row);
}

/* Writes the file; a path that stays valid for eight more calls. */
static inline const char *tiff_maker_write(const tiff_maker *m, const char *name) {
    const char *path = test_path(name);
    TIFF *tif = TIFFOpen(path, m->mode);
    ck_assert_ptr_nonnull(tif);
    if (m->in_sub_ifd) {
        tiff_maker preview = {.mode = "w",
                              .width = 8,
                              .height = 8,
                              .samples = 3,
                              .bits = 8,
                              .photometric = PHOTOMETRIC_RGB,
                              .compression = COMPRESSION_NONE,
                              .orientation = m->orientation};
        uint64_t sub[1] = {0};
        TIFFSetField(tif, TIFFTAG_SUBFILETYPE, 1);
        tiff_maker_tags(tif, &preview);
        TIFFSetField(tif, TIFFTAG_SUBIFD, 1, sub);
        tiff_maker_pixels(tif, &preview);
        TIFFWriteDirectory(tif);
    }
    TIFFSetField(tif, TIFFTAG_SUBFILETYPE, 0);
    tiff_maker_tags(tif, m);
    tiff_maker_pixels(tif, m);
    TIFFClose(tif);
    return path;
}

#endif
