/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `match_refine` on a made-up depth edge that the coarse picture has in the wrong place. Does
 * not prove that the kernel agrees: conformance/match_refine does. */
#include "fusion/match_refine.h"
#include "tests/test_main.h"

enum { W = 128, H = 32, PITCH = 128, LEVEL = 4, EDGE = 70 };

static int truth(int x) {
    return x >= EDGE ? 20 : 9;
}

START_TEST(moves_the_edge_to_its_pixel) {
    unsigned char left[H * PITCH], right[H * PITCH];
    float coarse[H / LEVEL * 32], trust[H / LEVEL * 32];
    static float disparity[H * PITCH], confidence[H * PITCH];
    unsigned state = 3;
    for (int i = 0; i < H * PITCH; i++) {
        state = state * 1664525U + 1013904223U;
        right[i] = (unsigned char)(state >> 24);
    }
    for (int i = 0; i < H * PITCH; i++) {
        int x = i % PITCH, from = x - truth(x);
        left[i] = right[i / PITCH * PITCH + (from < 0 ? 0 : from)];
    }
    for (int i = 0; i < H / LEVEL * 32; i++) {
        coarse[i] = i % 32 * LEVEL >= EDGE + 2 ? 5 : 2.4F; /* 9.6: not quite 9 */
        trust[i] = 0.75F;
    }
    cf_stage_io io = {
        .in = {{.data = left, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 1},
               {.data = right, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 1},
               {.data = coarse,
                .width = 32,
                .height = H / LEVEL,
                .planes = 1,
                .pitch = 32,
                .elem = 4},
               {.data = trust,
                .width = 32,
                .height = H / LEVEL,
                .planes = 1,
                .pitch = 32,
                .elem = 4}},
        .out =
            {{.data = disparity, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 4},
             {.data = confidence, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 4}},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_match_refine, &io, NULL), CF_OK);
    for (int y = 0; y < H; y++)
        for (int x = 16; x < W; x++) {
            if (x >= EDGE - 3 && x < EDGE + 3) /* half of the window lies beyond the edge */
                continue;
            ck_assert_float_eq_tol(disparity[y * PITCH + x], (float)truth(x), 0.5);
            ck_assert_float_eq_tol(confidence[y * PITCH + x], 0.75F, 1e-6);
        }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, moves_the_edge_to_its_pixel);
}

int main(void) {
    return test_run("match_refine", add);
}
