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
    vector *vectors, *polished; /* first found; in agreement with their neighbours */
} level;

typedef struct {
    level levels[CF_MOTION_LEVELS];
    int count;
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
    l->polished = cf_alloc((size_t)l->columns * (size_t)l->rows, sizeof *l->polished);
    s->count++;
    return l->now && l->last && l->vectors && l->polished ? CF_OK : CF_ERR_MEMORY;
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
    c += cf_motion_price(v.x, v.y, n->near.x, n->near.y, n->preference);
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

/* The k-th of the 3 x 3 nodes around one, row by row; at the border its own. */
static vector beside(const level *l, const vector *vectors, int i, int j, int k) {
    int column = at_most(i + k % 3 - 1, l->columns - 1), row = at_most(j + k / 3 - 1, l->rows - 1);
    return vectors[row * l->columns + column];
}

/* The middle of those nine, by itself in x and y. */
static vector middle_of(const level *l, const vector *vectors, int i, int j) {
    int x[9], y[9];
    for (int k = 0; k < 9; k++) {
        x[k] = beside(l, vectors, i, j, k).x;
        y[k] = beside(l, vectors, i, j, k).y;
    }
    return (vector){cf_motion_median(x), cf_motion_median(y)};
}

static void search_level(const cf_stage_io *io, const cf_motion_params *p, const level *l,
                         const level *coarse, int step) {
    static const int around[5][2] = {{0, 0}, {1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    for (int j = 0; j < l->rows; j++)
        for (int i = 0; i < l->columns; i++) {
            node n = start(io, p, l, i, j, step);
            if (coarse)
                n.near = middle_of(coarse, coarse->polished, i / 2, j / 2);
            n.near = (vector){2 * n.near.x, 2 * n.near.y};
            try_vector(&n, 0, 0);
            try_vector(&n, n.near.x, n.near.y);
            for (int k = 0; coarse && k < 5; k++) {
                int x = at_most(i / 2 + around[k][0], coarse->columns - 1);
                int y = at_most(j / 2 + around[k][1], coarse->rows - 1);
                vector v = coarse->polished[y * coarse->columns + x];
                try_vector(&n, 2 * v.x, 2 * v.y);
            }
            for (int dy = -CF_MOTION_WINDOW; !coarse && dy <= CF_MOTION_WINDOW; dy++)
                for (int dx = -CF_MOTION_WINDOW; dx <= CF_MOTION_WINDOW; dx++)
                    try_vector(&n, dx, dy);
            look_around(&n);
            l->vectors[j * l->columns + i] = n.best;
        }
}

/* A level again, near what its neighbours found in the middle. */
static void polish(const cf_stage_io *io, const cf_motion_params *p, const level *l, int step,
                   vector *polished) {
    for (int j = 0; j < l->rows; j++)
        for (int i = 0; i < l->columns; i++) {
            node n = start(io, p, l, i, j, step);
            vector own = l->vectors[j * l->columns + i];
            n.near = middle_of(l, l->vectors, i, j);
            try_vector(&n, n.near.x, n.near.y);
            try_vector(&n, own.x, own.y);
            for (int k = 0; k < 9; k++) {
                vector v = beside(l, l->vectors, i, j, k);
                try_vector(&n, v.x, v.y);
            }
            polished[j * l->columns + i] = n.best;
        }
}

static float code(const unsigned short *plane, int pitch, int x, int y) {
    return (float)plane[y * pitch + x];
}

/* Where a patch was: whole pixels, and the share of the next ones. */
typedef struct {
    int x, y;
    float u, v;
} place;

static place place_at(const level *l, const node *n, float vx, float vy) {
    place p;
    p.x = cf_motion_whole((float)n->x + vx, l->width, &p.u);
    p.y = cf_motion_whole((float)n->y + vy, l->height, &p.v);
    return p;
}

/* The picture before at a pixel of the patch that was at `from`, interpolated. */
static float code_then(const level *l, const place *from, int x, int y) {
    int p = l->last_pitch;
    float a = code(l->last, p, from->x + x, from->y + y);
    float b = code(l->last, p, from->x + x + 1, from->y + y);
    float c = code(l->last, p, from->x + x, from->y + y + 1);
    float d = code(l->last, p, from->x + x + 1, from->y + y + 1);
    float top = a + from->u * (b - a), bottom = c + from->u * (d - c);
    return top + from->v * (bottom - top);
}

/* Both pictures and their mean gradient at one pixel of a patch. */
typedef struct {
    float now, last, x, y;
} slope;

static slope slope_at(const level *l, const node *n, const place *from, int i, int j) {
    int p = l->now_pitch, x = n->x + i, y = n->y + j;
    slope s = {.now = code(l->now, p, x, y), .last = code_then(l, from, i, j)};
    s.x = 0.25F * (code(l->now, p, x + 1, y) - code(l->now, p, x - 1, y) +
                   code_then(l, from, i + 1, j) - code_then(l, from, i - 1, j));
    s.y = 0.25F * (code(l->now, p, x, y + 1) - code(l->now, p, x, y - 1) +
                   code_then(l, from, i, j + 1) - code_then(l, from, i, j - 1));
    return s;
}

static cf_motion_sums sum_patch(const level *l, const node *n, const place *from) {
    cf_motion_sums t = {.n = CF_MOTION_PATCH * CF_MOTION_PATCH};
    for (int j = 0; j < CF_MOTION_PATCH; j++)
        for (int i = 0; i < CF_MOTION_PATCH; i++) {
            slope s = slope_at(l, n, from, i, j);
            float z = s.now - s.last;
            t.now += s.now;
            t.last += s.last;
            t.z += z;
            t.x += s.x;
            t.y += s.y;
            t.zx += z * s.x;
            t.zy += z * s.y;
            t.xx += s.x * s.x;
            t.xy += s.x * s.y;
            t.yy += s.y * s.y;
        }
    return t;
}

/* What the step leaves of the difference, and the patch's own: means of absolute values. */
static void residue(const level *l, const node *n, const place *from, const cf_motion_sums *t,
                    float sx, float sy, float *left, float *texture) {
    float mean = (t->z - sx * t->x - sy * t->y) / t->n, now = t->now / t->n;
    *left = *texture = 0;
    for (int j = 0; j < CF_MOTION_PATCH; j++)
        for (int i = 0; i < CF_MOTION_PATCH; i++) {
            slope s = slope_at(l, n, from, i, j);
            *left += fabsf(s.now - s.last - sx * s.x - sy * s.y - mean);
            *texture += fabsf(s.now - now);
        }
    *left /= t->n * CF_MOTION_UNIT;
    *texture /= t->n * CF_MOTION_UNIT;
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
            vector best = l->polished[j * l->columns + i];
            float x = (float)best.x, y = (float)best.y, sx, sy, left, texture;
            float sigma = sigma_at(&io->in[1], i, j);
            place from = place_at(l, &n, x, y);
            cf_motion_sums sums = sum_patch(l, &n, &from);
            cf_motion_step(&sums, sigma, &sx, &sy);
            from = place_at(l, &n, x + sx, y + sy);
            x = (float)(from.x - n.x) + from.u;
            y = (float)(from.y - n.y) + from.v;
            sums = sum_patch(l, &n, &from);
            cf_motion_step(&sums, sigma, &sx, &sy);
            residue(l, &n, &from, &sums, sx, sy, &left, &texture);
            s->means[j * l->columns + i] = sums.last / (sums.n * CF_MOTION_UNIT);
            cf_row(&io->out[0], 0, j)[i] = 2 * (x + sx);
            cf_row(&io->out[0], 1, j)[i] = 2 * (y + sy);
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

/* The larger coordinate of the difference of two nodes' vectors. */
static float apart(const cf_plane_set *out, int i, int j, int k, int l) {
    return fmaxf(fabsf(cf_row(out, 0, j)[i] - cf_row(out, 0, l)[k]),
                 fabsf(cf_row(out, 1, j)[i] - cf_row(out, 1, l)[k]));
}

/* The most that a vector differs from those beside, above and below it. */
static float bend_at(const cf_plane_set *out, int i, int j) {
    int right = at_most(i + 1, out->width - 1), below = at_most(j + 1, out->height - 1);
    return fmaxf(fmaxf(apart(out, i, j, at_most(i - 1, right), j), apart(out, i, j, right, j)),
                 fmaxf(apart(out, i, j, i, at_most(j - 1, below)), apart(out, i, j, i, below)));
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
            cf_row(out, 3, j)[i] *= gate * cf_motion_share(bend_at(out, i, j), CF_MOTION_BEND);
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
                           .vectors = cf_alloc(nodes, sizeof(vector)),
                           .polished = cf_alloc(nodes, sizeof(vector))};
    s->count = 1;
    s->means = cf_alloc(nodes, sizeof *s->means);
    if (!s->levels[0].vectors || !s->levels[0].polished || !s->means)
        return CF_ERR_MEMORY;
    while (s->count < CF_MOTION_LEVELS && !is_small(&s->levels[s->count - 1]))
        CF_TRY(add_level(s, &s->levels[s->count - 1]));
    return CF_OK;
}

static void find(const cf_stage_io *io, const cf_motion_params *p, const search *s) {
    for (int i = s->count - 1; i >= 0; i--) {
        const level *l = &s->levels[i];
        search_level(io, p, l, i + 1 < s->count ? l + 1 : NULL, CF_MOTION_STEP << i);
        polish(io, p, l, CF_MOTION_STEP << i, l->polished);
    }
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
        cf_free(s.levels[i].polished);
        if (i) {
            cf_free(s.levels[i].now);
            cf_free(s.levels[i].last);
        }
    }
    cf_free(s.means);
    return status;
}
