/* SPDX-License-Identifier: Apache-2.0 */
/* Many photographs: some threads read, this one has the device, some write. Then the videos among
 * them, one after the other. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "capture/picture_out.h"
#include "cl/profile.h"
#include "tools/colorize_job.h"
#include "tools/colorize_photo.h"
#include "tools/colorize_video.h"
#include "tools/command.h"
#include "tools/hints_file.h"
#include "tools/output_folder.h"

#define MAX_THREADS 4
#define ROOM 2                    /* photographs that wait for the device, or to be written */
#define PLANS 4                   /* sizes that are kept planned */
#define PLANNED_PIXELS (48 << 20) /* of all of them together */
#define MODEL_PIXELS (16 << 20)   /* that the weights of a published colorizer count as */

/* A photograph on its way. */
typedef struct {
    size_t index;
    cf_photo photo;
    cf_image result, provenance, error;
} work;

typedef struct {
    int width, height;
    unsigned long used; /* when last */
    cf_colorize *colorize;
} plan;

typedef struct {
    cf_cl *cl;
    const cf_hint_point *points;
    size_t point_count;
    cf_colorize_facts *facts;
    cf_queue *read, *finished;
    atomic_size_t next; /* item to be read */
    atomic_int readers, stop;
    atomic_size_t done;
    _Atomic(cf_status) failure; /* the first */
    plan plans[PLANS];
    unsigned long clock;
} session;

static void note_failure(session *s, size_t index, cf_status status) {
    cf_status none = CF_OK;
    atomic_compare_exchange_strong(&s->failure, &none, status);
    s->facts->facts[index].end = CF_COLORIZE_FAILED;
    atomic_fetch_add(&s->done, 1);
}

static void free_work(work *w) {
    cf_photo_free(&w->photo);
    cf_image_free(&w->result);
    cf_image_free(&w->provenance);
    cf_image_free(&w->error);
    cf_free(w);
}

/* A result that is there and not older than its picture was made by an earlier run: files appear
 * whole. */
static int is_done(const session *s, const cf_colorize_item *item) {
    struct stat in, out;
    return s->facts->list->is_folder && !s->facts->options->again && !stat(item->out, &out) &&
           !stat(item->in, &in) && S_ISREG(out.st_mode) && out.st_mtime >= in.st_mtime;
}

static cf_status read_one(session *s, size_t index, work **out) {
    const cf_colorize_item *item = &s->facts->list->items[index];
    cf_colorize_fact *fact = &s->facts->facts[index];
    double start = cf_clock_seconds();
    work *w = cf_alloc(1, sizeof *w);
    if (!w)
        return CF_ERR_MEMORY;
    w->index = index;
    cf_status status = cf_photo_read(item->in, s->facts->options->force, &w->photo);
    if (status != CF_OK) {
        free_work(w);
        return status;
    }
    fact->read_ms = 1e3 * (cf_clock_seconds() - start);
    fact->width = w->photo.gray.width;
    fact->height = w->photo.gray.height;
    fact->chroma = w->photo.toning.chroma;
    fact->residual = w->photo.toning.residual;
    *out = w;
    return CF_OK;
}

static void *reader(void *argument) {
    session *s = argument;
    size_t index;
    while (!s->stop && (index = atomic_fetch_add(&s->next, 1)) < s->facts->list->count) {
        work *w = NULL;
        if (s->facts->list->items[index].is_video)
            continue;
        if (is_done(s, &s->facts->list->items[index])) {
            atomic_fetch_add(&s->done, 1);
            continue;
        }
        cf_status status = read_one(s, index, &w);
        if (status != CF_OK)
            note_failure(s, index, status);
        else if (cf_queue_push(s->read, w, -1) != CF_OK)
            free_work(w);
    }
    if (atomic_fetch_sub(&s->readers, 1) == 1)
        cf_queue_close(s->read); /* the last one */
    return NULL;
}

/* The files of one picture, until all are whole. */
typedef struct {
    cf_file_out *file[3];
    int count;
} bundle;

static cf_status add_side(bundle *b, const char *path, const cf_image *image, int depth) {
    const cf_picture_out_params params = {.depth = depth, .colors = CF_COLORS_DATA};
    if (!path)
        return CF_OK;
    CF_TRY(cf_picture_prepare(path, image, &params, &b->file[b->count]));
    b->count++;
    return CF_OK;
}

static cf_status write_files(const session *s, const work *w, bundle *b) {
    const cf_colorize_options *o = s->facts->options;
    const char *out = s->facts->list->items[w->index].out;
    if (s->facts->list->is_folder)
        cf_output_make_parents(out);
    CF_TRY(add_side(b, o->provenance, &w->provenance, 8));
    CF_TRY(add_side(b, o->error_map, &w->error, 32));
    if (!strcmp(out, "-"))
        CF_TRY(cf_photo_write_pipe(&w->result, &w->photo, o));
    else {
        CF_TRY(cf_photo_prepare(out, &w->result, &w->photo, o, &b->file[b->count]));
        b->count++;
    }
    for (int i = 0; i < b->count; i++)
        CF_TRY(cf_file_commit(&b->file[i]));
    return CF_OK;
}

static cf_status write_one(session *s, work *w) {
    cf_colorize_fact *fact = &s->facts->facts[w->index];
    double start = cf_clock_seconds();
    bundle b = {.count = 0};
    cf_status status = write_files(s, w, &b);
    for (int i = 0; i < b.count; i++)
        cf_file_discard(&b.file[i]); /* none is left unless it failed */
    if (status != CF_OK)
        return status;
    fact->write_ms = 1e3 * (cf_clock_seconds() - start);
    fact->end = CF_COLORIZE_DONE;
    if (!s->facts->list->is_folder) {
        s->facts->provenance = w->provenance;
        w->provenance = (cf_image){0};
    }
    return CF_OK;
}

static void *writer(void *argument) {
    session *s = argument;
    void *item;
    while (cf_queue_pop(s->finished, -1, &item) == CF_OK) {
        work *w = item;
        size_t index = w->index;
        cf_status status = write_one(s, w);
        free_work(w);
        if (status != CF_OK)
            note_failure(s, index, status);
        else
            atomic_fetch_add(&s->done, 1);
    }
    return NULL;
}

/* What a plan holds in memory, as pixels of a picture. */
static size_t cost_of(const session *s, int width, int height) {
    return (size_t)width * (size_t)height + (s->facts->options->model ? MODEL_PIXELS : 0);
}

static plan *oldest(session *s, size_t *pixels) {
    plan *found = NULL;
    *pixels = 0;
    for (int i = 0; i < PLANS; i++) {
        plan *p = &s->plans[i];
        if (p->colorize)
            *pixels += cost_of(s, p->width, p->height);
        if (p->colorize && (!found || p->used < found->used))
            found = p;
    }
    return found;
}

/* An empty place among the plans, with enough memory left for a picture of that size. */
static plan *make_room(session *s, size_t pixels) {
    size_t held;
    for (plan *p = oldest(s, &held); p && held + pixels > PLANNED_PIXELS; p = oldest(s, &held))
        cf_colorize_destroy(&p->colorize);
    for (int i = 0; i < PLANS; i++)
        if (!s->plans[i].colorize)
            return &s->plans[i];
    plan *p = oldest(s, &held);
    cf_colorize_destroy(&p->colorize);
    return p;
}

static cf_status plan_for(session *s, int width, int height, cf_colorize **out) {
    const cf_colorize_options *o = s->facts->options;
    const int reports = o->report || o->json;
    for (int i = 0; i < PLANS; i++) {
        plan *p = &s->plans[i];
        if (p->colorize && p->width == width && p->height == height) {
            p->used = ++s->clock;
            *out = p->colorize;
            return CF_OK;
        }
    }
    cf_colorize_params params = CF_COLORIZE_DEFAULTS;
    params.depth = (int)o->depth;
    params.grid = (int)o->grid;
    params.transfer = o->transfer;
    params.vivid = o->mean ? 0.5F : 1;
    params.has_points = s->point_count > 0;
    params.model = o->model;
    params.settings = o->settings;
    params.setting_count = o->setting_count;
    if (!s->facts->list->is_folder)
        params.outputs = (unsigned)(o->provenance || reports) << CF_COLORIZE_PROVENANCE |
                         (unsigned)(o->error_map != NULL) << CF_COLORIZE_ERROR;
    plan *p = make_room(s, cost_of(s, width, height));
    CF_TRY(cf_colorize_create(s->cl, width, height, &params, &p->colorize));
    p->width = width;
    p->height = height;
    p->used = ++s->clock;
    *out = p->colorize;
    return CF_OK;
}

static cf_status fetch_side(session *s, cf_colorize *c, work *w) {
    const cf_colorize_options *o = s->facts->options;
    if (s->facts->list->is_folder)
        return CF_OK;
    if (o->provenance || o->report || o->json)
        CF_TRY(cf_colorize_fetch(c, CF_COLORIZE_PROVENANCE, &w->provenance));
    return o->error_map ? cf_colorize_fetch(c, CF_COLORIZE_ERROR, &w->error) : CF_OK;
}

static cf_status color_one(session *s, work *w) {
    cf_colorize *c;
    const cf_image *gray = &w->photo.gray;
    double start = cf_clock_seconds();
    CF_TRY(cf_hints_inside(s->facts->options->hints, s->points, s->point_count, gray->width,
                           gray->height));
    CF_TRY(plan_for(s, gray->width, gray->height, &c));
    CF_TRY(cf_colorize_run(c, gray, s->points, s->point_count));
    CF_TRY(cf_colorize_fetch(c, CF_COLORIZE_PICTURE, &w->result));
    CF_TRY(fetch_side(s, c, w));
    cf_image_free(&w->photo.gray);
    if (s->facts->options->report || s->facts->options->json)
        CF_TRY(cf_profile_collect(s->cl)); /* of a folder there would be too many */
    s->facts->facts[w->index].color_ms = 1e3 * (cf_clock_seconds() - start);
    return CF_OK;
}

static void color_all(session *s) {
    void *item;
    cf_status status;
    while ((status = cf_queue_pop(s->read, 200, &item)) != CF_ERR_END) {
        s->stop |= cf_cli_interrupted();
        cf_cli_progress("colorize", atomic_load(&s->done), s->facts->list->count);
        if (status != CF_OK)
            continue;
        work *w = item;
        if (s->stop) {
            free_work(w);
            continue;
        }
        status = color_one(s, w);
        if (status == CF_OK) {
            cf_queue_push(s->finished, w, -1);
            continue;
        }
        note_failure(s, w->index, status);
        free_work(w);
        /* what fails there once will fail for every picture */
        s->stop |=
            status == CF_ERR_DEVICE || (s->facts->options->model && status == CF_ERR_UNSUPPORTED);
    }
}

static int thread_count(const cf_colorize_list *list) {
    long most = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    most = most < 1 ? 1 : most > MAX_THREADS ? MAX_THREADS : most;
    return list->count < (size_t)most ? (int)list->count : (int)most;
}

/* Starts up to `count` threads; how many run. */
static int start(pthread_t *threads, int count, void *(*run)(void *), session *s) {
    int started = 0;
    while (started < count && !pthread_create(&threads[started], NULL, run, s))
        started++;
    return started;
}

static cf_status work_off(session *s) {
    pthread_t readers[MAX_THREADS], writers[MAX_THREADS];
    int count = thread_count(s->facts->list);
    s->readers = count;
    int write_count = start(writers, count, writer, s);
    int read_count = start(readers, count, reader, s);
    /* those that did not start */
    if (read_count < count &&
        atomic_fetch_sub(&s->readers, count - read_count) == count - read_count)
        cf_queue_close(s->read);
    if (!write_count || !read_count)
        s->stop = 1;
    color_all(s);
    for (int i = 0; i < read_count; i++)
        pthread_join(readers[i], NULL);
    cf_queue_close(s->finished);
    for (int i = 0; i < write_count; i++)
        pthread_join(writers[i], NULL);
    if (!write_count || !read_count)
        return cf_fail(CF_ERR_MEMORY, "colorize: threads cannot be started");
    cf_cli_progress("colorize", s->facts->list->count, s->facts->list->count);
    return CF_OK;
}

/* A pipe that nobody writes to would hold up all the others. */
static cf_status check_regular(const char *path) {
    struct stat info;
    if (stat(path, &info))
        return cf_fail(CF_ERR_IO, "%s: %s", path, strerror(errno));
    return S_ISREG(info.st_mode) ? CF_OK : cf_fail(CF_ERR_IO, "%s: not a regular file", path);
}

static void color_video(session *s, size_t index) {
    const cf_colorize_item *item = &s->facts->list->items[index];
    cf_colorize_fact *fact = &s->facts->facts[index];
    cf_colorize_video_facts video = {
        .options = s->facts->options, .in = item->in, .out = item->out};
    if (is_done(s, item))
        return;
    cf_status status = check_regular(item->in);
    if (status == CF_OK) {
        cf_output_make_parents(item->out);
        status = cf_colorize_run_video(s->cl, 0, &video);
    }
    if (status == CF_ERR_CANCELLED) {
        s->stop = 1;
        return;
    }
    fact->width = video.width;
    fact->height = video.height;
    fact->frames = video.frames;
    fact->chroma = video.chroma;
    fact->residual = video.residual;
    fact->color_ms = 1e3 * video.seconds;
    if (status == CF_OK)
        fact->end = CF_COLORIZE_DONE;
    else
        note_failure(s, index, status);
    s->stop |= status == CF_ERR_DEVICE;
}

static void color_videos(session *s) {
    for (size_t i = 0; i < s->facts->list->count && !s->stop; i++)
        if (s->facts->list->items[i].is_video)
            color_video(s, i);
}

cf_status cf_colorize_run_all(cf_cl *cl, const cf_hint_point *points, size_t point_count,
                              cf_colorize_facts *facts) {
    session s = {.cl = cl, .points = points, .point_count = point_count, .facts = facts};
    double start_time = cf_clock_seconds();
    facts->facts = cf_alloc(facts->list->count, sizeof *facts->facts);
    if (!facts->facts)
        return CF_ERR_MEMORY;
    cf_cli_progress("colorize", 0, facts->list->count);
    cf_status status = cf_queue_create(ROOM, &s.read);
    if (status == CF_OK)
        status = cf_queue_create(ROOM, &s.finished);
    if (status == CF_OK)
        status = work_off(&s);
    for (int i = 0; i < PLANS; i++)
        cf_colorize_destroy(&s.plans[i].colorize);
    if (status == CF_OK) {
        color_videos(&s);
        status = s.stop && cf_cli_interrupted() ? CF_ERR_CANCELLED : s.failure;
    }
    cf_queue_destroy(&s.read);
    cf_queue_destroy(&s.finished);
    facts->seconds = cf_clock_seconds() - start_time;
    return status;
}
