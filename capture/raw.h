/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of raw stills: any camera LibRaw knows, and DNG. */
#ifndef CHROMAFUSE_CAPTURE_RAW_H
#define CHROMAFUSE_CAPTURE_RAW_H

#include "capture/frame.h"

/*
 * Reads one raw picture. Accepted: 2x2 Bayer mosaics and mono sensors (one sample per pixel), up to
 * 16 bit integer codes. The frame holds the visible area only, codes as the sensor gave them (after
 * the file's own linearisation table, nothing subtracted or scaled), and in its profile:
 *   cfa       phase of the visible area's top-left pixel
 *   black     per site, fractions kept; white: the file's or camera's clipping code
 *   neutral   AsShotNeutral with green = 1; the daylight neutral (warned) where none was recorded
 *   ccm       from the file's or LibRaw's colour matrix; identity (warned) where there is none
 *   noise     DNG NoiseProfile, {0,0} where the file has none
 * is_color = 0 for a mono sensor; whether that is what the caller wanted is the caller's check.
 *
 * CF_ERR_IO: missing, unreadable, empty. CF_ERR_FORMAT: no raw, truncated or damaged.
 * CF_ERR_UNSUPPORTED: a raw, but X-Trans, 4-colour, rotated, 3-sample linear, float or too large.
 * Every error logs one line that names the file and what to do. Not safe for one path being
 * rewritten during the call; safe from several threads.
 */
cf_status cf_raw_read(const char *path, cf_frame **out);

#endif
