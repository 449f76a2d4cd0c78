/* SPDX-License-Identifier: Apache-2.0 */
/* TIFF files that are made in memory. */
#include <string.h>

#include "base/alloc.h"
#include "capture/internal.h"

#define PAGE 4096

cf_status cf_memory_file_reserve(cf_memory_file *m, size_t room) {
    m->size = m->at = 0;
    if (m->room >= room)
        return CF_OK;
    cf_memory_file_clear(m);
    m->block = cf_alloc(room + PAGE, 1);
    if (!m->block)
        return CF_ERR_MEMORY;
    m->bytes = m->block + (PAGE - (uintptr_t)m->block % PAGE) % PAGE;
    m->room = room;
    return CF_OK;
}

void cf_memory_file_clear(cf_memory_file *m) {
    cf_free(m->block);
    *m = (cf_memory_file){0};
}

static tmsize_t on_read(thandle_t user, void *out, tmsize_t bytes) {
    cf_memory_file *m = user;
    size_t left = m->at < m->size ? m->size - m->at : 0;
    size_t n = (size_t)bytes < left ? (size_t)bytes : left;
    memcpy(out, m->bytes + m->at, n);
    m->at += n;
    return (tmsize_t)n;
}

static tmsize_t on_write(thandle_t user, void *bytes, tmsize_t count) {
    cf_memory_file *m = user;
    size_t n = (size_t)count;
    if (m->at > m->room || n > m->room - m->at)
        return 0;
    if (m->at > m->size)
        memset(m->bytes + m->size, 0, m->at - m->size);
    memcpy(m->bytes + m->at, bytes, n);
    m->at += n;
    m->size = m->at > m->size ? m->at : m->size;
    return count;
}

static toff_t on_seek(thandle_t user, toff_t offset, int from) {
    cf_memory_file *m = user;
    m->at = (size_t)offset + (from == SEEK_CUR ? m->at : from == SEEK_END ? m->size : 0);
    return m->at;
}

static int on_close(thandle_t user) {
    (void)user;
    return 0;
}

static toff_t tell_size(thandle_t user) {
    return ((const cf_memory_file *)user)->size;
}

TIFF *cf_tiff_open_memory(cf_memory_file *m, const char *path, cf_tiff_errors *errors) {
    TIFFOpenOptions *options = cf_tiff_options(path, errors);
    if (!options)
        return NULL;
    TIFF *tif = TIFFClientOpenExt(path, "wm", m, on_read, on_write, on_seek, on_close, tell_size,
                                  NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tif;
}
