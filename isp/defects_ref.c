/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `defects`. */
#include <math.h>

#include "isp/defects.h"

static int mirror(int i, int n) {
    if (n == 1)
        return 0;
    int period = 2 * (n - 1);
    i = (i % period + period) % period;
    return i < n ? i : period - i;
}

static float sample(const cf_plane_set *raw, int x, int y) {
    return cf_row(raw, 0, mirror(y, raw->height))[mirror(x, raw->width)];
}

/* Neighbour k of 8, by rows. */
static float neighbour(const cf_plane_set *raw, int x, int y, int step, int k) {
    int site = k < 4 ? k : k + 1;
    return sample(raw, x + (site % 3 - 1) * step, y + (site / 3 - 1) * step);
}

/* NAN when no neighbour in mask can be used. */
static float replacement(const cf_plane_set *raw, int x, int y, int step, int mask) {
    float best = INFINITY, value = NAN, sum = 0;
    int count = 0;
    for (int k = 0; k < 8; k++)
        if (mask >> k & 1) {
            sum += neighbour(raw, x, y, step, k);
            count++;
        }
    for (int k = 0; k < 4; k++) {
        float a = neighbour(raw, x, y, step, k), b = neighbour(raw, x, y, step, 7 - k);
        if ((mask >> k & 1) && (mask >> (7 - k) & 1) && fabsf(a - b) < best) {
            best = fabsf(a - b);
            value = 0.5F * (a + b);
        }
    }
    return best < INFINITY || !count ? value : sum / (float)count;
}

static float beside(const cf_plane_set *raw, int x, int y, int dx, int dy) {
    float inner = sample(raw, x - dx, y - dy) + sample(raw, x + dx, y + dy);
    float outer = sample(raw, x - 3 * dx, y - 3 * dy) + sample(raw, x + 3 * dx, y + 3 * dy);
    return 0.5F * (inner - outer);
}

static float judge(const cf_plane_set *raw, const cf_defects_params *p, int x, int y) {
    float v = sample(raw, x, y), low = INFINITY, high = -INFINITY;
    for (int k = 0; k < 8; k++) {
        float n = neighbour(raw, x, y, p->step, k);
        low = fminf(low, n);
        high = fmaxf(high, n);
    }
    int hot = v > high;
    float excess = hot ? v - high : low - v, sign = hot ? 1 : -1;
    float sigma = sqrtf(p->scale * fmaxf(hot ? high : low, 0) + p->offset);
    if (!(excess > p->threshold * sigma + 5 * fmaxf(high - low - 3 * sigma, 0) + 0.05F))
        return v;
    float allowed = 0.07F * excess + 2.5F * sigma;
    if (sign * beside(raw, x, y, 1, 0) > allowed || sign * beside(raw, x, y, 0, 1) > allowed)
        return v;
    float fixed = replacement(raw, x, y, p->step, 255);
    return isnan(fixed) ? v : fixed;
}

static void replace_listed(const cf_plane_set *raw, const cf_plane_set *list,
                           const cf_plane_set *out, int step) {
    for (int i = 0; i < list->width; i++) {
        int x = (int)cf_row(list, 0, 0)[i], y = (int)cf_row(list, 1, 0)[i];
        int mask = (int)cf_row(list, 2, 0)[i];
        if (x < 0 || y < 0 || x >= raw->width || y >= raw->height)
            continue;
        float value = replacement(raw, x, y, step, mask & 255);
        if (isnan(value))
            value = replacement(raw, x, y, 2 * step, mask >> 8);
        if (!isnan(value))
            cf_row(out, 0, y)[x] = value;
    }
}

cf_status cf_defects_ref(const cf_stage_io *io, const void *params) {
    const cf_defects_params *p = params;
    const cf_plane_set *raw = &io->in[0], *out = &io->out[0];
    int search = p->threshold > 0 && (p->scale > 0 || p->offset > 0);
    for (int y = 0; y < raw->height; y++)
        for (int x = 0; x < raw->width; x++)
            cf_row(out, 0, y)[x] = search ? judge(raw, p, x, y) : sample(raw, x, y);
    replace_listed(raw, &io->in[1], out, p->step);
    return CF_OK;
}
