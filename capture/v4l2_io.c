/* SPDX-License-Identifier: Apache-2.0 */
/* The system's own calls, and what every caller of them does. */
#include "capture/v4l2_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"

static int system_open(const char *path, int flags) {
    return open(path, flags);
}

static int system_ioctl(int fd, unsigned long request, void *argument) {
    return ioctl(fd, request, argument);
}

static void *system_mmap(size_t length, int protection, int fd, off_t offset) {
    return mmap(NULL, length, protection, MAP_SHARED, fd, offset);
}

static int system_poll(struct pollfd *fd, int timeout_ms) {
    return poll(fd, 1, timeout_ms);
}

static const cf_v4l2_io system_io = {
    "/dev", system_open, close, system_ioctl, system_mmap, munmap, system_poll, write,
};

static _Atomic(const cf_v4l2_io *) current = &system_io;

const cf_v4l2_io *cf_v4l2_io_get(void) {
    return atomic_load(&current);
}

void cf_v4l2_io_set(const cf_v4l2_io *io) {
    atomic_store(&current, io ? io : &system_io);
}

int cf_v4l2_ioctl(const cf_v4l2_io *io, int fd, unsigned long request, void *argument) {
    int result;
    do
        result = io->ioctl(fd, request, argument);
    while (result == -1 && errno == EINTR);
    return result == -1 ? errno : 0;
}

int cf_v4l2_wait(const cf_v4l2_io *io, int fd, short events, int timeout_ms) {
    double end = cf_clock_seconds() + timeout_ms * 1e-3;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int result = io->poll(&p, timeout_ms);
        if (result >= 0)
            return result ? p.revents : 0;
        if (errno != EINTR)
            return -errno;
        double left = (end - cf_clock_seconds()) * 1e3;
        timeout_ms = left > 0 ? (int)left : 0;
    }
}
