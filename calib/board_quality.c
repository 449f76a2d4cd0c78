/* SPDX-License-Identifier: Apache-2.0 */
/* Cross-validation and jackknife of board calibrations. */
#include "calib/board_quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/board_internal.h"

static void rotate(const double r[9], const double v[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] = r[3 * i] * v[0] + r[3 * i + 1] * v[1] + r[3 * i + 2] * v[2];
}

/* Both cameras' rotations to a rectified grid, whose focal length is the mono camera's: x from lens
 * to lens, z between both views, as cf_rectify turns it but for half and quarter turns. */
typedef struct {
    double mono[9], color[9], focal;
} grid;

static void cross(const double a[3], const double b[3], double out[3]) {
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static cf_status make_grid(const cf_camera_model *mono, const cf_camera_model *color, grid *g) {
    double r[9], t[3], focal[2], view[3], length[2] = {0};
    cf_camera_model_pose(color, r, t); /* the mono camera's own place is the origin */
    cf_camera_model_focal(mono, focal);
    g->focal = focal[1];
    for (int i = 0; i < 3; i++) {
        g->mono[i] = -(r[i] * t[0] + r[3 + i] * t[1] + r[6 + i] * t[2]);
        view[i] = r[6 + i] + (i == 2);
        length[0] += g->mono[i] * g->mono[i];
    }
    for (int i = 0; i < 3; i++)
        g->mono[i] /= sqrt(length[0]);
    cross(view, g->mono, g->mono + 3);
    for (int i = 3; i < 6; i++)
        length[1] += g->mono[i] * g->mono[i];
    if (!(length[0] > 1e-12) || !(length[1] > 1e-12))
        return cf_fail(CF_ERR_INVALID, "the cameras stand one in front of the other, or in one "
                                       "place: there are no rows to compare");
    for (int i = 3; i < 6; i++)
        g->mono[i] /= sqrt(length[1]);
    cross(g->mono, g->mono + 3, g->mono + 6);
    for (int i = 0; i < 9; i++) /* colour camera -> mono camera -> grid */
        g->color[i] = g->mono[i / 3 * 3] * r[i % 3 * 3] +
                      g->mono[i / 3 * 3 + 1] * r[i % 3 * 3 + 1] +
                      g->mono[i / 3 * 3 + 2] * r[i % 3 * 3 + 2];
    return CF_OK;
}

/* Row of a pixel in the rectified grid; NaN where the lens has no ray for it. */
static double row_of(const cf_camera_model *model, const double turn[9], double focal,
                     const double *pixel) {
    double ray[3], v[3];
    if (!isfinite(pixel[0]) || !cf_camera_model_unproject(model, pixel, ray))
        return NAN;
    rotate(turn, ray, v);
    return v[2] > 1e-6 ? focal * v[1] / v[2] : NAN;
}

cf_status cf_board_vertical(const cf_board_set *set, const cf_camera_model *mono,
                            const cf_camera_model *color, const unsigned char *only,
                            double *per_view, double *rms, int *corners) {
    grid g;
    double total = 0;
    int n = set->board.columns * set->board.rows;
    *corners = 0;
    CF_TRY(make_grid(mono, color, &g));
    for (int i = 0; i < set->count; i++) {
        const cf_board_view *v = &set->views[i];
        double sum = 0;
        int used = 0;
        int counts = cf_board_counts(set, NULL, i, 0) && cf_board_counts(set, NULL, i, 1);
        for (int k = 0; k < n && counts && (!only || only[i]); k++) {
            if (!v->ok[0][k] || !v->ok[1][k])
                continue;
            double d = row_of(mono, g.mono, g.focal, v->xy[0] + 2 * k) -
                       row_of(color, g.color, g.focal, v->xy[1] + 2 * k);
            if (!isfinite(d))
                continue;
            sum += d * d;
            used++;
        }
        if (per_view && (!only || only[i]))
            per_view[i] = used ? sqrt(sum / used) : NAN;
        total += sum;
        *corners += used;
    }
    *rms = *corners ? sqrt(total / *corners) : NAN;
    return CF_OK;
}

/* The folds' work on one set. */
typedef struct {
    cf_board_set *set;
    const cf_board_params *params;
    int folds;
    unsigned char *skip, *only;
} folding;

/* Views that count, dealt to the folds in turn, so that neighbours in time are in different ones.
 */
static void deal(const folding *f, int fold) {
    int seen = 0;
    for (int i = 0; i < f->set->count; i++) {
        int counts = cf_board_counts(f->set, NULL, i, 0) || cf_board_counts(f->set, NULL, i, 1);
        f->only[i] = (unsigned char)(counts && seen % f->folds == fold);
        f->skip[i] = (unsigned char)(f->only[i] || (f->params->skip && f->params->skip[i]));
        seen += counts;
    }
}

/* What was left out of the fit of all pictures stays out, and nothing more is: a fold is judged on
 * the same corners. */
static cf_status solve_without(const folding *f, int fold, const char *lens,
                               const cf_board_solution *whole, cf_board_solution *out) {
    cf_board_params params = *f->params;
    deal(f, fold);
    params.lens = lens;
    params.skip = f->skip;
    params.no_outliers = 1;
    params.start = whole;
    return cf_board_solve(f->set, &params, out);
}

static cf_status folding_open(cf_board_set *set, const cf_board_params *params, folding *f) {
    int both = cf_board_seen(set, -1);
    *f = (folding){.set = set, .params = params};
    f->folds = both < CF_BOARD_FOLDS ? both : CF_BOARD_FOLDS;
    f->skip = cf_alloc((size_t)set->count, 1);
    f->only = cf_alloc((size_t)set->count, 1);
    return f->skip && f->only ? CF_OK : CF_ERR_MEMORY;
}

static void folding_close(folding *f) {
    cf_free(f->skip);
    cf_free(f->only);
}

/* Root mean square of what each fold says of the views that it did not see. */
static cf_status heldout(const folding *f, const char *lens, const cf_board_solution *whole,
                         double *rms) {
    double sum = 0;
    int corners = 0;
    for (int fold = 0; fold < f->folds; fold++) {
        cf_board_solution s;
        double part;
        int n;
        CF_TRY(solve_without(f, fold, lens, whole, &s));
        cf_status status = cf_board_vertical(f->set, s.mono, s.color, f->only, NULL, &part, &n);
        cf_board_solution_clear(&s);
        CF_TRY(status);
        sum += n ? part * part * n : 0;
        corners += n;
    }
    *rms = corners ? sqrt(sum / corners) : INFINITY;
    return CF_OK;
}

int cf_board_folds(const cf_camera_model *model) {
    int width, height, blind = 0;
    cf_camera_model_size(model, &width, &height);
    for (int i = 0; i < CF_BOARD_MAP * CF_BOARD_MAP_ROWS; i++) {
        const double q[2] = {i % CF_BOARD_MAP * (width - 1) / (CF_BOARD_MAP - 1.0),
                             i / CF_BOARD_MAP * (height - 1) / (CF_BOARD_MAP_ROWS - 1.0)};
        double ray[3];
        blind += !cf_camera_model_unproject(model, q, ray);
    }
    return blind;
}

cf_status cf_board_choose_lens(cf_board_set *set, const cf_board_params *params,
                               const char **lens) {
    static const char *const lenses[] = {"LENSMODEL_OPENCV4", "LENSMODEL_OPENCV5",
                                         "LENSMODEL_OPENCV8"};
    enum { COUNT = sizeof lenses / sizeof *lenses };
    double rms[COUNT], least = INFINITY;
    folding f;
    cf_board_solution whole;
    cf_board_params one = *params;
    *lens = lenses[1];
    /* The richest lens says which corners are wrong. A poorer one must answer for the same corners:
     * where it does not fit, it would call good ones wrong. */
    one.lens = lenses[COUNT - 1];
    CF_TRY(cf_board_solve(set, &one, &whole));
    cf_board_solution_clear(&whole);
    one.no_outliers = 1;
    cf_status status = folding_open(set, params, &f);
    for (int i = 0; i < COUNT && status == CF_OK; i++) {
        one.lens = lenses[i];
        status = cf_board_solve(set, &one, &whole);
        if (status != CF_OK)
            break;
        status = heldout(&f, lenses[i], &whole, &rms[i]);
        /* no use in a lens that has no ray for a part of the picture */
        rms[i] *= 1 + cf_board_folds(whole.mono) + cf_board_folds(whole.color);
        cf_board_solution_clear(&whole);
        least = fmin(least, rms[i]);
    }
    for (int i = COUNT - 1; i >= 0 && status == CF_OK; i--)
        if (rms[i] <= 1.02 * least)
            *lens = lenses[i];
    folding_close(&f);
    return status;
}

/* Where far points of a grid over the picture are seen by another fit's lens: found by unprojecting
 * with one and projecting with the other, the small turn between both taken out. */
static void compare_lenses(const cf_camera_model *a, const cf_camera_model *b, double *moved) {
    double rays[CF_BOARD_MAP * CF_BOARD_MAP_ROWS][3], back[CF_BOARD_MAP * CF_BOARD_MAP_ROWS][3];
    double ata[9] = {0}, atb[3] = {0}, w[3], r[9];
    int width, height;
    cf_camera_model_size(a, &width, &height);
    for (int i = 0; i < CF_BOARD_MAP * CF_BOARD_MAP_ROWS; i++) {
        const double q[2] = {i % CF_BOARD_MAP * (width - 1) / (CF_BOARD_MAP - 1.0),
                             i / CF_BOARD_MAP * (height - 1) / (CF_BOARD_MAP_ROWS - 1.0)};
        if (!cf_camera_model_unproject(a, q, rays[i]) ||
            !cf_camera_model_unproject(b, q, back[i])) {
            rays[i][0] = NAN;
            continue;
        }
        /* back = rays + w x rays: rows of the cross product matrix, least squares for w */
        const double *v = rays[i];
        const double m[9] = {0, v[2], -v[1], -v[2], 0, v[0], v[1], -v[0], 0};
        for (int e = 0; e < 3; e++)
            for (int x = 0; x < 3; x++) {
                atb[x] += m[3 * e + x] * (back[i][e] - v[e]);
                for (int y = 0; y < 3; y++)
                    ata[3 * x + y] += m[3 * e + x] * m[3 * e + y];
            }
    }
    double det = ata[0] * (ata[4] * ata[8] - ata[5] * ata[7]) -
                 ata[1] * (ata[3] * ata[8] - ata[5] * ata[6]) +
                 ata[2] * (ata[3] * ata[7] - ata[4] * ata[6]);
    for (int k = 0; k < 3; k++) { /* Cramer's rule; the matrix is symmetric */
        double c[9];
        memcpy(c, ata, sizeof c);
        for (int e = 0; e < 3; e++)
            c[3 * e + k] = atb[e];
        w[k] = (c[0] * (c[4] * c[8] - c[5] * c[7]) - c[1] * (c[3] * c[8] - c[5] * c[6]) +
                c[2] * (c[3] * c[7] - c[4] * c[6])) /
               (fabs(det) > 1e-20 ? det : 1e-20);
    }
    cf_rotation_from_vector(w, r);
    for (int i = 0; i < CF_BOARD_MAP * CF_BOARD_MAP_ROWS; i++) {
        const double q[2] = {i % CF_BOARD_MAP * (width - 1) / (CF_BOARD_MAP - 1.0),
                             i / CF_BOARD_MAP * (height - 1) / (CF_BOARD_MAP_ROWS - 1.0)};
        double v[3], p[2];
        moved[i] = NAN;
        if (isnan(rays[i][0]))
            continue;
        rotate(r, rays[i], v);
        if (cf_camera_model_project(b, v, p))
            moved[i] = hypot(p[0] - q[0], p[1] - q[1]);
    }
}

/* Baseline, focal lengths, and rotation vector between the cameras. */
typedef struct {
    double baseline, focal[2], turn[3];
} numbers;

static numbers numbers_of(const cf_camera_model *mono, const cf_camera_model *color) {
    numbers n;
    double k[4], r[9], t[3];
    char lens[CF_LENS_NAME_MAX];
    cf_camera_model_pose(color, r, t);
    cf_rotation_to_vector(r, n.turn);
    n.baseline = sqrt(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]);
    cf_camera_model_lens(mono, lens, k, 4);
    n.focal[0] = k[0];
    cf_camera_model_lens(color, lens, k, 4);
    n.focal[1] = k[0];
    return n;
}

/* Sums of squared deviations of the folds from the fit of everything. */
typedef struct {
    double moved[2][CF_BOARD_MAP * CF_BOARD_MAP_ROWS], baseline, focal[2], turn;
} deviations;

static void add_deviations(const cf_board_solution *whole, const cf_board_solution *fold,
                           deviations *d) {
    double moved[CF_BOARD_MAP * CF_BOARD_MAP_ROWS];
    numbers a = numbers_of(whole->mono, whole->color), b = numbers_of(fold->mono, fold->color);
    for (int c = 0; c < 2; c++) {
        compare_lenses(c ? whole->color : whole->mono, c ? fold->color : fold->mono, moved);
        for (int i = 0; i < CF_BOARD_MAP * CF_BOARD_MAP_ROWS; i++)
            d->moved[c][i] += moved[i] * moved[i];
        d->focal[c] += (a.focal[c] - b.focal[c]) * (a.focal[c] - b.focal[c]);
    }
    d->baseline += (a.baseline - b.baseline) * (a.baseline - b.baseline);
    for (int i = 0; i < 3; i++)
        d->turn += (a.turn[i] - b.turn[i]) * (a.turn[i] - b.turn[i]);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Delete-a-group jackknife: variance = (g - 1) / g * sum of squared deviations (Shao and Tu, "The
 * Jackknife and Bootstrap", 1995, section 2.3). */
static void finish(const deviations *d, int folds, cf_board_quality *out) {
    double factor = (folds - 1.0) / folds, sorted[CF_BOARD_MAP * CF_BOARD_MAP_ROWS] = {0};
    for (int c = 0; c < 2; c++) {
        int n = 0;
        for (int i = 0; i < CF_BOARD_MAP * CF_BOARD_MAP_ROWS; i++) {
            double px = sqrt(factor * d->moved[c][i]);
            out->motion[c][i] = (float)px;
            if (isfinite(px))
                sorted[n++] = px;
        }
        qsort(sorted, (size_t)n, sizeof *sorted, compare);
        out->motion_median[c] = n ? sorted[n / 2] : NAN;
        out->motion_max[c] = n ? sorted[n - 1] : NAN;
        out->focal[c] = sqrt(factor * d->focal[c]);
    }
    out->baseline_m = sqrt(factor * d->baseline);
    out->rotation_rad = sqrt(factor * d->turn);
}

static cf_status judge(const folding *f, const cf_board_solution *solution, const char *lens,
                       int (*done)(void *, int, int), void *user, cf_board_quality *out) {
    deviations d;
    double sum = 0;
    int corners = 0;
    memset(&d, 0, sizeof d);
    for (int fold = 0; fold < f->folds; fold++) {
        cf_board_solution s;
        double part;
        int n;
        CF_TRY(solve_without(f, fold, lens, solution, &s));
        cf_status status =
            cf_board_vertical(f->set, s.mono, s.color, f->only, out->view_px, &part, &n);
        if (status == CF_OK)
            add_deviations(solution, &s, &d);
        cf_board_solution_clear(&s);
        CF_TRY(status);
        sum += n ? part * part * n : 0;
        corners += n;
        if (done && !done(user, fold + 1, f->folds))
            return CF_ERR_CANCELLED;
    }
    out->folds = f->folds;
    out->vertical_px = corners ? sqrt(sum / corners) : NAN;
    finish(&d, f->folds, out);
    return CF_OK;
}

cf_status cf_board_judge(cf_board_set *set, const cf_board_params *params,
                         const cf_board_solution *solution, int (*done)(void *, int, int),
                         void *user, cf_board_quality *out) {
    char lens[CF_LENS_NAME_MAX];
    folding f;
    *out = (cf_board_quality){0};
    (void)cf_camera_model_lens(solution->mono, lens, NULL, 0);
    out->view_px = cf_alloc((size_t)set->count, sizeof *out->view_px);
    cf_status status = folding_open(set, params, &f);
    if (status == CF_OK && !out->view_px)
        status = CF_ERR_MEMORY;
    for (int i = 0; i < set->count && out->view_px; i++)
        out->view_px[i] = NAN;
    if (status == CF_OK)
        status = judge(&f, solution, lens, done, user, out);
    folding_close(&f);
    if (status != CF_OK)
        cf_board_quality_clear(out);
    return status;
}

void cf_board_quality_clear(cf_board_quality *quality) {
    cf_free(quality->view_px);
    *quality = (cf_board_quality){0};
}
