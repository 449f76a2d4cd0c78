/* SPDX-License-Identifier: Apache-2.0 */
/* An open video node, to capture from or to put out to; single- and multi-planar look the same. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_NODE_H
#define CHROMAFUSE_CAPTURE_V4L2_NODE_H

#include "base/status.h"
#include "capture/v4l2_formats.h"
#include "capture/v4l2_io.h"

typedef struct {
    const cf_v4l2_io *io;
    int fd; /* -1: closed */
    char path[256];
    char card[33], driver[17], bus[33]; /* printable */
    uint32_t capabilities;              /* V4L2_CAP_ of this node */
    uint32_t type;                      /* V4L2_BUF_TYPE_ */
    struct {
        unsigned char *data; /* NULL: not mapped */
        size_t length;
    } buffers[VIDEO_MAX_FRAME];
    int buffer_count;
    int has_buffers; /* 1: the driver has some for us */
} cf_v4l2_node;

/* Room for a reason why a node cannot be used. */
typedef char cf_v4l2_reason[256];

/* Why a call failed, in words for people: `what` it was for, then what the errno means for it. For
 * EACCES it names the group that the file at path belongs to. */
void cf_v4l2_explain(const char *path, int error, cf_v4l2_reason out);

/*
 * Opens a node. Logs nothing; on failure `reason` says why: CF_ERR_UNSUPPORTED for what is no
 * V4L2 node of this direction (metadata, codecs, radios), CF_ERR_DEVICE for one that may be
 * (no permission, unplugged, busy).
 */
cf_status cf_v4l2_node_open(const char *path, int is_output, cf_v4l2_node *out,
                            cf_v4l2_reason reason);
/* Stops, unmaps, gives the buffers back, closes. Safe on a closed node and after an unplug. */
void cf_v4l2_node_close(cf_v4l2_node *node);

/* Logs "PATH: WHAT: why" and returns CF_ERR_MEMORY for ENOMEM, else CF_ERR_DEVICE. */
cf_status cf_v4l2_node_fail(const cf_v4l2_node *node, const char *what, int error);

/* cf_v4l2_ioctl on the node. */
int cf_v4l2_node_ioctl(const cf_v4l2_node *node, unsigned long request, void *argument);

/* How pictures lie in the node's buffers. */
typedef struct {
    uint32_t fourcc;
    uint32_t width, height;
    uint32_t stride; /* bytes from row to row (of the first plane); 0: the driver does not say */
    uint32_t size;   /* bytes of a picture */
    uint32_t field, colorspace, encoding, quantization; /* V4L2's numbers; 0: default */
} cf_v4l2_picture;

/* The node's present format; asks for one and gets what the driver made of it. 0 or errno;
 * EOPNOTSUPP: a picture lies in several planes. */
int cf_v4l2_node_get_format(const cf_v4l2_node *node, cf_v4l2_picture *out);
int cf_v4l2_node_set_format(const cf_v4l2_node *node, cf_v4l2_picture *format);

/* Asks for count buffers and maps what comes, at least two of at least `need` bytes each. */
cf_status cf_v4l2_node_map(cf_v4l2_node *node, int count, size_t need);

/* Gives a buffer to the driver; used: bytes of a picture to put out, 0 for capture. 0 or errno. */
int cf_v4l2_node_queue(const cf_v4l2_node *node, int index, size_t used);

/* A buffer that the driver has given back. */
typedef struct {
    int index;
    uint32_t flags, sequence;  /* V4L2_BUF_FLAG_ */
    int64_t t_ns;              /* the driver's time stamp; anything */
    const unsigned char *data; /* the picture: `used` bytes, all of them mapped */
    size_t used;
    int is_false; /* 1: the driver claims more bytes than the buffer has */
} cf_v4l2_filled;

/* 0 or errno; EAGAIN: there is none yet; ERANGE: of a buffer that does not exist. */
int cf_v4l2_node_dequeue(const cf_v4l2_node *node, cf_v4l2_filled *out);

/* 0 or errno. */
int cf_v4l2_node_stream(const cf_v4l2_node *node, int is_on);

#endif
