/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `cells` against values worked out by hand and against what training data is made with. Does
 * not prove that the kernel agrees (conformance/cells), nor that a whole chain's inputs are those
 * of training (tools/render_pairs). */
#include "fusion/cells.h"

#include <math.h>

#include "base/alloc.h"
#include "base/random.h"
#include "tests/test_main.h"
#include "tools/train/render/record.h"

enum { MONO, HINT, CONFIDENCE, SIGMA, TRANSFERRED, DOUBT, PORTS };
static const int plane_count[PORTS] = {1, 2, 1, 1, 2, 1};

/* Room for inputs and outputs of a picture; everything 0. */
static void make(int width, int height, cf_stage_io *io) {
    *io = (cf_stage_io){0};
    for (int i = 0; i < PORTS; i++) {
        io->in[i] = (cf_plane_set){.width = width,
                                   .height = height,
                                   .planes = plane_count[i],
                                   .pitch = CF_PITCH(width),
                                   .elem = 4};
        io->in[i].data = cf_alloc(cf_plane_set_bytes(&io->in[i]), 1);
        ck_assert_ptr_nonnull(io->in[i].data);
    }
    for (int i = 0; i < PORTS; i++) {
        ck_assert_int_eq(cf_stage_shape(&cf_stage_cells, io, NULL, i, &io->out[i]), CF_OK);
        io->out[i].data = cf_alloc(cf_plane_set_bytes(&io->out[i]), 1);
        ck_assert_ptr_nonnull(io->out[i].data);
    }
}

static void clear(cf_stage_io *io) {
    for (int i = 0; i < PORTS; i++) {
        cf_free(io->in[i].data);
        cf_free(io->out[i].data);
    }
}

static float out(const cf_stage_io *io, int port, int plane, int x, int y) {
    return cf_row(&io->out[port], plane, y)[x];
}

START_TEST(three_by_three_by_hand) {
    static const float mono[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const float hint[9] = {0.5F, 1, -2, NAN, 3, 4, 5, 6, -7};
    static const float trust[9] = {0.25F, 0.75F, 0.5F, 1, 0, NAN, 0.5F, 0.5F, 0.125F};
    cf_stage_io io;
    make(3, 3, &io);
    for (int i = 0; i < 9; i++) {
        cf_row(&io.in[MONO], 0, i / 3)[i % 3] = mono[i];
        cf_row(&io.in[HINT], 0, i / 3)[i % 3] = hint[i];
        cf_row(&io.in[HINT], 1, i / 3)[i % 3] = 0.5F;
        cf_row(&io.in[CONFIDENCE], 0, i / 3)[i % 3] = trust[i];
        cf_row(&io.in[DOUBT], 0, i / 3)[i % 3] = i == 4 ? INFINITY : 8;
    }
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_cells, &io, NULL), CF_OK);
    ck_assert_int_eq(io.out[0].width, 16);
    ck_assert_int_eq(io.out[0].height, 16);
    ck_assert_float_eq(out(&io, MONO, 0, 0, 0), 3);    /* 1 2 4 5 */
    ck_assert_float_eq(out(&io, MONO, 0, 1, 0), 4.5F); /* 3 6 */
    ck_assert_float_eq(out(&io, MONO, 0, 0, 1), 7.5F); /* 7 8 */
    ck_assert_float_eq(out(&io, MONO, 0, 1, 1), 9);
    ck_assert_float_eq(out(&io, MONO, 0, 15, 0), 4.5F); /* repeated */
    ck_assert_float_eq(out(&io, MONO, 0, 0, 15), 7.5F);
    ck_assert_float_eq(out(&io, MONO, 0, 15, 15), 9);
    /* (0.25 0.5 + 0.75 1) / 1: the hint that is no number has no trust, the last one is given none
     */
    ck_assert_float_eq_tol(out(&io, HINT, 0, 0, 0), 0.875F, 1e-6);
    ck_assert_float_eq_tol(out(&io, CONFIDENCE, 0, 0, 0), 0.25F, 1e-6);
    ck_assert_float_eq_tol(out(&io, HINT, 0, 1, 0), -2, 1e-6);
    ck_assert_float_eq_tol(out(&io, CONFIDENCE, 0, 1, 0), 0.25F, 1e-6); /* 0.5 and NaN */
    ck_assert_float_eq_tol(out(&io, HINT, 0, 0, 1), 5.5F, 1e-6);
    ck_assert_float_eq_tol(out(&io, HINT, 1, 9, 9), 0.5F, 1e-6);
    ck_assert_float_eq_tol(out(&io, DOUBT, 0, 0, 0), 6, 1e-6);
    ck_assert_float_eq_tol(out(&io, DOUBT, 0, 1, 1), 8, 1e-6);
    clear(&io);
}
END_TEST

static cf_image view(const cf_plane_set *set) {
    size_t stride = (size_t)set->pitch * sizeof(float);
    return (cf_image){set->data,   set->width, set->height,
                      set->planes, stride,     stride * (size_t)set->height,
                      CF_PIXEL_F32};
}

/* The other way to the same numbers: what the training data is shrunk with. */
START_TEST(same_as_training_data) {
    enum { WIDTH = 96, HEIGHT = 64 };
    cf_stage_io io;
    cf_random random;
    make(WIDTH, HEIGHT, &io);
    cf_random_seed(&random, 7);
    for (int i = 0; i < PORTS; i++)
        for (int p = 0; p < plane_count[i]; p++)
            for (int y = 0; y < HEIGHT; y++)
                for (int x = 0; x < WIDTH; x++) {
                    double v = cf_random_uniform(&random);
                    cf_row(&io.in[i], p, y)[x] = (float)(i == CONFIDENCE ? fmax(0, 2 * v - 1) : v);
                }
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_cells, &io, NULL), CF_OK);
    cf_image trust = view(&io.in[CONFIDENCE]);
    for (int i = 0; i < PORTS; i++) {
        cf_image whole = view(&io.in[i]), shrunk;
        ck_assert_int_eq(cf_record_shrink(&whole, i == HINT ? &trust : NULL, &shrunk), CF_OK);
        for (int p = 0; p < plane_count[i]; p++)
            for (int y = 0; y < HEIGHT / 2; y++)
                for (int x = 0; x < WIDTH / 2; x++)
                    ck_assert_float_eq_tol(out(&io, i, p, x, y),
                                           ((float *)cf_image_row(&shrunk, p, y))[x], 1e-6);
        cf_image_free(&shrunk);
    }
    clear(&io);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, three_by_three_by_hand);
    tcase_add_test(tc, same_as_training_data);
}

int main(void) {
    return test_run("cells", add);
}
