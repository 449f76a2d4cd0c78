/* SPDX-License-Identifier: Apache-2.0 */
/* Grey pictures for registration. */
#include "calib/gray.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

#define PEDESTAL 0.01F /* of white: keeps the root from blowing up the noise of black */
#define CELLS_X 20
#define CELLS_Y 16
#define MAX_PER_CELL 4
#define MAX_SIDE 31

cf_status cf_gray_alloc(int width, int height, cf_gray *out) {
    *out = (cf_gray){width, height, cf_alloc((size_t)width * (size_t)height, sizeof(float))};
    return out->v ? CF_OK : CF_ERR_MEMORY;
}

void cf_gray_free(cf_gray *g) {
    cf_free(g->v);
    *g = (cf_gray){0};
}

/* Factor of each mosaic site, so that the mean over a cell is the mono response. */
static void site_gains(const cf_camera_profile *p, const float spectral[3], float gain[4]) {
    int count[3] = {0};
    for (int i = 0; i < 4; i++) {
        gain[i] = p->is_color ? 0 : 1 / (p->white - p->black[i]);
        count[p->cfa[i] % 3]++;
    }
    for (int i = 0; i < 4 && p->is_color; i++) {
        int c = p->cfa[i] % 3;
        gain[i] = 4 * spectral[c] / (float)count[c] / p->neutral[c] / (p->white - p->black[i]);
    }
}

/*
 * A mosaic's brightness at every pixel: of the 3 x 3 around it, weighted 1 2 1 both ways, a quarter
 * goes to each site of the cell, wherever the pixel lies in it.
 */
static void tent(const cf_image *raw, const float gain[4], const float black[4], cf_gray *out) {
    for (int y = 0; y < raw->height; y++)
        for (int x = 0; x < raw->width; x++) {
            float sum = 0;
            for (int j = -1; j <= 1; j++) {
                int row = abs(y + j) < raw->height ? abs(y + j) : y - j; /* mirrored */
                const unsigned short *p = cf_image_row(raw, 0, row);
                for (int i = -1; i <= 1; i++) {
                    int column = abs(x + i) < raw->width ? abs(x + i) : x - i;
                    int site = (row & 1) * 2 + (column & 1);
                    sum += (float)((2 - abs(i)) * (2 - abs(j))) * ((float)p[column] - black[site]) *
                           gain[site];
                }
            }
            out->v[(size_t)y * (size_t)out->width + (size_t)x] = sum / 16;
        }
}

/* Means of bin x bin. */
static void bin_pixels(const cf_image *raw, const float gain[4], const float black[4], int bin,
                       cf_gray *out) {
    float share = 1 / (float)(bin * bin);
    for (int y = 0; y < out->height * bin; y++) {
        const unsigned short *row = cf_image_row(raw, 0, y);
        float *to = out->v + (size_t)(y / bin) * (size_t)out->width;
        const float *g = gain + (y & 1) * 2, *b = black + (y & 1) * 2;
        for (int x = 0; x < out->width; x++)
            for (int k = x * bin; k < (x + 1) * bin; k++)
                to[x] += ((float)row[k] - b[k & 1]) * g[k & 1] * share;
    }
}

cf_status cf_gray_from_raw(const cf_image *raw, const cf_camera_profile *profile,
                           const float spectral[3], int bin, cf_gray *out) {
    float gain[4];
    int width = raw->width / bin, height = raw->height / bin, fine = profile->is_color && bin == 1;
    *out = (cf_gray){0};
    if (width < 1 || height < 1 || (fine && (width < 2 || height < 2)) ||
        (profile->is_color && bin % 2 && !fine))
        return cf_fail(CF_ERR_INVALID, "registration: a picture of %dx%d is too small", raw->width,
                       raw->height);
    CF_TRY(cf_gray_alloc(width, height, out));
    site_gains(profile, spectral, gain);
    if (fine)
        tent(raw, gain, profile->black, out);
    else
        bin_pixels(raw, gain, profile->black, bin, out);
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
        out->v[i] = sqrtf(fmaxf(out->v[i], 0) + PEDESTAL);
    return CF_OK;
}

cf_status cf_gray_half(const cf_gray *in, cf_gray *out) {
    CF_TRY(
        cf_gray_alloc(in->width > 1 ? in->width / 2 : 1, in->height > 1 ? in->height / 2 : 1, out));
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            int right = 2 * x + 1 < in->width, down = 2 * y + 1 < in->height ? in->width : 0;
            const float *p = in->v + 2 * (size_t)y * (size_t)in->width + 2 * (size_t)x;
            out->v[(size_t)y * (size_t)out->width + (size_t)x] =
                (p[0] + p[right] + p[down] + p[down + right]) / 4;
        }
    return CF_OK;
}

/* Smaller eigenvalue of the gradients' second moments over 5 x 5 (Shi and Tomasi, 1994). */
static float corner_strength(const cf_gray *g, int x, int y) {
    float xx = 0, yy = 0, xy = 0;
    for (int j = -2; j <= 2; j++) {
        const float *p = g->v + (size_t)(y + j) * (size_t)g->width + x;
        for (int i = -2; i <= 2; i++) {
            float dx = p[i + 1] - p[i - 1], dy = p[i + g->width] - p[i - g->width];
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
    }
    return 0.5F * (xx + yy - sqrtf((xx - yy) * (xx - yy) + 4 * xy * xy));
}

/* The strongest corners of one cell that lie at least 3 pixels apart. */
static int cell_corners(const float *strength, int width, int x0, int x1, int y0, int y1, int max,
                        cf_gray_match *out) {
    int count = 0;
    while (count < max) {
        cf_gray_match best = {.score = 0};
        for (int y = y0; y < y1; y++)
            for (int x = x0; x < x1; x++) {
                float s = strength[(size_t)y * (size_t)width + (size_t)x];
                int free = s > best.score;
                for (int i = 0; i < count && free; i++)
                    free = fabsf(out[i].x - (float)x) > 3 || fabsf(out[i].y - (float)y) > 3;
                if (free)
                    best = (cf_gray_match){.x = (float)x, .y = (float)y, .score = s};
            }
        if (!(best.score > 0))
            break;
        out[count++] = best;
    }
    return count;
}

int cf_gray_corners(const cf_gray *g, int margin, int max, cf_gray_match *out) {
    margin = margin < 3 ? 3 : margin;
    int w = g->width - 2 * margin, h = g->height - 2 * margin, count = 0;
    if (w < CELLS_X || h < CELLS_Y || max < 1)
        return 0;
    float *strength = cf_alloc((size_t)g->width * (size_t)g->height, sizeof *strength);
    if (!strength)
        return 0;
    for (int y = margin; y < g->height - margin; y++)
        for (int x = margin; x < g->width - margin; x++)
            strength[(size_t)y * (size_t)g->width + (size_t)x] = corner_strength(g, x, y);
    int per_cell = max / (CELLS_X * CELLS_Y);
    per_cell = per_cell < 1 ? 1 : per_cell > MAX_PER_CELL ? MAX_PER_CELL : per_cell;
    for (int c = 0; c < CELLS_X * CELLS_Y && count + per_cell <= max; c++) {
        int cx = c % CELLS_X, cy = c / CELLS_X;
        count += cell_corners(strength, g->width, margin + w * cx / CELLS_X,
                              margin + w * (cx + 1) / CELLS_X, margin + h * cy / CELLS_Y,
                              margin + h * (cy + 1) / CELLS_Y, per_cell, out + count);
    }
    cf_free(strength);
    return count;
}

/* The surroundings of a point, mean 0 and norm 1; 0 when they are flat or leave the picture. */
static int take_patch(const cf_gray *g, int radius, int x, int y, float *patch) {
    int side = 2 * radius + 1;
    float sum = 0, square = 0;
    if (radius < 0 || x < radius || y < radius || x + radius >= g->width || y + radius >= g->height)
        return 0;
    for (int j = 0; j < side; j++) {
        const float *row = g->v + (size_t)(y - radius + j) * (size_t)g->width + x - radius;
        for (int i = 0; i < side; i++) {
            patch[j * side + i] = row[i];
            sum += row[i];
        }
    }
    for (int i = 0; i < side * side; i++) {
        patch[i] -= sum / (float)(side * side);
        square += patch[i] * patch[i];
    }
    if (!(square > 1e-12F))
        return 0;
    for (int i = 0; i < side * side; i++)
        patch[i] /= sqrtf(square);
    return 1;
}

static float correlate(const cf_gray *g, int radius, int x, int y, const float *patch) {
    int side = 2 * radius + 1;
    float n = (float)(side * side), sum = 0, square = 0, dot = 0;
    if (x < radius || y < radius || x + radius >= g->width || y + radius >= g->height)
        return -2;
    for (int j = 0; j < side; j++) {
        const float *p = g->v + (size_t)(y - radius + j) * (size_t)g->width + x - radius;
        const float *q = patch + j * side;
        for (int i = 0; i < side; i++) {
            sum += p[i];
            square += p[i] * p[i];
            dot += p[i] * q[i];
        }
    }
    float variance = square - sum * sum / n;
    return variance > 1e-9F * n ? dot / sqrtf(variance) : -2; /* NaN: -2, too */
}

/* Where the parabola through three values at -1, 0, 1 has its top. */
static float top_of(float a, float b, float c) {
    float bend = a - 2 * b + c;
    return bend < -1e-9F ? fmaxf(-0.5F, fminf(0.5F, 0.5F * (a - c) / bend)) : 0;
}

/*
 * Standard error of a peak's place: noise moves the slope of a correlation r by
 * sqrt((1 - r^2) k / n), and the slope changes by bend = r k per pixel, where k is the texture's
 * normalised gradient energy.
 */
static float peak_error(float score, float bend, int radius) {
    float n = (float)((2 * radius + 1) * (2 * radius + 1)), r = fmaxf(score, 0.1F);
    return sqrtf(fmaxf(1 - r * r, 1e-4F) / (r * fmaxf(bend, 1e-4F) * n));
}

void cf_gray_search(const cf_gray *left, const cf_gray *right, int radius, cf_gray_range range,
                    float margin, cf_gray_match *m) {
    float patch[MAX_SIDE * MAX_SIDE] = {0}, best = -2, second = -2;
    int x = (int)m->x, y = (int)m->y, bd = 0, bv = 0;
    m->score = -2;
    if (2 * radius + 1 > MAX_SIDE || !take_patch(left, radius, x, y, patch))
        return;
    for (int v = range.v0; v <= range.v1; v++)
        for (int d = range.d0; d <= range.d1; d++) {
            float score = correlate(right, radius, x - d, y + v, patch);
            int near = (d - bd) * (d - bd) <= 4 && (v - bv) * (v - bv) <= 4;
            if (score > best) {
                if (!near)
                    second = best;
                best = score;
                bd = d;
                bv = v;
            } else if (score > second && !near) {
                second = score;
            }
        }
    if (!(best > second + margin) || bd == range.d0 || bd == range.d1 || bv == range.v0 ||
        bv == range.v1)
        return;
    float l = correlate(right, radius, x - bd + 1, y + bv, patch);
    float r = correlate(right, radius, x - bd - 1, y + bv, patch);
    float u = correlate(right, radius, x - bd, y + bv - 1, patch);
    float w = correlate(right, radius, x - bd, y + bv + 1, patch);
    m->score = best;
    m->d = (float)bd + (l > -2 && r > -2 ? top_of(l, best, r) : 0);
    m->v = (float)bv + (u > -2 && w > -2 ? top_of(u, best, w) : 0);
    m->sigma = peak_error(best, u > -2 && w > -2 ? 2 * best - u - w : 0, radius);
}
