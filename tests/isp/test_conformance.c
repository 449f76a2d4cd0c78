/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every registered stage against its reference: sizes, strides, guards, NaN, determinism, limits,
 * failing memory. Does not prove that the reference is right: tests/MODULE/test_STAGE.c checks it
 * against values that are not ours.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "fusion/stage_list.h"
#include "isp/stage_case.h"

static cf_cl *cl;
static const cf_stage *stage;

static void print_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    fprintf(stderr, "[%d] %s\n", (int)level, line);
}

static void expect_match(const void *params, const cf_case_spec *spec, const char *what) {
    cf_stage_case *test;
    cf_case_result r;
    ck_assert_int_eq(cf_stage_case_create(stage, params, spec, cl, &test), CF_OK);
    cf_status status = cf_stage_case_compare(test, &r);
    cf_stage_case_destroy(&test);
    ck_assert_msg(status == CF_OK, "%s %dx%d (%s): status %d", stage->name, spec->width,
                  spec->height, what, status);
    ck_assert_msg(!r.guard_broken, "%s %dx%d (%s): wrote behind its output", stage->name,
                  spec->width, spec->height, what);
    ck_assert_msg(!r.finite_mismatch, "%s %dx%d (%s): %d samples finite on one side only",
                  stage->name, spec->width, spec->height, what, r.finite_mismatch);
    ck_assert_msg(r.max_error <= stage->tol_max && r.mean_error <= stage->tol_mean,
                  "%s %dx%d (%s): max error %g (allowed %g), mean %g (allowed %g); worst: output "
                  "%d plane %d at "
                  "%d,%d: kernel %g reference %g",
                  stage->name, spec->width, spec->height, what, r.max_error, stage->tol_max,
                  r.mean_error, stage->tol_mean, r.worst_port, r.worst_plane, r.worst_x, r.worst_y,
                  (double)r.worst_kernel, (double)r.worst_reference);
}

START_TEST(matches_reference_at_all_sizes) {
    static const int sizes[][2] = {{1, 1},   {1, 9},  {2, 2},   {7, 1},
                                   {16, 16}, {17, 5}, {33, 31}, {130, 67}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cf_case_spec spec = {.width = sizes[i][0], .height = sizes[i][1], .seed = (unsigned)i + 1};
        expect_match(NULL, &spec, "defaults");
        spec.extra_pitch = 32;
        expect_match(NULL, &spec, "wide rows");
    }
}
END_TEST

START_TEST(survives_nan_and_infinity) {
    cf_case_spec spec = {.width = 67, .height = 35, .seed = 5, .poison = 1};
    cf_stage_case *test;
    cf_case_result r;
    ck_assert_int_eq(cf_stage_case_create(stage, NULL, &spec, cl, &test), CF_OK);
    ck_assert_int_eq(cf_stage_case_compare(test, &r), CF_OK);
    cf_stage_case_destroy(&test);
    ck_assert(!r.guard_broken);
}
END_TEST

static int outputs_equal(const cf_stage_case *a, const cf_stage_case *b) {
    int equal = 1;
    for (int i = 0; i < CF_STAGE_PORTS && stage->out[i].name; i++) {
        const cf_plane_set *set = &a->host.out[i];
        size_t bytes = cf_plane_set_bytes(set);
        char *x = cf_alloc(bytes, 1), *y = cf_alloc(bytes, 1);
        ck_assert(x && y);
        ck_assert_int_eq(cf_buffer_read(a->device.out[i].buf, 0, x, bytes), CF_OK);
        ck_assert_int_eq(cf_buffer_read(b->device.out[i].buf, 0, y, bytes), CF_OK);
        for (int row = 0; row < set->height * set->planes; row++) {
            size_t at = (size_t)row * (size_t)set->pitch * (size_t)set->elem;
            equal &= !memcmp(x + at, y + at, (size_t)set->width * (size_t)set->elem);
        }
        cf_free(x);
        cf_free(y);
    }
    return equal;
}

START_TEST(is_deterministic) {
    const cf_case_spec spec = {.width = 150, .height = 83, .seed = 9};
    cf_stage_case *a, *b;
    ck_assert_int_eq(cf_stage_case_create(stage, NULL, &spec, cl, &a), CF_OK);
    ck_assert_int_eq(cf_stage_case_create(stage, NULL, &spec, cl, &b), CF_OK);
    ck_assert_int_eq(cf_stage_case_launch(a), CF_OK);
    ck_assert_int_eq(cf_stage_case_launch(b), CF_OK);
    ck_assert_msg(outputs_equal(a, b), "%s: two runs on the same input differ", stage->name);
    cf_stage_case_destroy(&a);
    cf_stage_case_destroy(&b);
}
END_TEST

static void set_option(const cf_option *o, void *params, double value) {
    for (int i = 0; i < o->count; i++) {
        char *at = (char *)params + o->offset;
        if (o->type == CF_OPTION_INT)
            ((int *)(void *)at)[i] = (int)value;
        else
            ((float *)(void *)at)[i] = (float)value;
    }
}

START_TEST(keeps_to_its_options) {
    const cf_case_spec spec = {.width = 37, .height = 22, .seed = 3};
    void *params = cf_alloc(1, stage->params_size);
    ck_assert(params != NULL);
    for (const cf_option *o = stage->options; o && o->name; o++) {
        double limits[2] = {o->min, o->max};
        for (int i = 0; i < 2; i++) {
            memcpy(params, stage->defaults, stage->params_size);
            set_option(o, params, limits[i]);
            expect_match(params, &spec, o->name);
        }
        set_option(o, params, o->max * 2 + 1);
        cf_stage_case *test;
        ck_assert_int_eq(cf_stage_case_create(stage, NULL, &spec, cl, &test), CF_OK);
        ck_assert_int_eq(cf_stage_run_cl(stage, cl, &test->device, params), CF_ERR_INVALID);
        cf_stage_case_destroy(&test);
    }
    cf_free(params);
}
END_TEST

START_TEST(survives_failing_memory) {
    const cf_case_spec spec = {.width = 40, .height = 24, .seed = 4};
    cf_stage_case *test;
    ck_assert_int_eq(cf_stage_case_create(stage, NULL, &spec, cl, &test), CF_OK);
    ck_assert_int_eq(cf_stage_case_launch(test), CF_OK);
    size_t live = cf_pool_statistics(cl).live_count;
    for (long after = 0; after < 64; after++) {
        cf_pool_fail_after(cl, after);
        cf_status status = cf_stage_case_launch(test);
        cf_pool_fail_after(cl, -1);
        ck_assert_uint_eq(cf_pool_statistics(cl).live_count, live);
        if (status == CF_OK)
            break;
        ck_assert_int_eq(status, CF_ERR_MEMORY);
    }
    cf_stage_case_destroy(&test);
}
END_TEST

START_TEST(refuses_wrong_pictures) {
    const cf_case_spec spec = {.width = 40, .height = 24, .seed = 4};
    cf_stage_case *test;
    ck_assert_int_eq(cf_stage_case_create(stage, NULL, &spec, cl, &test), CF_OK);
    cf_stage_io io = test->device;
    io.in[0].planes += 1;
    if (stage->in[0].planes)
        ck_assert_int_eq(cf_stage_run_cl(stage, cl, &io, NULL), CF_ERR_INVALID);
    io = test->device;
    io.out[0].width += 1;
    ck_assert_int_eq(cf_stage_run_cl(stage, cl, &io, NULL), CF_ERR_INVALID);
    cf_stage_case_destroy(&test);
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2 || !(stage = cf_stage_find(argv[1]))) {
        fprintf(stderr, "usage: %s STAGE\n", argv[0]);
        return 2;
    }
    cf_log_set(print_line, NULL, getenv("VERBOSE") ? CF_LOG_DEBUG : CF_LOG_WARNING);
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    Suite *suite = suite_create(stage->name);
    TCase *tc = tcase_create("conformance");
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, matches_reference_at_all_sizes);
    tcase_add_test(tc, survives_nan_and_infinity);
    tcase_add_test(tc, is_deterministic);
    tcase_add_test(tc, keeps_to_its_options);
    tcase_add_test(tc, survives_failing_memory);
    tcase_add_test(tc, refuses_wrong_pictures);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    cf_cl_close(&cl);
    return failed != 0;
}
