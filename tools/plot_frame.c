/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of the plots of a calibration. */
#include "tools/plot_frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/font.h"

#define AREA_WIDTH 960
#define AREA_HEIGHT 720
#define MARGIN_LEFT 74
#define MARGIN_TOP 78
#define MARGIN_RIGHT 236
#define MARGIN_BOTTOM 80
#define LEGEND_HEIGHT 500
#define BAR_HEIGHT 240
#define BAR_WIDTH 26
#define LINE ((int)(CF_FONT_LINE * CF_PLOT_SMALL))

double cf_plot_x(const cf_plot_frame *f, double x) {
    return f->left - 0.5 + (x + 0.5) * f->scale;
}

double cf_plot_y(const cf_plot_frame *f, double y) {
    return f->top - 0.5 + (y + 0.5) * f->scale;
}

double cf_plot_round_down(double value) {
    double power = pow(10, floor(log10(value)));
    double digit = value / power;
    return power * (digit >= 5 ? 5 : digit >= 2 ? 2 : 1);
}

static void tick(const cf_plot_frame *f, double at, int vertical) {
    char text[16];
    snprintf(text, sizeof text, "%.0f", at);
    if (vertical) {
        double y = cf_plot_y(f, at);
        cf_canvas_fill(&f->sheet, f->left - 7, y, 6, 1, cf_plot_grey);
        cf_canvas_text(&f->sheet, text, f->left - 10, y - 7, CF_PLOT_SMALL, CF_TEXT_RIGHT,
                       cf_plot_grey);
    } else {
        double x = cf_plot_x(f, at);
        cf_canvas_fill(&f->sheet, x, f->top + f->height + 1, 1, 6, cf_plot_grey);
        cf_canvas_text(&f->sheet, text, x, f->top + f->height + 10, CF_PLOT_SMALL, CF_TEXT_CENTER,
                       cf_plot_grey);
    }
}

static void draw_axes(const cf_plot_frame *f, int width, int height) {
    double step = cf_plot_round_down((width > height ? width : height) / 4.0);
    cf_canvas_frame(&f->sheet, f->left, f->top, f->width, f->height, 1, cf_plot_grey);
    for (int i = 0; i * step < width; i++)
        tick(f, i * step, 0);
    for (int i = 0; i * step < height; i++)
        tick(f, i * step, 1);
    cf_canvas_text(&f->sheet, "px", f->left + f->width + 8, f->top + f->height + 10, CF_PLOT_SMALL,
                   CF_TEXT_LEFT, cf_plot_grey);
}

/* Sheet pixels that the lettering needs from the left margin on. */
static double words_width(const cf_plot_words *words) {
    double title = cf_canvas_text_width(words->title, CF_PLOT_LARGE);
    double line = cf_canvas_text_width(words->line, CF_PLOT_SMALL);
    double note = words->note ? cf_canvas_text_width(words->note, CF_PLOT_SMALL) : 0;
    return fmax(fmax(title, line), note) + 20;
}

cf_status cf_plot_paper_make(double width, double height, int room_width, int room_height,
                             const cf_plot_words *words, cf_plot_frame *out) {
    *out = (cf_plot_frame){.left = MARGIN_LEFT, .top = MARGIN_TOP, .legend_top = MARGIN_TOP};
    out->scale = fmin(room_width / width, room_height / height);
    out->width = (int)fmax(rint(width * out->scale), 1);
    out->height = (int)fmax(rint(height * out->scale), 1);
    out->legend = out->left + out->width + 24;
    int wide = MARGIN_LEFT + (int)fmax(out->width + MARGIN_RIGHT, words_width(words));
    int tall = MARGIN_TOP + (int)fmax(out->height, LEGEND_HEIGHT) + MARGIN_BOTTOM;
    CF_TRY(cf_image_alloc(wide, tall, 1, CF_PIXEL_RGB8, &out->sheet));
    cf_canvas_fill(&out->sheet, 0, 0, wide, tall, (cf_ink){22, 22, 22, 1});
    cf_canvas_fill(&out->sheet, out->left, out->top, out->width, out->height,
                   (cf_ink){40, 40, 40, 1});
    cf_canvas_text(&out->sheet, words->title, MARGIN_LEFT, 14, CF_PLOT_LARGE, CF_TEXT_LEFT,
                   cf_plot_white);
    cf_canvas_text(&out->sheet, words->line, MARGIN_LEFT, 48, CF_PLOT_SMALL, CF_TEXT_LEFT,
                   cf_plot_grey);
    if (words->note)
        cf_canvas_text(&out->sheet, words->note, MARGIN_LEFT, tall - 36, CF_PLOT_SMALL,
                       CF_TEXT_LEFT, cf_plot_white);
    return CF_OK;
}

cf_status cf_plot_frame_make(int width, int height, const cf_plot_words *words,
                             cf_plot_frame *out) {
    CF_TRY(cf_plot_paper_make(width, height, AREA_WIDTH, AREA_HEIGHT, words, out));
    draw_axes(out, width, height);
    return CF_OK;
}

void cf_plot_legend_text(cf_plot_frame *f, const char *text, cf_ink ink) {
    cf_canvas_text(&f->sheet, text, f->legend, f->legend_top, CF_PLOT_SMALL, CF_TEXT_LEFT, ink);
    f->legend_top += LINE;
}

void cf_plot_legend_bar(cf_plot_frame *f, const char *title) {
    cf_plot_legend_text(f, title, cf_plot_white);
    f->legend_top += LINE / 2;
    for (int y = 0; y < BAR_HEIGHT; y++)
        cf_canvas_fill(&f->sheet, f->legend, f->legend_top + y, BAR_WIDTH, 1,
                       cf_canvas_ramp(1 - (y + 0.5) / BAR_HEIGHT));
    for (int i = 0; i <= 4; i++) {
        char text[32];
        double y = f->legend_top + BAR_HEIGHT * (1 - i / 4.0);
        snprintf(text, sizeof text, "%.2f px%s", CF_PLOT_FULL_PX * i / 4, i == 4 ? " +" : "");
        cf_canvas_fill(&f->sheet, f->legend + BAR_WIDTH, y - (i == 4 ? 0 : 1), 6, 1, cf_plot_white);
        cf_canvas_text(&f->sheet, text, f->legend + BAR_WIDTH + 12, y - 7, CF_PLOT_SMALL,
                       CF_TEXT_LEFT, cf_plot_white);
    }
    f->legend_top += BAR_HEIGHT + 2 * LINE;
}

void cf_plot_cross(const cf_image *sheet, double x, double y, double radius, cf_ink ink) {
    cf_canvas_line(sheet, x - radius, y - radius, x + radius, y + radius, 1.5, ink);
    cf_canvas_line(sheet, x - radius, y + radius, x + radius, y - radius, 1.5, ink);
}
