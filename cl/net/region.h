/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory that is given back all at once. */
#ifndef CHROMAFUSE_CL_NET_REGION_H
#define CHROMAFUSE_CL_NET_REGION_H

#include <stddef.h>

typedef struct cf_region_block cf_region_block;
/* Zero it before the first use. */
typedef struct {
    cf_region_block *blocks;
} cf_region;

/* Zeroed, aligned memory as cf_alloc gives it; NULL when there is none (logged). */
void *cf_region_alloc(cf_region *region, size_t count, size_t size);
char *cf_region_strdup(cf_region *region, const char *text);
/* Frees everything; the region may be used again. */
void cf_region_free(cf_region *region);

#endif
