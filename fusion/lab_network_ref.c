/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `lab_network`. */
#include "fusion/lab_network.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/net/net.h"
#include "fusion/lab_model.h"

static float finite_or_0(float v) {
    return fabsf(v) < 1e6F ? v : 0;
}

/* Planes first.. of the input as the network takes them. */
static void fill(const cf_plane_set *lab, const cf_lab_network_params *p, int first, int count,
                 float *out) {
    for (int k = first; k < first + count; k++)
        for (int y = 0; y < lab->height; y++)
            for (int x = 0; x < lab->width; x++) {
                float v = finite_or_0(cf_row(lab, k, y)[x]);
                if (k == 0)
                    v = p->lightness[0] + (p->lightness[1] - p->lightness[0]) * (v / 100);
                else if (k < 3)
                    v /= p->unit;
                *out++ = v;
            }
}

/* Bilinear; cells beyond the border are those at the border. */
static float sample(const float *plane, int width, int height, float u, float v) {
    float left = floorf(u), top = floorf(v), sum = 0;
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++) {
            int x = (int)fmaxf(fminf(left + (float)i, (float)(width - 1)), 0);
            int y = (int)fmaxf(fminf(top + (float)j, (float)(height - 1)), 0);
            float w = (i ? u - left : left + 1 - u) * (j ? v - top : top + 1 - v);
            sum += w != 0 ? w * plane[(size_t)y * (size_t)width + (size_t)x] : 0;
        }
    return sum;
}

static void take(const float *planes, int width, int height, float unit, const cf_plane_set *ab) {
    float sx = (float)width / (float)ab->width, sy = (float)height / (float)ab->height;
    for (int k = 0; k < 2; k++, planes += (size_t)width * (size_t)height)
        for (int y = 0; y < ab->height; y++)
            for (int x = 0; x < ab->width; x++)
                cf_row(ab, k, y)[x] =
                    unit * sample(planes, width, height, ((float)x + 0.5F) * sx - 0.5F,
                                  ((float)y + 0.5F) * sy - 0.5F);
}

static cf_status run(const cf_stage_io *io, const cf_lab_network_params *p, const cf_lab_model *m,
                     float *planes[3]) {
    static const int first[] = {0, 1, 3}, counts[] = {1, 2, 1};
    const cf_plane_set *lab = &io->in[0];
    const size_t port[] = {m->lightness, m->hint, m->mask};
    size_t outputs = cf_model_output_count(p->model);
    const void *inputs[3];
    cf_shape shapes[3], found[CF_LAB_MODEL_OUTPUTS];
    void *out[CF_LAB_MODEL_OUTPUTS] = {NULL};
    for (size_t i = 0; i < 3 && i < m->inputs; i++) {
        int count = m->inputs == 3 ? counts[i] : m->hints ? 4 : 1;
        planes[i] = cf_alloc((size_t)count, (size_t)lab->width * (size_t)lab->height * 4);
        if (!planes[i])
            return CF_ERR_MEMORY;
        fill(lab, p, m->inputs == 3 ? first[i] : 0, count, planes[i]);
        inputs[port[i]] = planes[i];
        shapes[port[i]] = (cf_shape){4, {1, count, lab->height, lab->width}};
    }
    cf_status status = cf_net_reference(p->model, shapes, inputs, out, found);
    const cf_shape *s = &found[m->ab];
    if (status == CF_OK && (s->rank != 4 || s->dim[0] != 1 || s->dim[1] != 2))
        status = cf_fail(CF_ERR_UNSUPPORTED, "%s: its output is not 2 planes",
                         cf_model_describe(p->model).name);
    if (status == CF_OK)
        take(out[m->ab], (int)s->dim[3], (int)s->dim[2], p->unit, &io->out[0]);
    for (size_t i = 0; i < outputs; i++)
        cf_free(out[i]);
    return status;
}

cf_status cf_lab_network_ref(const cf_stage_io *io, const void *params) {
    const cf_lab_network_params *p = params;
    float *planes[3] = {NULL};
    cf_lab_model m = {0};
    if (!p->model) {
        for (int k = 0; k < 2; k++)
            for (int y = 0; y < io->in[0].height; y++)
                memcpy(cf_row(&io->out[0], k, y), cf_row(&io->in[0], k + 1, y),
                       (size_t)io->in[0].width * sizeof(float));
        return CF_OK;
    }
    CF_TRY(cf_lab_model_read(p->model, &m));
    cf_status status = run(io, p, &m, planes);
    for (int i = 0; i < 3; i++)
        cf_free(planes[i]);
    return status;
}
