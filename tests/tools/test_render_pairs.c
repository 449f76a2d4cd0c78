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
#include "fusion/fuse.h"
#include "tests/test_main.h"
#include "tools/train/render/dataset.h"
#include "tools/train/render/regions.h"

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

/* A picture in three flat colours: left and right half, and a square of 12 pixels in the left one.
 */
static cf_image three_colours(void) {
    static const float colours[3][3] = {{0.5F, 0.1F, 0.1F}, {0.1F, 0.5F, 0.1F}, {0.1F, 0.1F, 0.5F}};
    cf_image photo;
    ck_assert_int_eq(cf_image_alloc(48, 32, 1, CF_PIXEL_RGBF32, &photo), CF_OK);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 48; x++) {
            int which = x >= 24 ? 1 : x >= 6 && x < 18 && y >= 8 && y < 20 ? 2 : 0;
            memcpy((float *)cf_image_row(&photo, 0, y) + 3 * x, colours[which], sizeof *colours);
        }
    return photo;
}

static int label(const cf_image *labels, int x, int y) {
    return ((unsigned char *)cf_image_row(labels, 0, y))[x];
}

START_TEST(regions_follow_edges) {
    cf_image photo = three_colours(), labels;
    int count;
    ck_assert_int_eq(cf_regions_cut(&photo, 1, 60, CF_REGIONS_MAX, &labels, &count), CF_OK);
    ck_assert_int_eq(count, 3);
    for (int y = 0; y < 32; y++) /* all but the pixels beside an edge, which are smoothed */
        for (int x = 0; x < 48; x++) {
            int inside = x > 6 && x < 17 && y > 8 && y < 19;
            int beside = !inside && x > 3 && x < 20 && y > 5 && y < 22;
            if (!beside && x != 23 && x != 24)
                ck_assert_int_eq(label(&labels, x, y), x > 24   ? label(&labels, 47, 31)
                                                       : inside ? label(&labels, 10, 10)
                                                                : label(&labels, 0, 0));
        }
    ck_assert_int_ne(label(&labels, 0, 0), label(&labels, 10, 10));
    ck_assert_int_ne(label(&labels, 0, 0), label(&labels, 47, 31));
    ck_assert_int_ne(label(&labels, 10, 10), label(&labels, 47, 31));
    cf_image_free(&labels);
    ck_assert_int_eq(cf_regions_cut(&photo, 1, 200, CF_REGIONS_MAX, &labels, &count), CF_OK);
    ck_assert_int_eq(count, 2); /* the square is too small to be one */
    ck_assert_int_eq(label(&labels, 0, 0), label(&labels, 10, 10));
    cf_image_free(&labels);
    ck_assert_int_eq(cf_regions_cut(&photo, 1, 1, 1, &labels, &count), CF_OK);
    ck_assert_int_eq(count, 1);
    cf_image_free(&labels);
    cf_image_free(&photo);
}
END_TEST

/* A point of the left view that the right one sees has the same colour there. */
START_TEST(cut_scenes_are_one_world) {
    const double zero[2] = {0, 0};
    cf_random random;
    cf_image left, right;
    int hidden = 0, seen = 0, near = 0, layers = 0;
    cf_random_seed(&random, 7);
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGBF32, &left), CF_OK);
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGBF32, &right), CF_OK);
    for (int i = 0; i < 6; i++) {
        cf_layered_scene s;
        ck_assert_int_eq(cf_layered_scene_cut(&photos, 0, WIDTH, HEIGHT, 16, &random, &s), CF_OK);
        cf_layered_scene_view(&s, 0, zero, &left);
        cf_layered_scene_view(&s, 1, zero, &right);
        layers += s.count;
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                int front = cf_layered_scene_front(&s, 0, x, y);
                const double *plane = s.layers[front].plane;
                double d = plane[0] + plane[1] * x + plane[2] * y, there = x - d;
                ck_assert_int_lt(front,
                                 s.count - 1); /* the left view is the photo, without holes */
                ck_assert(d >= 0.29 && d <= 16.01);
                if (there < 0)
                    continue;
                int whole = (int)rint(there);
                if (cf_layered_scene_front(&s, 1, whole, y) != front) {
                    hidden++;
                    continue;
                }
                const float *a = (float *)cf_image_row(&left, 0, y) + 3 * x;
                const float *b = (float *)cf_image_row(&right, 0, y) + 3 * whole;
                double largest = 0;
                for (int c = 0; c < 3; c++)
                    largest = fmax(largest, fabs((double)(sqrtf(a[c]) - sqrtf(b[c]))));
                near += largest < 0.1; /* half a pixel off, and textures are fine */
                seen++;
            }
        cf_layered_scene_free(&s);
    }
    printf("cut scenes: %d layers, %.1f %% hidden, %.1f %% of the rest alike\n", layers,
           100.0 * hidden / (hidden + seen), 100.0 * near / seen);
    ck_assert_int_gt(layers, 6 * 3);
    ck_assert_int_gt(hidden, 6 * WIDTH * HEIGHT / 100);
    ck_assert_int_gt(near, seen * 9 / 10);
    cf_image_free(&left);
    cf_image_free(&right);
}
END_TEST

/* What the network gets in `fuse` (cells.*) of the frames that a record was made from. */
static void fuse_cells(const cf_train_views *views, const cf_train_rig *rig,
                       const cf_train_level *level, const char *const *names, cf_image cells[6]) {
    cf_frame *mono = NULL, *color = NULL;
    cf_rectification geometry = {0};
    cf_fuse *fuse;
    cf_fuse_params params = CF_FUSE_DEFAULTS;
    ck_assert_int_eq(cf_train_level_expose(views, rig, level, &mono, &color, &geometry), CF_OK);
    const cf_fuse_rig parts = {
        .mono = &mono->profile, .color = &color->profile, .geometry = &geometry};
    params.tensors = names;
    params.tensor_count = 6;
    ck_assert_int_eq(cf_fuse_create(cl, &parts, &params, &fuse), CF_OK);
    ck_assert_int_eq(cf_fuse_run(fuse, &mono->image, &color->image), CF_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(cf_fuse_fetch_tensor(fuse, names[i], &cells[i]), CF_OK);
    cf_fuse_destroy(&fuse);
    cf_rectification_clear(&geometry);
    cf_frame_unref(&mono);
    cf_frame_unref(&color);
}

/* A cell as tools/train/dataset.py sees it: as it lies, or the mean of its four pixels. *largest:
 * of the halves. */
static double seen_in_training(const cf_record *r, const char *plane, int p, int x, int y,
                               double *largest) {
    int is_picture = !strcmp(plane, "mono") || !strcmp(plane, "chroma");
    double sum = 0;
    *largest = 0;
    for (int i = 0; i < (is_picture ? 4 : 1); i++) {
        double v = (double)(is_picture ? cf_record_get(r, plane, 0, p, 2 * x + i % 2, 2 * y + i / 2)
                                       : cf_record_get(r, plane, 0, p, x, y));
        *largest = fmax(*largest, fabs(v));
        sum += v;
    }
    return is_picture ? sum / 4 : sum;
}

START_TEST(the_network_sees_what_it_was_trained_on) {
    static const char *const names[] = {"cells.mono",  "cells.hint",   "cells.confidence",
                                        "cells.sigma", "cells.chroma", "cells.error"};
    static const char *const planes[] = {"mono", "hint", "confidence", "sigma", "chroma", "error"};
    const cf_train_level level = {.electrons = 80, .measured = 1, .seed = 11};
    cf_random random;
    cf_layered_scene scene;
    cf_train_rig rig;
    cf_train_views views;
    cf_record record = {.width = WIDTH, .height = HEIGHT, .levels = 1};
    cf_image cells[6];
    cf_random_seed(&random, 4);
    ck_assert_int_eq(cf_layered_scene_draw(&photos, 0, WIDTH, HEIGHT, 12, &random, &scene), CF_OK);
    cf_train_rig_draw(&scene, &random, &rig);
    ck_assert_int_eq(cf_train_views_make(&scene, &rig, 1, &views), CF_OK);
    record.data = cf_alloc(1, cf_record_bytes(WIDTH, HEIGHT, 1));
    ck_assert_ptr_nonnull(record.data);
    ck_assert_int_eq(cf_train_level_write(cl, &views, &rig, &level, 0, &record), CF_OK);
    fuse_cells(&views, &rig, &level, names, cells);
    for (int i = 0; i < 6; i++) {
        double most = 0;
        for (int p = 0; p < cells[i].planes; p++)
            for (int y = 0; y < HEIGHT / 2; y++)
                for (int x = 0; x < WIDTH / 2; x++) {
                    double largest, got = (double)((float *)cf_image_row(&cells[i], p, y))[x];
                    double want = seen_in_training(&record, planes[i], p, x, y, &largest);
                    /* half floats have 11 bits, and 2^-24 where they are small */
                    ck_assert_double_eq_tol(got, want, largest / 2048 + 1e-6);
                    most = fmax(most, largest);
                }
        ck_assert_double_gt(most, 0); /* it is no comparison of nothing */
        cf_image_free(&cells[i]);
    }
    cf_free(record.data);
    cf_train_views_free(&views);
    cf_layered_scene_free(&scene);
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
    tcase_add_test(tc, regions_follow_edges);
    tcase_add_test(tc, cut_scenes_are_one_world);
    tcase_add_test(tc, the_network_sees_what_it_was_trained_on);
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
