/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of the raw directory or the first one, by libtiff. */
#include "capture/internal.h"

#include <math.h>

#include "base/log.h"

#define PHOTOMETRIC_LINEAR_RAW_ 34892
#define MAX_PLANES 4
#define MAX_SUB_IFDS 16
#define NOISE_MAX 100 /* an honest sensor that sees one electron at white has 1 and a few */

/* 1 when the current directory has a usable profile. */
static int profile_of_directory(TIFF *tif, const char *path, cf_noise *noise) {
    const TIFFField *field = TIFFFindField(tif, CF_TAG_NOISE_PROFILE, TIFF_ANY);
    uint32_t count = 0;
    double *values = NULL;
    /* libtiff gives tags it does not know the type found in the file, so the type must be asked. */
    if (!field || TIFFFieldDataType(field) != TIFF_DOUBLE || !TIFFFieldPassCount(field) ||
        TIFFFieldReadCount(field) != TIFF_VARIABLE2 ||
        !TIFFGetField(tif, CF_TAG_NOISE_PROFILE, &count, &values) || !values)
        return 0;
    if (count < 2 || count % 2 || count > 2 * MAX_PLANES) {
        cf_log(CF_LOG_WARNING, "%s: NoiseProfile with %u values, ignored", path, count);
        return 0;
    }
    double scale = 0;
    double offset = 0;
    for (uint32_t i = 0; i < count; i += 2) {
        if (!isfinite(values[i]) || !isfinite(values[i + 1]) || values[i] < 0 ||
            values[i] > NOISE_MAX || fabs(values[i + 1]) > NOISE_MAX) {
            cf_log(CF_LOG_WARNING, "%s: NoiseProfile out of range, ignored", path);
            return 0;
        }
        scale += values[i];
        offset += fmax(values[i + 1], 0); /* fits of phone makers dip below zero */
    }
    *noise = (cf_noise){(float)(scale * 2 / count), (float)(offset * 2 / count)};
    return 1;
}

static int is_raw_directory(TIFF *tif) {
    uint16_t photometric = 0;
    uint32_t type = 0;
    TIFFGetFieldDefaulted(tif, TIFFTAG_SUBFILETYPE, &type);
    return TIFFGetField(tif, TIFFTAG_PHOTOMETRIC, &photometric) && !(type & 1) &&
           (photometric == PHOTOMETRIC_CFA || photometric == PHOTOMETRIC_LINEAR_RAW_);
}

static void layout_of_directory(TIFF *tif, cf_dng_tags *tags) {
    const TIFFField *field = TIFFFindField(tif, TIFFTAG_ACTIVEAREA, TIFF_ANY);
    const uint32_t *area = NULL;
    tags->active_left = tags->active_top = 0;
    if (field && TIFFFieldReadCount(field) == 4 && !TIFFFieldPassCount(field) &&
        TIFFFieldDataType(field) == TIFF_LONG && TIFFGetField(tif, TIFFTAG_ACTIVEAREA, &area)) {
        tags->active_top = area[0];
        tags->active_left = area[1];
    }
    TIFFGetField(tif, TIFFTAG_IMAGEWIDTH, &tags->width);
    TIFFGetField(tif, TIFFTAG_IMAGELENGTH, &tags->height);
    TIFFGetFieldDefaulted(tif, TIFFTAG_BITSPERSAMPLE, &tags->bits);
    TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLESPERPIXEL, &tags->samples);
    TIFFGetFieldDefaulted(tif, TIFFTAG_COMPRESSION, &tags->compression);
}

/* Goes to the raw picture below the first directory; 0 when there is none. */
static int seek_sub_directory(TIFF *tif) {
    uint16_t count = 0;
    uint64_t *found = NULL;
    uint64_t offsets[MAX_SUB_IFDS];
    if (!TIFFGetField(tif, TIFFTAG_SUBIFD, &count, &found) || !found)
        return 0;
    if (count > MAX_SUB_IFDS)
        count = MAX_SUB_IFDS;
    for (int i = 0; i < count; i++)
        offsets[i] = found[i]; /* the array dies with the directory */
    for (int i = 0; i < count; i++)
        if (TIFFSetSubDirectory(tif, offsets[i]) && is_raw_directory(tif))
            return 1;
    return 0;
}

void cf_dng_tags_read(const char *path, cf_dng_tags *tags) {
    *tags = (cf_dng_tags){0};
    cf_tiff_errors errors;
    const unsigned char *version = NULL;
    TIFF *tif = cf_tiff_open(path, "r", path, &errors);
    if (!tif)
        return;
    tags->is_dng = TIFFGetField(tif, TIFFTAG_DNGVERSION, &version) == 1;
    profile_of_directory(tif, path, &tags->noise);
    layout_of_directory(tif, tags);
    if (!is_raw_directory(tif) && seek_sub_directory(tif)) {
        profile_of_directory(tif, path, &tags->noise);
        layout_of_directory(tif, tags);
    }
    TIFFClose(tif);
}
