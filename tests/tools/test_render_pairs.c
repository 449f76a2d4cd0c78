/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rendering of training samples: the folder's shape, determinism, and that inputs and targets tell
 * of the same scene. Does not show that a network learns from them (tests/tools/test_train.py).
 */
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "capture/picture_out.h"
#include "capture/scene.h"
#include "fusion/chroma.h"
#include "tests/test_main.h"
#include "tools/train/render/dataset.h"

enum { WIDTH = 128, HEIGHT = 96, PHOTOS = 12 };

static cf_cl *cl;
static char folder[64];
static cf_photo_set photos;
static cf_train_dataset set = CF_TRAIN_DATASET_DEFAULTS;

/* What Ctrl-C and progress of the command line would ask for. */
int cf_cli_interrupted(void);
int cf_cli_interrupted(void) {
    return 0;
}

static void make_photos(void) {
    char path[128];
    strcpy(folder, "/tmp/chromafuse-render-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < PHOTOS; i++) {
        cf_scene_params p = CF_SCENE_DEFAULTS;
        cf_scene_views views;
        p.width = 192;
        p.height = 160;
        p.seed = (uint64_t)i;
        ck_assert_int_eq(cf_scene_render(&p, &views), CF_OK);
        snprintf(path, sizeof path, "%s/photo%02d.png", folder, i);
        ck_assert_int_eq(cf_picture_write(path, &views.left, NULL), CF_OK);
        cf_scene_free(&views);
    }
    ck_assert_int_eq(cf_photo_set_open(folder, 100, &photos), CF_OK);
    ck_assert_uint_eq(photos.count, PHOTOS);
    set.width = WIDTH;
    set.height = HEIGHT;
    set.levels = 3;
    set.scenes_per_shard = 2;
    set.point_share = 0;
}

static void remove_photos(void) {
    for (size_t i = 0; i < photos.count; i++)
        unlink(photos.paths[i]);
    rmdir(folder);
    cf_photo_set_free(&photos);
}

static cf_record new_record(void) {
    cf_record r = {.width = set.width, .height = set.height, .levels = set.levels};
    r.data = cf_alloc(1, cf_record_bytes(set.width, set.height, set.levels));
    ck_assert_ptr_nonnull(r.data);
    return r;
}

START_TEST(halves_are_ieee) {
    static const struct {
        float value;
        uint16_t half;
    } known[] = {{0, 0},
                 {1, 0x3c00},
                 {-2, 0xc000},
                 {65504, 0x7bff},
                 {1e9F, 0x7bff},
                 {6.1035156e-5F, 0x400},
                 {5.9604645e-8F, 1},
                 {0.1F, 0x2e66},
                 {-0.3333F, 0xb555}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_uint_eq(cf_half_of(known[i].value), known[i].half);
    for (unsigned h = 0; h < 0x7c00; h++)
        ck_assert_uint_eq(cf_half_of(cf_half_value((uint16_t)h)), h);
}
END_TEST

START_TEST(same_seed_same_record) {
    cf_record a = new_record(), b = new_record();
    size_t bytes = cf_record_bytes(set.width, set.height, set.levels);
    cf_train_scene scene;
    ck_assert_int_eq(cf_train_render(cl, &set, &photos, 5, &scene, &a), CF_OK);
    ck_assert_int_eq(cf_train_render(cl, &set, &photos, 5, &scene, &b), CF_OK);
    ck_assert_int_eq(memcmp(a.data, b.data, bytes), 0);
    ck_assert_int_eq(cf_train_render(cl, &set, &photos, 6, &scene, &b), CF_OK);
    ck_assert_int_ne(memcmp(a.data, b.data, bytes), 0);
    cf_free(a.data);
    cf_free(b.data);
}
END_TEST

/* True chroma of a network cell, from the mean colours of its pixels. */
static void true_chroma(const cf_record *r, const float spectral[3], int x, int y, double c[2]) {
    double rgb[3] = {0}, m = 0;
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 4; i++) {
            double root = (double)cf_record_get(r, "rgb", 0, k, 2 * x + i % 2, 2 * y + i / 2);
            rgb[k] += root * root / 4;
        }
        m += (double)spectral[k] * rgb[k];
    }
    for (int k = 0; k < 2; k++)
        c[k] = (rgb[2 * k] - m) / (m + (double)CF_CHROMA_EPS);
}

/* Distance of hint and true chroma where confidence is above a half and the cell is visible. */
static void hint_distance(const cf_record *r, const cf_train_scene *s, int level, double *sum,
                          int *count) {
    for (int y = 0; y < HEIGHT / 2; y++)
        for (int x = 0; x < WIDTH / 2; x++) {
            double c[2];
            if (cf_record_get(r, "confidence", level, 0, x, y) < 0.5F ||
                cf_record_get(r, "visibility", 0, 0, 2 * x, 2 * y) != 1)
                continue;
            true_chroma(r, s->rig.told_spectral, x, y, c);
            *sum += hypot((double)cf_record_get(r, "hint", level, 0, x, y) - c[0],
                          (double)cf_record_get(r, "hint", level, 1, x, y) - c[1]);
            ++*count;
        }
}

START_TEST(inputs_tell_of_the_targets) {
    cf_record r = new_record();
    double sum = 0, mono = 0;
    int count = 0, pixels = 0;
    for (uint64_t i = 0; i < 4; i++) {
        cf_train_scene s;
        ck_assert_int_eq(cf_train_render(cl, &set, &photos, i, &s, &r), CF_OK);
        for (int level = 0; level < set.levels; level++) {
            ck_assert(s.levels[level].electrons >= set.electrons[0] &&
                      s.levels[level].electrons <= set.electrons[1]);
            if (s.levels[level].measured)
                hint_distance(&r, &s, level, &sum, &count);
            for (int y = 0; y < HEIGHT && s.levels[level].electrons > 300; y++)
                for (int x = 0; x < WIDTH; x++, pixels++) {
                    double m = 0, g = (double)cf_record_get(&r, "mono", level, 0, x, y);
                    for (int k = 0; k < 3; k++) {
                        double root = (double)cf_record_get(&r, "rgb", 0, k, x, y);
                        m += (double)s.rig.spectral[k] * root * root;
                    }
                    mono += fabs(g - sqrt(fmin(fmax(m, 0), 1)));
                }
        }
    }
    printf("confident hints: %d cells, mean distance %.3f; mono in good light: mean error %.4f\n",
           count, sum / count, mono / pixels);
    ck_assert_int_gt(count, 500);
    ck_assert_double_lt(sum / count, 0.2);
    ck_assert_double_lt(mono / pixels, 0.02);
    cf_free(r.data);
}
END_TEST

START_TEST(points_show_the_truth) {
    cf_train_dataset only = set;
    cf_train_scene s;
    cf_record r = new_record();
    double sum = 0;
    int count = 0;
    only.point_share = 1;
    for (uint64_t i = 0; i < 4; i++) {
        ck_assert_int_eq(cf_train_render(cl, &only, &photos, i, &s, &r), CF_OK);
        ck_assert_int_eq(s.pair, 0);
        for (int level = 0; level < set.levels; level++)
            for (int y = 0; y < HEIGHT / 2; y++)
                for (int x = 0; x < WIDTH / 2; x++) {
                    double c[2];
                    if (cf_record_get(&r, "confidence", level, 0, x, y) < 0.89F)
                        continue;
                    true_chroma(&r, s.rig.told_spectral, x, y, c);
                    sum += fabs((double)cf_record_get(&r, "hint", level, 0, x, y) - c[0]);
                    count++;
                }
    }
    printf("points: %d cells, mean distance %.3f\n", count, sum / count);
    ck_assert_int_gt(count, 50);
    ck_assert_double_lt(sum / count, 0.4); /* a square's mean, not the pixel's own */
    cf_free(r.data);
}
END_TEST

START_TEST(folder_has_index_and_shards) {
    char out[96], path[128], *text;
    size_t size;
    struct stat st;
    cf_train_dataset other = set;
    snprintf(out, sizeof out, "%s/cache", folder);
    ck_assert_int_eq(cf_train_dataset_open(&set, &photos, out), CF_OK);
    ck_assert_int_eq(cf_train_shard_exists(out, 0), 0);
    ck_assert_int_eq(cf_train_shard_write(cl, &set, &photos, out, 0, NULL, NULL), CF_OK);
    ck_assert_int_eq(cf_train_shard_exists(out, 0), 1);
    ck_assert_int_eq(cf_train_dataset_open(&set, &photos, out), CF_OK);
    other.seed++;
    ck_assert_int_eq(cf_train_dataset_open(&other, &photos, out), CF_ERR_INVALID);
    snprintf(path, sizeof path, "%s/shard-00000.bin", out);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq((size_t)st.st_size, 2 * cf_record_bytes(set.width, set.height, set.levels));
    unlink(path);
    snprintf(path, sizeof path, "%s/shard-00000.json", out);
    ck_assert_int_eq(cf_file_read(path, 1 << 20, &text, &size), CF_OK);
    ck_assert_ptr_nonnull(strstr(text, "\"spectral\""));
    cf_free(text);
    unlink(path);
    snprintf(path, sizeof path, "%s/index.json", out);
    unlink(path);
    rmdir(out);
}
END_TEST

START_TEST(bad_folders_are_refused) {
    cf_photo_set none;
    cf_train_dataset odd = set;
    odd.width = 100;
    ck_assert_int_eq(cf_photo_set_open("/nonexistent", 100, &none), CF_ERR_IO);
    ck_assert_int_eq(cf_photo_set_open("/proc/self/fdinfo", 100, &none), CF_ERR_INVALID);
    ck_assert_int_eq(cf_train_dataset_open(&odd, &photos, folder), CF_ERR_INVALID);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_unchecked_fixture(tc, make_photos, remove_photos);
    tcase_add_test(tc, halves_are_ieee);
    tcase_add_test(tc, same_seed_same_record);
    tcase_add_test(tc, inputs_tell_of_the_targets);
    tcase_add_test(tc, points_show_the_truth);
    tcase_add_test(tc, folder_has_index_and_shards);
    tcase_add_test(tc, bad_folders_are_refused);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int code = test_run("render_pairs", add);
    cf_cl_close(&cl);
    return code;
}
