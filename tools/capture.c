/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse capture`: records pairs of raw frames. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/capture_report.h"
#include "tools/command.h"
#include "tools/pair_options.h"
#include "tools/pair_watch.h"

#define POLL_MS 100 /* how soon Ctrl-C is seen */
#define OTHER_FRAMES                                                                               \
    16 /* that a camera, the pairing and the stream may hold beside the recorder's */

static const cf_cli_option options[] = {
    CF_PAIR_CLI_OPTIONS,
    {"output", 'o', "FOLDER", "gets mono/, color/ and frames.jsonl; must be new or empty"},
    {"resume", 0, NULL, "go on with the recording that is in the folder"},
    {"pairs", 'n', "N", "record so many pairs (default: until Ctrl-C)"},
    {"seconds", 't', "S", "record for so long from the first pair on"},
    {"wait", 0, "S", "how long a camera may be gone before the recording ends (default 30)"},
    {"buffer", 0, "N",
     "pairs that may wait for the disk, 1 to 64 (default 32, a second: disks pause)"},
    {"keep-free", 0, "MB", "end before the disk has less left (default 256)"},
    {"json", 0, NULL, "print the summary as JSON"},
    {0},
};

typedef struct {
    cf_pair_options cameras;
    cf_recorder_params recorder;
    long pairs;
    double seconds, wait;
    int json;
} job;

static cf_status take_keep_free(job *j, const char *value) {
    double megabytes;
    CF_TRY(cf_cli_float("keep-free", value, 0, 1e9, &megabytes));
    j->recorder.keep_free = (uint64_t)(megabytes * 1e6);
    return CF_OK;
}

static cf_status take_buffer(job *j, const char *value) {
    long pairs;
    CF_TRY(cf_cli_int("buffer", value, 1, 64, &pairs));
    j->recorder.room = (int)pairs;
    return CF_OK;
}

static cf_status take(void *target, const char *name, const char *value) {
    job *j = target;
    if (!name)
        return cf_fail(CF_ERR_INVALID, "capture: '%s': cameras are given with --mono and --color",
                       value);
    cf_status status = cf_pair_option_take(&j->cameras, name, value);
    if (status != CF_ERR_UNSUPPORTED)
        return status;
    if (!strcmp(name, "pairs"))
        return cf_cli_int(name, value, 1, 1000000000, &j->pairs);
    if (!strcmp(name, "seconds"))
        return cf_cli_float(name, value, 0.01, 1e8, &j->seconds);
    if (!strcmp(name, "wait"))
        return cf_cli_float(name, value, 0, 1e8, &j->wait);
    if (!strcmp(name, "keep-free"))
        return take_keep_free(j, value);
    if (!strcmp(name, "buffer"))
        return take_buffer(j, value);
    if (!strcmp(name, "output"))
        j->recorder.folder = value;
    j->recorder.resume |= !strcmp(name, "resume");
    j->json |= !strcmp(name, "json");
    return CF_OK;
}

static const cf_cli cli = {
    .command = "capture",
    .usage = "--mono URI --color URI -o FOLDER [--pairs N | --seconds S] [OPTIONS]",
    .about =
        "Records pairs of raw frames of two cameras: FOLDER/mono/000000.dng, "
        "FOLDER/color/000000.dng and\n"
        "so on, and FOLDER/frames.jsonl, which says when and how each frame was taken. 'fuse' and "
        "'live'\n"
        "read such a folder. Ctrl-C ends a recording in order. What could not be kept is counted, "
        "shown once\n"
        "a second and in the summary: frames lost by a camera, frames without a partner, pairs "
        "dropped because\n"
        "the disk was too slow. A full disk ends the recording (status 1); what is there stays "
        "readable.\n",
    .examples =
        "  chromafuse capture --mono sim:mono --color sim:color --pairs 100 -o rec\n"
        "  chromafuse capture --mono v4l2:/dev/video0 --color v4l2:/dev/video2 --rig rig.yaml \\\n"
        "      --fps 30 --auto-exposure --flicker 50 -o rec\n"
        "  chromafuse fuse --rig rig.yaml --mono rec -o fused\n",
    .options = options,
    .take = take,
};

/* A recording in progress. */
typedef struct {
    job *job;
    cf_pair_stream *stream;
    cf_recorder *recorder;
    cf_pair_watch watch;
    cf_capture_facts facts, told;
    double first_s, told_s; /* clock; first_s 0: no pair yet */
    uint64_t taken;         /* pairs that the recorder took */
    int waits;              /* 1: cameras wait for the disk (files do) */
} run;

static void look(run *r) {
    cf_pair_stream_statistics(r->stream, &r->facts.cameras);
    r->facts.disk = cf_recorder_statistics(r->recorder);
    r->facts.seconds = r->first_s > 0 ? cf_clock_seconds() - r->first_s : 0;
}

static cf_status look_each_second(run *r) {
    double now = cf_clock_seconds();
    if (now - r->told_s < 1)
        return CF_OK;
    look(r);
    cf_status status = cf_pair_watch_update(&r->watch, &r->facts.cameras, now);
    cf_capture_progress(&r->facts, &r->told);
    r->told = r->facts;
    r->told_s = now;
    return status;
}

static cf_status take_pair(run *r, cf_frame *pair[2]) {
    cf_status status = cf_pair_options_apply_rig(&r->job->cameras, pair);
    if (status != CF_OK) {
        cf_frame_unref(&pair[0]);
        cf_frame_unref(&pair[1]);
        return status;
    }
    cf_pair_watch_exposure(&r->watch, pair);
    if (!r->taken)
        r->first_s = cf_clock_seconds();
    status = cf_recorder_push(r->recorder, pair, r->waits);
    r->taken += status == CF_OK;
    return status == CF_ERR_TIMEOUT ? CF_OK : status; /* dropped, and counted */
}

/* Why to stop, NULL: go on. */
static const char *reason_to_stop(const run *r) {
    const job *j = r->job;
    if (cf_cli_interrupted())
        return "interrupt";
    if (j->pairs && r->taken >= (uint64_t)j->pairs)
        return "pairs";
    if (j->seconds > 0 && r->taken && cf_clock_seconds() - r->first_s >= j->seconds)
        return "seconds";
    return NULL;
}

static cf_status record(run *r) {
    cf_frame *pair[2];
    r->told_s = cf_clock_seconds();
    CF_TRY(cf_pair_stream_start(r->stream));
    while (!(r->facts.ended = reason_to_stop(r))) {
        cf_status status = cf_pair_stream_next(r->stream, POLL_MS, pair);
        r->facts.ended = status == CF_ERR_END ? "end" : "camera";
        if (status == CF_ERR_END)
            return CF_OK;
        if (status == CF_OK) {
            r->facts.ended = "disk";
            status = take_pair(r, pair);
        }
        if (status != CF_OK && status != CF_ERR_TIMEOUT)
            return status;
        r->facts.ended = "camera";
        CF_TRY(look_each_second(r));
    }
    return CF_OK;
}

static cf_status open_all(job *j, run *r) {
    cf_pair_stream_params *s = &j->cameras.stream;
    CF_TRY(cf_pair_options_load(&j->cameras, 1));
    s->reconnect = 1;
    for (int i = 0; i < 2; i++)
        s->source[i].frames = j->recorder.room + OTHER_FRAMES;
    CF_TRY(cf_pair_stream_open(s, &r->stream));
    r->waits = !cf_pair_stream_camera(r->stream, 0)->is_live &&
               !cf_pair_stream_camera(r->stream, 1)->is_live;
    r->watch = (cf_pair_watch){.command = "capture", .wait_s = j->wait};
    r->facts.folder = j->recorder.folder;
    r->facts.stream = r->stream;
    return cf_recorder_open(&j->recorder, &r->recorder);
}

static cf_status finish(run *r, cf_status status) {
    look(r);
    cf_status written = cf_recorder_close(&r->recorder, &r->facts.disk);
    if (status == CF_OK && written != CF_OK)
        r->facts.ended = "disk";
    cf_capture_progress_end();
    if (r->job->json)
        cf_capture_print_json(&r->facts);
    else
        cf_capture_print(&r->facts);
    if (status == CF_OK)
        status = written;
    if (status == CF_OK && !r->facts.disk.written)
        status = cf_fail(CF_ERR_DEVICE, "capture: there was no pair to record");
    return status;
}

static cf_status work(job *j) {
    run r = {.job = j};
    cf_cli_end_gently();
    cf_status status = open_all(j, &r);
    if (status == CF_OK)
        status = finish(&r, record(&r));
    cf_pair_stream_close(&r.stream);
    return status;
}

int cf_command_capture(int argc, char **argv) {
    job j = {.cameras = CF_PAIR_OPTIONS_DEFAULTS, .recorder = CF_RECORDER_DEFAULTS, .wait = 30};
    cf_status status = cf_cli_parse(&cli, argc, argv, &j);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    status = cf_pair_options_check(&j.cameras, "capture");
    if (status == CF_OK && !j.recorder.folder)
        status = cf_fail(CF_ERR_INVALID, "capture: --output is missing: which folder to record to");
    if (status != CF_OK) {
        fprintf(stderr, "Try 'chromafuse capture --help'.\n");
        return CF_EXIT_USAGE;
    }
    status = work(&j);
    cf_pair_options_clear(&j.cameras);
    return cf_cli_exit(status);
}
