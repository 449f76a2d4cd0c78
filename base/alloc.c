/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory over aligned_alloc, with a live counter and injected failure. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__GLIBC__) /* known once a header of the C library was read */
#include <malloc.h>
#endif

#include "base/log.h"

static atomic_size_t live, total;
static atomic_long fail_after = -1;

static int fails_now(void) {
    long left = atomic_load(&fail_after);
    if (left < 0)
        return 0;
    return atomic_fetch_sub(&fail_after, 1) == 0;
}

void *cf_alloc(size_t count, size_t size) {
    size_t bytes = count && size ? count * size : 1;
    void *block = NULL;
    if (size && count > CF_ALLOC_MAX / size) {
        cf_log(CF_LOG_ERROR, "refusing to allocate %zu x %zu bytes: over the limit of %zu", count,
               size, CF_ALLOC_MAX);
        return NULL;
    }
    bytes = (bytes + CF_ALIGN - 1) / CF_ALIGN * CF_ALIGN;
    if (!fails_now())
        block = aligned_alloc(CF_ALIGN, bytes);
    if (!block) {
        cf_log(CF_LOG_ERROR, "out of memory: %zu bytes", bytes);
        return NULL;
    }
    memset(block, 0, bytes);
    atomic_fetch_add(&live, 1);
    atomic_fetch_add(&total, 1);
    return block;
}

void cf_free(void *block) {
    if (!block)
        return;
    atomic_fetch_sub(&live, 1);
    free(block);
}

void cf_alloc_trim(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

char *cf_strdup(const char *text) {
    if (!text)
        return NULL;
    size_t bytes = strlen(text) + 1;
    char *copy = cf_alloc(bytes, 1);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

size_t cf_alloc_live(void) {
    return atomic_load(&live);
}

size_t cf_alloc_total(void) {
    return atomic_load(&total);
}

void cf_alloc_fail_after(long after) {
    atomic_store(&fail_after, after);
}
