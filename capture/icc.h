/* SPDX-License-Identifier: Apache-2.0 */
/* ICC profiles of display pictures, made in code. */
#ifndef CHROMAFUSE_CAPTURE_ICC_H
#define CHROMAFUSE_CAPTURE_ICC_H

#include <stddef.h>

#define CF_ICC_MAX 1024

/*
 * Writes a version 4.3 display profile into out (CF_ICC_MAX bytes): sRGB (IEC 61966-2-1), or with
 * grey != 0 a grey profile of the same transfer function. Returns its size. Deterministic.
 * Layout: ICC.1:2010; colorants are sRGB's primaries adapted to D50 by Bradford.
 */
size_t cf_icc_srgb(int grey, unsigned char *out);

typedef enum {
    CF_ICC_BROKEN = 0, /* no profile: no header, or tags that lie outside */
    CF_ICC_RGB,
    CF_ICC_GRAY,
    CF_ICC_OTHER, /* of another colour space, as CMYK */
} cf_icc_kind;

/* Of which samples a profile tells, by its header and tag table (ICC.1:2010, 7.2 and 7.3). */
cf_icc_kind cf_icc_kind_of(const unsigned char *icc, size_t size);

#endif
