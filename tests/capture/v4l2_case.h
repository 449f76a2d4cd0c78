/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of V4L2 share: a made-up camera per case, its log lines, the check that everything
 * was given back. */
#ifndef CHROMAFUSE_TESTS_CAPTURE_V4L2_CASE_H
#define CHROMAFUSE_TESTS_CAPTURE_V4L2_CASE_H

#include "base/alloc.h"
#include "capture/source.h"
#include "tests/capture/fake_v4l2.h"
#include "tests/test_main.h"

#define URI "v4l2:/dev/video7"

static char lines[8][1024]; /* what was logged, the latest last */
static int line_count;
static size_t live;

static inline void keep(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(lines[line_count++ % 8], sizeof lines[0], "%s", line);
}

static inline const char *last_line(void) {
    return line_count ? lines[(line_count - 1) % 8] : "";
}

static inline void setup(void) {
    fake_reset();
    cf_log_set(keep, NULL, CF_LOG_WARNING);
    line_count = 0;
    live = cf_alloc_live();
}

/* Everything that was taken has been given back. */
static inline void teardown(void) {
    ck_assert_uint_eq(cf_alloc_live(), live);
    ck_assert_int_eq(fake.opened, fake.closed);
    ck_assert_int_eq(fake.mapped, fake.unmapped);
    for (int i = 0; i < FAKE_BUFFERS; i++)
        ck_assert_ptr_null(fake.memory[i]);
    cf_v4l2_io_set(NULL);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}

/* One clear line that has the word in it. */
static inline void one_line(const char *word) {
    ck_assert_msg(line_count == 1, "%d lines, the last: %s", line_count, last_line());
    ck_assert_msg(strstr(last_line(), word) != NULL, "no \"%s\" in: %s", word, last_line());
    ck_assert_ptr_nonnull(strstr(last_line(), "/dev/video7"));
    line_count = 0;
}

static inline void steps(int count) {
    for (int i = 0; i < count; i++)
        fake.steps[i] = (fake_step){.sequence = (uint32_t)i, .t_us = 1000000 + i * 33333};
    fake.step_count = count;
}

static inline cf_source *opened(const cf_source_params *params) {
    cf_source *s;
    ck_assert_int_eq(cf_source_open(URI, params, &s), CF_OK);
    return s;
}

static inline cf_source *started(void) {
    cf_source *s = opened(NULL);
    ck_assert_int_eq(cf_source_start(s), CF_OK);
    return s;
}

static inline void fails(const cf_source_params *params, cf_status expected, const char *word) {
    cf_source *s;
    ck_assert_int_eq(cf_source_open(URI, params, &s), expected);
    ck_assert_ptr_null(s);
    one_line(word);
}

/* The next frame's sequence; its time stamp in *t_ns. */
static inline uint64_t take(cf_source *s, int64_t *t_ns) {
    cf_frame *frame;
    ck_assert_int_eq(cf_source_next(s, 60000, &frame), CF_OK);
    uint64_t sequence = frame->sequence;
    if (t_ns)
        *t_ns = frame->t_ns;
    cf_frame_unref(&frame);
    return sequence;
}

static inline void ends(cf_source *s, cf_status expected) {
    cf_frame *frame;
    ck_assert_int_eq(cf_source_next(s, 60000, &frame), expected);
    ck_assert_ptr_null(frame);
}

#endif
