/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `match_search` against a made-up pair whose disparities are known. Does not prove that the
 * kernel agrees (conformance/match_search does), nor how well real pictures match
 * (docs/benchmarks.md says). */
#include <stdlib.h>

#include "base/alloc.h"
#include "fusion/match_search.h"
#include "tests/test_main.h"

enum { W = 128, H = 64, PITCH = 128 };

/* A wall at disparity 5 with a square at 14; the left picture is made from a random right one. */
static int truth(int x, int y) {
    return x >= 60 && x < 100 && y >= 16 && y < 48 ? 14 : 5;
}

static void make_pair(unsigned char *left, unsigned char *right) {
    unsigned state = 7;
    for (int i = 0; i < H * PITCH; i++) {
        state = state * 1664525U + 1013904223U;
        right[i] = (unsigned char)(60 + (state >> 24) / 2);
    }
    /* The square hides what lies behind it in the right view: paint it there first. */
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            int from = x - truth(x, y);
            state = state * 1664525U + 1013904223U;
            int hidden =
                truth(x, y) == 5 && y >= 16 && y < 48 && from >= 60 - 14 && from < 100 - 14;
            left[y * PITCH + x] =
                from < 0 || hidden ? (unsigned char)(state >> 24) : right[y * PITCH + from];
        }
}

START_TEST(finds_a_square_before_a_wall) {
    unsigned char left[H * PITCH], right[H * PITCH];
    static float disparity[H * PITCH], other[H * PITCH];
    make_pair(left, right);
    cf_match_search_params params = CF_MATCH_SEARCH_DEFAULTS;
    params.count = 24;
    cf_stage_io io = {
        .in = {{.data = left, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 1},
               {.data = right, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 1}},
        .out =
            {{.data = disparity, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 4},
             {.data = other, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 4}},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_match_search, &io, &params), CF_OK);
    int good = 0, good_right = 0, seen = 0;
    for (int y = 0; y < H; y++)
        for (int x = 24; x < W; x++) {
            int d = truth(x, y);
            if (d == 5 && y >= 16 && y < 48 && x >= 51 && x < 60)
                continue; /* hidden by the square */
            seen++;
            good += abs((int)(disparity[y * PITCH + x] + 0.5F) - d) < 1;
            good_right += abs((int)(other[y * PITCH + x - d] + 0.5F) - d) < 1;
        }
    ck_assert_msg(good > seen * 97 / 100, "%d of %d left pixels", good, seen);
    ck_assert_msg(good_right > seen * 97 / 100, "%d of %d right pixels", good_right, seen);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, finds_a_square_before_a_wall);
}

int main(void) {
    return test_run("match_search", add);
}
