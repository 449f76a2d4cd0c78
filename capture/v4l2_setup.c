/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses and sets a V4L2 camera's format. */
#include "capture/v4l2_setup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/v4l2_offers.h"

#define USUAL_FPS 30.0 /* asked for where none is wished for */

static cf_status unmet(const cf_v4l2_node *node, const cf_v4l2_offers *offers,
                       const cf_source_params *wishes) {
    static const char *const kinds[] = {"raw", "mono", "Bayer"};
    char size[32] = "", text[700];
    if (wishes->width || wishes->height)
        snprintf(size, sizeof size, " of %dx%d", wishes->width, wishes->height);
    cf_v4l2_offers_text(offers, CF_CAMERA_ANY, text, sizeof text);
    return cf_fail(CF_ERR_UNSUPPORTED, "%s: no %s pictures%s%s%s; it offers %s", node->path,
                   kinds[wishes->kind], wishes->format ? " in format " : "",
                   wishes->format ? wishes->format : "", size, text);
}

/* Where the media controller decides, formats other than the one set are promises only. */
static int keeps_present(const cf_v4l2_node *node, const cf_source_params *wishes,
                         cf_v4l2_picture *picture) {
    if (!(node->capabilities & V4L2_CAP_IO_MC) || wishes->format || wishes->width ||
        wishes->height || cf_v4l2_node_get_format(node, picture))
        return 0;
    const cf_v4l2_format *format = cf_v4l2_format_find(picture->fourcc);
    return format &&
           (wishes->kind == CF_CAMERA_ANY || format->is_color == (wishes->kind == CF_CAMERA_COLOR));
}

static cf_status choose(const cf_v4l2_node *node, const cf_source_params *wishes,
                        cf_v4l2_picture *picture) {
    cf_v4l2_picture present;
    uint32_t width = 0, height = 0;
    cf_v4l2_offers *offers = cf_alloc(1, sizeof *offers);
    if (!offers)
        return CF_ERR_MEMORY;
    cf_v4l2_offers_read(node, offers);
    const cf_v4l2_offer *best = cf_v4l2_offers_choose(offers, wishes, &width, &height);
    cf_status status = best ? CF_OK : unmet(node, offers, wishes);
    if (best && (!width || !height) && !cf_v4l2_node_get_format(node, &present)) {
        width = width ? width : present.width;
        height = height ? height : present.height;
    }
    if (best)
        *picture = (cf_v4l2_picture){.fourcc = best->format->fourcc,
                                     .width = width,
                                     .height = height,
                                     .field = V4L2_FIELD_NONE};
    cf_free(offers);
    return status;
}

/* The driver's answer must be what was asked for, and hold together. */
static cf_status check(const cf_v4l2_node *node, const cf_v4l2_picture *asked, cf_v4l2_setup *s) {
    cf_v4l2_picture *p = &s->picture;
    char a[5], b[5];
    if (p->fourcc != asked->fourcc || p->width != asked->width || p->height != asked->height)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: takes %s %ux%u instead of %s %ux%u", node->path,
                       cf_v4l2_fourcc_text(p->fourcc, a), p->width, p->height,
                       cf_v4l2_fourcc_text(asked->fourcc, b), asked->width, asked->height);
    if (p->width > CF_IMAGE_MAX_SIDE / 2 || !cf_image_size_ok((long)p->width, (long)p->height))
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: pictures of %ux%u are too large", node->path,
                       p->width, p->height);
    if (p->field != V4L2_FIELD_NONE && p->field != V4L2_FIELD_ANY)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: its pictures are interlaced", node->path);
    s->format = cf_v4l2_format_find(p->fourcc);
    s->row = (size_t)cf_raw_bytes(s->format->layout, (int)p->width);
    if (!p->stride)
        p->stride = (uint32_t)s->row;
    if (p->stride < s->row)
        return cf_fail(CF_ERR_DEVICE, "%s: the driver says %u bytes a row, but %u pixels take %zu",
                       node->path, p->stride, p->width, s->row);
    s->need = (size_t)p->stride * (p->height - 1) + s->row;
    return CF_OK;
}

/* The nearest that the driver does; not every driver has frame rates. */
static void set_rate(const cf_v4l2_node *node, double wish, cf_v4l2_setup *s) {
    struct v4l2_streamparm p = {.type = node->type};
    struct v4l2_fract *time = &p.parm.capture.timeperframe;
    double fps = wish > 0 ? wish : USUAL_FPS;
    time->numerator = 1000;
    time->denominator = (uint32_t)lround(fps * 1000);
    int is_set = !cf_v4l2_node_ioctl(node, VIDIOC_S_PARM, &p);
    if (!is_set)
        p = (struct v4l2_streamparm){.type = node->type};
    if (!is_set && cf_v4l2_node_ioctl(node, VIDIOC_G_PARM, &p))
        return;
    s->is_fps_set = is_set && p.parm.capture.capability & V4L2_CAP_TIMEPERFRAME;
    if (time->numerator && time->denominator)
        s->fps = (double)time->denominator / time->numerator;
}

cf_status cf_v4l2_setup_run(const cf_v4l2_node *node, const cf_source_params *wishes,
                            cf_v4l2_setup *out) {
    cf_v4l2_picture asked;
    memset(out, 0, sizeof *out);
    if (!keeps_present(node, wishes, &asked))
        CF_TRY(choose(node, wishes, &asked));
    out->picture = asked;
    int error = cf_v4l2_node_set_format(node, &out->picture);
    if (error)
        return cf_v4l2_node_fail(node, "cannot set its format", error);
    CF_TRY(check(node, &asked, out));
    set_rate(node, wishes->fps, out);
    return CF_OK;
}
