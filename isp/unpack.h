/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `unpack`: a sensor's bytes to one 16-bit code per pixel. */
#ifndef CHROMAFUSE_ISP_UNPACK_H
#define CHROMAFUSE_ISP_UNPACK_H

#include "calib/raw_layout.h"
#include "isp/stage.h"

/*
 * in  bytes  1 plane uint8; a row is width bytes, its pitch the driver's bytesperline rounded up
 * out codes  1 plane uint16, as wide as params.width says
 * Point-wise within a group of at most 4 pixels: margin 0.
 */
typedef struct {
    int format; /* cf_raw_format, not CF_RAW_CODES */
    int width;  /* pixels; 0, or more than a row holds: as many as a row holds */
} cf_unpack_params;
#define CF_UNPACK_DEFAULTS                                                                         \
    { .format = CF_RAW_8, .width = 0 }

/* The definition of correct; cf_stage_unpack holds both. */
cf_status cf_unpack_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_unpack;

#endif
