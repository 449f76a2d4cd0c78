/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `match_check`. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "fusion/match_check.h"

static int clamp(int v, int low, int high) {
    return v < low ? low : v > high ? high : v;
}

static float unit(float v) {
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* Column of the right picture that x lands on, or -1. */
static int landing(float d, int x, int width) {
    if (!(fabsf(d) < 65536))
        return -1;
    int at = (int)floorf((float)x - d + 0.5F);
    return at >= 0 && at < width ? at : -1;
}

static void pass_row(const float *d, const float *right, int width, float tolerance,
                     unsigned char *passes) {
    for (int x = 0; x < width; x++) {
        int at = landing(d[x], x, width);
        passes[x] = at >= 0 && fabsf(right[at] - d[x]) <= tolerance;
    }
}

static float difference(const cf_stage_io *io, int x, int y, int shift) {
    const cf_plane_set *l = &io->in[0], *r = &io->in[1];
    int sum = 0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            int yy = clamp(y + j, 0, l->height - 1);
            int left = clamp(x + i, 0, l->width - 1), right = clamp(x + i - shift, 0, l->width - 1);
            const unsigned char *a = (const unsigned char *)l->data + (size_t)yy * (size_t)l->pitch;
            const unsigned char *b = (const unsigned char *)r->data + (size_t)yy * (size_t)r->pitch;
            sum += abs(a[left] - b[right]);
        }
    return (float)sum / 9;
}

static float share(const unsigned char *passes, int width, int height, int x, int y) {
    int sum = 0, count = 0;
    for (int j = y - 3; j <= y + 3; j++)
        for (int i = x - 5; i <= x + 1; i++)
            if (i >= 0 && j >= 0 && i < width && j < height) {
                sum += passes[(size_t)j * (size_t)width + (size_t)i];
                count++;
            }
    return (float)sum / (float)count;
}

static void confidence_row(const cf_stage_io *io, const cf_match_check_params *p,
                           const unsigned char *passes, int y) {
    int width = io->in[0].width, height = io->in[0].height;
    for (int x = 0; x < width; x++) {
        float d = cf_row(&io->in[2], 0, y)[x], c = 0;
        int at = landing(d, x, width);
        if (at >= 0) {
            float ratio = difference(io, x, y, x - at) / (p->slack + 2 * p->noise);
            c = p->certainty * unit((share(passes, width, height, x, y) - 0.4F) / 0.6F) /
                (1 + ratio * ratio);
        }
        cf_row(&io->out[0], 0, y)[x] = c;
    }
}

cf_status cf_match_check_ref(const cf_stage_io *io, const void *params) {
    const cf_match_check_params *p = params;
    int width = io->in[0].width, height = io->in[0].height;
    unsigned char *passes = cf_alloc((size_t)width * (size_t)height, 1);
    cf_status status = passes ? CF_OK : CF_ERR_MEMORY;
    for (int y = 0; status == CF_OK && y < height; y++)
        pass_row(cf_row(&io->in[2], 0, y), cf_row(&io->in[3], 0, y), width, p->tolerance,
                 passes + (size_t)y * (size_t)width);
    for (int y = 0; status == CF_OK && y < height; y++)
        confidence_row(io, p, passes, y);
    cf_free(passes);
    return status;
}
