/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory: overflow-checked, aligned, counted, and able to fail on purpose in tests. */
#ifndef CHROMAFUSE_BASE_ALLOC_H
#define CHROMAFUSE_BASE_ALLOC_H

#include <stddef.h>

/* Every block is aligned for any vector type in use. */
#define CF_ALIGN 64

/*
 * Zeroed memory for count elements of size bytes, aligned to CF_ALIGN; NULL when count * size
 * overflows, exceeds CF_ALLOC_MAX or memory is out (logged once, with the size). count or size 0
 * gives a valid pointer.
 */
void *cf_alloc(size_t count, size_t size);

/* Frees what cf_alloc or cf_strdup gave; NULL is fine. */
void cf_free(void *block);

/* A copy of text, or NULL when memory is out. NULL text gives NULL. */
char *cf_strdup(const char *text);

/* Gives freed memory that the C library keeps for later back to the system: worth it after work
 * that took much and will not be repeated. */
void cf_alloc_trim(void);

/* No single block of ours is larger: sizes from files are rejected before they can exhaust the
 * machine. */
#define CF_ALLOC_MAX ((size_t)8 << 30)

/* Live blocks, for leak checks in tests. */
size_t cf_alloc_live(void);

/* Blocks ever made: constant in a steady frame loop. */
size_t cf_alloc_total(void);

/* Tests: let `after` more allocations succeed and fail the next one; negative: never fail (the
 * default). */
void cf_alloc_fail_after(long after);

#endif
