/* SPDX-License-Identifier: Apache-2.0 */
/* The program chromafuse-render-pairs: photos in, training samples out. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "tools/command.h"
#include "tools/train/render/dataset.h"

typedef struct {
    const char *photos, *out;
    long scenes, min_side;
    cf_train_dataset set;
} request;

static const cf_cli_option options[] = {
    {"photos", 'p', "FOLDER", "photos (PNG, JPEG), folders below it too; one in 20 is held out"},
    {"output", 'o', "FOLDER", "gets index.json and shard-NNNNN.bin with its .json"},
    {"scenes", 'n', "N", "scenes that the folder shall hold (default: 640)"},
    {"size", 0, "WxH", "of a scene, multiples of 32 (default: 320x256)"},
    {"levels", 0, "N", "samples of each scene, at different light, 1 .. 8 (default: 4)"},
    {"points", 0, "SHARE",
     "share of scenes that are one photo with colour points instead of a pair\n"
     "(default: 0.15)"},
    {"cut", 0, "SHARE",
     "share of the pairs that show one photo cut along its own edges instead of a\n"
     "collage of several (default: 0.6)"},
    {"min-side", 0, "PIXELS", "smaller photos are passed over (default: 200)"},
    {"shard", 0, "N", "scenes in a shard (default: 32)"},
    {"seed", 's', "N", "of everything (default: 1)"},
    {0},
};

static cf_status take(void *target, const char *name, const char *value) {
    request *r = target;
    long number = 0;
    if (!name)
        return cf_fail(CF_ERR_INVALID, "render-pairs: what is '%s'?", value);
    if (!strcmp(name, "photos"))
        r->photos = value;
    else if (!strcmp(name, "output"))
        r->out = value;
    else if (!strcmp(name, "size"))
        return cf_cli_size(name, value, &r->set.width, &r->set.height);
    else if (!strcmp(name, "points"))
        return cf_cli_float(name, value, 0, 1, &r->set.point_share);
    else if (!strcmp(name, "cut"))
        return cf_cli_float(name, value, 0, 1, &r->set.cut_share);
    else if (!strcmp(name, "scenes"))
        return cf_cli_int(name, value, 1, 10000000, &r->scenes);
    else if (!strcmp(name, "min-side"))
        return cf_cli_int(name, value, 16, 32768, &r->min_side);
    else if (!strcmp(name, "levels")) {
        CF_TRY(cf_cli_int(name, value, 1, CF_TRAIN_LEVELS_MAX, &number));
        r->set.levels = (int)number;
    } else if (!strcmp(name, "shard")) {
        CF_TRY(cf_cli_int(name, value, 1, 4096, &number));
        r->set.scenes_per_shard = (int)number;
    } else {
        CF_TRY(cf_cli_int(name, value, 0, 0x7fffffff, &number));
        r->set.seed = (uint64_t)number;
    }
    return CF_OK;
}

static const cf_cli cli = {
    .command = "render-pairs",
    .program = "chromafuse-render-pairs",
    .usage = "--photos FOLDER -o FOLDER",
    .about =
        "Renders layered scenes of photos in two views, takes them with a simulated rig at\n"
        "several light levels, runs the library's own chain up to the classical transfer, and\n"
        "writes what a network is trained on (tools/train/README.md). A second run continues:\n"
        "whole shards are kept. Scene i depends on photos, options and seed only.\n",
    .options = options,
    .examples = "  chromafuse-render-pairs --photos photos -o cache --scenes 3000\n",
    .take = take,
};

int cf_cli_interrupted(void) {
    return 0; /* Ctrl-C ends the program at once: on_signal */
}

static void on_signal(int number) {
    (void)number;
    cf_file_discard_all();
    _exit(CF_EXIT_FAILED);
}

static void print_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    fprintf(stderr, "chromafuse-render-pairs: %s%s\n", level == CF_LOG_ERROR ? "error: " : "",
            line);
}

typedef struct {
    size_t done, total, before; /* scenes; `before` were there */
    double start;
} clockwork;

static void count_scene(void *user) {
    clockwork *c = user;
    c->done++;
    cf_cli_progress("scenes", c->done - c->before, c->total - c->before);
}

static cf_status render(const request *r, const cf_photo_set *photos, cf_cl *cl) {
    size_t per_shard = (size_t)r->set.scenes_per_shard;
    int shards = (int)(((size_t)r->scenes + per_shard - 1) / per_shard);
    clockwork c = {.total = (size_t)shards * per_shard, .start = cf_clock_seconds()};
    for (int i = 0; i < shards; i++)
        c.before += cf_train_shard_exists(r->out, i) ? per_shard : 0;
    c.done = c.before;
    for (int i = 0; i < shards; i++) {
        if (cf_train_shard_exists(r->out, i))
            continue;
        CF_TRY(cf_train_shard_write(cl, &r->set, photos, r->out, i, count_scene, &c));
        double rate = (double)(c.done - c.before) / (cf_clock_seconds() - c.start);
        printf("shard %d of %d: %.2f samples a second, %.1f minutes left\n", i + 1, shards,
               rate * r->set.levels, (double)(c.total - c.done) / rate / 60);
        CF_TRY(cf_cli_flush());
    }
    printf("%s: %zu scenes, %zu samples, %.0f bytes a sample\n", r->out, c.total,
           c.total * (size_t)r->set.levels,
           (double)cf_record_bytes(r->set.width, r->set.height, r->set.levels) / r->set.levels);
    return CF_OK;
}

static cf_status work(const request *r) {
    const cf_cl_params device = {.device = cf_cli_device};
    cf_photo_set photos;
    cf_cl *cl;
    CF_TRY(cf_photo_set_open(r->photos, (int)r->min_side, &photos));
    cf_status status = cf_train_dataset_open(&r->set, &photos, r->out);
    if (status == CF_OK)
        status = cf_cl_open(&device, &cl);
    if (status == CF_OK) {
        status = render(r, &photos, cl);
        cf_cl_close(&cl);
    }
    cf_photo_set_free(&photos);
    return status;
}

int main(int argc, char **argv) {
    const struct sigaction action = {.sa_handler = on_signal};
    request r = {.scenes = 640, .min_side = 200, .set = CF_TRAIN_DATASET_DEFAULTS};
    cf_log_set(print_line, NULL, CF_LOG_WARNING);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    if (status == CF_ERR_CANCELLED)
        return CF_EXIT_OK;
    if (status == CF_OK && (!r.photos || !r.out)) {
        cf_log(CF_LOG_ERROR, "give --photos FOLDER and -o FOLDER, or see --help");
        status = CF_ERR_INVALID;
    }
    return status == CF_OK ? cf_cli_exit(work(&r)) : CF_EXIT_USAGE;
}
