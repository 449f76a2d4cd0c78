/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `motion` on pictures moved by known amounts, changed in light, cut, and covered. Does not
 * prove that the kernel agrees: conformance/motion does; nor how it does on photographs beside
 * OpenCV: tests/tools/compare_motion.py does.
 */
#include "fusion/motion.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "tests/test_main.h"

#define W 192
#define H 144
#define COLUMNS 25 /* (W - 1 + 7) / 8 + 1 */
#define ROWS 19
#define PITCH 32
#define WAVES 40

static float guide[2][H * W], sigma[H * W], motion[4 * ROWS * PITCH];
static unsigned short small[2][H / 2 * W / 2];
static float waves[WAVES][4];

/* Waves of all directions, 10 to 60 pixels long. */
static void make_scene(uint64_t seed) {
    cf_random r;
    cf_random_seed(&r, seed);
    for (int i = 0; i < WAVES; i++) {
        double angle = 6.2832 * cf_random_uniform(&r), length = 10 + 50 * cf_random_uniform(&r);
        waves[i][0] = (float)(6.2832 / length * cos(angle));
        waves[i][1] = (float)(6.2832 / length * sin(angle));
        waves[i][2] = (float)(6.2832 * cf_random_uniform(&r));
        waves[i][3] = 0.03F;
    }
}

static float scene(float x, float y) {
    float sum = 0.45F;
    for (int i = 0; i < WAVES; i++)
        sum += waves[i][3] * sinf(waves[i][0] * x + waves[i][1] * y + waves[i][2]);
    return fmaxf(sum, 0);
}

/* The scene with its origin at (x0, y0), times light, with noise. */
static void take(int frame, float x0, float y0, float light, float noise, uint64_t seed) {
    cf_random r;
    cf_random_seed(&r, seed);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            guide[frame][y * W + x] =
                light * scene((float)x + x0, (float)y + y0) + noise * (float)cf_random_normal(&r);
            sigma[y * W + x] = noise;
        }
}

static void run(int frame) {
    const cf_stage_io io = {
        .in = {{.data = guide[frame], .width = W, .height = H, .planes = 1, .pitch = W, .elem = 4},
               {.data = sigma, .width = W, .height = H, .planes = 1, .pitch = W, .elem = 4},
               {.data = small[!frame],
                .width = W / 2,
                .height = H / 2,
                .planes = 1,
                .pitch = W / 2,
                .elem = 2}},
        .out = {{.data = motion,
                 .width = COLUMNS,
                 .height = ROWS,
                 .planes = 4,
                 .pitch = PITCH,
                 .elem = 4},
                {.data = small[frame],
                 .width = W / 2,
                 .height = H / 2,
                 .planes = 1,
                 .pitch = W / 2,
                 .elem = 2}},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_motion, &io, NULL), CF_OK);
}

/* Frame 0 after nothing, then frame 1. */
static void run_both(void) {
    memset(small, 0, sizeof small);
    run(0);
    run(1);
}

static float at(int plane, int i, int j) {
    return motion[(plane * ROWS + j) * PITCH + i];
}

/* Mean distance of the vectors from (x, y), and the mean share, `rim` nodes away from the border.
 */
static void judge(float x, float y, int rim, float *distance, float *share) {
    int count = 0;
    *distance = *share = 0;
    for (int j = rim; j < ROWS - rim; j++)
        for (int i = rim; i < COLUMNS - rim; i++, count++) {
            *distance += hypotf(at(0, i, j) - x, at(1, i, j) - y);
            *share += at(3, i, j);
        }
    *distance /= (float)count;
    *share /= (float)count;
}

START_TEST(finds_known_motion) {
    static const float moves[][2] = {{6, -4}, {2.5F, 1.25F}, {-0.7F, 0.3F}, {23, 17}, {-40, 9}};
    for (size_t k = 0; k < sizeof moves / sizeof *moves; k++) {
        float distance, share;
        make_scene(k);
        take(0, 0, 0, 1, 0, 0);
        take(1, moves[k][0], moves[k][1], 1, 0, 0); /* what is at p was at p + move */
        run_both();
        judge(moves[k][0], moves[k][1], 6, &distance, &share);
        ck_assert_float_lt(distance, 0.12F);
        ck_assert_float_gt(share, 0.9F);
    }
}
END_TEST

START_TEST(bears_noise) {
    static const float noise[2] = {0.02F, 0.05F}, most[2] = {0.35F, 1.2F};
    for (int k = 0; k < 2; k++) {
        float distance, share;
        make_scene(3);
        take(0, 0, 0, 1, noise[k], 1);
        take(1, 5, 3, 1, noise[k], 2);
        run_both();
        judge(5, 3, 3, &distance, &share);
        ck_assert_float_lt(distance, most[k]);
        ck_assert_float_gt(share, 0.7F);
    }
}
END_TEST

START_TEST(what_stands_still_has_exactly_no_motion) {
    float distance, share;
    make_scene(5);
    take(0, 0, 0, 1, 0.02F, 1);
    take(1, 0, 0, 1, 0.02F, 2);
    run_both();
    int moved = 0;
    for (int j = 0; j < ROWS; j++)
        for (int i = 0; i < COLUMNS; i++)
            moved += at(0, i, j) != 0 || at(1, i, j) != 0;
    judge(0, 0, 0, &distance, &share);
    ck_assert_int_le(moved, ROWS * COLUMNS / 50);
    ck_assert_float_gt(share, 0.85F);
}
END_TEST

START_TEST(light_that_changes_everywhere_does_not_matter) {
    float distance, share;
    make_scene(7);
    take(0, 0, 0, 1, 0, 0);
    take(1, 6, 2, 1.2F, 0, 0);
    run_both();
    judge(6, 2, 3, &distance, &share);
    ck_assert_float_lt(distance, 0.5F);
    ck_assert_float_gt(share, 0.5F);
    ck_assert_float_eq_tol(at(2, 12, 9), 0.2F / 1.2F * guide[1][72 * W + 96], 0.04F);
}
END_TEST

START_TEST(a_cut_ends_everything) {
    make_scene(8);
    take(0, 0, 0, 1, 0.01F, 1);
    make_scene(9);
    take(1, 0, 0, 1, 0.01F, 2);
    run_both();
    for (int j = 0; j < ROWS; j++)
        for (int i = 0; i < COLUMNS; i++)
            ck_assert_float_le(at(3, i, j), 0.02F);
}
END_TEST

START_TEST(the_first_frame_has_no_motion) {
    make_scene(8);
    take(0, 0, 0, 1, 0.01F, 1);
    memset(small, 0, sizeof small);
    run(0);
    for (int j = 0; j < ROWS; j++)
        for (int i = 0; i < COLUMNS; i++)
            ck_assert_float_eq(at(3, i, j), 0);
}
END_TEST

/* A card of another scene, 64 x 64, that moved 12 pixels to the right before a still background. */
START_TEST(a_moving_thing_is_told_from_its_background) {
    static const int left[2] = {56, 68};
    make_scene(10);
    take(0, 0, 0, 1, 0.005F, 1);
    take(1, 0, 0, 1, 0.005F, 2);
    make_scene(11);
    for (int f = 0; f < 2; f++)
        for (int y = 40; y < 104; y++)
            for (int x = 0; x < 64; x++)
                guide[f][y * W + left[f] + x] = scene((float)x, (float)y);
    run_both();
    for (int j = 0; j < ROWS; j++)
        for (int i = 0; i < COLUMNS; i++) {
            int x = 8 * i, y = 8 * j; /* patches reach 8 pixels around their node */
            if (x > 68 + 8 && x < 68 + 64 - 8 && y > 48 && y < 96) {
                ck_assert_float_eq_tol(at(0, i, j), -12, 0.7);
                ck_assert_float_eq_tol(at(1, i, j), 0, 0.7);
                ck_assert_float_gt(at(3, i, j), 0.7);
            } else if (x < 56 - 10 || x > 68 + 64 + 10 || y < 28 || y > 114) {
                ck_assert_float_eq_tol(at(0, i, j), 0, 0.7);
            } else if (x >= 58 && x <= 66 && y > 48 && y < 96) {
                ck_assert_float_lt(at(3, i, j), 0.5); /* just uncovered */
            }
        }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, finds_known_motion);
    tcase_add_test(tc, bears_noise);
    tcase_add_test(tc, what_stands_still_has_exactly_no_motion);
    tcase_add_test(tc, light_that_changes_everywhere_does_not_matter);
    tcase_add_test(tc, a_cut_ends_everything);
    tcase_add_test(tc, the_first_frame_has_no_motion);
    tcase_add_test(tc, a_moving_thing_is_told_from_its_background);
}

/* For tests/tools/compare_motion.py: two guides as raw floats on standard input, of the frame
 * before and of this one, to the stage's output on standard output. */
static int run_on_input(int width, int height, float noise) {
    int columns = (width + 6) / 8 + 1, rows = (height + 6) / 8 + 1, pitch = CF_PITCH(columns);
    size_t pixels = (size_t)width * (size_t)height,
           half = (size_t)((width + 1) / 2) * (size_t)((height + 1) / 2);
    size_t nodes = 4 * (size_t)pitch * (size_t)rows;
    float *guides = calloc(2 * pixels, sizeof *guides), *flat = calloc(pixels, sizeof *flat);
    float *out = calloc(nodes, sizeof *out);
    unsigned short *codes = calloc(2 * half, sizeof *codes);
    int failed = !guides || !flat || !out || !codes ||
                 fread(guides, sizeof *guides, 2 * pixels, stdin) != 2 * pixels;
    for (size_t i = 0; !failed && i < pixels; i++)
        flat[i] = noise;
    for (int frame = 0; !failed && frame < 2; frame++) {
        cf_plane_set big = {
            .width = width, .height = height, .planes = 1, .pitch = width, .elem = 4};
        cf_plane_set little = {.width = (width + 1) / 2,
                               .height = (height + 1) / 2,
                               .planes = 1,
                               .pitch = (width + 1) / 2,
                               .elem = 2};
        cf_stage_io io = {.in = {big, big, little},
                          .out = {{.data = out,
                                   .width = columns,
                                   .height = rows,
                                   .planes = 4,
                                   .pitch = pitch,
                                   .elem = 4},
                                  little}};
        io.in[0].data = guides + (size_t)frame * pixels;
        io.in[1].data = flat;
        io.in[2].data = codes + (size_t)!frame * half;
        io.out[1].data = codes + (size_t)frame * half;
        failed = cf_stage_run_ref(&cf_stage_motion, &io, NULL) != CF_OK;
    }
    for (int row = 0; !failed && row < 4 * rows; row++)
        failed = fwrite(out + (size_t)row * (size_t)pitch, sizeof *out, (size_t)columns, stdout) !=
                 (size_t)columns;
    free(guides);
    free(flat);
    free(out);
    free(codes);
    return failed;
}

int main(int argc, char **argv) {
    if (argc == 4) /* WIDTH HEIGHT NOISE; widths in whole groups of 32 pixels */
        return run_on_input(atoi(argv[1]), atoi(argv[2]), (float)atof(argv[3]));
    return test_run("motion", add);
}
