/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `fetch`. */
#include "fusion/fetch.h"

#include "fusion/lookup_ref.h"

typedef struct {
    cf_lookup_map back, color;
    cf_lookup_plane disparity, confidence;
    int samples;
} geometry;

static void pixel(const cf_stage_io *io, const geometry *g, int x, int y) {
    float total[CF_LOOKUP_MAX_PLANES] = {0}, valid = 0, n = (float)g->samples, rx, ry;
    cf_lookup_at(&g->back, (float)x, (float)y, &rx, &ry);
    int known = cf_fabs(rx) < 1e9F && cf_fabs(ry) < 1e9F;
    float sure = 0, d = 0;
    if (known)
        d = cf_lookup_disparity(&g->disparity, &g->confidence, rx, ry, &sure);
    float inside = cf_lookup_inside(rx, (float)(g->disparity.width - 1)) *
                   cf_lookup_inside(ry, (float)(g->disparity.height - 1));
    for (int k = 0; known && k < g->samples * g->samples; k++) {
        float dx = ((float)(k % g->samples) + 0.5F) / n - 0.5F;
        float dy = ((float)(k / g->samples) + 0.5F) / n - 0.5F;
        float qx, qy;
        if (g->samples > 1)
            cf_lookup_at(&g->back, (float)x + dx, (float)y + dy, &rx, &ry);
        cf_lookup_at(&g->color, rx - d, ry, &qx, &qy);
        valid += cf_lookup_add(&io->in[0], CF_LOOKUP_CUBIC, qx, qy, total);
    }
    for (int i = 0; i < io->in[0].planes; i++)
        cf_row(&io->out[0], i, y)[x] = total[i] / (n * n);
    cf_row(&io->out[1], 0, y)[x] = isfinite(sure) ? sure * inside * valid / (n * n) : 0;
}

cf_status cf_fetch_ref(const cf_stage_io *io, const void *params) {
    const cf_fetch_params *p = params;
    const cf_plane_set *d = &io->in[1], *c = &io->in[2];
    const geometry g = {
        .back = cf_lookup_map_of(&io->in[3], p->back_step_log2),
        .color = cf_lookup_map_of(&io->in[4], p->color_step_log2),
        .disparity = {d->data, d->width, d->height, d->pitch},
        .confidence = {c->data, c->width, c->height, c->pitch},
        .samples = p->samples,
    };
    for (int y = 0; y < io->out[0].height; y++)
        for (int x = 0; x < io->out[0].width; x++)
            pixel(io, &g, x, y);
    return CF_OK;
}
