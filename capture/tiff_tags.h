/* SPDX-License-Identifier: Apache-2.0 */
/* Tags about camera and exposure that pictures and DNGs share. */
#ifndef CHROMAFUSE_CAPTURE_TIFF_TAGS_H
#define CHROMAFUSE_CAPTURE_TIFF_TAGS_H

#include <stdint.h>
#include <tiffio.h>

#include "capture/frame.h"

/*
 * Writes the EXIF directory (exposure, aperture, ISO, focal length, time) as the first thing in the
 * file and leaves tif at a fresh main directory. Its offset for TIFFTAG_EXIFIFD; 0 when about is
 * NULL or the directory cannot be written (tif's error handler knows).
 */
uint64_t cf_tiff_exif_write(TIFF *tif, const cf_frame *about, int is_srgb);

/* Make, Model, DateTime, Orientation and Software of the main directory; unknown ones left out. */
void cf_tiff_about_set(TIFF *tif, const cf_frame *about, const char *software);

#endif
