/* SPDX-License-Identifier: Apache-2.0 */
/* Rig files: what is read, what each mistake is answered with, what overrides what in a profile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/rig.h"
#include "tests/test_main.h"

static char last_line[1024];

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(last_line, sizeof last_line, "%s", line);
}

#define MODELS "mono:\n  model: m.cameramodel\ncolor:\n  model: /abs/c.cameramodel\n"

static cf_status parse(const char *text, cf_rig **rig) {
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    last_line[0] = 0;
    cf_status status = cf_rig_parse("folder/rig.yaml", text, strlen(text), rig);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    return status;
}

START_TEST(reads_the_smallest_rig) {
    cf_rig *rig;
    ck_assert_int_eq(parse("version: 1\n" MODELS, &rig), CF_OK);
    ck_assert_str_eq(rig->mono.model, "folder/m.cameramodel");
    ck_assert_str_eq(rig->color.model, "/abs/c.cameramodel");
    ck_assert_double_eq(rig->mono.gain, 1);
    ck_assert(!rig->mono.has_spectral && !rig->color.has_ccm && !rig->depth_min_m);
    cf_rig_destroy(&rig);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

static const char full[] =
    "version: 1\n"
    "mono: {model: m, spectral: [0.33, 0.48, 0.19], gain: 1.5, black: [64],\n"
    "       noise: [{gain: 1, scale: 1e-3, offset: 1e-6}, {gain: 8, scale: 8e-3, offset: 1e-5}]}\n"
    "color:\n"
    "  model: c\n"
    "  ccm: [1.5, -0.4, -0.1, -0.2, 1.4, -0.2, 0, -0.5, 1.5]\n"
    "  black: [60, 61, 62, 63]\n"
    "sync: {offset_us: -150, jitter_us: 20}\n"
    "scene: {depth_min_m: 0.4}\n";

START_TEST(a_key_overrides_what_the_raw_carries) {
    cf_rig *rig;
    cf_camera_profile p;
    ck_assert_int_eq(parse(full, &rig), CF_OK);
    ck_assert_double_eq(rig->offset_us, -150);
    ck_assert_double_eq(rig->depth_min_m, 0.4);
    cf_camera_profile_init(&p);
    p.width = p.height = 100;
    p.noise = (cf_noise){0.5F, 0.25F};
    ck_assert_int_eq(cf_rig_apply(rig, CF_RIG_MONO, 4, &p), CF_OK); /* 4 is nearer to 8 */
    ck_assert_float_eq_tol(p.noise.scale, 8e-3, 1e-9);
    ck_assert_float_eq_tol(p.spectral[1], 0.48, 1e-6);
    ck_assert_float_eq(p.gain, 1.5);
    ck_assert_float_eq(p.black[3], 64);
    p.gain = 0.7F; /* the picture's own exposure */
    ck_assert_int_eq(cf_rig_apply(rig, CF_RIG_MONO, 0, &p), CF_OK);
    ck_assert_float_eq(p.gain, 0.7);
    ck_assert_float_eq_tol(p.noise.scale, 1e-3, 1e-9);
    cf_camera_profile_init(&p);
    p.is_color = 1;
    p.noise = (cf_noise){0.5F, 0.25F};
    ck_assert_int_eq(cf_rig_apply(rig, CF_RIG_COLOR, 1, &p), CF_OK);
    ck_assert_float_eq(p.noise.scale, 0.5); /* nothing said: kept */
    ck_assert_float_eq(p.black[2], 62);
    ck_assert_float_eq_tol(p.ccm[7], -0.5, 1e-6);
    ck_assert_float_eq(p.gain, 1);
    p.white = 62;
    ck_assert_int_eq(cf_rig_apply(rig, CF_RIG_COLOR, 1, &p), CF_ERR_INVALID);
    cf_camera_profile_clear(&p);
    cf_rig_destroy(&rig);
}
END_TEST

static const struct {
    const char *text;
    cf_status status;
    const char *named; /* must be in the one line that is logged */
} mistakes[] = {
    {"", CF_ERR_FORMAT, "empty"},
    {"[1, 2]", CF_ERR_FORMAT, "rig.yaml"},
    {"version: 1\nmono: {model: [", CF_ERR_FORMAT, "rig.yaml"},
    {MODELS, CF_ERR_FORMAT, "version"},
    {"version: 2\n" MODELS, CF_ERR_FORMAT, "version"},
    {"version: one\n" MODELS, CF_ERR_FORMAT, "version"},
    {"version: 1\nmono:\n  model: m\n", CF_ERR_FORMAT, "color"},
    {"version: 1\nmono:\n  gain: 1\ncolor:\n  model: m\n", CF_ERR_FORMAT, "model"},
    {"version: 1\nmono: {model: m, spectral: [0.3, 0.3]}\ncolor: {model: c}\n", CF_ERR_FORMAT,
     "mono.spectral"},
    {"version: 1\nmono: {model: m, spectral: [0.3, 0.3, 0.3]}\ncolor: {model: c}\n", CF_ERR_INVALID,
     "mono.spectral"},
    {"version: 1\nmono: {model: m, spectral: [nan, 0.3, 0.3]}\ncolor: {model: c}\n", CF_ERR_INVALID,
     "mono.spectral"},
    {"version: 1\nmono: {model: m, gain: -1}\ncolor: {model: c}\n", CF_ERR_INVALID, "mono.gain"},
    {"version: 1\nmono: {model: m, gain: fast}\ncolor: {model: c}\n", CF_ERR_FORMAT, "mono.gain"},
    {"version: 1\nmono: {model: m, black: [1, 2]}\ncolor: {model: c}\n", CF_ERR_INVALID,
     "mono.black"},
    {"version: 1\nmono: {model: m}\ncolor: {model: c, ccm: [2,0,0,0,1,0,0,0,1]}\n", CF_ERR_INVALID,
     "color.ccm"},
    {"version: 1\n" MODELS "scene: {depth_min_m: 0}\n", CF_ERR_INVALID, "scene.depth_min_m"},
    {"version: 1\nmono: {model: m, noise: [{gain: 1, scale: 1}]}\ncolor: {model: c}\n",
     CF_ERR_FORMAT, "noise"},
    {"version: 1\nmono: &a {model: m}\ncolor: *a\n", CF_ERR_FORMAT, "rig.yaml"},
};

START_TEST(answers_mistakes_with_the_file_and_the_key) {
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        cf_rig *rig;
        ck_assert_msg(parse(mistakes[i].text, &rig) == mistakes[i].status, "case %zu: %s", i,
                      last_line);
        ck_assert(rig == NULL);
        ck_assert_msg(strstr(last_line, "folder/rig.yaml") && strstr(last_line, mistakes[i].named),
                      "case %zu: %s", i, last_line);
    }
    cf_rig *rig;
    ck_assert_int_eq(cf_rig_load("/nonexistent/rig.yaml", &rig), CF_ERR_IO);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(unknown_keys_only_warn) {
    cf_rig *rig;
    ck_assert_int_eq(parse("version: 1\n" MODELS "future: {a: [1, {b: 2}]}\n", &rig), CF_OK);
    ck_assert_msg(strstr(last_line, "future") != NULL, "%s", last_line);
    cf_rig_destroy(&rig);
}
END_TEST

static void write_text(char *path, const char *text) {
    strcpy(path, "/tmp/cf_rig_XXXXXX");
    int fd = mkstemp(path);
    ck_assert(fd >= 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static cf_status apply_table(const char *key, const char *text, cf_camera_profile *p) {
    char path[32], yaml[256];
    cf_rig *rig;
    write_text(path, text);
    snprintf(yaml, sizeof yaml, "version: 1\nmono: {model: m}\ncolor: {model: c, %s: %s}\n", key,
             path);
    ck_assert_int_eq(parse(yaml, &rig), CF_OK);
    cf_camera_profile_init(p);
    p->width = 40;
    p->height = 30;
    p->is_color = 1;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    cf_status status = cf_rig_apply(rig, CF_RIG_COLOR, 0, p);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_rig_destroy(&rig);
    unlink(path);
    return status;
}

START_TEST(reads_defect_lists_and_shading_grids) {
    cf_camera_profile p;
    ck_assert_int_eq(apply_table("defects", "# bad\n3 4\n39 29 # last\n", &p), CF_OK);
    ck_assert_int_eq(p.defect_count, 2);
    ck_assert(p.defects[1].x == 39 && p.defects[1].y == 29);
    cf_camera_profile_clear(&p);
    ck_assert_int_eq(apply_table("defects", "", &p), CF_OK);
    ck_assert_int_eq(p.defect_count, 0);
    ck_assert_int_eq(apply_table("defects", "3\n", &p), CF_ERR_FORMAT);
    ck_assert_int_eq(apply_table("defects", "40 1\n", &p), CF_ERR_FORMAT);
    ck_assert_int_eq(apply_table("defects", "1.5 1\n", &p), CF_ERR_FORMAT);
    ck_assert_int_eq(apply_table("shading", "3 2 1\n1 1.5 1\n1 2 1\n", &p), CF_OK);
    ck_assert(p.shading.width == 3 && p.shading.height == 2 && p.shading.planes == 1);
    ck_assert_float_eq(p.shading.gains[4], 2);
    cf_camera_profile_clear(&p);
    ck_assert_int_eq(apply_table("shading", "3 2 1\n1 1.5 1\n1 2\n", &p), CF_ERR_FORMAT);
    ck_assert_int_eq(apply_table("shading", "3 2 1\n1 1.5 1\n1 2 1 1\n", &p), CF_ERR_FORMAT);
    ck_assert_int_eq(apply_table("shading", "3 2 2\n", &p), CF_ERR_FORMAT);
    ck_assert_int_eq(apply_table("shading", "99999 99999 4\n", &p), CF_ERR_FORMAT);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, reads_the_smallest_rig);
    tcase_add_test(tc, a_key_overrides_what_the_raw_carries);
    tcase_add_test(tc, answers_mistakes_with_the_file_and_the_key);
    tcase_add_test(tc, unknown_keys_only_warn);
    tcase_add_test(tc, reads_defect_lists_and_shading_grids);
}

int main(void) {
    return test_run("rig", add);
}
