/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated cameras: two views of the simulator's own scene, on one clock by arithmetic. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/random.h"
#include "capture/sim_controls.h"
#include "capture/sim_fault.h"
#include "capture/sim_sensor.h"
#include "capture/source_backend.h"

#define REFERENCE_NS 10000000 /* exposure at which light 1 and the first gain reach white */
#define FRAME_STEP_NS 20000
#define EXPOSURE_STEP_NS 10000
#define GAIN_STEP 0.0625
#define FAST_START_NS 1000000000 /* where the clock of params.as_fast begins */

/* A picture that can be given out again while settings and light stay. */
typedef struct {
    cf_image image;
    cf_sim_shot shot;
    int is_valid;
} kept;

/* A frame that is being waited for. */
typedef struct {
    int is_planned;
    int64_t taken_ns, ready_ns; /* middle and end of its exposure, true */
    long number;                /* counted from the camera's first start */
    uint64_t sequence;
    cf_source_controls with;
} plan;

typedef struct {
    cf_sim_options options;
    cf_source_info info;
    char rest[512];
    int frames, as_fast, is_started;
    cf_frame_pool *pool;
    cf_sim_sensor *sensor;
    kept kept[CF_SIM_PHASES];
    cf_sim_controls controls;
    double first_gain;
    int64_t period_ns, next_ns; /* nominal frame duration; middle of the next exposure */
    double next_rest;           /* and its fraction of a nanosecond */
    uint64_t next_sequence;
    long next_number;
    plan plan;
    int is_again; /* the planned frame is given out a second time */
    cf_sim_fault fault;
    atomic_ulong given, lost, overrun; /* read from any thread */
} sim;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_until(int64_t t_ns) {
    struct timespec t = {.tv_sec = (time_t)(t_ns / 1000000000), .tv_nsec = t_ns % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* A number that belongs to a frame, 0..1; use tells its purposes apart. */
static void draw(const sim *s, uint64_t number, uint64_t use, cf_random *out) {
    uint64_t camera = (uint64_t)s->options.seed * 2 + (uint64_t)s->options.is_color;
    cf_random_seed(out, (camera * 8 + use) * 0x9e3779b97f4a7c15U + number);
}

static int happens(const sim *s, uint64_t number, uint64_t use, double share) {
    cf_random random;
    draw(s, number, use, &random);
    return cf_random_uniform(&random) < share;
}

static void describe(sim *s) {
    const cf_sim_options *o = &s->options;
    cf_source_info *info = &s->info;
    snprintf(info->name, sizeof info->name, "simulated %s camera", o->is_color ? "colour" : "mono");
    cf_sim_format_name(o, info->format);
    info->width = o->width;
    info->height = o->height;
    info->layout = cf_sim_layout(o);
    cf_sim_sensor_profile(s->sensor, &info->profile);
    info->profile.noise = cf_sim_sensor_noise(s->sensor, s->first_gain);
    info->fps = 1e9 / (double)s->period_ns;
    info->sync_server = info->sync_client = o->sync;
    info->is_live = !s->as_fast;
    if (!o->controls)
        return;
    const double least = ceil((double)s->period_ns / 2 / FRAME_STEP_NS) * FRAME_STEP_NS;
    const double most = floor((double)s->period_ns * 4 / FRAME_STEP_NS) * FRAME_STEP_NS;
    info->frame_ns = (cf_control_range){least, most, FRAME_STEP_NS};
    info->exposure_ns =
        (cf_control_range){2 * EXPOSURE_STEP_NS, most - 10 * EXPOSURE_STEP_NS, EXPOSURE_STEP_NS};
    info->gain = (cf_control_range){1, 16, GAIN_STEP};
}

static void start_controls(sim *s) {
    cf_source_controls now = {.exposure_ns = REFERENCE_NS, .frame_ns = s->period_ns};
    now.gain = s->first_gain;
    s->controls.exposure_ns = s->info.exposure_ns;
    s->controls.gain = s->info.gain;
    s->controls.frame_ns = s->info.frame_ns;
    s->controls.delay = s->options.delay;
    int64_t most = s->period_ns - 10 * EXPOSURE_STEP_NS;
    now.exposure_ns = now.exposure_ns < most ? now.exposure_ns : most;
    cf_sim_controls_init(&s->controls, &now);
}

static void destroy(sim *s) {
    for (int i = 0; i < CF_SIM_PHASES; i++)
        cf_image_free(&s->kept[i].image);
    cf_sim_sensor_destroy(&s->sensor);
    cf_frame_pool_destroy(&s->pool);
    cf_free(s);
}

static cf_status make(sim *s) {
    const cf_sim_options *o = &s->options;
    cf_raw_format layout = cf_sim_layout(o);
    CF_TRY(cf_sim_sensor_create(o, &s->sensor));
    CF_TRY(cf_frame_pool_create(o->width, o->height, layout, s->frames, &s->pool));
    for (int i = 0; i < CF_SIM_PHASES && !o->fresh; i++)
        CF_TRY(cf_image_alloc(cf_raw_bytes(layout, o->width), o->height, 1, CF_PIXEL_U8,
                              &s->kept[i].image));
    return CF_OK;
}

static cf_status sim_open(const char *rest, const cf_source_params *params, cf_source_info *info,
                          void **state) {
    sim *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    snprintf(s->rest, sizeof s->rest, "%s", rest);
    cf_status status = cf_sim_options_parse(rest, params, &s->options);
    if (status == CF_OK)
        status = cf_sim_fault_open(s->rest, &s->fault);
    s->frames = params->frames;
    s->as_fast = params->as_fast;
    s->first_gain = s->options.is_color ? (double)s->options.sensitivity : 1;
    s->period_ns = (int64_t)rint(1e9 / (double)s->options.fps);
    s->next_number = s->fault.number;
    if (params->sync == CF_SYNC_CLIENT)
        s->options.skew_us = s->options.drift_ppm = 0;
    if (status == CF_OK)
        status = make(s);
    if (status != CF_OK) {
        destroy(s);
        return status;
    }
    describe(s);
    *info = s->info;
    start_controls(s);
    *state = s;
    return CF_OK;
}

/* The first frame is the next one of the clock that all simulated cameras share: multiples of the
 * frame duration since the machine was started. */
static cf_status sim_start(void *state) {
    sim *s = state;
    int64_t base = s->as_fast ? FAST_START_NS : 0;
    s->next_sequence =
        s->as_fast ? (uint64_t)s->next_number : (uint64_t)(now_ns() / s->period_ns) + 1;
    s->next_ns = base + (int64_t)s->next_sequence * s->period_ns +
                 (int64_t)rint((double)s->options.skew_us * 1e3);
    s->is_started = 1;
    return CF_OK;
}

static void plan_next(sim *s) {
    s->plan = (plan){.is_planned = 1,
                     .taken_ns = s->next_ns,
                     .number = s->next_number++,
                     .sequence = s->next_sequence++,
                     .with = cf_sim_controls_advance(&s->controls)};
    s->plan.ready_ns = s->next_ns + s->plan.with.exposure_ns / 2;
    double duration =
        (double)s->plan.with.frame_ns * (1 + (double)s->options.drift_ppm * 1e-6) + s->next_rest;
    s->next_ns += (int64_t)floor(duration);
    s->next_rest = duration - floor(duration);
}

/* Mean light over an exposure by a lamp that shines as 1 + depth cos(2 pi 2 mains t). */
static double flicker(const sim *s) {
    const double f = 2 * (double)s->options.flicker_hz, exposure = (double)s->plan.with.exposure_ns;
    if (!(f > 0))
        return 1;
    double half = M_PI * f * exposure * 1e-9;
    return 1 + (double)s->options.flicker_depth * sin(half) / half *
                   cos(2 * M_PI * fmod(f * (double)s->plan.taken_ns * 1e-9, 1));
}

static cf_sim_shot shot_of(const sim *s) {
    const plan *p = &s->plan;
    int64_t base = s->as_fast ? FAST_START_NS : 0;
    uint64_t moment = (uint64_t)((p->taken_ns - base + s->period_ns / 2) / s->period_ns);
    cf_random random;
    cf_sim_shot shot = {.gain = p->with.gain, .phase = (int)(moment % CF_SIM_PHASES)};
    shot.scale = cf_sim_light(&s->options, p->number) * flicker(s) * (double)p->with.exposure_ns /
                 REFERENCE_NS * p->with.gain / s->first_gain;
    draw(s, s->options.fresh ? p->sequence : (uint64_t)shot.phase, 0, &random);
    shot.seed = cf_random_bits(&random);
    return shot;
}

static int is_same(const cf_sim_shot *a, const cf_sim_shot *b) {
    return a->scale == b->scale && a->gain == b->gain && a->phase == b->phase && a->seed == b->seed;
}

static void picture(sim *s, const cf_image *out) {
    cf_sim_shot shot = shot_of(s);
    if (s->options.fresh) {
        cf_sim_sensor_expose(s->sensor, &shot, out);
        return;
    }
    kept *k = &s->kept[shot.phase];
    if (!k->is_valid || !is_same(&k->shot, &shot)) {
        cf_sim_sensor_expose(s->sensor, &shot, &k->image);
        k->shot = shot;
        k->is_valid = 1;
    }
    for (int y = 0; y < out->height; y++)
        memcpy(cf_image_row(out, 0, y), cf_image_row(&k->image, 0, y), (size_t)out->width);
}

static void fill(sim *s, cf_frame *frame) {
    const plan *p = &s->plan;
    cf_random random;
    draw(s, p->sequence, 1, &random);
    picture(s, &frame->image);
    frame->profile = s->info.profile;
    frame->profile.noise = cf_sim_sensor_noise(s->sensor, p->with.gain);
    frame->sequence = p->sequence;
    frame->t_ns =
        p->taken_ns + (int64_t)rint((double)s->options.jitter_us * 1e3 * cf_random_normal(&random));
    frame->t_ref = CF_TIME_MID;
    frame->exposure_ns = p->with.exposure_ns;
    frame->gain = p->with.gain;
    snprintf(frame->maker, sizeof frame->maker, "simulated");
    snprintf(frame->model, sizeof frame->model, "%s", s->options.is_color ? "colour" : "mono");
}

/* Gives the planned frame out; NULL: it was lost on the way. */
static cf_frame *deliver(sim *s, int64_t late_ns) {
    const uint64_t sequence = s->plan.sequence;
    int was_again = s->is_again;
    cf_frame *frame = NULL;
    if (!was_again && happens(s, sequence, 2, (double)s->options.drop)) {
        s->lost++;
    } else if (late_ns > s->frames * s->period_ns || !(frame = cf_frame_pool_get(s->pool))) {
        s->overrun++;
    } else {
        fill(s, frame);
        s->given++;
    }
    s->is_again = frame && !was_again && happens(s, sequence, 3, (double)s->options.dup);
    s->plan.is_planned = s->is_again;
    return frame;
}

/* What the options say is to go wrong with the frame that comes next. */
static cf_status trouble(sim *s, int64_t deadline) {
    const cf_sim_options *o = &s->options;
    if (o->frames && s->next_number >= o->frames)
        return CF_ERR_END;
    if (s->next_number == o->unplug_at && !s->fault.was_unplugged) {
        cf_sim_fault_begin(s->rest, s->next_number, (double)o->unplug_s, &s->fault);
        s->fault.is_gone = 1;
    }
    if (s->fault.is_gone)
        return cf_fail(CF_ERR_DEVICE, "sim:%s: the camera is gone", s->rest);
    if (s->next_number == o->stall_at && !s->fault.was_stalled) {
        cf_sim_fault_begin(s->rest, s->next_number, -1, &s->fault);
        s->fault.is_stalled = 1;
    }
    if (!s->fault.is_stalled)
        return CF_OK;
    sleep_until(deadline);
    return CF_ERR_TIMEOUT;
}

/* Waits for the planned frame, or with as_fast for a place to put it. */
static cf_status wait(sim *s, int64_t deadline) {
    if (!s->as_fast) {
        sleep_until(s->plan.ready_ns < deadline ? s->plan.ready_ns : deadline);
        return s->plan.ready_ns <= deadline ? CF_OK : CF_ERR_TIMEOUT;
    }
    while (cf_frame_pool_out(s->pool) == s->frames) {
        if (now_ns() >= deadline)
            return CF_ERR_TIMEOUT;
        sleep_until(now_ns() + 1000000);
    }
    return CF_OK;
}

static cf_status sim_next(void *state, int timeout_ms, cf_frame **out) {
    sim *s = state;
    if (!s->is_started)
        return cf_fail(CF_ERR_INVALID, "sim:%s was not started", s->rest);
    const int64_t deadline = now_ns() + (int64_t)timeout_ms * 1000000;
    while (!*out) {
        if (!s->plan.is_planned) {
            CF_TRY(trouble(s, deadline));
            plan_next(s);
        }
        CF_TRY(wait(s, deadline));
        *out = deliver(s, s->as_fast ? 0 : now_ns() - s->plan.ready_ns);
    }
    return CF_OK;
}

static cf_status sim_set(void *state, const cf_source_controls *controls) {
    sim *s = state;
    if (s->options.controls)
        cf_sim_controls_set(&s->controls, controls);
    return CF_OK;
}

static void sim_statistics(const void *state, cf_source_stats *out) {
    const sim *s = state;
    *out = (cf_source_stats){.frames = s->given, .lost = s->lost, .overrun = s->overrun};
}

static void sim_close(void *state) {
    sim *s = state;
    cf_sim_fault_close(s->rest, &s->fault);
    cf_sim_controls_clear(&s->controls);
    destroy(s);
}

const cf_source_backend cf_source_backend_sim = {
    .scheme = "sim",
    .summary = "sim:mono, sim:color: simulated cameras that see one scene; options as "
               "sim:mono?size=640x480&light=0.1",
    .open = sim_open,
    .start = sim_start,
    .next = sim_next,
    .set = sim_set,
    .statistics = sim_statistics,
    .close = sim_close,
};
