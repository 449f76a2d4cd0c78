/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF by libtiff's own directory writer. */
#include "capture/internal.h"

#include <math.h>
#include <string.h>

#define EXIF_TIME_LENGTH 19

uint64_t cf_tiff_exif_write(TIFF *tif, const cf_frame *about, int is_srgb) {
    uint64_t offset = 0;
    if (!about || TIFFCreateEXIFDirectory(tif))
        return 0;
    TIFFSetField(tif, EXIFTAG_EXIFVERSION, "0230");
    if (about->exposure_ns > 0)
        TIFFSetField(tif, EXIFTAG_EXPOSURETIME, (double)about->exposure_ns * 1e-9);
    if (about->aperture > 0)
        TIFFSetField(tif, EXIFTAG_FNUMBER, about->aperture);
    if (about->focal_mm > 0)
        TIFFSetField(tif, EXIFTAG_FOCALLENGTH, about->focal_mm);
    if (about->iso >= 1 && about->iso < 65536) {
        uint16_t iso = (uint16_t)lround(about->iso);
        TIFFSetField(tif, EXIFTAG_ISOSPEEDRATINGS, 1, &iso);
    }
    if (strlen(about->timestamp) == EXIF_TIME_LENGTH)
        TIFFSetField(tif, EXIFTAG_DATETIMEORIGINAL, about->timestamp);
    TIFFSetField(tif, EXIFTAG_COLORSPACE, is_srgb ? 1 : 0xFFFF);
    int written = TIFFWriteCustomDirectory(tif, &offset);
    TIFFFreeDirectory(tif);
    TIFFCreateDirectory(tif);
    return written ? offset : 0;
}

void cf_tiff_about_set(TIFF *tif, const cf_frame *about, const char *software) {
    TIFFSetField(tif, TIFFTAG_SOFTWARE, software ? software : "chromafuse");
    if (!about)
        return;
    if (about->maker[0])
        TIFFSetField(tif, TIFFTAG_MAKE, about->maker);
    if (about->model[0])
        TIFFSetField(tif, TIFFTAG_MODEL, about->model);
    if (strlen(about->timestamp) == EXIF_TIME_LENGTH)
        TIFFSetField(tif, TIFFTAG_DATETIME, about->timestamp);
    TIFFSetField(tif, TIFFTAG_ORIENTATION,
                 about->orientation >= 1 && about->orientation <= 8 ? about->orientation : 1);
}
