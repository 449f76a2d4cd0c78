/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Y4M and video files, from the colours of a pixel to what a closed pipe, a full disk and a wrong
 * name say. Does not prove that another program reads them: the last case does where ffmpeg is
 * installed, and tests/tools/test_live.sh; the window is tests/capture/test_sink_window.c's.
 */
#include "capture/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "capture/yuv.h"
#include "tests/test_main.h"

enum { WIDTH = 33, HEIGHT = 21 };

static char folder[] = "/tmp/chromafuse-sink-XXXXXX";

static const char *in_folder(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static cf_sink_params params_of(int width, int height) {
    return (cf_sink_params){.width = width, .height = height, .fps = 30};
}

static void fill(cf_image *picture, int r, int g, int b) {
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++) {
            unsigned char *p = (unsigned char *)cf_image_row(picture, 0, y) + 3 * x;
            p[0] = (unsigned char)r;
            p[1] = (unsigned char)g;
            p[2] = (unsigned char)b;
        }
}

static void convert(const cf_image *picture, unsigned char *y, unsigned char *cb,
                    unsigned char *cr) {
    unsigned short scratch[3 * WIDTH];
    size_t half = ((size_t)picture->width + 1) / 2;
    const cf_yuv420 to = {{y, cb, cr}, {(size_t)picture->width, half, half}};
    cf_yuv420_from_rgb(picture, scratch, &to);
}

/* Colour bars at 100 %: ITU-R BT.709 limited range, as in EBU Tech 3325 and Poynton's tables. */
START_TEST(primaries_are_bt709) {
    static const int bars[8][6] = {{255, 255, 255, 235, 128, 128}, {255, 255, 0, 219, 16, 138},
                                   {0, 255, 255, 188, 154, 16},    {0, 255, 0, 173, 42, 26},
                                   {255, 0, 255, 78, 214, 230},    {255, 0, 0, 63, 102, 240},
                                   {0, 0, 255, 32, 240, 118},      {0, 0, 0, 16, 128, 128}};
    unsigned char y[WIDTH * HEIGHT], cb[WIDTH * HEIGHT], cr[WIDTH * HEIGHT];
    cf_image picture;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGB8, &picture), CF_OK);
    for (int i = 0; i < 8; i++) {
        fill(&picture, bars[i][0], bars[i][1], bars[i][2]);
        convert(&picture, y, cb, cr);
        ck_assert_int_le(abs(y[5] - bars[i][3]), 1);
        ck_assert_int_le(abs(cb[5] - bars[i][4]), 1);
        ck_assert_int_le(abs(cr[5] - bars[i][5]), 1);
        ck_assert_int_eq(y[WIDTH * HEIGHT - 1], y[0]);
        ck_assert_int_eq(cr[(WIDTH + 1) / 2 * ((HEIGHT + 1) / 2) - 1], cr[0]);
    }
    for (int g = 0; g < 256; g++) { /* grey has no chroma at all */
        fill(&picture, g, g, g);
        convert(&picture, y, cb, cr);
        ck_assert(cb[0] == 128 && cr[0] == 128);
        ck_assert_int_le(abs(y[0] - (int)lround(16 + g * 219 / 255.0)), 1);
    }
    cf_image_free(&picture);
}
END_TEST

/* A ramp of red across: a chroma sample must be that of its own column, not of half a pixel on. */
START_TEST(chroma_lies_on_even_columns_between_rows) {
    unsigned char y[WIDTH * HEIGHT], cb[WIDTH * HEIGHT], cr[WIDTH * HEIGHT];
    cf_image picture;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGB8, &picture), CF_OK);
    for (int row = 0; row < HEIGHT; row++)
        for (int x = 0; x < WIDTH; x++)
            ((unsigned char *)cf_image_row(&picture, 0, row))[3 * x] =
                (unsigned char)(6 * x + 3 * row);
    convert(&picture, y, cb, cr);
    for (int row = 0; row < HEIGHT / 2; row++)
        for (int i = 1; i < WIDTH / 2; i++) {
            double red = 6 * (2 * i) + 3 * (2 * row + 0.5);
            ck_assert_double_eq_tol(cr[row * ((WIDTH + 1) / 2) + i],
                                    128 + 224 * red / 255 * (1 - 0.2126) / 1.5748, 1.01);
        }
    cf_image_free(&picture);
}
END_TEST

static uint16_t *word(const cf_image *picture, int x, int y, int c) {
    return (uint16_t *)cf_image_row(picture, 0, y) + 3 * x + c;
}

/* Words: every code by the definition, in doubles, of a picture that is uneven everywhere. */
START_TEST(words_are_the_definition) {
    static uint16_t planes[3][WIDTH * HEIGHT];
    static const int depths[] = {10, 16};
    const double luma[3] = {0.2126, 0.7152, 0.0722};
    enum { HALF = (WIDTH + 1) / 2 };
    const cf_yuv420 to = {{(void *)planes[0], (void *)planes[1], (void *)planes[2]},
                          {2 * WIDTH, 2 * HALF, 2 * HALF}};
    cf_image picture;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGB16, &picture), CF_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int i = 0; i < 3 * WIDTH; i++)
            *word(&picture, 0, y, i) = (uint16_t)((y * 7919 + i * 104729 + i * i * 31) % 65536);
    for (int c = 0; c < 3; c++) { /* the ends of the range */
        *word(&picture, 0, 0, c) = 0;
        *word(&picture, WIDTH - 1, HEIGHT - 1, c) = 65535;
    }
    for (int d = 0; d < 2; d++) {
        double unit = ldexp(1, depths[d] - 8);
        cf_yuv420_from_rgb16(&picture, depths[d], &to);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                double sum = 0, around[3] = {0};
                for (int c = 0; c < 3; c++)
                    sum += luma[c] * *word(&picture, x, y, c) / 65535.0;
                ck_assert_double_eq_tol(planes[0][WIDTH * y + x], unit * (16 + 219 * sum), 0.501);
                for (int k = 0; k < 6 && !(x % 2) && !(y % 2); k++) {
                    int xx = x + k % 3 - 1, yy = y + k / 3 < HEIGHT ? y + k / 3 : y;
                    xx = xx < 0 ? 0 : xx < WIDTH ? xx : WIDTH - 1;
                    for (int c = 0; c < 3; c++)
                        around[c] +=
                            (k % 3 == 1 ? 2 : 1) * (double)*word(&picture, xx, yy, c) / 65535 / 8;
                }
                if (x % 2 || y % 2)
                    continue;
                double grey = luma[0] * around[0] + luma[1] * around[1] + luma[2] * around[2];
                int at = HALF * (y / 2) + x / 2;
                ck_assert_double_eq_tol(planes[1][at],
                                        unit * (128 + 224 * (around[2] - grey) / 1.8556), 0.501);
                ck_assert_double_eq_tol(planes[2][at],
                                        unit * (128 + 224 * (around[0] - grey) / 1.5748), 0.501);
            }
        ck_assert_int_eq(planes[0][0], 16 << (depths[d] - 8));
        ck_assert_int_eq(planes[0][WIDTH * HEIGHT - 1], 235 << (depths[d] - 8));
    }
    cf_image_free(&picture);
}
END_TEST

static cf_status write_some(const char *target, cf_sink_params params, int pictures,
                            int64_t step_ns, int keep) {
    cf_sink *sink;
    cf_image picture;
    CF_TRY(cf_sink_open(target, &params, &sink));
    ck_assert_int_eq(cf_image_alloc(params.width, params.height, 1, CF_PIXEL_RGB8, &picture),
                     CF_OK);
    cf_status status = CF_OK;
    for (int i = 0; i < pictures && status == CF_OK; i++) {
        fill(&picture, 20 * i % 256, 128, 255 - 20 * i % 256);
        status = cf_sink_write(sink, &picture, 1000000000 + i * step_ns);
    }
    cf_image_free(&picture);
    cf_status closed = cf_sink_close(&sink, keep && status == CF_OK);
    return status == CF_OK ? closed : status;
}

START_TEST(y4m_files_are_whole) {
    char *data;
    size_t size;
    const char *path = in_folder("a.y4m");
    ck_assert_int_eq(write_some(path, params_of(WIDTH, HEIGHT), 5, 33333333, 1), CF_OK);
    ck_assert_int_eq(cf_file_read(path, 1 << 20, &data, &size), CF_OK);
    ck_assert_int_eq(strncmp(data, "YUV4MPEG2 W33 H21 F30:1 Ip A1:1 C420mpeg2 ", 42), 0);
    ck_assert_ptr_nonnull(strstr(data, "XCOLORRANGE=LIMITED"));
    size_t header = (size_t)(strchr(data, '\n') - data) + 1;
    size_t frame = 6 + WIDTH * HEIGHT + 2 * ((WIDTH + 1) / 2) * ((HEIGHT + 1) / 2);
    ck_assert_uint_eq(size, header + 5 * frame);
    for (size_t i = 0; i < 5; i++)
        ck_assert_mem_eq(data + header + i * frame, "FRAME\n", 6);
    cf_free(data);
    ck_assert_int_eq(write_some(in_folder("b.y4m"), params_of(WIDTH, HEIGHT), 5, 33333333, 0),
                     CF_OK);
    ck_assert_int_ne(access(in_folder("b.y4m"), F_OK), 0); /* not kept: nothing is left */
}
END_TEST

START_TEST(y4m_says_the_rate) {
    static const struct {
        double fps;
        const char *text;
    } rates[] = {{25, " F25:1 "},
                 {29.97, " F30000:1001 "},
                 {59.94006, " F60000:1001 "},
                 {12.5, " F12500:1000 "},
                 {0.2, " F200:1000 "}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        char *data;
        size_t size;
        cf_sink_params params = params_of(4, 4);
        params.fps = rates[i].fps;
        ck_assert_int_eq(write_some(in_folder("r.y4m"), params, 1, 1, 1), CF_OK);
        ck_assert_int_eq(cf_file_read(in_folder("r.y4m"), 1 << 20, &data, &size), CF_OK);
        ck_assert_msg(strstr(data, rates[i].text) != NULL, "%g: %.60s", rates[i].fps, data);
        cf_free(data);
    }
}
END_TEST

static int stop_asked;
static int stop_soon(void) {
    return ++stop_asked > 3;
}

/* Standard output as a pipe; returns its reading end, and what was standard output in *saved. */
static int pipe_output(int *saved) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    fflush(stdout);
    *saved = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    return ends[0];
}

static void restore_output(int saved) {
    dup2(saved, STDOUT_FILENO);
    close(saved);
}

START_TEST(a_reader_that_goes_away_is_an_error) {
    int saved, reader = pipe_output(&saved);
    signal(SIGPIPE, SIG_IGN);
    close(reader);
    cf_status status = write_some("-", params_of(WIDTH, HEIGHT), 2, 1, 1);
    restore_output(saved);
    ck_assert_int_eq(status, CF_ERR_IO);
}
END_TEST

START_TEST(a_reader_that_sleeps_can_be_left) {
    int saved, reader = pipe_output(&saved);
    cf_sink_params params = params_of(512, 512); /* more than a pipe holds */
    params.is_stopped = stop_soon;
    stop_asked = -20; /* so often: 17 pieces fit in */
    cf_status status = write_some("-", params, 2, 1, 1);
    restore_output(saved);
    close(reader);
    ck_assert_int_eq(status, CF_ERR_CANCELLED);
}
END_TEST

START_TEST(a_full_disk_is_an_error) {
    if (access("/dev/full", W_OK))
        return;
    unlink(in_folder("full.y4m"));
    ck_assert_int_eq(symlink("/dev/full", in_folder("full.y4m")), 0);
    ck_assert_int_eq(write_some(in_folder("full.y4m"), params_of(WIDTH, HEIGHT), 2, 1, 1),
                     CF_ERR_IO);
}
END_TEST

START_TEST(wrong_targets_are_refused) {
    static const struct {
        const char *target;
        cf_status status;
    } cases[] = {{"nothing", CF_ERR_UNSUPPORTED},          {"", CF_ERR_UNSUPPORTED},
                 {"/nowhere/at/all/x.y4m", CF_ERR_IO},     {".y4m", CF_ERR_UNSUPPORTED},
                 {"x.mkv?codec=divx", CF_ERR_UNSUPPORTED}, {"x.mkv?speed=3", CF_ERR_INVALID},
                 {"/nowhere/at/all/x.mkv", CF_ERR_IO}};
    cf_sink *sink;
    size_t live = cf_alloc_live();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cf_sink_params params = params_of(WIDTH, HEIGHT);
        cf_status status = cf_sink_open(cases[i].target, &params, &sink);
        ck_assert_msg(status == cases[i].status, "%s: %d", cases[i].target, (int)status);
        ck_assert_ptr_null(sink);
    }
    cf_sink_params params = params_of(0, 4);
    ck_assert_int_eq(cf_sink_open(in_folder("z.y4m"), &params, &sink), CF_ERR_INVALID);
    params = params_of(4, 4);
    params.fps = NAN;
    ck_assert_int_eq(cf_sink_open(in_folder("z.y4m"), &params, &sink), CF_ERR_INVALID);
    params = params_of(4, 4);
    params.depth = 16; /* eight bits to who was promised sixteen; sixteen to a codec of eight */
    ck_assert_int_eq(write_some(in_folder("z.y4m"), params, 1, 1, 1), CF_ERR_INVALID);
    ck_assert_int_eq(cf_sink_open(in_folder("z.mkv?codec=mpeg4"), &params, &sink),
                     CF_ERR_UNSUPPORTED);
    ck_assert_int_eq(cf_sink_open("v4l2:/dev/video99", &params, &sink), CF_ERR_UNSUPPORTED);
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

/* What ffprobe says of a file, or "" where there is none. */
static void probe(const char *path, char *out, size_t room) {
    char command[512];
    snprintf(command, sizeof command,
             "ffprobe -v error -count_frames -select_streams v:0 -show_entries "
             "stream=codec_name,width,height,nb_read_frames,color_space,color_range:format=duration"
             " -of default=nw=1 '%s' 2>&1",
             path);
    FILE *f = popen(command, "r");
    size_t n = f ? fread(out, 1, room - 1, f) : 0;
    out[n] = '\0';
    if (f)
        pclose(f);
}

static int has_ffprobe(void) {
    return !system("ffprobe -version >/dev/null 2>&1");
}

START_TEST(video_files_are_what_ffprobe_reads) {
    static const struct {
        const char *name, *query, *codec;
        int width;
    } cases[] = {{"a.mkv", "", "h264", 64},
                 {"a.mp4", "", "h264", 65}, /* the odd column goes */
                 {"a.mov", "?codec=mpeg4", "mpeg4", 64},
                 {"a.avi", "?codec=mpeg4", "mpeg4", 64},
                 {"b.mkv", "?codec=ffv1", "ffv1", 65}};
    cf_sink *sink;
    const cf_sink_params params = params_of(64, 48);
    if (getenv("CHROMAFUSE_VALGRIND")) /* the encoders' own code would take minutes */
        return;
    if (cf_sink_open(in_folder("try.mkv?codec=ffv1"), &params, &sink) == CF_ERR_UNSUPPORTED)
        return; /* sink_video_none.c */
    ck_assert_int_eq(cf_sink_close(&sink, 0), CF_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char target[300], text[1000], want[100];
        snprintf(target, sizeof target, "%s%s", in_folder(cases[i].name), cases[i].query);
        cf_status status = write_some(target, params_of(cases[i].width, 48), 10, 100000000, 1);
        ck_assert_int_eq(status, CF_OK);
        if (!has_ffprobe()) {
            fprintf(stderr, "SKIPPED: no ffprobe here, %s is not looked into\n", cases[i].name);
            continue;
        }
        probe(in_folder(cases[i].name), text, sizeof text);
        if (strcmp(cases[i].codec, "h264") || !strstr(text, "codec_name=mpeg4")) {
            snprintf(want, sizeof want, "codec_name=%s\n", cases[i].codec);
            ck_assert_msg(strstr(text, want) != NULL, "%s: %s", cases[i].name, text);
        }
        ck_assert_msg(strstr(text, "nb_read_frames=10\n") != NULL, "%s: %s", cases[i].name, text);
        const char *duration = strstr(text, "duration=");
        ck_assert_ptr_nonnull(duration); /* 10 pictures, a tenth of a second apart */
        ck_assert_double_eq_tol(atof(duration + 9), 1.0, 0.11);
    }
}
END_TEST

START_TEST(an_unwanted_video_leaves_nothing) {
    size_t live = cf_alloc_live();
    cf_sink *sink;
    const cf_sink_params params = params_of(64, 48);
    if (cf_sink_open(in_folder("c.mkv?codec=ffv1"), &params, &sink) == CF_ERR_UNSUPPORTED)
        return;
    ck_assert_int_eq(cf_sink_close(&sink, 0), CF_OK);
    ck_assert_int_ne(access(in_folder("c.mkv"), F_OK), 0);
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, primaries_are_bt709);
    tcase_add_test(tc, chroma_lies_on_even_columns_between_rows);
    tcase_add_test(tc, words_are_the_definition);
    tcase_add_test(tc, y4m_files_are_whole);
    tcase_add_test(tc, y4m_says_the_rate);
    tcase_add_test(tc, a_reader_that_goes_away_is_an_error);
    tcase_add_test(tc, a_reader_that_sleeps_can_be_left);
    tcase_add_test(tc, a_full_disk_is_an_error);
    tcase_add_test(tc, wrong_targets_are_refused);
    tcase_add_test(tc, video_files_are_what_ffprobe_reads);
    tcase_add_test(tc, an_unwanted_video_leaves_nothing);
}

int main(void) {
    char command[300];
    if (!mkdtemp(folder))
        return 1;
    int failed = test_run("sink", add);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) ? 1 : failed;
}
