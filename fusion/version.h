/* SPDX-License-Identifier: Apache-2.0 */
/* The library's version. */
#ifndef CHROMAFUSE_FUSION_VERSION_H
#define CHROMAFUSE_FUSION_VERSION_H

/* "MAJOR.MINOR.PATCH". */
const char *cf_version(void);

#endif
