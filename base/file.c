/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-file reading and atomic writing. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

#define MAX_OPEN 64
#define NAMES_TRIED 100

struct cf_file_out {
    FILE *stream;
    int slot;        /* of pending[]; -1: the target is written straight into */
    char *target;    /* links resolved */
    char *temporary; /* equals target when slot is -1 */
};

/* Names of temporaries that a signal handler may have to remove. */
static _Atomic(char *) pending[MAX_OPEN];

cf_status cf_file_open(const char *path, FILE **stream, size_t *size) {
    struct stat st;
    *stream = NULL;
    *size = 0;
    /* without O_NONBLOCK a named pipe would keep us waiting for its writer */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return cf_fail(CF_ERR_IO, "%s: %s", path, strerror(errno));
    if (!fstat(fd, &st) && S_ISREG(st.st_mode))
        *stream = fdopen(fd, "rb");
    if (!*stream) {
        close(fd);
        return cf_fail(CF_ERR_IO, "%s: not a regular file", path);
    }
    *size = (size_t)st.st_size;
    return CF_OK;
}

cf_status cf_file_read(const char *path, size_t max, char **data, size_t *size) {
    FILE *f;
    size_t bytes_there;
    *data = NULL;
    *size = 0;
    CF_TRY(cf_file_open(path, &f, &bytes_there));
    if (bytes_there > max) {
        fclose(f);
        return cf_fail(CF_ERR_IO, "%s: %zu bytes, more than the %zu accepted for this kind of file",
                       path, bytes_there, max);
    }
    char *bytes = cf_alloc(bytes_there + 1, 1);
    size_t got = bytes ? fread(bytes, 1, bytes_there, f) : 0;
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
    cf_file_out *f = *out;
    if (f->slot >= 0)
        atomic_store(&pending[f->slot], NULL);
    cf_free(f->target);
    cf_free(f->temporary);
    cf_free(f);
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

/*
 * A new file beside target, with the mode that any new file gets; -1 and errno. mkstemp would make
 * it 0600, and to widen that one would have to set the umask, which all threads share.
 */
static int open_new(const char *target, char *name, size_t room) {
    static atomic_uint count;
    for (int i = 0; i < NAMES_TRIED; i++) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        unsigned mark = (unsigned)getpid() * 0x9e3779b1U ^ (unsigned)now.tv_nsec ^
                        atomic_fetch_add(&count, 1) << 16;
        snprintf(name, room, "%s.%06x", target, mark & 0xffffff);
        int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Opens a device, pipe or socket as it is; 0 or an errno. */
static int open_directly(cf_file_out *f, mode_t mode) {
    if (S_ISDIR(mode))
        return EISDIR;
    f->stream = fopen(f->target, "wb");
    if (!f->stream)
        return errno;
    strcpy(f->temporary, f->target);
    return 0;
}

/* Opens a new file beside the target; 0 or an errno. */
static int open_beside(cf_file_out *f, size_t room) {
    int fd = open_new(f->target, f->temporary, room);
    if (fd < 0)
        return errno;
    f->slot = take_slot(f->temporary);
    if (f->slot >= 0)
        f->stream = fdopen(fd, "w+b");
    if (!f->stream) {
        close(fd);
        unlink(f->temporary);
        return EMFILE;
    }
    return 0;
}

cf_status cf_file_create(const char *path, cf_file_out **out) {
    char resolved[PATH_MAX];
    struct stat st;
    *out = NULL;
    cf_file_out *f = cf_alloc(1, sizeof *f);
    if (!f)
        return CF_ERR_MEMORY;
    f->slot = -1;
    f->target = cf_strdup(realpath(path, resolved) ? resolved : path);
    size_t room = f->target ? strlen(f->target) + 16 : 0;
    f->temporary = f->target ? cf_alloc(room, 1) : NULL;
    if (!f->temporary) {
        release(&f);
        return CF_ERR_MEMORY;
    }
    int special = !stat(f->target, &st) && !S_ISREG(st.st_mode);
    int why = special ? open_directly(f, st.st_mode) : open_beside(f, room);
    if (why) {
        release(&f);
        return cf_fail(CF_ERR_IO, "%s: cannot write: %s", path, strerror(why));
    }
    *out = f;
    return CF_OK;
}

FILE *cf_file_stream(cf_file_out *out) {
    return out->stream;
}

const char *cf_file_temporary(const cf_file_out *out) {
    return out->temporary;
}

const char *cf_file_target(const cf_file_out *out) {
    return out->target;
}

cf_status cf_file_commit(cf_file_out **out) {
    cf_file_out *f = *out;
    int direct = f->slot < 0;
    errno = 0;
    int bad = fflush(f->stream) != 0 || ferror(f->stream);
    int why = errno;
    if (fclose(f->stream) && !bad) {
        bad = 1;
        why = errno;
    }
    if (!bad && !direct && rename(f->temporary, f->target)) {
        bad = 1;
        why = errno;
    }
    cf_status status = CF_OK;
    if (bad) {
        if (!direct)
            unlink(f->temporary);
        /* an earlier write failed and its reason is gone: nearly always a full disk */
        status =
            cf_fail(CF_ERR_IO, "%s: cannot write: %s", f->target, strerror(why ? why : ENOSPC));
    }
    release(out);
    return status;
}

void cf_file_discard(cf_file_out **out) {
    if (!out || !*out)
        return;
    fclose((*out)->stream);
    if ((*out)->slot >= 0)
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
