/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `bilateral`. */
#include "fusion/bilateral.h"

#include <math.h>

#include "base/alloc.h"
#include "fusion/bilateral_shared.h"

enum { MONO, SIGMA, CHROMA, ERROR };

/* What the passes average. */
typedef struct {
    float q[2], trust;
} cell;

/* What leads them. */
typedef struct {
    float mono, mono_scale, scale; /* 1 / r^2, 1 / c^2 */
} guide;

typedef struct {
    int width, height;
    guide *guides;
    cell *from, *to;
} field;

static float finite_or_zero(float v) {
    return v >= -CF_BILATERAL_LIMIT && v <= CF_BILATERAL_LIMIT ? v : 0;
}

static float get(const cf_stage_io *io, int port, int plane, int x, int y) {
    return finite_or_zero(cf_row(&io->in[port], plane, y)[x]);
}

static int clampi(int v, int size) {
    return v < 0 ? 0 : v >= size ? size - 1 : v;
}

static void begin(const cf_bilateral_params *p, const cf_stage_io *io, const field *f) {
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            size_t i = (size_t)y * (size_t)f->width + (size_t)x;
            float mono = get(io, MONO, 0, x, y), sigma = fmaxf(get(io, SIGMA, 0, x, y), 0);
            float r = p->mono_range + p->mono_noise * sigma;
            float c = p->range + p->noise * sigma / fmaxf(mono, CF_BILATERAL_DARKEST);
            f->guides[i] = (guide){mono, 1 / (r * r), 1 / (c * c)};
            for (int k = 0; k < 2; k++) {
                float chroma = get(io, CHROMA, k, x, y);
                f->from[i].q[k] = chroma / (1 + 0.5F * fabsf(chroma));
            }
            f->from[i].trust = 1 / (1 + fmaxf(get(io, ERROR, 0, x, y), 0));
        }
}

int cf_bilateral_widest(const cf_bilateral_params *p, int width, int height) {
    float most = p->reach * (float)(width < height ? width : height);
    int step = most >= 1;
    while (step > 0 && (float)(2 * step) <= most)
        step *= 2;
    return step;
}

float cf_bilateral_narrowing(const cf_bilateral_params *p, int widest, int step) {
    float done = widest > 1 ? 1 - log2f((float)step) / log2f((float)widest) : 1;
    float s = p->narrow + (1 - p->narrow) * done;
    return 1 / (s * s);
}

static cell mean(const field *f, int x, int y, int step, float narrow) {
    const size_t here = (size_t)y * (size_t)f->width + (size_t)x;
    const guide g = f->guides[here];
    const cell c = f->from[here];
    float total = 0, mass = 0, sum[2] = {0};
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            size_t there = (size_t)clampi(y + j * step, f->height) * (size_t)f->width +
                           (size_t)clampi(x + i * step, f->width);
            cell n = f->from[there];
            float dm = n.q[0] - c.q[0], dn = n.q[1] - c.q[1], d = f->guides[there].mono - g.mono;
            float u = 1 - 0.125F * (d * d * g.mono_scale + (dm * dm + dn * dn) * g.scale * narrow);
            u = fmaxf(u, 0);
            u *= u;
            u *= u;
            u *= u;
            total += u;
            u *= n.trust;
            mass += u;
            for (int k = 0; k < 2; k++)
                sum[k] += u * n.q[k];
        }
    return (cell){{sum[0] / mass, sum[1] / mass}, mass / total};
}

static void finish(const cf_stage_io *io, const field *f) {
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            cell c = f->from[(size_t)y * (size_t)f->width + (size_t)x];
            for (int k = 0; k < 2; k++) {
                float q = fmaxf(fminf(c.q[k], CF_BILATERAL_STRONGEST), -CF_BILATERAL_STRONGEST);
                cf_row(&io->out[0], k, y)[x] = q / (1 - 0.5F * fabsf(q));
            }
            cf_row(&io->out[1], 0, y)[x] = 1 / c.trust - 1;
        }
}

static void filter(const cf_bilateral_params *p, field *f) {
    int widest = cf_bilateral_widest(p, f->width, f->height);
    for (int step = widest; step > 0; step /= 2) {
        float narrow = cf_bilateral_narrowing(p, widest, step);
        for (int y = 0; y < f->height; y++)
            for (int x = 0; x < f->width; x++)
                f->to[(size_t)y * (size_t)f->width + (size_t)x] = mean(f, x, y, step, narrow);
        cell *spare = f->from;
        f->from = f->to;
        f->to = spare;
    }
}

cf_status cf_bilateral_ref(const cf_stage_io *io, const void *params) {
    const cf_bilateral_params *p = params;
    field f = {.width = io->in[0].width, .height = io->in[0].height};
    size_t count = (size_t)f.width * (size_t)f.height;
    cf_status status = CF_ERR_MEMORY;
    f.guides = cf_alloc(count, sizeof *f.guides);
    f.from = cf_alloc(count, sizeof *f.from);
    f.to = cf_alloc(count, sizeof *f.to);
    if (f.guides && f.from && f.to) {
        begin(p, io, &f);
        filter(p, &f);
        finish(io, &f);
        status = CF_OK;
    }
    cf_free(f.guides);
    cf_free(f.from);
    cf_free(f.to);
    return status;
}
