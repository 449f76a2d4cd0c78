/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing by coverage: how much of each pixel a shape takes decides how much of its ink it gets. */
#include "tools/canvas.h"

#include <math.h>
#include <string.h>

#include "base/font.h"

static void blend(const cf_image *on, int x, int y, double cover, cf_ink ink) {
    unsigned char *p = (unsigned char *)cf_image_row(on, 0, y) + 3 * (size_t)x;
    const unsigned char to[3] = {ink.r, ink.g, ink.b};
    double share = cover * (double)ink.cover;
    for (int c = 0; c < 3; c++)
        p[c] = (unsigned char)rint(p[c] + share * (to[c] - p[c]));
}

/* Whole pixels from floor(from) to ceil(to), cut at 0 and count - 1; 0: none. */
static int range(double from, double to, int count, int *first, int *last) {
    if (!isfinite(from) || !isfinite(to))
        return 0;
    *first = (int)fmin(fmax(floor(from), 0), count);
    *last = (int)fmin(fmax(ceil(to), -1), count - 1);
    return *first <= *last;
}

static double clip01(double v) {
    return fmin(fmax(v, 0), 1);
}

void cf_canvas_fill(const cf_image *on, double left, double top, double width, double height,
                    cf_ink ink) {
    int x0, x1, y0, y1;
    if (!range(left, left + width - 1, on->width, &x0, &x1) ||
        !range(top, top + height - 1, on->height, &y0, &y1))
        return;
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++)
            blend(on, x, y, 1, ink);
}

void cf_canvas_hatch(const cf_image *on, double left, double top, double width, double height,
                     int step, cf_ink ink) {
    int x0, x1, y0, y1;
    if (!range(left, left + width - 1, on->width, &x0, &x1) ||
        !range(top, top + height - 1, on->height, &y0, &y1))
        return;
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++)
            if ((x + y) % step < step / 3)
                blend(on, x, y, 1, ink);
}

void cf_canvas_line(const cf_image *on, double x0, double y0, double x1, double y1, double width,
                    cf_ink ink) {
    double dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy, reach = width / 2 + 0.5;
    int first, last, top, bottom;
    if (!range(fmin(y0, y1) - reach, fmax(y0, y1) + reach, on->height, &top, &bottom) ||
        !range(fmin(x0, x1) - reach, fmax(x0, x1) + reach, on->width, &first, &last))
        return;
    for (int y = top; y <= bottom; y++) {
        for (int x = first; x <= last; x++) {
            double t = square > 0 ? clip01(((x - x0) * dx + (y - y0) * dy) / square) : 0;
            double away = hypot(x - x0 - t * dx, y - y0 - t * dy);
            if (away < reach)
                blend(on, x, y, fmin(clip01(reach - away), width), ink);
        }
    }
}

void cf_canvas_arrow(const cf_image *on, double x0, double y0, double x1, double y1, double width,
                     cf_ink ink) {
    double dx = x1 - x0, dy = y1 - y0, length = hypot(dx, dy);
    double head = fmin(2 + 2.5 * width, 0.5 * length);
    cf_canvas_line(on, x0, y0, x1, y1, width, ink);
    if (!(length > 2))
        return;
    for (int side = -1; side <= 1; side += 2)
        cf_canvas_line(on, x1, y1, x1 - head * (dx - side * 0.5 * dy) / length,
                       y1 - head * (dy + side * 0.5 * dx) / length, width, ink);
}

void cf_canvas_circle(const cf_image *on, double x, double y, double radius, double width,
                      cf_ink ink) {
    double reach = radius + width / 2 + 0.5;
    int x0, x1, y0, y1;
    if (!range(y - reach, y + reach, on->height, &y0, &y1) ||
        !range(x - reach, x + reach, on->width, &x0, &x1))
        return;
    for (int v = y0; v <= y1; v++) {
        for (int u = x0; u <= x1; u++) {
            double away = hypot(u - x, v - y) - radius;
            double cover = width > 0 ? width / 2 + 0.5 - fabs(away) : 0.5 - away;
            if (cover > 0)
                blend(on, u, v, clip01(cover), ink);
        }
    }
}

void cf_canvas_frame(const cf_image *on, double left, double top, double width, double height,
                     double line, cf_ink ink) {
    cf_canvas_fill(on, left - line, top - line, width + 2 * line, line, ink);
    cf_canvas_fill(on, left - line, top + height, width + 2 * line, line, ink);
    cf_canvas_fill(on, left - line, top, line, height, ink);
    cf_canvas_fill(on, left + width, top, line, height, ink);
}

double cf_canvas_text_width(const char *text, double scale) {
    return (double)strlen(text) * CF_FONT_ADVANCE * scale;
}

void cf_canvas_text(const cf_image *on, const char *text, double x, double top, double scale,
                    cf_text_align align, cf_ink ink) {
    double width = cf_canvas_text_width(text, scale);
    int x0, x1, y0, y1;
    x -= align == CF_TEXT_RIGHT ? width : align == CF_TEXT_CENTER ? width / 2 : 0;
    if (!range(x, x + width, on->width, &x0, &x1) ||
        !range(top, top + CF_FONT_HEIGHT * scale, on->height, &y0, &y1))
        return;
    for (int v = y0; v <= y1; v++) {
        for (int u = x0; u <= x1; u++) {
            double dot = cf_font_ink(text, (u - x + 0.5) / scale, (v - top + 0.5) / scale);
            if (dot > 0)
                blend(on, u, v, dot, ink);
        }
    }
}

/* Weight of source pixel i where the output pixel spans from..to of the source's pixels. */
static double overlap(int i, double from, double to) {
    return fmax(fmin(i + 1, to) - fmax(i, from), 0);
}

/* What of the source, along one axis, output pixel `at` shows: at least one pixel wide. */
static void span(int at, int count, int pixels, double *from, double *to) {
    double step = (double)pixels / count, middle = (at + 0.5) * step, half = fmax(step, 1) / 2;
    *from = fmin(fmax(middle - half, 0), pixels - 1);
    *to = fmax(fmin(middle + half, pixels), *from + 1e-6);
}

static void sample(const cf_image *in, double x0, double x1, double y0, double y1, double rgb[3]) {
    double total = 0;
    memset(rgb, 0, 3 * sizeof *rgb);
    for (int y = (int)y0; y < y1 && y < in->height; y++) {
        const unsigned char *row = cf_image_row(in, 0, y);
        double wy = overlap(y, y0, y1);
        for (int x = (int)x0; x < x1 && x < in->width; x++) {
            double w = wy * overlap(x, x0, x1);
            total += w;
            for (int c = 0; c < 3; c++)
                rgb[c] += w * row[3 * x + c];
        }
    }
    for (int c = 0; c < 3 && total > 0; c++)
        rgb[c] /= total;
}

void cf_canvas_picture(const cf_image *on, const cf_image *picture, int left, int top, int width,
                       int height, double gain) {
    for (int y = 0; y < height; y++) {
        double y0, y1;
        if (top + y < 0 || top + y >= on->height)
            continue;
        span(y, height, picture->height, &y0, &y1);
        for (int x = 0; x < width; x++) {
            double x0, x1, rgb[3];
            if (left + x < 0 || left + x >= on->width)
                continue;
            span(x, width, picture->width, &x0, &x1);
            sample(picture, x0, x1, y0, y1, rgb);
            unsigned char *to = (unsigned char *)cf_image_row(on, 0, top + y) + 3 * (left + x);
            for (int c = 0; c < 3; c++)
                to[c] = (unsigned char)fmin(rint(rgb[c] * gain), 255);
        }
    }
}

cf_ink cf_canvas_ramp(double share) {
    /* ColorBrewer's RdYlBu, five classes, from its blue end */
    static const unsigned char stops[5][3] = {
        {69, 117, 180}, {145, 191, 219}, {254, 224, 144}, {252, 141, 89}, {215, 48, 39}};
    if (!isfinite(share))
        return (cf_ink){128, 128, 128, 1};
    double at = clip01(share) * 4;
    int i = at < 3 ? (int)at : 3;
    unsigned char rgb[3];
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)rint(stops[i][c] + (at - i) * (stops[i + 1][c] - stops[i][c]));
    return (cf_ink){rgb[0], rgb[1], rgb[2], 1};
}
