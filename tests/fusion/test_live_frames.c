/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stream of frames needs of the fusion: packed codes, cameras that change from frame to
 * frame, copies that nobody waits for. Does not judge pictures: tests/fusion/test_fuse.c does; nor
 * the unpacking of each layout: tests/isp/test_unpack.c.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "capture/scene.h"
#include "capture/simulator.h"
#include "cl/program.h"
#include "cl/ticket.h"
#include "fusion/fuse.h"
#include "tests/test_main.h"

enum { WIDTH = 98, HEIGHT = 64 }; /* 98: no whole groups of 4 pixels */

static cf_cl *cl;

/* A simulated pair, its codes cut to `bits`. */
typedef struct {
    cf_simulation *simulation;
    cf_camera_profile mono, color; /* shallow copies */
    cf_rectification geometry;
    int bits;
} rig;

static cf_camera_model *model_of(const cf_simulated_camera *c) {
    char text[512];
    cf_camera_model *model;
    const double *r = c->rotation, *t = c->translation;
    int n = snprintf(
        text, sizeof text,
        "{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [%.12g, %.12g, %.12g, %.12g], "
        "'extrinsics': [%.12g, %.12g, %.12g, %.12g, %.12g, %.12g], 'imagersize': [%d, %d]}",
        c->focal, c->focal, c->centre[0], c->centre[1], r[0], r[1], r[2], t[0], t[1], t[2],
        c->width, c->height);
    ck_assert_int_eq(cf_camera_model_parse("simulated", text, (size_t)n, &model), CF_OK);
    return model;
}

/* Codes of fewer bits, as a sensor with a shorter converter would give them. */
static void shorten(cf_frame *frame, int bits) {
    for (int y = 0; y < frame->image.height; y++)
        for (int x = 0; x < frame->image.width; x++) {
            unsigned short *code = (unsigned short *)cf_image_row(&frame->image, 0, y) + x;
            *code = (unsigned short)(*code >> (16 - bits));
        }
}

static cf_camera_profile shortened(const cf_camera_profile *from, int bits) {
    cf_camera_profile p = *from;
    float share = 1 / (float)(1 << (16 - bits));
    for (int i = 0; i < 4; i++)
        p.black[i] *= share;
    p.white *= share;
    return p;
}

static void make_rig(int bits, rig *out) {
    cf_scene_params scene = CF_SCENE_DEFAULTS;
    cf_simulator_params p = CF_SIMULATOR_DEFAULTS;
    cf_scene_views views;
    scene.width = WIDTH;
    scene.height = HEIGHT;
    ck_assert_int_eq(cf_scene_render(&scene, &views), CF_OK);
    p.electrons = 2000;
    p.focal = views.focal;
    p.baseline_m = views.baseline_m;
    p.max_disparity = ceil(views.max_disparity);
    ck_assert_int_eq(cf_simulate(&views.left, &views.right, &p, &out->simulation), CF_OK);
    cf_scene_free(&views);
    cf_simulation *s = out->simulation;
    out->bits = bits;
    shorten(s->mono, bits);
    shorten(s->color, bits);
    out->mono = shortened(&s->mono->profile, bits);
    out->color = shortened(&s->color->profile, bits);
    memcpy(out->mono.spectral, s->spectral, sizeof s->spectral);
    cf_camera_model *mono = model_of(&s->mono_camera), *color = model_of(&s->color_camera);
    const cf_rectify_params params = {.depth_min_m = s->depth_min_m};
    ck_assert_int_eq(cf_rectify(mono, color, &params, &out->geometry), CF_OK);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
}

static void free_rig(rig *r) {
    cf_rectification_clear(&r->geometry);
    cf_simulation_destroy(&r->simulation);
}

static cf_fuse *create(const rig *r, cf_raw_format mono, cf_raw_format color) {
    const cf_fuse_rig parts = {.mono = &r->mono,
                               .color = &r->color,
                               .geometry = &r->geometry,
                               .mono_format = mono,
                               .color_format = color};
    cf_fuse_params params = CF_FUSE_DEFAULTS;
    cf_fuse *fuse;
    params.outputs = 1U << CF_FUSE_PROVENANCE;
    ck_assert_int_eq(cf_fuse_create(cl, &parts, &params, &fuse), CF_OK);
    return fuse;
}

static void check_equal(const cf_image *a, const cf_image *b) {
    for (int y = 0; y < a->height; y++)
        ck_assert_mem_eq(cf_image_row(a, 0, y), cf_image_row(b, 0, y), 3 * (size_t)a->width);
}

static cf_image picture_of(cf_fuse *fuse, const cf_image *mono, const cf_image *color) {
    cf_image picture;
    ck_assert_int_eq(cf_fuse_run(fuse, mono, color), CF_OK);
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_PICTURE, &picture), CF_OK);
    return picture;
}

/* The codes in a layout, by the definition of the layout (MIPI CSI-2 as V4L2 documents it), not by
 * the project's tables. Rows are padded with rubbish, as a driver's bytesperline pads them. */
static cf_image pack(const cf_image *codes, cf_raw_format format) {
    cf_image to, view;
    int bytes = cf_raw_bytes(format, codes->width);
    ck_assert_int_eq(cf_image_alloc(bytes + 37, codes->height, 1, CF_PIXEL_U8, &to), CF_OK);
    memset(to.data, 0xa5, to.plane_stride);
    for (int y = 0; y < codes->height; y++) {
        const unsigned short *code = cf_image_row(codes, 0, y);
        unsigned char *row = cf_image_row(&to, 0, y);
        for (int x = 0; x < codes->width; x++) {
            if (format == CF_RAW_10P) {
                unsigned char *low = &row[x / 4 * 5 + 4];
                row[x / 4 * 5 + x % 4] = (unsigned char)(code[x] >> 2);
                *low = (unsigned char)((*low & ~(3 << x % 4 * 2)) | (code[x] & 3) << x % 4 * 2);
            } else if (format == CF_RAW_12P) {
                unsigned char *low = &row[x / 2 * 3 + 2];
                row[x / 2 * 3 + x % 2] = (unsigned char)(code[x] >> 4);
                *low = (unsigned char)((*low & ~(15 << x % 2 * 4)) | (code[x] & 15) << x % 2 * 4);
            } else {
                row[2 * x] = (unsigned char)code[x];
                row[2 * x + 1] = (unsigned char)(code[x] >> 8 | 0xf0); /* rubbish in unused bits */
            }
        }
    }
    view = to;
    view.width = bytes;
    return view;
}

START_TEST(packed_codes_give_the_same_picture) {
    static const struct {
        int bits;
        cf_raw_format mono, color;
    } cases[] = {{10, CF_RAW_10P, CF_RAW_10},
                 {12, CF_RAW_12, CF_RAW_12P},
                 {12, CF_RAW_CODES, CF_RAW_12P},
                 {10, CF_RAW_10P, CF_RAW_CODES}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig r;
        make_rig(cases[i].bits, &r);
        const cf_image *codes[2] = {&r.simulation->mono->image, &r.simulation->color->image};
        const cf_raw_format format[2] = {cases[i].mono, cases[i].color};
        cf_image frame[2];
        for (int k = 0; k < 2; k++)
            frame[k] = format[k] == CF_RAW_CODES ? *codes[k] : pack(codes[k], format[k]);
        cf_fuse *plain = create(&r, CF_RAW_CODES, CF_RAW_CODES);
        cf_fuse *packed = create(&r, format[0], format[1]);
        cf_image a = picture_of(plain, codes[0], codes[1]);
        cf_image b = picture_of(packed, &frame[0], &frame[1]);
        check_equal(&a, &b);
        ck_assert_int_eq(cf_fuse_run(packed, codes[0], codes[1]), CF_ERR_INVALID);
        for (int k = 0; k < 2; k++)
            if (format[k] != CF_RAW_CODES)
                cf_image_free(&frame[k]);
        cf_image_free(&a);
        cf_image_free(&b);
        cf_fuse_destroy(&plain);
        cf_fuse_destroy(&packed);
        free_rig(&r);
    }
}
END_TEST

/* Another exposure and white balance of both cameras. */
static void change(rig *r, float neutral, float gain, float noise) {
    r->color.neutral[0] *= neutral;
    r->color.noise.scale *= noise;
    r->mono.gain = gain;
    r->mono.noise.scale *= noise;
}

START_TEST(an_update_equals_a_new_plan) {
    rig r;
    make_rig(12, &r);
    const cf_image *mono = &r.simulation->mono->image, *color = &r.simulation->color->image;
    cf_fuse *live = create(&r, CF_RAW_CODES, CF_RAW_CODES);
    cf_image before = picture_of(live, mono, color);
    change(&r, 0.9F, 1.25F, 1.5F);
    ck_assert_int_eq(cf_fuse_update(live, &r.mono, &r.color), CF_OK);
    cf_fuse *fresh = create(&r, CF_RAW_CODES, CF_RAW_CODES);
    cf_image a = picture_of(live, mono, color), b = picture_of(fresh, mono, color);
    check_equal(&a, &b);
    ck_assert_int_ne(memcmp(a.data, before.data, a.plane_stride), 0);
    cf_image_free(&a);
    cf_image_free(&b);
    cf_image_free(&before);
    cf_fuse_destroy(&live);
    cf_fuse_destroy(&fresh);
    free_rig(&r);
}
END_TEST

START_TEST(updates_allocate_and_compile_nothing) {
    rig r;
    make_rig(12, &r);
    const cf_image *mono = &r.simulation->mono->image, *color = &r.simulation->color->image;
    cf_fuse *live = create(&r, CF_RAW_CODES, CF_RAW_CODES);
    cf_image picture = picture_of(live, mono, color);
    cf_pool_stats pool = cf_pool_statistics(cl);
    cf_program_stats programs = cf_program_statistics(cl);
    cf_alloc_fail_after(0); /* the host's memory may not be asked for either */
    for (int i = 0; i < 20; i++) {
        change(&r, i % 2 ? 1.05F : 0.95F, 1 + 0.02F * (float)i, i % 2 ? 1.1F : 0.9F);
        ck_assert_int_eq(cf_fuse_update(live, &r.mono, &r.color), CF_OK);
        ck_assert_int_eq(cf_fuse_run(live, mono, color), CF_OK);
        ck_assert_int_eq(cf_fuse_read(live, CF_FUSE_PICTURE, &picture), CF_OK);
    }
    cf_alloc_fail_after(-1);
    ck_assert_uint_eq(cf_pool_statistics(cl).allocations, pool.allocations);
    ck_assert_uint_eq(cf_program_statistics(cl).built, programs.built);
    ck_assert_uint_eq(cf_program_statistics(cl).loaded, programs.loaded);
    cf_image_free(&picture);
    cf_fuse_destroy(&live);
    free_rig(&r);
}
END_TEST

/* From 2000 electrons down to 30: the colour raw is then denoised first and matching runs on
 * smaller pictures, so the chain has other steps and sizes. */
START_TEST(much_more_noise_plans_anew) {
    rig r;
    make_rig(12, &r);
    const cf_image *mono = &r.simulation->mono->image, *color = &r.simulation->color->image;
    cf_fuse *live = create(&r, CF_RAW_CODES, CF_RAW_CODES);
    cf_image first = picture_of(live, mono, color);
    rig quiet = r;
    size_t allocations = 0;
    for (int i = 0; i < 10; i++) {
        rig *now = i % 2 ? &quiet : &r;
        if (i % 2 == 0) {
            r = quiet;
            change(&r, 1, 1, 66);
        }
        ck_assert_int_eq(cf_fuse_update(live, &now->mono, &now->color), CF_OK);
        cf_fuse *fresh = create(now, CF_RAW_CODES, CF_RAW_CODES);
        cf_image a = picture_of(live, mono, color), b = picture_of(fresh, mono, color);
        check_equal(&a, &b);
        if (i % 2)
            check_equal(&a, &first);
        cf_image_free(&a);
        cf_image_free(&b);
        cf_fuse_destroy(&fresh);
        if (i == 5) /* a buffer serves for one of half its size: it settles with the third turn */
            allocations = cf_pool_statistics(cl).allocations;
    }
    ck_assert_uint_eq(cf_pool_statistics(cl).allocations, allocations); /* to and fro: none new */
    cf_image_free(&first);
    cf_fuse_destroy(&live);
    free_rig(&quiet);
}
END_TEST

START_TEST(wrong_updates_change_nothing) {
    rig r;
    make_rig(12, &r);
    const cf_image *mono = &r.simulation->mono->image, *color = &r.simulation->color->image;
    cf_fuse *live = create(&r, CF_RAW_CODES, CF_RAW_CODES);
    cf_image before = picture_of(live, mono, color);
    cf_camera_profile wrong = r.mono;
    wrong.width--;
    ck_assert_int_eq(cf_fuse_update(live, &wrong, &r.color), CF_ERR_INVALID);
    ck_assert_int_eq(cf_fuse_update(live, &r.color, &r.mono), CF_ERR_INVALID);
    wrong = r.mono;
    wrong.white = wrong.black[0];
    ck_assert_int_eq(cf_fuse_update(live, &wrong, &r.color), CF_ERR_INVALID);
    wrong = r.mono;
    wrong.gain = NAN;
    ck_assert_int_eq(cf_fuse_update(live, &wrong, &r.color), CF_ERR_INVALID);
    cf_image after = picture_of(live, mono, color);
    check_equal(&before, &after);
    cf_image_free(&before);
    cf_image_free(&after);
    cf_fuse_destroy(&live);
    free_rig(&r);
}
END_TEST

START_TEST(queued_frames_equal_waited_ones) {
    rig r;
    cf_image shown[2], grid, shares;
    cf_ticket ticket[2] = {{0}, {0}};
    make_rig(12, &r);
    cf_image mono[2] = {r.simulation->mono->image, {0}}, color = r.simulation->color->image;
    ck_assert_int_eq(cf_image_alloc(mono[0].width, mono[0].height, 1, CF_PIXEL_U16, &mono[1]),
                     CF_OK); /* a black frame */
    cf_fuse *fuse = create(&r, CF_RAW_CODES, CF_RAW_CODES);
    cf_image waited[2] = {picture_of(fuse, &mono[0], &color), picture_of(fuse, &mono[1], &color)};
    for (int k = 0; k < 2; k++)
        ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_PICTURE, &shown[k]), CF_OK);
    for (int i = 0; i < 8; i++) { /* frame i + 1 is queued before frame i is waited for */
        ck_assert_int_eq(cf_fuse_queue(fuse, &mono[i % 2], &color), CF_OK);
        ck_assert_int_eq(cf_fuse_queue_read(fuse, CF_FUSE_PICTURE, 1, &shown[i % 2]), CF_OK);
        ck_assert_int_eq(cf_ticket_take(cl, &ticket[i % 2]), CF_OK);
        if (i > 0) {
            ck_assert_int_eq(cf_ticket_wait(cl, &ticket[(i - 1) % 2]), CF_OK);
            ck_assert(cf_ticket_is_done(&ticket[(i - 1) % 2]));
            check_equal(&shown[(i - 1) % 2], &waited[(i - 1) % 2]);
        }
    }
    ck_assert_int_eq(cf_ticket_wait(cl, &ticket[1]), CF_OK);
    ck_assert_int_eq(cf_ticket_wait(cl, &ticket[1]), CF_OK); /* done is done */

    /* Every 16th row alone. */
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_PROVENANCE, &shares), CF_OK);
    ck_assert_int_eq(
        cf_image_alloc(shares.width, (shares.height + 15) / 16, 1, CF_PIXEL_RGB8, &grid), CF_OK);
    ck_assert_int_eq(cf_fuse_queue_read(fuse, CF_FUSE_PROVENANCE, 1, &grid), CF_ERR_INVALID);
    ck_assert_int_eq(cf_fuse_queue_read(fuse, CF_FUSE_PROVENANCE, 16, &grid), CF_OK);
    ck_assert_int_eq(cf_ticket_take(cl, &ticket[0]), CF_OK);
    ck_assert_int_eq(cf_ticket_wait(cl, &ticket[0]), CF_OK);
    for (int y = 0; y < grid.height; y++)
        ck_assert_mem_eq(cf_image_row(&grid, 0, y), cf_image_row(&shares, 0, 16 * y),
                         3 * (size_t)grid.width);
    for (int k = 0; k < 2; k++) {
        cf_image_free(&shown[k]);
        cf_image_free(&waited[k]);
    }
    cf_image_free(&grid);
    cf_image_free(&shares);
    cf_image_free(&mono[1]);
    cf_fuse_destroy(&fuse);
    free_rig(&r);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, packed_codes_give_the_same_picture);
    tcase_add_test(tc, an_update_equals_a_new_plan);
    tcase_add_test(tc, updates_allocate_and_compile_nothing);
    tcase_add_test(tc, much_more_noise_plans_anew);
    tcase_add_test(tc, wrong_updates_change_nothing);
    tcase_add_test(tc, queued_frames_equal_waited_ones);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int failed = test_run("live_frames", add);
    cf_cl_close(&cl);
    return failed;
}
