/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `lab_input`. */
#include "fusion/lab_input.h"

/* Where cell `index` of a side takes its pixels from: centre and reach, pixels. */
typedef struct {
    float centre, reach;
    int first, last;
} footprint;

static footprint footprint_of(int index, int cells, int pixels) {
    float scale = (float)pixels / (float)cells;
    footprint f = {.centre = ((float)index + 0.5F) * scale - 0.5F, .reach = fmaxf(scale, 1)};
    f.first = (int)fmaxf(ceilf(f.centre - f.reach), 0);
    f.last = (int)fminf(floorf(f.centre + f.reach), (float)(pixels - 1));
    return f;
}

static float weight(const footprint *f, int at) {
    return fmaxf(1 - fabsf((float)at - f->centre) / f->reach, 0);
}

static float mean_lightness(const cf_plane_set *mono, const footprint *fx, const footprint *fy) {
    float sum = 0, total = 0;
    for (int y = fy->first; y <= fy->last; y++) {
        float row = 0, row_total = 0;
        for (int x = fx->first; x <= fx->last; x++) {
            float w = weight(fx, x);
            row += w * cf_lab_lightness(cf_lab_luminance(cf_row(mono, 0, y)[x]));
            row_total += w;
        }
        sum += weight(fy, y) * row / row_total;
        total += weight(fy, y);
    }
    return sum / total;
}

/* Pixels of a cell: first..last, at least one. */
static void cell_pixels(int index, int cells, int pixels, int *first, int *last) {
    *first = (int)((long)index * pixels / cells);
    int end = (int)((long)(index + 1) * pixels / cells);
    *last = end > *first ? end - 1 : *first;
}

static void mean_hint(const cf_stage_io *io, const cf_lab_input_params *p, int cx, int cy,
                      float out[3]) {
    const cf_plane_set *mono = &io->in[0], *hint = &io->in[1], *confidence = &io->in[2];
    float sum[2] = {0, 0}, total = 0;
    int x0, x1, y0, y1;
    cell_pixels(cx, p->grid[0], mono->width, &x0, &x1);
    cell_pixels(cy, p->grid[1], mono->height, &y0, &y1);
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) {
            float w = cf_row(confidence, 0, y)[x], ab[2];
            float c0 = cf_row(hint, 0, y)[x], c1 = cf_row(hint, 1, y)[x];
            if (!(w >= p->certain) || !(w > 0) || !(fabsf(c0) < 1000) || !(fabsf(c1) < 1000))
                continue;
            w = fminf(w, 1);
            cf_lab_of_chroma(cf_lab_luminance(cf_row(mono, 0, y)[x]), c0, c1, p->eps, ab);
            sum[0] += w * ab[0];
            sum[1] += w * ab[1];
            total += w;
        }
    out[0] = total > 0 ? sum[0] / total : 0;
    out[1] = total > 0 ? sum[1] / total : 0;
    out[2] = total > 0 ? 1 : 0;
}

cf_status cf_lab_input_ref(const cf_stage_io *io, const void *params) {
    const cf_lab_input_params *p = params;
    const cf_plane_set *mono = &io->in[0], *out = &io->out[0];
    for (int y = 0; y < out->height; y++) {
        footprint fy = footprint_of(y, out->height, mono->height);
        for (int x = 0; x < out->width; x++) {
            footprint fx = footprint_of(x, out->width, mono->width);
            float hint[3] = {0, 0, 0};
            if (p->hints)
                mean_hint(io, p, x, y, hint);
            cf_row(out, 0, y)[x] = mean_lightness(mono, &fx, &fy);
            for (int i = 0; i < 3; i++)
                cf_row(out, 1 + i, y)[x] = hint[i];
        }
    }
    return CF_OK;
}
