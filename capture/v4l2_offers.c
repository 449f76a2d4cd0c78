/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and ranks what a capture node offers. */
#include "capture/v4l2_offers.h"

#include <stdio.h>
#include <string.h>

#include "base/image.h"

/* Frame rate that is enough where none is wished for. */
#define FAST_ENOUGH 24.0

static double rate(struct v4l2_fract interval) {
    return interval.numerator ? (double)interval.denominator / interval.numerator : 0;
}

static double fastest(const cf_v4l2_node *node, uint32_t fourcc, uint32_t width, uint32_t height) {
    double best = 0;
    for (uint32_t i = 0; i < 256; i++) {
        struct v4l2_frmivalenum f = {
            .index = i, .pixel_format = fourcc, .width = width, .height = height};
        if (cf_v4l2_node_ioctl(node, VIDIOC_ENUM_FRAMEINTERVALS, &f))
            break;
        int is_discrete = f.type == V4L2_FRMIVAL_TYPE_DISCRETE;
        double fps = rate(is_discrete ? f.discrete : f.stepwise.min);
        if (fps > best)
            best = fps;
        if (!is_discrete)
            break;
    }
    return best;
}

static int is_sane(cf_v4l2_span width, cf_v4l2_span height) {
    return width.min <= width.max && height.min <= height.max && width.max <= CF_IMAGE_MAX_SIDE &&
           height.max <= CF_IMAGE_MAX_SIDE && cf_image_size_ok(width.max, height.max);
}

static void add(const cf_v4l2_node *node, cf_v4l2_offers *out, const cf_v4l2_format *format,
                cf_v4l2_span width, cf_v4l2_span height) {
    if (out->count == CF_V4L2_MAX_OFFERS || (width.max && !is_sane(width, height)))
        return;
    out->offers[out->count++] =
        (cf_v4l2_offer){format, width, height,
                        width.max ? fastest(node, format->fourcc, width.max, height.max) : 0};
}

static void read_sizes(const cf_v4l2_node *node, cf_v4l2_offers *out,
                       const cf_v4l2_format *format) {
    uint32_t i = 0;
    for (; i < CF_V4L2_MAX_OFFERS; i++) {
        struct v4l2_frmsizeenum f = {.index = i, .pixel_format = format->fourcc};
        if (cf_v4l2_node_ioctl(node, VIDIOC_ENUM_FRAMESIZES, &f))
            break;
        if (f.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
            add(node, out, format, (cf_v4l2_span){f.discrete.width, f.discrete.width, 1},
                (cf_v4l2_span){f.discrete.height, f.discrete.height, 1});
            continue;
        }
        add(node, out, format,
            (cf_v4l2_span){f.stepwise.min_width, f.stepwise.max_width, f.stepwise.step_width},
            (cf_v4l2_span){f.stepwise.min_height, f.stepwise.max_height, f.stepwise.step_height});
        return;
    }
    if (!i)
        add(node, out, format, (cf_v4l2_span){0}, (cf_v4l2_span){0});
}

/* Adds a piece; 0 and "..." at the end when it does not fit. */
static int append(char *text, size_t room, const char *between, const char *piece) {
    size_t used = strlen(text), need = strlen(between) + strlen(piece);
    int is_cut = used >= 3 && !strcmp(text + used - 3, "...");
    if (!is_cut && used + need + 4 < room) { /* "..." must fit after it */
        snprintf(text + used, room - used, "%s%s", used ? between : "", piece);
        return 1;
    }
    if (!is_cut && used + 4 <= room)
        memcpy(text + used, "...", 4);
    return 0;
}

static void note_other(cf_v4l2_offers *out, uint32_t fourcc) {
    char name[5], piece[64];
    const char *why = cf_v4l2_format_trouble(fourcc);
    cf_v4l2_fourcc_text(fourcc, name);
    if (why)
        snprintf(piece, sizeof piece, "%s (%s: not read)", name, why);
    else
        snprintf(piece, sizeof piece, "%s", name);
    append(out->others, sizeof out->others, ", ", piece);
}

void cf_v4l2_offers_read(const cf_v4l2_node *node, cf_v4l2_offers *out) {
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < 256; i++) {
        struct v4l2_fmtdesc f = {.index = i, .type = node->type};
        if (cf_v4l2_node_ioctl(node, VIDIOC_ENUM_FMT, &f))
            break;
        const cf_v4l2_format *format = cf_v4l2_format_find(f.pixelformat);
        if (format)
            read_sizes(node, out, format);
        else
            note_other(out, f.pixelformat);
    }
}

static int is_of_kind(const cf_v4l2_format *format, cf_camera_kind kind) {
    return kind == CF_CAMERA_ANY || format->is_color == (kind == CF_CAMERA_COLOR);
}

/* The sizes of the offers from `first` on that share its format; returns the next one's index. */
static int sizes_text(const cf_v4l2_offers *o, int first, char *text, size_t room) {
    int i = first;
    *text = 0;
    for (; i < o->count && o->offers[i].format == o->offers[first].format; i++) {
        const cf_v4l2_span *w = &o->offers[i].width, *h = &o->offers[i].height;
        char piece[64] = "(any size it takes)";
        if (w->max && w->min == w->max && h->min == h->max)
            snprintf(piece, sizeof piece, "%ux%u", w->max, h->max);
        else if (w->max)
            snprintf(piece, sizeof piece, "%ux%u..%ux%u", w->min, h->min, w->max, h->max);
        append(text, room, ",", piece);
    }
    return i;
}

void cf_v4l2_offers_text(const cf_v4l2_offers *o, cf_camera_kind kind, char *text, size_t room) {
    char names[256] = "", sizes[384], before[384] = "", name[5], group[660];
    *text = 0;
    for (int i = 0; i < o->count;) {
        const cf_v4l2_format *format = o->offers[i].format;
        i = sizes_text(o, i, sizes, sizeof sizes);
        if (!is_of_kind(format, kind))
            continue;
        if (*names && strcmp(sizes, before) != 0) {
            snprintf(group, sizeof group, "%s %s", names, before);
            append(text, room, "; ", group);
            *names = 0;
        }
        append(names, sizeof names, "/", cf_v4l2_fourcc_text(format->fourcc, name));
        memcpy(before, sizes, sizeof before);
    }
    if (*names) {
        snprintf(group, sizeof group, "%s %s", names, before);
        append(text, room, "; ", group);
    }
    if (!*text)
        snprintf(text, room, "nothing raw%s%s", *o->others ? ", only " : "", o->others);
}

static int is_in(cf_v4l2_span span, uint32_t wish) {
    return !span.max || (wish >= span.min && wish <= span.max &&
                         (span.step < 2 || (wish - span.min) % span.step == 0));
}

static int meets(const cf_v4l2_offer *offer, const cf_source_params *wishes,
                 const cf_v4l2_format *format) {
    return is_of_kind(offer->format, wishes->kind) && (!format || offer->format == format) &&
           (!wishes->width || is_in(offer->width, (uint32_t)wishes->width)) &&
           (!wishes->height || is_in(offer->height, (uint32_t)wishes->height));
}

/* The sign of the first criterion that tells them apart; 0: equal. */
static int compare(const cf_v4l2_offer *a, const cf_v4l2_offer *b, double enough) {
    int fast[2] = {a->fps <= 0 || a->fps >= enough, b->fps <= 0 || b->fps >= enough};
    if (fast[0] != fast[1])
        return fast[0] - fast[1];
    if (!fast[0] && a->fps != b->fps)
        return a->fps > b->fps ? 1 : -1;
    uint64_t area[2] = {(uint64_t)a->width.max * a->height.max,
                        (uint64_t)b->width.max * b->height.max};
    if (area[0] != area[1])
        return area[0] > area[1] ? 1 : -1;
    int bits = cf_raw_bits(a->format->layout) - cf_raw_bits(b->format->layout);
    if (bits)
        return bits;
    return cf_raw_bytes(b->format->layout, 8) - cf_raw_bytes(a->format->layout, 8);
}

const cf_v4l2_offer *cf_v4l2_offers_choose(const cf_v4l2_offers *o, const cf_source_params *wishes,
                                           uint32_t *width, uint32_t *height) {
    const cf_v4l2_offer *best = NULL;
    const cf_v4l2_format *format = wishes->format ? cf_v4l2_format_named(wishes->format) : NULL;
    if (wishes->format && !format)
        return NULL;
    double enough = wishes->fps > 0 ? wishes->fps * 0.99 : FAST_ENOUGH;
    for (int i = 0; i < o->count; i++)
        if (meets(&o->offers[i], wishes, format) &&
            (!best || compare(&o->offers[i], best, enough) > 0))
            best = &o->offers[i];
    if (best) {
        *width = wishes->width ? (uint32_t)wishes->width : best->width.max;
        *height = wishes->height ? (uint32_t)wishes->height : best->height.max;
    }
    return best;
}
