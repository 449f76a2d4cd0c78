/* SPDX-License-Identifier: Apache-2.0 */
/* Tells frames that follow, repeat, come late or start again by count and time stamp. */
#include "capture/stamp_watch.h"

enum { WINDOW = 16, ENOUGH = 4 }; /* intervals */
static const double JUMP_NS = 1e9;

int64_t cf_stamp_watch_spacing(const cf_stamp_watch *watch) {
    int64_t least = watch->least_ns[1];
    if (watch->intervals >= ENOUGH && (least == 0 || watch->least_ns[0] < least))
        least = watch->least_ns[0];
    if (watch->told_ns > 0 && (least == 0 || watch->told_ns < least))
        least = watch->told_ns;
    return least;
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
    double period = (double)cf_stamp_watch_spacing(watch);
    if (period <= 0)
        return 1;
    double counted_ns = (double)(step > 0 ? step : 1) * period, passed_ns = (double)interval_ns;
    double larger = counted_ns > passed_ns ? counted_ns : passed_ns;
    double difference = counted_ns > passed_ns ? counted_ns - passed_ns : passed_ns - counted_ns;
    return difference < JUMP_NS + larger / 4;
}

static cf_stamp_kind compare(const cf_stamp_watch *watch, int64_t interval_ns, int64_t step,
                             int room) {
    if (interval_ns == 0)
        return CF_STAMP_DUPLICATE;
    int64_t spacing = cf_stamp_watch_spacing(watch);
    if (interval_ns < 0) {
        int is_near = step > -room && step <= 0 && -interval_ns / room <= 2 * spacing;
        if (is_near && watch->is_counting)
            return step == 0 ? CF_STAMP_DUPLICATE : CF_STAMP_OVERTAKEN;
        return CF_STAMP_RESTART;
    }
    if (step < 0 || !agree(watch, interval_ns, step))
        return CF_STAMP_RESTART;
    return step == 0 && watch->is_counting ? CF_STAMP_DUPLICATE : CF_STAMP_NEXT;
}

cf_stamp_kind cf_stamp_watch_look(cf_stamp_watch *watch, int64_t t_ns, uint64_t sequence,
                                  int64_t period_ns, int room) {
    cf_stamp_kind kind = CF_STAMP_NEXT;
    if (watch->is_seen) {
        int64_t interval = t_ns - watch->t_ns, step = counted(watch->sequence, sequence);
        kind = compare(watch, interval, step, room);
        if (kind == CF_STAMP_DUPLICATE)
            return kind;
        if (kind == CF_STAMP_OVERTAKEN) {
            watch->lost -= watch->lost > 0;
            return kind;
        }
        if (kind == CF_STAMP_NEXT) {
            learn(watch, interval);
            watch->lost += step > 1 ? (uint64_t)step - 1 : 0;
            watch->is_counting |= step != 0;
        } else {
            watch->intervals = watch->is_counting = 0;
            watch->least_ns[1] = 0;
        }
    }
    watch->is_seen = 1;
    watch->t_ns = t_ns;
    watch->sequence = sequence;
    watch->told_ns = period_ns > 0 ? period_ns : 0;
    return kind;
}
