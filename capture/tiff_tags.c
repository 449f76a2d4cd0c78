/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF by libtiff's own directory writer. */
#include "capture/internal.h"

#include "capture/exif.h"

static void set_text(TIFF *tif, uint32_t tag, const char *text) {
    if (text[0])
        TIFFSetField(tif, tag, text);
}

uint64_t cf_tiff_exif_write(TIFF *tif, const cf_frame *about, int is_srgb) {
    uint64_t offset = 0;
    cf_exif_times times;
    if (!about || TIFFCreateEXIFDirectory(tif))
        return 0;
    uint16_t iso = (uint16_t)cf_exif_iso(about);
    cf_exif_times_of(about, &times);
    TIFFSetField(tif, EXIFTAG_EXIFVERSION, "0231");
    if (about->exposure_ns > 0)
        TIFFSetField(tif, EXIFTAG_EXPOSURETIME, (double)about->exposure_ns * 1e-9);
    if (about->aperture > 0)
        TIFFSetField(tif, EXIFTAG_FNUMBER, about->aperture);
    if (about->focal_mm > 0)
        TIFFSetField(tif, EXIFTAG_FOCALLENGTH, about->focal_mm);
    if (iso)
        TIFFSetField(tif, EXIFTAG_ISOSPEEDRATINGS, 1, &iso);
    set_text(tif, EXIFTAG_DATETIMEORIGINAL, times.date);
    set_text(tif, EXIFTAG_OFFSETTIME, times.offset);
    set_text(tif, EXIFTAG_OFFSETTIMEORIGINAL, times.offset);
    set_text(tif, EXIFTAG_SUBSECTIME, times.fraction);
    set_text(tif, EXIFTAG_SUBSECTIMEORIGINAL, times.fraction);
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
    cf_exif_times times;
    cf_exif_times_of(about, &times);
    set_text(tif, TIFFTAG_MAKE, about->maker);
    set_text(tif, TIFFTAG_MODEL, about->model);
    set_text(tif, TIFFTAG_DATETIME, times.date);
    TIFFSetField(tif, TIFFTAG_ORIENTATION,
                 about->orientation >= 1 && about->orientation <= 8 ? about->orientation : 1);
}
