/* SPDX-License-Identifier: Apache-2.0 */
/* A V4L2 driver made of one struct: tests write into it what the device is and what goes wrong. */
#ifndef CHROMAFUSE_TESTS_CAPTURE_FAKE_V4L2_H
#define CHROMAFUSE_TESTS_CAPTURE_FAKE_V4L2_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/v4l2_formats.h"
#include "capture/v4l2_io.h"

enum {
    FAKE_VIDEO = 1000,
    FAKE_SUBDEV,
    FAKE_BUFFERS = 40,
    FAKE_MONOTONIC = 0x2000,
    FAKE_SOE = 0x10000
};

/* One thing that DQBUF gives or does. */
typedef struct {
    uint32_t sequence, flags; /* flags on top of FAKE_MONOTONIC */
    int64_t t_us;
    uint32_t used; /* 0: the right number of bytes */
    int error;     /* errno of DQBUF instead */
    short events;  /* of poll; 0: POLLIN */
    int wrong_index;
    uint32_t new_width; /* > 0: the format has changed to this width */
    int is_empty;       /* bytesused really is 0 */
} fake_step;

typedef struct {
    uint32_t id, type, flags;
    int64_t min, max, step, initial, value;
    int is_sub;
} fake_control;

typedef struct {
    uint32_t fourcc, width, height, fps; /* fps 0: no intervals are listed */
} fake_size;

typedef struct {
    /* What the device is. */
    uint32_t capabilities;
    int is_planar, plane_count;
    uint32_t data_offset, stride_extra, buffer_extra;
    fake_size sizes[64];
    int size_count, has_no_size_list;
    fake_control controls[16];
    int has_no_rate;
    /* What goes wrong: errno, or a count. */
    int open_error, subdev_error, querycap_error, s_fmt_error, reqbufs_error, querybuf_error;
    int streamon_error, mmap_error_at, qbuf_error, qbuf_error_at, qbuf_error_times, poll_error;
    int dequeue_event_count;
    int fewer_buffers, buffers_short, interrupts_all, stride_too_small, other_size, interlaced;
    /* What it delivers. */
    fake_step steps[512];
    int step, step_count;
    unsigned char *picture; /* of which each buffer gets a copy; NULL: byte i is i * 7 + sequence */
    size_t picture_size;
    /* Its state. */
    int opened, closed, mapped, unmapped, streaming, queued[FAKE_BUFFERS], queue_length, qbufs;
    int interrupted, starved, streamoffs, freed_buffers, subscribed;
    uint32_t fourcc, width, height, buffer_count, asked_fps_milli, colorspace, encoding, quant;
    unsigned char *memory[FAKE_BUFFERS];
    /* Output. */
    unsigned char *written;
    size_t written_size;
    int writes, write_error, write_again, has_own_colors, has_section, changes_by_section;
    struct v4l2_rect crop, compose;
} fake_driver;

static fake_driver fake;

static int fake_fail(int error) {
    errno = error;
    return -1;
}

static int fake_is_420(void) {
    return fake.fourcc == V4L2_PIX_FMT_NV12 || fake.fourcc == V4L2_PIX_FMT_YUV420;
}

static uint32_t fake_row(void) {
    const cf_v4l2_format *f = cf_v4l2_format_find(fake.fourcc);
    uint32_t pairs = (fake.width + 1) / 2;
    uint32_t row = f               ? (uint32_t)cf_raw_bytes(f->layout, (int)fake.width)
                   : fake_is_420() ? pairs * 2
                   : fake.fourcc == V4L2_PIX_FMT_YUYV ? pairs * 4
                                                      : fake.width * 3;
    return fake.stride_too_small ? row - 1 : row + fake.stride_extra;
}

static uint32_t fake_size_of(void) {
    return fake_row() * (fake.height + (fake_is_420() ? (fake.height + 1) / 2 : 0));
}

static uint32_t fake_length(void) {
    return fake.buffers_short ? 16 : fake_size_of() + fake.buffer_extra + fake.data_offset;
}

static int fake_open(const char *path, int flags) {
    (void)flags;
    if (strstr(path, "subdev")) {
        if (fake.subdev_error)
            return fake_fail(fake.subdev_error);
        fake.opened++;
        return FAKE_SUBDEV;
    }
    if (fake.open_error)
        return fake_fail(fake.open_error);
    fake.opened++;
    return FAKE_VIDEO;
}

static int fake_close(int fd) {
    (void)fd;
    fake.closed++;
    return 0;
}

static int fake_querycap(struct v4l2_capability *c) {
    if (fake.querycap_error)
        return fake_fail(fake.querycap_error);
    memcpy(c->card, "Fake \x1b camera", 14);
    memcpy(c->driver, "fake", 5);
    memcpy(c->bus_info, "platform:fake", 14);
    c->capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_READWRITE;
    c->device_caps = fake.capabilities;
    return 0;
}

static int fake_enum_fmt(struct v4l2_fmtdesc *f) {
    uint32_t seen = 0;
    for (int i = 0; i < fake.size_count; i++)
        if ((!i || fake.sizes[i].fourcc != fake.sizes[i - 1].fourcc) && seen++ == f->index) {
            f->pixelformat = fake.sizes[i].fourcc;
            return 0;
        }
    return fake_fail(EINVAL);
}

static int fake_enum_sizes(struct v4l2_frmsizeenum *f) {
    uint32_t seen = 0;
    for (int i = 0; i < fake.size_count && !fake.has_no_size_list; i++)
        if (fake.sizes[i].fourcc == f->pixel_format && seen++ == f->index) {
            f->type = V4L2_FRMSIZE_TYPE_DISCRETE;
            f->discrete.width = fake.sizes[i].width;
            f->discrete.height = fake.sizes[i].height;
            return 0;
        }
    return fake_fail(fake.has_no_size_list ? ENOTTY : EINVAL);
}

static int fake_enum_intervals(struct v4l2_frmivalenum *f) {
    for (int i = 0; i < fake.size_count && !f->index; i++)
        if (fake.sizes[i].fourcc == f->pixel_format && fake.sizes[i].width == f->width &&
            fake.sizes[i].height == f->height && fake.sizes[i].fps) {
            f->type = V4L2_FRMIVAL_TYPE_DISCRETE;
            f->discrete = (struct v4l2_fract){1, fake.sizes[i].fps};
            return 0;
        }
    return fake_fail(EINVAL);
}

static void fake_format_out(struct v4l2_format *f) {
    uint32_t field = fake.interlaced ? V4L2_FIELD_INTERLACED : V4L2_FIELD_NONE;
    if (!fake.is_planar) {
        f->fmt.pix = (struct v4l2_pix_format){.width = fake.width,
                                              .height = fake.height,
                                              .pixelformat = fake.fourcc,
                                              .field = field,
                                              .bytesperline = fake_row(),
                                              .sizeimage = fake_size_of(),
                                              .colorspace = fake.colorspace,
                                              .ycbcr_enc = fake.encoding,
                                              .quantization = fake.quant};
        return;
    }
    f->fmt.pix_mp = (struct v4l2_pix_format_mplane){
        .width = fake.width,
        .height = fake.height,
        .pixelformat = fake.fourcc,
        .field = field,
        .num_planes = (uint8_t)(fake.plane_count ? fake.plane_count : 1)};
    f->fmt.pix_mp.plane_fmt[0].bytesperline = fake_row();
    f->fmt.pix_mp.plane_fmt[0].sizeimage = fake_size_of();
}

static int fake_s_fmt(struct v4l2_format *f) {
    if (fake.s_fmt_error)
        return fake_fail(fake.s_fmt_error);
    fake.fourcc = fake.is_planar ? f->fmt.pix_mp.pixelformat : f->fmt.pix.pixelformat;
    fake.width = fake.is_planar ? f->fmt.pix_mp.width : f->fmt.pix.width;
    fake.height = fake.is_planar ? f->fmt.pix_mp.height : f->fmt.pix.height;
    if (fake.other_size)
        fake.width += 16;
    if (!fake.is_planar && !fake.has_own_colors) {
        fake.colorspace = f->fmt.pix.colorspace;
        fake.encoding = f->fmt.pix.ycbcr_enc;
        fake.quant = f->fmt.pix.quantization;
    }
    fake_format_out(f);
    return 0;
}

static int fake_reqbufs(struct v4l2_requestbuffers *r) {
    if (r->count && fake.reqbufs_error)
        return fake_fail(fake.reqbufs_error);
    for (uint32_t i = 0; i < FAKE_BUFFERS; i++) {
        free(fake.memory[i]);
        fake.memory[i] = NULL;
    }
    if (!r->count)
        fake.freed_buffers++;
    if (r->count && fake.fewer_buffers)
        r->count = (uint32_t)fake.fewer_buffers;
    fake.buffer_count = r->count;
    for (uint32_t i = 0; i < r->count;
         i++) /* malloc: sanitizers and valgrind see every byte too far */
        fake.memory[i] = malloc(fake_length());
    return 0;
}

static int fake_querybuf(struct v4l2_buffer *b) {
    if (fake.querybuf_error)
        return fake_fail(fake.querybuf_error);
    if (fake.is_planar) {
        b->m.planes[0].length = fake_length();
        b->m.planes[0].m.mem_offset = b->index << 16;
    } else {
        b->length = fake_length();
        b->m.offset = b->index << 16;
    }
    return 0;
}

static int fake_qbuf(struct v4l2_buffer *b) {
    int at = fake.qbufs++;
    if (fake.qbuf_error && at >= fake.qbuf_error_at &&
        at < fake.qbuf_error_at + (fake.qbuf_error_times ? fake.qbuf_error_times : 1))
        return fake_fail(fake.qbuf_error);
    fake.queued[fake.queue_length++] = (int)b->index;
    if (fake.capabilities & V4L2_CAP_VIDEO_OUTPUT) {
        fake.written = realloc(fake.written, b->bytesused);
        memcpy(fake.written, fake.memory[b->index], b->bytesused);
        fake.written_size = b->bytesused;
        fake.writes++;
    }
    return 0;
}

static void fake_fill(const fake_step *s, unsigned char *data, size_t length) {
    if (fake.picture) {
        memcpy(data + fake.data_offset, fake.picture, fake.picture_size);
        return;
    }
    for (size_t i = 0; i + fake.data_offset < length; i++)
        data[fake.data_offset + i] = (unsigned char)(i * 7 + s->sequence);
}

static int fake_dqbuf(struct v4l2_buffer *b) {
    if (fake.step >= fake.step_count && !(fake.capabilities & V4L2_CAP_VIDEO_OUTPUT))
        return fake_fail(EAGAIN);
    const fake_step *s = &fake.steps[fake.step++];
    if (s->new_width)
        fake.width = s->new_width;
    if (s->error)
        return fake_fail(s->error);
    if (!fake.queue_length) {
        fake.starved++;
        return fake_fail(EAGAIN);
    }
    int index = fake.queued[0];
    memmove(fake.queued, fake.queued + 1, (size_t)--fake.queue_length * sizeof *fake.queued);
    if (!(fake.capabilities & V4L2_CAP_VIDEO_OUTPUT))
        fake_fill(s, fake.memory[index], fake_length());
    uint32_t used = s->is_empty ? 0 : s->used ? s->used : fake_size_of() + fake.data_offset;
    b->index = s->wrong_index ? 77 : (uint32_t)index;
    b->sequence = s->sequence;
    b->flags = s->flags ^ FAKE_MONOTONIC;
    b->timestamp.tv_sec = s->t_us / 1000000;
    b->timestamp.tv_usec = s->t_us % 1000000;
    if (fake.is_planar) {
        b->m.planes[0].bytesused = used;
        b->m.planes[0].data_offset = fake.data_offset;
    } else {
        b->bytesused = used;
    }
    return 0;
}

static fake_control *fake_find(int fd, uint32_t id) {
    for (int i = 0; i < 16; i++)
        if (fake.controls[i].id == id && id && fake.controls[i].is_sub == (fd == FAKE_SUBDEV))
            return &fake.controls[i];
    return NULL;
}

static int fake_query(int fd, struct v4l2_query_ext_ctrl *q) {
    const fake_control *c = fake_find(fd, q->id);
    if (!c)
        return fake_fail(EINVAL);
    q->type = c->type ? c->type : V4L2_CTRL_TYPE_INTEGER;
    q->flags = c->flags;
    q->minimum = c->min;
    q->maximum = c->max;
    q->step = (uint64_t)c->step;
    q->default_value = c->initial;
    return 0;
}

static int fake_ext(int fd, struct v4l2_ext_controls *all, int is_set) {
    struct v4l2_ext_control *one = all->controls;
    fake_control *c = fake_find(fd, one->id);
    int is_wide = c && c->type == V4L2_CTRL_TYPE_INTEGER64;
    if (!c || all->count != 1)
        return fake_fail(EINVAL);
    if (is_set && (one->value < c->min || one->value > c->max))
        return fake_fail(ERANGE);
    if (is_set && (c->flags & V4L2_CTRL_FLAG_READ_ONLY))
        return fake_fail(EACCES);
    if (is_set)
        c->value = one->value;
    else if (is_wide)
        one->value64 = c->value;
    else
        one->value = (int32_t)c->value;
    return 0;
}

static int fake_parm(struct v4l2_streamparm *p, int is_set) {
    if (fake.has_no_rate)
        return fake_fail(ENOTTY);
    struct v4l2_fract *t = &p->parm.capture.timeperframe;
    if (is_set)
        fake.asked_fps_milli = (uint32_t)((uint64_t)t->denominator * 1000 / t->numerator);
    p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    *t = (struct v4l2_fract){1000, fake.asked_fps_milli};
    return 0;
}

static int fake_stream(int is_on) {
    if (is_on && fake.streamon_error)
        return fake_fail(fake.streamon_error);
    fake.streaming = is_on;
    fake.streamoffs += !is_on;
    if (!is_on)
        fake.queue_length = 0;
    return 0;
}

static int fake_event(struct v4l2_event *e) {
    if (!fake.dequeue_event_count)
        return fake_fail(ENOENT);
    fake.dequeue_event_count--;
    e->type = V4L2_EVENT_SOURCE_CHANGE;
    return 0;
}

/* Of an output that scales: what was set last stays. */
static int fake_selection(struct v4l2_selection *s, int is_set) {
    struct v4l2_rect *r = s->target == V4L2_SEL_TGT_CROP ? &fake.crop : &fake.compose;
    if (!fake.has_section)
        return fake_fail(ENOTTY);
    if (is_set)
        *r = s->r;
    else
        s->r = s->target == V4L2_SEL_TGT_COMPOSE_DEFAULT ? (struct v4l2_rect){0, 0, 640, 480} : *r;
    if (is_set && fake.changes_by_section)
        fake.width += 8;
    return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *a) {
    if (fake.interrupts_all && (fake.interrupted ^= 1))
        return fake_fail(EINTR);
    switch (request) {
    case VIDIOC_QUERYCAP: return fake_querycap(a);
    case VIDIOC_ENUM_FMT: return fake_enum_fmt(a);
    case VIDIOC_ENUM_FRAMESIZES: return fake_enum_sizes(a);
    case VIDIOC_ENUM_FRAMEINTERVALS: return fake_enum_intervals(a);
    case VIDIOC_G_FMT: fake_format_out(a); return 0;
    case VIDIOC_S_FMT: return fake_s_fmt(a);
    case VIDIOC_G_PARM: return fake_parm(a, 0);
    case VIDIOC_S_PARM: return fake_parm(a, 1);
    case VIDIOC_REQBUFS: return fake_reqbufs(a);
    case VIDIOC_QUERYBUF: return fake_querybuf(a);
    case VIDIOC_QBUF: return fake_qbuf(a);
    case VIDIOC_DQBUF: return fake_dqbuf(a);
    case VIDIOC_STREAMON: return fake_stream(1);
    case VIDIOC_STREAMOFF: return fake_stream(0);
    case VIDIOC_QUERY_EXT_CTRL: return fake_query(fd, a);
    case VIDIOC_G_EXT_CTRLS: return fake_ext(fd, a, 0);
    case VIDIOC_S_EXT_CTRLS: return fake_ext(fd, a, 1);
    case VIDIOC_G_SELECTION: return fake_selection(a, 0);
    case VIDIOC_S_SELECTION: return fake_selection(a, 1);
    case VIDIOC_SUBSCRIBE_EVENT: fake.subscribed++; return 0;
    case VIDIOC_DQEVENT: return fake_event(a);
    default: return fake_fail(ENOTTY);
    }
}

static void *fake_mmap(size_t length, int protection, int fd, off_t offset) {
    (void)protection;
    (void)fd;
    if ((fake.mmap_error_at && fake.mapped + 1 == fake.mmap_error_at) || length != fake_length()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    fake.mapped++;
    return fake.memory[offset >> 16];
}

static int fake_munmap(void *address, size_t length) {
    (void)address;
    (void)length;
    fake.unmapped++;
    return 0;
}

/* Time does not pass: where nothing is to come it is over at once. */
static int fake_poll(struct pollfd *p, int timeout_ms) {
    (void)timeout_ms;
    if (fake.interrupts_all && (fake.interrupted ^= 1))
        return fake_fail(EINTR);
    if (fake.poll_error)
        return fake_fail(fake.poll_error);
    if (p->events & POLLOUT)
        p->revents = POLLOUT;
    else if (fake.step < fake.step_count)
        p->revents = fake.steps[fake.step].events ? fake.steps[fake.step].events : POLLIN;
    return p->revents != 0;
}

static ssize_t fake_write(int fd, const void *data, size_t size) {
    (void)fd;
    if (fake.write_again && fake.write_again--)
        return fake_fail(EAGAIN);
    if (fake.write_error)
        return fake_fail(fake.write_error);
    fake.written = realloc(fake.written, size);
    memcpy(fake.written, data, size);
    fake.written_size = size;
    fake.writes++;
    return (ssize_t)size;
}

static cf_v4l2_io fake_io = {
    "/nowhere", fake_open, fake_close, fake_ioctl, fake_mmap, fake_munmap, fake_poll, fake_write,
};

/* A fresh camera with two raw formats and one that is not raw. */
static inline void fake_reset(void) {
    free(fake.written);
    memset(&fake, 0, sizeof fake);
    fake.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    fake.sizes[0] = (fake_size){V4L2_PIX_FMT_Y10, 64, 48, 30};
    fake.sizes[1] = (fake_size){V4L2_PIX_FMT_Y10, 128, 96, 30};
    fake.sizes[2] = (fake_size){V4L2_PIX_FMT_Y10, 256, 192, 5};
    fake.sizes[3] = (fake_size){V4L2_PIX_FMT_SRGGB10, 64, 48, 30};
    fake.sizes[4] = (fake_size){V4L2_PIX_FMT_YUYV, 64, 48, 30};
    fake.size_count = 5;
    cf_v4l2_io_set(&fake_io);
}

#endif
