/* SPDX-License-Identifier: Apache-2.0 */
/* Opening of video nodes, their formats, and reasons in words. */
#include "capture/v4l2_node.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

static void explain_permission(const char *path, cf_v4l2_reason out) {
    struct stat about;
    struct group group, *found = NULL;
    char room[1024], name[64] = "video";
    if (stat(path, &about)) {
        snprintf(out, sizeof(cf_v4l2_reason), "no permission");
        return;
    }
    if (!getgrgid_r(about.st_gid, &group, room, sizeof room, &found) && found)
        snprintf(name, sizeof name, "%s", found->gr_name);
    else
        snprintf(name, sizeof name, "%lu", (unsigned long)about.st_gid);
    if ((about.st_mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP))
        snprintf(
            out, sizeof(cf_v4l2_reason),
            "no permission: add yourself to group %s (sudo usermod -aG %s $USER), log in again",
            name, name);
    else
        snprintf(out, sizeof(cf_v4l2_reason),
                 "no permission: its mode %04o lets neither you nor group %s use it",
                 (unsigned)about.st_mode & 07777, name);
}

void cf_v4l2_explain(const char *path, int error, cf_v4l2_reason out) {
    const char *text = NULL;
    switch (error) {
    case EACCES:
    case EPERM: explain_permission(path, out); return;
    case EBUSY: text = "in use: by another program, or the same camera is named twice"; break;
    case ENOENT: text = "no such device"; break;
    case ENODEV:
    case ENXIO: text = "the device is gone (unplugged?)"; break;
    case EIO: text = "the driver reports an error that it cannot recover from"; break;
    case ENOSPC:
        text = "the bus has no bandwidth left: a smaller size or fewer frames a second, "
               "or another port";
        break;
    case EPIPE:
        text = "the media pipeline in front of it is not set to the same format and size "
               "(media-ctl does that)";
        break;
    default: text = strerror(error);
    }
    snprintf(out, sizeof(cf_v4l2_reason), "%s", text);
}

cf_status cf_v4l2_node_fail(const cf_v4l2_node *node, const char *what, int error) {
    cf_v4l2_reason reason;
    cf_v4l2_explain(node->path, error, reason);
    return cf_fail(error == ENOMEM ? CF_ERR_MEMORY : CF_ERR_DEVICE, "%s: %s: %s", node->path, what,
                   reason);
}

int cf_v4l2_node_ioctl(const cf_v4l2_node *node, unsigned long request, void *argument) {
    return cf_v4l2_ioctl(node->io, node->fd, request, argument);
}

static void printable(char *out, size_t room, const void *text) {
    snprintf(out, room, "%.*s", (int)room - 1, (const char *)text);
    for (char *c = out; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static uint32_t type_of(uint32_t capabilities, int is_output) {
    if (capabilities & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE))
        return 0; /* a codec, whatever else it says */
    if (is_output)
        return capabilities & V4L2_CAP_VIDEO_OUTPUT          ? V4L2_BUF_TYPE_VIDEO_OUTPUT
               : capabilities & V4L2_CAP_VIDEO_OUTPUT_MPLANE ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
                                                             : 0;
    return capabilities & V4L2_CAP_VIDEO_CAPTURE          ? V4L2_BUF_TYPE_VIDEO_CAPTURE
           : capabilities & V4L2_CAP_VIDEO_CAPTURE_MPLANE ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
                                                          : 0;
}

static cf_status identify(cf_v4l2_node *node, int is_output, cf_v4l2_reason reason) {
    struct v4l2_capability about = {0};
    int error = cf_v4l2_node_ioctl(node, VIDIOC_QUERYCAP, &about);
    if (error == ENOTTY || error == EINVAL) {
        snprintf(reason, sizeof(cf_v4l2_reason), "not a V4L2 device");
        return CF_ERR_UNSUPPORTED;
    }
    if (error) {
        cf_v4l2_explain(node->path, error, reason);
        return CF_ERR_DEVICE;
    }
    printable(node->card, sizeof node->card, about.card);
    printable(node->driver, sizeof node->driver, about.driver);
    printable(node->bus, sizeof node->bus, about.bus_info);
    node->capabilities =
        about.capabilities & V4L2_CAP_DEVICE_CAPS ? about.device_caps : about.capabilities;
    node->type = type_of(node->capabilities, is_output);
    if (node->type)
        return CF_OK;
    snprintf(reason, sizeof(cf_v4l2_reason), "%s (driver %s) %s", node->card, node->driver,
             is_output                                    ? "takes no video: it is no output"
             : node->capabilities & V4L2_CAP_META_CAPTURE ? "gives metadata, not pictures"
                                                          : "gives no pictures: it is no camera");
    return CF_ERR_UNSUPPORTED;
}

cf_status cf_v4l2_node_open(const char *path, int is_output, cf_v4l2_node *out,
                            cf_v4l2_reason reason) {
    *out = (cf_v4l2_node){.io = cf_v4l2_io_get(), .fd = -1};
    if ((size_t)snprintf(out->path, sizeof out->path, "%s", path) >= sizeof out->path) {
        snprintf(reason, sizeof(cf_v4l2_reason), "its name is too long");
        return CF_ERR_DEVICE;
    }
    out->fd = out->io->open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (out->fd < 0) {
        cf_v4l2_explain(path, errno, reason);
        return CF_ERR_DEVICE;
    }
    cf_status status = identify(out, is_output, reason);
    if (status != CF_OK)
        cf_v4l2_node_close(out);
    return status;
}

static int is_planar(const cf_v4l2_node *node) {
    return V4L2_TYPE_IS_MULTIPLANAR(node->type);
}

static int from_driver(const cf_v4l2_node *node, const struct v4l2_format *f,
                       cf_v4l2_picture *out) {
    const struct v4l2_pix_format *one = &f->fmt.pix;
    const struct v4l2_pix_format_mplane *many = &f->fmt.pix_mp;
    if (!is_planar(node)) {
        *out = (cf_v4l2_picture){one->pixelformat,  one->width,     one->height,
                                 one->bytesperline, one->sizeimage, one->field,
                                 one->colorspace,   one->ycbcr_enc, one->quantization};
        return 0;
    }
    *out = (cf_v4l2_picture){many->pixelformat,
                             many->width,
                             many->height,
                             many->plane_fmt[0].bytesperline,
                             many->plane_fmt[0].sizeimage,
                             many->field,
                             many->colorspace,
                             many->ycbcr_enc,
                             many->quantization};
    return many->num_planes == 1 ? 0 : EOPNOTSUPP;
}

int cf_v4l2_node_get_format(const cf_v4l2_node *node, cf_v4l2_picture *out) {
    struct v4l2_format f = {.type = node->type};
    *out = (cf_v4l2_picture){0};
    int error = cf_v4l2_node_ioctl(node, VIDIOC_G_FMT, &f);
    return error ? error : from_driver(node, &f, out);
}

int cf_v4l2_node_set_format(const cf_v4l2_node *node, cf_v4l2_picture *format) {
    struct v4l2_format f = {.type = node->type};
    if (is_planar(node)) {
        f.fmt.pix_mp = (struct v4l2_pix_format_mplane){
            .pixelformat = format->fourcc,
            .width = format->width,
            .height = format->height,
            .field = format->field,
            .colorspace = format->colorspace,
            .ycbcr_enc = (uint8_t)format->encoding,
            .quantization = (uint8_t)format->quantization,
            .num_planes = 1,
        };
    } else {
        f.fmt.pix = (struct v4l2_pix_format){
            .pixelformat = format->fourcc,
            .width = format->width,
            .height = format->height,
            .field = format->field,
            .colorspace = format->colorspace,
            .ycbcr_enc = format->encoding,
            .quantization = format->quantization,
            .priv = V4L2_PIX_FMT_PRIV_MAGIC, /* or the two before it are not looked at */
        };
    }
    int error = cf_v4l2_node_ioctl(node, VIDIOC_S_FMT, &f);
    return error ? error : from_driver(node, &f, format);
}
