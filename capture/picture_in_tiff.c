/* SPDX-License-Identifier: Apache-2.0 */
/* TIFF decoder: plain rows directly, everything else libtiff can show as 8 bit. */
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/internal.h"

typedef struct {
    uint32_t width, height;
    uint16_t bits, samples, photometric, planar, format;
} layout;

static int read_layout(TIFF *tif, layout *l) {
    TIFFGetFieldDefaulted(tif, TIFFTAG_BITSPERSAMPLE, &l->bits);
    TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLESPERPIXEL, &l->samples);
    TIFFGetFieldDefaulted(tif, TIFFTAG_PLANARCONFIG, &l->planar);
    TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLEFORMAT, &l->format);
    return TIFFGetField(tif, TIFFTAG_IMAGEWIDTH, &l->width) &&
           TIFFGetField(tif, TIFFTAG_IMAGELENGTH, &l->height) &&
           TIFFGetField(tif, TIFFTAG_PHOTOMETRIC, &l->photometric);
}

static int is_gray(const layout *l) {
    return l->photometric == PHOTOMETRIC_MINISBLACK || l->photometric == PHOTOMETRIC_MINISWHITE;
}

/* Rows that need nothing but repetition or dropping of samples. */
static int is_plain(TIFF *tif, const layout *l) {
    return !TIFFIsTiled(tif) && l->planar == PLANARCONFIG_CONTIG &&
           (l->bits == 8 || l->bits == 16) &&
           ((is_gray(l) && l->samples >= 1 && l->samples <= 4) ||
            (l->photometric == PHOTOMETRIC_RGB && l->samples >= 3 && l->samples <= 8));
}

static void spread_row(const layout *l, const void *in, void *out) {
    size_t step = is_gray(l) ? 0 : 1;
    unsigned flip = l->photometric == PHOTOMETRIC_MINISWHITE ? 0xFFFF : 0;
    const uint8_t *in8 = in;
    const uint16_t *in16 = in;
    uint8_t *out8 = out;
    uint16_t *out16 = out;
    for (size_t x = 0; x < l->width; x++)
        for (size_t c = 0; c < 3; c++) {
            size_t from = x * l->samples + c * step;
            if (l->bits == 8)
                out8[3 * x + c] = (uint8_t)(in8[from] ^ flip);
            else
                out16[3 * x + c] = (uint16_t)(in16[from] ^ flip);
        }
}

static cf_status read_plain(TIFF *tif, const layout *l, cf_image *image) {
    tmsize_t bytes = TIFFScanlineSize(tif);
    tmsize_t needed = (tmsize_t)l->width * l->samples * (l->bits / 8);
    if (bytes < needed)
        return CF_ERR_FORMAT;
    void *row = cf_alloc((size_t)bytes, 1);
    if (!row)
        return CF_ERR_MEMORY;
    int ok = 1;
    for (uint32_t y = 0; ok && y < l->height; y++) {
        ok = TIFFReadScanline(tif, row, y, 0) == 1;
        if (ok)
            spread_row(l, row, cf_image_row(image, 0, (int)y));
    }
    cf_free(row);
    return ok ? CF_OK : CF_ERR_FORMAT;
}

static cf_status read_rgba(TIFF *tif, const layout *l, cf_image *image) {
    uint32_t *pixels = cf_alloc((size_t)l->width * l->height, sizeof *pixels);
    if (!pixels)
        return CF_ERR_MEMORY;
    TIFFSetField(tif, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT); /* pixels as stored */
    int ok = TIFFReadRGBAImageOriented(tif, l->width, l->height, pixels, ORIENTATION_TOPLEFT, 1);
    for (uint32_t y = 0; ok && y < l->height; y++) {
        uint8_t *out = cf_image_row(image, 0, (int)y);
        for (uint32_t x = 0; x < l->width; x++) {
            uint32_t p = pixels[(size_t)y * l->width + x];
            out[3 * x] = (uint8_t)TIFFGetR(p);
            out[3 * x + 1] = (uint8_t)TIFFGetG(p);
            out[3 * x + 2] = (uint8_t)TIFFGetB(p);
        }
    }
    cf_free(pixels);
    return ok ? CF_OK : CF_ERR_FORMAT;
}

static cf_status decode(const cf_picture_source *source, TIFF *tif, const cf_tiff_errors *errors) {
    layout l = {0};
    cf_picture *out = source->out;
    char why[1024] = "";
    if (!read_layout(tif, &l))
        return cf_fail(CF_ERR_FORMAT, "%s: TIFF without size or kind of samples", source->path);
    int plain = is_plain(tif, &l);
    if (l.format != SAMPLEFORMAT_UINT && l.format != SAMPLEFORMAT_VOID)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: TIFF of float or signed samples; convert it to 8 "
                       "or 16 bit",
                       source->path);
    if (l.photometric == PHOTOMETRIC_SEPARATED || (!plain && !TIFFRGBAImageOK(tif, why)))
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: unusual TIFF (%s); convert it to 8 or 16 bit RGB",
                       source->path, why[0] ? why : "CMYK");
    out->is_gray = is_gray(&l);
    out->has_alpha = l.samples == (is_gray(&l) ? 2 : 4); /* with or without its tag */
    CF_TRY(cf_picture_alloc(source, l.width, l.height, plain ? l.bits : 8));
    cf_status status = plain ? read_plain(tif, &l, &out->image) : read_rgba(tif, &l, &out->image);
    if (status == CF_ERR_MEMORY)
        return status;
    if (status != CF_OK || errors->errors)
        return cf_fail(CF_ERR_FORMAT, "%s: truncated or damaged TIFF (%s)", source->path,
                       errors->first[0] ? errors->first : "cannot read all rows");
    uint32_t size = 0;
    void *icc = NULL;
    if (TIFFGetField(tif, TIFFTAG_ICCPROFILE, &size, &icc))
        cf_picture_keep(icc, size, &out->icc, &out->icc_size);
    return CF_OK;
}

cf_status cf_tiff_read(const cf_picture_source *source) {
    cf_tiff_errors errors;
    TIFF *tif = cf_tiff_open(source->file, "r", source->path, &errors);
    if (!tif)
        return cf_fail(CF_ERR_FORMAT, "%s: truncated or damaged TIFF (%s)", source->path,
                       errors.first[0] ? errors.first : "cannot be opened");
    cf_status status = decode(source, tif, &errors);
    TIFFClose(tif);
    return status;
}
