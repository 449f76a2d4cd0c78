/* SPDX-License-Identifier: Apache-2.0 */
/* One run of `live`: everything is opened, made and closed here. */
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/live_job.h"

#define WAIT_MS 100
#define FIRST_PAIR_S 10.0 /* cameras that give no pair in that time never will */
#define SETTLE_S 3.0      /* what auto-exposure gets before geometry and noise are looked at */

static cf_status no_pair(cf_pair_stream *stream) {
    cf_pair_stream_stats s;
    cf_pair_stream_statistics(stream, &s);
    const char *const uri[2] = {cf_pair_stream_camera(stream, 0)->uri,
                                cf_pair_stream_camera(stream, 1)->uri};
    for (int i = 0; i < 2; i++)
        if (!s.camera[i].frames)
            return cf_fail(CF_ERR_DEVICE, "%s gave no frame in %.0f s", uri[i], FIRST_PAIR_S);
    return cf_fail(CF_ERR_DEVICE,
                   "%s gave %llu frames and %s %llu in %.0f s, but no two were taken close enough "
                   "together: cameras of one frame rate are needed; --limit-us and --offset-us say "
                   "what close is",
                   uri[0], (unsigned long long)s.camera[0].frames, uri[1],
                   (unsigned long long)s.camera[1].frames, FIRST_PAIR_S);
}

static int is_settled(const cf_live_options *o, cf_pair_stream *stream, double waited) {
    cf_pair_stream_stats s;
    if (!o->pair.stream.auto_exposure || waited > SETTLE_S)
        return 1;
    cf_pair_stream_statistics(stream, &s);
    return s.exposure.is_settled || s.exposure.is_limited;
}

/* The pair that geometry and noise are worked out from. */
static cf_status first_pair(const cf_live_options *o, cf_pair_stream *stream, cf_frame *pair[2]) {
    double start = cf_clock_seconds();
    for (;;) {
        double waited = cf_clock_seconds() - start;
        cf_status status = cf_pair_stream_next(stream, WAIT_MS, pair);
        if (status == CF_OK && is_settled(o, stream, waited))
            return CF_OK;
        cf_frame_unref(&pair[0]);
        cf_frame_unref(&pair[1]);
        if (status == CF_ERR_END)
            return cf_fail(CF_ERR_FORMAT, "%s: there is no pair in it",
                           cf_pair_stream_camera(stream, 0)->uri);
        if (status != CF_OK && status != CF_ERR_TIMEOUT)
            return status;
        if (status == CF_ERR_TIMEOUT && waited > FIRST_PAIR_S)
            return no_pair(stream);
    }
}

static cf_status make_fuse(cf_live *live, cf_frame *const pair[2]) {
    const cf_live_options *o = live->options;
    const cf_fuse_rig rig = {.mono = &live->cameras->now[0],
                             .color = &live->cameras->now[1],
                             .geometry = &live->cameras->geometry,
                             .mono_format = pair[0]->layout,
                             .color_format = pair[1]->layout};
    const cf_fuse_params params = {.depth = 8,
                                   .tone_auto = o->tone_auto,
                                   .outputs = 1U << o->view | 1U << CF_FUSE_PROVENANCE,
                                   .is_sequence = o->temporal != CF_TEMPORAL_OFF,
                                   .settings = o->settings,
                                   .setting_count = o->setting_count,
                                   .transfer = o->transfer,
                                   .model = o->model};
    return cf_fuse_create(live->cl, &rig, &params, &live->fuse);
}

static cf_status open_sink(cf_live *live) {
    cf_image shape;
    double fps = cf_pair_stream_camera(live->stream, 0)->fps;
    CF_TRY(cf_fuse_describe(live->fuse, live->options->view, &shape));
    const cf_sink_params params = {.width = shape.width,
                                   .height = shape.height,
                                   .fps = fps > 0 ? fps : 30,
                                   .title = "chromafuse live",
                                   .is_stopped = cf_cli_interrupted};
    return cf_sink_open(live->options->output, &params, &live->sink);
}

/*
 * The first frame compiles what no cache has yet; that is not to count as a frame's time. What
 * cameras saw meanwhile is too old to be shown, a recording's first pair is wanted.
 */
static cf_status warm_up(cf_live *live, cf_frame *pair[2]) {
    CF_TRY(cf_fuse_run(live->fuse, &pair[0]->image, &pair[1]->image));
    CF_TRY(cf_cl_finish(live->cl));
    if (cf_pair_stream_camera(live->stream, 0)->is_live)
        for (int i = 0; i < 2; i++)
            cf_frame_unref(&pair[i]);
    return CF_OK;
}

/* What goes wrong with the sink or the stream ends the run; the person who says stop does not make
 * it a failure. */
static cf_status fuse_all(cf_live *live, cf_frame *pair[2]) {
    CF_TRY(cf_live_cameras_open(&live->options->pair, pair, live->cameras));
    CF_TRY(make_fuse(live, pair));
    CF_TRY(open_sink(live));
    CF_TRY(warm_up(live, pair));
    cf_cli_end_gently(); /* before, there is nothing to keep */
    cf_status status = cf_live_loop(live, pair);
    if (status == CF_ERR_CANCELLED)
        status = live->stats.shown > 0
                     ? CF_OK
                     : cf_fail(CF_ERR_CANCELLED, "live: stopped before the first picture");
    cf_status closed = cf_sink_close(&live->sink, live->stats.shown > 0);
    if (live->stats.every > 0)
        cf_live_stats_print(&live->stats, live->stream, live->cl, 1);
    return status == CF_OK ? closed : status;
}

static cf_status work(cf_live *live) {
    cf_frame *pair[2] = {NULL, NULL};
    const cf_cl_params device = {.device = cf_cli_device};
    CF_TRY(cf_pair_stream_open(&live->options->pair.stream, &live->stream));
    CF_TRY(cf_cl_open(&device, &live->cl));
    CF_TRY(cf_pair_stream_start(live->stream));
    cf_status status = first_pair(live->options, live->stream, pair);
    if (status == CF_OK)
        status = fuse_all(live, pair);
    cf_frame_unref(&pair[0]);
    cf_frame_unref(&pair[1]);
    return status;
}

cf_status cf_live_run(cf_live_options *options) {
    cf_live_cameras cameras = {0};
    int is_pipe = options->output[0] == '-' && !options->output[1];
    cf_live live = {.options = options,
                    .cameras = &cameras,
                    .stats = {.to = options->json && !is_pipe ? stdout : stderr,
                              .json = options->json,
                              .every = options->stats_every},
                    .watch = {.command = "live", .wait_s = options->wait}};
    options->pair.stream.reconnect = 1;
    cf_status status = work(&live);
    cf_fuse_destroy(&live.fuse);
    cf_pair_stream_close(&live.stream);
    cf_live_cameras_close(&cameras);
    cf_cl_close(&live.cl);
    return status;
}
