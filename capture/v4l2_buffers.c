/* SPDX-License-Identifier: Apache-2.0 */
/* A video node's buffers: asked for, mapped, passed to and fro. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "capture/v4l2_node.h"

/* One buffer as the driver is told about it; `plane` is its only plane where planes are used. */
static struct v4l2_buffer describe(const cf_v4l2_node *node, int index, struct v4l2_plane *plane) {
    struct v4l2_buffer b = {
        .index = (uint32_t)index, .type = node->type, .memory = V4L2_MEMORY_MMAP};
    *plane = (struct v4l2_plane){0};
    if (V4L2_TYPE_IS_MULTIPLANAR(node->type)) {
        b.m.planes = plane;
        b.length = 1;
    }
    return b;
}

static cf_status map_one(cf_v4l2_node *node, int index, size_t need) {
    int is_planar = V4L2_TYPE_IS_MULTIPLANAR(node->type);
    struct v4l2_plane plane;
    struct v4l2_buffer b = describe(node, index, &plane);
    int error = cf_v4l2_node_ioctl(node, VIDIOC_QUERYBUF, &b);
    if (error)
        return cf_v4l2_node_fail(node, "cannot look at its buffers", error);
    size_t length = is_planar ? plane.length : b.length;
    off_t offset = (off_t)(is_planar ? plane.m.mem_offset : b.m.offset);
    if (length < need)
        return cf_fail(CF_ERR_DEVICE, "%s: the driver's buffers have %zu bytes, a picture %zu",
                       node->path, length, need);
    int is_output = V4L2_TYPE_IS_OUTPUT(node->type);
    void *data =
        node->io->mmap(length, is_output ? PROT_READ | PROT_WRITE : PROT_READ, node->fd, offset);
    if (data == MAP_FAILED)
        return cf_v4l2_node_fail(node, "cannot map its buffers", errno);
    node->buffers[index].data = data;
    node->buffers[index].length = length;
    return CF_OK;
}

cf_status cf_v4l2_node_map(cf_v4l2_node *node, int count, size_t need) {
    struct v4l2_requestbuffers ask = {
        .count = (uint32_t)count, .type = node->type, .memory = V4L2_MEMORY_MMAP};
    int error = cf_v4l2_node_ioctl(node, VIDIOC_REQBUFS, &ask);
    if (error)
        return cf_v4l2_node_fail(node, "gives no buffers", error);
    node->has_buffers = 1;
    if (ask.count < 2)
        return cf_fail(CF_ERR_DEVICE, "%s: the driver has memory for %u of %d buffers", node->path,
                       ask.count, count);
    if (ask.count < (unsigned)count && !V4L2_TYPE_IS_OUTPUT(node->type))
        cf_log(CF_LOG_WARNING, "%s: only %u of %d buffers: frames may be lost", node->path,
               ask.count, count);
    if (ask.count > VIDEO_MAX_FRAME)
        ask.count = VIDEO_MAX_FRAME;
    for (; node->buffer_count < (int)ask.count; node->buffer_count++)
        CF_TRY(map_one(node, node->buffer_count, need));
    return CF_OK;
}

int cf_v4l2_node_queue(const cf_v4l2_node *node, int index, size_t used) {
    struct v4l2_plane plane;
    struct v4l2_buffer b = describe(node, index, &plane);
    plane.bytesused = (uint32_t)used;
    plane.length = (uint32_t)node->buffers[index].length;
    if (!V4L2_TYPE_IS_MULTIPLANAR(node->type)) {
        b.bytesused = (uint32_t)used;
        b.length = plane.length;
    }
    b.field = V4L2_FIELD_NONE;
    return cf_v4l2_node_ioctl(node, VIDIOC_QBUF, &b);
}

int cf_v4l2_node_dequeue(const cf_v4l2_node *node, cf_v4l2_filled *out) {
    struct v4l2_plane plane;
    struct v4l2_buffer b = describe(node, 0, &plane);
    int error = cf_v4l2_node_ioctl(node, VIDIOC_DQBUF, &b);
    if (error)
        return error;
    if (b.index >= (uint32_t)node->buffer_count)
        return ERANGE;
    int is_planar = V4L2_TYPE_IS_MULTIPLANAR(node->type);
    size_t length = node->buffers[b.index].length;
    size_t claimed = is_planar ? plane.bytesused : b.bytesused;
    size_t begin = is_planar ? plane.data_offset : 0;
    size_t end = claimed < length ? claimed : length;
    size_t offset = begin < end ? begin : end;
    *out = (cf_v4l2_filled){
        .index = (int)b.index,
        .flags = b.flags,
        .sequence = b.sequence,
        .t_ns = (int64_t)((uint64_t)b.timestamp.tv_sec * 1000000000U +
                          (uint64_t)b.timestamp.tv_usec * 1000U),
        .data = node->buffers[b.index].data + offset,
        .used = end - offset,
        .is_false = claimed > length || begin > end,
    };
    return 0;
}

int cf_v4l2_node_stream(const cf_v4l2_node *node, int is_on) {
    int type = (int)node->type;
    return cf_v4l2_node_ioctl(node, is_on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
}

void cf_v4l2_node_close(cf_v4l2_node *node) {
    if (node->fd < 0 || !node->io)
        return;
    if (node->has_buffers)
        cf_v4l2_node_stream(node, 0);
    for (int i = 0; i < VIDEO_MAX_FRAME; i++)
        if (node->buffers[i].data)
            node->io->munmap(node->buffers[i].data, node->buffers[i].length);
    if (node->has_buffers) {
        struct v4l2_requestbuffers none = {.type = node->type, .memory = V4L2_MEMORY_MMAP};
        cf_v4l2_node_ioctl(node, VIDIOC_REQBUFS, &none);
    }
    node->io->close(node->fd);
    *node = (cf_v4l2_node){.fd = -1};
}
