/* SPDX-License-Identifier: Apache-2.0 */
/* Timing methods on the device, and the file that remembers the fastest. */
#include "cl/net/tune.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "cl/net/plan.h"

#define TITLE "chromafuse tuning 1\n" /* a new number when a method's meaning changes */
#define MAX_FILE ((size_t)4 << 20)
#define RUNS 20          /* at most, of each method */
#define ENOUGH_MS 150.0  /* no further run beyond this time in all */
#define TRIAL_BUFFERS 16 /* that one method's launches may name */

static unsigned long long checksum(const char *text, size_t size) {
    unsigned long long sum = 0xcbf29ce484222325ULL; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3ULL;
    return sum;
}

static int file_path(cf_cl *cl, char *path, size_t room) {
    char key[33];
    const cf_cl_source any = {"tuning", "", "tuning"}; /* the key then names device and driver */
    if (!cl->cache_dir)
        return 0;
    cf_cache_key(cl, &any, "", key);
    int length = snprintf(path, room, "%s/tuning-%s.txt", cl->cache_dir, key);
    return length > 0 && (size_t)length < room;
}

/* The lines of the file without title and checksum, or an empty text; cf_free it. */
static char *read_lines(cf_cl *cl) {
    char path[PATH_MAX], *text, *end;
    size_t size;
    if (!file_path(cl, path, sizeof path) || access(path, R_OK) ||
        cf_file_read(path, MAX_FILE, &text, &size) != CF_OK)
        return cf_strdup("");
    end = size > 21 ? text + size - 21 : NULL; /* "sum ", 16 digits, a line's end */
    if (!end || strncmp(text, TITLE, sizeof TITLE - 1) != 0 || end < text + sizeof TITLE - 1 ||
        strncmp(end, "sum ", 4) != 0 ||
        strtoull(end + 4, NULL, 16) != checksum(text, (size_t)(end - text))) {
        cf_log(CF_LOG_WARNING, "%s: damaged or of another version, ignored", path);
        cf_free(text);
        return cf_strdup("");
    }
    *end = 0;
    char *lines = cf_strdup(text + sizeof TITLE - 1);
    cf_free(text);
    return lines;
}

/* The line of a key, NULL when there is none. */
static const char *find_line(const char *lines, const char *key) {
    size_t length = strlen(key);
    for (const char *line = lines; line && *line;) {
        if (!strncmp(line, key, length) && line[length] == ' ')
            return line;
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

/* The method that was measured before; the fallback when none was, or it is none of these. */
static size_t look_up(cf_planner *plan, const cf_choice *choice) {
    size_t found = choice->fallback;
    char name[64];
    if (!plan->tuned) { /* read once per plan */
        char *lines = read_lines(plan->cl);
        plan->tuned = lines ? cf_region_strdup(&plan->scratch, lines) : NULL;
        cf_free(lines);
    }
    const char *line = plan->tuned ? find_line(plan->tuned, choice->key) : NULL;
    if (line && sscanf(line, "%*s %63s", name) == 1)
        for (size_t i = 0; i < choice->count; i++)
            if (!strcmp(choice->names[i], name))
                found = i;
    return found;
}

/* Best effort, as for the program cache: without it the next plan only takes the defaults. */
static void remember(cf_planner *plan, const cf_choice *choice, size_t best, double ms) {
    char path[PATH_MAX], *lines, *text;
    cf_file_out *out;
    if (!file_path(plan->cl, path, sizeof path) || !(lines = read_lines(plan->cl)))
        return;
    const char *old = find_line(lines, choice->key), *rest = old ? strchr(old, '\n') : NULL;
    if (rest)
        memmove(lines + (old - lines), rest + 1, strlen(rest + 1) + 1);
    size_t room = sizeof TITLE + strlen(lines) + strlen(choice->key) + 128;
    text = cf_alloc(room, 1);
    if (text && cf_file_create(path, &out) == CF_OK) {
        int size = snprintf(text, room, "%s%s%s %s %.4f\n", TITLE, lines, choice->key,
                            choice->names[best], ms);
        fprintf(cf_file_stream(out), "%ssum %016llx\n", text, checksum(text, (size_t)size));
        if (cf_file_commit(&out) != CF_OK)
            cf_log(CF_LOG_WARNING, "%s: what was measured is not kept", path);
    }
    cf_free(text);
    cf_free(lines);
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Memory that stands in for the arena and the network's ports while methods are timed. */
typedef struct {
    cf_place *places[TRIAL_BUFFERS];
    cf_buffer *buffers[TRIAL_BUFFERS];
    size_t count;
} stand_ins;

static cf_status add_memory(cf_planner *plan, const cf_arg *arg, stand_ins *s) {
    cf_place *place = (cf_place *)arg->value.buffer, *root = place;
    if (arg->type != CF_ARG_BUFFER || !place || place->buffer.mem)
        return CF_OK;
    while (root->whole) /* a part's memory is its own here: only times matter */
        root = root->whole;
    if (s->count == TRIAL_BUFFERS)
        return CF_ERR_UNSUPPORTED;
    CF_TRY(cf_buffer_get(plan->cl, place->buffer.bytes, &s->buffers[s->count]));
    s->places[s->count] = place;
    place->buffer.mem = s->buffers[s->count]->mem;
    return cf_buffer_fill(s->buffers[s->count++], 0, place->buffer.bytes);
}

static cf_status run_from(cf_planner *plan, size_t first) {
    for (size_t i = first; i < plan->step_count; i++)
        CF_TRY(cf_plan_run_step(plan->cl, &plan->steps[i]));
    return cf_cl_finish(plan->cl);
}

static cf_status time_from(cf_planner *plan, size_t first, double *best) {
    double all = 0;
    CF_TRY(run_from(plan, first)); /* compiles */
    for (int i = 0; i < RUNS && all < ENOUGH_MS; i++) {
        double start = now_ms();
        CF_TRY(run_from(plan, first));
        double ms = now_ms() - start;
        all += ms;
        if (!i || ms < *best)
            *best = ms;
    }
    return CF_OK;
}

/* Takes back what a trial recorded, but for constants of tensors, which later nodes may name. */
static void forget(cf_planner *plan, size_t steps, size_t constants) {
    size_t kept = constants;
    for (size_t i = constants; i < plan->constant_count; i++) {
        const cf_buffer *memory = plan->constants[i];
        int shared = 0;
        for (cf_place *p = plan->places; p; p = p->next)
            shared |= p->tensor && p->buffer.mem == memory->mem;
        if (shared) {
            plan->constants[kept++] = plan->constants[i];
        } else {
            plan->weight_bytes -= memory->bytes;
            cf_buffer_put(&plan->constants[i]);
        }
    }
    plan->constant_count = kept;
    plan->step_count = steps;
}

static cf_status try_method(cf_planner *plan, const cf_choice *choice, size_t index, double *ms) {
    size_t steps = plan->step_count, constants = plan->constant_count;
    stand_ins s = {.count = 0};
    cf_status status = choice->record(plan, index, choice->user);
    for (size_t i = steps; status == CF_OK && i < plan->step_count; i++)
        for (size_t a = 0; status == CF_OK && a < plan->steps[i].count; a++)
            status = add_memory(plan, &plan->steps[i].args[a], &s);
    if (status == CF_OK)
        status = time_from(plan, steps, ms);
    (void)cf_cl_finish(plan->cl);
    for (size_t i = 0; i < s.count; i++) {
        s.places[i]->buffer.mem = NULL;
        cf_buffer_put(&s.buffers[i]);
    }
    forget(plan, steps, constants);
    return status;
}

size_t cf_choose_index(cf_planner *plan, const cf_choice *choice) {
    size_t best = choice->fallback;
    double least = 0;
    if (choice->count < 2)
        return best;
    if (!cf_plan_tuning(plan))
        return look_up(plan, choice);
    for (size_t i = 0; i < choice->count; i++) {
        double ms = 0;
        cf_status status = try_method(plan, choice, i, &ms);
        if (status != CF_OK) {
            cf_log(CF_LOG_WARNING, "%s: %s left out: %s", choice->key, choice->names[i],
                   cf_status_text(status));
            continue;
        }
        cf_log(CF_LOG_INFO, "%s: %s %.3f ms", choice->key, choice->names[i], ms);
        if (least == 0 || ms < least) {
            least = ms;
            best = i;
        }
    }
    if (least > 0)
        remember(plan, choice, best, least);
    return best;
}

cf_status cf_choose(cf_planner *plan, const cf_choice *choice) {
    return choice->record(plan, cf_choose_index(plan, choice), choice->user);
}
