/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `motion`. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fusion/motion.h"

typedef struct {
    int x, y;
} vector;

/* Both pictures at one size, the vectors of its nodes, and the pixels of the picture that node
 * spacing stands for. */
typedef struct {
    unsigned short *now, *last;
    int width, height, now_pitch, last_pitch;
    int columns, rows;
    vector *vectors;
} level;

typedef struct {
    level levels[CF_MOTION_LEVELS];
    int count;
    vector *polished;
    float *means; /* of the patches, then */
} search;

static unsigned short code_at(const cf_plane_set *guide, int x, int y) {
    int right = guide->width - 1, bottom = guide->height - 1;
    return (unsigned short)cf_motion_code(
        cf_row(guide, 0, y < bottom ? y : bottom)[x < right ? x : right]);
}

static void make_small(const cf_plane_set *guide, const cf_plane_set *small) {
    for (int y = 0; y < small->height; y++) {
        unsigned short *row = (unsigned short *)small->data + (size_t)y * (size_t)small->pitch;
        for (int x = 0; x < small->width; x++)
            row[x] =
                (unsigned short)(code_at(guide, 2 * x, 2 * y) + code_at(guide, 2 * x + 1, 2 * y) +
                                 code_at(guide, 2 * x, 2 * y + 1) +
                                 code_at(guide, 2 * x + 1, 2 * y + 1));
    }
}

static unsigned short *make_half(const unsigned short *from, int pitch, int width, int height) {
    int w = (width + 1) / 2, h = (height + 1) / 2;
    unsigned short *to = cf_alloc((size_t)w * (size_t)h, sizeof *to);
    for (int y = 0; to && y < h; y++)
        for (int x = 0; x < w; x++) {
            int right = 2 * x + 1 < width ? 2 * x + 1 : 2 * x;
            const unsigned short *a = from + (size_t)(2 * y) * (size_t)pitch;
            const unsigned short *b = 2 * y + 1 < height ? a + pitch : a;
            to[y * w + x] = (unsigned short)((a[2 * x] + a[right] + b[2 * x] + b[right] + 2) >> 2);
        }
    return to;
}

static cf_status add_level(search *s, const level *finer) {
    level *l = &s->levels[s->count];
    *l = (level){.width = (finer->width + 1) / 2,
                 .height = (finer->height + 1) / 2,
                 .columns = (finer->columns + 1) / 2,
                 .rows = (finer->rows + 1) / 2};
    l->now_pitch = l->last_pitch = l->width;
    l->now = make_half(finer->now, finer->now_pitch, finer->width, finer->height);
    l->last = make_half(finer->last, finer->last_pitch, finer->width, finer->height);
    l->vectors = cf_alloc((size_t)l->columns * (size_t)l->rows, sizeof *l->vectors);
    s->count++;
    return l->now && l->last && l->vectors ? CF_OK : CF_ERR_MEMORY;
}

static int is_small(const level *l) {
    return (l->width + 1) / 2 < CF_MOTION_LEAST || (l->height + 1) / 2 < CF_MOTION_LEAST;
}

/* Sum of absolute differences of two patches without their means. */
static int cost(const level *l, int x, int y, vector v) {
    int d[CF_MOTION_PATCH * CF_MOTION_PATCH], sum = 0, total = 0, n = 0;
    for (int j = 0; j < CF_MOTION_PATCH; j++)
        for (int i = 0; i < CF_MOTION_PATCH; i++, n++) {
            d[n] = l->now[(y + j) * l->now_pitch + x + i] -
                   l->last[(y + v.y + j) * l->last_pitch + x + v.x + i];
            sum += d[n];
        }
    for (int i = 0; i < n; i++)
        total += abs(64 * d[i] - sum);
    return total >> 6;
}

/* The node that is worked on, and the best vector so far. */
typedef struct {
    const level *l;
    int x, y; /* its patch */
    int preference;
    vector near, best; /* what is cheap to be near to */
    int least;
} node;

static void try_vector(node *n, int vx, int vy) {
    vector v = {cf_motion_keep(vx, n->x, n->l->width), cf_motion_keep(vy, n->y, n->l->height)};
    int c = cost(n->l, n->x, n->y, v);
    if (v.x || v.y)
        c += n->preference + cf_motion_distance(v.x - n->near.x, v.y - n->near.y, n->preference);
    if (c < n->least) {
        n->least = c;
        n->best = v;
    }
}

/* sigma where the node lies in the full picture, `step` pixels from node to node. */
static node start(const cf_stage_io *io, const cf_motion_params *p, const level *l, int i, int j,
                  int step) {
    const cf_plane_set *sigma = &io->in[1];
    int x = i * step < sigma->width ? i * step : sigma->width - 1;
    int y = j * step < sigma->height ? j * step : sigma->height - 1;
    return (node){.l = l,
                  .x = cf_motion_origin(i, l->width),
                  .y = cf_motion_origin(j, l->height),
                  .preference = cf_motion_preference(p->smooth,
                                                     cf_motion_sigma(cf_row(sigma, 0, y)[x]), step),
                  .least = 1 << 30};
}

static void look_around(node *n) {
    vector middle = n->best;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            if (dx || dy)
                try_vector(n, middle.x + dx, middle.y + dy);
}

static int at_most(int v, int high) {
    return v < 0 ? 0 : v > high ? high : v;
}

static void search_level(const cf_stage_io *io, const cf_motion_params *p, const level *l,
                         const level *coarse, int step) {
    static const int around[5][2] = {{0, 0}, {1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    for (int j = 0; j < l->rows; j++)
        for (int i = 0; i < l->columns; i++) {
            node n = start(io, p, l, i, j, step);
            if (coarse)
                n.near = coarse->vectors[(j / 2) * coarse->columns + i / 2];
            n.near = (vector){2 * n.near.x, 2 * n.near.y};
            try_vector(&n, 0, 0);
            for (int k = 0; coarse && k < 5; k++) {
                int x = at_most(i / 2 + around[k][0], coarse->columns - 1);
                int y = at_most(j / 2 + around[k][1], coarse->rows - 1);
                vector v = coarse->vectors[y * coarse->columns + x];
                try_vector(&n, 2 * v.x, 2 * v.y);
            }
            for (int dy = -CF_MOTION_WINDOW; !coarse && dy <= CF_MOTION_WINDOW; dy++)
                for (int dx = -CF_MOTION_WINDOW; dx <= CF_MOTION_WINDOW; dx++)
                    try_vector(&n, dx, dy);
            look_around(&n);
            l->vectors[j * l->columns + i] = n.best;
        }
}

/* The finest level again, with what its neighbours found. */
static void polish(const cf_stage_io *io, const cf_motion_params *p, const level *l,
                   vector *polished) {
    for (int j = 0; j < l->rows; j++)
        for (int i = 0; i < l->columns; i++) {
            node n = start(io, p, l, i, j, CF_MOTION_STEP);
            n.near = l->vectors[j * l->columns + i];
            try_vector(&n, n.near.x, n.near.y);
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++) {
                    int x = at_most(i + dx, l->columns - 1), y = at_most(j + dy, l->rows - 1);
                    vector v = l->vectors[y * l->columns + x];
                    try_vector(&n, v.x, v.y);
                }
            polished[j * l->columns + i] = n.best;
        }
}

static float code(const unsigned short *plane, int pitch, int x, int y) {
    return (float)plane[y * pitch + x];
}

/* Difference and mean gradient of both pictures at one pixel of a patch. */
static void slopes(const level *l, int x, int y, vector v, float *z, float *gx, float *gy) {
    int lx = x + v.x, ly = y + v.y, np = l->now_pitch, lp = l->last_pitch;
    *z = code(l->now, np, x, y) - code(l->last, lp, lx, ly);
    *gx = 0.25F * (code(l->now, np, x + 1, y) - code(l->now, np, x - 1, y) +
                   code(l->last, lp, lx + 1, ly) - code(l->last, lp, lx - 1, ly));
    *gy = 0.25F * (code(l->now, np, x, y + 1) - code(l->now, np, x, y - 1) +
                   code(l->last, lp, lx, ly + 1) - code(l->last, lp, lx, ly - 1));
}

static cf_motion_sums sum_patch(const level *l, const node *n) {
    cf_motion_sums s = {.n = CF_MOTION_PATCH * CF_MOTION_PATCH};
    for (int j = n->y; j < n->y + CF_MOTION_PATCH; j++)
        for (int i = n->x; i < n->x + CF_MOTION_PATCH; i++) {
            float z, x, y;
            slopes(l, i, j, n->best, &z, &x, &y);
            s.now += code(l->now, l->now_pitch, i, j);
            s.last += code(l->last, l->last_pitch, i + n->best.x, j + n->best.y);
            s.z += z;
            s.x += x;
            s.y += y;
            s.zx += z * x;
            s.zy += z * y;
            s.xx += x * x;
            s.xy += x * y;
            s.yy += y * y;
        }
    return s;
}

/* What the step leaves of the difference, and the patch's own: means of absolute values. */
static void residue(const level *l, const node *n, const cf_motion_sums *s, float sx, float sy,
                    float *left, float *texture) {
    float mean = (s->z - sx * s->x - sy * s->y) / s->n, now = s->now / s->n;
    *left = *texture = 0;
    for (int j = n->y; j < n->y + CF_MOTION_PATCH; j++)
        for (int i = n->x; i < n->x + CF_MOTION_PATCH; i++) {
            float z, x, y;
            slopes(l, i, j, n->best, &z, &x, &y);
            *left += fabsf(z - sx * x - sy * y - mean);
            *texture += fabsf(code(l->now, l->now_pitch, i, j) - now);
        }
    *left /= s->n * CF_MOTION_UNIT;
    *texture /= s->n * CF_MOTION_UNIT;
}

static float sigma_at(const cf_plane_set *sigma, int i, int j) {
    int x = i * CF_MOTION_STEP, y = j * CF_MOTION_STEP;
    return cf_motion_sigma(
        cf_row(sigma, 0,
               y < sigma->height ? y : sigma->height - 1)[x < sigma->width ? x : sigma->width - 1]);
}

static void refine(const cf_stage_io *io, const cf_motion_params *p, const search *s) {
    const level *l = &s->levels[0];
    for (int j = 0; j < l->rows; j++)
        for (int i = 0; i < l->columns; i++) {
            node n = start(io, p, l, i, j, CF_MOTION_STEP);
            float sx, sy, left, texture, sigma = sigma_at(&io->in[1], i, j);
            n.best = s->polished[j * l->columns + i];
            cf_motion_sums sums = sum_patch(l, &n);
            cf_motion_step(&sums, sigma, &sx, &sy);
            residue(l, &n, &sums, sx, sy, &left, &texture);
            s->means[j * l->columns + i] = sums.last / (sums.n * CF_MOTION_UNIT);
            cf_row(&io->out[0], 0, j)[i] = 2 * ((float)n.best.x + sx);
            cf_row(&io->out[0], 1, j)[i] = 2 * ((float)n.best.y + sy);
            cf_row(&io->out[0], 2, j)[i] = sums.z / (sums.n * CF_MOTION_UNIT);
            cf_row(&io->out[0], 3, j)[i] =
                cf_motion_share(left, cf_motion_tolerance(p->slack, p->contrast, texture, sigma));
        }
}

/* The picture's change of light, as a factor of guide; 0 when there was no picture. */
static float light_of(const cf_stage_io *io, const search *s) {
    float now = 0, last = 0;
    for (int j = 0; j < io->out[0].height; j++)
        for (int i = 0; i < io->out[0].width; i++) {
            float share = cf_row(&io->out[0], 3, j)[i];
            float mean = s->means[j * io->out[0].width + i];
            last += share * mean;
            now += share * (mean + cf_row(&io->out[0], 2, j)[i]);
        }
    return last > 0 ? now / last : 0;
}

static void judge(const cf_stage_io *io, const cf_motion_params *p, const search *s) {
    const cf_plane_set *out = &io->out[0];
    float factor = light_of(io, s), mean_share = 0;
    for (int j = 0; j < out->height; j++)
        for (int i = 0; i < out->width; i++) {
            float mean = s->means[j * out->width + i], expected = (factor - 1) * mean;
            float tolerance = cf_motion_light(p->slack, p->light, mean, sigma_at(&io->in[1], i, j));
            float *shift = &cf_row(out, 2, j)[i], *share = &cf_row(out, 3, j)[i];
            *share *= factor > 0 ? cf_motion_share(*shift - expected, tolerance) : 0;
            *shift = fmaxf(fminf(*shift, expected + tolerance), expected - tolerance);
            mean_share += *share;
        }
    float gate = cf_motion_gate(mean_share / (float)(out->width * out->height), p->cut);
    for (int j = 0; j < out->height; j++)
        for (int i = 0; i < out->width; i++)
            cf_row(out, 3, j)[i] *= gate;
}

static cf_status prepare(const cf_stage_io *io, search *s) {
    const cf_plane_set *small = &io->out[1], *last = &io->in[2];
    size_t nodes = (size_t)io->out[0].width * (size_t)io->out[0].height;
    s->levels[0] = (level){.now = small->data,
                           .last = last->data,
                           .width = small->width,
                           .height = small->height,
                           .now_pitch = small->pitch,
                           .last_pitch = last->pitch,
                           .columns = io->out[0].width,
                           .rows = io->out[0].height,
                           .vectors = cf_alloc(nodes, sizeof(vector))};
    s->count = 1;
    s->polished = cf_alloc(nodes, sizeof *s->polished);
    s->means = cf_alloc(nodes, sizeof *s->means);
    if (!s->levels[0].vectors || !s->polished || !s->means)
        return CF_ERR_MEMORY;
    while (s->count < CF_MOTION_LEVELS && !is_small(&s->levels[s->count - 1]))
        CF_TRY(add_level(s, &s->levels[s->count - 1]));
    return CF_OK;
}

static void find(const cf_stage_io *io, const cf_motion_params *p, const search *s) {
    for (int i = s->count - 1; i >= 0; i--)
        search_level(io, p, &s->levels[i], i + 1 < s->count ? &s->levels[i + 1] : NULL,
                     CF_MOTION_STEP << i);
    polish(io, p, &s->levels[0], s->polished);
    refine(io, p, s);
    judge(io, p, s);
}

cf_status cf_motion_ref(const cf_stage_io *io, const void *params) {
    search s = {0};
    make_small(&io->in[0], &io->out[1]);
    if (io->out[1].width < CF_MOTION_LEAST || io->out[1].height < CF_MOTION_LEAST) {
        memset(io->out[0].data, 0, cf_plane_set_bytes(&io->out[0]));
        return CF_OK;
    }
    cf_status status = prepare(io, &s);
    if (status == CF_OK)
        find(io, params, &s);
    for (int i = 0; i < s.count; i++) {
        cf_free(s.levels[i].vectors);
        if (i) {
            cf_free(s.levels[i].now);
            cf_free(s.levels[i].last);
        }
    }
    cf_free(s.polished);
    cf_free(s.means);
    return status;
}
