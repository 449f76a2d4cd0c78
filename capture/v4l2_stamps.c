/* SPDX-License-Identifier: Apache-2.0 */
/* Frame counts without wraps, time stamps of known meaning. */
#include "capture/v4l2_stamps.h"

#include "base/log.h"

#define MAX_WARNINGS 5
#define LARGEST_GAP 65536 /* more than half an hour at 30 frames a second is no gap */

static void note_time(cf_v4l2_stamps *s, int64_t t_ns) {
    if (s->is_running && t_ns < s->t_ns && s->backward_warnings < MAX_WARNINGS) {
        s->backward_warnings++;
        cf_log(CF_LOG_WARNING, "%s: the time stamp goes back from %.6f to %.6f s%s", s->path,
               (double)s->t_ns * 1e-9, (double)t_ns * 1e-9,
               s->backward_warnings == MAX_WARNINGS ? "; more of that is not told" : "");
    }
    s->t_ns = t_ns;
}

static void count(cf_v4l2_stamps *s, uint32_t raw, int is_later) {
    uint32_t step = raw - s->last;
    if (!s->is_running) {
        s->sequence = raw;
    } else if (step == 0 && is_later) {
        s->added++;
        if (!s->has_warned_count)
            cf_log(CF_LOG_WARNING, "%s: the driver does not count its frames: losses go unseen",
                   s->path);
        s->has_warned_count = 1;
    } else if (step <= LARGEST_GAP) {
        s->sequence += step;
        s->lost += step ? step - 1 : 0;
    } else {
        cf_log(CF_LOG_WARNING, "%s: the frame count leaps from %u to %u: it started again", s->path,
               s->last, raw);
        s->sequence = raw;
        s->added = 0;
    }
    s->last = raw;
}

void cf_v4l2_stamps_take(cf_v4l2_stamps *s, const cf_v4l2_filled *b, int64_t now_ns,
                         uint64_t *sequence, int64_t *t_ns, cf_time_ref *ref) {
    int is_monotonic =
        (b->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    int is_start = (b->flags & V4L2_BUF_FLAG_TSTAMP_SRC_MASK) == V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
    if (!is_monotonic && !s->has_warned_clock) {
        cf_log(CF_LOG_WARNING,
               "%s: its time stamps are not of CLOCK_MONOTONIC: the time of arrival counts",
               s->path);
        s->has_warned_clock = 1;
    }
    *t_ns = is_monotonic ? b->t_ns : now_ns;
    *ref = is_monotonic && is_start ? CF_TIME_START : CF_TIME_END;
    count(s, b->sequence, *t_ns != s->t_ns);
    note_time(s, *t_ns);
    s->is_running = 1;
    *sequence = s->sequence + s->added;
}

int64_t cf_v4l2_middle(int64_t t_ns, int64_t exposure_ns, int64_t readout_ns, cf_time_ref *ref) {
    if (exposure_ns <= 0)
        return t_ns;
    /* Unsigned: a time stamp of a broken driver may be anything. */
    uint64_t shift = *ref == CF_TIME_START ? (uint64_t)exposure_ns / 2
                                           : 0 - (uint64_t)(exposure_ns / 2) - (uint64_t)readout_ns;
    *ref = CF_TIME_MID;
    return (int64_t)((uint64_t)t_ns + shift);
}
