/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels that differ from their surroundings. */
#include "calib/defect_find.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/flat_tiles.h"

#define MAX_FRAMES 65535
#define DEVIATIONS 6
#define READ_NOISES 4
#define DEAD 0.5F
#define WEAK 0.2F
#define LEAST_HOT 2 /* codes: less is rounding */

struct cf_defect_finder {
    cf_flat_grid grid;
    double black[4];
    unsigned *dark, *flat; /* sums of frames */
    int dark_count, flat_count;
};

cf_status cf_defect_finder_create(int width, int height, int is_color, const double black[4],
                                  cf_defect_finder **out) {
    *out = NULL;
    if (!cf_image_size_ok(width, height) || width < 2 || height < 2)
        return cf_fail(CF_ERR_INVALID, "defects: frames of %dx%d pixels", width, height);
    cf_defect_finder *f = cf_alloc(1, sizeof *f);
    if (!f)
        return CF_ERR_MEMORY;
    size_t pixels = (size_t)width * (size_t)height;
    cf_flat_grid_init(width, height, is_color, &f->grid);
    memcpy(f->black, black, sizeof f->black);
    f->dark = cf_alloc(pixels, sizeof *f->dark);
    f->flat = cf_alloc(pixels, sizeof *f->flat);
    if (!f->dark || !f->flat) {
        cf_defect_finder_destroy(&f);
        return CF_ERR_MEMORY;
    }
    *out = f;
    return CF_OK;
}

void cf_defect_finder_destroy(cf_defect_finder **finder) {
    if (!finder || !*finder)
        return;
    cf_free((*finder)->dark);
    cf_free((*finder)->flat);
    cf_free(*finder);
    *finder = NULL;
}

cf_status cf_defect_finder_add(cf_defect_finder *f, const cf_image *frame, int is_dark) {
    const cf_flat_grid *g = &f->grid;
    int *count = is_dark ? &f->dark_count : &f->flat_count;
    unsigned *sums = is_dark ? f->dark : f->flat;
    if (frame->format != CF_PIXEL_U16 || frame->planes != 1 || frame->width != g->width ||
        frame->height != g->height || *count == MAX_FRAMES)
        return cf_fail(CF_ERR_INVALID, "defects: needs %dx%d 16-bit codes, at most %d frames",
                       g->width, g->height, MAX_FRAMES);
    for (int y = 0; y < g->height; y++) {
        const unsigned short *row = cf_image_row(frame, 0, y);
        for (int x = 0; x < g->width; x++)
            sums[(size_t)y * (size_t)g->width + (size_t)x] += row[x];
    }
    ++*count;
    return CF_OK;
}

/* Where the found ones go. */
typedef struct {
    const cf_defect_finder *f;
    double read_codes;
    cf_found_defect *list; /* room for one per pixel of a tile more than is kept */
    size_t count, room;
    float *values, *sorted; /* of a tile */
} search;

static cf_status keep(search *s, int x, int y, cf_defect_kind kind, float value) {
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        cf_found_defect *list = cf_alloc(room, sizeof *list);
        if (!list)
            return CF_ERR_MEMORY;
        if (s->count)
            memcpy(list, s->list, s->count * sizeof *list);
        cf_free(s->list);
        s->list = list;
        s->room = room;
    }
    s->list[s->count++] = (cf_found_defect){x, y, kind, value};
    return CF_OK;
}

/* A tile's pixels: mean dark codes, or mean flat less dark codes. */
static int gather(const search *s, const cf_flat_cell *c, int flats) {
    const cf_defect_finder *f = s->f;
    int n = 0, step = f->grid.step;
    for (int y = c->y0; y < c->y1; y++)
        for (int x = c->x0; x < c->x1; x++) {
            size_t i = (size_t)(y * step + c->site / 2) * (size_t)f->grid.width +
                       (size_t)(x * step + c->site % 2);
            double dark = f->dark_count ? (double)f->dark[i] / f->dark_count : f->black[c->site];
            double v = flats ? (double)f->flat[i] / f->flat_count - dark : dark;
            s->values[n++] = (float)v;
        }
    return n;
}

static void robust(const search *s, int n, float *median, float *deviation) {
    memcpy(s->sorted, s->values, (size_t)n * sizeof *s->sorted);
    cf_robust_float(s->sorted, n, median, deviation);
}

/* Takes the tile's gradient off, as the pixels that are not far from the median tell it. */
static void level_out(const search *s, const cf_flat_cell *c, float median, float deviation) {
    int width = c->x1 - c->x0, height = c->y1 - c->y0, i = 0;
    double cx = 0.5 * (width - 1), cy = 0.5 * (height - 1);
    double sx = 0, sy = 0, sxx = 0, syy = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, i++)
            if (fabsf(s->values[i] - median) <= DEVIATIONS * deviation) {
                sx += (x - cx) * (double)(s->values[i] - median);
                sy += (y - cy) * (double)(s->values[i] - median);
                sxx += (x - cx) * (x - cx);
                syy += (y - cy) * (y - cy);
            }
    double dx = sxx > 0 ? sx / sxx : 0, dy = syy > 0 ? sy / syy : 0;
    for (int k = 0; k < width * height; k++)
        s->values[k] -= (float)(dx * (k % width - cx) + dy * (k / width - cy));
}

static cf_status search_tile(search *s, const cf_flat_cell *c, int flats) {
    float median, deviation;
    int n = gather(s, c, flats), width = c->x1 - c->x0, step = s->f->grid.step;
    robust(s, n, &median, &deviation);
    level_out(s, c, median, deviation);
    robust(s, n, &median, &deviation);
    if (flats && !(median > 0))
        return CF_OK;
    float hot = fmaxf(DEVIATIONS * deviation, fmaxf(READ_NOISES * (float)s->read_codes, LEAST_HOT));
    float weak = fmaxf(DEVIATIONS * deviation / median, WEAK);
    for (int i = 0; i < n; i++) {
        int x = (c->x0 + i % width) * step + c->site % 2;
        int y = (c->y0 + i / width) * step + c->site / 2;
        float above = s->values[i] - median, response = s->values[i] / median;
        if (!flats && above > hot)
            CF_TRY(keep(s, x, y, CF_DEFECT_HOT, above));
        else if (flats && (response < DEAD || fabsf(response - 1) > weak))
            CF_TRY(keep(s, x, y, response < DEAD ? CF_DEFECT_DEAD : CF_DEFECT_WEAK, response));
    }
    return CF_OK;
}

static cf_status search_all(search *s, int flats) {
    const cf_flat_grid *g = &s->f->grid;
    if (!(flats ? s->f->flat_count : s->f->dark_count))
        return CF_OK;
    for (int site = 0; site < g->step * g->step; site++)
        for (int row = 0; row < g->rows; row++)
            for (int column = 0; column < g->columns; column++) {
                cf_flat_cell cell = cf_flat_grid_cell(g, site, column, row);
                CF_TRY(search_tile(s, &cell, flats));
            }
    return CF_OK;
}

/* How far off, to keep the worst: hot ones before all others. */
static double badness(const cf_found_defect *d) {
    return d->kind == CF_DEFECT_HOT ? 1e6 + (double)d->value : fabs((double)d->value - 1);
}

static int worst_first(const void *a, const void *b) {
    double x = badness(a), y = badness(b);
    return (x < y) - (x > y);
}

static int by_place(const void *a, const void *b) {
    const cf_found_defect *p = a, *q = b;
    if (p->y != q->y)
        return p->y - q->y;
    return p->x != q->x ? p->x - q->x : (int)p->kind - (int)q->kind;
}

static void finish(search *s, cf_defects *out) {
    size_t limit = (size_t)s->f->grid.width * (size_t)s->f->grid.height / 100, kept = 0;
    if (s->count)
        qsort(s->list, s->count, sizeof *s->list, by_place);
    for (size_t i = 0; i < s->count; i++) /* a pixel may be both hot and dead */
        if (!kept || s->list[i].x != s->list[kept - 1].x || s->list[i].y != s->list[kept - 1].y)
            s->list[kept++] = s->list[i];
    if (kept > limit) {
        qsort(s->list, kept, sizeof *s->list, worst_first);
        out->dropped = (int)(kept - limit);
        kept = limit;
        qsort(s->list, kept, sizeof *s->list, by_place);
    }
    for (size_t i = 0; i < kept; i++)
        out->kinds[s->list[i].kind]++;
    out->list = s->list;
    out->count = (int)kept;
}

cf_status cf_defect_finder_find(const cf_defect_finder *finder, double read_codes,
                                cf_defects *out) {
    search s = {.f = finder, .read_codes = read_codes};
    *out = (cf_defects){0};
    s.values = cf_alloc((size_t)finder->grid.room, sizeof *s.values);
    s.sorted = cf_alloc((size_t)finder->grid.room, sizeof *s.sorted);
    cf_status status = s.values && s.sorted ? search_all(&s, 0) : CF_ERR_MEMORY;
    if (status == CF_OK)
        status = search_all(&s, 1);
    if (status == CF_OK)
        finish(&s, out);
    else
        cf_free(s.list);
    cf_free(s.values);
    cf_free(s.sorted);
    return status;
}

void cf_defects_free(cf_defects *defects) {
    cf_free(defects->list);
    *defects = (cf_defects){0};
}
