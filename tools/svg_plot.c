/* SPDX-License-Identifier: Apache-2.0 */
/* A small SVG writer. */
#include "tools/svg_plot.h"

#include <math.h>
#include <stdlib.h>

#define WIDTH 560.0 /* of a panel, its labels included */
#define HEIGHT 470.0
#define HEAD 64.0 /* title above the panels */
#define LEFT 74.0
#define RIGHT 18.0
#define TOP 34.0
#define BOTTOM 58.0
#define MARGIN 0.06 /* of the axis, beyond the data */

static const char *const colors[CF_SVG_COLORS] = {"#1c6dd0", "#d9480f", "#2b8a3e",
                                                  "#9c36b5", "#c2930a", "#495057"};

/* One axis: values to places. */
typedef struct {
    int is_log;
    double low, high; /* logarithms for a logarithmic axis */
    double from, to;  /* places */
} axis;

typedef struct {
    FILE *to;
    const cf_svg_panel *panel;
    axis x, y;
} plot;

static void text_of(FILE *to, const char *text) {
    for (; *text; text++)
        switch (*text) {
        case '&': fputs("&amp;", to); break;
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        default: putc((unsigned char)*text < 32 ? ' ' : *text, to);
        }
}

/* Classes: t title, s subtitle, h panel title, l label, k tick. */
static void text(FILE *to, const char *class, double x, double y, const char *anchor,
                 const char *value) {
    fprintf(to, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, x, y,
            anchor);
    text_of(to, value);
    fputs("</text>\n", to);
}

static double place(const axis *a, double v) {
    double u = a->is_log ? log10(v) : v;
    return a->from + (a->to - a->from) * (u - a->low) / (a->high - a->low);
}

static int shown(const axis *a, double v) {
    return isfinite(v) && (!a->is_log || v > 0);
}

static void widen(axis *a, double v) {
    if (!shown(a, v))
        return;
    double u = a->is_log ? log10(v) : v;
    a->low = fmin(a->low, u);
    a->high = fmax(a->high, u);
}

static void find_range(plot *p) {
    const cf_svg_panel *panel = p->panel;
    axis *axes[2] = {&p->x, &p->y};
    for (int i = 0; i < panel->count; i++)
        for (int k = 0; k < panel->series[i].count; k++) {
            const cf_svg_point *q = &panel->series[i].points[k];
            if (!shown(&p->x, q->x) || !shown(&p->y, q->y))
                continue;
            widen(&p->x, q->x);
            widen(&p->y, q->y - (p->y.is_log ? 0 : q->error));
            widen(&p->y, q->y + q->error);
        }
    if (panel->x0 < panel->x1) {
        widen(&p->x, panel->x0);
        widen(&p->x, panel->x1);
    }
    if (panel->y0 < panel->y1) {
        widen(&p->y, panel->y0);
        widen(&p->y, panel->y1);
    }
    for (int i = 0; i < 2; i++) {
        if (!(axes[i]->low <= axes[i]->high))
            axes[i]->low = axes[i]->high = 0;
        double room = MARGIN * (axes[i]->high - axes[i]->low);
        room = room > 0 ? room : 0.5;
        axes[i]->low -= room;
        axes[i]->high += room;
    }
}

static void tick(const plot *p, int is_y, double v, const char *label) {
    const axis *a = is_y ? &p->y : &p->x;
    double at = place(a, v);
    const char *class = label ? "g" : "m";
    if (is_y)
        fprintf(p->to, "<path class=\"%s\" d=\"M%.1f %.1fH%.1f\"/>\n", class, p->x.from, at,
                p->x.to);
    else
        fprintf(p->to, "<path class=\"%s\" d=\"M%.1f %.1fV%.1f\"/>\n", class, at, p->y.from,
                p->y.to);
    if (label && is_y)
        text(p->to, "k", p->x.from - 8, at + 4, "end", label);
    else if (label)
        text(p->to, "k", at, p->y.from + 18, "middle", label);
}

/* Powers of ten with a label, the numbers between without; 2 and 5 too where there are few. */
static void log_ticks(const plot *p, int is_y) {
    const axis *a = is_y ? &p->y : &p->x;
    char label[32];
    int decades = (int)(floor(a->high) - ceil(a->low)) + 1, every = decades > 8 ? 2 : 1;
    for (int e = (int)floor(a->low); e <= (int)ceil(a->high); e++)
        for (int k = 1; k < 10; k++) {
            double v = k * pow(10, e);
            int named = k == 1 ? e % every == 0 : decades < 2 && (k == 2 || k == 5);
            if (log10(v) < a->low || log10(v) > a->high)
                continue;
            snprintf(label, sizeof label, v < 1e6 && v > 1e-4 ? "%.10g" : "%.0e", v);
            tick(p, is_y, v, named ? label : NULL);
        }
}

static void linear_ticks(const plot *p, int is_y) {
    const axis *a = is_y ? &p->y : &p->x;
    char label[32];
    double rough = (a->high - a->low) / 6, unit = pow(10, floor(log10(rough)));
    double step = unit * (rough / unit < 1.5   ? 1
                          : rough / unit < 3.5 ? 2
                          : rough / unit < 7.5 ? 5
                                               : 10);
    for (int i = 0; i < 32; i++) {
        double v = (ceil(a->low / step) + i) * step;
        if (v > a->high)
            break;
        snprintf(label, sizeof label, "%.6g", fabs(v) < step * 1e-6 ? 0 : v);
        tick(p, is_y, v, label);
    }
}

static void draw_axes(const plot *p) {
    const cf_svg_panel *panel = p->panel;
    double middle = (p->y.from + p->y.to) / 2, left = p->x.from - 54;
    for (int is_y = 0; is_y < 2; is_y++) {
        if ((is_y ? &p->y : &p->x)->is_log)
            log_ticks(p, is_y);
        else
            linear_ticks(p, is_y);
    }
    fprintf(p->to, "<path class=\"a\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", p->x.from, p->y.to,
            p->y.from, p->x.to);
    text(p->to, "h", p->x.from, p->y.to - 14, "start", panel->title);
    text(p->to, "l", (p->x.from + p->x.to) / 2, p->y.from + 42, "middle", panel->x_label);
    fprintf(p->to, "<g transform=\"translate(%.1f %.1f) rotate(-90)\">", left, middle);
    text(p->to, "l", 0, 0, "middle", panel->y_label);
    fputs("</g>\n", p->to);
}

static void draw_line(const plot *p, const cf_svg_series *s) {
    int open = 0;
    fprintf(p->to, "<path class=\"%s\" stroke=\"%s\" d=\"", s->style == CF_SVG_LINE ? "n" : "d",
            colors[s->color % CF_SVG_COLORS]);
    for (int i = 0; i < s->count; i++) {
        const cf_svg_point *q = &s->points[i];
        int good = shown(&p->x, q->x) && shown(&p->y, q->y);
        if (good)
            fprintf(p->to, "%c%.1f %.1f", open ? 'L' : 'M', place(&p->x, q->x), place(&p->y, q->y));
        open = good;
    }
    fputs("\"/>\n", p->to);
}

static void draw_marks(const plot *p, const cf_svg_series *s) {
    const char *color = colors[s->color % CF_SVG_COLORS];
    for (int i = 0; i < s->count; i++) {
        const cf_svg_point *q = &s->points[i];
        if (!shown(&p->x, q->x) || !shown(&p->y, q->y))
            continue;
        double x = place(&p->x, q->x), y = place(&p->y, q->y);
        if (q->error > 0 && shown(&p->y, q->y - q->error))
            fprintf(p->to, "<path stroke=\"%s\" d=\"M%.1f %.1fV%.1f\"/>\n", color, x,
                    place(&p->y, q->y - q->error), place(&p->y, q->y + q->error));
        fprintf(p->to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" stroke=\"%s\" fill=\"%s\"/>\n", x,
                y, color, s->style == CF_SVG_DOTS ? color : "white");
    }
}

static void draw_legend(const plot *p) {
    int rows = 0, longest = 0, row = 0;
    for (int i = 0; i < p->panel->count; i++) {
        const char *label = p->panel->series[i].label;
        rows += label != NULL;
        for (int k = 0; label && label[k]; k++)
            longest = k > longest ? k : longest;
    }
    if (!rows)
        return;
    double width = 52 + 6.4 * longest, height = 20.0 * rows + 10;
    double x = p->panel->legend_low ? p->x.to - width - 10 : p->x.from + 12;
    double y = p->panel->legend_low ? p->y.from - height - 10 : p->y.to + 10;
    fprintf(p->to, "<rect class=\"b\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", x,
            y, width, height);
    for (int i = 0; i < p->panel->count; i++) {
        const cf_svg_series *s = &p->panel->series[i];
        const char *color = colors[s->color % CF_SVG_COLORS];
        double at = y + 15 + 20 * row;
        if (!s->label)
            continue;
        if (s->style == CF_SVG_LINE || s->style == CF_SVG_DASHED)
            fprintf(p->to, "<path class=\"%s\" stroke=\"%s\" d=\"M%.1f %.1fh22\"/>\n",
                    s->style == CF_SVG_LINE ? "n" : "d", color, x + 8, at);
        else
            fprintf(p->to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" stroke=\"%s\" fill=\"%s\"/>\n",
                    x + 19, at, color, s->style == CF_SVG_DOTS ? color : "white");
        text(p->to, "k", x + 38, at + 4, "start", s->label);
        row++;
    }
}

static void draw_panel(FILE *to, const cf_svg_panel *panel, double left) {
    plot p = {.to = to, .panel = panel};
    p.x = (axis){panel->log_x, INFINITY, -INFINITY, left + LEFT, left + WIDTH - RIGHT};
    p.y = (axis){panel->log_y, INFINITY, -INFINITY, HEAD + HEIGHT - BOTTOM, HEAD + TOP};
    find_range(&p);
    draw_axes(&p);
    for (int i = 0; i < panel->count; i++)
        if (panel->series[i].style == CF_SVG_LINE || panel->series[i].style == CF_SVG_DASHED)
            draw_line(&p, &panel->series[i]);
        else
            draw_marks(&p, &panel->series[i]);
    draw_legend(&p);
}

void cf_svg_write(FILE *to, const char *title, const char *subtitle, const cf_svg_panel *panels,
                  int count) {
    double width = count * WIDTH, height = HEAD + HEIGHT;
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\">\n<style>\n"
            "text{font-family:'DejaVu Sans','Helvetica Neue',Arial,sans-serif;fill:#212529}\n"
            ".t{font-size:18px;font-weight:600}.s{font-size:12px;fill:#495057}"
            ".h{font-size:14px;font-weight:600}.l{font-size:13px}.k{font-size:11px}\n"
            ".g{stroke:#ced4da}.m{stroke:#f1f3f5}.a{stroke:#495057;fill:none}"
            ".n{stroke-width:2;fill:none}.d{stroke-width:1.5;stroke-dasharray:6 4;fill:none}"
            ".b{fill:#fff;fill-opacity:.85;stroke:#ced4da}circle{stroke-width:1.5}\n"
            "</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            width, height, width, height);
    text(to, "t", 24, 32, "start", title);
    text(to, "s", 24, 52, "start", subtitle);
    for (int i = 0; i < count; i++)
        draw_panel(to, &panels[i], i * WIDTH);
    fputs("</svg>\n", to);
}
