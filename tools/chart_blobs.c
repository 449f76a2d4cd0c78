/* SPDX-License-Identifier: Apache-2.0 */
/* Even regions by connected components of small gradient. */
#include "tools/chart_blobs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define MIN_AREA 9
#define MAX_SHARE 24 /* a patch is at most this part of the picture */
#define MIN_SHAPE 0.8
#define MAX_SHAPE 1.08
#define MAX_ASPECT 4.0
#define SAME_PLACE 0.3 /* of the side: two finds of one patch */

static const float thresholds[] = {0.006F, 0.01F, 0.016F, 0.025F, 0.04F, 0.06F, 0.09F};

typedef struct {
    int width, height;
    float *gradient; /* largest of the planes */
    int *stack;
    unsigned char *seen;
    cf_blob blobs[CF_BLOBS_MAX];
    int count;
} work;

/* Light below which all but one in 200 pixels lie, by a histogram of roots. */
static float white_of(const cf_image *picture) {
    unsigned counts[1024] = {0};
    float most = 1e-9F;
    size_t seen = 0, all = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int p = 0; p < picture->planes; p++)
            for (int y = 0; y < picture->height; y++) {
                const float *row = cf_image_row(picture, p, y);
                for (int x = 0; x < picture->width; x++) {
                    float v = row[x] > 0 ? row[x] : 0; /* NaN: 0 */
                    if (!pass)
                        most = fmaxf(most, v);
                    else
                        counts[(int)(1023 * fminf(sqrtf(v / most), 1))]++;
                    all += (size_t)pass;
                }
            }
    int bin = 1023;
    for (; bin > 0 && seen + counts[bin] < all / 200; bin--)
        seen += counts[bin];
    float root = ((float)bin + 1) / 1024;
    return most * root * root;
}

/* Roots of one plane, smoothed by 1 2 1 in both directions. */
static void smooth_roots(const cf_image *picture, int plane, float white, float *out, float *room) {
    int w = picture->width, h = picture->height;
    for (int y = 0; y < h; y++) {
        const float *row = cf_image_row(picture, plane, y);
        float *to = room + (size_t)y * (size_t)w;
        for (int x = 0; x < w; x++)
            to[x] = row[x] > 0 ? sqrtf(row[x] / white) : 0;
    }
    for (int y = 0; y < h; y++) {
        const float *a = room + (size_t)(y > 0 ? y - 1 : y) * (size_t)w;
        const float *b = room + (size_t)y * (size_t)w;
        const float *c = room + (size_t)(y + 1 < h ? y + 1 : y) * (size_t)w;
        for (int x = 0; x < w; x++) {
            int l = x > 0 ? x - 1 : x, r = x + 1 < w ? x + 1 : x;
            float left = a[l] + 2 * b[l] + c[l], right = a[r] + 2 * b[r] + c[r];
            out[(size_t)y * (size_t)w + (size_t)x] =
                (left + 2 * (a[x] + 2 * b[x] + c[x]) + right) / 16;
        }
    }
}

static void add_gradient(work *k, const float *v) {
    for (int y = 1; y < k->height - 1; y++)
        for (int x = 1; x < k->width - 1; x++) {
            size_t i = (size_t)y * (size_t)k->width + (size_t)x;
            float dx = v[i + 1] - v[i - 1], dy = v[i + (size_t)k->width] - v[i - (size_t)k->width];
            k->gradient[i] = fmaxf(k->gradient[i], sqrtf(dx * dx + dy * dy) / 2);
        }
}

/* Sums over a region. */
typedef struct {
    double n, x, y, xx, yy, xy;
    int border;
} sums;

/* Takes the region around a pixel; 4-connected. */
static sums flood(work *k, int start, float threshold) {
    sums s = {0};
    int top = 0;
    k->stack[top++] = start;
    k->seen[start] = 1;
    while (top) {
        int at = k->stack[--top], x = at % k->width, y = at / k->width;
        s.n++;
        s.x += x;
        s.y += y;
        s.xx += (double)x * x;
        s.yy += (double)y * y;
        s.xy += (double)x * y;
        if (x < 2 || y < 2 || x >= k->width - 2 || y >= k->height - 2) {
            s.border = 1;
            continue; /* neighbours below stay inside the picture */
        }
        const int next[4] = {at - 1, at + 1, at - k->width, at + k->width};
        for (int i = 0; i < 4; i++)
            if (!k->seen[next[i]] && k->gradient[next[i]] < threshold) {
                k->seen[next[i]] = 1;
                k->stack[top++] = next[i];
            }
    }
    return s;
}

static int regular(const work *k, const sums *s, cf_blob *out) {
    double area = (double)k->width * k->height;
    if (s->border || s->n < MIN_AREA || s->n * MAX_SHARE > area)
        return 0;
    double x = s->x / s->n, y = s->y / s->n;
    /* a pixel is a square of 1: + 1/12 */
    double xx = s->xx / s->n - x * x + 1.0 / 12, yy = s->yy / s->n - y * y + 1.0 / 12;
    double xy = s->xy / s->n - x * y, det = xx * yy - xy * xy;
    double middle = (xx + yy) / 2, spread = sqrt(fmax(0, middle * middle - det));
    if (!(det > 0) || middle + spread > MAX_ASPECT * MAX_ASPECT * (middle - spread))
        return 0;
    *out = (cf_blob){x, y, s->n, s->n / (12 * sqrt(det))};
    return out->shape > MIN_SHAPE && out->shape < MAX_SHAPE;
}

static double oddness(const cf_blob *b) {
    return fabs(b->shape - 1) + 1 / b->area;
}

/* Keeps the larger of two finds of one patch, and the most regular ones where there are too many.
 */
static void keep(work *k, const cf_blob *b) {
    int worst = 0;
    for (int i = 0; i < k->count; i++) {
        cf_blob *old = &k->blobs[i];
        double near = SAME_PLACE * sqrt(fmin(b->area, old->area));
        if (hypot(b->x - old->x, b->y - old->y) < near + 1) {
            if (b->area > old->area && b->area < 3 * old->area)
                *old = *b;
            return;
        }
        if (oddness(old) > oddness(&k->blobs[worst]))
            worst = i;
    }
    if (k->count < CF_BLOBS_MAX)
        k->blobs[k->count++] = *b;
    else if (oddness(b) < oddness(&k->blobs[worst]))
        k->blobs[worst] = *b;
}

static void collect(work *k, float threshold) {
    int all = k->width * k->height;
    memset(k->seen, 0, (size_t)all);
    for (int i = 0; i < all; i++) {
        cf_blob b;
        if (k->seen[i] || k->gradient[i] >= threshold)
            continue;
        sums s = flood(k, i, threshold);
        if (regular(k, &s, &b))
            keep(k, &b);
    }
}

int cf_chart_blobs(const cf_image *picture, cf_blob *out) {
    size_t all = (size_t)picture->width * (size_t)picture->height;
    work *k = cf_alloc(1, sizeof *k);
    float *room = cf_alloc(3 * all, sizeof *room);
    int *stack = cf_alloc(all, sizeof *stack), count = -1;
    unsigned char *seen = cf_alloc(all, 1);
    if (k && room && stack && seen) {
        float white = white_of(picture);
        *k = (work){.width = picture->width,
                    .height = picture->height,
                    .gradient = room,
                    .stack = stack,
                    .seen = seen};
        for (int p = 0; p < picture->planes; p++) {
            smooth_roots(picture, p, white, room + all, room + 2 * all);
            add_gradient(k, room + all);
        }
        for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++)
            collect(k, thresholds[i]);
        count = k->count;
        memcpy(out, k->blobs, (size_t)count * sizeof *out);
    }
    cf_free(k);
    cf_free(room);
    cf_free(stack);
    cf_free(seen);
    return count;
}
