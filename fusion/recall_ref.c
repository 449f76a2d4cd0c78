/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `recall`. */
#include "fusion/recall.h"

#include "fusion/lookup_ref.h"

/* What is remembered of the place that a pixel comes from. */
typedef struct {
    float chroma[2], error, guide;
    float share; /* how sure it is that this is the same surface */
} memory;

static float within(float v, float low, float high) {
    return v > low ? v < high ? v : high : low;
}

static memory fetch(const cf_stage_io *io, int x, int y) {
    const cf_plane_set *nodes = &io->in[7];
    cf_lookup_map vectors = cf_lookup_map_of(nodes, CF_RECALL_STEP_LOG2), rest = vectors;
    float mx, my, shift, share;
    memory m = {.share = 0};
    rest.nodes = cf_row(nodes, 2, 0);
    cf_lookup_at(&vectors, (float)x, (float)y, &mx, &my);
    cf_lookup_at(&rest, (float)x, (float)y, &shift, &share);
    float qx = (float)x + mx, qy = (float)y + my;
    if (!(cf_fabs(qx) < 1e9F && cf_fabs(qy) < 1e9F))
        return m;
    float inside = cf_lookup_add(&io->in[2], CF_LOOKUP_CUBIC, qx, qy, m.chroma);
    (void)cf_lookup_add(&io->in[3], CF_LOOKUP_CUBIC, qx, qy, &m.error);
    (void)cf_lookup_add(&io->in[5], CF_LOOKUP_CUBIC, qx, qy, &m.guide);
    m.guide += shift;
    m.share = within(share, 0, 1) * inside;
    return m;
}

/* What the guides leave of the share. */
static float agreement(const cf_recall_params *p, float guide, float last, float sigma) {
    float d = guide - last, s = within(sigma, 0, 4);
    float slack = p->slack + p->light * within(guide, 0, 4);
    float q = d * d / ((2 * s * s + slack * slack) * CF_RECALL_AGREE);
    q *= q;
    return 1 / (1 + q * q);
}

static void pixel(const cf_stage_io *io, const cf_recall_params *p, int x, int y) {
    float now[2] = {cf_row(&io->in[0], 0, y)[x], cf_row(&io->in[0], 1, y)[x]};
    float error = cf_row(&io->in[1], 0, y)[x], out[2] = {now[0], now[1]}, out_error = error;
    memory m = fetch(io, x, y);
    float share =
        m.share * agreement(p, cf_row(&io->in[4], 0, y)[x], m.guide, cf_row(&io->in[6], 0, y)[x]);
    float d[2] = {now[0] - m.chroma[0], now[1] - m.chroma[1]};
    float vivid = fmaxf(now[0] * now[0] + now[1] * now[1],
                        m.chroma[0] * m.chroma[0] + m.chroma[1] * m.chroma[1]);
    float scale = p->error_scale / (1 + CF_RECALL_VIVID * sqrtf(vivid));
    float apart = scale * scale * (d[0] * d[0] + d[1] * d[1]);
    if (share > 0 && error >= 0 && error < CF_RECALL_MOST && apart < CF_RECALL_APART) {
        float r = error * error,
              last = m.error < CF_RECALL_MOST ? fmaxf(m.error, CF_RECALL_LEAST) : CF_RECALL_MOST;
        float doubt = (1 - share) / (share + CF_RECALL_TINY);
        float prior = last * last + p->drift * p->drift + p->unknown * p->unknown * doubt * doubt;
        float known = 1 - fminf(r / (p->guess * p->guess), CF_RECALL_GUESS);
        prior += CF_RECALL_SHOCK * fmaxf(apart / p->surprise - r / known - prior, 0);
        float lasting = p->lasting * r, news = fmaxf(prior - lasting, 0);
        float gain = news / (news + r - lasting + CF_RECALL_TINY);
        for (int i = 0; i < 2; i++)
            out[i] = m.chroma[i] + gain * d[i];
        out_error = sqrtf(fminf(prior, lasting) + gain * (r - lasting));
    }
    cf_row(&io->out[0], 0, y)[x] = out[0];
    cf_row(&io->out[0], 1, y)[x] = out[1];
    cf_row(&io->out[1], 0, y)[x] = out_error;
}

cf_status cf_recall_ref(const cf_stage_io *io, const void *params) {
    for (int y = 0; y < io->in[0].height; y++)
        for (int x = 0; x < io->in[0].width; x++)
            pixel(io, params, x, y);
    return CF_OK;
}
