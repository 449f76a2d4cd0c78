/* SPDX-License-Identifier: Apache-2.0 */
/* Demuxes and decodes through FFmpeg's libraries; capture/video_frame.c makes pictures of the
 * frames. */
#include "capture/video_in.h"

#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/video_frame.h"
#include "capture/video_internal.h"

#define IO_BYTES 65536
#define PATIENCE_MS 100 /* between two looks at whether to stop */
#define MOST_SHORT 1.0  /* seconds that a file may be shorter than it says */
#define NS                                                                                         \
    (AVRational) {                                                                                 \
        1, 1000000000                                                                              \
    }

struct cf_video_in {
    char name[1024]; /* for messages */
    int fd, is_regular;
    int (*is_stopped)(void);
    AVFormatContext *format;
    AVIOContext *io;
    AVCodecContext *decoder;
    AVStream *stream;
    AVPacket *packet;
    AVFrame *frame;
    cf_video_pictures *pictures;
    cf_video_info info;
    int turns;             /* quarter turns clockwise that make frames upright */
    int is_drained;        /* the decoder was told that nothing follows */
    long decoded, damaged; /* frames given out; packets or frames with errors */
    int64_t start;         /* of the file, AV_TIME_BASE */
    int64_t last_ns;       /* time of the latest frame */
    cf_status (*take_audio)(void *, AVPacket *);
    void *take_user;
};

static int was_stopped(void *user) {
    const cf_video_in *v = user;
    return v->is_stopped && v->is_stopped();
}

/* --- bytes --- */

static int read_bytes(void *user, uint8_t *to, int size) {
    cf_video_in *v = user;
    for (;;) {
        struct pollfd p = {.fd = v->fd, .events = POLLIN};
        if (was_stopped(v))
            return AVERROR_EXIT;
        int ready = v->is_regular ? 1 : poll(&p, 1, PATIENCE_MS);
        if (ready < 0 && errno != EINTR)
            return AVERROR(errno);
        if (ready <= 0)
            continue;
        ssize_t n = read(v->fd, to, (size_t)size);
        if (n > 0)
            return (int)n;
        if (n == 0)
            return AVERROR_EOF;
        if (errno != EINTR && errno != EAGAIN)
            return AVERROR(errno);
    }
}

static int64_t seek_bytes(void *user, int64_t offset, int whence) {
    const cf_video_in *v = user;
    struct stat info;
    if (whence == AVSEEK_SIZE)
        return fstat(v->fd, &info) ? AVERROR(errno) : (int64_t)info.st_size;
    off_t at = lseek(v->fd, (off_t)offset, whence & ~AVSEEK_FORCE);
    return at < 0 ? AVERROR(errno) : (int64_t)at;
}

/* What a playlist or a film in parts would open: nothing. */
static int refuse_open(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                       AVDictionary **options) {
    (void)format;
    (void)url;
    (void)flags;
    (void)options;
    *io = NULL;
    return AVERROR(EACCES);
}

static cf_status open_bytes(cf_video_in *v, const char *path) {
    struct stat info;
    int is_pipe = !strcmp(path, "-");
    snprintf(v->name, sizeof v->name, "%s", is_pipe ? "standard input" : path);
    v->fd = is_pipe ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (v->fd < 0 || fstat(v->fd, &info))
        return cf_fail(CF_ERR_IO, "%s: %s", v->name, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return cf_fail(CF_ERR_IO, "%s: is a folder", v->name);
    v->is_regular = S_ISREG(info.st_mode);
    if (v->is_regular && !info.st_size)
        return cf_fail(CF_ERR_FORMAT, "%s: the file is empty", v->name);
    unsigned char *buffer = av_malloc(IO_BYTES);
    v->io = buffer ? avio_alloc_context(buffer, IO_BYTES, 0, v, read_bytes, NULL,
                                        v->is_regular ? seek_bytes : NULL)
                   : NULL;
    if (!v->io)
        av_free(buffer);
    return v->io ? CF_OK : CF_ERR_MEMORY;
}

/* --- opening --- */

static cf_status failed(const cf_video_in *v, const char *what, int error) {
    if (error == AVERROR_EXIT)
        return CF_ERR_CANCELLED;
    return cf_fail(error == AVERROR(ENOMEM) ? CF_ERR_MEMORY : CF_ERR_FORMAT, "%s: %s: %s", v->name,
                   what, av_err2str(error));
}

static cf_status open_format(cf_video_in *v) {
    AVDictionary *options = NULL;
    v->format = avformat_alloc_context();
    if (!v->format)
        return CF_ERR_MEMORY;
    v->format->pb = v->io;
    v->format->io_open = refuse_open;
    v->format->interrupt_callback = (AVIOInterruptCB){was_stopped, v};
    v->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    av_dict_set(&options, "protocol_whitelist", "none", 0);
    int error = avformat_open_input(&v->format, NULL, NULL, &options);
    av_dict_free(&options);
    if (error < 0)
        return failed(v, "is not a video, or is cut off", error);
    error = avformat_find_stream_info(v->format, NULL);
    return error < 0 ? failed(v, "cannot be read", error) : CF_OK;
}

static cf_status find_stream(cf_video_in *v, const AVCodec **codec) {
    int index = av_find_best_stream(v->format, AVMEDIA_TYPE_VIDEO, -1, -1, codec, 0);
    if (index == AVERROR_DECODER_NOT_FOUND)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: this machine's FFmpeg cannot decode it", v->name);
    if (index < 0 || v->format->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC)
        return cf_fail(CF_ERR_FORMAT, "%s: has no video stream, or is cut off", v->name);
    v->stream = v->format->streams[index];
    for (unsigned i = 0; i < v->format->nb_streams; i++) {
        int is_audio = v->format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
        v->info.audio_streams += is_audio;
        if (!is_audio && (int)i != index)
            v->format->streams[i]->discard = AVDISCARD_ALL;
    }
    return CF_OK;
}

static cf_status open_decoder(cf_video_in *v, const AVCodec *codec) {
    v->decoder = avcodec_alloc_context3(codec);
    v->packet = av_packet_alloc();
    v->frame = av_frame_alloc();
    if (!v->decoder || !v->packet || !v->frame)
        return CF_ERR_MEMORY;
    int error = avcodec_parameters_to_context(v->decoder, v->stream->codecpar);
    v->decoder->pkt_timebase = v->stream->time_base;
    v->decoder->max_pixels = (int64_t)CF_IMAGE_MAX_AREA;
    v->decoder->thread_count = 2;
    if (error >= 0)
        error = avcodec_open2(v->decoder, codec, NULL);
    return error < 0 ? failed(v, "cannot be decoded", error) : CF_OK;
}

static int quarter_turns(const cf_video_in *v) {
    const int32_t *matrix = (const int32_t *)(const void *)av_stream_get_side_data(
        v->stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    double angle = matrix ? av_display_rotation_get(matrix) : 0; /* counter-clockwise */
    if (!(angle >= -360 && angle <= 360))
        return 0;
    return (int)(4.5 - angle / 90) % 4;
}

static int bits_of(const cf_video_in *v) {
    const AVPixFmtDescriptor *d =
        av_pix_fmt_desc_get((enum AVPixelFormat)v->stream->codecpar->format);
    return d && d->nb_components ? d->comp[0].depth : 8;
}

static cf_status describe(cf_video_in *v) {
    const AVCodecParameters *p = v->stream->codecpar;
    cf_video_info *info = &v->info;
    AVRational fps = av_guess_frame_rate(v->format, v->stream, NULL),
               aspect = p->sample_aspect_ratio;
    if (!cf_image_size_ok(p->width, p->height))
        return cf_fail(p->width > 0 && p->height > 0 ? CF_ERR_UNSUPPORTED : CF_ERR_FORMAT,
                       "%s: frames of %dx%d cannot be worked on", v->name, p->width, p->height);
    v->turns = quarter_turns(v);
    info->width = v->turns % 2 ? p->height : p->width;
    info->height = v->turns % 2 ? p->width : p->height;
    info->depth = bits_of(v);
    info->fps = fps.num > 0 && fps.den > 0 ? av_q2d(fps) : 0;
    if (!(info->fps >= 0.01 && info->fps <= 1000)) {
        cf_log(CF_LOG_WARNING, "%s: tells no frame rate; taken as 25 a second", v->name);
        info->fps = 25;
    }
    info->aspect = aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1;
    if (v->turns % 2)
        info->aspect = 1 / info->aspect;
    info->seconds = v->format->duration > 0 ? (double)v->format->duration / AV_TIME_BASE : 0;
    double frames = info->seconds * info->fps;
    info->frames = v->stream->nb_frames > 0 ? (long)v->stream->nb_frames
                   : frames < 1e9           ? (long)(frames + 0.5)
                                            : 0;
    v->start = v->format->start_time > 0 ? v->format->start_time : 0; /* none: far below 0 */
    return cf_video_pictures_create(info->depth > 8, v->turns, &v->pictures);
}

static cf_status open_all(cf_video_in *v, const char *path) {
    const AVCodec *codec;
    CF_TRY(open_bytes(v, path));
    CF_TRY(open_format(v));
    CF_TRY(find_stream(v, &codec));
    CF_TRY(open_decoder(v, codec));
    return describe(v);
}

cf_status cf_video_in_open(const char *path, int (*is_stopped)(void), cf_video_in **out) {
    *out = NULL;
    cf_video_in *v = cf_alloc(1, sizeof *v);
    if (!v)
        return CF_ERR_MEMORY;
    av_log_set_level(AV_LOG_QUIET); /* what goes wrong is in the status */
    v->fd = -1;
    v->last_ns = -1;
    v->is_stopped = is_stopped;
    cf_status status = open_all(v, path);
    if (status != CF_OK)
        cf_video_in_close(&v);
    *out = v;
    return status;
}

void cf_video_in_close(cf_video_in **handle) {
    if (!handle || !*handle)
        return;
    cf_video_in *v = *handle;
    cf_video_pictures_destroy(&v->pictures);
    avcodec_free_context(&v->decoder);
    av_packet_free(&v->packet);
    av_frame_free(&v->frame);
    avformat_close_input(&v->format);
    if (v->io)
        av_freep(&v->io->buffer);
    avio_context_free(&v->io);
    if (v->fd >= 0)
        close(v->fd);
    cf_free(v);
    *handle = NULL;
}

const cf_video_info *cf_video_in_describe(const cf_video_in *v) {
    return &v->info;
}

const AVFormatContext *cf_video_in_format(const cf_video_in *v) {
    return v->format;
}

int64_t cf_video_in_start(const cf_video_in *v) {
    return v->start;
}

void cf_video_in_take_audio(cf_video_in *v, cf_status (*take)(void *, AVPacket *), void *user) {
    v->take_audio = take;
    v->take_user = user;
}

/* --- frames --- */

/* One packet to the decoder, or to who takes audio. */
static cf_status feed(cf_video_in *v) {
    cf_status status = CF_OK;
    int error = av_read_frame(v->format, v->packet);
    if (error == AVERROR_EXIT || was_stopped(v))
        status = CF_ERR_CANCELLED;
    else if (error < 0) { /* the end, or what cannot be read: nothing comes behind it */
        v->damaged += error != AVERROR_EOF;
        v->is_drained = 1;
        (void)avcodec_send_packet(v->decoder, NULL);
        return CF_OK;
    } else if (v->packet->stream_index == v->stream->index)
        v->damaged += avcodec_send_packet(v->decoder, v->packet) < 0;
    else if (v->take_audio)
        status = v->take_audio(v->take_user, v->packet);
    av_packet_unref(v->packet);
    return status;
}

static cf_status at_end(const cf_video_in *v) {
    if (!v->decoded)
        return cf_fail(CF_ERR_FORMAT, "%s: not one frame of it can be decoded", v->name);
    double seconds = (double)v->last_ns * 1e-9 + 1 / v->info.fps;
    if (v->damaged)
        cf_log(CF_LOG_WARNING, "%s: %ld damaged parts", v->name, v->damaged);
    if (v->is_regular && v->info.seconds > seconds + MOST_SHORT)
        cf_log(CF_LOG_WARNING, "%s: ends after %.1f s of %.1f: is it cut off?", v->name, seconds,
               v->info.seconds);
    return CF_ERR_END;
}

/* The frame's time in the file; one nominal frame after the last where it has none. */
static int64_t time_of(cf_video_in *v) {
    int64_t pts = v->frame->best_effort_timestamp, step = (int64_t)(1e9 / v->info.fps);
    int64_t t = v->last_ns < 0 ? 0 : v->last_ns + step;
    if (pts != AV_NOPTS_VALUE) {
        int64_t told = av_rescale_q(pts, v->stream->time_base, NS) -
                       av_rescale_q(v->start, AV_TIME_BASE_Q, NS);
        t = told > v->last_ns ? told : v->last_ns + 1;
    }
    return t < 0 ? 0 : t;
}

static cf_status give(cf_video_in *v, cf_image *frame, int64_t *t_ns) {
    int width = v->turns % 2 ? v->info.height : v->info.width;
    int height = v->turns % 2 ? v->info.width : v->info.height;
    *t_ns = time_of(v);
    if (v->frame->width != width || v->frame->height != height)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: changes its size from %dx%d to %dx%d at %.2f s; cut it there", v->name,
                       width, height, v->frame->width, v->frame->height, (double)*t_ns * 1e-9);
    v->last_ns = *t_ns;
    v->decoded++;
    v->damaged += v->frame->decode_error_flags != 0;
    cf_status status = cf_video_pictures_make(v->pictures, v->frame, frame);
    if (status == CF_ERR_UNSUPPORTED)
        return cf_fail(status, "%s: pixels of kind %s cannot be read", v->name,
                       av_get_pix_fmt_name((enum AVPixelFormat)v->frame->format));
    return status;
}

cf_status cf_video_in_next(cf_video_in *v, cf_image *frame, int64_t *t_ns) {
    for (;;) {
        int error = avcodec_receive_frame(v->decoder, v->frame);
        if (error >= 0)
            return give(v, frame, t_ns);
        if (error == AVERROR_EOF || (error == AVERROR(EAGAIN) && v->is_drained))
            return at_end(v);
        if (error != AVERROR(EAGAIN)) {
            v->damaged++;
            if (v->is_drained)
                return at_end(v);
        }
        CF_TRY(feed(v));
    }
}
