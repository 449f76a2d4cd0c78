/* SPDX-License-Identifier: Apache-2.0 */
/* A target through a lens: rays on a coarse grid, places on the card, area sampling, blur. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/scene_noise.h"
#include "capture/target.h"

#define STEP 8       /* pixels between the rays that the lens model is asked for */
#define TAPS_MAX 31  /* of the blur */
#define SUBSAMPLES 2 /* boxes per pixel and direction */

struct cf_target_view {
    int width, height, columns, rows;
    double rotation[9], translation[3]; /* rig -> camera */
    double *rays; /* unit rays of the nodes; NaN where the lens sees nothing */
};

void cf_target_view_destroy(cf_target_view **view) {
    if (!view || !*view)
        return;
    cf_free((*view)->rays);
    cf_free(*view);
    *view = NULL;
}

/* Nodes span the picture from its first to its last pixel centre. */
static int nodes(int side) {
    int n = side / STEP + 1;
    return n < 4 ? 4 : n;
}

static void ask_rays(const cf_camera_model *model, cf_target_view *v) {
    for (int r = 0; r < v->rows; r++)
        for (int c = 0; c < v->columns; c++) {
            const double pixel[2] = {c * (v->width - 1.0) / (v->columns - 1),
                                     r * (v->height - 1.0) / (v->rows - 1)};
            double *ray = v->rays + 3 * ((size_t)r * (size_t)v->columns + (size_t)c);
            if (!cf_camera_model_unproject(model, pixel, ray))
                ray[0] = ray[1] = ray[2] = NAN;
        }
}

cf_status cf_target_view_create(const cf_camera_model *model, cf_target_view **out) {
    *out = NULL;
    cf_target_view *v = cf_alloc(1, sizeof *v);
    if (!v)
        return CF_ERR_MEMORY;
    cf_camera_model_size(model, &v->width, &v->height);
    cf_camera_model_pose(model, v->rotation, v->translation);
    v->columns = nodes(v->width);
    v->rows = nodes(v->height);
    v->rays = cf_alloc((size_t)v->columns * (size_t)v->rows * 3, sizeof *v->rays);
    if (!v->rays) {
        cf_target_view_destroy(&v);
        return CF_ERR_MEMORY;
    }
    ask_rays(model, v);
    *out = v;
    return CF_OK;
}

/* Cubic Lagrange weights for `at` (in nodes) of `count` nodes; the first node of the four. */
static int lagrange(double at, int count, double w[4]) {
    int first = (int)floor(at) - 1;
    first = first < 0 ? 0 : first > count - 4 ? count - 4 : first;
    double t = at - first;
    w[0] = -(t - 1) * (t - 2) * (t - 3) / 6;
    w[1] = t * (t - 2) * (t - 3) / 2;
    w[2] = -t * (t - 1) * (t - 3) / 2;
    w[3] = t * (t - 1) * (t - 2) / 6;
    return first;
}

/* Rays of a picture row at all columns of nodes. */
static void row_rays(const cf_target_view *v, int y, double *row) {
    double w[4];
    const double scale = v->height > 1 ? (v->rows - 1) / (v->height - 1.0) : 0;
    const size_t pitch = 3 * (size_t)v->columns;
    const double *node = v->rays + (size_t)lagrange(y * scale, v->rows, w) * pitch;
    for (size_t i = 0; i < pitch; i++)
        row[i] = w[0] * node[i] + w[1] * node[pitch + i] + w[2] * node[2 * pitch + i] +
                 w[3] * node[3 * pitch + i];
}

static void ray_at(const cf_target_view *v, const double *row, int x, double ray[3]) {
    double w[4];
    const double scale = v->width > 1 ? (v->columns - 1) / (v->width - 1.0) : 0;
    const double *node = row + 3 * lagrange(x * scale, v->columns, w);
    for (int i = 0; i < 3; i++)
        ray[i] = w[0] * node[i] + w[1] * node[3 + i] + w[2] * node[6 + i] + w[3] * node[9 + i];
}

/* Where a camera stands in other coordinates, and how its rays turn into them: q = m^T (p - b). */
typedef struct {
    double turn[9], origin[3];
} frame_of;

static frame_of inverse(const double m[9], const double b[3]) {
    frame_of f = {0};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            f.turn[3 * i + j] = m[3 * j + i];
            f.origin[i] -= m[3 * j + i] * b[j];
        }
    return f;
}

static frame_of card_frame(const cf_target_view *v, const cf_target *t) {
    double m[9] = {0}, b[3];
    for (int i = 0; i < 3; i++) {
        b[i] = v->translation[i];
        for (int k = 0; k < 3; k++) {
            b[i] += v->rotation[3 * i + k] * t->translation[k];
            for (int j = 0; j < 3; j++)
                m[3 * i + j] += v->rotation[3 * i + k] * t->rotation[3 * k + j];
        }
    }
    return inverse(m, b);
}

static void turned(const frame_of *f, const double ray[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] =
            f->turn[3 * i] * ray[0] + f->turn[3 * i + 1] * ray[1] + f->turn[3 * i + 2] * ray[2];
}

/* Where a ray meets the card, or its plane continued; NaN when it never does, or from behind. */
static void meet(const cf_target *t, const frame_of *f, const double half[2], const double ray[3],
                 double xy[2]) {
    double e[3], z = 0;
    turned(f, ray, e);
    xy[0] = xy[1] = NAN;
    for (int i = 0; i < (t->warp_m != 0 ? 6 : 1); i++) { /* the card's depth: fixed-point */
        double k = (z - f->origin[2]) / e[2];
        if (!(e[2] > 1e-9) || !(k > 0))
            return;
        xy[0] = f->origin[0] + k * e[0];
        xy[1] = f->origin[1] + k * e[1];
        double u = fmin(fabs(xy[0] / half[0]), 2), v = fmin(fabs(xy[1] / half[1]), 2);
        z = t->warp_m * (1 - (u * u + v * v) / 2);
    }
}

/* The wall: soft blotches, a little coloured; one look per pixel. */
static void wall_color(const cf_target *t, const frame_of *rig, const double ray[3], float rgb[3]) {
    double e[3], k;
    turned(rig, ray, e);
    k = (t->wall_m - rig->origin[2]) / e[2];
    rgb[0] = rgb[1] = rgb[2] = 0;
    if (!(t->wall_m > 0) || !(e[2] > 1e-3) || !(k > 0))
        return;
    double x = rig->origin[0] + k * e[0], y = rig->origin[1] + k * e[1];
    double gray = 0.1 + 0.35 * cf_noise_sum(3 * x / t->wall_m, 3 * y / t->wall_m, 0.05, 3, 71);
    double warm = 0.1 * (cf_noise_at(2 * x / t->wall_m, 2 * y / t->wall_m, 72) - 0.5);
    rgb[0] = (float)(t->light * (gray + warm));
    rgb[1] = (float)(t->light * gray);
    rgb[2] = (float)(t->light * (gray - warm));
}

/* First pass: the wall's colour for every pixel, and where on the card it looks. */
static void look(const cf_target_view *v, const cf_target *t, double *row, double *places,
                 const cf_image *out) {
    const frame_of card = card_frame(v, t), rig = inverse(v->rotation, v->translation);
    double half[2], ray[3];
    cf_target_half_size(t, half);
    for (int y = 0; y < v->height; y++) {
        float *rgb = cf_image_row(out, 0, y);
        row_rays(v, y, row);
        for (int x = 0; x < v->width; x++, rgb += 3, places += 2) {
            ray_at(v, row, x, ray);
            wall_color(t, &rig, ray, rgb);
            meet(t, &card, half, ray, places);
        }
    }
}

/* Card coordinates per pixel step: the mean of both sides, or the one that there is. */
static double slope(double before, double here, double after) {
    double a = here - before, b = after - here;
    if (isfinite(a) && isfinite(b))
        return (a + b) / 2;
    return isfinite(a) ? a : isfinite(b) ? b : 0;
}

/* The card's part of one pixel, laid over what is behind. */
static void cover_pixel(const cf_target *t, const double place[2], const double dx[2],
                        const double dy[2], float rgb[3]) {
    const double width[2] = {hypot(dx[0], dy[0]) / SUBSAMPLES, hypot(dx[1], dy[1]) / SUBSAMPLES};
    double sum[3] = {0}, covered = 0;
    for (int i = 0; i < SUBSAMPLES * SUBSAMPLES; i++) {
        double sx = (i % SUBSAMPLES + 0.5) / SUBSAMPLES - 0.5;
        double sy = (i / SUBSAMPLES + 0.5) / SUBSAMPLES - 0.5;
        double color[3], cover;
        cf_target_color(t, place[0] + sx * dx[0] + sy * dy[0], place[1] + sx * dx[1] + sy * dy[1],
                        width, color, &cover);
        covered += cover;
        for (int c = 0; c < 3; c++)
            sum[c] += cover * color[c];
    }
    const double share = 1.0 / (SUBSAMPLES * SUBSAMPLES);
    for (int c = 0; c < 3; c++)
        rgb[c] = (float)((1 - covered * share) * (double)rgb[c] + t->light * sum[c] * share);
}

/* Second pass: the card over the wall. */
static void cover(const cf_target_view *v, const cf_target *t, const double *places,
                  const cf_image *out) {
    double half[2];
    cf_target_half_size(t, half);
    for (int y = 0; y < v->height; y++) {
        float *rgb = cf_image_row(out, 0, y);
        for (int x = 0; x < v->width; x++, rgb += 3) {
            const double *p = places + 2 * ((size_t)y * (size_t)v->width + (size_t)x);
            const double *left = x ? p - 2 : p, *right = x + 1 < v->width ? p + 2 : p;
            const double *up = y ? p - 2 * v->width : p;
            const double *down = y + 1 < v->height ? p + 2 * v->width : p;
            if (!isfinite(p[0]) || fabs(p[0]) > 1.5 * half[0] || fabs(p[1]) > 1.5 * half[1])
                continue;
            double dx[2], dy[2];
            for (int i = 0; i < 2; i++) {
                dx[i] = slope(left == p ? NAN : left[i], p[i], right == p ? NAN : right[i]);
                dy[i] = slope(up == p ? NAN : up[i], p[i], down == p ? NAN : down[i]);
            }
            cover_pixel(t, p, dx, dy, rgb);
        }
    }
}

/* Weights of a normal blur; how many to each side. */
static int blur_taps(double sigma, float taps[TAPS_MAX]) {
    int radius = sigma > 0 ? (int)fmin(ceil(4 * sigma), TAPS_MAX / 2.0 - 0.5) : 0;
    double sum = 0;
    for (int i = -radius; i <= radius; i++)
        sum += exp(-i * i / (2 * sigma * sigma + 1e-12));
    for (int i = -radius; i <= radius; i++)
        taps[i + radius] = (float)(exp(-i * i / (2 * sigma * sigma + 1e-12)) / sum);
    return radius;
}

static int clamp(int i, int n) {
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Along rows from `in` to `out`, or along columns. */
static void blur_pass(const cf_image *in, const cf_image *out, const float *taps, int radius,
                      int along_columns) {
    for (int y = 0; y < in->height; y++) {
        float *to = cf_image_row(out, 0, y);
        memset(to, 0, (size_t)in->width * 3 * sizeof *to);
        for (int i = -radius; i <= radius; i++) {
            const float w = taps[i + radius];
            const float *from = cf_image_row(in, 0, along_columns ? clamp(y + i, in->height) : y);
            for (int x = 0; x < in->width; x++) {
                const float *p = from + 3 * (along_columns ? x : clamp(x + i, in->width));
                for (int c = 0; c < 3; c++)
                    to[3 * x + c] += w * p[c];
            }
        }
    }
}

static cf_status blur(const cf_image *image, double sigma) {
    float taps[TAPS_MAX];
    cf_image between;
    int radius = blur_taps(sigma, taps);
    if (!radius)
        return CF_OK;
    CF_TRY(cf_image_alloc(image->width, image->height, 1, CF_PIXEL_RGBF32, &between));
    blur_pass(image, &between, taps, radius, 0);
    blur_pass(&between, image, taps, radius, 1);
    cf_image_free(&between);
    return CF_OK;
}

static void vignette(const cf_image *image, double amount) {
    const double cx = (image->width - 1) / 2.0, cy = (image->height - 1) / 2.0;
    const double corner = fmax(cx * cx + cy * cy, 1);
    for (int y = 0; y < image->height && amount > 0; y++) {
        float *row = cf_image_row(image, 0, y);
        for (int x = 0; x < image->width * 3; x++) {
            double dx = x / 3 - cx, dy = y - cy;
            row[x] *= (float)(1 - amount * (dx * dx + dy * dy) / corner);
        }
    }
}

static cf_status draw(const cf_target_view *v, const cf_target *t, const cf_image *out) {
    size_t pixels = (size_t)v->width * (size_t)v->height;
    double *row = cf_alloc((size_t)v->columns * 3, sizeof *row);
    double *places = cf_alloc(pixels * 2, sizeof *places);
    if (row && places) {
        look(v, t, row, places, out);
        cover(v, t, places, out);
    }
    cf_status status = row && places ? CF_OK : CF_ERR_MEMORY;
    cf_free(row);
    cf_free(places);
    return status;
}

static int is_sane(const cf_target *t) {
    int grid = t->kind == CF_TARGET_CHART
                   ? t->colors != NULL
                   : t->columns >= 2 && t->columns <= 200 && t->rows >= 2 && t->rows <= 200;
    return grid && t->pitch_m >= 1e-4 && t->pitch_m <= 10 && isfinite(t->warp_m) &&
           isfinite(t->translation[2]) && t->light >= 0;
}

cf_status cf_target_render(const cf_target_view *v, const cf_target *t,
                           const cf_target_optics *optics, cf_image *out) {
    *out = (cf_image){0};
    if ((t && !is_sane(t)) || !(optics->blur_px >= 0 && optics->blur_px <= 5) ||
        !(optics->vignetting >= 0 && optics->vignetting <= 1))
        return cf_fail(CF_ERR_INVALID, "simulator: cannot render this target");
    CF_TRY(cf_image_alloc(v->width, v->height, 1, CF_PIXEL_RGBF32, out));
    cf_status status = CF_OK;
    if (t)
        status = draw(v, t, out);
    for (int y = 0; y < v->height && !t; y++)
        for (int x = 0; x < v->width * 3; x++)
            ((float *)cf_image_row(out, 0, y))[x] = 1;
    if (status == CF_OK && t)
        status = blur(out, optics->blur_px);
    vignette(out, optics->vignetting);
    if (status != CF_OK)
        cf_image_free(out);
    return status;
}
