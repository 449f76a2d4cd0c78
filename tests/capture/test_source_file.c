/* SPDX-License-Identifier: Apache-2.0 */
/* Files as a camera. Does not prove that raws are read rightly (capture/raw), nor pairing
 * (capture/pairing). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "capture/recorder.h"
#include "capture/recording.h"
#include "capture/source.h"
#include "tests/test_main.h"

#define WIDTH 32
#define HEIGHT 24
#define COUNT 6
#define PERIOD 33000000

static char top[64], rec[80], lines[8192];
static int errors;

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    size_t n = strlen(lines);
    snprintf(lines + n, sizeof lines - n, "%s\n", line);
    errors += level == CF_LOG_ERROR;
}

static void forget_lines(void) {
    lines[0] = 0;
    errors = 0;
}

/* COUNT pairs; the colour camera is 1 ms late and has lost its frame 3. */
static void record(int resume, int width, int64_t t_ns, uint64_t sequence) {
    cf_recorder *recorder;
    const cf_recorder_params params = {.folder = rec, .resume = resume, .room = 4};
    ck_assert_int_eq(cf_recorder_open(&params, &recorder), CF_OK);
    for (int k = 0; k < COUNT; k++) {
        cf_frame *pair[2];
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(cf_frame_create(width, HEIGHT, &pair[i]), CF_OK);
            memset(pair[i]->image.data, k + 1, pair[i]->image.stride * HEIGHT);
            pair[i]->profile.is_color = i;
            pair[i]->sequence = sequence + (uint64_t)(k + (i && k > 2));
            pair[i]->t_ns = t_ns + (int64_t)k * PERIOD + 1000000 * i;
            pair[i]->exposure_ns = 4000000;
            pair[i]->t_ref = i ? CF_TIME_START : CF_TIME_MID;
            pair[i]->gain = 2.5;
            if (!i && k > 1) /* what an exposure brain told */
                pair[i]->profile.gain = 0.75F;
        }
        ck_assert_int_eq(cf_recorder_push(recorder, pair, 1), CF_OK);
    }
    ck_assert_int_eq(cf_recorder_close(&recorder, NULL), CF_OK);
}

static void begin(int width) {
    snprintf(top, sizeof top, "/tmp/chromafuse-source-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    snprintf(rec, sizeof rec, "%s/rec", top);
    forget_lines();
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    record(0, width, 5000000, 10);
}

static void end(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", top);
    ck_assert_int_eq(system(command), 0);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}

static const char *in(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

static void shell(const char *command) {
    char line[512];
    snprintf(line, sizeof line, "cd '%s' && %s", top, command);
    ck_assert_int_eq(system(line), 0);
}

static cf_source *open_source(const char *name, cf_source_params params) {
    char uri[300];
    cf_source *source;
    params.frames = params.frames ? params.frames : 4;
    snprintf(uri, sizeof uri, "file:%s", in(name));
    ck_assert_int_eq(cf_source_open(uri, &params, &source), CF_OK);
    ck_assert_int_eq(cf_source_start(source), CF_OK);
    return source;
}

static cf_frame *next_frame(cf_source *source) {
    cf_frame *frame;
    ck_assert_int_eq(cf_source_next(source, 20000, &frame), CF_OK);
    return frame;
}

/* Takes one frame and says what the camera counted. */
static uint64_t next_sequence(cf_source *source) {
    cf_frame *frame = next_frame(source);
    uint64_t sequence = frame->sequence;
    cf_frame_unref(&frame);
    return sequence;
}

static void expect_end(cf_source *source, cf_status status) {
    cf_frame *frame;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cf_source_next(source, 20000, &frame), status);
        ck_assert_ptr_null(frame);
    }
}

static const cf_source_params fast = {.as_fast = 1};

START_TEST(a_recording_is_given_out_as_it_was) {
    begin(WIDTH);
    for (int i = 0; i < 4; i++) {
        int color = i & 1;
        cf_source_params params = fast;
        params.kind = color ? CF_CAMERA_COLOR : CF_CAMERA_MONO;
        cf_source *source = open_source(i > 1 ? "rec" : color ? "rec/color/" : "rec/mono", params);
        const cf_source_info *info = cf_source_describe(source);
        ck_assert(info->width == WIDTH && info->height == HEIGHT && !info->is_live);
        ck_assert(info->profile.is_color == color && info->layout == CF_RAW_CODES);
        ck_assert_double_eq_tol(info->fps, 1e9 / PERIOD, 1e-6);
        for (int k = 0; k < COUNT; k++) {
            cf_frame *frame = next_frame(source);
            ck_assert_uint_eq(frame->sequence, (uint64_t)(10 + k + (color && k > 2)));
            /* the colour camera told when exposure began */
            ck_assert_int_eq(frame->t_ns, 5000000 + (int64_t)k * PERIOD + 3000000 * color);
            ck_assert_int_eq(frame->t_ref, CF_TIME_MID);
            ck_assert_int_eq(frame->exposure_ns, 4000000);
            ck_assert_double_eq(frame->gain, 2.5);
            ck_assert_float_eq(frame->profile.gain, !color && k > 1 ? 0.75 : 1);
            ck_assert_uint_eq(*(unsigned short *)frame->image.data, (unsigned)(k + 1) * 257);
            ck_assert_int_eq(frame->profile.is_color, color);
            cf_frame_unref(&frame);
        }
        expect_end(source, CF_ERR_END);
        cf_source_stats stats = cf_source_statistics(source);
        ck_assert_uint_eq(stats.frames, COUNT);
        ck_assert_uint_eq(stats.lost, (uint64_t)color);
        cf_source_close(&source);
    }
    ck_assert_str_eq(lines, "");
    end();
}
END_TEST

START_TEST(frames_that_cannot_be_read_are_skipped) {
    begin(WIDTH);
    shell("rm rec/mono/000001.dng && : > rec/mono/000002.dng && truncate -s 1500 "
          "rec/mono/000005.dng");
    cf_source *source = open_source("rec/mono", fast);
    ck_assert_uint_eq(next_sequence(source), 10);
    ck_assert_uint_eq(next_sequence(source), 13);
    ck_assert_uint_eq(next_sequence(source), 14);
    expect_end(source, CF_ERR_END);
    ck_assert_uint_eq(cf_source_statistics(source).lost, 3);
    ck_assert_int_eq(errors, 0);
    ck_assert_ptr_nonnull(strstr(lines, "000001.dng: No such file"));
    ck_assert_ptr_nonnull(strstr(lines, "000002.dng"));
    ck_assert_ptr_nonnull(strstr(lines, "000005.dng"));
    cf_source_close(&source);
    forget_lines();
    shell("rm rec/mono/*.dng");
    cf_source_params params = {.frames = 4};
    ck_assert_int_eq(cf_source_open(in("rec/mono"), &params, &source), CF_ERR_IO);
    ck_assert_int_eq(errors, 1);
    ck_assert_ptr_nonnull(strstr(lines, "no frame of it can be read"));
    end();
}
END_TEST

START_TEST(repetitions_go_on_in_time_and_count) {
    cf_source_params params = {.as_fast = 1, .loop = 1};
    begin(WIDTH);
    cf_source *source[2] = {open_source("rec/mono", params), open_source("rec/color", params)};
    int64_t before = 0;
    for (int k = 0; k < 3 * COUNT; k++) {
        cf_frame *pair[2] = {next_frame(source[0]), next_frame(source[1])};
        ck_assert_uint_eq(pair[0]->sequence, (uint64_t)(10 + k));
        ck_assert_int_eq(pair[1]->t_ns - pair[0]->t_ns, 3000000); /* in every round */
        ck_assert_int_ge(pair[0]->t_ns - before, k ? PERIOD : 0);
        ck_assert_int_le(pair[0]->t_ns - before, PERIOD + 4000000);
        before = pair[0]->t_ns;
        cf_frame_unref(&pair[0]);
        cf_frame_unref(&pair[1]);
    }
    cf_source_close(&source[0]);
    cf_source_close(&source[1]);
    source[0] = open_source("rec/mono/000003.dng", params);
    for (uint64_t k = 0; k < 10; k++)
        ck_assert_uint_eq(next_sequence(source[0]), k);
    cf_source_close(&source[0]);
    end();
}
END_TEST

START_TEST(pauses_are_taken_out) {
    begin(WIDTH);
    record(1, WIDTH, 900000000, 37); /* resumed a little later */
    record(1, WIDTH, 3000000000, 5); /* and after the machine was started again */
    for (int i = 0; i < 2; i++) {
        cf_source *source = open_source(i ? "rec/color" : "rec/mono", fast);
        ck_assert_double_eq_tol(cf_source_describe(source)->fps, 1e9 / PERIOD, 1e-6);
        for (int k = 0; k < 3 * COUNT; k++) {
            cf_frame *frame = next_frame(source);
            int gaps = i * ((k > 2) + (k > 8) + (k > 14));
            ck_assert_uint_eq(frame->sequence, (uint64_t)(10 + k + gaps));
            /* a seam is one period from the colour frame before it to the mono frame after it */
            ck_assert_int_eq(frame->t_ns,
                             5000000 + (int64_t)k * PERIOD + (k / COUNT + i) * (int64_t)3000000);
            cf_frame_unref(&frame);
        }
        expect_end(source, CF_ERR_END);
        ck_assert_uint_eq(cf_source_statistics(source).lost, (uint64_t)(3 * i));
        cf_source_close(&source);
    }
    end();
}
END_TEST

START_TEST(any_folder_and_any_file_will_do) {
    begin(WIDTH);
    shell("mkdir any && for i in 8 9 10 11; do cp rec/mono/00000$((i - 8)).dng any/b$i.dng; done");
    cf_source_params params = {.as_fast = 1, .fps = 50};
    cf_source *source = open_source("any", params);
    ck_assert_double_eq(cf_source_describe(source)->fps, 50);
    for (int k = 0; k < 4; k++) {
        cf_frame *frame = next_frame(source);
        ck_assert_uint_eq(frame->sequence, (uint64_t)k);
        ck_assert_int_eq(frame->t_ns, (k + 1) * 20000000);
        ck_assert_uint_eq(*(unsigned short *)frame->image.data, (unsigned)(k + 1) * 257);
        ck_assert_int_eq(frame->exposure_ns, 4000000); /* as the DNG says */
        cf_frame_unref(&frame);
    }
    expect_end(source, CF_ERR_END);
    cf_source_close(&source);
    source = open_source("any/b9.dng", fast);
    ck_assert_uint_eq(next_sequence(source), 0);
    expect_end(source, CF_ERR_END);
    cf_source_close(&source);
    shell("rm rec/frames.jsonl");
    source = open_source("rec/color", fast); /* a plain folder now */
    ck_assert_uint_eq(next_sequence(source), 0);
    cf_source_close(&source);
    ck_assert_str_eq(lines, "");
    end();
}
END_TEST

START_TEST(another_size_ends_it) {
    char small[80];
    begin(WIDTH + 2);
    snprintf(small, sizeof small, "%s", top);
    begin(WIDTH);
    char command[256];
    snprintf(command, sizeof command, "mv '%s/rec/mono/000000.dng' rec/mono/000002.dng", small);
    shell(command);
    cf_source *source = open_source("rec/mono", fast);
    ck_assert_uint_eq(next_sequence(source), 10);
    ck_assert_uint_eq(next_sequence(source), 11);
    expect_end(source, CF_ERR_FORMAT);
    cf_source_close(&source);
    ck_assert_int_eq(errors, 1);
    ck_assert_ptr_nonnull(
        strstr(lines, "000002.dng: mono, 34x24, but the first frame was mono, 32x24"));
    snprintf(command, sizeof command, "rm -rf '%s'", small);
    shell(command);
    end();
}
END_TEST

START_TEST(frames_come_when_they_are_due) {
    cf_frame *frame;
    begin(WIDTH);
    cf_source_params params = {.frames = 2};
    double start = cf_clock_seconds(); /* before its clock starts: frames may be seen late */
    cf_source *source = open_source("rec/mono", params);
    for (int k = 0; k < COUNT; k++) {
        frame = next_frame(source);
        ck_assert_double_gt(cf_clock_seconds() - start, k * PERIOD * 1e-9 - 1e-3);
        cf_frame_unref(&frame);
    }
    cf_source_close(&source);
    /* not due: the wait ends when it should, and the frame is not lost */
    params.fps = 0.2;
    source = open_source("rec/mono/000000.dng", (cf_source_params){.fps = 0.2, .loop = 1});
    ck_assert_uint_eq(next_sequence(source), 0);
    ck_assert_int_eq(cf_source_next(source, 0, &frame), CF_ERR_TIMEOUT);
    ck_assert_int_eq(cf_source_next(source, 5, &frame), CF_ERR_TIMEOUT);
    cf_source_close(&source);
    end();
}
END_TEST

START_TEST(waits_while_all_frames_are_out) {
    cf_frame *held[3], *frame;
    begin(WIDTH);
    cf_source *source = open_source("rec/mono", (cf_source_params){.as_fast = 1, .frames = 3});
    for (int k = 0; k < 3; k++)
        held[k] = next_frame(source);
    ck_assert_int_eq(cf_source_next(source, 20, &frame), CF_ERR_TIMEOUT);
    cf_frame_unref(&held[1]);
    ck_assert_uint_eq(next_sequence(source), 13);
    cf_source_close(&source); /* frames that are out stay */
    ck_assert_uint_eq(*(unsigned short *)held[2]->image.data, 3 * 257);
    cf_frame_unref(&held[0]);
    cf_frame_unref(&held[2]);
    source = open_source("rec/mono", (cf_source_params){.as_fast = 1, .frames = 2, .loop = 1});
    cf_source_close(&source);
    end();
}
END_TEST

static void refuses(const char *name, cf_source_params params, cf_status status,
                    const char *words) {
    cf_source *source;
    forget_lines();
    params.frames = 4;
    ck_assert_int_eq(cf_source_open(in(name), &params, &source), status);
    ck_assert_ptr_null(source);
    ck_assert_int_eq(errors, 1);
    ck_assert_msg(strstr(lines, words) != NULL, "'%s' is not in: %s", words, lines);
}

START_TEST(wishes_that_files_cannot_meet) {
    begin(WIDTH);
    refuses("nothing", fast, CF_ERR_IO, "No such file");
    refuses("rec", fast, CF_ERR_INVALID, "a recording of two cameras");
    refuses("rec/mono", (cf_source_params){.kind = CF_CAMERA_COLOR}, CF_ERR_UNSUPPORTED,
            "raws of a mono camera where a colour one is wanted");
    refuses("rec/mono", (cf_source_params){.width = 64, .height = 48}, CF_ERR_UNSUPPORTED,
            "has pictures of 32x24, not 64x48");
    refuses("rec/mono", (cf_source_params){.format = "Y10"}, CF_ERR_UNSUPPORTED, "not Y10");
    shell("mkdir empty && echo hello > text.dng");
    refuses("empty", fast, CF_ERR_IO, "no raw picture in the folder");
    refuses("text.dng", fast, CF_ERR_FORMAT, "no frame of it can be read");
    shell("grep mono rec/frames.jsonl > l && mv l rec/frames.jsonl");
    refuses("rec/color", fast, CF_ERR_IO, "no frame of the color camera");
    cf_status status = CF_ERR_MEMORY;
    for (long after = 0; status != CF_OK; after++) {
        cf_source *source;
        cf_source_params params = {.frames = 4, .as_fast = 1};
        cf_alloc_fail_after(after);
        status = cf_source_open(in("rec/mono"), &params, &source);
        cf_alloc_fail_after(-1);
        cf_source_close(&source);
        ck_assert(status == CF_OK ? after > 12 : status == CF_ERR_MEMORY);
    }
    end();
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, a_recording_is_given_out_as_it_was);
    tcase_add_test(tc, frames_that_cannot_be_read_are_skipped);
    tcase_add_test(tc, repetitions_go_on_in_time_and_count);
    tcase_add_test(tc, pauses_are_taken_out);
    tcase_add_test(tc, any_folder_and_any_file_will_do);
    tcase_add_test(tc, another_size_ends_it);
    tcase_add_test(tc, frames_come_when_they_are_due);
    tcase_add_test(tc, waits_while_all_frames_are_out);
    tcase_add_test(tc, wishes_that_files_cannot_meet);
}

int main(void) {
    return test_run("source_file", add);
}
