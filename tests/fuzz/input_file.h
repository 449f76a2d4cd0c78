/* SPDX-License-Identifier: Apache-2.0 */
/* A file in memory for readers that take a path. */
#ifndef CHROMAFUSE_TESTS_FUZZ_INPUT_FILE_H
#define CHROMAFUSE_TESTS_FUZZ_INPUT_FILE_H

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Path of the one memory file of this process, now holding data; aborts when it cannot be made. */
static const char *fuzz_input(const uint8_t *data, size_t size) {
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("fuzz", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    return path;
}

#endif
