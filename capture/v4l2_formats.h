/* SPDX-License-Identifier: Apache-2.0 */
/* Which of V4L2's pixel formats are raw, and how their codes lie in memory. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_FORMATS_H
#define CHROMAFUSE_CAPTURE_V4L2_FORMATS_H

#include <stdint.h>
#include <sys/time.h>

#include <linux/videodev2.h>

#include "calib/raw_layout.h"

/* What the kernel's headers of Debian 12 (6.1) lack; as in Linux 6.6's videodev2.h. */
#ifndef V4L2_PIX_FMT_Y12P
#define V4L2_PIX_FMT_Y12P v4l2_fourcc('Y', '1', '2', 'P')
#endif
#ifndef V4L2_PIX_FMT_Y14P
#define V4L2_PIX_FMT_Y14P v4l2_fourcc('Y', '1', '4', 'P')
#endif

typedef struct {
    uint32_t fourcc;
    const char *name; /* as in V4L2_PIX_FMT_name */
    cf_raw_format layout;
    int is_color;
    unsigned char cfa[4]; /* as cf_camera_profile's; all 0 for mono */
} cf_v4l2_format;

/* Every raw format we read; ends with fourcc 0. */
extern const cf_v4l2_format cf_v4l2_formats[];

/* NULL: not a raw format that we read. */
const cf_v4l2_format *cf_v4l2_format_find(uint32_t fourcc);

/* By its four characters ("Y10", "RG10", "pRAA": case matters, the space at the end may be left
 * out) or by the kernel's name ("SRGGB10P"). NULL: unknown. */
const cf_v4l2_format *cf_v4l2_format_named(const char *name);

/* Why a raw-like format is not read: IPU3's and Y10BPACK's packings, A-law, DPCM, big endian; NULL
 * for what is no raw format at all. */
const char *cf_v4l2_format_trouble(uint32_t fourcc);

/* The four characters without the spaces at the end; what cannot be printed is '?'. Returns text.
 */
const char *cf_v4l2_fourcc_text(uint32_t fourcc, char text[5]);

#endif
