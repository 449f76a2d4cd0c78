/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole-file reading with a size cap, and writing that leaves nothing half-written. */
#ifndef CHROMAFUSE_BASE_FILE_H
#define CHROMAFUSE_BASE_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/* Opens a regular file for reading and tells its size. CF_ERR_IO when it is missing, unreadable or
 * anything but a regular file; a named pipe is not waited for. */
cf_status cf_file_open(const char *path, FILE **stream, size_t *size);

/* Reads path whole into *data (cf_free it; one zero byte follows it). CF_ERR_IO when missing,
 * unreadable or > max bytes. */
cf_status cf_file_read(const char *path, size_t max, char **data, size_t *size);

/*
 * A file being written beside its target: nothing is seen at path until cf_file_commit. A symbolic
 * link is followed, so that the file it names is replaced and not the link. A target that exists
 * and is not a regular file (/dev/stdout, a named pipe) is written straight into, never replaced.
 */
typedef struct cf_file_out cf_file_out;

/* Opens a temporary file in path's folder. CF_ERR_IO names the path and the reason; so for a path
 * that is a folder. */
cf_status cf_file_create(const char *path, cf_file_out **out);
FILE *cf_file_stream(cf_file_out *out);
/*
 * Writes bytes at the file's start, before anything went through its stream, past the system's
 * cache where disk and address (a multiple of 4096) allow it: what is written without end would
 * only push everything else out, and the cache costs more processor time than the disk. 0 or an
 * errno.
 */
int cf_file_put_through(cf_file_out *out, const void *bytes, size_t size);

/* The temporary file's name, for libraries that open files themselves (the target's own where that
 * is not a regular file). */
const char *cf_file_temporary(const cf_file_out *out);
/* The file that will be there after cf_file_commit; links are resolved. */
const char *cf_file_target(const cf_file_out *out);
/* Flushes, closes and renames to the target; on failure (disk full) removes the temporary. Frees
 * *out either way. */
cf_status cf_file_commit(cf_file_out **out);
/* Removes the temporary file. Safe on NULL. */
void cf_file_discard(cf_file_out **out);

/* Removes every temporary file still open; async-signal-safe, for SIGINT handlers. */
void cf_file_discard_all(void);

#endif
