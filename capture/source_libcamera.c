/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras through libcamera: which one, how it is set up, and frames out of its buffers. */
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/libcamera_pick.h"
#include "capture/source_backend.h"

#define USUAL_FPS 30

typedef struct {
    cf_libcamera *camera;
    cf_frame_pool *pool;
    char uri[512];
    char model[64];
    cf_libcamera_format format;
    cf_libcamera_setup setup;
    cf_libcamera_controls first; /* for the start */
    atomic_llong exposure_us;    /* as last set, for cameras that do not report it */
    _Atomic float gain;
    int has_sequence;
    uint64_t sequence; /* of the last frame, without the wrap at 2^32 */
    atomic_ullong frames, damaged, lost, overrun;
} camera_state;

/* --- how it is set up --- */

/* What libcamera made of the mode must be what was wished for, and fit its own buffers. */
static cf_status check_setup(camera_state *s, const cf_libcamera_mode *mode,
                             const cf_source_params *params) {
    const cf_libcamera_mode *made = &s->setup.mode;
    if (!cf_libcamera_format_find(made->format, &s->format))
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: gives %s instead of %s: choose a 16-bit format, as SRGGB16 or R16",
                       s->uri, made->format, mode->format);
    int is_other_kind = params->kind && s->format.is_color != (params->kind == CF_CAMERA_COLOR);
    int is_other_format = params->format && strcasecmp(params->format, made->format) != 0;
    int is_other_size =
        params->width && (made->width != mode->width || made->height != mode->height);
    if (is_other_kind || is_other_format || is_other_size)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: asked for %s %dx%d, the camera makes it %s %dx%d",
                       s->uri, mode->format, mode->width, mode->height, made->format, made->width,
                       made->height);
    if (!cf_image_size_ok(made->width, made->height) ||
        s->setup.stride < cf_raw_bytes(s->format.layout, made->width))
        return cf_fail(CF_ERR_DEVICE, "%s: rows of %d bytes cannot hold %s %dx%d", s->uri,
                       s->setup.stride, made->format, made->width, made->height);
    return CF_OK;
}

static void name_of(const cf_libcamera_about *about, char out[128]) {
    snprintf(out, 128, "%.127s", about->model[0] ? about->model : about->id);
}

static cf_control_range scaled(cf_libcamera_range range, double factor, double step) {
    if (!(range.max > range.min))
        return (cf_control_range){0};
    return (cf_control_range){range.min * factor, range.max * factor, step};
}

static double clamp(double value, cf_libcamera_range range) {
    return fmin(fmax(value, range.min), range.max);
}

static void fill_info(camera_state *s, const cf_libcamera_about *about,
                      const cf_source_params *params, cf_source_info *info) {
    const cf_libcamera_setup *setup = &s->setup;
    snprintf(info->uri, sizeof info->uri, "libcamera:%s", about->id);
    name_of(about, info->name);
    snprintf(info->format, sizeof info->format, "%s", setup->mode.format);
    info->width = setup->mode.width;
    info->height = setup->mode.height;
    info->layout = s->format.layout;
    cf_camera_profile_init(&info->profile);
    info->profile.width = info->width;
    info->profile.height = info->height;
    info->profile.is_color = s->format.is_color;
    memcpy(info->profile.cfa, s->format.cfa, sizeof info->profile.cfa);
    info->profile.white = (float)((1 << cf_raw_bits(s->format.layout)) - 1);
    info->exposure_ns = scaled(setup->exposure_us, 1000, 1000);
    info->gain = scaled(setup->gain, 1, 0);
    info->frame_ns = scaled(setup->frame_us, 1000, 1000);
    if (info->frame_ns.max > 0) { /* one rate, or two cameras never run in step */
        double fps = params->fps > 0 ? params->fps : USUAL_FPS;
        s->first.frame_us = llround(clamp(1e6 / fps, setup->frame_us));
        info->fps = 1e6 / (double)s->first.frame_us;
    }
    info->sync_server = info->sync_client = about->has_sync;
    info->is_live = 1;
    snprintf(s->model, sizeof s->model, "%.*s", (int)sizeof s->model - 1, about->model);
}

static cf_status set_up(camera_state *s, const cf_libcamera_about *about,
                        const cf_source_params *params) {
    const cf_libcamera_mode *mode = cf_libcamera_mode_choose(about, params);
    if (!mode)
        return cf_libcamera_fail_on_mode(s->uri, about, params);
    if (params->sync && !about->has_sync)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: cannot run in step with another camera by itself",
                       s->uri);
    s->first.sync = params->sync == CF_SYNC_SERVER ? 1 : params->sync == CF_SYNC_CLIENT ? 2 : 0;
    int status = cf_libcamera_open(about->id, &s->camera);
    if (status)
        return cf_libcamera_fail(s->uri, "open it", status);
    status = cf_libcamera_configure(s->camera, mode, &s->setup);
    if (status)
        return cf_libcamera_fail(s->uri, "set the format", status);
    CF_TRY(check_setup(s, mode, params));
    return cf_frame_pool_create(s->setup.mode.width, s->setup.mode.height, s->format.layout,
                                params->frames, &s->pool);
}

static void close_camera(void *state) {
    camera_state *s = state;
    if (s->camera)
        cf_libcamera_close(&s->camera);
    cf_frame_pool_destroy(&s->pool);
    cf_free(s);
}

static cf_status open_camera(const char *rest, const cf_source_params *params, cf_source_info *info,
                             void **state) {
    camera_state *s = cf_alloc(1, sizeof *s);
    cf_libcamera_about *about = cf_alloc(1, sizeof *about);
    cf_status status = s && about ? CF_OK : CF_ERR_MEMORY;
    if (status == CF_OK) {
        snprintf(s->uri, sizeof s->uri, "libcamera:%s", rest);
        status = cf_libcamera_pick(s->uri, rest, about);
    }
    if (status == CF_OK)
        status = set_up(s, about, params);
    if (status == CF_OK)
        fill_info(s, about, params, info);
    cf_free(about);
    if (status == CF_OK)
        *state = s;
    else if (s)
        close_camera(s);
    return status;
}

/* --- frames --- */

static cf_status start(void *state) {
    camera_state *s = state;
    int status = cf_libcamera_start(s->camera, &s->first);
    return status ? cf_libcamera_fail(s->uri, "start", status) : CF_OK;
}

static int64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void count_sequence(camera_state *s, uint32_t sequence) {
    uint32_t step = sequence - (uint32_t)s->sequence;
    if (!s->has_sequence || step > UINT32_MAX / 2) { /* the first, or the camera began again */
        s->has_sequence = 1;
        s->sequence = sequence;
        return;
    }
    if (step > 1)
        atomic_fetch_add(&s->lost, step - 1);
    s->sequence += step;
}

/* SensorBlackLevels is R, Gr, Gb, B on 16 bit; the profile has codes per site. */
static void set_black(cf_camera_profile *profile, const int32_t black[4]) {
    float per_code = (profile->white + 1) / 65536;
    for (int i = 0; i < 4; i++) {
        int channel = 1; /* mono: the greens stand for all */
        if (profile->is_color && profile->cfa[i] != CF_CFA_G)
            channel = profile->cfa[i] == CF_CFA_R ? 0 : 3;
        else if (profile->is_color)
            channel = profile->cfa[i ^ 1] == CF_CFA_R ? 1 : 2;
        profile->black[i] = (float)black[channel] * per_code;
    }
}

static int are_positive(const float *values, int count) {
    for (int i = 0; i < count; i++)
        if (!(values[i] > 0) || !isfinite(values[i]))
            return 0;
    return 1;
}

static void set_profile(const camera_state *s, const cf_libcamera_frame *in,
                        cf_camera_profile *profile) {
    profile->is_color = s->format.is_color;
    memcpy(profile->cfa, s->format.cfa, sizeof profile->cfa);
    profile->white = (float)((1 << cf_raw_bits(s->format.layout)) - 1);
    int has_black = 1;
    for (int i = 0; i < 4; i++)
        has_black &= in->black[i] >= 0 && in->black[i] < 65535;
    if (has_black)
        set_black(profile, in->black);
    if (!profile->is_color)
        return;
    if (are_positive(in->colour_gains, 2)) {
        profile->neutral[0] = 1 / in->colour_gains[0];
        profile->neutral[2] = 1 / in->colour_gains[1];
    }
    if (are_positive((const float[]){in->ccm[0], in->ccm[4], in->ccm[8]}, 3))
        memcpy(profile->ccm, in->ccm, sizeof profile->ccm);
}

static void set_times(camera_state *s, const cf_libcamera_frame *in, cf_frame *frame) {
    int64_t now = now_ns(CLOCK_MONOTONIC);
    int64_t raw = in->sensor_ns > 0 ? in->sensor_ns : in->buffer_ns;
    frame->t_ns = cf_libcamera_monotonic(raw, now, now_ns(CLOCK_BOOTTIME) - now);
    frame->exposure_ns =
        1000 * (in->exposure_us > 0 ? in->exposure_us : (int64_t)atomic_load(&s->exposure_us));
    frame->frame_ns = 1000 * in->frame_us;
    frame->t_ref = CF_TIME_START; /* SensorTimestamp: the first row's exposure begins */
    if (frame->exposure_ns > 0) {
        frame->t_ns += frame->exposure_ns / 2;
        frame->t_ref = CF_TIME_MID;
    }
}

static int is_whole(const camera_state *s, const cf_libcamera_frame *in) {
    size_t row = (size_t)cf_raw_bytes(s->format.layout, s->setup.mode.width);
    size_t needed = (size_t)s->setup.stride * (size_t)(s->setup.mode.height - 1) + row;
    return !in->is_damaged && in->data && in->bytes >= needed && in->used >= needed;
}

static cf_frame *take(camera_state *s, const cf_libcamera_frame *in) {
    cf_frame *frame = cf_frame_pool_get(s->pool);
    if (!frame)
        return NULL;
    size_t row = (size_t)cf_raw_bytes(s->format.layout, s->setup.mode.width);
    for (int y = 0; y < s->setup.mode.height; y++)
        memcpy(cf_image_row(&frame->image, 0, y), in->data + (size_t)y * (size_t)s->setup.stride,
               row);
    set_profile(s, in, &frame->profile);
    set_times(s, in, frame);
    frame->sequence = s->sequence;
    frame->gain = (double)(in->gain > 0 ? in->gain : atomic_load(&s->gain));
    memcpy(frame->model, s->model, sizeof frame->model);
    return frame;
}

/* One finished request: a frame in *out, or NULL where it gave none. */
static cf_status take_request(camera_state *s, int timeout_ms, cf_frame **out) {
    cf_libcamera_frame in;
    int status = cf_libcamera_next(s->camera, timeout_ms, &in);
    if (status == -ETIMEDOUT)
        return CF_ERR_TIMEOUT;
    if (status == -ECANCELED) {
        atomic_fetch_add(&s->damaged, 1);
        return CF_OK;
    }
    if (status)
        return cf_libcamera_fail(s->uri, "take a frame", status);
    count_sequence(s, in.sequence);
    if (!is_whole(s, &in))
        atomic_fetch_add(&s->damaged, 1);
    else if (!(*out = take(s, &in)))
        atomic_fetch_add(&s->overrun, 1);
    else
        atomic_fetch_add(&s->frames, 1);
    /* A camera that is gone says so at the next call; this frame is good. */
    (void)cf_libcamera_release(s->camera, in.token);
    return CF_OK;
}

static cf_status next(void *state, int timeout_ms, cf_frame **out) {
    camera_state *s = state;
    int64_t end = now_ns(CLOCK_MONOTONIC) + (int64_t)timeout_ms * 1000000;
    *out = NULL;
    do {
        CF_TRY(take_request(s, timeout_ms, out));
        int64_t left = end - now_ns(CLOCK_MONOTONIC);
        timeout_ms = left > 0 ? (int)(left / 1000000) : 0;
    } while (!*out && timeout_ms > 0);
    return *out ? CF_OK : CF_ERR_TIMEOUT;
}

static cf_status set(void *state, const cf_source_controls *controls) {
    camera_state *s = state;
    cf_libcamera_controls c = {0};
    if (controls->exposure_ns > 0 && s->setup.exposure_us.max > 0)
        c.exposure_us =
            (int32_t)lround(clamp((double)controls->exposure_ns * 1e-3, s->setup.exposure_us));
    if (controls->gain > 0 && s->setup.gain.max > 0)
        c.gain = (float)clamp(controls->gain, s->setup.gain);
    if (controls->frame_ns > 0 && s->setup.frame_us.max > 0)
        c.frame_us = llround(clamp((double)controls->frame_ns * 1e-3, s->setup.frame_us));
    int status = cf_libcamera_set(s->camera, &c);
    if (status)
        return cf_libcamera_fail(s->uri, "set controls", status);
    if (c.exposure_us)
        atomic_store(&s->exposure_us, c.exposure_us);
    if (c.gain > 0)
        atomic_store(&s->gain, c.gain);
    return CF_OK;
}

static void statistics(const void *state, cf_source_stats *out) {
    const camera_state *s = state;
    out->frames = atomic_load(&s->frames);
    out->damaged = atomic_load(&s->damaged);
    out->lost = atomic_load(&s->lost);
    out->overrun = atomic_load(&s->overrun);
}

/* --- what there is --- */

static void list_one(const cf_libcamera_about *about, cf_source_listing *out) {
    memset(out, 0, sizeof *out);
    snprintf(out->uri, sizeof out->uri, "libcamera:%s", about->id);
    name_of(about, out->name);
    snprintf(out->driver, sizeof out->driver, "libcamera");
    cf_libcamera_modes_text(about, 1, out->formats, sizeof out->formats);
    for (int i = 0; i < about->mode_count; i++) {
        cf_libcamera_format format;
        if (cf_libcamera_format_find(about->modes[i].format, &format))
            *(format.is_color ? &out->has_color : &out->has_mono) = 1;
    }
    out->sync_server = out->sync_client = about->has_sync;
    cf_libcamera *camera;
    int status = cf_libcamera_open(about->id, &camera);
    if (!status)
        cf_libcamera_close(&camera);
    else if (status == -EBUSY)
        snprintf(out->trouble, sizeof out->trouble, "busy: another program has it open");
    else
        snprintf(out->trouble, sizeof out->trouble, "%s", strerror(-status));
}

static size_t list(cf_source_listing *out, size_t max) {
    cf_libcamera_about *cameras = cf_alloc(CF_LIBCAMERA_CAMERAS, sizeof *cameras);
    if (!cameras)
        return 0;
    int count = cf_libcamera_list(cameras, CF_LIBCAMERA_CAMERAS);
    if (count < 0 && count != -ENOSYS)
        cf_log(CF_LOG_WARNING, "libcamera: cannot list cameras: %s", strerror(-count));
    count = count < 0 ? 0 : count < CF_LIBCAMERA_CAMERAS ? count : CF_LIBCAMERA_CAMERAS;
    for (int i = 0; i < count && (size_t)i < max; i++)
        list_one(&cameras[i], &out[i]);
    cf_free(cameras);
    return (size_t)count;
}

const cf_source_backend cf_source_backend_libcamera = {
    .scheme = "libcamera",
    .summary = "libcamera:ID, as chromafuse devices lists it; a part of it, or its number, will do",
    .open = open_camera,
    .start = start,
    .next = next,
    .set = set,
    .statistics = statistics,
    .close = close_camera,
    .list = list,
};
