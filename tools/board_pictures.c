/* SPDX-License-Identifier: Apache-2.0 */
/* Reads pictures on all processors and finds the board in them. */
#include "tools/board_pictures.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/board_bridge.h"
#include "tools/command.h"
#include "tools/gray_input.h"

#define MAX_THREADS 16
#define MAX_SIDE 16000 /* pixels: what OpenCV's finder takes, as it looks at enlarged pictures */

static const char *const cameras[] = {"mono", "colour"};

/* One picture to be looked at, and what was seen. */
typedef struct {
    cf_board_picture *picture;
    int width, height;
    int is_color; /* what kind of sensor's raw it is; -1 unknown */
    double *xy;   /* owned; NULL: no board */
    cf_status status;
} task;

typedef struct {
    task *tasks;
    int count;
    const cf_board *board;
    atomic_int next, done, stop;
} work;

static void find_in(const cf_board *board, task *t) {
    cf_image gray = {0}, bytes = {0};
    int found = 0;
    t->status = cf_gray_input_read_of(t->picture->path, &gray, &t->is_color);
    if (t->status == CF_ERR_UNSUPPORTED)
        t->status = CF_ERR_FORMAT; /* this picture cannot be used; others can */
    if (t->status == CF_OK && (gray.width > MAX_SIDE || gray.height > MAX_SIDE))
        t->status = cf_fail(CF_ERR_INVALID, "%s: %dx%d pixels are too many to look for a board in",
                            t->picture->path, gray.width, gray.height);
    if (t->status == CF_OK) {
        t->width = gray.width;
        t->height = gray.height;
        t->status = cf_gray_input_8bit(&gray, &bytes);
    }
    cf_image_free(&gray);
    if (t->status == CF_OK) {
        t->xy = cf_alloc((size_t)board->columns * (size_t)board->rows, 2 * sizeof *t->xy);
        t->status = t->xy ? cf_board_find(&bytes, board->columns, board->rows, t->xy, &found)
                          : CF_ERR_MEMORY;
    }
    cf_image_free(&bytes);
    if (t->status == CF_OK && found)
        return;
    cf_free(t->xy);
    t->xy = NULL;
}

static void *worker(void *user) {
    work *w = user;
    for (int i; !w->stop && (i = atomic_fetch_add(&w->next, 1)) < w->count;) {
        find_in(w->board, &w->tasks[i]);
        atomic_fetch_add(&w->done, 1);
    }
    return NULL;
}

/* Runs the tasks on all processors; this thread shows how far they are. */
static cf_status run(work *w) {
    pthread_t threads[MAX_THREADS];
    long wanted = sysconf(_SC_NPROCESSORS_ONLN);
    int count = 0;
    while (count < MAX_THREADS && count < wanted && count < w->count &&
           !pthread_create(&threads[count], NULL, worker, w))
        count++;
    if (!count)
        worker(w);
    while (count && w->done < w->count && !w->stop) {
        const struct timespec moment = {0, 20000000};
        cf_cli_progress("looking for the board", (size_t)w->done, (size_t)w->count);
        nanosleep(&moment, NULL);
        if (cf_cli_interrupted())
            w->stop = 1;
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    cf_cli_progress("looking for the board", (size_t)w->count, (size_t)w->count);
    return w->stop ? CF_ERR_CANCELLED : CF_OK;
}

/* The size that most of a camera's readable pictures have. */
static void usual_size(const task *tasks, int count, int size[2]) {
    int best = 0;
    for (int i = 0; i < count; i++) {
        int same = 0;
        for (int k = 0; k < count; k++)
            same += tasks[i].width && tasks[k].width == tasks[i].width &&
                    tasks[k].height == tasks[i].height;
        if (same > best) {
            best = same;
            size[0] = tasks[i].width;
            size[1] = tasks[i].height;
        }
    }
}

/* Why a picture is not used; warned of once. */
static void note(const cf_board_set *set, int camera, task *t) {
    cf_board_picture *p = t->picture;
    const int *size = set->size[camera];
    if (t->status != CF_OK)
        snprintf(p->note, sizeof p->note, "cannot be read");
    else if (t->width != size[0] || t->height != size[1])
        snprintf(p->note, sizeof p->note, "is %dx%d, most %s pictures are %dx%d", t->width,
                 t->height, cameras[camera], size[0], size[1]);
    else if (!t->xy)
        snprintf(p->note, sizeof p->note, "no board of %dx%d inner corners was found",
                 set->board.columns, set->board.rows);
    else
        return;
    cf_log(CF_LOG_WARNING, "%s: %s; left out", p->path, p->note);
}

/* Takes what was found over into the set. */
static cf_status collect(cf_board_pictures *out, task *const tasks[2], const int counts[2]) {
    for (int c = 0; c < 2; c++) {
        usual_size(tasks[c], counts[c], out->set.size[c]);
        for (int i = 0; i < counts[c]; i++) {
            task *t = &tasks[c][i];
            if (t->is_color >= 0 && t->is_color != c)
                return cf_fail(CF_ERR_INVALID,
                               "%s: a raw picture of a %s camera, given as --%s; exchange them?",
                               t->picture->path, cameras[t->is_color], c ? "color" : "mono");
            note(&out->set, c, t);
            if (t->status == CF_ERR_UNSUPPORTED || t->status == CF_ERR_MEMORY)
                return t->status;
            if (t->picture->note[0])
                continue;
            t->picture->found = 1;
            CF_TRY(cf_board_set_add(&out->set, (int)(t->picture - out->pictures[c]), c, t->xy));
        }
        if (!cf_board_seen(&out->set, c))
            return cf_fail(CF_ERR_INVALID,
                           "no board with %dx%d inner corners was found in any of the %d %s "
                           "pictures. Count the corners where four squares meet, not the squares; "
                           "the whole board with a white border must be in view",
                           out->set.board.columns, out->set.board.rows, counts[c], cameras[c]);
    }
    return CF_OK;
}

static cf_status look(cf_board_pictures *out) {
    task *tasks = cf_alloc((size_t)out->count * 2, sizeof *tasks);
    int n = 0, counts[2] = {0};
    if (!tasks)
        return CF_ERR_MEMORY;
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < out->count; i++)
            if (out->pictures[c][i].path) {
                tasks[n++].picture = &out->pictures[c][i];
                counts[c]++;
            }
    work w = {.tasks = tasks, .count = n, .board = &out->set.board};
    task *const each[2] = {tasks, tasks + counts[0]};
    cf_status status = run(&w);
    if (status == CF_OK)
        status = collect(out, each, counts);
    for (int i = 0; i < n; i++)
        cf_free(tasks[i].xy);
    cf_free(tasks);
    return status;
}

cf_status cf_board_pictures_find(const cf_input_list *mono, const cf_input_list *color,
                                 const cf_board *board, cf_board_pictures *out) {
    *out = (cf_board_pictures){0};
    CF_TRY(cf_input_lists_distinct(mono, color));
    size_t room = mono->count + color->count;
    int(*pairs)[2] = cf_alloc(room, sizeof *pairs);
    cf_status status = pairs ? CF_OK : CF_ERR_MEMORY;
    if (status == CF_OK)
        status = cf_pair_names((const char *const *)mono->paths, mono->count,
                               (const char *const *)color->paths, color->count, pairs, &out->count,
                               &out->by_number);
    if (status == CF_OK)
        status = cf_board_set_create(board, out->count, &out->set);
    for (int c = 0; c < 2 && status == CF_OK; c++) {
        const cf_input_list *list = c ? color : mono;
        out->pictures[c] = cf_alloc((size_t)out->count, sizeof *out->pictures[c]);
        status = out->pictures[c] ? CF_OK : CF_ERR_MEMORY;
        for (int i = 0; i < out->count && status == CF_OK; i++)
            out->pictures[c][i].path = pairs[i][c] >= 0 ? list->paths[pairs[i][c]] : NULL;
    }
    cf_free(pairs);
    if (status == CF_OK)
        status = look(out);
    if (status != CF_OK)
        cf_board_pictures_clear(out);
    return status;
}
