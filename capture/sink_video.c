/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as a video file, through FFmpeg's libraries. */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "capture/sink_backend.h"
#include "capture/video_internal.h"
#include "capture/yuv.h"

#define TICKS 240000      /* a second in the file's time base: whole for film and television */
#define MPEG4_TICKS 60000 /* it has 16 bits for them */
#define QUALITY 92        /* where nothing is said: crf 18 */
#define LONGEST_GAP INT64_C(10000000000) /* ns; what is longer is a clock that was set */

typedef struct {
    const char *ending, *format;
} container;
static const container containers[] = {
    {".mkv", "matroska"}, {".mp4", "mp4"}, {".mov", "mov"}, {".avi", "avi"}};

/* What ?codec= may say. The first that FFmpeg has is taken where nothing is said. */
typedef struct {
    const char *name, *encoder;
    enum AVPixelFormat pixels, deep; /* deep: of pictures of 16 bits; NONE: it takes 8 only */
    const char *options;             /* as av_set_options_string takes them */
} codec_choice;
static const codec_choice codecs[] = {
    {"h264", "libx264", AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10, "preset=veryfast"},
    {"mpeg4", "mpeg4", AV_PIX_FMT_YUV420P, AV_PIX_FMT_NONE, ""},
    {"ffv1", "ffv1", AV_PIX_FMT_BGR0, AV_PIX_FMT_GBRP16, "level=3:slices=4:slicecrc=1"},
};

typedef struct {
    char path[1024];
    cf_file_out *file;
    AVFormatContext *format;
    AVStream *stream;
    AVCodecContext *encoder;
    AVFrame *frame;
    AVPacket *packet;
    unsigned short *scratch;
    cf_video_in *copy_from;
    int *copies;               /* of each of its streams, the stream here; negative: none */
    int ticks;                 /* a second in the encoder's time base */
    int has_header, is_broken; /* broken: a write failed, the file cannot be finished */
    int64_t step;              /* nominal ticks from picture to picture */
    int64_t last_ns, last;     /* time of the latest picture, and its place in the file */
    uint64_t pictures;
} video;

static const container *container_of(const char *path, size_t length) {
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
        size_t n = strlen(containers[i].ending);
        if (length > n && !strncasecmp(path + length - n, containers[i].ending, n))
            return &containers[i];
    }
    return NULL;
}

/* Length of the file's name in "FILE.mkv?codec=ffv1". */
static size_t name_length(const char *target) {
    const char *mark = strchr(target, '?');
    return mark && container_of(target, (size_t)(mark - target)) ? (size_t)(mark - target)
                                                                 : strlen(target);
}

static int takes(const char *target) {
    return container_of(target, name_length(target)) != NULL;
}

static cf_status failed(const video *s, const char *what, int error) {
    return cf_fail(error == AVERROR(ENOMEM) ? CF_ERR_MEMORY : CF_ERR_IO, "%s: cannot %s: %s",
                   s->path, what, av_err2str(error));
}

static cf_status choose_codec(const char *target, const char *wanted, int is_deep,
                              const codec_choice **choice, const AVCodec **codec) {
    const char *query = target + name_length(target);
    if (*query) {
        if (strncmp(query, "?codec=", 7))
            return cf_fail(CF_ERR_INVALID, "%s: behind '?' only codec= is known", target);
        wanted = query + 7;
    }
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (wanted && strcmp(wanted, codecs[i].name))
            continue;
        if (is_deep && codecs[i].deep == AV_PIX_FMT_NONE) {
            if (wanted)
                return cf_fail(CF_ERR_UNSUPPORTED, "%s: %s takes 8 bits a sample, not 16", target,
                               wanted);
            continue;
        }
        *choice = &codecs[i];
        *codec = avcodec_find_encoder_by_name(codecs[i].encoder);
        if (*codec)
            return CF_OK;
        if (wanted)
            return cf_fail(CF_ERR_UNSUPPORTED, "%s: this machine's FFmpeg has no %s", target,
                           codecs[i].encoder);
    }
    return cf_fail(CF_ERR_UNSUPPORTED, "%s: codec is h264, mpeg4 or ffv1%s", target,
                   wanted ? "" : ", and this machine's FFmpeg has none of them");
}

static cf_status open_encoder(video *s, const cf_sink_params *params, const codec_choice *choice,
                              const AVCodec *codec) {
    int is_yuv = choice->pixels == AV_PIX_FMT_YUV420P, is_deep = params->depth == 16;
    double quality = params->quality > 0 ? params->quality : QUALITY;
    AVCodecContext *e = s->encoder = avcodec_alloc_context3(codec);
    if (!e)
        return CF_ERR_MEMORY;
    e->width = is_yuv ? params->width & ~1 : params->width; /* chroma has whole samples only */
    e->height = is_yuv ? params->height & ~1 : params->height;
    if (e->width < 2 || e->height < 2)
        return cf_fail(CF_ERR_INVALID, "%s: %dx%d is too small for a video", s->path, params->width,
                       params->height);
    e->pix_fmt = is_deep ? choice->deep : choice->pixels;
    e->time_base = (AVRational){1, s->ticks};
    e->framerate = av_d2q(params->fps, s->ticks);
    if (params->aspect > 0)
        e->sample_aspect_ratio = av_d2q(params->aspect, 1000);
    e->color_range = is_yuv ? AVCOL_RANGE_MPEG : AVCOL_RANGE_JPEG;
    e->colorspace = is_yuv ? AVCOL_SPC_BT709 : AVCOL_SPC_RGB;
    e->color_primaries = AVCOL_PRI_BT709;
    e->color_trc = s->copy_from ? AVCOL_TRC_BT709 : AVCOL_TRC_IEC61966_2_1;
    e->chroma_sample_location = is_yuv ? AVCHROMA_LOC_LEFT : AVCHROMA_LOC_UNSPECIFIED;
    if (codec->id == AV_CODEC_ID_MPEG4) {
        e->flags |= AV_CODEC_FLAG_QSCALE;
        e->global_quality = (int)((31 - 28 * quality / QUALITY) * FF_QP2LAMBDA);
    }
    if (s->format->oformat->flags & AVFMT_GLOBALHEADER)
        e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (e->priv_data)
        (void)av_set_options_string(e->priv_data, choice->options, "=", ":");
    if (codec->id == AV_CODEC_ID_H264) /* constant rate factor: 18 at 92, 51 at 1 */
        (void)av_opt_set_double(e->priv_data, "crf", 18 + (QUALITY - quality) * 33 / 91, 0);
    int error = avcodec_open2(e, codec, NULL);
    return error < 0 ? failed(s, "encode", error) : CF_OK;
}

/* Packets go on as they are, their times from the start of the file they come from. */
static cf_status take_audio(void *user, AVPacket *packet) {
    video *s = user;
    const AVStream *from = cf_video_in_format(s->copy_from)->streams[packet->stream_index];
    int index = s->copies[packet->stream_index];
    if (index < 0 || s->is_broken)
        return CF_OK;
    AVStream *to = s->format->streams[index];
    int64_t start = av_rescale_q(cf_video_in_start(s->copy_from), AV_TIME_BASE_Q, from->time_base);
    packet->pts -= packet->pts != AV_NOPTS_VALUE ? start : 0;
    packet->dts -= packet->dts != AV_NOPTS_VALUE ? start : 0;
    av_packet_rescale_ts(packet, from->time_base, to->time_base);
    packet->stream_index = index;
    packet->pos = -1;
    int error = av_interleaved_write_frame(s->format, packet);
    if (error >= 0 || error == AVERROR(EINVAL)) /* times out of order: that packet is left out */
        return CF_OK;
    s->is_broken = 1;
    return failed(s, "write", error);
}

static cf_status copy_stream(video *s, const AVStream *from, int *index) {
    const AVCodecParameters *p = from->codecpar;
    if (avformat_query_codec(s->format->oformat, p->codec_id, FF_COMPLIANCE_NORMAL) != 1) {
        cf_log(CF_LOG_WARNING,
               "%s: its container has no place for audio of kind %s, which is left out; "
               ".mkv has",
               s->path, avcodec_get_name(p->codec_id));
        return CF_OK;
    }
    AVStream *to = avformat_new_stream(s->format, NULL);
    if (!to || avcodec_parameters_copy(to->codecpar, p) < 0)
        return CF_ERR_MEMORY;
    to->codecpar->codec_tag = 0; /* the other container's name of it */
    to->time_base = from->time_base;
    to->disposition = from->disposition;
    av_dict_copy(&to->metadata, from->metadata, 0);
    *index = to->index;
    return CF_OK;
}

static cf_status copy_streams(video *s) {
    const AVFormatContext *from = cf_video_in_format(s->copy_from);
    s->copies = cf_alloc(from->nb_streams, sizeof *s->copies);
    if (!s->copies)
        return CF_ERR_MEMORY;
    for (unsigned i = 0; i < from->nb_streams; i++) {
        s->copies[i] = -1;
        if (from->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            CF_TRY(copy_stream(s, from->streams[i], &s->copies[i]));
    }
    av_dict_copy(&s->format->metadata, from->metadata, 0);
    cf_video_in_take_audio(s->copy_from, take_audio, s);
    return CF_OK;
}

static cf_status open_file(video *s, const cf_sink_params *params, const codec_choice *choice,
                           const AVCodec *codec) {
    int error = avformat_alloc_output_context2(
        &s->format, NULL, container_of(s->path, strlen(s->path))->format, NULL);
    if (error < 0)
        return failed(s, "make its container", error);
    CF_TRY(open_encoder(s, params, choice, codec));
    s->stream = avformat_new_stream(s->format, NULL);
    if (!s->stream)
        return CF_ERR_MEMORY;
    s->stream->time_base = s->encoder->time_base;
    s->stream->avg_frame_rate = s->encoder->framerate;
    s->stream->sample_aspect_ratio = s->encoder->sample_aspect_ratio;
    if (s->copy_from)
        CF_TRY(copy_streams(s));
    error = avcodec_parameters_from_context(s->stream->codecpar, s->encoder);
    if (error >= 0)
        error = avio_open(&s->format->pb, cf_file_temporary(s->file), AVIO_FLAG_WRITE);
    if (error >= 0)
        error = avformat_write_header(s->format, NULL);
    s->has_header = error >= 0;
    return error < 0 ? failed(s, "write", error) : CF_OK;
}

static cf_status make_frame(video *s, const cf_sink_params *params) {
    s->frame = av_frame_alloc();
    s->packet = av_packet_alloc();
    s->scratch = cf_alloc(3 * (size_t)params->width, sizeof *s->scratch);
    if (!s->frame || !s->packet || !s->scratch)
        return CF_ERR_MEMORY;
    s->frame->format = s->encoder->pix_fmt;
    s->frame->width = s->encoder->width;
    s->frame->height = s->encoder->height;
    int error = av_frame_get_buffer(s->frame, 0);
    return error < 0 ? failed(s, "make a picture", error) : CF_OK;
}

/* Writes what the encoder has ready. */
static cf_status drain(video *s) {
    for (;;) {
        int error = avcodec_receive_packet(s->encoder, s->packet);
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF)
            return CF_OK;
        if (error < 0)
            return failed(s, "encode", error);
        av_packet_rescale_ts(s->packet, s->encoder->time_base, s->stream->time_base);
        s->packet->stream_index = s->stream->index;
        error = av_interleaved_write_frame(s->format, s->packet);
        if (error >= 0 && s->format->pb)
            error = s->format->pb->error;
        if (error < 0)
            return failed(s, "write", error);
    }
}

/* The picture's place in the file: its time after the first one's; never back, no wild leaps. */
static int64_t place(video *s, int64_t t_ns) {
    int64_t gap = t_ns - s->last_ns, step = gap > LONGEST_GAP ? 0 : gap * s->ticks / 1000000000;
    if (!s->pictures)
        step = 0;
    else if (gap < 0 || gap > LONGEST_GAP || !t_ns)
        step = s->step;
    else if (step < 1)
        step = 1;
    return s->last + step;
}

/* The same where the file's own times are kept: no sooner than a tick after the one before. */
static int64_t exact_place(const video *s, int64_t t_ns) {
    int64_t at = av_rescale(t_ns > 0 ? t_ns : 0, s->ticks, 1000000000);
    return s->pictures && at <= s->last ? s->last + 1 : at;
}

static void fill_bgr0(const cf_image *picture, const AVFrame *to) {
    for (int y = 0; y < to->height; y++) {
        const unsigned char *rgb = cf_image_row(picture, 0, y);
        unsigned char *row = to->data[0] + (ptrdiff_t)y * to->linesize[0];
        for (int x = 0; x < to->width; x++) {
            row[4 * x] = rgb[3 * x + 2];
            row[4 * x + 1] = rgb[3 * x + 1];
            row[4 * x + 2] = rgb[3 * x];
            row[4 * x + 3] = 0;
        }
    }
}

static void fill_gbrp16(const cf_image *picture, const AVFrame *to) {
    for (int y = 0; y < to->height; y++) {
        const uint16_t *rgb = cf_image_row(picture, 0, y);
        for (int c = 0; c < 3; c++) {
            unsigned char *row = to->data[(c + 2) % 3] + (ptrdiff_t)y * to->linesize[(c + 2) % 3];
            for (int x = 0; x < to->width; x++)
                ((uint16_t *)(void *)row)[x] = rgb[3 * x + c];
        }
    }
}

static void fill_yuv(const video *s, const cf_image *picture) {
    cf_image even = *picture;
    cf_yuv420 planes;
    even.width = s->frame->width;
    even.height = s->frame->height;
    for (int i = 0; i < 3; i++) {
        planes.plane[i] = s->frame->data[i];
        planes.stride[i] = (size_t)s->frame->linesize[i];
    }
    if (picture->format == CF_PIXEL_RGB16)
        cf_yuv420_from_rgb16(&even, 10, &planes);
    else
        cf_yuv420_from_rgb(&even, s->scratch, &planes);
}

static cf_status write_picture(void *state, const cf_image *picture, int64_t t_ns) {
    video *s = state;
    int error = av_frame_make_writable(s->frame);
    if (error < 0)
        return failed(s, "make a picture", error);
    if (s->encoder->pix_fmt == AV_PIX_FMT_BGR0)
        fill_bgr0(picture, s->frame);
    else if (s->encoder->pix_fmt == AV_PIX_FMT_GBRP16)
        fill_gbrp16(picture, s->frame);
    else
        fill_yuv(s, picture);
    s->last = s->frame->pts = s->copy_from ? exact_place(s, t_ns) : place(s, t_ns);
    s->last_ns = t_ns;
    s->pictures++;
    error = avcodec_send_frame(s->encoder, s->frame);
    cf_status status = error < 0 ? failed(s, "encode", error) : drain(s);
    s->is_broken |= status != CF_OK;
    return status;
}

static cf_status finish(video *s) {
    int error = avcodec_send_frame(s->encoder, NULL);
    if (error < 0)
        return failed(s, "encode", error);
    CF_TRY(drain(s));
    error = av_write_trailer(s->format);
    s->has_header = 0;
    if (error >= 0)
        error = avio_closep(&s->format->pb);
    if (error < 0)
        return failed(s, "write", error);
    return cf_file_commit(&s->file);
}

static cf_status close_sink(void *state, int keep) {
    video *s = state;
    cf_status status = keep && !s->is_broken ? finish(s) : CF_OK;
    if (s->copy_from)
        cf_video_in_take_audio(s->copy_from, NULL, NULL);
    if (s->format && s->has_header)
        (void)av_write_trailer(s->format); /* frees what the container holds */
    if (s->format)
        avio_closep(&s->format->pb);
    cf_file_discard(&s->file);
    avcodec_free_context(&s->encoder);
    avformat_free_context(s->format);
    av_frame_free(&s->frame);
    av_packet_free(&s->packet);
    cf_free(s->scratch);
    cf_free(s->copies);
    cf_free(s);
    return status;
}

static cf_status open_all(video *s, const char *target, const cf_sink_params *params) {
    const codec_choice *choice;
    const AVCodec *codec;
    CF_TRY(choose_codec(target, params->codec, params->depth == 16, &choice, &codec));
    s->ticks = codec->id == AV_CODEC_ID_MPEG4 ? MPEG4_TICKS : TICKS;
    s->step = (int64_t)(s->ticks / params->fps + 0.5);
    s->step = s->step > 0 ? s->step : 1;
    CF_TRY(cf_file_create(s->path, &s->file));
    CF_TRY(open_file(s, params, choice, codec));
    return make_frame(s, params);
}

static cf_status open_sink(const char *target, const cf_sink_params *params, void **state) {
    video *s = cf_alloc(1, sizeof *s);
    size_t length = name_length(target);
    if (!s)
        return CF_ERR_MEMORY;
    av_log_set_level(AV_LOG_QUIET); /* what goes wrong is in the status */
    s->copy_from = params->copy_from;
    cf_status status = length < sizeof s->path
                           ? CF_OK
                           : cf_fail(CF_ERR_INVALID, "%s: the name is too long", target);
    if (status == CF_OK) {
        memcpy(s->path, target, length);
        status = open_all(s, target, params);
    }
    if (status != CF_OK) {
        (void)close_sink(s, 0);
        return status;
    }
    *state = s;
    return CF_OK;
}

const cf_sink_backend cf_sink_backend_video = {
    .summary = "FILE.mkv, .mp4, .mov, .avi (h264; ?codec=mpeg4 or ?codec=ffv1 behind the name)",
    .keeps_all = 1,
    .is_deep = 1,
    .takes = takes,
    .open = open_sink,
    .write = write_picture,
    .close = close_sink,
};
