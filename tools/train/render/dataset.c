/* SPDX-License-Identifier: Apache-2.0 */
/* Scenes by number, shards and their index. */
#include "tools/train/render/dataset.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "fusion/chroma.h"
#include "tools/json.h"

#define HELD_OUT 20         /* one scene in so many */
#define MOST_DISPARITY 0.15 /* of the width */

static double between(cf_random *r, double low, double high) {
    return low + (high - low) * cf_random_uniform(r);
}

/* 0, 1, 2 .. 200 points for part 0..1, few more often than many. */
static int points_at(double part) {
    return (int)(pow(201, part) - 0.5);
}

/* Light levels spread over the range, in random order; now and then there is no colour camera. */
static void draw_levels(const cf_train_dataset *set, int pair, cf_random *r, cf_train_level *out) {
    double low = log(set->electrons[0]), high = log(set->electrons[1]);
    for (int i = 0; i < set->levels; i++) {
        double part = (i + cf_random_uniform(r)) / set->levels;
        out[i] = (cf_train_level){.electrons = pair ? exp(low + (high - low) * part) : 0,
                                  .measured = pair && cf_random_uniform(r) > 0.06,
                                  .seed = cf_random_bits(r) >> 2};
        if (!out[i].measured)
            out[i].points = points_at(pair ? cf_random_uniform(r) : part);
    }
    for (int i = set->levels - 1; i > 0; i--) {
        int j = (int)(cf_random_uniform(r) * (i + 1));
        cf_train_level swap = out[i];
        out[i] = out[j];
        out[j] = swap;
    }
}

/* Half of the scenes stand in coloured light that no white balance took away: lamps, evenings. A
 * network that has only seen balanced photos takes a cast for an error and pulls it to grey. */
static void cast_light(cf_layered_scene *scene, cf_random *r) {
    double light[3] = {exp2(0.5 * cf_random_normal(r)), 1, exp2(0.9 * cf_random_normal(r))};
    double largest = fmax(1, fmax(light[0], light[2]));
    if (cf_random_uniform(r) < 0.5)
        return;
    for (int i = 0; i < scene->count; i++)
        for (int k = 0; k < 9; k++)
            scene->layers[i].paint[k] *= (float)(light[k / 3] / largest);
}

/* One photo that fills the view: a scene of only a background. */
static void keep_background(cf_layered_scene *scene) {
    cf_layer *first = &scene->layers[0], *last = &scene->layers[scene->count - 1];
    for (int i = 0; i < scene->count - 1; i++)
        cf_image_free(&scene->layers[i].photo);
    if (first != last) {
        *first = *last;
        *last = (cf_layer){0};
    }
    scene->count = 1;
    first->shows = 0;
    first->contrast = 1;
    first->stripes[0] = 0;
    for (int i = 0; i < 9; i++)
        first->paint[i] = i % 4 == 0;
}

cf_status cf_train_render(cf_cl *cl, const cf_train_dataset *set, const cf_photo_set *photos,
                          uint64_t index, cf_train_scene *out, cf_record *record) {
    cf_random random;
    cf_layered_scene scene;
    cf_train_views views;
    cf_random_seed(&random, set->seed * 0x9E3779B97F4A7C15ULL + index);
    *out = (cf_train_scene){.index = index, .held_out = index % HELD_OUT == HELD_OUT - 1};
    out->pair = cf_random_uniform(&random) >= set->point_share;
    out->max_disparity = set->width * between(&random, 0.02, MOST_DISPARITY);
    int is_cut = out->pair && cf_random_uniform(&random) < set->cut_share;
    cf_status (*make_scene)(const cf_photo_set *, int, int, int, double, cf_random *,
                            cf_layered_scene *) =
        is_cut ? cf_layered_scene_cut : cf_layered_scene_draw;
    CF_TRY(make_scene(photos, out->held_out, set->width, set->height, out->max_disparity, &random,
                      &scene));
    if (out->pair) {
        cast_light(&scene, &random);
        cf_train_rig_draw(&scene, &random, &out->rig);
    } else {
        keep_background(&scene);
        cf_train_rig_draw_photo(&random, &out->rig);
    }
    draw_levels(set, out->pair, &random, out->levels);
    cf_status status = cf_train_views_make(&scene, &out->rig, out->pair, &views);
    if (status == CF_OK)
        status = cf_train_scene_write(&scene, &out->rig, &views, record);
    for (int i = 0; i < set->levels && status == CF_OK; i++)
        status = cf_train_level_write(cl, &views, &out->rig, &out->levels[i], i, record);
    cf_train_views_free(&views);
    cf_layered_scene_free(&scene);
    return status;
}

static cf_status path_of(const char *folder, const char *name, int shard, const char *ending,
                         char path[4096]) {
    int length = shard < 0 ? snprintf(path, 4096, "%s/%s", folder, name)
                           : snprintf(path, 4096, "%s/%s-%05d%s", folder, name, shard, ending);
    return length < 4096 ? CF_OK : cf_fail(CF_ERR_INVALID, "%s: the path is too long", folder);
}

static void print_layout(const cf_train_dataset *set, cf_json *json) {
    const cf_record record = {.width = set->width, .height = set->height, .levels = set->levels};
    size_t level_bytes =
        cf_record_bytes(set->width, set->height, 1) - cf_record_bytes(set->width, set->height, 0);
    cf_json_number(json, "record_bytes",
                   (double)cf_record_bytes(set->width, set->height, set->levels));
    cf_json_number(json, "level_bytes", (double)level_bytes);
    cf_json_open(json, "planes", '[');
    for (const cf_record_plane *p = cf_record_planes; p->name; p++) {
        int factor = p->network ? CF_TRAIN_FACTOR : 1;
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "name", p->name);
        cf_json_bool(json, "of_level", p->of_level);
        cf_json_text(json, "type", p->bytes == 2 ? "float16" : "uint8");
        cf_json_number(json, "planes", p->planes);
        cf_json_number(json, "width", set->width / factor);
        cf_json_number(json, "height", set->height / factor);
        cf_json_number(json, "offset", (double)cf_record_offset(&record, p->name, 0));
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static void print_index(const cf_train_dataset *set, const cf_photo_set *photos, FILE *to) {
    cf_json json = {.to = to};
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "what", "chromafuse training pairs");
    cf_json_number(&json, "format", CF_TRAIN_FORMAT);
    cf_json_number(&json, "width", set->width);
    cf_json_number(&json, "height", set->height);
    cf_json_number(&json, "factor", CF_TRAIN_FACTOR);
    cf_json_number(&json, "levels", set->levels);
    cf_json_number(&json, "scenes_per_shard", set->scenes_per_shard);
    cf_json_number(&json, "seed", (double)set->seed);
    cf_json_number(&json, "point_share", set->point_share);
    cf_json_number(&json, "cut_share", set->cut_share);
    cf_json_number(&json, "least_electrons", set->electrons[0]);
    cf_json_number(&json, "most_electrons", set->electrons[1]);
    cf_json_number(&json, "photos_train", (double)photos->train);
    cf_json_number(&json, "photos_held_out", (double)(photos->count - photos->train));
    cf_json_number(&json, "chroma_eps", (double)CF_CHROMA_EPS);
    cf_json_number(&json, "hint_variance", (double)CF_HINT_VARIANCE);
    print_layout(set, &json);
    cf_json_close(&json, '}');
}

/* The text of index.json, in memory, to compare and to write. */
static cf_status index_text(const cf_train_dataset *set, const cf_photo_set *photos, char **text) {
    enum { ROOM = 16384 };
    *text = cf_alloc(1, ROOM);
    if (!*text)
        return CF_ERR_MEMORY;
    FILE *memory = fmemopen(*text, ROOM - 1, "w");
    if (!memory) {
        cf_free(*text);
        return CF_ERR_MEMORY;
    }
    print_index(set, photos, memory);
    fclose(memory);
    return CF_OK;
}

static cf_status check_or_write(const char *path, const char *text) {
    struct stat st;
    cf_file_out *file;
    char *old;
    size_t size;
    if (!stat(path, &st)) {
        CF_TRY(cf_file_read(path, 1 << 16, &old, &size));
        int same = !strcmp(old, text);
        cf_free(old);
        return same ? CF_OK
                    : cf_fail(CF_ERR_INVALID,
                              "%s: the folder was begun with other options or photos; give the "
                              "same or another folder",
                              path);
    }
    CF_TRY(cf_file_create(path, &file));
    fputs(text, cf_file_stream(file));
    return cf_file_commit(&file);
}

cf_status cf_train_dataset_open(const cf_train_dataset *set, const cf_photo_set *photos,
                                const char *folder) {
    char path[4096], *text;
    if (set->width < 64 || set->height < 64 || set->width % 32 || set->height % 32 ||
        set->levels < 1 || set->levels > CF_TRAIN_LEVELS_MAX)
        return cf_fail(CF_ERR_INVALID,
                       "scenes of %dx%d with %d levels: sides must be multiples of "
                       "32 from 64 on, levels 1 to %d",
                       set->width, set->height, set->levels, CF_TRAIN_LEVELS_MAX);
    if (mkdir(folder, 0777) && errno != EEXIST)
        return cf_fail(CF_ERR_IO, "%s: cannot make the folder: %s", folder, strerror(errno));
    CF_TRY(path_of(folder, "index.json", -1, "", path));
    CF_TRY(index_text(set, photos, &text));
    cf_status status = check_or_write(path, text);
    cf_free(text);
    return status;
}

int cf_train_shard_exists(const char *folder, int shard) {
    char path[4096];
    struct stat st;
    return path_of(folder, "shard", shard, ".json", path) == CF_OK && !stat(path, &st);
}

static void print_scene(const cf_train_dataset *set, const cf_train_scene *s, cf_json *json) {
    cf_json_open(json, NULL, '{');
    cf_json_number(json, "scene", (double)s->index);
    cf_json_text(json, "kind", s->pair ? "pair" : "points");
    cf_json_text(json, "split", s->held_out ? "held-out" : "train");
    cf_json_number(json, "max_disparity", s->max_disparity);
    cf_json_number(json, "ratio", s->rig.ratio);
    cf_json_number(json, "exposure", s->rig.exposure);
    cf_json_open(json, "spectral", '['); /* as told: the chroma's own */
    for (int c = 0; c < 3; c++)
        cf_json_number(json, NULL, (double)s->rig.told_spectral[c]);
    cf_json_close(json, ']');
    cf_json_open(json, "levels", '[');
    for (int i = 0; i < set->levels; i++) {
        cf_json_open(json, NULL, '{');
        cf_json_number(json, "electrons", s->levels[i].electrons);
        cf_json_bool(json, "measured", s->levels[i].measured);
        cf_json_number(json, "points", s->levels[i].points);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
    cf_json_close(json, '}');
}

static cf_status fill_shard(cf_cl *cl, const cf_train_dataset *set, const cf_photo_set *photos,
                            int shard, FILE *records, FILE *list, void (*progress)(void *),
                            void *user) {
    cf_record record = {.width = set->width, .height = set->height, .levels = set->levels};
    const size_t bytes = cf_record_bytes(set->width, set->height, set->levels);
    cf_status status = CF_OK;
    cf_json json = {.to = list};
    record.data = cf_alloc(1, bytes);
    if (!record.data)
        return CF_ERR_MEMORY;
    cf_json_open(&json, NULL, '{');
    cf_json_number(&json, "shard", shard);
    cf_json_open(&json, "scenes", '[');
    for (int i = 0; i < set->scenes_per_shard && status == CF_OK; i++) {
        cf_train_scene scene;
        uint64_t index = (uint64_t)shard * (uint64_t)set->scenes_per_shard + (uint64_t)i;
        status = cf_train_render(cl, set, photos, index, &scene, &record);
        if (status == CF_OK && fwrite(record.data, bytes, 1, records) != 1)
            status = cf_fail(CF_ERR_IO, "shard %d: cannot write: %s", shard, strerror(errno));
        print_scene(set, &scene, &json);
        if (progress)
            progress(user);
    }
    cf_json_close(&json, ']');
    cf_json_close(&json, '}');
    cf_free(record.data);
    return status;
}

cf_status cf_train_shard_write(cf_cl *cl, const cf_train_dataset *set, const cf_photo_set *photos,
                               const char *folder, int shard, void (*progress)(void *user),
                               void *user) {
    char path[4096];
    cf_file_out *records = NULL, *list = NULL;
    CF_TRY(path_of(folder, "shard", shard, ".bin", path));
    CF_TRY(cf_file_create(path, &records));
    cf_status status = path_of(folder, "shard", shard, ".json", path);
    if (status == CF_OK)
        status = cf_file_create(path, &list);
    if (status == CF_OK)
        status = fill_shard(cl, set, photos, shard, cf_file_stream(records), cf_file_stream(list),
                            progress, user);
    if (status == CF_OK)
        status = cf_file_commit(&records);
    if (status == CF_OK)
        status = cf_file_commit(&list);
    cf_file_discard(&records);
    cf_file_discard(&list);
    return status;
}
