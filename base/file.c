/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-file reading and atomic writing. */
#include "base/file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

#define MAX_OPEN 64

struct cf_file_out {
    FILE *stream;
    int slot;
    char *target;
    char *temporary;
};

/* Names of temporaries that a signal handler may have to remove. */
static _Atomic(char *) pending[MAX_OPEN];

cf_status cf_file_read(const char *path, size_t max, char **data, size_t *size) {
    *data = NULL;
    *size = 0;
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f)
        return cf_fail(CF_ERR_IO, "%s: %s", path, strerror(errno));
    if (fstat(fileno(f), &st) || !S_ISREG(st.st_mode)) {
        fclose(f);
        return cf_fail(CF_ERR_IO, "%s: not a regular file", path);
    }
    if ((size_t)st.st_size > max) {
        fclose(f);
        return cf_fail(CF_ERR_IO,
                       "%s: %lld bytes, more than the %zu accepted for this kind of file", path,
                       (long long)st.st_size, max);
    }
    char *bytes = cf_alloc((size_t)st.st_size + 1, 1);
    size_t got = bytes ? fread(bytes, 1, (size_t)st.st_size, f) : 0;
    int bad = ferror(f);
    fclose(f);
    if (!bytes)
        return CF_ERR_MEMORY;
    if (bad) {
        cf_free(bytes);
        return cf_fail(CF_ERR_IO, "%s: cannot read", path);
    }
    *data = bytes;
    *size = got;
    return CF_OK;
}

static void release(cf_file_out **out) {
    atomic_store(&pending[(*out)->slot], NULL);
    cf_free((*out)->target);
    cf_free((*out)->temporary);
    cf_free(*out);
    *out = NULL;
}

static int take_slot(char *name) {
    for (int i = 0; i < MAX_OPEN; i++) {
        char *empty = NULL;
        if (atomic_compare_exchange_strong(&pending[i], &empty, name))
            return i;
    }
    return -1;
}

/* mkstemp gives 0600; a result should have the mode any new file gets. */
static void usual_mode(int fd) {
    mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
}

cf_status cf_file_create(const char *path, cf_file_out **out) {
    *out = NULL;
    cf_file_out *f = cf_alloc(1, sizeof *f);
    size_t room = strlen(path) + 16;
    if (!f)
        return CF_ERR_MEMORY;
    f->target = cf_strdup(path);
    f->temporary = cf_alloc(room, 1);
    if (!f->target || !f->temporary) {
        cf_free(f->target);
        cf_free(f->temporary);
        cf_free(f);
        return CF_ERR_MEMORY;
    }
    snprintf(f->temporary, room, "%s.XXXXXX", path);
    int fd = mkstemp(f->temporary);
    f->slot = fd >= 0 ? take_slot(f->temporary) : -1;
    if (f->slot >= 0)
        f->stream = fdopen(fd, "w+b");
    if (!f->stream) {
        int why = fd < 0 ? errno : EMFILE;
        if (fd >= 0) {
            close(fd);
            unlink(f->temporary);
        }
        if (f->slot < 0)
            f->slot = 0;
        else
            atomic_store(&pending[f->slot], NULL);
        cf_free(f->target);
        cf_free(f->temporary);
        cf_free(f);
        return cf_fail(CF_ERR_IO, "%s: cannot write: %s", path, strerror(why));
    }
    usual_mode(fd);
    *out = f;
    return CF_OK;
}

FILE *cf_file_stream(cf_file_out *out) {
    return out->stream;
}

const char *cf_file_temporary(const cf_file_out *out) {
    return out->temporary;
}

cf_status cf_file_commit(cf_file_out **out) {
    cf_file_out *f = *out;
    int bad = fflush(f->stream) != 0 || ferror(f->stream);
    int why = errno;
    if (fclose(f->stream) && !bad) {
        bad = 1;
        why = errno;
    }
    if (!bad && rename(f->temporary, f->target)) {
        bad = 1;
        why = errno;
    }
    cf_status status = CF_OK;
    if (bad) {
        unlink(f->temporary);
        status = cf_fail(CF_ERR_IO, "%s: cannot write: %s", f->target, strerror(why));
    }
    release(out);
    return status;
}

void cf_file_discard(cf_file_out **out) {
    if (!out || !*out)
        return;
    fclose((*out)->stream);
    unlink((*out)->temporary);
    release(out);
}

void cf_file_discard_all(void) {
    for (int i = 0; i < MAX_OPEN; i++) {
        char *name = atomic_load(&pending[i]);
        if (name)
            unlink(name);
    }
}
