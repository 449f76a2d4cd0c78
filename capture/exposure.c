/* SPDX-License-Identifier: Apache-2.0 */
/* The exposure brain: learns the light from frames, and sets both cameras for it. */
#include "capture/exposure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/exposure_split.h"

/* All levels are in stops (log2). */
#define JUMP 0.4       /* a frame this far from the light as known is news */
#define NEAR 0.1       /* and here it is no more */
#define FAST_SHARE 0.7 /* of the way that is gone in a frame, with news and without */
#define SLOW_SHARE 0.12
#define START_MOVING 0.12 /* settings are changed when they are so far off, until nearly right */
#define STOP_MOVING 0.03
#define CLIPPED_SHARE 0.015 /* more: the bright end is not known */
#define BLIND_FRAMES 8      /* until a setting is believed that frames do not tell of */
#define STUCK_FRAMES 12     /* until a control is thought fixed where the frames say it is */
#define CALM_FRAMES 5
#define MARGIN_NS 200000 /* between frames */
#define RATIOS 9         /* whose median is the latest word on sensitivity */

/* How far the bright end is above lower percentiles in a scene that was never seen unclipped, and
 * where all is clipped: rather too little, for what is too bright can only be guessed. */
static const double usual_low[CF_EXPOSURE_LOW] = {1, 2, 3, 4};
#define ALL_CLIPPED 4

/* A control of a camera: what was set, and where it seems stuck. */
typedef struct {
    double set, stuck; /* 0: neither */
    double told;       /* by the last frame; 0: nothing */
    int off;           /* frames for which it was elsewhere than set */
} control;

typedef struct {
    control exposure, gain;
    double level;                /* signal of the bright end per ns of exposure and gain */
    double low[CF_EXPOSURE_LOW]; /* from lower percentiles up to the bright end */
    int has_level, guesses, has_low, news, is_fast;
    double wanted;                    /* product that is set */
    int has_wanted, is_moving, since; /* frames since a change */
} camera;

struct cf_exposure {
    cf_exposure_params p;
    camera camera[2];
    double sensitivity; /* stops */
    double ratios[RATIOS];
    int ratio_count;
    double neutral[3];  /* ln of R/G, 0, B/G */
    double daylight[3]; /* what the camera sees of a neutral in daylight; as now where unknown */
    int has_neutral, calm;
};

static int has(const cf_control_range *range) {
    return range->max > range->min && range->max > 0;
}

static cf_status check(const cf_exposure_params *p) {
    if (!(p->target >= 0.05 && p->target <= 0.95))
        return cf_fail(CF_ERR_INVALID, "exposure: target is %g, but must lie in 0.05..0.95",
                       p->target);
    if (p->sensitivity != 0 && !(p->sensitivity >= 0.1 && p->sensitivity <= 100))
        return cf_fail(CF_ERR_INVALID, "exposure: sensitivity is %g, but must lie in 0.1..100",
                       p->sensitivity);
    if (!(p->flicker_hz >= 0 && p->flicker_hz <= 1000) || p->longest_ns < 0)
        return cf_fail(CF_ERR_INVALID, "exposure: flicker of %g Hz or longest exposure of %g ms",
                       p->flicker_hz, (double)p->longest_ns * 1e-6);
    for (int i = 0; i < 2; i++)
        if (!isfinite(p->exposure_ns[i].max + p->gain[i].max) || p->frame_ns[i] < 0)
            return cf_fail(CF_ERR_INVALID, "exposure: the controls of camera %d have no range", i);
    return CF_OK;
}

cf_status cf_exposure_create(const cf_exposure_params *params, cf_exposure **out) {
    const cf_exposure_params defaults = CF_EXPOSURE_DEFAULTS;
    *out = NULL;
    CF_TRY(check(params ? params : &defaults));
    cf_exposure *e = cf_alloc(1, sizeof *e);
    if (!e)
        return CF_ERR_MEMORY;
    e->p = params ? *params : defaults;
    e->sensitivity = log2(e->p.sensitivity > 0 ? e->p.sensitivity : 4);
    *out = e;
    return CF_OK;
}

void cf_exposure_destroy(cf_exposure **exposure) {
    if (!exposure || !*exposure)
        return;
    cf_free(*exposure);
    *exposure = NULL;
}

/* What the frame says of a control, and whether the camera heeds it. */
static void hear(control *c, double told) {
    int is_off = c->set > 0 && told > 0 && fabs(told - c->set) > 0.05 * c->set;
    if (c->stuck > 0 && fabs(told - c->stuck) > 0.01 * c->stuck)
        c->stuck = 0;
    c->off = is_off ? c->off + 1 : 0;
    if (c->off > STUCK_FRAMES && told == c->told)
        c->stuck = told;
    c->told = told;
}

/* Value that a frame was taken with as far as known. */
static double value_of(const control *c) {
    return c->told > 0 ? c->told : c->set > 0 ? c->set : 1;
}

/* Stops by which the bright end is below (-) or above the range's end; a guess where it clips. */
static double bright_of(const camera *c, const cf_exposure_statistics *s) {
    if (s->clipped <= CLIPPED_SHARE && s->bright < 1)
        return log2(fmax(s->bright, 1e-4));
    for (int i = 0; i < CF_EXPOSURE_LOW; i++)
        if (s->low[i] < 0.9)
            return fmax(log2(fmax(s->low[i], 1e-4)) + (c->has_low ? c->low[i] : usual_low[i]),
                        0.25);
    return ALL_CLIPPED;
}

static void learn_shape(camera *c, const cf_exposure_statistics *s) {
    if (s->clipped > CLIPPED_SHARE || s->bright < 0.1 || s->bright >= 1)
        return;
    for (int i = 0; i < CF_EXPOSURE_LOW; i++) {
        double low = fmin(log2(s->bright / fmax(s->low[i], s->bright / 64)), 6);
        c->low[i] += (c->has_low ? 0.2 : 1) * (low - c->low[i]);
    }
    c->has_low = 1;
}

/* How many frames must agree on news: a lamp that pulses in short exposures is none. */
static int patience(const cf_exposure *e, const camera *c) {
    double half_cycle = e->p.flicker_hz > 0 ? 5e8 / e->p.flicker_hz : 0;
    return c->exposure.told > 0 && c->exposure.told < 0.9 * half_cycle ? 6 : 2;
}

/* Brings the light as one camera sees it up to date. */
static void learn_level(const cf_exposure *e, camera *c, const cf_exposure_statistics *s) {
    if (!(c->exposure.told > 0 && c->gain.told > 0) && c->since < BLIND_FRAMES && c->has_level)
        return;
    double level = bright_of(c, s) - log2(value_of(&c->exposure) * value_of(&c->gain));
    double off = level - c->level;
    int is_guess = s->clipped > CLIPPED_SHARE || s->bright >= 1;
    learn_shape(c, s);
    int guesses = c->guesses;
    c->guesses = is_guess ? guesses + 1 : 0;
    if (is_guess && c->has_level && off < 0)
        return; /* clipped frames only say that there is more light */
    int is_first = !c->has_level || (guesses >= patience(e, c) && !is_guess);
    c->has_level = 1;
    if (is_first) {
        c->level = level;
        return;
    }
    c->news = fabs(off) < JUMP ? 0
              : off > 0        ? (c->news > 0 ? c->news + 1 : 1)
                               : (c->news < 0 ? c->news - 1 : -1);
    if (abs(c->news) >= patience(e, c))
        c->is_fast = 1;
    if (fabs(off) < NEAR)
        c->is_fast = 0;
    c->level += (c->is_fast ? FAST_SHARE : SLOW_SHARE) * off;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mono signal over what the mono sensor's weights make of the colours, per product. The weights
 * hold for daylight, so the colours are balanced for that, where it is known. */
static void learn_sensitivity(cf_exposure *e, cf_frame *const pair[2],
                              const cf_exposure_statistics s[2]) {
    const float *spectral = pair[0]->profile.spectral;
    double colors = 0, product[2], sorted[RATIOS];
    for (int i = 0; i < 3; i++)
        colors += (double)spectral[i] * s[1].mean[i] / e->daylight[i];
    if (e->p.sensitivity > 0 || s[0].clipped > 0.02 || s[1].clipped > 0.02 ||
        !(s[0].mean[0] > 0.01 && colors > 0.01))
        return;
    for (int i = 0; i < 2; i++)
        product[i] = value_of(&e->camera[i].exposure) * value_of(&e->camera[i].gain);
    e->ratios[e->ratio_count++ % RATIOS] =
        log2(s[0].mean[0] / product[0]) - log2(colors / product[1]);
    int count = e->ratio_count < RATIOS ? e->ratio_count : RATIOS;
    memcpy(sorted, e->ratios, sizeof sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    double median = fmin(fmax(sorted[count / 2], log2(0.1)), log2(100));
    if (count >= 3)
        e->sensitivity += (e->ratio_count <= RATIOS ? 1 : 0.2) * (median - e->sensitivity);
}

static void learn_white(cf_exposure *e, const cf_camera_profile *p,
                        const cf_exposure_statistics *s) {
    double share = e->has_neutral ? 0.1 * s->neutral_weight : 1;
    int is_known = p->neutral[0] != 1 || p->neutral[1] != 1 || p->neutral[2] != 1;
    for (int i = 0; i < 3; i++) {
        e->neutral[i] += share * (log(s->neutral[i]) - e->neutral[i]);
        e->daylight[i] = is_known ? (double)(p->neutral[i] / p->neutral[1]) : exp(e->neutral[i]);
    }
    e->has_neutral |= s->neutral_weight > 0.3 && s->clipped < 0.05;
}

static cf_exposure_room room_of(const cf_exposure *e, int i) {
    const camera *c = &e->camera[i];
    const cf_control_range *x = &e->p.exposure_ns[i], *g = &e->p.gain[i];
    double exposure = value_of(&c->exposure), gain = value_of(&c->gain);
    cf_exposure_room r = {exposure, exposure, gain, gain,
                          e->p.flicker_hz > 0 ? 5e8 / e->p.flicker_hz : 0};
    if (has(x) && !(c->exposure.stuck > 0)) {
        double longest = x->max;
        if (e->p.longest_ns > 0)
            longest = fmin(longest, (double)e->p.longest_ns);
        if (e->p.frame_ns[i] > 0)
            longest = fmin(longest, (double)e->p.frame_ns[i] - MARGIN_NS);
        r.exposure_min = fmax(x->min, 1);
        r.exposure_max = fmax(longest, r.exposure_min);
    }
    if (has(g) && !(c->gain.stuck > 0)) {
        r.gain_min = g->min > 0 ? g->min : fmin(1, g->max);
        r.gain_max = g->max;
    }
    return r;
}

static int can_act(const cf_exposure_room *r) {
    return r->exposure_max > r->exposure_min || r->gain_max > r->gain_min;
}

/* The bright end of both views in the mono camera's terms; only cameras that can do something. */
static int scene_level(const cf_exposure *e, double *level) {
    int count = 0;
    for (int i = 0; i < 2; i++) {
        cf_exposure_room r = room_of(e, i);
        double own = e->camera[i].level + (i ? e->sensitivity : 0);
        if (can_act(&r))
            *level = count++ ? fmax(*level, own) : own;
    }
    return count;
}

/* Sets a control that is free to be set. */
static int64_t set(control *c, int is_free, double value, int *changed) {
    if (!is_free)
        return 0;
    *changed |= fabs(value - c->set) > 0.001 * value;
    c->set = value;
    return 1;
}

static void decide(cf_exposure *e, int i, double product, cf_exposure_decision *out) {
    camera *c = &e->camera[i];
    cf_exposure_room r = room_of(e, i);
    if (!can_act(&r))
        return;
    double off = fabs(log2(product) - c->wanted);
    c->is_moving = off > (c->is_moving ? STOP_MOVING : START_MOVING) || !c->has_wanted;
    if (c->is_moving) {
        c->wanted = log2(product);
        c->has_wanted = 1;
    }
    cf_exposure_split s = cf_exposure_divide(&r, exp2(c->wanted));
    cf_source_controls *to = &out->controls[i];
    if (set(&c->exposure, r.exposure_max > r.exposure_min, s.exposure, &out->changed[i]))
        to->exposure_ns = (int64_t)llrint(s.exposure);
    if (set(&c->gain, r.gain_max > r.gain_min, s.gain, &out->changed[i]))
        to->gain = s.gain;
    c->since = out->changed[i] ? 0 : c->since + 1;
    out->is_limited |= fabs(log2(s.exposure * s.gain) - c->wanted) > 0.2;
}

static void report(const cf_exposure *e, cf_frame *const pair[2], cf_exposure_decision *out) {
    const camera *c = e->camera;
    double product[2], seen = 0;
    for (int i = 0; i < 2; i++)
        product[i] = value_of(&c[i].exposure) * value_of(&c[i].gain);
    for (int i = 0; i < 3; i++) {
        out->neutral[i] = pair[1]->profile.neutral[i];
        if (!e->p.manual_white)
            out->neutral[i] = (float)exp(e->neutral[i]);
        /* a warm light's neutral is brighter to the mono sensor than to the green pixels */
        seen += (double)pair[0]->profile.spectral[i] * exp(e->neutral[i]) / e->daylight[i];
    }
    out->sensitivity = exp2(e->sensitivity);
    out->mono_gain = product[1] / (product[0] * out->sensitivity * fmin(fmax(seen, 0.2), 5));
    out->is_settled = e->calm >= CALM_FRAMES;
}

cf_status cf_exposure_update(cf_exposure *e, cf_frame *const pair[2], cf_exposure_decision *out) {
    cf_exposure_statistics s[2];
    double level = 0;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 2; i++)
        CF_TRY(cf_exposure_measure(pair[i], &s[i]));
    for (int i = 0; i < 2; i++) {
        hear(&e->camera[i].exposure, (double)pair[i]->exposure_ns);
        hear(&e->camera[i].gain, pair[i]->gain);
        learn_level(e, &e->camera[i], &s[i]);
    }
    learn_white(e, &pair[1]->profile, &s[1]);
    learn_sensitivity(e, pair, s);
    if (scene_level(e, &level))
        for (int i = 0; i < 2; i++)
            decide(e, i, exp2(log2(e->p.target) - level + (i ? e->sensitivity : 0)), out);
    e->calm = out->changed[0] || out->changed[1] ? 0 : e->calm + 1;
    report(e, pair, out);
    return CF_OK;
}
