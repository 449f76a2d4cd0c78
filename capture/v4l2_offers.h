/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture node offers, and which of it fits best. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_OFFERS_H
#define CHROMAFUSE_CAPTURE_V4L2_OFFERS_H

#include "capture/source.h"
#include "capture/v4l2_node.h"

typedef struct {
    uint32_t min, max, step; /* max 0: the driver does not say */
} cf_v4l2_span;

/* One raw format in one size, or in a range of sizes. */
typedef struct {
    const cf_v4l2_format *format;
    cf_v4l2_span width, height;
    double fps; /* the fastest, at the largest size; 0: the driver does not say */
} cf_v4l2_offer;

/* More than this is not looked at, whatever a driver lists. */
#define CF_V4L2_MAX_OFFERS 512

typedef struct {
    cf_v4l2_offer offers[CF_V4L2_MAX_OFFERS]; /* those of a format are together */
    int count;
    char others[200]; /* formats that are not raw or not read, "YUYV, Y10B (packed ...)"; "" none */
} cf_v4l2_offers;

void cf_v4l2_offers_read(const cf_v4l2_node *node, cf_v4l2_offers *out);

/* "GREY/Y10 640x480,1280x720; RG10 32x16..4096x3072": the raw formats of a kind. What does not fit
 * in room bytes ends with "...". Of no format at all: "nothing raw, only YUYV". */
void cf_v4l2_offers_text(const cf_v4l2_offers *offers, cf_camera_kind kind, char *text,
                         size_t room);

/*
 * The offer that meets the wishes for kind, format and size: of several the largest that is fast
 * enough (as fast as wished, else 24 a second), then the one with the most bits, then the packed
 * one. Its size in *width and *height (0: ask the driver). NULL: none.
 */
const cf_v4l2_offer *cf_v4l2_offers_choose(const cf_v4l2_offers *offers,
                                           const cf_source_params *wishes, uint32_t *width,
                                           uint32_t *height);

#endif
