/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from a video to a video: decoded while the device colours the one before. */
#define _GNU_SOURCE /* tee */
#include "tools/colorize_video.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/sink.h"
#include "capture/video_in.h"
#include "cl/profile.h"
#include "tools/command.h"
#include "tools/hints_file.h"
#include "tools/input_list.h"
#include "tools/toning.h"

#define JUDGED 240    /* first frames that are looked at for colours of their own */
#define JUDGE_STEP 12 /* one in so many of them */
#define BLOCK 16      /* side of the blocks that noise is measured in */

/* --- is it a video? --- */

static const char *const endings[] = {".mkv", ".mp4", ".mov", ".avi", ".webm", ".m4v",
                                      ".mpg", ".ts",  ".wmv", ".flv", ".mpeg", ".m2ts",
                                      ".vob", ".ogv", ".3gp", ".mxf", ".dv",   ".y4m"};

int cf_colorize_has_video_ending(const char *path) {
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (length > n && !strcasecmp(path + length - n, endings[i]))
            return 1;
    }
    return 0;
}

/* The first bytes of a pipe stay in it: tee(2) copies them into another one. */
static size_t peek_pipe(char *bytes, size_t size) {
    int ends[2];
    if (pipe(ends))
        return 0;
    ssize_t n = tee(STDIN_FILENO, ends[1], size, 0);
    n = n > 0 ? read(ends[0], bytes, size) : 0;
    close(ends[0]);
    close(ends[1]);
    return n > 0 ? (size_t)n : 0;
}

static size_t peek(const char *path, char *bytes, size_t size) {
    int is_input = !strcmp(path, "-");
    struct stat info;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n =
        fd >= 0 && !fstat(fd, &info) && S_ISREG(info.st_mode) ? pread(fd, bytes, size, 0) : 0;
    if (fd >= 0 && !is_input)
        close(fd);
    if (n > 0 || !is_input)
        return n > 0 ? (size_t)n : 0;
    return peek_pipe(bytes, size);
}

/* Y4M, Matroska, ISO media (but for still pictures), AVI, Ogg, MPEG-PS, FLV. */
static int begins_as_video(const char *path) {
    char b[12] = {0};
    if (peek(path, b, sizeof b) < sizeof b)
        return 0;
    return !memcmp(b, "YUV4MPEG2", 9) || !memcmp(b, "\x1a\x45\xdf\xa3", 4) ||
           (!memcmp(b + 4, "ftyp", 4) && memcmp(b + 8, "heic", 4) && memcmp(b + 8, "avif", 4) &&
            memcmp(b + 8, "crx ", 4)) ||
           (!memcmp(b, "RIFF", 4) && !memcmp(b + 8, "AVI ", 4)) || !memcmp(b, "OggS", 4) ||
           !memcmp(b, "\0\0\1\xba", 4) || !memcmp(b, "FLV\1", 4);
}

static int is_folder(const char *path) {
    size_t length = strlen(path);
    return (length && path[length - 1] == '/') || cf_is_folder(path);
}

int cf_colorize_names_video(const char *path) {
    return !is_folder(path) && (cf_colorize_has_video_ending(path) || begins_as_video(path));
}

int cf_colorize_is_video(const cf_colorize_options *o) {
    if (is_folder(o->out))
        return 0;
    return cf_colorize_has_video_ending(o->out) ||
           (o->input_count == 1 && cf_colorize_names_video(o->inputs[0]));
}

cf_status cf_colorize_check_video(const cf_colorize_options *o) {
    int keeps_all;
    const char *wrong = o->provenance  ? "provenance"
                        : o->error_map ? "error-map"
                        : o->again     ? "again"
                        : o->format    ? "format"
                                       : NULL;
    if (wrong)
        return cf_fail(CF_ERR_INVALID, "--%s is for photographs, not for videos", wrong);
    if (o->input_count != 1 || is_folder(o->inputs[0]))
        return cf_fail(CF_ERR_INVALID, "%s: from several files come several: name a folder",
                       o->out);
    CF_TRY(cf_sink_check(o->out, &keeps_all));
    if (cf_input_is_same(o->inputs[0], o->out))
        return cf_fail(CF_ERR_INVALID, "%s: the result would replace the video", o->out);
    return CF_OK;
}

/* --- one run --- */

typedef struct {
    const cf_colorize_options *options;
    int keep_part;
    cf_cl *cl;
    cf_video_in *in;
    cf_sink *sink;
    cf_colorize *colorize;
    cf_hint_point *points; /* of all frames */
    long *frames;          /* of each point */
    cf_hint_point *now;    /* room for those of one frame */
    size_t point_count;
    cf_image gray, picture; /* of the next frame; of the one that is done */
    long read;              /* frames */
    cf_colorize_video_facts *facts;
} session;

static cf_status judge(session *s, const cf_image *frame, int64_t t_ns) {
    cf_toning toning;
    if (s->options->force || s->read >= JUDGED || s->read % JUDGE_STEP)
        return CF_OK;
    CF_TRY(cf_toning_measure(frame, &toning));
    if (!s->read || toning.residual > s->facts->residual) {
        s->facts->chroma = toning.chroma;
        s->facts->residual = toning.residual;
    }
    if (toning.is_monochrome)
        return CF_OK;
    return cf_fail(CF_ERR_UNSUPPORTED,
                   "%s: this video has colours of its own (%.1f Lab units beyond one tone, at %.1f "
                   "s); --force colours it anew",
                   s->facts->in, toning.residual, (double)t_ns * 1e-9);
}

/* CF_ERR_END: there are no more frames. */
static cf_status read_frame(session *s, int64_t *t_ns) {
    cf_image frame;
    CF_TRY(cf_video_in_next(s->in, &frame, t_ns));
    CF_TRY(judge(s, &frame, *t_ns));
    cf_image_free(&s->gray);
    CF_TRY(cf_luminance_of(&frame, &s->gray));
    s->read++;
    return CF_OK;
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Mean absolute response of a block to the difference of two Laplacians. */
static float block_noise(const cf_image *gray, int x0, int y0) {
    static const int mask[9] = {1, -2, 1, -2, 4, -2, 1, -2, 1};
    double sum = 0;
    for (int y = y0; y < y0 + BLOCK; y++)
        for (int x = x0; x < x0 + BLOCK; x++) {
            double v = 0;
            for (int k = 0; k < 9; k++) {
                float m = ((const float *)cf_image_row(gray, 0, y + k / 3))[x + k % 3];
                v += mask[k] * sqrt((double)fmaxf(m, 0));
            }
            sum += fabs(v);
        }
    return (float)(sum / (BLOCK * BLOCK));
}

/*
 * Noise of the square root of a picture: J. Immerkaer, "Fast noise variance estimation", Computer
 * Vision and Image Understanding 64:2, 1996, in the fifth of the blocks that have the least of
 * everything.
 */
static cf_status measure_noise(const cf_image *gray, float *noise) {
    size_t count = 0, room = (size_t)(gray->width / BLOCK) * (size_t)(gray->height / BLOCK);
    float *found = cf_alloc(room + 1, sizeof *found);
    if (!found)
        return CF_ERR_MEMORY;
    for (int y = 0; y + BLOCK + 2 <= gray->height; y += BLOCK)
        for (int x = 0; x + BLOCK + 2 <= gray->width && count < room; x += BLOCK)
            found[count++] = block_noise(gray, x, y);
    qsort(found, count, sizeof *found, by_value);
    *noise = fminf(found[count / 5] * 1.2533F / 6, 0.2F); /* sqrt(pi / 2) / 6 */
    cf_free(found);
    return CF_OK;
}

static cf_status make_colorize(session *s) {
    const cf_colorize_options *o = s->options;
    cf_colorize_params params = CF_COLORIZE_DEFAULTS;
    cf_image shape;
    params.grid = (int)o->grid;
    params.settings = o->settings;
    params.setting_count = o->setting_count;
    params.depth = (int)o->depth;
    params.transfer = o->transfer;
    params.model = o->model;
    params.vivid = o->mean ? 0.5F : 1;
    params.has_points = s->point_count > 0;
    params.is_sequence = o->temporal != CF_TEMPORAL_OFF;
    CF_TRY(measure_noise(&s->gray, &params.noise));
    s->facts->noise = (double)params.noise;
    CF_TRY(cf_colorize_create(s->cl, s->gray.width, s->gray.height, &params, &s->colorize));
    CF_TRY(cf_colorize_describe(s->colorize, CF_COLORIZE_PICTURE, &shape));
    return cf_image_alloc(shape.width, shape.height, shape.planes, shape.format, &s->picture);
}

static cf_status open_sink(session *s) {
    const cf_video_info *info = cf_video_in_describe(s->in);
    const cf_colorize_options *o = s->options;
    const cf_sink_params params = {.width = info->width,
                                   .height = info->height,
                                   .fps = info->fps,
                                   .depth = (int)o->depth,
                                   .codec = o->codec,
                                   .quality = (int)o->quality,
                                   .aspect = info->aspect,
                                   .copy_from = s->in,
                                   .is_stopped = cf_cli_interrupted};
    const char *out = s->facts->out;
    size_t length = strlen(out);
    int is_y4m = !strcmp(out, "-") || (length > 4 && !strcasecmp(out + length - 4, ".y4m"));
    if (info->depth > 8 && o->depth == 8)
        cf_log(CF_LOG_WARNING,
               "%s: this video has %d bits a sample, of which the result keeps 8; --depth 16 keeps "
               "more",
               s->facts->in, info->depth);
    if (is_y4m && info->audio_streams)
        cf_log(CF_LOG_WARNING, "%s: Y4M has no sound; it is left out", out);
    return cf_sink_open(out, &params, &s->sink);
}

/* Hints are those of this frame; from earlier ones they are remembered along the motion. */
static cf_status color_frame(session *s, long index) {
    size_t count = 0;
    for (size_t i = 0; i < s->point_count; i++)
        if (s->frames[i] == index)
            s->now[count++] = s->points[i];
    return cf_colorize_run(s->colorize, &s->gray, s->now, count);
}

/* One of many says which. */
static void show_progress(const session *s, long done, long total) {
    cf_cli_progress(s->keep_part ? "colorize" : cf_input_name(s->facts->in), (size_t)done,
                    (size_t)total);
}

static cf_status write_frame(session *s, int64_t t_ns) {
    long total = cf_video_in_describe(s->in)->frames;
    CF_TRY(cf_colorize_read(s->colorize, CF_COLORIZE_PICTURE, &s->picture));
    CF_TRY(cf_sink_write(s->sink, &s->picture, t_ns));
    long done = ++s->facts->frames;
    show_progress(s, done, total > done ? total : done + 1);
    return s->options->report || s->options->json ? cf_profile_collect(s->cl) : CF_OK;
}

/* Each turn: the device has a frame, the next one is decoded, then the first is written. */
static cf_status run_frames(session *s, int64_t t_ns) {
    cf_status status = CF_OK;
    int64_t next_ns = 0;
    for (long i = 0; status == CF_OK; i++) {
        if (cf_cli_interrupted())
            return CF_ERR_CANCELLED;
        CF_TRY(color_frame(s, i));
        status = read_frame(s, &next_ns);
        if (status == CF_OK || status == CF_ERR_END || status == CF_ERR_CANCELLED)
            CF_TRY(write_frame(s, t_ns));
        t_ns = next_ns;
    }
    return status == CF_ERR_END ? CF_OK : status;
}

static cf_status read_points(session *s) {
    const char *path = s->options->hints;
    const cf_video_info *info = cf_video_in_describe(s->in);
    if (!path)
        return CF_OK;
    CF_TRY(cf_hints_file_read(path, &s->points, &s->frames, &s->point_count));
    s->now = cf_alloc(s->point_count, sizeof *s->now);
    if (!s->now)
        return CF_ERR_MEMORY;
    return cf_hints_inside(path, s->points, s->point_count, info->width, info->height);
}

static cf_status finish(session *s, cf_status status) {
    long done = s->facts->frames;
    int was_cancelled = status == CF_ERR_CANCELLED && s->keep_part;
    int keep = (status == CF_OK || was_cancelled) && done > 0;
    cf_status closed = cf_sink_close(&s->sink, keep);
    show_progress(s, done, done);
    if (was_cancelled)
        cf_log(CF_LOG_ERROR, "interrupted: %ld frames are %s", done,
               keep ? "done and kept" : "done");
    s->facts->is_whole = status == CF_OK;
    return keep && closed != CF_OK ? closed : status;
}

static cf_status work(session *s) {
    int64_t t_ns;
    double start = cf_clock_seconds();
    CF_TRY(cf_video_in_open(s->facts->in, cf_cli_interrupted, &s->in));
    const cf_video_info *info = cf_video_in_describe(s->in);
    s->facts->width = info->width;
    s->facts->height = info->height;
    s->facts->depth = info->depth;
    s->facts->fps = info->fps;
    CF_TRY(read_points(s));
    CF_TRY(open_sink(s));
    cf_status status = read_frame(s, &t_ns);
    if (status == CF_OK)
        status = make_colorize(s);
    if (status == CF_OK)
        status = run_frames(s, t_ns);
    s->facts->seconds = cf_clock_seconds() - start;
    return finish(s, status);
}

cf_status cf_colorize_run_video(cf_cl *cl, int keep_part, cf_colorize_video_facts *facts) {
    session s = {.cl = cl, .options = facts->options, .keep_part = keep_part, .facts = facts};
    cf_status status = work(&s);
    cf_colorize_destroy(&s.colorize);
    (void)cf_sink_close(&s.sink, 0);
    cf_video_in_close(&s.in);
    cf_image_free(&s.gray);
    cf_image_free(&s.picture);
    cf_free(s.points);
    cf_free(s.frames);
    cf_free(s.now);
    return status;
}
