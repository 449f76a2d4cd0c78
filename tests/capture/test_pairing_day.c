/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A day of two free-running cameras with drops, drift, jitter, duplicates, bursts and disconnects:
 * every pair that exists is found, none wrong, memory flat. Does not prove what nearest means where
 * a frame has several candidates (capture/pairing), nor that clocks may step (likewise).
 *
 * The oracle. A pair exists where two frames that were delivered have time stamps within the limit.
 * Frames of one camera are always more than two limits apart (asserted), so a frame has one
 * candidate at most and there is nothing to choose: with 200 ppm the cameras slide through all
 * phases in 167 s, and near half a period there simply is no pair. It knows all frames of the day,
 * in order, and no arrival times. Beside it the truth: the exposures of a pair, before jitter, are
 * nearer to each other than to any other exposure, taken or lost.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "capture/pairing.h"
#include "tests/test_main.h"

enum { ROOM = 8, DISCONNECTS = 20, MS = 1000000 };
/* Even a ck_assert that holds writes to a pipe: too slow for millions. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("%s", #condition);                                                        \
    } while (0)
static const double PERIOD = 1e9 / 30, JITTER = 2.0 * MS, DRIFT = 200e-6;
static const int64_t SECOND = 1000 * MS, OFFSET = 1234567;

typedef struct {
    int64_t from, length;
    int camera, is_told;
} disconnect;

typedef struct {
    int64_t length_ns, limit_ns;
    disconnect gone[DISCONNECTS];
} plan;

typedef struct {
    int64_t t, arrival; /* stamp as the camera gives it; when it comes */
    double exposed;     /* true middle of the exposure */
    uint64_t sequence, number;
    int copies, is_after_gap; /* the camera was away, and that was told */
} shot;

/* A camera's day, shot by shot: the same each time it is started. */
typedef struct {
    const plan *p;
    int camera, next_gap;
    cf_random random;
    double exposed, period;
    uint64_t sequence, number;
    int64_t last_arrival, stalled_until;
} camera_day;

static camera_day start(const plan *p, int which) {
    camera_day c = {
        .p = p, .camera = which, .period = PERIOD * (which ? 1 + DRIFT : 1), .exposed = 1e12};
    cf_random_seed(&c.random, (uint64_t)which + 17);
    return c;
}

static int one_in(camera_day *c, double frames) {
    return cf_random_uniform(&c->random) * frames < 1;
}

/* Restarts after a disconnect: another phase, the count from 0. 1 where that was told. */
static int pass_gap(camera_day *c) {
    for (; c->next_gap < DISCONNECTS; c->next_gap++) {
        const disconnect *d = &c->p->gone[c->next_gap];
        if (d->camera != c->camera)
            continue;
        if (c->exposed < (double)d->from)
            return 0;
        c->exposed += (double)d->length + PERIOD * cf_random_uniform(&c->random);
        c->sequence = 0;
        c->next_gap++;
        return d->is_told;
    }
    return 0;
}

/* The next shot that is delivered; 0 at the end of the day. */
static int next_shot(camera_day *c, shot *s) {
    do {
        c->exposed += c->period;
        c->sequence++;
        s->is_after_gap = pass_gap(c);
    } while (one_in(c, 100) && c->sequence > 0);
    double stamp = c->exposed + JITTER * (2 * cf_random_uniform(&c->random) - 1);
    if (one_in(c, 1000) && c->exposed > (double)c->stalled_until + 10 * PERIOD)
        /* nothing comes for up to five frames, then all at once */
        c->stalled_until = (int64_t)(c->exposed + PERIOD * 5 * cf_random_uniform(&c->random));
    int64_t arrival = (int64_t)(c->exposed + 30e6 * cf_random_uniform(&c->random));
    if (arrival < c->stalled_until)
        arrival = c->stalled_until;
    c->last_arrival = arrival > c->last_arrival ? arrival : c->last_arrival;
    s->t = (int64_t)stamp + (c->camera ? OFFSET : 0);
    s->arrival = c->last_arrival;
    s->exposed = c->exposed;
    s->sequence = c->sequence;
    s->number = c->number++;
    s->copies = 1 + one_in(c, 500);
    return c->exposed < 1e12 + (double)c->p->length_ns;
}

/* All pairs that exist, in order. */
typedef struct {
    camera_day cameras[2];
    shot next[2];
    int is_there[2];
} oracle;

static void oracle_advance(oracle *o, int c) {
    int64_t before = o->next[c].t;
    o->is_there[c] = next_shot(&o->cameras[c], &o->next[c]);
    MUST(o->next[c].t - before > 2 * o->cameras[c].p->limit_ns);
}

static int oracle_next(oracle *o, shot pair[2]) {
    while (o->is_there[0] && o->is_there[1]) {
        int64_t skew = o->next[1].t - OFFSET - o->next[0].t;
        if (llabs(skew) <= o->cameras[0].p->limit_ns) {
            memcpy(pair, o->next, sizeof o->next);
            oracle_advance(o, 0);
            oracle_advance(o, 1);
            return 1;
        }
        oracle_advance(o, skew < 0);
    }
    return 0;
}

static oracle ask(const plan *p) {
    oracle o = {.cameras = {start(p, 0), start(p, 1)}};
    for (int c = 0; c < 2; c++)
        o.is_there[c] = next_shot(&o.cameras[c], &o.next[c]);
    return o;
}

/* What the pairing under test is given and gives. */
typedef struct {
    cf_pairing *pairing;
    oracle truth;
    int64_t told; /* frame duration, or 0 */
    uint64_t pushed, popped, at_once;
    uint64_t dropped;
    uint64_t most_held;
} trial;

static void count_drop(void *user, int camera, void *frame) {
    (void)camera;
    (void)frame;
    ((trial *)user)->dropped++;
}

/* `number` of `camera` is the frame that came last. */
static void check_pairs(trial *t, int camera, uint64_t number) {
    cf_pairing_item got[2];
    while (cf_pairing_pop(t->pairing, got)) {
        shot wanted[2];
        MUST(oracle_next(&t->truth, wanted));
        for (int c = 0; c < 2; c++)
            MUST((uintptr_t)got[c].frame == wanted[c].number);
        MUST(fabs(wanted[1].exposed - wanted[0].exposed) < PERIOD / 2);
        t->popped += 2;
        t->at_once += wanted[camera].number == number;
    }
    uint64_t held = t->pushed - t->popped - t->dropped;
    t->most_held = held > t->most_held ? held : t->most_held;
}

static void push(trial *t, int c, const shot *s) {
    cf_pairing_item item = {.t_ns = s->t,
                            .period_ns = t->told,
                            .sequence = s->sequence,
                            .frame = (void *)(uintptr_t)s->number};
    for (int k = 0; k < s->copies; k++, t->pushed++)
        cf_pairing_push(t->pairing, c, &item);
    check_pairs(t, c, s->number);
}

static void run(trial *t, const plan *p) {
    camera_day cameras[2] = {start(p, 0), start(p, 1)};
    shot next[2];
    int is_there[2];
    for (int c = 0; c < 2; c++)
        is_there[c] = next_shot(&cameras[c], &next[c]);
    while (is_there[0] || is_there[1]) {
        int c = !is_there[0] || (is_there[1] && next[1].arrival < next[0].arrival);
        push(t, c, &next[c]);
        is_there[c] = next_shot(&cameras[c], &next[c]);
        if (next[c].is_after_gap)
            cf_pairing_flush(t->pairing, c);
    }
    cf_pairing_flush(t->pairing, -1);
    check_pairs(t, 0, 0);
}

static plan make_plan(int64_t length, int64_t limit) {
    plan p = {.length_ns = length, .limit_ns = limit};
    cf_random random;
    cf_random_seed(&random, 3);
    for (int k = 0; k < DISCONNECTS; k++) {
        double seconds = 2 * pow(150, cf_random_uniform(&random));
        int64_t apart = length / (DISCONNECTS + 1);
        p.gone[k] = (disconnect){.from = 1000 * SECOND + apart * (k + 1),
                                 .length = (int64_t)fmin(seconds * 1e9, (double)apart * 0.8),
                                 .camera = (int)(cf_random_bits(&random) % 2),
                                 .is_told = (int)(cf_random_bits(&random) % 2)};
    }
    return p;
}

static void live_through(int64_t length, int64_t limit, int64_t told, double late_share) {
    cf_alloc_fail_after(-1);
    plan p = make_plan(length, limit);
    trial t = {.truth = ask(&p), .told = told};
    cf_pairing_params params = {
        .offset_ns = OFFSET, .limit_ns = limit, .room = ROOM, .drop = count_drop, .user = &t};
    ck_assert_int_eq(cf_pairing_create(&params, &t.pairing), CF_OK);
    size_t live = cf_alloc_live();
    cf_alloc_fail_after(0); /* it must not need any */
    run(&t, &p);
    cf_alloc_fail_after(-1);
    ck_assert_uint_eq(cf_alloc_live(), live);
    shot missed[2];
    ck_assert_int_eq(oracle_next(&t.truth, missed), 0);
    cf_pairing_stats stats;
    cf_pairing_statistics(t.pairing, &stats);
    cf_pairing_destroy(&t.pairing);
    double at_once = (double)t.at_once * 2 / (double)t.popped;
    int gone[2] = {0};
    for (int k = 0; k < DISCONNECTS; k++)
        gone[p.gone[k].camera]++;
    if (getenv("VERBOSE"))
        printf("%.2f h, limit %.1f ms: %llu pairs, none missed, none wrong; alone %llu %llu, "
               "duplicated %llu %llu, lost %llu %llu, restarts %llu %llu; %.3f %% at once; %d "
               "frames held at most\n",
               (double)length / 3.6e12, (double)limit * 1e-6, (unsigned long long)stats.pairs,
               (unsigned long long)stats.alone[0], (unsigned long long)stats.alone[1],
               (unsigned long long)stats.duplicated[0], (unsigned long long)stats.duplicated[1],
               (unsigned long long)stats.lost[0], (unsigned long long)stats.lost[1],
               (unsigned long long)stats.restarts[0], (unsigned long long)stats.restarts[1],
               at_once * 100, (int)t.most_held);
    ck_assert_uint_eq(t.pushed, t.popped + t.dropped);
    ck_assert_uint_eq(stats.pairs * 2, t.popped);
    ck_assert_uint_le(t.most_held, 2 * ROOM);
    for (int c = 0; c < 2; c++)
        ck_assert_uint_eq(stats.restarts[c], (uint64_t)gone[c]);
    double late = (double)(stats.pairs - t.at_once);
    /* After a start the camera's pace is measured first; a first frame waits for the second. */
    ck_assert_double_le(late, 5 * (DISCONNECTS + 1) + late_share * (double)stats.pairs);
    ck_assert_double_le(stats.skew_p99_us, (double)limit * 1e-3);
}

static int64_t length(void) {
    if (getenv("CHROMAFUSE_VALGRIND"))
        return 900 * SECOND;
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    return 24 * 3600 * SECOND;
#else
    return 2 * 3600 * SECOND;
#endif
}

START_TEST(a_day_with_the_default_limit) {
    live_through(length(), 5 * MS, (int64_t)PERIOD, 0);
}
END_TEST

START_TEST(a_day_with_a_third_of_a_frame) {
    live_through(length(), (int64_t)(PERIOD / 3), 0, 1e-3);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, a_day_with_the_default_limit);
    tcase_add_test(tc, a_day_with_a_third_of_a_frame);
}

int main(void) {
    return test_run("capture/pairing_day", add);
}
