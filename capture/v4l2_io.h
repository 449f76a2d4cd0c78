/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that V4L2 needs, as a table: tests put a driver of their own in its place. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_IO_H
#define CHROMAFUSE_CAPTURE_V4L2_IO_H

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

/* Each member fails as the call of that name does, with errno. */
typedef struct {
    const char *folder; /* where device nodes are: "/dev" */
    int (*open)(const char *path, int flags);
    int (*close)(int fd);
    int (*ioctl)(int fd, unsigned long request, void *argument);
    void *(*mmap)(size_t length, int protection, int fd, off_t offset); /* shared */
    int (*munmap)(void *address, size_t length);
    int (*poll)(struct pollfd *fd, int timeout_ms); /* of one */
    ssize_t (*write)(int fd, const void *data, size_t size);
} cf_v4l2_io;

/* The table in use: the system's own until a test sets another. What is open keeps the table that
 * it was opened with. NULL: the system's again. */
const cf_v4l2_io *cf_v4l2_io_get(void);
void cf_v4l2_io_set(const cf_v4l2_io *io);

/* 0 or the errno; a call that a signal interrupts is made again. */
int cf_v4l2_ioctl(const cf_v4l2_io *io, int fd, unsigned long request, void *argument);

/*
 * Waits for events of fd until timeout_ms are over, whatever signals come. The events that are
 * there (POLLERR, POLLHUP too), 0 for none in time; -errno.
 */
int cf_v4l2_wait(const cf_v4l2_io *io, int fd, short events, int timeout_ms);

#endif
