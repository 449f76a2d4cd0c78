/* SPDX-License-Identifier: Apache-2.0 */
/* Layout, scaling and lettering of contact sheets. */
#include "tools/contact_sheet.h"

#include <math.h>
#include <string.h>

#include "base/font.h"
#include "base/log.h"

#define GAP 14
#define PAPER 22
#define SMALL 2.0 /* pixels a dot of the captions */
#define LARGE 3.0

typedef struct {
    float of_code[256];
} tone;

static void make_tone(tone *t) {
    for (int i = 0; i < 256; i++) {
        double s = i / 255.0;
        t->of_code[i] = (float)(s <= 0.04045 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4));
    }
}

static unsigned char to_code(double l) {
    double s = l <= 0.0031308 ? l * 12.92 : 1.055 * pow(l, 1 / 2.4) - 0.055;
    return (unsigned char)rint(255 * fmin(fmax(s, 0), 1));
}

/* Draws text; bright 0..255. Cut at `width` pixels. */
static void letter(const cf_image *sheet, const char *text, int left, int top, int width,
                   double scale, int bright) {
    int height = (int)(CF_FONT_HEIGHT * scale) + 2;
    int room = (int)fmin(width, (double)strlen(text) * CF_FONT_ADVANCE * scale + 2);
    for (int y = 0; y < height && top + y < sheet->height; y++) {
        unsigned char *row = cf_image_row(sheet, 0, top + y);
        for (int x = 0; x < room && left + x < sheet->width; x++) {
            double ink = cf_font_ink(text, (x + 0.5) / scale, (y + 0.5) / scale);
            for (int c = 0; c < 3 && ink > 0; c++) {
                unsigned char *p = &row[3 * (left + x) + c];
                *p = (unsigned char)(*p + ink * (bright - *p));
            }
        }
    }
}

/* Mean light of the part of the picture that one pixel of the sheet shows. */
static void average(const cf_image *in, const tone *t, double x0, double x1, double y0, double y1,
                    unsigned char *rgb) {
    double sum[3] = {0}, total = 0;
    for (int y = (int)y0; y < y1 && y < in->height; y++) {
        const unsigned char *row = cf_image_row(in, 0, y);
        double wy = fmin(y + 1, y1) - fmax(y, y0);
        for (int x = (int)x0; x < x1 && x < in->width; x++) {
            double w = wy * (fmin(x + 1, x1) - fmax(x, x0));
            total += w;
            for (int c = 0; c < 3; c++)
                sum[c] += w * (double)t->of_code[row[3 * x + c]];
        }
    }
    for (int c = 0; c < 3; c++)
        rgb[c] = to_code(total > 0 ? sum[c] / total : 0);
}

/* How much smaller a picture is shown: below 1 only as 1 / whole number. */
static double reduction(const cf_image *in, int width) {
    return in->width >= width ? (double)in->width / width : 1.0 / (width / in->width);
}

static void draw_scaled(const cf_image *sheet, const cf_image *in, const tone *t, int left, int top,
                        int width) {
    double step = reduction(in, width);
    int w = (int)fmin(width, rint(in->width / step)), h = (int)rint(in->height / step);
    for (int y = 0; y < h && top + y < sheet->height; y++) {
        unsigned char *row = (unsigned char *)cf_image_row(sheet, 0, top + y) + 3 * left;
        for (int x = 0; x < w; x++) {
            if (step > 1) {
                average(in, t, x * step, (x + 1) * step, y * step, (y + 1) * step, row + 3 * x);
            } else {
                const unsigned char *from = cf_image_row(in, 0, (int)(y * step));
                memcpy(row + 3 * x, from + 3 * (int)(x * step), 3);
            }
        }
    }
}

/* A part of the picture, pixel for pixel. */
static void draw_detail(const cf_image *sheet, const cf_image *in, const cf_sheet_params *p,
                        int left, int top, int width, int height) {
    int w = width < in->width ? width : in->width, h = height < in->height ? height : in->height;
    int x0 = (int)fmin(fmax(p->detail_x * in->width - w / 2.0, 0), in->width - w);
    int y0 = (int)fmin(fmax(p->detail_y * in->height - h / 2.0, 0), in->height - h);
    for (int y = 0; y < h; y++)
        memcpy((unsigned char *)cf_image_row(sheet, 0, top + y) + 3 * left,
               (unsigned char *)cf_image_row(in, 0, y0 + y) + 3 * x0, (size_t)w * 3);
}

/* Heights of a row's parts. */
typedef struct {
    int title, picture, detail, caption;
} heights;

static heights measure(const cf_sheet_row *row, const cf_sheet_params *p) {
    heights h = {.title = row->title ? (int)(LARGE * CF_FONT_LINE) + GAP / 2 : 0,
                 .caption = (int)(2 * SMALL * (CF_FONT_LINE + 2))};
    int reduced = 0;
    for (int i = 0; i < row->count; i++) {
        const cf_image *in = row->cells[i].picture;
        if (!in)
            continue;
        int height = (int)rint(in->height / reduction(in, p->cell_width));
        h.picture = height > h.picture ? height : h.picture;
        reduced |= in->width > p->cell_width;
    }
    if (p->detail && reduced)
        h.detail = h.picture * 2 / 3;
    return h;
}

static void draw_row(const cf_image *sheet, const cf_sheet_row *row, const cf_sheet_params *p,
                     const tone *t, int top) {
    const heights h = measure(row, p);
    if (row->title)
        letter(sheet, row->title, GAP, top, sheet->width - GAP, LARGE, 250);
    for (int i = 0; i < row->count; i++) {
        const cf_sheet_cell *cell = &row->cells[i];
        int left = GAP + i * (p->cell_width + GAP), y = top + h.title;
        if (!cell->picture)
            continue;
        draw_scaled(sheet, cell->picture, t, left, y, p->cell_width);
        y += h.picture;
        if (h.detail) {
            draw_detail(sheet, cell->picture, p, left, y + GAP / 2, p->cell_width, h.detail);
            y += h.detail + GAP / 2;
        }
        letter(sheet, cell->label ? cell->label : "", left, y + 6, p->cell_width, SMALL, 235);
        letter(sheet, cell->caption ? cell->caption : "", left, y + 8 + (int)(SMALL * CF_FONT_LINE),
               p->cell_width, SMALL, 170);
    }
}

cf_status cf_contact_sheet(const cf_sheet_row *rows, int count, const cf_sheet_params *params,
                           cf_image *sheet) {
    const cf_sheet_params defaults = CF_SHEET_DEFAULTS, *p = params ? params : &defaults;
    long columns = 0, height = GAP;
    *sheet = (cf_image){0};
    if (p->cell_width < 64 || p->cell_width > 4096)
        return cf_fail(CF_ERR_INVALID, "contact sheet: a cell cannot be %d pixels wide",
                       p->cell_width);
    for (int i = 0; i < count; i++) {
        const heights h = measure(&rows[i], p);
        columns = rows[i].count > columns ? rows[i].count : columns;
        height += h.title + h.picture + h.detail + (h.detail ? GAP / 2 : 0) + h.caption + GAP;
    }
    long width = GAP + columns * (p->cell_width + GAP);
    if (!columns || !cf_image_size_ok(width, height))
        return cf_fail(CF_ERR_INVALID, "contact sheet: %ldx%ld pixels cannot be made", width,
                       height);
    tone t;
    make_tone(&t);
    CF_TRY(cf_image_alloc((int)width, (int)height, 1, CF_PIXEL_RGB8, sheet));
    for (int y = 0; y < sheet->height; y++)
        memset(cf_image_row(sheet, 0, y), PAPER, (size_t)sheet->width * 3);
    int top = GAP;
    for (int i = 0; i < count; i++) {
        const heights h = measure(&rows[i], p);
        draw_row(sheet, &rows[i], p, &t, top);
        top += h.title + h.picture + h.detail + (h.detail ? GAP / 2 : 0) + h.caption + GAP;
    }
    return CF_OK;
}
