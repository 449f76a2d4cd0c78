/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage runner: naming errors, pruning, memory over many frames. Does not judge pictures:
 * tests/fusion/test_fuse.c and the stages' own tests do.
 */
#include <string.h>

#include "cl/buffer.h"
#include "fusion/pipeline.h"
#include "tests/test_main.h"

#define WIDTH 70
#define HEIGHT 41

static cf_cl *cl;

static const cf_step good[] = {
    {"black", CF_ROLE_MONO, {"codes"}, {"raw"}, NULL},
    {"encode", CF_ROLE_MONO, {"raw"}, {"shown"}, NULL},
    {"pack", CF_ROLE_MONO, {"shown"}, {"bytes"}, NULL},
    {"pack", CF_ROLE_MONO, {"shown"}, {"words"}, "depth=16"},
    {0},
};

static cf_camera_profile camera;

static cf_status create(const cf_step *steps, const char *wanted, const char *setting,
                        cf_pipeline **out) {
    const cf_stage_context context = {.mono = &camera, .color = &camera};
    const cf_pipeline_input input = {
        "codes",
        {.width = WIDTH, .height = HEIGHT, .planes = 1, .elem = 2, .domain = CF_DOMAIN_CODES}};
    const cf_pipeline_plan plan = {.steps = steps,
                                   .context = &context,
                                   .inputs = &input,
                                   .input_count = 1,
                                   .wanted = &wanted,
                                   .wanted_count = 1,
                                   .settings = &setting,
                                   .setting_count = setting ? 1 : 0};
    cf_camera_profile_init(&camera);
    camera.black[0] = camera.black[1] = camera.black[2] = camera.black[3] = 1000;
    camera.white = 2000;
    return cf_pipeline_create(cl, &plan, out);
}

static void write_codes(cf_pipeline *p, unsigned short code) {
    cf_image codes;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_U16, &codes), CF_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            ((unsigned short *)cf_image_row(&codes, 0, y))[x] = code;
    ck_assert_int_eq(cf_pipeline_write(p, "codes", &codes), CF_OK);
    cf_image_free(&codes);
}

START_TEST(runs_bound_stages_in_order) {
    cf_pipeline *p;
    cf_image bytes;
    ck_assert_int_eq(create(good, "bytes", NULL, &p), CF_OK);
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_U8, &bytes), CF_OK);
    write_codes(p, 1214); /* 0.214 linear: sRGB encodes it as 0.5000 (IEC 61966-2-1) */
    ck_assert_int_eq(cf_pipeline_run(p), CF_OK);
    ck_assert_int_eq(cf_pipeline_read(p, "bytes", &bytes), CF_OK);
    ck_assert_int_eq(((unsigned char *)cf_image_row(&bytes, 0, HEIGHT - 1))[WIDTH - 1], 127);
    cf_image_free(&bytes);
    cf_pipeline_destroy(&p);
}
END_TEST

START_TEST(leaves_out_what_nobody_wants) {
    cf_pipeline *p;
    size_t count;
    ck_assert_int_eq(create(good, "raw", NULL, &p), CF_OK);
    const char *const *names = cf_pipeline_stages(p, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(names[0], "black");
    ck_assert_ptr_null(cf_pipeline_tensor(p, "shown"));
    cf_pipeline_destroy(&p);
}
END_TEST

START_TEST(memory_is_flat_over_a_thousand_frames) {
    cf_pipeline *p;
    ck_assert_int_eq(create(good, "words", NULL, &p), CF_OK);
    write_codes(p, 1500);
    ck_assert_int_eq(cf_pipeline_run(p), CF_OK);
    ck_assert_int_eq(cf_cl_finish(cl), CF_OK);
    cf_pool_stats before = cf_pool_statistics(cl);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(cf_pipeline_run(p), CF_OK);
    ck_assert_int_eq(cf_cl_finish(cl), CF_OK);
    cf_pool_stats after = cf_pool_statistics(cl);
    ck_assert_uint_eq(before.allocations, after.allocations);
    ck_assert_uint_eq(before.live_bytes, after.live_bytes);
    cf_pipeline_destroy(&p);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

START_TEST(settings_reach_their_stage) {
    cf_pipeline *p;
    ck_assert_int_eq(create(good, "shown", "encode.gain=0.5", &p), CF_OK);
    cf_image shown;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_F32, &shown), CF_OK);
    write_codes(p, 1428);
    ck_assert_int_eq(cf_pipeline_run(p), CF_OK);
    ck_assert_int_eq(cf_pipeline_read(p, "shown", &shown), CF_OK);
    ck_assert_double_eq_tol((double)*(float *)cf_image_row(&shown, 0, 0), 0.5, 1e-3);
    cf_image_free(&shown);
    cf_pipeline_destroy(&p);
    ck_assert_int_eq(create(good, "shown", "encode.gain=nonsense", &p), CF_ERR_INVALID);
    ck_assert_int_eq(create(good, "shown", "encode.nothing=1", &p), CF_ERR_INVALID);
    ck_assert_int_eq(create(good, "shown", "nostage.gain=1", &p), CF_ERR_INVALID);
    ck_assert_int_eq(create(good, "shown", "gain", &p), CF_ERR_INVALID);
}
END_TEST

START_TEST(refuses_lists_that_do_not_fit) {
    static const cf_step unknown[] = {{"nothing", CF_ROLE_MONO, {"codes"}, {"x"}, NULL}, {0}};
    static const cf_step missing[] = {{"black", CF_ROLE_MONO, {"other"}, {"x"}, NULL}, {0}};
    static const cf_step twice[] = {{"black", CF_ROLE_MONO, {"codes"}, {"codes"}, NULL}, {0}};
    static const cf_step no_output[] = {{"black", CF_ROLE_MONO, {"codes"}, {0}, NULL}, {0}};
    static const cf_step no_input[] = {{"black", CF_ROLE_MONO, {0}, {"x"}, NULL}, {0}};
    const cf_step *const bad[] = {unknown, missing, twice, no_output, no_input};
    cf_pipeline *p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(create(bad[i], "x", NULL, &p), CF_ERR_INVALID);
    ck_assert_int_eq(create(good, "no such tensor", NULL, &p), CF_ERR_INVALID);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

/* measured = match * 1.2 * confidence / (confidence + 0.2) in whole 1/255 (fusion/provenance.h) */
static const cf_step remembering[] = {
    {"black", CF_ROLE_MONO, {"codes"}, {"raw"}, NULL},
    {"provenance", CF_ROLE_MONO, {"raw", CF_LAST "raw", CF_LAST "raw"}, {"shares"}, NULL},
    {0},
};

static float measured_share(cf_pipeline *p, unsigned short code) {
    cf_image shares;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 3, CF_PIXEL_F32, &shares), CF_OK);
    write_codes(p, code);
    ck_assert_int_eq(cf_pipeline_run(p), CF_OK);
    ck_assert_int_eq(cf_pipeline_read(p, "shares", &shares), CF_OK);
    float share = ((float *)cf_image_row(&shares, 1, HEIGHT - 1))[WIDTH - 1];
    cf_image_free(&shares);
    return share;
}

START_TEST(remembers_the_frame_before) {
    cf_pipeline *p, *after;
    ck_assert_int_eq(create(remembering, "shares", NULL, &p), CF_OK);
    ck_assert_float_eq_tol(measured_share(p, 1500), 0, 1e-6);            /* nothing before */
    ck_assert_float_eq_tol(measured_share(p, 2000), 128.0F / 255, 1e-6); /* 0.5 * 1 */
    ck_assert_float_eq_tol(measured_share(p, 1100), 102.0F / 255, 1e-6); /* 1 * 0.4 */
    ck_assert_float_eq_tol(measured_share(p, 2000), 26.0F / 255, 1e-6);  /* 0.1 * 1 */

    ck_assert_int_eq(create(remembering, "shares", NULL, &after), CF_OK);
    cf_pipeline_adopt(after, p);
    cf_pipeline_destroy(&p);
    ck_assert_float_eq_tol(measured_share(after, 1100), 102.0F / 255, 1e-6);
    ck_assert_int_eq(cf_pipeline_forget(after), CF_OK);
    ck_assert_float_eq_tol(measured_share(after, 1100), 0, 1e-6);
    cf_pipeline_destroy(&after);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

START_TEST(keeps_what_only_the_next_frame_needs) {
    static const cf_step steps[] = {
        {"provenance", CF_ROLE_MONO, {"raw", CF_LAST "later", CF_LAST "later"}, {"shares"}, NULL},
        {"guide", CF_ROLE_MONO, {"raw"}, {"later"}, NULL},
        {"guide", CF_ROLE_MONO, {"raw"}, {"unused"}, NULL},
        {0},
    };
    static cf_step list[5] = {{"black", CF_ROLE_MONO, {"codes"}, {"raw"}, NULL}};
    cf_pipeline *p;
    size_t count;
    memcpy(&list[1], steps, sizeof steps);
    ck_assert_int_eq(create(list, "shares", NULL, &p), CF_OK);
    cf_pipeline_stages(p, &count);
    ck_assert_uint_eq(count, 3);
    measured_share(p, 1250);
    ck_assert_float_eq_tol(measured_share(p, 2000), 128.0F / 255, 1e-6); /* sqrt(0.25) * 1 */
    cf_pipeline_destroy(&p);
}
END_TEST

START_TEST(refuses_what_cannot_be_remembered) {
    static const cf_step nobody[] = {
        {"black", CF_ROLE_MONO, {"codes"}, {"x"}, NULL},
        {"provenance", CF_ROLE_MONO, {"x", CF_LAST "y", "x"}, {"shares"}, NULL},
        {0}};
    static const cf_step input[] = {
        {"black", CF_ROLE_MONO, {"codes"}, {"x"}, NULL},
        {"provenance", CF_ROLE_MONO, {"x", CF_LAST "codes", "x"}, {"y"}, NULL},
        {0}};
    static const cf_step other_size[] = {
        {"black", CF_ROLE_MONO, {"codes"}, {"x"}, NULL},
        {"provenance", CF_ROLE_MONO, {"x", CF_LAST "small", "x"}, {"shares"}, NULL},
        {"bayer_pack", CF_ROLE_MONO, {"x"}, {"small"}, NULL},
        {0}};
    const cf_step *const bad[] = {nobody, input, other_size};
    cf_pipeline *p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(create(bad[i], "x", NULL, &p), CF_ERR_INVALID);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

START_TEST(survives_failing_memory) {
    for (long after = 0; after < 32; after++) {
        cf_pipeline *p;
        cf_pool_fail_after(cl, after);
        cf_status status = create(good, "bytes", NULL, &p);
        if (status == CF_OK)
            status = cf_pipeline_run(p);
        cf_pool_fail_after(cl, -1);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        cf_pipeline_destroy(&p);
        ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
        if (status == CF_OK)
            break;
    }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, runs_bound_stages_in_order);
    tcase_add_test(tc, leaves_out_what_nobody_wants);
    tcase_add_test(tc, memory_is_flat_over_a_thousand_frames);
    tcase_add_test(tc, settings_reach_their_stage);
    tcase_add_test(tc, refuses_lists_that_do_not_fit);
    tcase_add_test(tc, remembers_the_frame_before);
    tcase_add_test(tc, keeps_what_only_the_next_frame_needs);
    tcase_add_test(tc, refuses_what_cannot_be_remembered);
    tcase_add_test(tc, survives_failing_memory);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int failed = test_run("pipeline", add);
    cf_cl_close(&cl);
    return failed;
}
