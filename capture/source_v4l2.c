/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras of V4L2: one copy from the driver's buffer into a pooled frame, which goes back at once.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/source_backend.h"
#include "capture/v4l2_controls.h"
#include "capture/v4l2_list.h"
#include "capture/v4l2_setup.h"
#include "capture/v4l2_stamps.h"

#define DRIVER_BUFFERS 6 /* two more than a driver needs: a busy moment loses nothing */

typedef struct {
    cf_v4l2_node node;
    cf_v4l2_setup setup;
    cf_v4l2_controls controls;
    int has_controls;
    cf_v4l2_stamps stamps;
    cf_frame_pool *pool;
    cf_camera_profile profile; /* of every frame; owns nothing */
    int64_t nominal_ns;        /* frame duration that the driver said at the start; 0 unknown */
    size_t usual;              /* bytes that the driver says a picture has; 0: none came */
    int is_started, is_gone, has_warned_short;
    _Atomic uint64_t frames, damaged, lost, overrun; /* read from other threads */
} camera;

static void close_camera(void *state) {
    camera *c = state;
    if (c->has_controls)
        cf_v4l2_controls_close(&c->controls);
    cf_v4l2_node_close(&c->node);
    cf_frame_pool_destroy(&c->pool);
    cf_free(c);
}

/* Without an interval to set, the blanking below the picture makes the frame rate. */
static void set_rate(camera *c, double wish, cf_source_info *info) {
    info->fps = c->setup.fps;
    if (!c->controls.vblank.id)
        return;
    if (wish > 0 && !c->setup.is_fps_set) {
        cf_source_controls controls = {.frame_ns = (int64_t)(1e9 / wish)};
        cf_v4l2_controls_set(&c->controls, &controls);
    }
    double frame_ns = cf_v4l2_controls_frame_ns(&c->controls);
    if (frame_ns > 0)
        info->fps = 1e9 / frame_ns;
}

static void describe(camera *c, double fps, cf_source_info *info) {
    const cf_v4l2_setup *s = &c->setup;
    char name[5];
    snprintf(info->name, sizeof info->name, "%s (%s)", c->node.card, c->node.bus);
    snprintf(info->format, sizeof info->format, "%s", cf_v4l2_fourcc_text(s->format->fourcc, name));
    cf_camera_profile_init(&c->profile);
    c->profile.width = info->width = (int)s->picture.width;
    c->profile.height = info->height = (int)s->picture.height;
    c->profile.is_color = s->format->is_color;
    memcpy(c->profile.cfa, s->format->cfa, sizeof c->profile.cfa);
    c->profile.white = (float)((1 << cf_raw_bits(s->format->layout)) - 1);
    info->layout = s->format->layout;
    info->profile = c->profile;
    info->is_live = 1;
    set_rate(c, fps, info);
    c->nominal_ns = info->fps > 0 ? (int64_t)(1e9 / info->fps + 0.5) : 0;
    cf_v4l2_controls_ranges(&c->controls, info);
}

static cf_status set_up(camera *c, const cf_v4l2_uri *uri, const cf_source_params *params,
                        cf_source_info *info) {
    cf_v4l2_reason reason;
    if (cf_v4l2_node_open(uri->path, 0, &c->node, reason) != CF_OK)
        return cf_fail(CF_ERR_DEVICE, "%s: %s", uri->path, reason);
    CF_TRY(cf_v4l2_setup_run(&c->node, params, &c->setup));
    int width = (int)c->setup.picture.width, height = (int)c->setup.picture.height;
    CF_TRY(cf_v4l2_controls_open(&c->controls, &c->node, uri, width, height));
    c->has_controls = 1;
    CF_TRY(cf_v4l2_node_map(&c->node, DRIVER_BUFFERS, c->setup.need));
    CF_TRY(cf_frame_pool_create(width, height, c->setup.format->layout, params->frames, &c->pool));
    describe(c, params->fps, info);
    /* Told by an event where the driver has it, else seen at the next odd buffer. */
    struct v4l2_event_subscription change = {.type = V4L2_EVENT_SOURCE_CHANGE};
    cf_v4l2_node_ioctl(&c->node, VIDIOC_SUBSCRIBE_EVENT, &change);
    c->stamps.path = c->node.path;
    return CF_OK;
}

static cf_status open_camera(const char *rest, const cf_source_params *params, cf_source_info *info,
                             void **state) {
    cf_v4l2_uri uri;
    CF_TRY(cf_v4l2_uri_parse(rest, &uri));
    if (params->sync != CF_SYNC_NONE)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: V4L2 has no way to run two sensors in step by itself", uri.path);
    camera *c = cf_alloc(1, sizeof *c);
    if (!c)
        return CF_ERR_MEMORY;
    c->node.fd = -1;
    cf_status status = set_up(c, &uri, params, info);
    if (status != CF_OK) {
        close_camera(c);
        return status;
    }
    *state = c;
    return CF_OK;
}

static cf_status start(void *state) {
    camera *c = state;
    for (int i = 0; i < c->node.buffer_count; i++) {
        int error = cf_v4l2_node_queue(&c->node, i, 0);
        if (error)
            return cf_v4l2_node_fail(&c->node, "does not take its buffers", error);
    }
    int error = cf_v4l2_node_stream(&c->node, 1);
    if (error)
        return cf_v4l2_node_fail(&c->node, "does not start", error);
    c->is_started = 1;
    return CF_OK;
}

/* Says so once; every later call fails silently. */
static cf_status gone(camera *c, const char *what, int error) {
    c->is_gone = 1;
    return cf_v4l2_node_fail(&c->node, what, error);
}

/* Has the picture another shape than the one we know? Then its bytes cannot be trusted. */
static cf_status check_shape(camera *c) {
    cf_v4l2_picture now;
    const cf_v4l2_picture *known = &c->setup.picture;
    char name[5];
    if (cf_v4l2_node_get_format(&c->node, &now) ||
        (now.fourcc == known->fourcc && now.width == known->width && now.height == known->height &&
         (!now.stride || now.stride == known->stride)))
        return CF_OK;
    c->is_gone = 1;
    return cf_fail(CF_ERR_DEVICE, "%s: its pictures have changed to %s %ux%u: open it again",
                   c->node.path, cf_v4l2_fourcc_text(now.fourcc, name), now.width, now.height);
}

static cf_status read_events(camera *c) {
    for (int i = 0; i < 64; i++) {
        struct v4l2_event event = {0};
        if (cf_v4l2_node_ioctl(&c->node, VIDIOC_DQEVENT, &event))
            break;
        if (event.type == V4L2_EVENT_SOURCE_CHANGE)
            CF_TRY(check_shape(c));
    }
    return CF_OK;
}

/* One filled buffer before `end`. */
static cf_status await(camera *c, double end, cf_v4l2_filled *out) {
    for (;;) {
        double left = (end - cf_clock_seconds()) * 1e3;
        int events = cf_v4l2_wait(c->node.io, c->node.fd, POLLIN | POLLPRI,
                                  left > 0 ? (int)(left + 0.999) : 0);
        if (events < 0)
            return gone(c, "cannot wait for frames", -events);
        if (!events)
            return CF_ERR_TIMEOUT;
        if (events & POLLPRI)
            CF_TRY(read_events(c));
        int error = cf_v4l2_node_dequeue(&c->node, out);
        if (!error)
            return CF_OK;
        if (error != EAGAIN)
            return gone(c, "gives no more frames", error);
        if (events & (POLLERR | POLLHUP | POLLNVAL))
            return gone(c, "has stopped", EIO);
        if (left <= 0)
            return CF_ERR_TIMEOUT;
    }
}

static void copy(const camera *c, const cf_v4l2_filled *b, cf_frame *frame) {
    for (int y = 0; y < frame->image.height; y++)
        memcpy(cf_image_row(&frame->image, 0, y), b->data + (size_t)y * c->setup.picture.stride,
               c->setup.row);
}

/* Whole, undamaged and of the shape that is known. */
static cf_status inspect(camera *c, const cf_v4l2_filled *b, int *is_good) {
    *is_good = 0;
    if (b->flags & V4L2_BUF_FLAG_ERROR)
        return CF_OK;
    if (b->used != c->usual)
        CF_TRY(check_shape(c));
    c->usual = b->used;
    *is_good = !b->is_false && b->used >= c->setup.need;
    if (!*is_good && !c->has_warned_short) {
        c->has_warned_short = 1;
        cf_log(CF_LOG_WARNING, "%s: a picture of %s%zu bytes, not %zu: left out", c->node.path,
               b->is_false ? "more than " : "", b->used, c->setup.need);
    }
    return CF_OK;
}

static int64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Makes a frame of a buffer; *out stays NULL when it is damaged or there is no room. */
static cf_status take(camera *c, const cf_v4l2_filled *b, cf_frame **out) {
    uint64_t sequence;
    int64_t t_ns;
    cf_time_ref ref;
    int is_good;
    cf_v4l2_stamps_take(&c->stamps, b, clock_ns(), &sequence, &t_ns, &ref);
    atomic_store(&c->lost, c->stamps.lost);
    cf_v4l2_setting setting = cf_v4l2_controls_at(&c->controls, sequence);
    CF_TRY(inspect(c, b, &is_good));
    if (!is_good) {
        atomic_fetch_add(&c->damaged, 1);
        return CF_OK;
    }
    cf_frame *frame = cf_frame_pool_get(c->pool);
    if (!frame) {
        atomic_fetch_add(&c->overrun, 1);
        return CF_OK;
    }
    copy(c, b, frame);
    frame->profile = c->profile;
    frame->sequence = sequence;
    frame->t_ns =
        cf_v4l2_middle(t_ns, setting.exposure_ns, cf_v4l2_controls_readout_ns(&c->controls), &ref);
    frame->t_ref = ref;
    frame->exposure_ns = setting.exposure_ns;
    frame->frame_ns = setting.frame_ns > 0 ? setting.frame_ns : c->nominal_ns;
    frame->gain = setting.gain;
    snprintf(frame->model, sizeof frame->model, "%s", c->node.card);
    *out = frame;
    return CF_OK;
}

/* A refusal may be passing; a second one is not. */
static void give_back(camera *c, int index) {
    int error = cf_v4l2_node_queue(&c->node, index, 0);
    if (error && error != ENODEV) {
        cf_log(CF_LOG_WARNING, "%s: does not take a buffer back (%s): once more", c->node.path,
               strerror(error));
        error = cf_v4l2_node_queue(&c->node, index, 0);
    }
    if (error)
        gone(c, "does not take a buffer back", error);
}

static cf_status next(void *state, int timeout_ms, cf_frame **out) {
    camera *c = state;
    double end = cf_clock_seconds() + timeout_ms * 1e-3;
    if (!c->is_started)
        return cf_fail(CF_ERR_INVALID, "%s: not started", c->node.path);
    do {
        cf_v4l2_filled b = {0};
        if (c->is_gone)
            return CF_ERR_DEVICE;
        CF_TRY(await(c, end, &b));
        CF_TRY(take(c, &b, out));
        give_back(c, b.index);
    } while (!*out && cf_clock_seconds() < end);
    if (!*out)
        return c->is_gone ? CF_ERR_DEVICE : CF_ERR_TIMEOUT;
    atomic_fetch_add(&c->frames, 1);
    return CF_OK;
}

static cf_status set(void *state, const cf_source_controls *controls) {
    return cf_v4l2_controls_set(&((camera *)state)->controls, controls);
}

static void statistics(const void *state, cf_source_stats *out) {
    const camera *c = state;
    *out = (cf_source_stats){atomic_load(&c->frames), atomic_load(&c->damaged),
                             atomic_load(&c->lost), atomic_load(&c->overrun)};
}

extern const cf_source_backend cf_source_backend_v4l2;
const cf_source_backend cf_source_backend_v4l2 = {
    .scheme = "v4l2",
    .summary = "v4l2:/dev/videoN[?subdev=/dev/v4l-subdevN&delay=FRAMES&gain_one=CODE]",
    .open = open_camera,
    .start = start,
    .next = next,
    .set = set,
    .statistics = statistics,
    .close = close_camera,
    .list = cf_v4l2_list,
};
