/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Videos that our own sinks wrote, read back; and files that are none, are cut, lie or change. Does
 * not prove that other programs' files are read, turned or keep their sound:
 * tests/tools/test_colorize_video.py does where ffmpeg is installed.
 */
#include "capture/video_in.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "capture/picture_out.h"
#include "capture/sink.h"
#include "tests/test_main.h"

enum { WIDTH = 64, HEIGHT = 48, FRAMES = 6 };

static char folder[] = "/tmp/chromafuse-video-XXXXXX";
static char said[512];

static const char *in_folder(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(said, sizeof said, "%s", line);
}

/* Frame i: a ramp of grey with a red square that moves; all grey where is_gray. */
static void paint(cf_image *picture, int i, int is_gray) {
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++) {
            unsigned char *p = (unsigned char *)cf_image_row(picture, 0, y) + 3 * x;
            int red = !is_gray && x / 16 == i % 4 && y / 16 == 1;
            p[0] = red ? 200 : (unsigned char)(3 * x + y);
            p[1] = p[2] = red ? 60 : (unsigned char)(3 * x + y);
        }
}

static void write_video(const char *name, const char *codec, int is_gray, int64_t step_ns) {
    const cf_sink_params params = {.width = WIDTH, .height = HEIGHT, .fps = 25, .codec = codec};
    cf_sink *sink;
    cf_image picture;
    ck_assert_int_eq(cf_sink_open(in_folder(name), &params, &sink), CF_OK);
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGB8, &picture), CF_OK);
    for (int i = 0; i < FRAMES; i++) {
        paint(&picture, i, is_gray);
        ck_assert_int_eq(cf_sink_write(sink, &picture, 1 + i * step_ns), CF_OK);
    }
    ck_assert_int_eq(cf_sink_close(&sink, 1), CF_OK);
    cf_image_free(&picture);
}

/* Largest difference of a frame from what was painted, without its outermost pixels. */
static int difference(const cf_image *frame, int i, int is_gray) {
    cf_image want;
    int most = 0;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGB8, &want), CF_OK);
    paint(&want, i, is_gray);
    for (int y = 0; y < HEIGHT; y++)
        for (int k = 0; k < 3 * WIDTH; k++) {
            int d = ((unsigned char *)cf_image_row(frame, 0, y))[k] -
                    ((unsigned char *)cf_image_row(&want, 0, y))[k];
            most = abs(d) > most ? abs(d) : most;
        }
    cf_image_free(&want);
    return most;
}

static void check_video(const char *name, int is_gray, int tolerance, int64_t step_ns) {
    cf_video_in *v;
    cf_image frame;
    int64_t t;
    ck_assert_int_eq(cf_video_in_open(in_folder(name), NULL, &v), CF_OK);
    const cf_video_info *info = cf_video_in_describe(v);
    ck_assert(info->width == WIDTH && info->height == HEIGHT && info->depth == 8);
    ck_assert_double_eq_tol(info->fps, 25, 0.01);
    for (int i = 0; i < FRAMES; i++) {
        ck_assert_int_eq(cf_video_in_next(v, &frame, &t), CF_OK);
        ck_assert(frame.format == CF_PIXEL_RGB8);
        ck_assert_double_eq_tol((double)t, (double)(i * step_ns), 1e6);
        ck_assert_int_le(difference(&frame, i, is_gray), tolerance);
    }
    ck_assert_int_eq(cf_video_in_next(v, &frame, &t), CF_ERR_END);
    ck_assert_int_eq(cf_video_in_next(v, &frame, &t), CF_ERR_END);
    cf_video_in_close(&v);
}

START_TEST(reads_what_our_sinks_write) {
    write_video("a.mkv", "ffv1", 0, 40000000); /* RGB: exact */
    check_video("a.mkv", 0, 0, 40000000);
    write_video("vfr.mkv", "ffv1", 0, 90000000); /* times are kept, not made of the rate */
    check_video("vfr.mkv", 0, 0, 90000000);
    write_video("gray.y4m", NULL, 1, 40000000); /* luma has 219 levels for 255 */
    check_video("gray.y4m", 1, 1, 40000000);
}
END_TEST

static cf_status open_status(const char *path) {
    cf_video_in *v;
    said[0] = '\0';
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    cf_status status = cf_video_in_open(path, NULL, &v);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert(status == CF_OK || !v);
    cf_video_in_close(&v);
    return status;
}

static void expect(const char *name, cf_status status, const char *line) {
    ck_assert_int_eq(open_status(in_folder(name)), status);
    ck_assert_msg(strstr(said, name) && strstr(said, line), "%s: %s", name, said);
}

static void write_bytes(const char *name, const void *bytes, size_t size) {
    FILE *f = fopen(in_folder(name), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

/* Half a second of silence: the WAV header by its definition. */
static void write_sound(const char *name) {
    static unsigned char wav[44 + 8000] = "RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0"
                                          "\x80\x3e\0\0\2\0\x10\0data\x40\x1f\0";
    write_bytes(name, wav, sizeof wav);
}

START_TEST(what_is_no_video_is_refused) {
    static const char text[] = "no video at all, just some words that were saved under its name\n";
    static const char huge[] = "YUV4MPEG2 W99999 H99999 F25:1 Ip A1:1 C420mpeg2\nFRAME\n";
    static const char list[] = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n"
                               "#EXT-X-ENDLIST\n";
    write_bytes("text.mp4", text, sizeof text);
    write_bytes("empty.mkv", "", 0);
    write_bytes("huge.y4m", huge, sizeof huge - 1);
    write_bytes("list.m3u8", list, sizeof list - 1);
    write_sound("sound.wav");
    expect("text.mp4", CF_ERR_FORMAT, "not a video");
    expect("empty.mkv", CF_ERR_FORMAT, "empty");
    expect("sound.wav", CF_ERR_FORMAT, "no video stream");
    expect("nothing.mp4", CF_ERR_IO, "No such file");
    ck_assert_int_ne(open_status(in_folder("huge.y4m")), CF_OK);
    ck_assert_str_ne(said, "");
    ck_assert_int_ne(open_status(in_folder("list.m3u8")), CF_OK); /* and nothing it names is read */
    ck_assert_int_eq(open_status(folder), CF_ERR_IO);
    ck_assert_int_ne(open_status("http://127.0.0.1:1/a.mp4"), CF_OK); /* a file of that name */
    ck_assert_msg(strstr(said, "No such file") != NULL, "%s", said);
}
END_TEST

static long size_of(const char *name) {
    struct stat info;
    return stat(in_folder(name), &info) ? -1 : (long)info.st_size;
}

/* Reads to the end; how many frames came, and with which status it ended. */
static int count_frames(const char *name, cf_status *end) {
    cf_video_in *v;
    cf_image frame;
    int64_t t;
    int count = 0;
    said[0] = '\0';
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    *end = cf_video_in_open(in_folder(name), NULL, &v);
    while (*end == CF_OK && (*end = cf_video_in_next(v, &frame, &t)) == CF_OK)
        count++;
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_video_in_close(&v);
    return count;
}

START_TEST(cut_files_give_what_is_there_or_a_line) {
    cf_status end;
    write_video("cut.mkv", "ffv1", 0, 1000000000);
    ck_assert_int_eq(truncate(in_folder("cut.mkv"), size_of("cut.mkv") / 2), 0);
    int count = count_frames("cut.mkv", &end);
    ck_assert_int_eq(end, CF_ERR_END);
    ck_assert(count > 0 && count < FRAMES);
    ck_assert_msg(strstr(said, "cut.mkv") != NULL, "%s", said); /* cut off, or damaged */

    write_video("cut.mp4", "mpeg4", 0, 40000000); /* its index comes last */
    ck_assert_int_eq(truncate(in_folder("cut.mp4"), size_of("cut.mp4") / 2), 0);
    expect("cut.mp4", CF_ERR_FORMAT, "cut off");

    write_video("head.y4m", NULL, 0, 40000000);
    ck_assert_int_eq(truncate(in_folder("head.y4m"), 120), 0);
    ck_assert_int_eq(count_frames("head.y4m", &end), 0);
    ck_assert_int_eq(end, CF_ERR_FORMAT);
    ck_assert_msg(strstr(said, "head.y4m") != NULL, "%s", said);
}
END_TEST

/* Pictures one after the other, as a camera's MJPEG: the third is of another size. */
START_TEST(a_change_of_size_ends_it) {
    cf_status end;
    const cf_picture_out_params params = {.quality = 90};
    FILE *to = fopen(in_folder("sizes.mjpeg"), "wb");
    ck_assert_ptr_nonnull(to);
    for (int i = 0; i < 4; i++) {
        cf_image picture;
        cf_file_out *file;
        char *data;
        size_t size;
        ck_assert_int_eq(cf_image_alloc(i < 2 ? 64 : 96, 48, 1, CF_PIXEL_RGB8, &picture), CF_OK);
        paint(&picture, i, 0);
        ck_assert_int_eq(cf_picture_prepare(in_folder("one.jpg"), &picture, &params, &file), CF_OK);
        ck_assert_int_eq(cf_file_commit(&file), CF_OK);
        ck_assert_int_eq(cf_file_read(in_folder("one.jpg"), 1 << 20, &data, &size), CF_OK);
        ck_assert_uint_eq(fwrite(data, 1, size, to), size);
        cf_free(data);
        cf_image_free(&picture);
    }
    fclose(to);
    ck_assert_int_eq(count_frames("sizes.mjpeg", &end), 2);
    ck_assert_int_eq(end, CF_ERR_UNSUPPORTED);
    ck_assert_msg(strstr(said, "from 64x48 to 96x48") != NULL, "%s", said);
}
END_TEST

static int always(void) {
    return 1;
}

/* A pipe into which nobody writes can be left. */
START_TEST(waiting_can_be_ended) {
    cf_video_in *v;
    int ends[2], before = dup(STDIN_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(dup2(ends[0], STDIN_FILENO), 0);
    ck_assert_int_eq(cf_video_in_open("-", always, &v), CF_ERR_CANCELLED);
    ck_assert_ptr_null(v);
    ck_assert_int_ge(dup2(before, STDIN_FILENO), 0);
    close(before);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(failing_memory_is_survived) {
    cf_status status = CF_ERR_MEMORY;
    write_video("memory.mkv", "ffv1", 0, 40000000);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (long after = 0; status != CF_OK; after++) {
        size_t live = cf_alloc_live();
        cf_video_in *v;
        cf_image frame;
        int64_t t;
        cf_alloc_fail_after(after);
        status = cf_video_in_open(in_folder("memory.mkv"), NULL, &v);
        if (status == CF_OK)
            status = cf_video_in_next(v, &frame, &t);
        cf_alloc_fail_after(-1);
        cf_video_in_close(&v);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        ck_assert_uint_eq(cf_alloc_live(), live);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

static void add(TCase *tc) {
    if (getenv("CHROMAFUSE_VALGRIND")) /* the codecs' own code would take minutes */
        return;
    tcase_add_test(tc, reads_what_our_sinks_write);
    tcase_add_test(tc, what_is_no_video_is_refused);
    tcase_add_test(tc, cut_files_give_what_is_there_or_a_line);
    tcase_add_test(tc, a_change_of_size_ends_it);
    tcase_add_test(tc, waiting_can_be_ended);
    tcase_add_test(tc, failing_memory_is_survived);
}

int main(void) {
    char command[300];
    if (!mkdtemp(folder))
        return 1;
    int failed = test_run("video_in", add);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) ? 1 : failed;
}
