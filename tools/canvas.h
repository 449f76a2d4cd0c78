/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing on RGB8 pictures: antialiased lines and circles, text, pictures within pictures. */
#ifndef CHROMAFUSE_TOOLS_CANVAS_H
#define CHROMAFUSE_TOOLS_CANVAS_H

#include "base/image.h"

/* A display colour (sRGB, 0..255) and how much of it covers what is below, 0..1. */
typedef struct {
    unsigned char r, g, b;
    float cover;
} cf_ink;

/*
 * All of these draw on a CF_PIXEL_RGB8 picture and cut what lies outside. Coordinates are pixels,
 * centres at integers; not finite ones draw nothing.
 */
void cf_canvas_fill(const cf_image *on, double left, double top, double width, double height,
                    cf_ink ink);
/* Stripes from lower left to upper right, `step` pixels apart. */
void cf_canvas_hatch(const cf_image *on, double left, double top, double width, double height,
                     int step, cf_ink ink);
void cf_canvas_line(const cf_image *on, double x0, double y0, double x1, double y1, double width,
                    cf_ink ink);
/* A line with a head at its second end. */
void cf_canvas_arrow(const cf_image *on, double x0, double y0, double x1, double y1, double width,
                     cf_ink ink);
/* width: of the ring's line; 0: a disc. */
void cf_canvas_circle(const cf_image *on, double x, double y, double radius, double width,
                      cf_ink ink);
/* The four lines of a rectangle. */
void cf_canvas_frame(const cf_image *on, double left, double top, double width, double height,
                     double line, cf_ink ink);

typedef enum { CF_TEXT_LEFT, CF_TEXT_CENTER, CF_TEXT_RIGHT } cf_text_align;
/* One line of text (base/font.h); x: its left end, middle or right end; top: of its letters; scale:
 * pixels a dot. */
void cf_canvas_text(const cf_image *on, const char *text, double x, double top, double scale,
                    cf_text_align align, cf_ink ink);
/* Pixels that the text takes. */
double cf_canvas_text_width(const char *text, double scale);

/* A picture (CF_PIXEL_RGB8) scaled into a rectangle: averaged where smaller, bilinear where larger.
 * gain: factor on the codes, to keep drawings on it readable. */
void cf_canvas_picture(const cf_image *on, const cf_image *picture, int left, int top, int width,
                       int height, double gain);

/* Colour of a share 0..1: blue (small) over pale yellow to red (large), of even steps for colour-
 * blind eyes too; beyond the ends the ends' colours, grey for what is not finite. */
cf_ink cf_canvas_ramp(double share);

#endif
