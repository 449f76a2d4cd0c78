/* SPDX-License-Identifier: Apache-2.0 */
/* Pairing when cameras misbehave: clocks that step, counts that stand still or wrap, frames twice,
 * out of order or never. Does not prove that real cameras misbehave in these ways only; what is
 * nearest is in capture/pairing. */
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "capture/pairing.h"
#include "tests/test_main.h"

enum { MS = 1000000, PERIOD = 33, ROOM = 8 };

/* A frame says in which tick of the world it was taken. */
typedef struct {
    cf_pairing *pairing;
    int pairs, wrong, dropped;
    int64_t first[2]; /* ticks of the latest pair */
} bench;

static void note_drop(void *user, int camera, void *frame) {
    (void)camera;
    (void)frame;
    ((bench *)user)->dropped++;
}

static void make(bench *b, int room) {
    *b = (bench){0};
    cf_pairing_params params = {.limit_ns = 5 * MS, .room = room, .drop = note_drop, .user = b};
    ck_assert_int_eq(cf_pairing_create(&params, &b->pairing), CF_OK);
}

static void collect(bench *b) {
    cf_pairing_item pair[2];
    while (cf_pairing_pop(b->pairing, pair)) {
        b->pairs++;
        b->wrong += pair[0].frame != pair[1].frame;
        for (int c = 0; c < 2; c++)
            b->first[c] = (intptr_t)pair[c].frame;
    }
}

static void push(bench *b, int camera, int64_t t_ms, int64_t sequence, int64_t tick) {
    cf_pairing_item item = {
        .t_ns = t_ms * MS, .sequence = (uint64_t)sequence, .frame = (void *)(intptr_t)tick};
    cf_pairing_push(b->pairing, camera, &item);
    collect(b);
}

/* Both cameras, in step by the world's clock; the colour one's stamps are off by step_ms. */
static void both(bench *b, int64_t from, int64_t ticks, int64_t step_ms) {
    for (int64_t k = from; k < from + ticks; k++) {
        push(b, 0, k * PERIOD, k, k);
        push(b, 1, k * PERIOD + step_ms, k, k);
    }
}

static cf_pairing_stats statistics(const bench *b) {
    cf_pairing_stats stats;
    cf_pairing_statistics(b->pairing, &stats);
    return stats;
}

START_TEST(a_pair_is_told_when_its_later_frame_comes) {
    for (int later = 0; later < 2; later++) {
        bench b;
        make(&b, ROOM);
        both(&b, 0, 10, 0);
        push(&b, !later, 10 * PERIOD, 10, 10);
        int before = b.pairs;
        push(&b, later, 10 * PERIOD + 4, 10, 10);
        ck_assert_int_eq(b.pairs, before + 1);
        cf_pairing_destroy(&b.pairing);
        ck_assert_ptr_null(b.pairing);
    }
}
END_TEST

START_TEST(a_silent_camera_holds_no_more_than_room) {
    bench b;
    make(&b, ROOM);
    both(&b, 0, 10, 0);
    ck_assert_int_eq(b.pairs, 10);
    for (int k = 10; k < 110; k++)
        push(&b, 0, k * PERIOD, k, k);
    ck_assert_int_eq(b.dropped, 100 - ROOM);
    cf_pairing_flush(b.pairing, 1);
    ck_assert_int_eq(b.dropped, 100);
    push(&b, 0, 110 * PERIOD, 110, 110); /* it returns: the one that waits is its partner */
    push(&b, 1, 110 * PERIOD, 0, 110);
    push(&b, 1, 111 * PERIOD, 1, 111);
    push(&b, 0, 111 * PERIOD, 111, 111);
    ck_assert_int_eq(b.pairs, 12);
    ck_assert_int_eq(b.wrong, 0);
    ck_assert_uint_eq(statistics(&b).restarts[1], 1);
    ck_assert_uint_eq(statistics(&b).lost[1], 0);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

START_TEST(frames_may_be_late_by_less_than_room) {
    for (int camera = 0; camera < 2; camera++) {
        bench b;
        make(&b, ROOM);
        for (int k = 0; k < 100; k++) {
            push(&b, !camera, k * PERIOD, k, k);
            if (k >= ROOM - 1)
                push(&b, camera, (k - ROOM + 1) * PERIOD, k - ROOM + 1, k - ROOM + 1);
        }
        ck_assert_int_eq(b.pairs, 100 - ROOM + 1);
        ck_assert_int_eq(b.wrong + b.dropped, 0);
        cf_pairing_destroy(&b.pairing);
    }
}
END_TEST

START_TEST(the_same_frame_again_is_passed_over) {
    bench b;
    make(&b, ROOM);
    for (int k = 0; k < 20; k++) {
        push(&b, 0, k * PERIOD, k, k);
        push(&b, 1, k * PERIOD, k, k);
        push(&b, 0, k * PERIOD, k, k);               /* all of it */
        push(&b, 1, k * PERIOD, k + 1, -1);          /* the stamp */
        push(&b, 0, k * PERIOD + 1, k, k ? -1 : -2); /* the count */
    }
    cf_pairing_flush(b.pairing, -1);
    cf_pairing_stats stats = statistics(&b);
    ck_assert_int_eq(b.pairs, 20);
    ck_assert_int_eq(b.wrong, 0);
    ck_assert_uint_eq(stats.duplicated[1], 20);
    /* Of two frames with one count the first camera's count may just stand still. */
    ck_assert_uint_eq(stats.duplicated[0] + stats.alone[0], 40);
    ck_assert_uint_ge(stats.duplicated[0], 39);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

START_TEST(missing_frames_are_counted_and_32_bit_counts_wrap) {
    bench b;
    make(&b, ROOM);
    uint64_t first = UINT64_C(0xfffffff0);
    for (int k = 0; k < 40; k++) {
        push(&b, 0, k * PERIOD, k, k);
        if (k != 5 && k != 17 && k != 18)
            push(&b, 1, k * PERIOD, (int64_t)((first + (uint64_t)k) & UINT32_MAX), k);
    }
    cf_pairing_stats stats = statistics(&b);
    ck_assert_int_eq(b.pairs, 37);
    ck_assert_int_eq(b.wrong, 0);
    ck_assert_uint_eq(stats.lost[1], 3);
    ck_assert_uint_eq(stats.lost[0], 0);
    ck_assert_uint_eq(stats.restarts[1], 0);
    ck_assert_uint_eq(stats.alone[0], 3);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

START_TEST(a_camera_need_not_count) {
    bench b;
    make(&b, ROOM);
    for (int k = 0; k < 100; k++)
        if (k % 10 != 3) {
            push(&b, 0, k * PERIOD, 0, k);
            push(&b, 1, k * PERIOD + 2, k, k);
        }
    ck_assert_int_eq(b.pairs, 90);
    ck_assert_uint_eq(statistics(&b).duplicated[0], 0);
    ck_assert_uint_eq(statistics(&b).restarts[0], 0);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

/* However the colour camera's clock jumps, what it gives then is in no pair; it is right again with
 * the third frame at the latest. */
START_TEST(a_clock_that_steps_pairs_nothing) {
    static const int64_t JUMPS[] = {1000, 5000, 3600000, -1000, -5000, -100000 * PERIOD + 40};
    for (int j = 0; j < 6; j++) {
        bench b;
        make(&b, ROOM);
        both(&b, 100000, 100, 0);
        ck_assert_int_eq(b.pairs, 100);
        both(&b, 100100, 400, JUMPS[j]);
        ck_assert_int_eq(b.pairs, 100);
        ck_assert_uint_eq(statistics(&b).restarts[1], 1);
        both(&b, 100500, 100, 0);
        ck_assert_int_ge(b.pairs, 198);
        ck_assert_int_eq(b.wrong, 0);
        ck_assert_uint_eq(statistics(&b).restarts[1], 2);
        ck_assert_uint_eq(statistics(&b).restarts[0], 0);
        cf_pairing_destroy(&b.pairing);
    }
}
END_TEST

START_TEST(frames_of_a_stepped_clock_are_not_held_until_the_other_is_there) {
    bench b;
    make(&b, ROOM);
    both(&b, 1000, 100, 0);
    both(&b, 1100, 20, 5016); /* 152 frames ahead, nearly in phase */
    for (int k = 1120; k < 1320; k++)
        push(&b, 0, k * PERIOD, k, k); /* reaches those stamps while the other is silent */
    ck_assert_int_eq(b.wrong, 0);
    ck_assert_int_eq(b.pairs, 100);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

/* The mono camera is late, so that frames of the other wait when the wild one comes. */
START_TEST(one_wild_stamp_spoils_one_frame) {
    static const int64_t WILD[] = {INT64_MAX, INT64_MIN, 0, -1, INT64_C(4000000000000000000)};
    for (int w = 0; w < 5; w++) {
        bench b;
        make(&b, ROOM);
        for (int k = 1000; k < 1200; k++) {
            cf_pairing_item item = {.t_ns = k == 1100 ? WILD[w] : (int64_t)k * PERIOD * MS,
                                    .sequence = (uint64_t)k,
                                    .frame = (void *)(intptr_t)k};
            cf_pairing_push(b.pairing, 1, &item);
            if (k >= 1004)
                push(&b, 0, (k - 4) * PERIOD, k - 4, k - 4);
        }
        ck_assert_int_eq(b.pairs, 195);
        ck_assert_int_eq(b.wrong, 0);
        cf_pairing_destroy(&b.pairing);
    }
}
END_TEST

START_TEST(a_frame_duration_may_change_or_be_told_wrong) {
    static const int64_t TOLD[] = {0, 1000, 1000 * MS, INT64_MAX, -1};
    for (int n = 0; n < 5; n++) {
        bench b;
        make(&b, ROOM);
        int64_t t = 0;
        for (int k = 0; k < 300; k++) { /* 33 ms, 2 s, 8 ms */
            t += k < 100 ? 33 : k < 200 ? 2000 : 8;
            for (int c = 0; c < 2; c++) {
                cf_pairing_item item = {.t_ns = t * MS,
                                        .period_ns = TOLD[n],
                                        .sequence = (uint64_t)k,
                                        .frame = (void *)(intptr_t)k};
                cf_pairing_push(b.pairing, c, &item);
                collect(&b);
            }
        }
        ck_assert_int_ge(b.pairs, 285);
        ck_assert_int_eq(b.wrong, 0);
        cf_pairing_destroy(&b.pairing);
    }
}
END_TEST

START_TEST(overtaken_frames_find_partners_that_still_wait) {
    bench b;
    make(&b, ROOM);
    both(&b, 0, 10, 0);
    for (int k = 10; k < 100; k += 3) { /* the colour camera is late, and its frames come 2 1 0 */
        for (int n = 0; n < 3; n++)
            push(&b, 1, (k + 2 - n) * PERIOD, k + 2 - n, k + 2 - n);
        for (int n = 0; n < 3; n++)
            push(&b, 0, (k + n) * PERIOD, k + n, k + n);
    }
    ck_assert_int_eq(b.pairs, 100);
    ck_assert_int_eq(b.wrong + b.dropped, 0);
    ck_assert_uint_eq(statistics(&b).lost[1], 0);
    ck_assert_uint_eq(statistics(&b).restarts[1], 0);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

/* A limit beyond the frame duration: the late frame has partners in reach, but its turn is over. */
START_TEST(order_is_kept_when_frames_are_overtaken) {
    bench b;
    make(&b, ROOM);
    cf_pairing_destroy(&b.pairing);
    cf_pairing_params params = {.limit_ns = 50 * MS, .room = ROOM, .drop = note_drop, .user = &b};
    ck_assert_int_eq(cf_pairing_create(&params, &b.pairing), CF_OK);
    both(&b, 0, 10, 0);
    push(&b, 0, 11 * PERIOD, 11, 11);
    push(&b, 1, 11 * PERIOD, 11, 11);
    ck_assert_int_eq(b.pairs, 11);
    push(&b, 1, 12 * PERIOD - 20, 12, 12);
    push(&b, 0, 10 * PERIOD, 10, 10);
    cf_pairing_flush(b.pairing, -1);
    collect(&b);
    ck_assert_int_eq(b.pairs, 11);
    ck_assert_int_eq(b.dropped, 2);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

START_TEST(overtaken_frames_need_room_too) {
    bench b;
    make(&b, 2);
    both(&b, 0, 10, 0);
    push(&b, 0, 10 * PERIOD, 10, 10);
    push(&b, 0, 12 * PERIOD, 12, 12);
    push(&b, 0, 11 * PERIOD, 11, 11);
    ck_assert_int_eq(b.dropped, 1);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

START_TEST(overtaken_frames_are_known_after_a_clock_was_set_back) {
    bench b;
    make(&b, ROOM);
    both(&b, 100000, 100, 0);
    both(&b, 0, 10, 0);
    int before = b.pairs;
    for (int k = 10; k < 20; k += 2) {
        push(&b, 0, (k + 1) * PERIOD, k + 1, k + 1);
        push(&b, 0, k * PERIOD, k, k);
        push(&b, 1, k * PERIOD, k, k);
        push(&b, 1, (k + 1) * PERIOD, k + 1, k + 1);
    }
    ck_assert_int_eq(b.pairs, before + 10);
    ck_assert_int_eq(b.wrong, 0);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

/* Whatever comes: every frame comes out once, in order, never a pair beyond the limit, and no more
 * than room wait, and one of each camera of which the next will tell what it is. */
START_TEST(any_stream_gives_every_frame_back_once) {
    int frames = getenv("CHROMAFUSE_VALGRIND") ? 3000 : 200000;
    cf_random random;
    cf_random_seed(&random, 5);
    bench b;
    make(&b, 3);
    int64_t now = 0, step[2] = {0};
    uint64_t sequence[2] = {0};
    int pushed = 0, is_back[2] = {0};
    cf_pairing_item back[2] = {0};
    for (int k = 0; k < frames; k++) {
        uint64_t bits = cf_random_bits(&random);
        int c = bits & 1;
        now += (int64_t)(bits >> 8 & 15) * MS;
        sequence[c]++;
        if ((bits >> 20 & 63) == 0)
            step[c] = (int64_t)cf_random_bits(&random) >> (bits >> 27 & 63);
        if ((bits >> 20 & 15) == 1)
            step[c] = 0;
        if ((bits >> 33 & 63) == 0)
            sequence[c] = cf_random_bits(&random) >> (bits >> 40 & 63);
        if ((bits >> 47 & 255) == 0)
            cf_pairing_flush(b.pairing, (int)(bits >> 55 & 1));
        cf_pairing_item item = {.t_ns = (int64_t)((uint64_t)now + (uint64_t)step[c]),
                                .period_ns =
                                    (bits >> 56 & 15) ? 0 : (int64_t)cf_random_bits(&random),
                                .sequence = sequence[c]};
        int is_kept_back = (bits >> 60) == 1 && !is_back[c];
        if (is_kept_back)
            back[c] = item;
        else
            cf_pairing_push(b.pairing, c, &item);
        if (is_back[c] && (bits >> 61) == 1)
            cf_pairing_push(b.pairing, c, &back[c]);
        pushed += 1 - is_kept_back + (is_back[c] && (bits >> 61) == 1);
        is_back[c] = is_kept_back || (is_back[c] && (bits >> 61) != 1);
        cf_pairing_item pair[2];
        while (cf_pairing_pop(b.pairing, pair)) {
            b.pairs++;
            if (llabs(pair[1].t_ns - pair[0].t_ns) > 5 * MS)
                ck_abort_msg("a pair beyond the limit");
        }
        int held = pushed - 2 * b.pairs - b.dropped;
        if (held < 0 || held > 8)
            ck_abort_msg("%d frames are held", held);
    }
    ck_assert_int_gt(b.pairs, frames / 20);
    int before = b.pairs;
    now = now / MS / PERIOD + 1000; /* nothing of that is left behind */
    both(&b, now, 100, 0);
    pushed += 200;
    ck_assert_int_ge(b.pairs, before + 95);
    cf_pairing_flush(b.pairing, -1);
    collect(&b);
    ck_assert_int_eq(pushed, 2 * b.pairs + b.dropped);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

START_TEST(what_nobody_takes_is_dropped) {
    bench b;
    make(&b, ROOM);
    for (int k = 0; k < 100; k++)
        for (int c = 0; c < 2; c++) {
            cf_pairing_item item = {.t_ns = (int64_t)k * PERIOD * MS, .sequence = (uint64_t)k};
            cf_pairing_push(b.pairing, c, &item);
        }
    ck_assert_int_eq(b.dropped, 2 * (100 - ROOM));
    cf_pairing_destroy(&b.pairing);
    ck_assert_int_eq(b.dropped, 200);
    cf_pairing_destroy(&b.pairing);
    cf_pairing_destroy(NULL);
}
END_TEST

START_TEST(skew_is_told) {
    bench b;
    cf_pairing_params params = {.limit_ns = 5 * MS, .offset_ns = -2 * MS, .room = 2};
    ck_assert_int_eq(cf_pairing_create(&params, &b.pairing), CF_OK);
    ck_assert_double_eq(statistics(&b).skew_p99_us, 0);
    for (int k = 0; k < 3000; k++) { /* of the last 1024 pairs 512 are -1 ms apart, 11 are 4 */
        int64_t skew = k % 2 ? -1 : k % 93 == 0 && k > 1976 ? 4 : 0;
        push(&b, 1, k * PERIOD - 2 + skew, k, k);
        push(&b, 0, k * PERIOD, k, k);
    }
    cf_pairing_stats stats = statistics(&b);
    ck_assert_uint_eq(stats.pairs, 3000);
    ck_assert(stats.skew_p50_us == 0 || stats.skew_p50_us == 1000);
    ck_assert_double_eq(stats.skew_p99_us, 1000);
    int fours = 0;
    for (int k = 1977; k < 3000; k++)
        fours += k % 2 == 0 && k % 93 == 0;
    ck_assert_double_eq_tol(stats.skew_mean_us, (-512 + 4 * fours) / 1.024, 1e-9);
    cf_pairing_destroy(&b.pairing);
}
END_TEST

START_TEST(wrong_parameters_are_refused) {
    static const cf_pairing_params WRONG[] = {
        {.limit_ns = 0, .room = 8},         {.limit_ns = -1, .room = 8},
        {.limit_ns = INT64_MAX, .room = 8}, {.limit_ns = 1, .room = 1},
        {.limit_ns = 1, .room = 65},        {.limit_ns = 1, .room = 8, .offset_ns = INT64_MIN},
    };
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    cf_pairing *pairing;
    for (size_t k = 0; k < sizeof WRONG / sizeof *WRONG; k++) {
        ck_assert_int_eq(cf_pairing_create(&WRONG[k], &pairing), CF_ERR_INVALID);
        ck_assert_ptr_null(pairing);
    }
    cf_alloc_fail_after(0);
    ck_assert_int_eq(cf_pairing_create(NULL, &pairing), CF_ERR_MEMORY);
    cf_alloc_fail_after(-1);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(cf_pairing_create(NULL, &pairing), CF_OK);
    cf_pairing_destroy(&pairing);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, a_pair_is_told_when_its_later_frame_comes);
    tcase_add_test(tc, a_silent_camera_holds_no_more_than_room);
    tcase_add_test(tc, frames_may_be_late_by_less_than_room);
    tcase_add_test(tc, the_same_frame_again_is_passed_over);
    tcase_add_test(tc, missing_frames_are_counted_and_32_bit_counts_wrap);
    tcase_add_test(tc, a_camera_need_not_count);
    tcase_add_test(tc, a_clock_that_steps_pairs_nothing);
    tcase_add_test(tc, frames_of_a_stepped_clock_are_not_held_until_the_other_is_there);
    tcase_add_test(tc, one_wild_stamp_spoils_one_frame);
    tcase_add_test(tc, overtaken_frames_find_partners_that_still_wait);
    tcase_add_test(tc, order_is_kept_when_frames_are_overtaken);
    tcase_add_test(tc, overtaken_frames_need_room_too);
    tcase_add_test(tc, overtaken_frames_are_known_after_a_clock_was_set_back);
    tcase_add_test(tc, a_frame_duration_may_change_or_be_told_wrong);
    tcase_add_test(tc, any_stream_gives_every_frame_back_once);
    tcase_add_test(tc, what_nobody_takes_is_dropped);
    tcase_add_test(tc, skew_is_told);
    tcase_add_test(tc, wrong_parameters_are_refused);
}

int main(void) {
    return test_run("capture/pairing_faults", add);
}
