/* SPDX-License-Identifier: Apache-2.0 */
/* V4L2 streams on a made-up driver, with the faults that real ones cannot be made to have. Does not
 * prove that a kernel behaves like it: tests/vm does that on vivid; opening: test_v4l2. */
#include "base/random.h"
#include "tests/capture/v4l2_case.h"

/* --- counts and times --- */

START_TEST(losses_are_counted_and_counts_go_on_when_they_wrap) {
    static const uint32_t counts[] = {4294967293U, 4294967294U, 0, 1, 1, 4};
    static const uint64_t expected[] = {4294967293U, 4294967294U, 4294967296U,
                                        4294967297U, 4294967297U, 4294967300U};
    steps(6);
    for (int i = 0; i < 6; i++)
        fake.steps[i].sequence = counts[i];
    fake.steps[4].t_us = fake.steps[3].t_us; /* the very same frame again */
    cf_source *s = started();
    for (int i = 0; i < 6; i++)
        ck_assert_uint_eq(take(s, NULL), expected[i]);
    cf_source_stats stats = cf_source_statistics(s);
    ck_assert_uint_eq(stats.lost, 1 + 2);
    ck_assert_uint_eq(stats.frames, 6);
    ck_assert_uint_eq(stats.damaged + stats.overrun, 0);
    ck_assert_int_eq(line_count, 0);
    cf_source_close(&s);
}
END_TEST

START_TEST(a_camera_that_starts_counting_again_is_told) {
    steps(3);
    fake.steps[0].sequence = 900;
    fake.steps[1].sequence = 2;
    fake.steps[2].sequence = 3;
    cf_source *s = started();
    ck_assert_uint_eq(take(s, NULL), 900);
    ck_assert_uint_eq(take(s, NULL), 2);
    one_line("leaps from 900 to 2");
    ck_assert_uint_eq(take(s, NULL), 3);
    ck_assert_uint_eq(cf_source_statistics(s).lost, 0);
    cf_source_close(&s);
}
END_TEST

START_TEST(a_driver_that_does_not_count_is_counted_for) {
    steps(4);
    for (int i = 0; i < 4; i++)
        fake.steps[i].sequence = 0;
    cf_source *s = started();
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(take(s, NULL), (unsigned)i);
    one_line("does not count");
    cf_source_close(&s);
}
END_TEST

START_TEST(time_stamps_are_passed_on_and_their_faults_told) {
    int64_t t;
    steps(4);
    fake.steps[1].t_us = 500;              /* back */
    fake.steps[2].t_us = 9223372036854775; /* the last microsecond of 63 bits of ns */
    fake.steps[3].flags = FAKE_MONOTONIC | V4L2_BUF_FLAG_TIMESTAMP_COPY; /* another clock */
    cf_source *s = started();
    take(s, &t);
    ck_assert_int_eq(t, 1000000000);
    take(s, &t);
    ck_assert_int_eq(t, 500000);
    one_line("goes back");
    take(s, &t);
    ck_assert_int_eq(t, 9223372036854775000);
    take(s, &t);
    ck_assert_int_eq(line_count, 2);
    ck_assert_ptr_nonnull(strstr(lines[0], "CLOCK_MONOTONIC"));
    ck_assert_int_gt(t, 0);
    cf_source_close(&s);
}
END_TEST

/* --- frames that are not whole --- */

START_TEST(short_and_false_frames_are_left_out) {
    steps(6);
    fake.steps[0].flags = V4L2_BUF_FLAG_ERROR;
    fake.steps[1].used = 100;
    fake.steps[2].is_empty = 1;
    fake.steps[3].used = UINT32_MAX;
    fake.steps[5].used = 128 * 96 * 2 + 64; /* more than a picture, in a buffer that has it */
    fake.buffer_extra = 64;
    cf_source *s = started();
    ck_assert_uint_eq(take(s, NULL), 4);
    one_line("left out");
    ck_assert_uint_eq(take(s, NULL), 5);
    ck_assert_int_eq(line_count, 0);
    cf_source_stats stats = cf_source_statistics(s);
    ck_assert_uint_eq(stats.damaged, 4);
    ck_assert_uint_eq(stats.lost, 0);
    ck_assert_uint_eq(stats.frames, 2);
    cf_source_close(&s);
    ck_assert_int_eq(fake.starved, 0);
}
END_TEST

START_TEST(only_damaged_frames_are_a_timeout) {
    steps(5);
    for (int i = 0; i < 5; i++)
        fake.steps[i].flags = V4L2_BUF_FLAG_ERROR;
    cf_source *s = started();
    ends(s, CF_ERR_TIMEOUT);
    ck_assert_uint_eq(cf_source_statistics(s).damaged, 5);
    cf_source_close(&s);
}
END_TEST

START_TEST(a_size_that_changes_is_an_error) {
    steps(3);
    fake.steps[1].new_width = 64;
    fake.steps[1].used = 64 * 96 * 2;
    cf_source *s = started();
    take(s, NULL);
    ends(s, CF_ERR_DEVICE);
    one_line("changed to Y10 64x96");
    ends(s, CF_ERR_DEVICE);
    ck_assert_int_eq(line_count, 0);
    cf_source_close(&s);
    steps(2); /* told by an event, while the buffers stay as they were */
    fake.step = 0;
    fake.steps[1].events = POLLIN | POLLPRI;
    s = started();
    take(s, NULL);
    fake.dequeue_event_count = 1;
    fake.width = 192;
    ends(s, CF_ERR_DEVICE);
    one_line("changed to Y10 192x96");
    cf_source_close(&s);
    steps(1); /* the same event without a change is none */
    fake.step = 0;
    fake.steps[0].events = POLLIN | POLLPRI;
    s = started();
    fake.dequeue_event_count = 1;
    take(s, NULL);
    cf_source_close(&s);
    ck_assert_int_gt(fake.subscribed, 0);
}
END_TEST

/* --- devices that fail in the middle --- */

static void dies(fake_step fault, const char *word) {
    steps(3);
    fake.step = 0;
    fake.steps[1] = fault;
    cf_source *s = started();
    take(s, NULL);
    ends(s, CF_ERR_DEVICE);
    one_line(word);
    ends(s, CF_ERR_DEVICE); /* and no second line */
    ck_assert_int_eq(line_count, 0);
    cf_source_close(&s);
}

START_TEST(a_camera_that_dies_says_so_once) {
    dies((fake_step){.error = ENODEV, .events = POLLERR | POLLHUP}, "unplugged");
    dies((fake_step){.error = EIO, .events = POLLERR}, "cannot recover");
    dies((fake_step){.error = EAGAIN, .events = POLLERR}, "has stopped");
    dies((fake_step){.error = EPIPE}, "no more frames");
    dies((fake_step){.wrong_index = 1}, "no more frames");
    steps(1);
    fake.step = 0;
    cf_source *s = started();
    fake.poll_error = EBADF;
    ends(s, CF_ERR_DEVICE);
    one_line("cannot wait");
    cf_source_close(&s);
}
END_TEST

START_TEST(silence_is_a_timeout_and_nothing_else) {
    cf_source *s = started();
    for (int i = 0; i < 3; i++)
        ends(s, CF_ERR_TIMEOUT);
    ck_assert_int_eq(line_count, 0);
    steps(1);
    ck_assert_uint_eq(take(s, NULL), 0); /* and it may go on */
    steps(2);
    fake.steps[1].error = EAGAIN; /* woken for nothing */
    ends(s, CF_ERR_TIMEOUT);
    cf_source_close(&s);
}
END_TEST

START_TEST(a_buffer_refused_once_is_offered_again) {
    steps(8);
    fake.qbuf_error = EINVAL;
    fake.qbuf_error_at = 7; /* six at the start */
    cf_source *s = started();
    for (int i = 0; i < 8; i++)
        ck_assert_uint_eq(take(s, NULL), (unsigned)i);
    one_line("once more");
    cf_source_close(&s);
    steps(8);
    fake.step = fake.qbufs = 0;
    fake.qbuf_error_at = 6;
    fake.qbuf_error_times = 2;
    s = started();
    take(s, NULL); /* this one is whole */
    ends(s, CF_ERR_DEVICE);
    ck_assert_int_eq(line_count, 2);
    ck_assert_ptr_nonnull(strstr(last_line(), "does not take a buffer back"));
    cf_source_close(&s);
}
END_TEST

START_TEST(signals_interrupt_nothing) {
    fake.interrupts_all = 1;
    steps(3);
    cf_source *s = started();
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(take(s, NULL), (unsigned)i);
    ends(s, CF_ERR_TIMEOUT);
    cf_source_close(&s);
    fake.interrupts_all = 0;
    ck_assert_int_eq(line_count, 0);
}
END_TEST

START_TEST(frames_that_nobody_gives_back_are_an_overrun) {
    cf_source_params p = {.frames = 2};
    cf_frame *held[2], *none;
    steps(6);
    cf_source *s = opened(&p);
    ck_assert_int_eq(cf_source_start(s), CF_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(cf_source_next(s, 60000, &held[i]), CF_OK);
    fake.step_count = 5;
    ck_assert_int_eq(cf_source_next(s, 60000, &none), CF_ERR_TIMEOUT);
    ck_assert_uint_eq(cf_source_statistics(s).overrun, 3);
    cf_frame_unref(&held[0]);
    fake.step_count = 6;
    ck_assert_uint_eq(take(s, NULL), 5);
    ck_assert_uint_eq(cf_source_statistics(s).lost, 0);
    cf_source_close(&s);
    cf_frame_unref(&held[1]); /* outlives the camera */
    ck_assert_int_eq(fake.starved, 0);
}
END_TEST

/* Buffers with anything in their fields: every one is accounted for, none is read beyond its end
 * (sanitizers and valgrind see that), a count that went up stays up. */
START_TEST(a_driver_that_says_anything_is_survived) {
    cf_random random;
    cf_random_seed(&random, 6);
    for (int round = 0; round < (getenv("CHROMAFUSE_VALGRIND") ? 4 : 40); round++) {
        cf_frame *frame;
        cf_status status = CF_OK;
        uint64_t counted = 0;
        steps(200);
        fake.step = 0;
        for (int i = 0; i < 200; i++) {
            uint64_t bits = cf_random_bits(&random);
            fake_step *f = &fake.steps[i];
            f->flags = (uint32_t)(bits >> 8) & (bits & 1 ? 0 : UINT32_MAX);
            f->used = bits & 2 ? 0 : (uint32_t)(bits >> 32) >> (bits >> 16) % 32;
            f->sequence = bits & 4 ? (uint32_t)i : (uint32_t)(bits >> 24);
            f->t_us = bits & 8 ? i : (int64_t)(bits >> 1) / 4096;
            f->error = i == 199 ? ENODEV : 0;
        }
        cf_source *s = started();
        while ((status = cf_source_next(s, 60000, &frame)) == CF_OK) {
            counted++;
            cf_frame_unref(&frame);
        }
        ck_assert_int_eq(status, CF_ERR_DEVICE);
        cf_source_stats stats = cf_source_statistics(s);
        ck_assert_uint_eq(stats.frames, counted);
        ck_assert_uint_eq(stats.frames + stats.damaged, 199);
        ck_assert_uint_gt(stats.frames, 0);
        ck_assert_uint_gt(stats.damaged, 0);
        ck_assert_uint_le(stats.lost, 199 * 65536);
        cf_source_close(&s);
    }
    ck_assert_int_eq(fake.starved, 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, losses_are_counted_and_counts_go_on_when_they_wrap);
    tcase_add_test(tc, a_camera_that_starts_counting_again_is_told);
    tcase_add_test(tc, a_driver_that_does_not_count_is_counted_for);
    tcase_add_test(tc, time_stamps_are_passed_on_and_their_faults_told);
    tcase_add_test(tc, short_and_false_frames_are_left_out);
    tcase_add_test(tc, only_damaged_frames_are_a_timeout);
    tcase_add_test(tc, a_size_that_changes_is_an_error);
    tcase_add_test(tc, a_camera_that_dies_says_so_once);
    tcase_add_test(tc, silence_is_a_timeout_and_nothing_else);
    tcase_add_test(tc, a_buffer_refused_once_is_offered_again);
    tcase_add_test(tc, signals_interrupt_nothing);
    tcase_add_test(tc, a_driver_that_says_anything_is_survived);
    tcase_add_test(tc, frames_that_nobody_gives_back_are_an_overrun);
}

int main(void) {
    return test_run("capture/v4l2_stream", add);
}
