/* SPDX-License-Identifier: Apache-2.0 */
/* Plots as SVG: panels side by side, with axes, ticks, grid, error bars and a legend. */
#ifndef CHROMAFUSE_TOOLS_SVG_PLOT_H
#define CHROMAFUSE_TOOLS_SVG_PLOT_H

#include <stdio.h>

typedef struct {
    double x, y;
    double error; /* half length of a bar, in y's unit; 0: none */
} cf_svg_point;

typedef enum {
    CF_SVG_LINE = 0, /* joined */
    CF_SVG_DASHED,   /* joined, dashed */
    CF_SVG_DOTS,     /* filled circles */
    CF_SVG_RINGS,    /* open circles */
} cf_svg_style;

/* Points that are not finite, or not positive on a logarithmic axis, are left out. */
typedef struct {
    const char *label; /* in the legend; NULL: none */
    cf_svg_style style;
    int color; /* 0..CF_SVG_COLORS - 1 */
    const cf_svg_point *points;
    int count;
} cf_svg_series;
#define CF_SVG_COLORS 6

typedef struct {
    const char *title, *x_label, *y_label;
    int log_x, log_y;
    int legend_low;        /* 1: the legend is in the lower right corner, else in the upper left */
    double x0, x1, y0, y1; /* shown at least; x0 == x1 (y0 == y1): what the series need */
    const cf_svg_series *series;
    int count;
} cf_svg_panel;

/* A whole document: title, a line of text below it, and panels from left to right. */
void cf_svg_write(FILE *to, const char *title, const char *subtitle, const cf_svg_panel *panels,
                  int count);

#endif
