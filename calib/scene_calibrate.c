/* SPDX-License-Identifier: Apache-2.0 */
/* Geometry from ordinary pictures: a start that many points agree with, then looks ever finer. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/scene.h"
#include "calib/scene_guess.h"
#include "calib/scene_look.h"

#define ROUNDS 3
#define START_PAIRS 3 /* pairs that the start is searched in */
#define CONVINCED 0.8 /* confidence that ends the search for a start */
#define NOTHING 0.15  /* confidence below which there is no result */
#define ACROSS 0.3    /* of the picture: disparities looked for at the start */
#define ALONG 0.08    /* and heights */
#define FOLDS 5
#define BLOCKS 8 /* across the picture, held out whole */

static const cf_scene_effort first = {2, 1, 6, 10, 640, 0};

/* The last looks; the surest counts. */
static const cf_scene_effort fine[] = {
    {1, 0, 6, 7, CF_SCENE_POINTS, 1},
    {1, 0, 10, 12, CF_SCENE_POINTS, 1},
    {1, 1, 10, 0, CF_SCENE_POINTS, 1},
    {2, 1, 6, 10, CF_SCENE_POINTS, 1},
};

typedef struct {
    const cf_scene_pair *pairs;
    int count, columns;
    const cf_scene_options *options;
    cf_scene_guess guess;
    cf_rectify_params params;
    cf_scene_look seen;
} work;

static void take(work *w, const cf_scene_look *look) {
    cf_log(CF_LOG_DEBUG,
           "registration: %d of %d points agree, residual %.3f pixels, error %.3f, disparities "
           "%.1f to %.1f",
           look->fit.inliers, look->candidates, look->fit.residual_px, look->fit.error_px,
           look->disparity[0], look->disparity[2]);
    cf_scene_look_free(&w->seen);
    w->seen = *look;
    memcpy(w->guess.value, look->fit.value, sizeof w->guess.value);
}

static cf_status look_at(const work *w, const cf_scene_guess *g, int pairs,
                         const cf_scene_reach *reach, const cf_scene_effort *efforts,
                         int effort_count, cf_scene_look *out) {
    cf_camera_model *mono, *color;
    CF_TRY(cf_scene_guess_models(g, &mono, &color));
    cf_scene_task task = {
        .pairs = w->pairs,
        .count = pairs,
        .mono = mono,
        .color = color,
        .params = &w->params,
        .start = &g->start,
        .mono_pinhole = g->mono,
        .color_pinhole = g->color,
        .fit = {.value = g->value},
        .reach = reach,
        .efforts = efforts,
        .effort_count = effort_count,
        .columns = w->columns,
    };
    memcpy(task.fit.prior, g->prior, sizeof g->prior);
    cf_status status = cf_scene_look_take(&task, out);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    return status;
}

/* With few parameters, for the search is rough. */
static cf_status look_first(const work *w, const cf_scene_guess *g, cf_scene_look *out) {
    double width = g->mono_size[0], height = g->mono_size[1];
    const int across = fabs(g->start.mono_turn[0]) > 0.7;
    double along = w->options->quick ? ALONG : 2 * ALONG;
    const cf_scene_reach wide = {-ACROSS * (across ? width : height),
                                 ACROSS * (across ? width : height),
                                 along * (across ? height : width)};
    cf_scene_guess rough = *g;
    for (int i = 0; i < CF_SCENE_PARAMS; i++)
        if (i != CF_SCENE_TURN_X && i != CF_SCENE_TURN_Z && i != CF_SCENE_ZOOM && i != CF_SCENE_K1)
            rough.prior[i] = 0;
    return look_at(w, &rough, w->count < START_PAIRS ? w->count : START_PAIRS, &wide, &first, 1,
                   out);
}

/* The start that most points agree with, and what was seen from there. */
static cf_status find_start(work *w) {
    double best = -1;
    cf_scene_guess g;
    int pairs = w->count < START_PAIRS ? w->count : START_PAIRS;
    for (int i = 0; cf_scene_guess_start(&w->pairs[0], w->options, i, &g); i++) {
        cf_scene_look look;
        CF_TRY(look_first(w, &g, &look));
        double confidence = cf_scene_look_confidence(&look, pairs);
        if (look.fit.inliers * confidence > best) {
            best = look.fit.inliers * confidence;
            w->guess = g;
            take(w, &look);
        } else {
            cf_scene_look_free(&look);
        }
        if (confidence > CONVINCED)
            break;
    }
    return CF_OK;
}

/* Room around the disparities that were seen: they are those of corners only. */
static double room(const cf_scene_look *l) {
    return 6 + 0.3 * (l->disparity[2] - l->disparity[0]);
}

/* Nothing is behind infinity: where points seem to be, the turn about y is what puts them there. */
static void settle(work *w) {
    cf_scene_look *l = &w->seen;
    if (l->disparity[1] < 0 && !w->guess.given) {
        const double seen[3] = {-l->disparity[2], -l->disparity[1], -l->disparity[0]};
        cf_scene_guess_mirror(&w->guess);
        memcpy(l->disparity, seen, sizeof seen);
    }
    double missing = 1 - l->disparity[0];
    if (missing > 1) {
        cf_scene_guess_shift(&w->guess, missing);
        for (int i = 0; i < 3; i++)
            l->disparity[i] += missing;
    }
    double focal = w->guess.start.focal * exp(w->guess.value[CF_SCENE_FOCAL]),
           high = fmax(l->disparity[2] + room(l), 8);
    w->params.depth_min_m = focal * w->guess.baseline_m / high;
    w->params.disparity_slack = (float)fmin(ceil(fmax(room(l) - l->disparity[0], 0)), 16);
}

static cf_status look_again(work *w, const cf_scene_effort *efforts, int count,
                            cf_scene_look *out) {
    const cf_scene_look *l = &w->seen;
    double turn = 0.0105 * w->guess.start.focal, unsure = 3 * l->fit.error_px + 2 * l->step;
    const cf_scene_reach reach = {l->disparity[0] - room(l), l->disparity[2] + room(l),
                                  efforts ? fmax(unsure, 4) : fmax(turn, unsure)};
    return look_at(w, &w->guess, w->count, &reach, efforts, count, out);
}

static cf_status refine(work *w) {
    cf_scene_look next;
    for (int round = 0; round < ROUNDS; round++) {
        settle(w);
        CF_TRY(look_again(w, NULL, 0, &next));
        take(w, &next);
        if (cf_scene_look_confidence(&w->seen, w->count) < NOTHING / 5)
            return CF_OK;
    }
    settle(w);
    if (w->options->quick)
        return CF_OK;
    CF_TRY(look_again(w, fine, sizeof fine / sizeof *fine, &next));
    take(w, &next);
    return CF_OK;
}

static cf_status check(const cf_scene_pair *pairs, int count, const cf_scene_options *o) {
    if (count < 1 || count > CF_SCENE_MAX_PAIRS)
        return cf_fail(CF_ERR_INVALID, "registration: %d pairs; give 1 to %d", count,
                       CF_SCENE_MAX_PAIRS);
    if (!o->mono != !o->color)
        return cf_fail(CF_ERR_INVALID, "registration: both models or none");
    for (int i = 1; i < count; i++)
        if (pairs[i].mono.width != pairs[0].mono.width ||
            pairs[i].mono.height != pairs[0].mono.height ||
            pairs[i].color.width != pairs[0].color.width ||
            pairs[i].color.height != pairs[0].color.height)
            return cf_fail(CF_ERR_INVALID,
                           "pair %d has other sizes (%dx%d and %dx%d) than the first (%dx%d and "
                           "%dx%d): all must be of one rig, not cropped",
                           i + 1, pairs[i].mono.width, pairs[i].mono.height, pairs[i].color.width,
                           pairs[i].color.height, pairs[0].mono.width, pairs[0].mono.height,
                           pairs[0].color.width, pairs[0].color.height);
    return CF_OK;
}

/* Per pair and point, with the lenses as they are now. */
static cf_status describe(const work *w, cf_scene_result *out) {
    const cf_scene_matches *m = &w->seen.matches;
    cf_scene_geometry now;
    cf_scene_geometry_change(&w->guess.start, w->guess.value, &now);
    out->points = cf_alloc((size_t)m->count + 1, sizeof *out->points);
    out->pictures = cf_alloc((size_t)w->count, sizeof *out->pictures);
    if (!out->points || !out->pictures)
        return CF_ERR_MEMORY;
    out->point_count = m->count;
    for (int i = 0; i < m->count; i++) {
        cf_scene_point *p = &out->points[i];
        cf_scene_picture_result *picture = &out->pictures[m->pair[i]];
        *p = (cf_scene_point){.pair = m->pair[i],
                              .inlier = m->inlier[i],
                              .offset_px = cf_scene_offset(&now, &m->rays[i])};
        for (int k = 0; k < 2; k++) {
            p->mono[k] = m->rays[i].mono[k] * w->guess.mono[k] + w->guess.mono[2 + k];
            p->color[k] = m->rays[i].color[k] * w->guess.color[k] + w->guess.color[2 + k];
        }
        picture->candidates++;
        picture->inliers += p->inlier;
        picture->rms_px += p->inlier ? p->offset_px * p->offset_px : 0;
    }
    for (int i = 0; i < w->count; i++) {
        cf_scene_picture_result *p = &out->pictures[i];
        p->rms_px = p->inliers ? sqrt(p->rms_px / p->inliers) : NAN;
    }
    return CF_OK;
}

/* Blocks of the picture, so that neighbours are held out together. */
static int fold_of(const cf_scene_guess *g, const cf_scene_rays *rays) {
    double x = rays->mono[0] * g->mono[0] + g->mono[2], y = rays->mono[1] * g->mono[1] + g->mono[3];
    int bx = (int)floor(BLOCKS * x / g->mono_size[0]),
        by = (int)floor(BLOCKS * y / g->mono_size[1]);
    return ((bx + 3 * by) % FOLDS + FOLDS) % FOLDS;
}

/* Fits without one fold and adds what that says of the fold. some: room for all rays. */
static cf_status hold_out(const work *w, int fold, cf_scene_rays *some, unsigned char *inlier,
                          double *sum, int *count) {
    const cf_scene_look *l = &w->seen;
    const cf_scene_matches *m = &l->matches;
    cf_scene_fit_options options = {.tolerance = 1.5 * l->step, .value = w->guess.value};
    cf_scene_geometry now;
    cf_scene_fit fit;
    int n = 0;
    memcpy(options.prior, w->guess.prior, sizeof options.prior);
    for (int i = 0; i < m->count; i++)
        if (fold_of(&w->guess, &m->rays[i]) != fold)
            some[n++] = m->rays[i];
    CF_TRY(cf_scene_fit_run(&w->guess.start, some, n, &options, inlier, &fit));
    cf_scene_geometry_change(&w->guess.start, fit.value, &now);
    double limit = 4.685 * l->fit.residual_px;
    for (int i = 0; i < m->count; i++) {
        double v = cf_scene_offset(&now, &m->rays[i]);
        if (fold_of(&w->guess, &m->rays[i]) != fold || !(fabs(v) < limit))
            continue;
        *sum += v * v;
        ++*count;
    }
    return CF_OK;
}

static cf_status cross_check(const work *w, cf_scene_result *out) {
    int n = w->seen.matches.count;
    cf_scene_rays *some = cf_alloc((size_t)n + 1, sizeof *some);
    unsigned char *inlier = cf_alloc((size_t)n + 1, 1);
    cf_status status = some && inlier ? CF_OK : CF_ERR_MEMORY;
    double sum = 0;
    for (int fold = 0; fold < FOLDS && status == CF_OK; fold++)
        status = hold_out(w, fold, some, inlier, &sum, &out->heldout);
    out->heldout_px = out->heldout ? sqrt(sum / out->heldout) : NAN;
    cf_free(some);
    cf_free(inlier);
    return status;
}

static void report(const work *w, double before_px, cf_scene_result *out) {
    const cf_scene_look *l = &w->seen;
    double sum = 0;
    int n = 0;
    for (int i = 0; i < out->point_count; i++)
        if (out->points[i].inlier) {
            sum += fabs(out->points[i].offset_px);
            n++;
        }
    out->found = (cf_self_registration){
        .applied = 1,
        .candidates = l->candidates,
        .inliers = l->fit.inliers,
        .vertical_px = n ? sum / n : 0,
        .before_px = before_px,
        .residual_px = l->fit.residual_px,
        .error_px = l->fit.error_px,
        .disparity_low = l->disparity[0],
        .disparity_high = l->disparity[2],
        .confidence = cf_scene_look_confidence(l, w->count),
    };
    for (int i = 0; i < CF_SCENE_PARAMS; i++) {
        out->value[i] = w->guess.value[i];
        out->error[i] = sqrt(fmax(l->fit.covariance[i][i], 0));
    }
    for (int i = 0; i < CF_SCENE_PROBES; i++) {
        double e = cf_scene_fit_error(&l->start, &l->fit, &l->probes[i]);
        double *cell = &out->error_grid[i % (CF_SCENE_GRID * CF_SCENE_GRID)];
        *cell = fmax(*cell, e);
    }
    out->quarter_turns = w->guess.quarter_turns;
    out->baseline_m = w->guess.baseline_m;
    out->params = w->params;
}

cf_status cf_scene_calibrate(const cf_scene_pair *pairs, int count, const cf_scene_options *o,
                             cf_scene_result *out) {
    work w = {.pairs = pairs,
              .count = count,
              .columns = o->quick ? CF_SCENE_COLUMNS : CF_SCENE_FINE_COLUMNS,
              .options = o,
              .params = CF_RECTIFY_DEFAULTS};
    memset(out, 0, sizeof *out);
    CF_TRY(check(pairs, count, o));
    cf_status status;
    if (o->mono) {
        status = cf_scene_guess_from_models(&pairs[0], o, &w.guess);
        if (status == CF_OK)
            status = look_at(&w, &w.guess, count, NULL, NULL, 0, &w.seen);
    } else {
        status = find_start(&w);
    }
    double before_px = w.seen.fit.before_px;
    if (status == CF_OK)
        status = refine(&w);
    if (status == CF_OK)
        status = describe(&w, out);
    if (status == CF_OK && !o->quick)
        status = cross_check(&w, out);
    if (status == CF_OK)
        report(&w, before_px, out);
    if (status == CF_OK && out->found.confidence >= NOTHING)
        status = cf_scene_guess_models(&w.guess, &out->mono, &out->color);
    cf_scene_look_free(&w.seen);
    if (status != CF_OK)
        cf_scene_result_clear(out);
    return status;
}

void cf_scene_result_clear(cf_scene_result *r) {
    cf_camera_model_destroy(&r->mono);
    cf_camera_model_destroy(&r->color);
    cf_free(r->pictures);
    cf_free(r->points);
    memset(r, 0, sizeof *r);
}

cf_status cf_scene_parallel(const cf_scene_pair *pair, const cf_scene_options *options,
                            cf_camera_model **mono, cf_camera_model **color) {
    cf_scene_guess g;
    (void)cf_scene_guess_start(pair, options, 0, &g);
    return cf_scene_guess_models(&g, mono, color);
}
