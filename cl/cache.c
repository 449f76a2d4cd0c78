/* SPDX-License-Identifier: Apache-2.0 */
/* Built programs on disk: named by everything that went into them, checked before use, written by
 * rename. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "cl/internal.h"

#define MAX_ENTRY ((size_t)64 << 20)

typedef struct {
    char magic[8];
    char key[32];
    uint64_t size, sum;
} entry_header;

static const char MAGIC[8] = {'c', 'f', 'p', 'r', 'o', 'g', '0', '1'};

/* FNV-1a, 64 bit. */
static uint64_t fnv(uint64_t h, const void *data, size_t size) {
    const unsigned char *p = data;
    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * 0x100000001b3ULL;
    return h;
}

void cf_cache_key(const cf_cl *cl, const cf_cl_source *source, const char *options, char key[33]) {
    const char *parts[] = {source->name,     source->hash,    options,          cl->info.name,
                           cl->info.version, cl->info.driver, cl->info.platform};
    uint64_t a = 0xcbf29ce484222325ULL, b = 0x84222325cbf29ce4ULL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        a = fnv(a, parts[i], strlen(parts[i]) + 1);
        b = fnv(b ^ a, parts[i], strlen(parts[i]) + 1);
    }
    snprintf(key, 33, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

static int make_folders(char *path) {
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        int bad = mkdir(path, 0777) && errno != EEXIST;
        *at = '/';
        if (bad)
            return -1;
    }
    return mkdir(path, 0777) && errno != EEXIST ? -1 : 0;
}

char *cf_cache_folder(const char *wanted) {
    char path[PATH_MAX];
    const char *env = getenv("CHROMAFUSE_CACHE"), *xdg = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    if (!wanted && env)
        wanted = env;
    if (wanted)
        snprintf(path, sizeof path, "%s", wanted);
    else if (xdg && *xdg)
        snprintf(path, sizeof path, "%s/chromafuse", xdg);
    else if (home && *home)
        snprintf(path, sizeof path, "%s/.cache/chromafuse", home);
    else
        return NULL;
    if (!*path)
        return NULL;
    if (make_folders(path)) {
        cf_log(CF_LOG_WARNING, "%s: no program cache there: %s", path, strerror(errno));
        return NULL;
    }
    return cf_strdup(path);
}

static void entry_path(const cf_cl *cl, const char *key, char *path, size_t room) {
    snprintf(path, room, "%s/%s.bin", cl->cache_dir, key);
}

cf_status cf_cache_load(const cf_cl *cl, const char *key, unsigned char **data, size_t *size) {
    char path[PATH_MAX], *file;
    size_t bytes;
    entry_header header;
    *data = NULL;
    *size = 0;
    if (!cl->cache_dir)
        return CF_ERR_IO;
    entry_path(cl, key, path, sizeof path);
    if (access(path, R_OK))
        return CF_ERR_IO;
    CF_TRY(cf_file_read(path, MAX_ENTRY, &file, &bytes));
    int good = bytes >= sizeof header;
    if (good) {
        memcpy(&header, file, sizeof header);
        bytes -= sizeof header;
        good = !memcmp(header.magic, MAGIC, sizeof MAGIC) &&
               !memcmp(header.key, key, sizeof header.key) && header.size == bytes &&
               header.sum == fnv(0xcbf29ce484222325ULL, file + sizeof header, bytes);
    }
    if (!good) {
        cf_free(file);
        cf_log(CF_LOG_INFO, "%s: damaged cache entry, building the program again", path);
        return CF_ERR_FORMAT;
    }
    memmove(file, file + sizeof header, bytes);
    *data = (unsigned char *)file;
    *size = bytes;
    return CF_OK;
}

void cf_cache_store(cf_cl *cl, const char *key, const unsigned char *data, size_t size) {
    char path[PATH_MAX];
    entry_header header = {.size = size, .sum = fnv(0xcbf29ce484222325ULL, data, size)};
    cf_file_out *out;
    if (!cl->cache_dir || size > MAX_ENTRY - sizeof header)
        return;
    memcpy(header.magic, MAGIC, sizeof MAGIC);
    memcpy(header.key, key, sizeof header.key);
    entry_path(cl, key, path, sizeof path);
    /* a folder of somebody else's is no error: the run only starts slower */
    cf_status status = access(cl->cache_dir, W_OK) ? CF_ERR_IO : cf_file_create(path, &out);
    if (status == CF_OK) {
        FILE *f = cf_file_stream(out);
        fwrite(&header, sizeof header, 1, f);
        fwrite(data, 1, size, f);
        status = cf_file_commit(&out);
    }
    if (status != CF_OK) {
        cf_log(CF_LOG_WARNING, "%s: the program cache is off for this run", cl->cache_dir);
        cf_free(cl->cache_dir);
        cl->cache_dir = NULL;
    }
}
