/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `lab_output`. */
#include "fusion/lab_output.h"

/* The two cells around a pixel along one side; `second` is the share of the second. */
typedef struct {
    int cell[2];
    float second;
} neighbours;

static int inside(int i, int count) {
    return i < 0 ? 0 : i < count ? i : count - 1;
}

static neighbours around(int pixel, int pixels, int cells) {
    float at = ((float)pixel + 0.5F) * ((float)cells / (float)pixels) - 0.5F, left = floorf(at);
    return (neighbours){{inside((int)left, cells), inside((int)left + 1, cells)}, at - left};
}

static float finite_or(float v, float other) {
    return fabsf(v) < 1e6F ? v : other;
}

/* a and b of a pixel of that L*. */
static void gather(const cf_stage_io *io, const cf_lab_output_params *p, float lightness,
                   const neighbours *nx, const neighbours *ny, float ab[2]) {
    float sum[2] = {0, 0}, total = 0;
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++) {
            int x = nx->cell[i], y = ny->cell[j];
            float d = (lightness - finite_or(cf_row(&io->in[3], 0, y)[x], 0)) / p->edge;
            float bilinear = (i ? nx->second : 1 - nx->second) * (j ? ny->second : 1 - ny->second);
            float w = bilinear * (1e-3F + expf(-0.5F * d * d));
            for (int k = 0; k < 2; k++)
                sum[k] += w * cf_lab_bound(finite_or(cf_row(&io->in[4], k, y)[x], 0));
            total += w;
        }
    ab[0] = sum[0] / total;
    ab[1] = sum[1] / total;
}

cf_status cf_lab_output_ref(const cf_stage_io *io, const void *params) {
    const cf_lab_output_params *p = params;
    const cf_plane_set *mono = &io->in[0], *grid = &io->in[4];
    for (int y = 0; y < mono->height; y++) {
        neighbours ny = around(y, mono->height, grid->height);
        for (int x = 0; x < mono->width; x++) {
            neighbours nx = around(x, mono->width, grid->width);
            float m = cf_lab_luminance(cf_row(mono, 0, y)[x]), ab[2], c[2];
            gather(io, p, cf_lab_lightness(m), &nx, &ny, ab);
            cf_lab_to_chroma(m, ab, p->eps, c);
            float doubt = cf_row(&io->in[2], 0, y)[x];
            float near = doubt < p->reach ? 1 - doubt * doubt / (p->reach * p->reach) : 0;
            float follow = near * near;
            for (int k = 0; k < 2; k++) {
                float t = finite_or(cf_row(&io->in[1], k, y)[x], 0);
                cf_row(&io->out[0], k, y)[x] = p->follow ? c[k] + follow * (t - c[k]) : c[k];
            }
            doubt = near > 0 ? doubt : 0;
            cf_row(&io->out[1], 0, y)[x] = p->error + follow * (doubt - p->error);
        }
    }
    return CF_OK;
}
