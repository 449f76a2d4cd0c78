/* SPDX-License-Identifier: Apache-2.0 */
/* The board calibration's least squares, by libmrcal. */
#include <math.h>
#include <mrcal/mrcal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/board_internal.h"

#define MAX_LENS 16       /* intrinsics of the richest lens */
#define WARP_VIEWS 8      /* of both cameras, from which on the board's bend is estimated */
#define OUTLIER 4.5       /* robust standard deviations */
#define LEAST_OUTLIER 0.1 /* pixels: what is nearer is never an outlier */
#define ROUNDS 6
#define BAD_SHARE 0.35 /* of a picture's corners left out, from which on none of it counts */

/* mrcal's view of the problem. */
typedef struct {
    cf_board_set *set;
    const cf_board_params *params;
    mrcal_lensmodel_t lens;
    const char *lens_name;
    int lens_count, corners;
    double intrinsics[2 * MAX_LENS];
    mrcal_pose_t color; /* mono -> colour */
    mrcal_pose_t *frames;
    mrcal_calobject_warp_t warp;
    mrcal_observation_board_t *observations;
    mrcal_point3_t *pool;
    double *x; /* residuals, projected minus found */
    int *frame_view, *observation_view;
    int frame_count, observation_count;
    int sizes[4];
} problem;

static void problem_free(problem *p) {
    cf_free(p->frames);
    cf_free(p->observations);
    cf_free(p->pool);
    cf_free(p->x);
    cf_free(p->frame_view);
    cf_free(p->observation_view);
}

static int camera_of(const problem *p, int observation) {
    return p->observations[observation].icam.intrinsics;
}

/* Room for everything, whatever counts later. */
static cf_status problem_alloc(problem *p) {
    size_t views = (size_t)p->set->count, corners = (size_t)p->corners;
    p->frames = cf_alloc(views, sizeof *p->frames);
    p->observations = cf_alloc(2 * views, sizeof *p->observations);
    p->pool = cf_alloc(2 * views * corners, sizeof *p->pool);
    p->x = cf_alloc(4 * views * corners + 64, sizeof *p->x);
    p->frame_view = cf_alloc(views, sizeof *p->frame_view);
    p->observation_view = cf_alloc(2 * views, sizeof *p->observation_view);
    return p->frames && p->observations && p->pool && p->x && p->frame_view && p->observation_view
               ? CF_OK
               : CF_ERR_MEMORY;
}

static void add_observation(problem *p, int view, int camera) {
    const cf_board_view *v = &p->set->views[view];
    mrcal_point3_t *out = p->pool + (size_t)p->observation_count * (size_t)p->corners;
    for (int i = 0; i < p->corners; i++) {
        int good = v->ok[camera][i] && isfinite(v->xy[camera][2 * i]) &&
                   isfinite(v->xy[camera][2 * i + 1]);
        out[i].x = isfinite(v->xy[camera][2 * i]) ? v->xy[camera][2 * i] : 0;
        out[i].y = isfinite(v->xy[camera][2 * i + 1]) ? v->xy[camera][2 * i + 1] : 0;
        out[i].z = good ? 1 : -1;
    }
    p->observations[p->observation_count] = (mrcal_observation_board_t){
        .icam = {.intrinsics = camera, .extrinsics = camera - 1}, .iframe = p->frame_count};
    p->observation_view[p->observation_count++] = view;
}

/* What counts now, in mrcal's order; poses of views that counted before are kept by the caller. */
static void gather(problem *p, const cf_board_pose *poses) {
    p->frame_count = p->observation_count = 0;
    for (int i = 0; i < p->set->count; i++) {
        int seen = 0;
        if (isnan(poses[i].rt[0]))
            continue;
        for (int c = 0; c < 2; c++)
            if (cf_board_counts(p->set, p->params->skip, i, c)) {
                add_observation(p, i, c);
                seen = 1;
            }
        if (!seen)
            continue;
        memcpy(p->frames[p->frame_count].r.xyz, poses[i].rt, 3 * sizeof(double));
        memcpy(p->frames[p->frame_count].t.xyz, poses[i].rt + 3, 3 * sizeof(double));
        p->frame_view[p->frame_count++] = i;
    }
}

static void keep_poses(const problem *p, cf_board_pose *poses) {
    for (int f = 0; f < p->frame_count; f++) {
        double *rt = poses[p->frame_view[f]].rt;
        memcpy(rt, p->frames[f].r.xyz, 3 * sizeof *rt);
        memcpy(rt + 3, p->frames[f].t.xyz, 3 * sizeof *rt);
    }
}

/* One least squares fit; mrcal rejects nothing itself, for it would print what it does. */
static cf_status optimize(problem *p, mrcal_problem_selections_t what) {
    const mrcal_problem_constants_t constants = {.point_min_range = 1e-3, .point_max_range = 1e5};
    int states = mrcal_num_states(2, 1, p->frame_count, 0, 0, p->observation_count, what, &p->lens);
    int measurements =
        mrcal_num_measurements(p->observation_count, 0, p->set->board.columns, p->set->board.rows,
                               2, 1, p->frame_count, 0, 0, what, &p->lens);
    size_t room = 4 * (size_t)p->set->count * (size_t)p->corners + 64;
    if (measurements <= states || (size_t)measurements > room)
        return cf_fail(CF_ERR_INVALID,
                       "%d board corners are too few for %d unknowns: take more "
                       "pictures, or a lens of fewer numbers",
                       measurements / 2, states);
    mrcal_stats_t stats = mrcal_optimize(
        NULL, 0, p->x, (int)(sizeof *p->x) * measurements, p->intrinsics, &p->color, p->frames,
        NULL, &p->warp, 2, 1, p->frame_count, 0, 0, p->observations, NULL, p->observation_count, 0,
        p->pool, &p->lens, p->sizes, what, &constants, p->set->board.square_m,
        p->set->board.columns, p->set->board.rows, false, false);
    if (!(stats.rms_reproj_error__pixels >= 0) || !isfinite(stats.rms_reproj_error__pixels))
        return cf_fail(CF_ERR_INVALID, "the board's pictures do not fit together: the solver found "
                                       "no camera that could have taken them");
    return CF_OK;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double residual_of(const problem *p, int observation, int corner) {
    const double *x = p->x + 2 * ((size_t)observation * (size_t)p->corners + (size_t)corner);
    return hypot(x[0], x[1]);
}

/* Robust standard deviation of one coordinate of one camera's residuals: the median length of a
 * two-dimensional normal deviate is 1.1774 of them. */
static double spread(const problem *p, int camera, double *scratch) {
    size_t n = 0;
    for (int o = 0; o < p->observation_count; o++)
        for (int i = 0; i < p->corners && camera_of(p, o) == camera; i++)
            if (p->pool[(size_t)o * (size_t)p->corners + (size_t)i].z > 0)
                scratch[n++] = residual_of(p, o, i);
    if (!n)
        return 0;
    qsort(scratch, n, sizeof *scratch, compare);
    return scratch[n / 2] / 1.1774;
}

/* Leaves out, in the set, corners that are too far off, and pictures that mostly are. mrcal gives 0
 * for what it left out, so nothing comes back here. Returns how many are new. */
static int reject(problem *p, double *scratch) {
    int fresh = 0;
    for (int c = 0; c < 2; c++) {
        double limit = fmax(OUTLIER * spread(p, c, scratch), LEAST_OUTLIER);
        for (int o = 0; o < p->observation_count; o++) {
            cf_board_view *v = &p->set->views[p->observation_view[o]];
            int bad = 0;
            if (camera_of(p, o) != c)
                continue;
            for (int i = 0; i < p->corners; i++) {
                int off = v->ok[c][i] && !(residual_of(p, o, i) <= limit);
                v->ok[c][i] = (unsigned char)(v->ok[c][i] && !off);
                fresh += off;
                bad += !v->ok[c][i];
            }
            v->left_out[c] = bad > BAD_SHARE * p->corners;
        }
    }
    return fresh;
}

/* A camera that somebody could have: found where a solver went astray, it is not. */
static int is_sane(const problem *p) {
    for (int c = 0; c < 2; c++) {
        const double *k = p->intrinsics + c * p->lens_count;
        double w = p->sizes[2 * c], h = p->sizes[2 * c + 1], side = w > h ? w : h;
        for (int i = 0; i < 2; i++)
            if (!(k[i] > 0.15 * side && k[i] < 100 * side))
                return 0;
        if (!(fabs(k[2] - w / 2) < 0.5 * w && fabs(k[3] - h / 2) < 0.5 * h))
            return 0;
    }
    for (int f = 0; f < p->frame_count; f++)
        if (!(p->frames[f].t.z > 0))
            return 0;
    return 1;
}

/* Geometry first, then the lenses, as mrcal's own tool does; then outliers. *sane 0: the lenses
 * went astray, and nothing was left out. */
static cf_status solve_rounds(problem *p, cf_board_pose *poses, int *sane) {
    mrcal_problem_selections_t what = {.do_optimize_extrinsics = true,
                                       .do_optimize_frames = true,
                                       .do_apply_regularization = true};
    double *scratch = cf_alloc(2 * (size_t)p->set->count * (size_t)p->corners, sizeof *scratch);
    if (!scratch)
        return CF_ERR_MEMORY;
    gather(p, poses);
    cf_status status = p->params->start ? CF_OK : optimize(p, what);
    what.do_optimize_intrinsics_core = true;
    if (status == CF_OK && !p->params->start)
        status = optimize(p, what);
    what.do_optimize_intrinsics_distortions = p->lens_count > 4;
    *sane = 1;
    for (int round = 0; status == CF_OK && round < ROUNDS && *sane; round++) {
        int last = round + 1 == ROUNDS;
        what.do_optimize_calobject_warp =
            !p->params->no_warp && round > 0 && p->observation_count >= 2 * WARP_VIEWS;
        status = optimize(p, what);
        *sane = status == CF_OK && is_sane(p);
        if (!*sane)
            break;
        keep_poses(p, poses);
        if (last || (round > 0 && (p->params->no_outliers || !reject(p, scratch))))
            break;
        gather(p, poses);
    }
    cf_free(scratch);
    return status;
}

/* Residuals of everything that was found, whether it counts or not. */
static cf_status fill_residuals(const problem *p, cf_board_solution *out) {
    double *at = cf_alloc((size_t)p->corners, 2 * sizeof *at);
    if (!at)
        return CF_ERR_MEMORY;
    for (int c = 0; c < 2; c++) {
        double sum = 0;
        for (int i = 0; i < p->set->count; i++) {
            const cf_board_view *v = &p->set->views[i];
            double *r = out->residual[c] + (size_t)i * (size_t)p->corners * 2;
            for (int k = 0; k < 2 * p->corners; k++)
                r[k] = NAN;
            if (!v->xy[c] || isnan(out->poses[i].rt[0]))
                continue;
            cf_board_project(&p->set->board, &out->poses[i], c ? out->color : out->mono,
                             out->warp_m, at);
            for (int k = 0; k < 2 * p->corners; k++)
                r[k] = v->xy[c][k] - at[k];
            for (int k = 0; k < p->corners && cf_board_counts(p->set, p->params->skip, i, c); k++) {
                int good = v->ok[c][k] && isfinite(r[2 * k]) && isfinite(r[2 * k + 1]);
                out->corners[c] += good;
                out->outliers[c] += !v->ok[c][k] && isfinite(v->xy[c][2 * k]);
                if (good)
                    sum += r[2 * k] * r[2 * k] + r[2 * k + 1] * r[2 * k + 1];
            }
        }
        out->rms_px[c] = sqrt(sum / fmax(1, out->corners[c]));
    }
    cf_free(at);
    return CF_OK;
}

static cf_status make_models(const problem *p, cf_board_solution *out) {
    const double *k = p->intrinsics;
    double rt[6];
    memcpy(rt, p->color.r.xyz, 3 * sizeof *rt);
    memcpy(rt + 3, p->color.t.xyz, 3 * sizeof *rt);
    CF_TRY(cf_camera_model_create(p->lens_name, p->sizes[0], p->sizes[1], k, p->lens_count, NULL,
                                  &out->mono));
    return cf_camera_model_create(p->lens_name, p->sizes[2], p->sizes[3], k + p->lens_count,
                                  p->lens_count, rt, &out->color);
}

/* Where the solver begins: lenses without distortion, or an earlier solution. */
static void begin(problem *p, const cf_board_guess *guess) {
    const cf_board_solution *start = p->params->start;
    memset(p->intrinsics, 0, sizeof p->intrinsics);
    memset(&p->warp, 0, sizeof p->warp);
    for (int c = 0; c < 2; c++) {
        double *k = p->intrinsics + c * p->lens_count;
        char lens[CF_LENS_NAME_MAX];
        k[0] = k[1] = guess->focal[c];
        k[2] = (p->sizes[2 * c] - 1) / 2.0;
        k[3] = (p->sizes[2 * c + 1] - 1) / 2.0;
        if (start)
            cf_camera_model_lens(c ? start->color : start->mono, lens, k, p->lens_count);
    }
    if (start) {
        p->warp.x2 = start->warp_m[0];
        p->warp.y2 = start->warp_m[1];
    }
    memcpy(p->color.r.xyz, guess->color_rt, 3 * sizeof(double));
    memcpy(p->color.t.xyz, guess->color_rt + 3, 3 * sizeof(double));
}

static void copy_start(const problem *p, cf_board_guess *guess, cf_board_pose *poses) {
    const cf_board_solution *start = p->params->start;
    double r[9];
    cf_camera_model_pose(start->color, r, guess->color_rt + 3);
    cf_rotation_to_vector(r, guess->color_rt);
    memcpy(poses, start->poses, (size_t)p->set->count * sizeof *poses);
}

/* What an earlier fit, or an attempt that went astray, left out counts again. */
static void forget_outliers(problem *p) {
    for (int i = 0; i < p->set->count; i++)
        for (int c = 0; c < 2; c++) {
            cf_board_view *v = &p->set->views[i];
            v->left_out[c] = 0;
            for (int k = 0; v->xy[c] && k < p->corners; k++)
                v->ok[c][k] = isfinite(v->xy[c][2 * k]) && isfinite(v->xy[c][2 * k + 1]);
        }
}

/* From an earlier solution, or from the homographies. These give a focal length that can be far off
 * where boards were hardly tilted or the lens bends lines: other beginnings are tried where that
 * one leads astray. */
static cf_status try_fit(problem *p, double factor, cf_board_pose *poses, int *sane) {
    cf_board_guess guess = {.factor = factor, .poses = poses};
    if (!p->params->no_outliers)
        forget_outliers(p);
    if (p->params->start)
        copy_start(p, &guess, poses);
    else
        CF_TRY(cf_board_start(p->set, p->params->skip, &guess));
    begin(p, &guess);
    return solve_rounds(p, poses, sane);
}

static cf_status solve(problem *p, cf_board_solution *out) {
    static const double factors[] = {1, 0.7, 1.4};
    int sane = 0, attempts = p->params->start ? 1 : 3;
    for (int c = 0; c < 2; c++) {
        p->sizes[2 * c] = p->set->size[c][0];
        p->sizes[2 * c + 1] = p->set->size[c][1];
    }
    CF_TRY(problem_alloc(p));
    for (int attempt = 0; attempt < attempts && !sane; attempt++)
        CF_TRY(try_fit(p, factors[attempt], out->poses, &sane));
    if (!sane)
        return cf_fail(CF_ERR_INVALID,
                       "the pictures do not determine the lenses: tilt the board, by 20 to 45 "
                       "degrees to all four sides, bring it into the corners of both pictures, and "
                       "see that both pictures of a pair are of one moment");
    out->warp_m[0] = p->warp.x2;
    out->warp_m[1] = p->warp.y2;
    CF_TRY(make_models(p, out));
    return fill_residuals(p, out);
}

/* A fit that starts from another one (with pictures left out, to judge that) needs less. */
static cf_status check_counts(const cf_board_set *set, const cf_board_params *params) {
    static const char *const names[] = {"mono", "colour"};
    const unsigned char *skip = params->skip;
    const int least = params->start ? 2 : 3;
    int seen[2] = {0}, both = 0;
    for (int i = 0; i < set->count; i++) {
        int m = cf_board_counts(set, skip, i, 0), c = cf_board_counts(set, skip, i, 1);
        seen[0] += m;
        seen[1] += c;
        both += m && c;
    }
    for (int c = 0; c < 2; c++)
        if (seen[c] < least)
            return cf_fail(CF_ERR_INVALID,
                           "the board was found in %d %s picture%s, at least 3 are needed and 10 "
                           "to 20 are good",
                           seen[c], names[c], seen[c] == 1 ? "" : "s");
    if (both < least - 1)
        return cf_fail(CF_ERR_INVALID,
                       "both cameras see the board in %d pair%s; at least 2 are needed to tell "
                       "how they stand, and 10 to 20 are good",
                       both, both == 1 ? "" : "s");
    return CF_OK;
}

cf_status cf_board_solve(cf_board_set *set, const cf_board_params *params, cf_board_solution *out) {
    static const cf_board_params defaults = CF_BOARD_DEFAULTS;
    problem p = {.set = set, .params = params ? params : &defaults};
    *out = (cf_board_solution){0};
    p.lens_name = p.params->lens ? p.params->lens : "LENSMODEL_OPENCV5";
    p.lens_count = cf_lens_count(p.lens_name);
    p.corners = set->board.columns * set->board.rows;
    if (p.lens_count < 4 || p.lens_count > MAX_LENS)
        return cf_fail(CF_ERR_INVALID, "%s: no lens that a board can be solved for", p.lens_name);
    (void)mrcal_lensmodel_from_name(&p.lens, p.lens_name);
    CF_TRY(check_counts(set, p.params));
    out->poses = cf_alloc((size_t)set->count, sizeof *out->poses);
    for (int c = 0; c < 2; c++)
        out->residual[c] =
            cf_alloc((size_t)set->count * (size_t)p.corners * 2, sizeof *out->residual[c]);
    cf_status status = out->poses && out->residual[0] && out->residual[1] ? CF_OK : CF_ERR_MEMORY;
    if (status == CF_OK)
        status = solve(&p, out);
    problem_free(&p);
    if (status != CF_OK)
        cf_board_solution_clear(out);
    return status;
}

void cf_board_solution_clear(cf_board_solution *solution) {
    cf_camera_model_destroy(&solution->mono);
    cf_camera_model_destroy(&solution->color);
    cf_free(solution->poses);
    cf_free(solution->residual[0]);
    cf_free(solution->residual[1]);
    *solution = (cf_board_solution){0};
}
