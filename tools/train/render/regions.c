/* SPDX-License-Identifier: Apache-2.0 */
/* Segmentation by union and find over the edges between neighbouring pixels. */
#include "tools/train/render/regions.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

typedef struct {
    float difference;
    int a, b;
} edge;

typedef struct {
    int parent, size;
    float most; /* largest difference that was bridged inside */
} piece;

typedef struct {
    int width, height;
    size_t edge_count;
    float *smooth; /* 3 a pixel */
    edge *edges;   /* sorted: least difference first */
    piece *pieces; /* one a pixel to begin with */
} work;

static void free_work(work *w) {
    cf_free(w->smooth);
    cf_free(w->edges);
    cf_free(w->pieces);
}

static cf_status alloc_work(const cf_image *photo, work *w) {
    size_t pixels = (size_t)photo->width * (size_t)photo->height;
    *w = (work){.width = photo->width, .height = photo->height};
    w->smooth = cf_alloc(3 * pixels, sizeof *w->smooth);
    w->edges = cf_alloc(2 * pixels, sizeof *w->edges);
    w->pieces = cf_alloc(pixels, sizeof *w->pieces);
    if (w->smooth && w->edges && w->pieces)
        return CF_OK;
    free_work(w);
    return CF_ERR_MEMORY;
}

/* Square roots of light, weighted 1 2 1 in both directions. */
static void smooth(const cf_image *photo, work *w) {
    for (int y = 0; y < w->height; y++)
        for (int x = 0; x < w->width; x++)
            for (int c = 0; c < 3; c++) {
                float sum = 0;
                for (int j = -1; j <= 1; j++)
                    for (int i = -1; i <= 1; i++) {
                        int v = y + j < 0 ? 0 : y + j >= w->height ? w->height - 1 : y + j;
                        int u = x + i < 0 ? 0 : x + i >= w->width ? w->width - 1 : x + i;
                        const float *row = cf_image_row(photo, 0, v);
                        sum += (float)((2 - abs(i)) * (2 - abs(j))) * sqrtf(row[3 * u + c]);
                    }
                w->smooth[3 * (y * w->width + x) + c] = sum / 16;
            }
}

static void add_edge(work *w, int a, int b) {
    float square = 0;
    for (int c = 0; c < 3; c++) {
        float d = w->smooth[3 * a + c] - w->smooth[3 * b + c];
        square += d * d;
    }
    w->edges[w->edge_count++] = (edge){sqrtf(square), a, b};
}

static int least_first(const void *a, const void *b) {
    const edge *x = a, *y = b;
    if (x->difference != y->difference)
        return x->difference < y->difference ? -1 : 1;
    return x->a != y->a ? x->a - y->a : x->b - y->b; /* the same on every machine */
}

static void list_edges(work *w) {
    for (int y = 0; y < w->height; y++)
        for (int x = 0; x < w->width; x++) {
            int here = y * w->width + x;
            w->pieces[here] = (piece){.parent = here, .size = 1};
            if (x + 1 < w->width)
                add_edge(w, here, here + 1);
            if (y + 1 < w->height)
                add_edge(w, here, here + w->width);
        }
    qsort(w->edges, w->edge_count, sizeof *w->edges, least_first);
}

static int root(const work *w, int i) {
    while (w->pieces[i].parent != i)
        i = w->pieces[i].parent = w->pieces[w->pieces[i].parent].parent;
    return i;
}

static void join(work *w, int a, int b, float difference) {
    piece *large = &w->pieces[a], *small = &w->pieces[b];
    if (large->size < small->size) {
        piece *swap = large;
        large = small;
        small = swap;
    }
    small->parent = large->parent;
    large->size += small->size;
    large->most = difference; /* edges come by rising difference */
}

static void join_alike(work *w, float coarseness) {
    for (size_t i = 0; i < w->edge_count; i++) {
        const edge *e = &w->edges[i];
        int a = root(w, e->a), b = root(w, e->b);
        const piece *p = &w->pieces[a], *q = &w->pieces[b];
        if (a != b && e->difference <= fminf(p->most + coarseness / (float)p->size,
                                             q->most + coarseness / (float)q->size))
            join(w, a, b, e->difference);
    }
}

/* Joins pieces of fewer pixels, most alike first; how many are left. */
static int join_small(work *w, int least_area) {
    int left = 0;
    for (size_t i = 0; i < w->edge_count; i++) {
        const edge *e = &w->edges[i];
        int a = root(w, e->a), b = root(w, e->b);
        if (a != b && (w->pieces[a].size < least_area || w->pieces[b].size < least_area))
            join(w, a, b, e->difference);
    }
    for (int i = 0; i < w->width * w->height; i++)
        left += w->pieces[i].parent == i;
    return left;
}

static cf_status number(work *w, cf_image *labels) {
    int next = 0;
    CF_TRY(cf_image_alloc(w->width, w->height, 1, CF_PIXEL_U8, labels));
    for (int i = 0; i < w->width * w->height; i++)
        if (w->pieces[i].parent == i)
            w->pieces[i].most = (float)next++;
    for (int y = 0; y < w->height; y++) {
        unsigned char *row = cf_image_row(labels, 0, y);
        for (int x = 0; x < w->width; x++)
            row[x] = (unsigned char)w->pieces[root(w, y * w->width + x)].most;
    }
    return CF_OK;
}

cf_status cf_regions_cut(const cf_image *photo, double coarseness, int least_area, int most,
                         cf_image *labels, int *count) {
    work w;
    CF_TRY(alloc_work(photo, &w));
    smooth(photo, &w);
    list_edges(&w);
    join_alike(&w, (float)coarseness);
    while ((*count = join_small(&w, least_area)) > most)
        least_area += least_area / 4 + 1;
    cf_status status = number(&w, labels);
    free_work(&w);
    return status;
}
