/* SPDX-License-Identifier: Apache-2.0 */
/* TIFF encoder: 8, 16 bit or float, grey or RGB, uncompressed, with EXIF and the ICC profile. */
#include <errno.h>

#include "base/log.h"
#include "capture/exif.h"
#include "capture/internal.h"

static void set_layout(TIFF *tif, const cf_picture_job *job) {
    TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, (uint32_t)job->image->width);
    TIFFSetField(tif, TIFFTAG_IMAGELENGTH, (uint32_t)job->image->height);
    TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, job->depth);
    TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, job->samples);
    TIFFSetField(tif, TIFFTAG_SAMPLEFORMAT,
                 job->depth == 32 ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT);
    TIFFSetField(tif, TIFFTAG_PHOTOMETRIC,
                 job->samples == 1 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    TIFFSetField(tif, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tif, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, TIFFDefaultStripSize(tif, 0));
    if (job->icc_size)
        TIFFSetField(tif, TIFFTAG_ICCPROFILE, (uint32_t)job->icc_size, job->icc);
}

static int encode(TIFF *tif, const cf_picture_job *job) {
    uint64_t exif = cf_tiff_exif_write(tif, job->params->about, job->icc_size > 0);
    set_layout(tif, job);
    cf_tiff_about_set(tif, job->params->about, job->params->software);
    if (exif)
        TIFFSetField(tif, TIFFTAG_EXIFIFD, exif);
    for (int y = 0; y < job->image->height; y++) {
        cf_picture_row(job, y);
        if (TIFFWriteScanline(tif, job->row, (uint32_t)y, 0) < 0)
            return 0;
    }
    return TIFFWriteDirectory(tif);
}

cf_status cf_tiff_write(const cf_picture_job *job) {
    cf_tiff_errors errors;
    /* 4 GiB is where plain TIFF ends. */
    double bytes = (double)job->image->width * job->image->height * job->samples * job->depth / 8;
    TIFF *tif = cf_tiff_open(job->file, bytes > 4e9 ? "w8" : "w", job->path, &errors);
    errno = 0;
    int ok = tif && encode(tif, job);
    if (tif)
        TIFFClose(tif);
    if (!ok || errors.errors)
        return cf_fail(CF_ERR_IO, "%s: cannot write: %s", job->path,
                       cf_tiff_write_reason(&errors, errno));
    return CF_OK;
}
