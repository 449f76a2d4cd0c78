/* SPDX-License-Identifier: Apache-2.0 */
/* From even regions to grids, and from grids to the chart. */
#include "tools/chart_find.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/chart_blobs.h"

#define GRID 13       /* nodes a side: the chart's six in either direction of the seed */
#define NEIGHBOURS 24 /* of a region: where a grid goes on from it */
#define CLOSEST 6     /* of these: where a grid may start */
#define SEEN (1 << 16)
#define SNAP 0.28 /* of the pitch: how far a region may lie from where the grid expects it */
#define LIKE 3.0  /* ratio of areas of neighbouring patches */
#define MIN_FOUND 9
#define AGREEMENT 0.80 /* below: no chart; other grids reach 0.5 */
#define DOUBT 0.72     /* between: said in the message */
#define MAX_OUTSIDE 12
#define OUTSIDE_COST 0.01 /* of the agreement, a patch */
#define COARSEST 4        /* scales searched: 1, 2, 4 */
#define LEAST_SIDE 160

typedef struct {
    double u[2], v[2]; /* steps to the neighbours in the grid's two directions */
    int blob;          /* -1: none */
} node;

/* What a grid is known by: a region and its right and lower neighbours. */
typedef unsigned long long corner_key;

typedef struct {
    const cf_image *picture;
    const cf_chart_reference *reference;
    cf_blob blobs[CF_BLOBS_MAX];
    int count;
    int near[CF_BLOBS_MAX][NEIGHBOURS]; /* of like size, nearest first; -1 ends the list */
    node nodes[GRID][GRID];
    unsigned char used[CF_BLOBS_MAX]; /* by this grid */
    int size, largest;                /* of this grid; of all */
    corner_key seen[SEEN];            /* corners of grids that were looked at; open addressing */
    int seen_count;
    cf_chart_place best;
} search;

static int similar(const cf_blob *a, const cf_blob *b) {
    return a->area < LIKE * b->area && b->area < LIKE * a->area;
}

/* The unused neighbour of a region that is nearest to a point and no further than reach; -1: none.
 */
static int nearest(const search *s, int from, double x, double y, double reach) {
    int best = -1;
    for (int k = 0; k < NEIGHBOURS && s->near[from][k] >= 0; k++) {
        int i = s->near[from][k];
        double d = hypot(s->blobs[i].x - x, s->blobs[i].y - y);
        if (d < reach && !s->used[i]) {
            reach = d;
            best = i;
        }
    }
    return best;
}

static void put(search *s, int column, int row, int blob, const double u[2], const double v[2]) {
    node *n = &s->nodes[row][column];
    *n = (node){{u[0], u[1]}, {v[0], v[1]}, blob};
    s->used[blob] = 1;
    s->size++;
}

/* Tries the neighbour of a node in direction (dx, dy); 1 when one was added. */
static int extend(search *s, int column, int row, int dx, int dy) {
    int c = column + dx, r = row + dy;
    if (c < 0 || r < 0 || c >= GRID || r >= GRID || s->nodes[r][c].blob >= 0)
        return 0;
    const node n = s->nodes[row][column];
    const cf_blob *from = &s->blobs[n.blob];
    double sx = dx * n.u[0] + dy * n.v[0], sy = dx * n.u[1] + dy * n.v[1];
    int found = nearest(s, n.blob, from->x + sx, from->y + sy, SNAP * hypot(sx, sy));
    if (found < 0)
        return 0;
    int sign = dx + dy;
    const double step[2] = {(s->blobs[found].x - from->x) * sign,
                            (s->blobs[found].y - from->y) * sign};
    put(s, c, r, found, dx ? step : n.u, dy ? step : n.v);
    return 1;
}

/* Grows a grid from three regions that may be neighbours round a corner. */
static void grow(search *s, int seed, int right, int below) {
    static const int way[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    const cf_blob *a = &s->blobs[seed], *b = &s->blobs[right], *c = &s->blobs[below];
    const double u[2] = {b->x - a->x, b->y - a->y}, v[2] = {c->x - a->x, c->y - a->y};
    memset(s->used, 0, sizeof s->used);
    for (int i = 0; i < GRID * GRID; i++)
        s->nodes[i / GRID][i % GRID].blob = -1;
    s->size = 0;
    put(s, GRID / 2, GRID / 2, seed, u, v);
    int queue[GRID * GRID] = {GRID / 2 * GRID + GRID / 2}, count = 1;
    for (int at = 0; at < count; at++)
        for (int k = 0; k < 4; k++) {
            int column = queue[at] % GRID, row = queue[at] / GRID;
            if (extend(s, column, row, way[k][0], way[k][1]))
                queue[count++] = (row + way[k][1]) * GRID + column + way[k][0];
        }
}

/* Column and row of the chart at a grid's node, for a chart turned by quarters. */
static void turned(int quarter, int column, int row, int *c, int *r) {
    static const int m[4][4] = {{1, 0, 0, 1}, {0, 1, -1, 0}, {-1, 0, 0, -1}, {0, -1, 1, 0}};
    *c = m[quarter][0] * column + m[quarter][1] * row;
    *r = m[quarter][2] * column + m[quarter][3] * row;
}

/* Pairs of chart and picture points for the chart at an offset on the turned grid. */
static int pairs_at(const search *s, int quarter, int column, int row, cf_point_pair *pairs) {
    int count = 0;
    for (int i = 0; i < GRID * GRID; i++) {
        int c, r, blob = s->nodes[i / GRID][i % GRID].blob;
        turned(quarter, i % GRID, i / GRID, &c, &r);
        c -= column;
        r -= row;
        if (blob >= 0 && c >= 0 && r >= 0 && c < CF_CHART_COLUMNS && r < CF_CHART_ROWS)
            pairs[count++] = (cf_point_pair){{c, r}, {s->blobs[blob].x, s->blobs[blob].y}, 1};
    }
    return count;
}

/* Keeps the better place; one that is partly out of view has to agree all the better. */
static void consider(search *s, cf_chart_place *place) {
    int outside = 0;
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        outside += place->outside[p];
    place->agreement -= OUTSIDE_COST * outside;
    if (place->pitch > 0 && outside <= MAX_OUTSIDE && place->agreement > s->best.agreement)
        s->best = *place;
}

/* All places of the chart on the grid that hold nearly all of its regions. */
static void place_chart(search *s) {
    int most = s->size < CF_CHART_PATCHES ? s->size : CF_CHART_PATCHES;
    int needed = most - 1 - most / 8;
    needed = needed > MIN_FOUND ? needed : MIN_FOUND;
    for (int quarter = 0; quarter < 4; quarter++)
        for (int row = -GRID; row < GRID; row++)
            for (int column = -GRID; column < GRID; column++) {
                cf_point_pair pairs[CF_CHART_PATCHES];
                cf_chart_place place = {0};
                place.found = pairs_at(s, quarter, column, row, pairs);
                if (place.found < needed ||
                    !cf_homography_fit(pairs, place.found, &place.to_picture))
                    continue;
                cf_chart_judge(s->picture, s->reference, &place);
                consider(s, &place);
            }
}

/* Lists each region's nearest neighbours of about its size. */
static void list_neighbours(search *s) {
    for (int from = 0; from < s->count; from++) {
        double distance[NEIGHBOURS + 1];
        int *near = s->near[from], count = 0;
        const cf_blob *a = &s->blobs[from];
        for (int i = 0; i < s->count; i++) {
            double d = hypot(s->blobs[i].x - a->x, s->blobs[i].y - a->y), side = sqrt(a->area);
            if (i == from || d < 0.8 * side || d > 5 * side + 5 || !similar(&s->blobs[i], a) ||
                (count == NEIGHBOURS && d >= distance[count - 1]))
                continue;
            int at = count < NEIGHBOURS ? count++ : count - 1;
            for (; at > 0 && distance[at - 1] > d; at--) {
                distance[at] = distance[at - 1];
                near[at] = near[at - 1];
            }
            distance[at] = d;
            near[at] = i;
        }
        for (; count < NEIGHBOURS; count++)
            near[count] = -1;
    }
}

/* Whether b and c can be the right and the lower neighbour of a: a mirrored chart has none. */
static int is_corner(const cf_blob *a, const cf_blob *b, const cf_blob *c) {
    double ux = b->x - a->x, uy = b->y - a->y, vx = c->x - a->x, vy = c->y - a->y;
    double u = hypot(ux, uy), v = hypot(vx, vy);
    return ux * vy - uy * vx > 0.5 * u * v && u < 2.5 * v && v < 2.5 * u;
}

/* 1 when the corner was in the set; puts it in when `add`. A full set takes no more: some grids are
 * then looked at twice. */
static int was_seen(search *s, int seed, int right, int below, int add) {
    corner_key key = ((corner_key)seed << 40 | (corner_key)right << 20 | (corner_key)below) + 1;
    unsigned at = (unsigned)(key * 0x9E3779B97F4A7C15ULL >> 48) & (SEEN - 1);
    while (s->seen[at] && s->seen[at] != key)
        at = (at + 1) & (SEEN - 1);
    if (s->seen[at])
        return 1;
    if (add && s->seen_count < SEEN / 2) {
        s->seen[at] = key;
        s->seen_count++;
    }
    return 0;
}

static int blob_at(const search *s, int column, int row) {
    return column < 0 || row < 0 || column >= GRID || row >= GRID ? -1 : s->nodes[row][column].blob;
}

/* All corners of a grid, of its four turns: growing from them would give it again. */
static void remember(search *s) {
    static const int way[5][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}, {1, 0}};
    for (int i = 0; i < GRID * GRID; i++) {
        int column = i % GRID, row = i / GRID, seed = blob_at(s, column, row);
        for (int k = 0; k < 4 && seed >= 0; k++) {
            int right = blob_at(s, column + way[k][0], row + way[k][1]);
            int below = blob_at(s, column + way[k + 1][0], row + way[k + 1][1]);
            if (right >= 0 && below >= 0)
                was_seen(s, seed, right, below, 1);
        }
    }
}

static void try_seed(search *s, int seed) {
    const int *near = s->near[seed];
    for (int i = 0; i < CLOSEST && near[i] >= 0; i++)
        for (int j = 0; j < CLOSEST && near[j] >= 0; j++) {
            if (i == j || !is_corner(&s->blobs[seed], &s->blobs[near[i]], &s->blobs[near[j]]) ||
                was_seen(s, seed, near[i], near[j], 0))
                continue;
            grow(s, seed, near[i], near[j]);
            remember(s);
            s->largest = s->size > s->largest ? s->size : s->largest;
            if (s->size >= MIN_FOUND)
                place_chart(s);
        }
}

/* The region nearest to where a patch is expected, of about its size. */
static int region_at(const search *s, const double p[2], double pitch) {
    const cf_blob patch = {.area = pitch * pitch / 2};
    double reach = 0.2 * pitch;
    int best = -1;
    for (int i = 0; i < s->count; i++) {
        double d = hypot(s->blobs[i].x - p[0], s->blobs[i].y - p[1]);
        if (d < reach && similar(&s->blobs[i], &patch)) {
            reach = d;
            best = i;
        }
    }
    return best;
}

/* Fits the place again to every region that lies where it expects a patch. */
static void refine(search *s) {
    cf_point_pair pairs[CF_CHART_PATCHES];
    cf_chart_place place = s->best;
    place.found = 0;
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        const double at[2] = {p % CF_CHART_COLUMNS, (double)(p / CF_CHART_COLUMNS)};
        double to[2];
        pairs[p].weight = 0;
        if (!cf_homography_apply(&place.to_picture, at, to))
            return;
        int i = region_at(s, to, place.pitch);
        if (i < 0)
            continue;
        pairs[p] = (cf_point_pair){{at[0], at[1]}, {s->blobs[i].x, s->blobs[i].y}, 1};
        place.found++;
    }
    if (place.found < MIN_FOUND || !cf_homography_fit(pairs, CF_CHART_PATCHES, &place.to_picture))
        return;
    cf_chart_judge(s->picture, s->reference, &place);
    if (place.agreement > s->best.agreement - 0.02)
        s->best = place;
}

static cf_status say_cut_off(const char *name, const cf_chart_place *place) {
    char list[512] = "";
    size_t at = 0;
    int count = 0;
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        if (place->outside[p] && ++count <= 6 && at < sizeof list)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", count > 1 ? ", " : "",
                                   cf_chart_name(p));
    return cf_fail(
        CF_ERR_FORMAT,
        "%s: the chart is cut off by the picture's edge (%d patches are out of view: %s%s); "
        "take the picture again with the whole chart in it",
        name, count, list, count > 6 ? ", ..." : "");
}

static cf_status judge(const char *name, const cf_chart_place *best, int largest) {
    if (best->agreement < AGREEMENT) {
        if (best->agreement > DOUBT)
            return cf_fail(
                CF_ERR_FORMAT,
                "%s: something like a 24-patch chart, but its colours agree with none "
                "(%.0f %%): is it covered, mirrored, or in coloured or very uneven light?",
                name, 100 * best->agreement);
        return cf_fail(
            CF_ERR_FORMAT,
            "%s: no 24-patch chart found (the largest grid of even squares has %d); let the "
            "chart fill a third of the picture's width, in focus, or say where it is with "
            "--corners",
            name, largest);
    }
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        if (best->outside[p])
            return say_cut_off(name, best);
    return CF_OK;
}

/* Searches one scale; what was found stays in s->best. */
static cf_status search_scale(search *s, const cf_image *picture,
                              const cf_chart_reference *reference) {
    *s = (search){.picture = picture, .reference = reference};
    s->count = cf_chart_blobs(picture, s->blobs);
    if (s->count < 0)
        return CF_ERR_MEMORY;
    list_neighbours(s);
    for (int i = 0; i < s->count; i++)
        try_seed(s, i);
    if (s->best.agreement > AGREEMENT)
        refine(s);
    return CF_OK;
}

/* Means of 2 x 2. */
static cf_status halve(const cf_image *in, cf_image *out) {
    CF_TRY(cf_image_alloc(in->width / 2, in->height / 2, in->planes, CF_PIXEL_F32, out));
    for (int p = 0; p < in->planes; p++)
        for (int y = 0; y < out->height; y++) {
            const float *a = cf_image_row(in, p, 2 * y), *b = cf_image_row(in, p, 2 * y + 1);
            float *to = cf_image_row(out, p, y);
            for (int x = 0; x < out->width; x++)
                to[x] = (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]) / 4;
        }
    return CF_OK;
}

/* From the largest scale down, until there is a chart: noise hides it at the larger ones. */
static cf_status search_scales(search *s, cf_chart_place *best, const cf_image *picture,
                               const cf_chart_reference *reference, int *largest) {
    cf_image view = *picture, half = {0};
    cf_status status = CF_OK;
    for (int scale = 1; status == CF_OK && best->agreement < AGREEMENT; scale *= 2) {
        status = search_scale(s, &view, reference);
        *largest = s->largest > *largest ? s->largest : *largest;
        if (status == CF_OK && s->best.agreement > best->agreement) {
            *best = s->best;
            cf_chart_place_scale(best, scale);
        }
        cf_image next = {0};
        if (scale == COARSEST || view.width < LEAST_SIDE || view.height < LEAST_SIDE)
            break;
        if (status == CF_OK)
            status = halve(&view, &next);
        cf_image_free(&half);
        view = half = next;
    }
    cf_image_free(&half);
    return status;
}

cf_status cf_chart_find(const char *name, const cf_image *picture,
                        const cf_chart_reference *reference, cf_chart_place *out) {
    int largest = 0;
    search *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    *out = (cf_chart_place){0};
    cf_status status = search_scales(s, out, picture, reference, &largest);
    cf_free(s);
    return status == CF_OK ? judge(name, out, largest) : status;
}

cf_status cf_chart_place_corners(const char *name, const cf_image *picture,
                                 const cf_chart_reference *reference, const double corners[4][2],
                                 cf_chart_place *out) {
    static const double at[4][2] = {{0, 0}, {5, 0}, {5, 3}, {0, 3}};
    *out = (cf_chart_place){0};
    for (int k = 0; k < 8; k++) {
        cf_point_pair pairs[4];
        cf_chart_place place = {0};
        for (int i = 0; i < 4; i++) {
            const double *to = corners[k < 4 ? (k + i) % 4 : (k + 4 - i) % 4];
            pairs[i] = (cf_point_pair){{at[i][0], at[i][1]}, {to[0], to[1]}, 1};
        }
        if (!cf_homography_fit(pairs, 4, &place.to_picture))
            continue;
        cf_chart_judge(picture, reference, &place);
        if (place.pitch > 0 && place.agreement > out->agreement)
            *out = place;
    }
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        if (out->pitch > 0 && out->outside[p])
            return cf_fail(CF_ERR_INVALID,
                           "%s: with these corners, patch '%s' lies outside the picture", name,
                           cf_chart_name(p));
    if (out->agreement < DOUBT)
        return cf_fail(
            CF_ERR_INVALID,
            "%s: what lies between these corners does not look like the chart (%.0f %%); "
            "give the centres of the patches dark skin, bluish green, black, white, going "
            "round, in pixels of the raw picture",
            name, 100 * out->agreement);
    return CF_OK;
}
