/* SPDX-License-Identifier: Apache-2.0 */
/* A video output node (v4l2loopback makes such): the latest picture is enough, none is waited for
 * long. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/sink_backend.h"
#include "capture/v4l2_pack.h"

#define BUFFERS 4
#define PATIENCE_MS 100 /* for room in the device; then the picture is left out */
#define MAX_BYTES ((size_t)1 << 30)
#define HD_HEIGHT 720 /* from here on BT.709 is what players expect, below it BT.601 */

typedef struct {
    cf_v4l2_node node;
    cf_v4l2_picture format;
    cf_v4l2_matrix matrix;
    unsigned char *packed; /* for write(); NULL: buffers are mapped */
    int unused;            /* the next buffer that was never queued */
    int is_streaming;
    unsigned long left_out;
} output;

static int takes(const char *target) {
    return !strncmp(target, "v4l2:", 5);
}

static cf_status close_output(void *state, int keep) {
    output *o = state;
    (void)keep;
    if (o->left_out)
        cf_log(CF_LOG_WARNING, "%s: %lu pictures left out: it had no room for them", o->node.path,
               o->left_out);
    cf_v4l2_node_close(&o->node);
    cf_free(o->packed);
    cf_free(o);
    return CF_OK;
}

static int offers(const cf_v4l2_node *node, uint32_t fourcc) {
    for (uint32_t i = 0; i < 256; i++) {
        struct v4l2_fmtdesc f = {.index = i, .type = node->type};
        if (cf_v4l2_node_ioctl(node, VIDIOC_ENUM_FMT, &f))
            break;
        if (f.pixelformat == fourcc)
            return 1;
    }
    return 0;
}

/* Our pictures are sRGB's; what a driver keeps of that is in the format that comes back. */
static cf_status set_format(output *o, const cf_sink_params *params) {
    const uint32_t *fourcc = cf_v4l2_pack_formats;
    while (*fourcc && !offers(&o->node, *fourcc))
        fourcc++;
    if (!*fourcc)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: takes none of YUYV, NV12, YU12, RGB3, BGR3",
                       o->node.path);
    uint32_t width = (uint32_t)params->width, height = (uint32_t)params->height;
    cf_v4l2_picture *f = &o->format;
    *f = (cf_v4l2_picture){
        .fourcc = *fourcc,
        .width = width,
        .height = height,
        .field = V4L2_FIELD_NONE,
        .colorspace = V4L2_COLORSPACE_SRGB,
        .encoding = height >= HD_HEIGHT ? V4L2_YCBCR_ENC_709 : V4L2_YCBCR_ENC_601,
        .quantization = V4L2_QUANTIZATION_LIM_RANGE,
    };
    if (*fourcc == V4L2_PIX_FMT_RGB24 || *fourcc == V4L2_PIX_FMT_BGR24)
        f->encoding = f->quantization = 0; /* RGB is full range */
    int error = cf_v4l2_node_set_format(&o->node, f);
    if (error)
        return cf_v4l2_node_fail(&o->node, "cannot set its format", error);
    if (f->fourcc != *fourcc || f->width != width || f->height != height)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: takes pictures of %ux%u, not of %ux%u",
                       o->node.path, f->width, f->height, width, height);
    if (f->stride && f->stride < cf_v4l2_pack_row(f) && width % 2)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: takes only even widths, not pictures of %ux%u",
                       o->node.path, width, height);
    if (f->stride && f->stride < cf_v4l2_pack_row(f))
        return cf_fail(CF_ERR_DEVICE, "%s: the driver says %u bytes a row, but %u pixels take %zu",
                       o->node.path, f->stride, f->width, cf_v4l2_pack_row(f));
    size_t need = cf_v4l2_pack_size(f);
    if (need > MAX_BYTES || f->size > MAX_BYTES)
        return cf_fail(CF_ERR_DEVICE, "%s: the driver says %u bytes a row, %u a picture",
                       o->node.path, f->stride, f->size);
    f->size = f->size < need ? (uint32_t)need : f->size;
    cf_v4l2_matrix_for(f, &o->matrix);
    return CF_OK;
}

/* An earlier program's section of the picture must not be ours; many drivers know of none. */
static cf_status show_whole(const output *o) {
    cf_v4l2_picture now;
    struct v4l2_selection s = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
                               .target = V4L2_SEL_TGT_COMPOSE_DEFAULT};
    if (!cf_v4l2_node_ioctl(&o->node, VIDIOC_G_SELECTION, &s)) {
        s.target = V4L2_SEL_TGT_COMPOSE;
        cf_v4l2_node_ioctl(&o->node, VIDIOC_S_SELECTION, &s);
    }
    s.target = V4L2_SEL_TGT_CROP;
    s.r = (struct v4l2_rect){0, 0, o->format.width, o->format.height};
    cf_v4l2_node_ioctl(&o->node, VIDIOC_S_SELECTION, &s);
    if (!cf_v4l2_node_get_format(&o->node, &now) &&
        (now.width != o->format.width || now.height != o->format.height ||
         now.stride != o->format.stride))
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: shows a section of %ux%u, not all of %ux%u",
                       o->node.path, now.width, now.height, o->format.width, o->format.height);
    return CF_OK;
}

/* What the stream says of itself; not every driver asks. */
static void set_rate(const output *o, double fps) {
    struct v4l2_streamparm p = {.type = o->node.type};
    p.parm.output.timeperframe = (struct v4l2_fract){1000, (uint32_t)lround(fps * 1000)};
    cf_v4l2_node_ioctl(&o->node, VIDIOC_S_PARM, &p);
}

static cf_status set_up(output *o, const char *path, const cf_sink_params *params) {
    cf_v4l2_reason reason;
    if (cf_v4l2_node_open(path, 1, &o->node, reason) != CF_OK)
        return cf_fail(CF_ERR_DEVICE, "%s: %s", path, reason);
    CF_TRY(set_format(o, params));
    CF_TRY(show_whole(o));
    set_rate(o, params->fps);
    if (o->node.capabilities & V4L2_CAP_STREAMING)
        return cf_v4l2_node_map(&o->node, BUFFERS, cf_v4l2_pack_size(&o->format));
    o->packed = cf_alloc(1, o->format.size);
    return o->packed ? CF_OK : CF_ERR_MEMORY;
}

static cf_status open_output(const char *target, const cf_sink_params *params, void **state) {
    output *o = cf_alloc(1, sizeof *o);
    if (!o)
        return CF_ERR_MEMORY;
    o->node.fd = -1;
    cf_status status = set_up(o, target + strlen("v4l2:"), params);
    if (status != CF_OK) {
        close_output(o, 0);
        return status;
    }
    *state = o;
    return CF_OK;
}

/* 0: there is room; EAGAIN: not in time; another errno. */
static int wait_for_room(const output *o) {
    int events = cf_v4l2_wait(o->node.io, o->node.fd, POLLOUT, PATIENCE_MS);
    if (events < 0)
        return -events;
    return !events ? EAGAIN : events & POLLOUT ? 0 : EIO;
}

/* Calls `give` until there was room, or there is none in time. 0 or errno. */
static int offer(output *o, int (*give)(output *o, const cf_image *picture),
                 const cf_image *picture) {
    int error = give(o, picture);
    if (error == EAGAIN) {
        error = wait_for_room(o);
        if (!error)
            error = give(o, picture);
    }
    return error;
}

static int give_by_write(output *o, const cf_image *picture) {
    (void)picture; /* is packed already */
    ssize_t done;
    do
        done = o->node.io->write(o->node.fd, o->packed, o->format.size);
    while (done < 0 && errno == EINTR);
    return done < 0 ? errno : 0;
}

static int give_buffer(output *o, const cf_image *picture) {
    cf_v4l2_filled empty = {.index = o->unused};
    int error = o->unused < o->node.buffer_count ? 0 : cf_v4l2_node_dequeue(&o->node, &empty);
    if (error)
        return error;
    cf_v4l2_pack(picture, &o->format, &o->matrix, o->node.buffers[empty.index].data);
    error = cf_v4l2_node_queue(&o->node, empty.index, cf_v4l2_pack_size(&o->format));
    if (error)
        return error == EAGAIN ? EIO : error; /* the buffer would be lost */
    o->unused += o->unused < o->node.buffer_count;
    if (!o->is_streaming)
        error = cf_v4l2_node_stream(&o->node, 1);
    o->is_streaming = !error;
    return error;
}

static cf_status write_picture(void *state, const cf_image *picture, int64_t t_ns) {
    output *o = state;
    int error;
    (void)t_ns;
    if (o->packed)
        cf_v4l2_pack(picture, &o->format, &o->matrix, o->packed);
    error = offer(o, o->packed ? give_by_write : give_buffer, picture);
    o->left_out += error == EAGAIN;
    if (error && error != EAGAIN)
        return cf_v4l2_node_fail(&o->node, "does not take the picture", error);
    return CF_OK;
}

extern const cf_sink_backend cf_sink_backend_v4l2;
const cf_sink_backend cf_sink_backend_v4l2 = {
    .summary = "v4l2:/dev/videoN",
    .keeps_all = 0,
    .takes = takes,
    .open = open_output,
    .write = write_picture,
    .close = close_output,
};
