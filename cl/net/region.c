/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory that is given back all at once: small requests share blocks, large ones have their
 * own. */
#include "cl/net/region.h"

#include <string.h>

#include "base/alloc.h"

#define BLOCK_BYTES ((size_t)16 << 10)

struct cf_region_block {
    cf_region_block *next;
    size_t used, bytes;
    /* the memory begins CF_ALIGN bytes after the block's start */
};
_Static_assert(sizeof(cf_region_block) <= CF_ALIGN, "the header fits before the memory");

static cf_region_block *add_block(cf_region *region, size_t bytes) {
    cf_region_block *block = cf_alloc(1, CF_ALIGN + bytes);
    if (!block)
        return NULL;
    *block = (cf_region_block){.next = region->blocks, .bytes = bytes};
    return region->blocks = block;
}

void *cf_region_alloc(cf_region *region, size_t count, size_t size) {
    if (size && count > (CF_ALLOC_MAX - CF_ALIGN) / size)
        return cf_alloc(count, size); /* fails and says so */
    size_t bytes = (count * size + CF_ALIGN - 1) / CF_ALIGN * CF_ALIGN;
    cf_region_block *block = region->blocks;
    if (!block || block->bytes - block->used < bytes) {
        block = add_block(region, bytes > BLOCK_BYTES / 4 ? bytes : BLOCK_BYTES);
        if (!block)
            return NULL;
        cf_region_block *open = block->next;
        if (open && block->bytes == bytes && open->used < open->bytes) {
            /* a large block of its own goes behind the one that still has room */
            block->next = open->next;
            open->next = block;
            region->blocks = open;
        }
    }
    void *memory = (char *)block + CF_ALIGN + block->used;
    block->used += bytes;
    return memory;
}

char *cf_region_strdup(cf_region *region, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = cf_region_alloc(region, size, 1);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void cf_region_free(cf_region *region) {
    while (region->blocks) {
        cf_region_block *block = region->blocks;
        region->blocks = block->next;
        cf_free(block);
    }
}
