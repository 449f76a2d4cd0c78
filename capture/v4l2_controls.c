/* SPDX-License-Identifier: Apache-2.0 */
/* Controls of a sensor: found, converted, set, and remembered per frame. */
#include "capture/v4l2_controls.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>

#include "base/log.h"

#define UNKNOWN_GAIN 0.0
#define ABSOLUTE_UNIT_NS 100000.0 /* V4L2_CID_EXPOSURE_ABSOLUTE */

/* --- single controls --- */

static int look_on(const cf_v4l2_io *io, int fd, uint32_t id, struct v4l2_query_ext_ctrl *q) {
    *q = (struct v4l2_query_ext_ctrl){.id = id};
    return fd >= 0 && !cf_v4l2_ioctl(io, fd, VIDIOC_QUERY_EXT_CTRL, q) &&
           !(q->flags & V4L2_CTRL_FLAG_DISABLED);
}

/* 1 and the control; 0: there is none. */
static int find(const cf_v4l2_controls *c, uint32_t id, cf_v4l2_control *out) {
    struct v4l2_query_ext_ctrl q;
    const cf_v4l2_io *io = c->node->io;
    int is_sub = look_on(io, c->subdev, id, &q);
    *out = (cf_v4l2_control){0};
    if (!is_sub && !look_on(io, c->node->fd, id, &q))
        return 0;
    *out = (cf_v4l2_control){.id = id,
                             .fd = is_sub ? c->subdev : c->node->fd,
                             .is_wide = q.type == V4L2_CTRL_TYPE_INTEGER64,
                             .min = q.minimum,
                             .max = q.maximum,
                             .step = q.step > 0 && q.step < INT32_MAX ? (int64_t)q.step : 1};
    return 1;
}

/* The same, for one that can be set and whose range makes sense. */
static int find_settable(const cf_v4l2_controls *c, uint32_t id, cf_v4l2_control *out) {
    struct v4l2_query_ext_ctrl q;
    if (find(c, id, out) && out->max > out->min && out->min >= INT32_MIN && out->max <= INT32_MAX &&
        look_on(c->node->io, out->fd, id, &q) && !(q.flags & V4L2_CTRL_FLAG_READ_ONLY))
        return 1;
    *out = (cf_v4l2_control){0};
    return 0;
}

static int call(const cf_v4l2_controls *c, const cf_v4l2_control *which, unsigned long request,
                int64_t *value) {
    struct v4l2_ext_control one = {.id = which->id};
    struct v4l2_ext_controls all = {.which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1, .controls = &one};
    if (which->is_wide)
        one.value64 = *value;
    else
        one.value = (int32_t)*value;
    int error = cf_v4l2_ioctl(c->node->io, which->fd, request, &all);
    if (!error)
        *value = which->is_wide ? one.value64 : one.value;
    return error;
}

/* The value now, or `otherwise` where there is no such control or it cannot be read. */
static int64_t value_of(const cf_v4l2_controls *c, const cf_v4l2_control *which,
                        int64_t otherwise) {
    int64_t value = 0;
    return which->id && !call(c, which, VIDIOC_G_EXT_CTRLS, &value) ? value : otherwise;
}

static int64_t value_by_id(const cf_v4l2_controls *c, uint32_t id, int64_t otherwise) {
    cf_v4l2_control which;
    return find(c, id, &which) ? value_of(c, &which, otherwise) : otherwise;
}

/* Sets a switch or menu where there is one; 0 or errno. */
static int set_by_id(const cf_v4l2_controls *c, uint32_t id, int64_t value) {
    cf_v4l2_control which;
    return find(c, id, &which) ? call(c, &which, VIDIOC_S_EXT_CTRLS, &value) : 0;
}

/* The nearest code of the control's grid. */
static int64_t nearest(const cf_v4l2_control *which, double code) {
    double steps = floor((code - (double)which->min) / (double)which->step + 0.5);
    double last = floor((double)(which->max - which->min) / (double)which->step);
    steps = steps > 0 ? steps : 0;
    return which->min + (int64_t)(steps < last ? steps : last) * which->step;
}

/* --- gain --- */

static double gain_of(const cf_v4l2_controls *c, int64_t code) {
    if (c->uri.gain_pole > 0)
        return c->uri.gain_pole / (c->uri.gain_pole - (double)code);
    return (double)code / c->uri.gain_one;
}

static double gain_code(const cf_v4l2_controls *c, double gain) {
    if (c->uri.gain_pole > 0)
        return c->uri.gain_pole - c->uri.gain_pole / gain;
    return gain * c->uri.gain_one;
}

/* What the codes mean is up to each driver: told by the URI, else a code above 0 that is the lowest
 * or, failing that, the default is taken to be factor 1. */
static void find_gain(cf_v4l2_controls *c) {
    struct v4l2_query_ext_ctrl q;
    if (!find_settable(c, V4L2_CID_ANALOGUE_GAIN, &c->gain) &&
        !find_settable(c, V4L2_CID_GAIN, &c->gain))
        return;
    look_on(c->node->io, c->gain.fd, c->gain.id, &q);
    if (!c->uri.is_gain_given) {
        int64_t one = q.minimum > 0 ? q.minimum : q.default_value;
        c->uri.gain_one = one > 0 ? (double)one : 0;
    }
    if (c->gain.min < 1 && c->uri.gain_pole <= 0)
        c->gain.min = c->gain.step; /* factor 0 is no gain */
    int is_pole_inside = c->uri.gain_pole > 0 && c->uri.gain_pole <= (double)c->gain.max;
    if ((c->uri.gain_pole <= 0 && c->uri.gain_one <= 0) || is_pole_inside ||
        c->gain.min >= c->gain.max) {
        cf_log(CF_LOG_WARNING,
               "%s: what its gain control's %lld..%lld mean is not known%s: gain is left alone "
               "(say ?gain_one=CODE or ?gain_pole=CODE)",
               c->node->path, (long long)q.minimum, (long long)q.maximum,
               is_pole_inside ? " (gain_pole must lie above)" : "");
        c->gain = (cf_v4l2_control){0};
    }
}

/* --- exposure and frame duration --- */

static void find_timing(cf_v4l2_controls *c, int width) {
    int64_t pixel_rate = value_by_id(c, V4L2_CID_PIXEL_RATE, 0);
    int64_t blank = value_by_id(c, V4L2_CID_HBLANK, -1);
    if (pixel_rate > 0 && blank >= 0)
        c->line_ns = (double)(width + blank) * 1e9 / (double)pixel_rate;
    if (c->line_ns > 0)
        find_settable(c, V4L2_CID_VBLANK, &c->vblank);
    if (find_settable(c, V4L2_CID_EXPOSURE_ABSOLUTE, &c->exposure))
        c->exposure_unit_ns = ABSOLUTE_UNIT_NS;
    else if (c->line_ns > 0 && find_settable(c, V4L2_CID_EXPOSURE, &c->exposure))
        c->exposure_unit_ns = c->line_ns;
    if (c->exposure.id && c->exposure.min < 1)
        c->exposure.min = c->exposure.step;
}

static double frame_ns(const cf_v4l2_controls *c, int64_t vblank) {
    return (double)(c->height + vblank) * c->line_ns;
}

double cf_v4l2_controls_frame_ns(const cf_v4l2_controls *c) {
    int64_t blank = value_of(c, &c->vblank, -1);
    return blank >= 0 ? frame_ns(c, blank) : 0;
}

static int is_auto_exposure(const cf_v4l2_controls *c) {
    int64_t mode = value_by_id(c, V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_MANUAL);
    return mode != V4L2_EXPOSURE_MANUAL && mode != V4L2_EXPOSURE_SHUTTER_PRIORITY;
}

/* What holds now, as the driver says; 0 for what the camera's automatic changes as it likes. */
static cf_v4l2_setting now(const cf_v4l2_controls *c) {
    cf_v4l2_setting s = {.frame_ns = llround(cf_v4l2_controls_frame_ns(c))};
    if (c->exposure.id && !is_auto_exposure(c))
        s.exposure_ns = (int64_t)((double)value_of(c, &c->exposure, 0) * c->exposure_unit_ns + 0.5);
    if (c->gain.id && !value_by_id(c, V4L2_CID_AUTOGAIN, 0)) {
        int64_t code = value_of(c, &c->gain, 0);
        s.gain = code >= c->gain.min && code <= c->gain.max ? gain_of(c, code) : UNKNOWN_GAIN;
    }
    return s;
}

cf_status cf_v4l2_controls_open(cf_v4l2_controls *c, const cf_v4l2_node *node,
                                const cf_v4l2_uri *uri, int width, int height) {
    *c = (cf_v4l2_controls){.node = node, .uri = *uri, .subdev = -1, .height = height};
    if (*uri->subdev) {
        c->subdev = node->io->open(uri->subdev, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (c->subdev < 0) {
            cf_v4l2_reason reason;
            cf_v4l2_explain(uri->subdev, errno, reason);
            return cf_fail(CF_ERR_DEVICE, "%s: subdevice %s: %s", node->path, uri->subdev, reason);
        }
    }
    pthread_mutex_init(&c->setting, NULL);
    pthread_mutex_init(&c->lock, NULL);
    find_timing(c, width);
    find_gain(c);
    c->history[0] = now(c);
    c->history_count = 1;
    return CF_OK;
}

void cf_v4l2_controls_close(cf_v4l2_controls *c) {
    if (c->subdev >= 0)
        c->node->io->close(c->subdev);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->setting);
}

void cf_v4l2_controls_ranges(const cf_v4l2_controls *c, cf_source_info *info) {
    double unit = c->exposure_unit_ns;
    if (c->exposure.id)
        info->exposure_ns =
            (cf_control_range){(double)c->exposure.min * unit, (double)c->exposure.max * unit,
                               (double)c->exposure.step * unit};
    if (c->gain.id)
        info->gain = (cf_control_range){gain_of(c, c->gain.min), gain_of(c, c->gain.max),
                                        c->uri.gain_pole > 0 ? 0 : gain_of(c, c->gain.step)};
    if (c->vblank.id)
        info->frame_ns = (cf_control_range){frame_ns(c, c->vblank.min), frame_ns(c, c->vblank.max),
                                            (double)c->vblank.step * c->line_ns};
}

int64_t cf_v4l2_controls_readout_ns(const cf_v4l2_controls *c) {
    return (int64_t)(c->line_ns * c->height);
}

static int set_code(const cf_v4l2_controls *c, const cf_v4l2_control *which, double code) {
    int64_t value = nearest(which, code);
    return call(c, which, VIDIOC_S_EXT_CTRLS, &value);
}

static int set_exposure(cf_v4l2_controls *c, int64_t exposure_ns) {
    cf_v4l2_control range;
    if (is_auto_exposure(c) && set_by_id(c, V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_MANUAL))
        set_by_id(c, V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_SHUTTER_PRIORITY);
    set_by_id(c, V4L2_CID_EXPOSURE_AUTO_PRIORITY, 0); /* or it lengthens frames in the dark */
    if (c->vblank.id && find_settable(c, c->exposure.id, &range)) /* it follows the blanking */
        c->exposure.max = range.max;
    return set_code(c, &c->exposure, (double)exposure_ns / c->exposure_unit_ns);
}

static int set_gain(cf_v4l2_controls *c, double gain) {
    if (value_by_id(c, V4L2_CID_AUTOGAIN, 0))
        set_by_id(c, V4L2_CID_AUTOGAIN, 0);
    return set_code(c, &c->gain, gain_code(c, gain));
}

static void remember(cf_v4l2_controls *c) {
    cf_v4l2_setting s = now(c);
    pthread_mutex_lock(&c->lock);
    s.from = c->next ? c->next + (uint64_t)c->uri.delay : 0; /* 0: nothing streams yet */
    if (c->history[c->history_count - 1].from == s.from)
        c->history_count--;
    else if (c->history_count == CF_V4L2_HISTORY)
        memmove(c->history, c->history + 1, (size_t)--c->history_count * sizeof *c->history);
    c->history[c->history_count++] = s;
    pthread_mutex_unlock(&c->lock);
}

cf_status cf_v4l2_controls_set(cf_v4l2_controls *c, const cf_source_controls *wishes) {
    const char *what = NULL;
    int error = 0;
    pthread_mutex_lock(&c->setting);
    if (wishes->frame_ns > 0 && c->vblank.id) {
        what = "frame duration";
        error = set_code(c, &c->vblank, (double)wishes->frame_ns / c->line_ns - c->height);
    }
    if (!error && wishes->exposure_ns > 0 && c->exposure.id) {
        what = "exposure time";
        error = set_exposure(c, wishes->exposure_ns);
    }
    if (!error && wishes->gain > 0 && c->gain.id) {
        what = "gain";
        error = set_gain(c, wishes->gain);
    }
    if (what)
        remember(c);
    pthread_mutex_unlock(&c->setting);
    return error ? cf_v4l2_node_fail(c->node, what, error) : CF_OK;
}

cf_v4l2_setting cf_v4l2_controls_at(cf_v4l2_controls *c, uint64_t sequence) {
    pthread_mutex_lock(&c->lock);
    int i = c->history_count - 1;
    if (sequence + 1 < c->next) { /* the camera's count started again */
        c->history[0] = c->history[i];
        c->history[0].from = 0;
        c->history_count = 1;
        i = 0;
    }
    while (i > 0 && c->history[i].from > sequence)
        i--;
    cf_v4l2_setting s = c->history[i];
    c->next = sequence + 1;
    pthread_mutex_unlock(&c->lock);
    return s;
}
