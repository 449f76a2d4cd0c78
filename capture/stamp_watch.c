/* SPDX-License-Identifier: Apache-2.0 */
/* Tells frames that follow, repeat, come late or start again by count and time stamp. */
#include "capture/stamp_watch.h"

enum { WINDOW = 16, ENOUGH = 4 }; /* intervals */
static const double JUMP_NS = 5e8;
static const int64_t MOST_NS = INT64_C(1000000000000000);

/* As seen; 0: not yet. */
static int64_t learned(const cf_stamp_watch *watch) {
    int64_t now = watch->least_ns[0], before = watch->least_ns[1];
    if (before == 0 && watch->intervals < ENOUGH)
        return 0;
    int64_t least = before == 0 || now < before ? now : before;
    return least < MOST_NS ? least : MOST_NS;
}

int64_t cf_stamp_watch_spacing(const cf_stamp_watch *watch) {
    int64_t least = learned(watch);
    return watch->told_ns > 0 && (least == 0 || watch->told_ns < least) ? watch->told_ns : least;
}

int64_t cf_stamp_watch_soonest(const cf_stamp_watch *watch) {
    if (!watch->is_seen)
        return -(INT64_MAX / 2);
    int64_t spacing = cf_stamp_watch_spacing(watch);
    return watch->latest.t_ns + (spacing > 0 ? spacing - spacing / 4 : 1);
}

static void learn(cf_stamp_watch *watch, int64_t interval_ns) {
    if (watch->intervals == WINDOW) {
        watch->least_ns[1] = watch->least_ns[0];
        watch->intervals = 0;
    }
    if (watch->intervals++ == 0 || interval_ns < watch->least_ns[0])
        watch->least_ns[0] = interval_ns;
}

/* How far the count went on; kernels count frames in 32 bits. */
static int64_t counted(uint64_t before, uint64_t now) {
    uint64_t step = now - before;
    if (before <= UINT32_MAX && before > UINT32_MAX - (1u << 20) && now < 1u << 20)
        step = now + (UINT64_C(1) << 32) - before;
    return (int64_t)step;
}

/* Whether time and count went on by the same number of frames, as far as can be told: a camera may
 * pause, or lose frames without counting them. */
static int agree(const cf_stamp_watch *watch, int64_t interval_ns, int64_t step) {
    double period = (double)learned(watch);
    if (period <= 0)
        return 1;
    double counted_ns = (double)(step > 0 ? step : 1) * period, passed_ns = (double)interval_ns;
    double larger = counted_ns > passed_ns ? counted_ns : passed_ns;
    double difference = counted_ns > passed_ns ? counted_ns - passed_ns : passed_ns - counted_ns;
    return difference < JUMP_NS + larger / 4;
}

static cf_stamp_kind compare(const cf_stamp_watch *watch, cf_stamp before, cf_stamp now, int room) {
    int64_t interval = now.t_ns - before.t_ns, step = counted(before.sequence, now.sequence);
    if (interval == 0)
        return CF_STAMP_DUPLICATE;
    if (interval < 0) {
        int is_near = -interval / room <= 2 * cf_stamp_watch_spacing(watch);
        if (!is_near || !watch->is_counting || step > 0 || step <= -room)
            return CF_STAMP_RESTART;
        return step == 0 ? CF_STAMP_DUPLICATE : CF_STAMP_OVERTAKEN;
    }
    if (step < 0 || !agree(watch, interval, step))
        return CF_STAMP_RESTART;
    return step == 0 && watch->is_counting ? CF_STAMP_DUPLICATE : CF_STAMP_NEXT;
}

/* Where a frame in doubt is made good by the next, all before is forgotten. */
static void settle_doubt(cf_stamp_watch *watch, cf_stamp stamp, int room) {
    cf_stamp_kind kind = compare(watch, watch->doubted, stamp, room);
    if (kind != CF_STAMP_NEXT && kind != CF_STAMP_DUPLICATE)
        return;
    watch->latest = watch->doubted;
    watch->is_made_good = 1;
    watch->least_ns[1] = watch->intervals = watch->is_in_doubt = watch->is_counting = 0;
}

cf_stamp_kind cf_stamp_watch_look(cf_stamp_watch *watch, cf_stamp stamp, int64_t period_ns,
                                  int room) {
    watch->is_made_good = 0;
    if (watch->is_in_doubt)
        settle_doubt(watch, stamp, room);
    if (watch->is_seen) {
        cf_stamp_kind kind = compare(watch, watch->latest, stamp, room);
        if (kind == CF_STAMP_RESTART) {
            if (watch->is_in_doubt) /* again: so is what was learned */
                watch->least_ns[1] = watch->intervals = 0;
            watch->is_in_doubt = 1;
            watch->doubted = stamp;
        }
        if (kind == CF_STAMP_OVERTAKEN)
            watch->lost -= watch->lost > 0;
        if (kind != CF_STAMP_NEXT)
            return kind;
        int64_t step = counted(watch->latest.sequence, stamp.sequence);
        learn(watch, stamp.t_ns - watch->latest.t_ns);
        watch->lost += step > 1 ? (uint64_t)step - 1 : 0;
        watch->is_counting |= step != 0;
    }
    watch->is_seen = 1;
    watch->is_in_doubt = 0;
    watch->latest = stamp;
    watch->told_ns = period_ns > 0 && period_ns < MOST_NS ? period_ns : 0;
    return CF_STAMP_NEXT;
}
