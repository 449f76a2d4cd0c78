/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as YUV4MPEG2, the raw video that programs hand each other on pipes. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "capture/sink_backend.h"
#include "capture/yuv.h"

#define PATIENCE_MS 100 /* between two looks at whether to stop */
#define PIPE_PIECE 4096 /* a pipe that poll() calls writable takes this much without waiting */

typedef struct {
    const char *name; /* of the target, for messages */
    char *path;
    cf_file_out *file; /* NULL: standard output */
    int fd;
    size_t piece; /* bytes of one write */
    off_t whole;  /* bytes of a file that are whole pictures */
    int (*is_stopped)(void);
    unsigned char *frame; /* "FRAME\n" and the three planes */
    size_t frame_bytes;
    cf_yuv420 planes;
    unsigned short *scratch;
    int is_deep; /* samples are words of 16 bits */
} y4m;

#define FRAME_MARK "FRAME\n"

static int takes(const char *target) {
    size_t n = strlen(target);
    return !strcmp(target, "-") || (n > 4 && !strcmp(target + n - 4, ".y4m"));
}

static cf_status write_failed(const y4m *s, int why) {
    if (why == EPIPE)
        return cf_fail(CF_ERR_IO, "%s: the reader went away", s->name);
    return cf_fail(CF_ERR_IO, "%s: cannot write: %s", s->name, strerror(why));
}

/* Waits until the reader takes more. */
static cf_status wait_for_room(const y4m *s) {
    struct pollfd p = {.fd = s->fd, .events = POLLOUT};
    for (;;) {
        if (s->is_stopped && s->is_stopped())
            return CF_ERR_CANCELLED;
        int ready = poll(&p, 1, PATIENCE_MS);
        if (ready > 0)
            return CF_OK;
        if (ready < 0 && errno != EINTR)
            return write_failed(s, errno);
    }
}

static cf_status write_all(const y4m *s, const void *data, size_t bytes) {
    const char *at = data;
    while (bytes) {
        CF_TRY(wait_for_room(s));
        ssize_t n = write(s->fd, at, bytes < s->piece ? bytes : s->piece);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return write_failed(s, errno);
        at += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
    }
    return CF_OK;
}

/* fps as a fraction: whole rates, NTSC's, else thousandths. */
static void rate(double fps, long *over, long *under) {
    *over = lround(fps);
    *under = 1;
    if (*over > 0 && fabs(fps - (double)*over) < 1e-4 * fps)
        return;
    *over = lround(fps * 1.001) * 1000;
    *under = 1001;
    if (*over > 0 && fabs(fps - (double)*over / 1001) < 1e-4 * fps)
        return;
    *over = lround(fps * 1000);
    *under = 1000;
    if (*over < 1)
        *over = 1;
}

/* C420mpeg2 tells the siting. There is no official tag for the matrix, so it is a comment (X). */
static cf_status write_header(y4m *s, const cf_sink_params *params) {
    char text[160];
    long over, under;
    rate(params->fps, &over, &under);
    int n = snprintf(text, sizeof text,
                     "YUV4MPEG2 W%d H%d F%ld:%ld Ip A1:1 C%s XYSCSS=%s "
                     "XCOLORRANGE=LIMITED XMATRIX=BT709\n",
                     params->width, params->height, over, under, s->is_deep ? "420p16" : "420mpeg2",
                     s->is_deep ? "420P16" : "420MPEG2");
    s->whole = n;
    return write_all(s, text, (size_t)n);
}

static cf_status allocate(y4m *s, const cf_sink_params *params) {
    size_t w = (size_t)params->width, h = (size_t)params->height;
    size_t mark = strlen(FRAME_MARK), sample = s->is_deep ? 2 : 1;
    size_t ch = (h + 1) / 2, cw = (w + 1) / 2 * sample; /* rows, and bytes of one */
    w *= sample;
    s->frame_bytes = mark + w * h + 2 * cw * ch;
    s->frame = cf_alloc(s->frame_bytes, 1);
    s->scratch = cf_alloc(3 * (size_t)params->width, sizeof *s->scratch);
    if (!s->frame || !s->scratch)
        return CF_ERR_MEMORY;
    memcpy(s->frame, FRAME_MARK, mark);
    unsigned char *y = s->frame + mark;
    s->planes = (cf_yuv420){{y, y + w * h, y + w * h + cw * ch}, {w, cw, cw}};
    return CF_OK;
}

static cf_status open_target(y4m *s, const char *target) {
    struct stat st;
    s->fd = STDOUT_FILENO;
    s->name = "standard output";
    if (strcmp(target, "-")) {
        s->name = s->path = cf_strdup(target);
        if (!s->path)
            return CF_ERR_MEMORY;
        CF_TRY(cf_file_create(target, &s->file));
        s->fd = fileno(cf_file_stream(s->file));
    } else if (isatty(s->fd)) {
        return cf_fail(CF_ERR_IO, "standard output is a terminal, which cannot show raw video; "
                                  "send it to a program: chromafuse live ... -o - | mpv -");
    }
    s->piece = !fstat(s->fd, &st) && S_ISREG(st.st_mode) ? s->frame_bytes : PIPE_PIECE;
    return CF_OK;
}

static cf_status close_sink(void *state, int keep) {
    y4m *s = state;
    cf_status status = CF_OK;
    if (s->file && keep && ftruncate(s->fd, s->whole) && errno != EINVAL) /* a pipe has no length */
        status = write_failed(s, errno);
    if (s->file && keep && status == CF_OK)
        status = cf_file_commit(&s->file);
    cf_file_discard(&s->file);
    cf_free(s->frame);
    cf_free(s->scratch);
    cf_free(s->path);
    cf_free(s);
    return status;
}

static cf_status open_sink(const char *target, const cf_sink_params *params, void **state) {
    y4m *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    s->is_stopped = params->is_stopped;
    s->is_deep = params->depth == 16;
    cf_status status = allocate(s, params);
    if (status == CF_OK)
        status = open_target(s, target);
    if (status == CF_OK)
        status = write_header(s, params);
    if (status != CF_OK) {
        (void)close_sink(s, 0);
        return status;
    }
    *state = s;
    return CF_OK;
}

static cf_status write_picture(void *state, const cf_image *picture, int64_t t_ns) {
    y4m *s = state;
    (void)t_ns; /* the format has no times: pictures are one frame duration apart */
    if (s->is_deep)
        cf_yuv420_from_rgb16(picture, 16, &s->planes);
    else
        cf_yuv420_from_rgb(picture, s->scratch, &s->planes);
    CF_TRY(write_all(s, s->frame, s->frame_bytes));
    s->whole += (off_t)s->frame_bytes;
    return CF_OK;
}

const cf_sink_backend cf_sink_backend_y4m = {
    .summary = "- (Y4M on standard output), FILE.y4m",
    .keeps_all = 1,
    .is_deep = 1,
    .takes = takes,
    .open = open_sink,
    .write = write_picture,
    .close = close_sink,
};
