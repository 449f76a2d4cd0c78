/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `krige`. */
#include "fusion/krige.h"

#include <math.h>

#include "base/alloc.h"

enum { GUIDE, GUESS, CHROMA, ERROR, POINTS };

typedef struct {
    int first[2], last[2]; /* x, y */
    float guide, guess[2]; /* chroma as it is seen */
    float difference[2], weight[2];
    float noise; /* variance */
} point;

typedef struct {
    const cf_stage_io *io;
    const cf_krige_params *p;
    int factor, width, height, longer; /* pixels of a cell's side; cells; pixels of the picture's */
    float *cells;
    float *ways; /* cells of every point */
    point points[CF_POINTS_ROWS];
    int count;
} field;

static float guide_at(const cf_stage_io *io, int x, int y) {
    float v = cf_row(&io->in[GUIDE], 0, y)[x];
    return v > 0 ? fminf(v, 4) : 0;
}

static float chroma_at(const cf_stage_io *io, int port, int plane, int x, int y) {
    float v = cf_row(&io->in[port], plane, y)[x];
    return v >= -CF_KRIGE_LIMIT && v <= CF_KRIGE_LIMIT ? v : 0;
}

static float error_at(const cf_stage_io *io, int x, int y) {
    float v = cf_row(&io->in[ERROR], 0, y)[x];
    return v >= 0 && v <= 1e4F ? v : 0;
}

static float cell_mean(const field *f, int x, int y) {
    float sum = 0;
    int count = 0;
    for (int j = y * f->factor; j < (y + 1) * f->factor && j < f->io->in[GUIDE].height; j++)
        for (int i = x * f->factor; i < (x + 1) * f->factor && i < f->io->in[GUIDE].width; i++) {
            sum += guide_at(f->io, i, j);
            count++;
        }
    return sum / (float)count;
}

/* By way of the neighbour (dx, dy). */
static void shorten(const field *f, float *ways, int x, int y, int dx, int dy) {
    int to = y * f->width + x, from = to + dy * f->width + dx;
    float straight = (float)f->factor / (float)f->longer;
    if (x + dx < 0 || x + dx >= f->width || y + dy < 0 || y + dy >= f->height)
        return;
    ways[to] = fminf(ways[to], ways[from] + straight * (dx && dy ? 1.41421356F : 1) +
                                   fabsf(f->cells[to] - f->cells[from]));
}

static int cell_of(const point *p, int axis, int factor) {
    return (p->first[axis] + p->last[axis]) / 2 / factor;
}

static void find_ways(const field *f, int index) {
    const point *p = &f->points[index];
    float *ways = f->ways + (size_t)index * (size_t)f->width * (size_t)f->height;
    for (int i = 0; i < f->width * f->height; i++)
        ways[i] = 1e9F;
    ways[cell_of(p, 1, f->factor) * f->width + cell_of(p, 0, f->factor)] = 0;
    for (int round = 0; round < CF_KRIGE_ROUNDS; round++) {
        for (int y = 0; y < f->height; y++)
            for (int x = 0; x < f->width; x++) {
                shorten(f, ways, x, y, -1, -1);
                shorten(f, ways, x, y, 0, -1);
                shorten(f, ways, x, y, 1, -1);
                shorten(f, ways, x, y, -1, 0);
            }
        for (int y = f->height - 1; y >= 0; y--)
            for (int x = f->width - 1; x >= 0; x--) {
                shorten(f, ways, x, y, 1, 1);
                shorten(f, ways, x, y, 0, 1);
                shorten(f, ways, x, y, -1, 1);
                shorten(f, ways, x, y, 1, 0);
            }
    }
}

/* Of points a and b, the way between them so long. */
static float covariance(const cf_krige_params *p, const point *a, const point *b, float way) {
    float d = (a->guide - b->guide) / p->mono_range;
    float red = (a->guess[0] - b->guess[0]) / p->chroma_range;
    float blue = (a->guess[1] - b->guess[1]) / p->chroma_range;
    float like = expf(-0.5F * (d * d + red * red + blue * blue));
    return (p->common + p->alike * like + p->near * like * expf(-way / p->reach)) /
           (p->common + p->alike + p->near);
}

/* Means over the pixels that a point covers; of large ones every so many. */
static void look(const field *f, const float *row, point *p) {
    const int size[2] = {f->io->in[GUIDE].width, f->io->in[GUIDE].height};
    float guess[2] = {0};
    int count = 0, step[2];
    for (int i = 0; i < 2; i++) {
        float most = (float)(size[i] - 1);
        p->first[i] = (int)(row[2 * i] > 0 ? fminf(row[2 * i], most) : 0);
        p->last[i] = (int)(row[2 * i + 1] > 0 ? fminf(row[2 * i + 1], most) : 0);
        if (p->last[i] < p->first[i])
            p->last[i] = p->first[i];
        step[i] = (p->last[i] - p->first[i]) / 16 + 1;
    }
    p->noise = f->p->noise / fminf(fmaxf(row[CF_POINTS_WEIGHT], CF_KRIGE_WEIGHT), 1);
    p->guide = 0;
    for (int y = p->first[1]; y <= p->last[1]; y += step[1])
        for (int x = p->first[0]; x <= p->last[0]; x += step[0]) {
            p->guide += guide_at(f->io, x, y);
            guess[0] += chroma_at(f->io, GUESS, 0, x, y);
            guess[1] += chroma_at(f->io, GUESS, 1, x, y);
            count++;
        }
    p->guide /= (float)count;
    for (int k = 0; k < 2; k++) {
        float c = row[4 + k];
        c = c >= -CF_KRIGE_LIMIT && c <= CF_KRIGE_LIMIT ? c : 0;
        p->guess[k] = guess[k] / (float)count * (p->guide + CF_KRIGE_DARK);
        p->difference[k] = c * (p->guide + CF_KRIGE_DARK) - p->guess[k];
    }
}

static float way_between(const field *f, int a, int b) {
    const size_t cells = (size_t)f->width * (size_t)f->height;
    const point *p = &f->points[a], *q = &f->points[b];
    float there = f->ways[(size_t)a * cells +
                          (size_t)(cell_of(q, 1, f->factor) * f->width + cell_of(q, 0, f->factor))];
    float back = f->ways[(size_t)b * cells +
                         (size_t)(cell_of(p, 1, f->factor) * f->width + cell_of(p, 0, f->factor))];
    return 0.5F * (there + back);
}

/* weights = (covariances + noise)^-1 differences, by Cholesky's factors. Pivots below noise are
 * those of no covariance, which lengths of ways can make. */
static void solve(field *f) {
    float l[CF_POINTS_ROWS][CF_POINTS_ROWS];
    const int n = f->count;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            float v = covariance(f->p, &f->points[i], &f->points[j], way_between(f, i, j));
            v += i == j ? f->points[i].noise : 0;
            for (int k = 0; k < j; k++)
                v -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrtf(fmaxf(v, f->p->noise)) : v / l[j][j];
        }
    for (int c = 0; c < 2; c++) {
        for (int i = 0; i < n; i++) {
            float v = f->points[i].difference[c];
            for (int k = 0; k < i; k++)
                v -= l[i][k] * f->points[k].weight[c];
            f->points[i].weight[c] = v / l[i][i];
        }
        for (int i = n - 1; i >= 0; i--) {
            float v = f->points[i].weight[c];
            for (int k = i + 1; k < n; k++)
                v -= l[k][i] * f->points[k].weight[c];
            f->points[i].weight[c] = v / l[i][i];
        }
    }
}

static float way_to(const field *f, int index, int x, int y) {
    const float *ways = f->ways + (size_t)index * (size_t)f->width * (size_t)f->height;
    float scale = 1 / (float)f->factor;
    float u = fminf(fmaxf(((float)x + 0.5F) * scale - 0.5F, 0), (float)(f->width - 1));
    float v = fminf(fmaxf(((float)y + 0.5F) * scale - 0.5F, 0), (float)(f->height - 1));
    int x0 = (int)u, y0 = (int)v;
    int x1 = x0 + 1 < f->width ? x0 + 1 : x0, y1 = y0 + 1 < f->height ? y0 + 1 : y0;
    float s = u - (float)x0, t = v - (float)y0;
    const float *top = ways + (size_t)y0 * (size_t)f->width;
    const float *low = ways + (size_t)y1 * (size_t)f->width;
    return (1 - t) * ((1 - s) * top[x0] + s * top[x1]) + t * ((1 - s) * low[x0] + s * low[x1]);
}

static void mix(const field *f, int x, int y) {
    point here = {.guide = guide_at(f->io, x, y)};
    float seen = here.guide + CF_KRIGE_DARK, error = error_at(f->io, x, y), sum[2] = {0};
    float share = error * error / (error * error + f->p->sure * f->p->sure);
    for (int k = 0; k < 2; k++)
        here.guess[k] = chroma_at(f->io, GUESS, k, x, y) * seen;
    for (int i = 0; i < f->count; i++) {
        const point *p = &f->points[i];
        float c = covariance(f->p, &here, p, way_to(f, i, x, y));
        sum[0] += c * p->weight[0];
        sum[1] += c * p->weight[1];
    }
    for (int k = 0; k < 2; k++) {
        float kriged = chroma_at(f->io, GUESS, k, x, y) + sum[k] / seen;
        float chroma = f->count ? chroma_at(f->io, CHROMA, k, x, y) : kriged;
        cf_row(&f->io->out[0], k, y)[x] = chroma + share * (kriged - chroma);
    }
}

cf_status cf_krige_ref(const cf_stage_io *io, const void *params) {
    const cf_plane_set *in = io->in;
    int longer = in->width > in->height ? in->width : in->height;
    field f = {.io = io, .p = params, .longer = longer};
    f.factor = (longer + CF_KRIGE_CELLS - 1) / CF_KRIGE_CELLS;
    f.width = (in->width + f.factor - 1) / f.factor;
    f.height = (in->height + f.factor - 1) / f.factor;
    size_t cells = (size_t)f.width * (size_t)f.height;
    f.cells = cf_alloc(cells * (1 + CF_POINTS_ROWS), sizeof(float));
    if (!f.cells)
        return CF_ERR_MEMORY;
    f.ways = f.cells + cells;
    for (int y = 0; y < f.height; y++)
        for (int x = 0; x < f.width; x++)
            f.cells[y * f.width + x] = cell_mean(&f, x, y);
    int rows = cf_points_rows(in[POINTS].width, in[POINTS].height);
    while (f.count < rows && cf_row(&in[POINTS], 0, f.count)[CF_POINTS_WEIGHT] > 0) {
        look(&f, cf_row(&in[POINTS], 0, f.count), &f.points[f.count]);
        find_ways(&f, f.count++);
    }
    solve(&f);
    for (int y = 0; y < in->height; y++)
        for (int x = 0; x < in->width; x++)
            mix(&f, x, y);
    cf_free(f.cells);
    return CF_OK;
}
