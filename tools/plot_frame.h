/* SPDX-License-Identifier: Apache-2.0 */
/* What every plot of a calibration has: paper, title, the camera's picture area with a scale in
 * pixels, a colour bar. */
#ifndef CHROMAFUSE_TOOLS_PLOT_FRAME_H
#define CHROMAFUSE_TOOLS_PLOT_FRAME_H

#include "tools/canvas.h"

/* Residuals of this many pixels and more are as red as it gets: the same in every plot, so that
 * colours of different rigs can be compared. */
#define CF_PLOT_FULL_PX 1.0

#define CF_PLOT_SMALL 2.0 /* pixels a dot of the lettering */
#define CF_PLOT_LARGE 3.0

static const cf_ink cf_plot_white = {240, 240, 240, 1}, cf_plot_grey = {160, 160, 160, 1};

typedef struct {
    cf_image sheet;         /* owned */
    int left, top;          /* of the picture area on the sheet */
    int width, height;      /* of the picture area on the sheet */
    double scale;           /* sheet pixels per pixel of the camera's picture */
    int legend, legend_top; /* where the next part of the legend starts */
} cf_plot_frame;

typedef struct {
    const char *title, *line; /* first and second line above */
    const char *note;         /* below: what is good; NULL: none */
} cf_plot_words;

/* A sheet for a camera's pictures of width x height pixels, with a scale at the borders. */
cf_status cf_plot_frame_make(int width, int height, const cf_plot_words *words, cf_plot_frame *out);

/* A sheet for anything of width x height units, scaled to fit into room_width x room_height pixels
 * of the sheet. */
cf_status cf_plot_paper_make(double width, double height, int room_width, int room_height,
                             const cf_plot_words *words, cf_plot_frame *out);

/* Sheet coordinates of a pixel of the camera's picture. */
double cf_plot_x(const cf_plot_frame *f, double x);
double cf_plot_y(const cf_plot_frame *f, double y);

/* Parts of the legend at the right, from top to bottom. */
void cf_plot_legend_text(cf_plot_frame *f, const char *text, cf_ink ink);
void cf_plot_legend_bar(cf_plot_frame *f, const char *title); /* 0..CF_PLOT_FULL_PX pixels */

/* A cross for a point that was left out. */
void cf_plot_cross(const cf_image *sheet, double x, double y, double radius, cf_ink ink);

/* 1, 2 or 5 times a power of ten, at most value (value > 0). */
double cf_plot_round_down(double value);

#endif
