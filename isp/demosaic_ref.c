/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `demosaic`: the same steps on scratch planes with mirrored borders. */
#include <math.h>

#include "base/alloc.h"
#include "isp/demosaic.h"

#define PAD CF_DEMOSAIC_MARGIN
#define REACH 4

float cf_demosaic_bias(const cf_demosaic_params *p) {
    float gain = fmaxf(p->gain[0], fmaxf(p->gain[1], p->gain[2]));
    float dark = p->scale > 0 ? p->offset / p->scale : p->offset > 0 ? 16 : 0;
    return fminf(0.001F + 4 * gain * (dark + 0.375F * p->scale), 16);
}

float cf_demosaic_least(const cf_demosaic_params *p) {
    float variance = fmaxf(p->scale, p->offset / cf_demosaic_bias(p)) / 4;
    return (REACH + 1) * (3e-4F + 0.5F * sqrtf(variance));
}

/* Planes of (width + 2 PAD) x (height + 2 PAD); x and y count from the picture's corner. */
typedef struct {
    float *mosaic, *along_x, *along_y, *difference;
    int width, height;
    float bias, least, curve;
    float tap[REACH + 1]; /* of the differences at 0..REACH steps from a site */
} scratch;

static size_t at(const scratch *s, int x, int y) {
    return (size_t)(y + PAD) * (size_t)(s->width + 2 * PAD) + (size_t)(x + PAD);
}

static int mirror(int i, int n) {
    if (n == 1)
        return 0;
    int period = 2 * (n - 1);
    i = (i % period + period) % period;
    return i < n ? i : period - i;
}

static int color_at(const cf_demosaic_params *p, int x, int y) {
    int in_x = ((x ^ p->red_x) & 1) == 0, in_y = ((y ^ p->red_y) & 1) == 0;
    return in_x && in_y ? CF_CFA_R : !in_x && !in_y ? CF_CFA_B : CF_CFA_G;
}

static void prepare(const cf_plane_set *in, const cf_demosaic_params *p, scratch *s) {
    for (int y = -PAD; y < s->height + PAD; y++)
        for (int x = -PAD; x < s->width + PAD; x++) {
            int from_x = mirror(x, s->width), from_y = mirror(y, s->height);
            float v = cf_row(in, 0, from_y)[from_x] * p->gain[color_at(p, from_x, from_y)];
            s->mosaic[at(s, x, y)] = sqrtf(fmaxf(v + s->bias, 0));
        }
}

static float along(const float *m, ptrdiff_t step, float curve) {
    return (1 - 0.5F * curve) * m[0] - 0.5F * (m[-step] + m[step]) +
           0.25F * curve * (m[-2 * step] + m[2 * step]);
}

static void directions(const cf_demosaic_params *p, scratch *s) {
    for (int y = 2 - PAD; y < s->height + PAD - 2; y++)
        for (int x = 2 - PAD; x < s->width + PAD - 2; x++) {
            size_t i = at(s, x, y);
            float sign = color_at(p, x, y) == CF_CFA_G ? 1 : -1;
            s->along_x[i] = sign * along(s->mosaic + i, 1, s->curve);
            s->along_y[i] = sign * along(s->mosaic + i, s->width + 2 * PAD, s->curve);
        }
}

/* Adds up differences and their gradients at 0..REACH steps from a site. */
static void gather(const scratch *s, const float *d, ptrdiff_t step, float *sum, float *total) {
    float gradient = s->least, mean = 0;
    for (int j = 0; j <= REACH; j++) {
        const float *c = d + j * step;
        mean += s->tap[j] * *c;
        gradient += fabsf(c[-step] - c[step]);
    }
    float weight = 1 / (gradient * gradient);
    *sum += weight * mean;
    *total += weight;
}

static float difference(const scratch *s, int x, int y) {
    size_t i = at(s, x, y);
    ptrdiff_t row = s->width + 2 * PAD;
    float sum = 0, total = 0;
    gather(s, s->along_y + i, -row, &sum, &total);
    gather(s, s->along_y + i, row, &sum, &total);
    gather(s, s->along_x + i, -1, &sum, &total);
    gather(s, s->along_x + i, 1, &sum, &total);
    return sum / total;
}

static void differences(const cf_demosaic_params *p, scratch *s) {
    for (int y = -1; y <= s->height; y++)
        for (int x = -1; x <= s->width; x++)
            if (color_at(p, x, y) != CF_CFA_G)
                s->difference[at(s, x, y)] = difference(s, x, y);
}

/* Green minus the colour of this row's coloured sites, and minus that of the other rows'. */
static void colors_at(const scratch *s, int x, int y, int color, float *same_row,
                      float *other_row) {
    const float *d = s->difference + at(s, x, y);
    ptrdiff_t row = s->width + 2 * PAD;
    if (color == CF_CFA_G) {
        *same_row = 0.5F * (d[-1] + d[1]);
        *other_row = 0.5F * (d[-row] + d[row]);
    } else {
        *same_row = d[0];
        *other_row = 0.25F * (d[-row - 1] + d[-row + 1] + d[row - 1] + d[row + 1]);
    }
}

static float linear(float root, float bias) {
    return root * fabsf(root) - bias;
}

static void finish(const cf_stage_io *io, const cf_demosaic_params *p, const scratch *s) {
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++) {
            int color = color_at(p, x, y), red_row = ((y ^ p->red_y) & 1) == 0;
            float same_row, other_row, green = s->mosaic[at(s, x, y)];
            colors_at(s, x, y, color, &same_row, &other_row);
            if (color != CF_CFA_G)
                green += same_row;
            const float minus[3] = {red_row ? same_row : other_row, 0,
                                    red_row ? other_row : same_row};
            for (int c = 0; c < 3; c++)
                cf_row(&io->out[0], c, y)[x] = c == color ? cf_row(&io->in[0], 0, y)[x] * p->gain[c]
                                                          : linear(green - minus[c], s->bias);
        }
}

cf_status cf_demosaic_ref(const cf_stage_io *io, const void *params) {
    const cf_demosaic_params *p = params;
    scratch s = {.width = io->in[0].width,
                 .height = io->in[0].height,
                 .bias = cf_demosaic_bias(p),
                 .least = cf_demosaic_least(p),
                 .curve = 0.75F * p->detail,
                 .tap = {1 - 0.4F * p->detail, 0.25F * p->detail, 0.15F * p->detail}};
    size_t count = (size_t)(s.width + 2 * PAD) * (size_t)(s.height + 2 * PAD);
    float *planes = cf_alloc(count * 4, sizeof *planes);
    if (!planes)
        return CF_ERR_MEMORY;
    s.mosaic = planes;
    s.along_x = planes + count;
    s.along_y = planes + 2 * count;
    s.difference = planes + 3 * count;
    prepare(&io->in[0], p, &s);
    directions(p, &s);
    differences(p, &s);
    finish(io, p, &s);
    cf_free(planes);
    return CF_OK;
}
