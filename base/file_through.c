/* SPDX-License-Identifier: Apache-2.0 */
/* Writing past the system's cache. */
#define _GNU_SOURCE /* O_DIRECT is Linux's own */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/file.h"

#define BLOCK 4096 /* a multiple of what disks ask of addresses and sizes */

/* Writes until all is written or something fails; returns how much it was, and why it ended. */
static size_t write_all(int file, const unsigned char *bytes, size_t size, int *why) {
    size_t done = 0;
    *why = 0;
    while (done < size) {
        ssize_t n = write(file, bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *why = n < 0 ? errno : ENOSPC;
            break;
        }
        done += (size_t)n;
    }
    return done;
}

int cf_file_put_through(cf_file_out *out, const void *bytes, size_t size) {
    int file = fileno(cf_file_stream(out)), flags = fcntl(file, F_GETFL), why = 0;
    size_t done = 0, whole = size - size % BLOCK;
    int can = whole && (uintptr_t)bytes % BLOCK == 0 && flags >= 0;
    if (can && !fcntl(file, F_SETFL, flags | O_DIRECT)) {
        done = write_all(file, bytes, whole, &why);
        fcntl(file, F_SETFL, flags);
        if (why && why != EINVAL) /* EINVAL: not on this disk after all, or not from here on */
            return why;
    }
    write_all(file, (const unsigned char *)bytes + done, size - done, &why);
    return why;
}
