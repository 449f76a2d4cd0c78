/* SPDX-License-Identifier: Apache-2.0 */
/* Writing of raw frames as DNG. */
#ifndef CHROMAFUSE_CAPTURE_DNG_OUT_H
#define CHROMAFUSE_CAPTURE_DNG_OUT_H

#include "capture/frame.h"

/*
 * Writes frame as DNG 1.4 (readable by 1.1 readers), uncompressed 16 bit: a 2x2 CFA picture, or one
 * sample of LinearRaw for a mono sensor. Any layout; packed codes are unpacked row by row. From the
 * profile: BlackLevel (one value, or 2x2 when the sites differ), WhiteLevel, NoiseProfile (left out
 * when both numbers are 0), and for colour AsShotNeutral and ColorMatrix1 for D65 = diag(neutral)
 * inverse(ccm) (XYZ -> Rec.709). From the frame, where known: make, model, exposure, ISO (100 times
 * the gain when only that is known), aperture, focal length, orientation, FrameRate, and the time:
 * of wall_ns in microseconds with the time zone, else of timestamp.
 * cf_raw_read gives the same codes back, and the same numbers within a rational's precision.
 * Nothing is left at path unless CF_OK is returned. CF_ERR_INVALID: levels out of order, neutral
 * not positive, ccm not invertible, mosaic not of one red, two green, one blue.
 */
cf_status cf_dng_write(const char *path, const cf_frame *frame);

#endif
