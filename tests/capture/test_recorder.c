/* SPDX-License-Identifier: Apache-2.0 */
/* Recording: what comes back, resuming after a crash, a full disk, back-pressure. Does not prove
 * that a real disk keeps up (docs/benchmarks.md) nor Ctrl-C (tests/tools/test_capture.sh). */
#include "capture/recorder.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "capture/raw.h"
#include "capture/recording.h"
#include "tests/test_main.h"

#define WIDTH 32
#define HEIGHT 24

static char top[64], folder[80], lines[8192];

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    size_t n = strlen(lines);
    snprintf(lines + n, sizeof lines - n, "%s\n", line);
}

static int count_lines(const char *word) {
    int count = 0;
    for (const char *at = strstr(lines, word); at; at = strstr(at + 1, word))
        count++;
    return count;
}

static void begin(void) {
    snprintf(top, sizeof top, "/tmp/chromafuse-recorder-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    snprintf(folder, sizeof folder, "%s/a/rec", top);
    lines[0] = 0;
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
}

static void end(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", top);
    ck_assert_int_eq(system(command), 0);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}

static cf_status open_recorder(int resume, cf_recorder **out) {
    const cf_recorder_params params = {.folder = folder, .resume = resume, .room = 4};
    return cf_recorder_open(&params, out);
}

static const char *in_folder(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int exists(const char *name) {
    return access(in_folder(name), F_OK) == 0;
}

static void write_text(const char *name, const char *text, const char *mode) {
    FILE *f = fopen(in_folder(name), mode);
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static unsigned short code_at(int camera, int number, int x, int y) {
    return (unsigned short)((x * 37 + y * 101 + number * 7 + camera * 501) & 1023);
}

/* The mono camera's codes come packed, the colour camera's plain. */
static void make_pair(int number, cf_frame *pair[2]) {
    cf_frame_pool *pool;
    ck_assert_int_eq(cf_frame_pool_create(WIDTH, HEIGHT, CF_RAW_10P, 1, &pool), CF_OK);
    pair[0] = cf_frame_pool_get(pool);
    cf_frame_pool_destroy(&pool);
    ck_assert_int_eq(cf_frame_create(WIDTH, HEIGHT, &pair[1]), CF_OK);
    for (int y = 0; y < HEIGHT; y++) {
        unsigned char *packed = cf_image_row(&pair[0]->image, 0, y);
        unsigned short *plain = cf_image_row(&pair[1]->image, 0, y);
        memset(packed, 0, WIDTH / 4 * 5);
        for (int x = 0; x < WIDTH; x++) {
            unsigned code = code_at(0, number, x, y);
            packed[x / 4 * 5 + x % 4] = (unsigned char)(code >> 2);
            packed[x / 4 * 5 + 4] |= (unsigned char)((code & 3) << 2 * (x % 4));
            plain[x] = code_at(1, number, x, y);
        }
    }
    for (int i = 0; i < 2; i++) {
        pair[i]->profile.white = 1023;
        pair[i]->profile.is_color = i;
        pair[i]->sequence = (uint64_t)number + 10;
        pair[i]->t_ns = 1000000 * number + i + 1;
        pair[i]->exposure_ns = 5000000;
        pair[i]->gain = 1.5 + i;
    }
}

static void record(cf_recorder *recorder, int first, int count) {
    for (int k = first; k < first + count; k++) {
        cf_frame *pair[2];
        make_pair(k, pair);
        ck_assert_int_eq(cf_recorder_push(recorder, pair, 1), CF_OK);
        ck_assert(!pair[0] && !pair[1]);
    }
}

static void record_some(int resume, int first, int count) {
    cf_recorder *recorder;
    ck_assert_int_eq(open_recorder(resume, &recorder), CF_OK);
    record(recorder, first, count);
    ck_assert_int_eq(cf_recorder_close(&recorder, NULL), CF_OK);
}

static void check_frame(const cf_recording_frame *line, int camera, int number) {
    cf_frame *frame;
    ck_assert_uint_eq(line->sequence, (uint64_t)number + 10);
    ck_assert_int_eq(line->t_ns, 1000000 * number + camera + 1);
    ck_assert_int_eq(line->exposure_ns, 5000000);
    ck_assert_double_eq(line->gain, 1.5 + camera);
    ck_assert_int_eq(line->t_ref, CF_TIME_MID);
    ck_assert_int_eq(cf_raw_read(in_folder(line->file), &frame), CF_OK);
    ck_assert_int_eq(frame->profile.is_color, camera);
    ck_assert_float_eq(frame->profile.white, 1023);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            ck_assert_uint_eq(((unsigned short *)cf_image_row(&frame->image, 0, y))[x],
                              code_at(camera, number, x, y));
    cf_frame_unref(&frame);
}

/* The recording has exactly these pairs, numbered from 0, and no other file. */
static void check_recording(const int *numbers, size_t count) {
    cf_recording *r;
    cf_recording_camera files;
    ck_assert_int_eq(cf_recording_open(folder, &r), CF_OK);
    ck_assert(r->has_log && !r->damaged);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(r->camera[i].count, count);
        for (size_t k = 0; k < count; k++) {
            ck_assert_uint_eq(r->camera[i].frames[k].index, k);
            check_frame(&r->camera[i].frames[k], i, numbers[k]);
        }
        ck_assert_int_eq(cf_recording_list_folder(in_folder(cf_recording_cameras[i]), &files),
                         CF_OK);
        ck_assert_uint_eq(files.count, count);
        cf_free(files.frames);
    }
    cf_recording_close(&r);
}

START_TEST(what_was_recorded_comes_back) {
    static const int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7};
    cf_recorder *recorder, *second;
    cf_recorder_stats stats;
    begin();
    ck_assert_int_eq(open_recorder(0, &recorder), CF_OK);
    ck_assert_int_eq(open_recorder(1, &second), CF_ERR_IO);
    ck_assert_ptr_nonnull(strstr(lines, "another program is recording there"));
    record(recorder, 0, 8);
    ck_assert_int_eq(cf_recorder_close(&recorder, &stats), CF_OK);
    ck_assert_ptr_null(recorder);
    ck_assert_uint_eq(stats.written, 8);
    ck_assert_uint_eq(stats.dropped, 0);
    ck_assert_uint_gt(stats.bytes, 8 * 2 * 2 * WIDTH * HEIGHT);
    ck_assert_double_gt(stats.write_mb_s, 0);
    check_recording(numbers, 8);
    ck_assert_int_eq(open_recorder(0, &recorder), CF_ERR_IO);
    ck_assert_ptr_nonnull(strstr(lines, "is not empty"));
    end();
}
END_TEST

START_TEST(nothing_recorded_leaves_nothing) {
    cf_recorder *recorder;
    begin();
    ck_assert_int_eq(open_recorder(1, &recorder), CF_OK);
    ck_assert(exists(CF_RECORDING_LOG));
    ck_assert_int_eq(cf_recorder_close(&recorder, NULL), CF_OK);
    ck_assert(!exists(""));
    ck_assert_int_eq(cf_recorder_close(&recorder, NULL), CF_OK);
    snprintf(folder, sizeof folder, "%s/file", top);
    FILE *f = fopen(folder, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_int_eq(open_recorder(0, &recorder), CF_ERR_IO);
    snprintf(folder, sizeof folder, "%s/file/rec", top);
    ck_assert_int_eq(open_recorder(0, &recorder), CF_ERR_IO);
    ck_assert_int_eq(count_lines("Not a directory"), 2);
    snprintf(folder, sizeof folder, "/proc/chromafuse");
    ck_assert_int_eq(open_recorder(0, &recorder), CF_ERR_IO);
    ck_assert_ptr_null(recorder);
    end();
}
END_TEST

START_TEST(goes_on_after_a_crash) {
    static const int numbers[] = {0, 1, 2, 3, 20, 21};
    begin();
    record_some(0, 0, 2);
    record_some(1, 2, 2);
    /* the last pair's files without a line, half a line, an unfinished file */
    write_text("mono/000004.dng", "rubbish", "w");
    write_text("color/000004.dng.Xy12ab", "rubbish", "w");
    write_text(CF_RECORDING_LOG, "{\"camera\": \"mono\", \"index\": 4, \"seq", "a");
    record_some(1, 20, 1);
    ck_assert(!exists("color/000004.dng.Xy12ab"));
    /* a mono line whose colour line never came, whole or not */
    char line[CF_RECORDING_LINE];
    const cf_recording_frame frame = {.index = 5, .file = "mono/000005.dng"};
    cf_recording_line_write(&frame, line);
    write_text(CF_RECORDING_LOG, line, "a");
    record_some(1, 21, 1);
    check_recording(numbers, 6);
    ck_assert_str_eq(lines, "");
    end();
}
END_TEST

START_TEST(a_pair_without_its_files_is_cut_off) {
    static const int numbers[] = {0, 1, 30};
    begin();
    record_some(0, 0, 4);
    ck_assert_int_eq(unlink(in_folder("color/000003.dng")), 0);
    ck_assert_int_eq(truncate(in_folder("mono/000002.dng"), 0), 0);
    record_some(1, 30, 1);
    unlink(in_folder("mono/000003.dng"));
    check_recording(numbers, 3);
    end();
}
END_TEST

static void refuses(const char *word) {
    cf_recorder *recorder;
    lines[0] = 0;
    ck_assert_int_eq(open_recorder(1, &recorder), CF_ERR_IO);
    ck_assert_msg(strstr(lines, word) != NULL, "'%s' is not in: %s", word, lines);
    ck_assert_int_eq(count_lines("\n"), 1);
}

START_TEST(what_is_no_recording_is_left_alone) {
    begin();
    record_some(0, 0, 3);
    write_text("notes.txt", "mine", "w");
    refuses("notes.txt");
    unlink(in_folder("notes.txt"));
    write_text("mono/picture.dng", "mine", "w");
    refuses("mono/picture.dng");
    unlink(in_folder("mono/picture.dng"));
    write_text("color/000100.dng", "mine", "w");
    refuses("000100");
    unlink(in_folder("color/000100.dng"));
    write_text(CF_RECORDING_LOG, "one\ntwo\nthree\n", "a");
    refuses("after pair 3 come lines");
    unlink(in_folder(CF_RECORDING_LOG));
    refuses("frames but no log");
    ck_assert(exists("mono/000002.dng"));
    end();
}
END_TEST

/* Pushes until the writer has failed; how many pairs it took before. */
static uint64_t push_until_failed(cf_recorder *recorder, cf_recorder_stats *stats) {
    cf_status status = CF_OK;
    uint64_t pushed = 0;
    for (; status == CF_OK && pushed < 100; pushed++) {
        cf_frame *pair[2];
        make_pair((int)pushed, pair);
        status = cf_recorder_push(recorder, pair, 1);
    }
    ck_assert_int_eq(status, CF_ERR_IO);
    ck_assert_int_eq(cf_recorder_close(&recorder, stats), CF_ERR_IO);
    ck_assert_uint_eq(stats->written + stats->dropped, pushed);
    return stats->written;
}

/* Files of at most so many bytes stand for a disk that fills up in mid-write. */
static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_ends_it_in_order) {
    static const int numbers[100] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                     13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
    cf_recorder *recorder;
    cf_recorder_stats stats;
    begin();
    ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    ck_assert_int_eq(open_recorder(0, &recorder), CF_OK);
    limit_files(3000); /* a frame's file has room, so the log is what ends */
    uint64_t written = push_until_failed(recorder, &stats);
    limit_files(RLIM_INFINITY);
    ck_assert_int_eq(count_lines("\n"), 1);
    ck_assert_ptr_nonnull(strstr(lines, "frames.jsonl: cannot write: File too large"));
    ck_assert_uint_gt(written, 3);
    check_recording(numbers, (size_t)written);

    lines[0] = 0;
    ck_assert_int_eq(open_recorder(1, &recorder), CF_OK);
    limit_files(1000); /* less than a frame */
    ck_assert_uint_eq(push_until_failed(recorder, &stats), 0);
    limit_files(RLIM_INFINITY);
    ck_assert_int_eq(count_lines("\n"), 1);
    ck_assert_ptr_nonnull(strstr(lines, "dng: cannot write"));
    check_recording(numbers, (size_t)written);
    end();
}
END_TEST

START_TEST(leaves_room_on_the_disk) {
    cf_recorder *recorder;
    cf_recorder_stats stats;
    begin();
    const cf_recorder_params params = {.folder = folder, .room = 2, .keep_free = (uint64_t)1 << 62};
    ck_assert_int_eq(cf_recorder_open(&params, &recorder), CF_OK);
    ck_assert_uint_eq(push_until_failed(recorder, &stats), 0);
    ck_assert_int_eq(count_lines("the disk is full"), 1);
    ck_assert_int_eq(count_lines("\n"), 1);
    ck_assert(!exists(""));
    end();
}
END_TEST

START_TEST(what_finds_no_room_is_counted) {
    cf_recorder *recorder;
    cf_recorder_stats stats;
    cf_frame *large[2];
    uint64_t pushed = 0, refused = 0;
    begin();
    int width = getenv("CHROMAFUSE_VALGRIND") ? 200 : 2000;
    const cf_recorder_params params = {.folder = folder, .room = 1};
    ck_assert_int_eq(cf_recorder_open(&params, &recorder), CF_OK);
    ck_assert_int_eq(cf_frame_create(width, 1500, &large[0]), CF_OK);
    ck_assert_int_eq(cf_frame_create(width, 1500, &large[1]), CF_OK);
    large[1]->profile.is_color = 1;
    for (; refused < 2 && pushed < 200; pushed++) {
        cf_frame *pair[2] = {cf_frame_ref(large[0]), cf_frame_ref(large[1])};
        cf_status status = cf_recorder_push(recorder, pair, 0);
        ck_assert(status == CF_OK || status == CF_ERR_TIMEOUT);
        refused += status == CF_ERR_TIMEOUT;
    }
    ck_assert_int_le(cf_recorder_statistics(recorder).waiting, 1);
    ck_assert_int_eq(cf_recorder_close(&recorder, &stats), CF_OK);
    ck_assert_uint_eq(stats.dropped, 2);
    ck_assert_uint_eq(stats.written, pushed - 2);
    cf_frame_unref(&large[0]);
    cf_frame_unref(&large[1]);
    end();
}
END_TEST

START_TEST(misuse_and_no_memory) {
    cf_recorder *recorder;
    begin();
    const cf_recorder_params wrong[] = {
        {.folder = folder}, {.folder = folder, .room = 65}, {.room = 4}, {.folder = "", .room = 4}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_int_eq(cf_recorder_open(&wrong[i], &recorder), CF_ERR_INVALID);
    for (long after = 0; after < 6; after++) {
        cf_alloc_fail_after(after);
        ck_assert_int_eq(open_recorder(0, &recorder), CF_ERR_MEMORY);
        cf_alloc_fail_after(-1);
        ck_assert(!exists(""));
    }
    end();
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, what_was_recorded_comes_back);
    tcase_add_test(tc, nothing_recorded_leaves_nothing);
    tcase_add_test(tc, goes_on_after_a_crash);
    tcase_add_test(tc, a_pair_without_its_files_is_cut_off);
    tcase_add_test(tc, what_is_no_recording_is_left_alone);
    tcase_add_test(tc, a_full_disk_ends_it_in_order);
    tcase_add_test(tc, leaves_room_on_the_disk);
    tcase_add_test(tc, what_finds_no_room_is_counted);
    tcase_add_test(tc, misuse_and_no_memory);
}

int main(void) {
    return test_run("recorder", add);
}
