/* SPDX-License-Identifier: Apache-2.0 */
/* Pairing against brute force on small random cases. Does not prove that time stamps tell the truth
 * (tests of the sources do) nor that frames are freed in the end (capture/pair_stream does). A
 * whole day is in capture/pairing_day, misbehaving cameras in capture/pairing_faults, a judge that
 * is not ours in tests/tools/compare_pairing.py. */
#include "capture/pairing.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "tests/test_main.h"

enum { MOST = 12 };
static int print_count;
static uint64_t print_seed;

/* Frames of both cameras, in order of time. */
typedef struct {
    int64_t t[2][MOST];
    int count[2];
} scene;

/* Nearest first by looking at all: of each frame the partner, or -1. */
static void pair_by_force(const scene *s, int64_t limit, int partner[2][MOST]) {
    memset(partner, -1, 2 * sizeof partner[0]);
    for (;;) {
        int best[2] = {-1, -1};
        int64_t least = limit + 1;
        for (int i = 0; i < s->count[0]; i++)
            for (int j = 0; j < s->count[1]; j++) {
                int64_t gap = llabs(s->t[0][i] - s->t[1][j]);
                int is_free = partner[0][i] < 0 && partner[1][j] < 0;
                for (int k = 0; k < i; k++) /* those before i have partners before j */
                    is_free &= partner[0][k] < j;
                for (int k = i + 1; k < s->count[0]; k++)
                    is_free &= partner[0][k] < 0 || partner[0][k] > j;
                if (is_free && gap < least) {
                    least = gap;
                    best[0] = i;
                    best[1] = j;
                }
            }
        if (best[0] < 0)
            return;
        partner[0][best[0]] = best[1];
        partner[1][best[1]] = best[0];
    }
}

static void count_drop(void *user, int camera, void *frame) {
    (void)frame;
    ((int *)user)[camera]++;
}

/* Which camera's frame comes next when `late` waits for that many frames more: -1 for none. */
static int next_camera(const scene *s, const int next[2], int camera, int late) {
    int is_left[2], prompt = !camera;
    for (int c = 0; c < 2; c++)
        is_left[c] = next[c] < s->count[c];
    if (!is_left[0] && !is_left[1])
        return -1;
    if (!is_left[prompt] || !is_left[camera])
        return is_left[camera] ? camera : prompt;
    int is_due =
        next[prompt] >= late && s->t[camera][next[camera]] < s->t[prompt][next[prompt] - late];
    return is_due ? camera : prompt;
}

/* Pushes in order of time with one camera late by `late` frames; what comes out is in `partner`. */
static void pair_by_stream(const scene *s, int64_t limit, int camera, int late,
                           int partner[2][MOST]) {
    int dropped[2] = {0}, pairs = 0, before = -1, next[2] = {0};
    cf_pairing_params params = {.limit_ns = limit, .room = 64, .drop = count_drop, .user = dropped};
    cf_pairing *pairing;
    ck_assert_int_eq(cf_pairing_create(&params, &pairing), CF_OK);
    memset(partner, -1, 2 * sizeof partner[0]);
    cf_pairing_item pair[2];
    for (int c; (c = next_camera(s, next, camera, late)) >= 0;) {
        int *frame_number = &next[c];
        cf_pairing_item item = {.t_ns = s->t[c][*frame_number],
                                .sequence = (uint64_t)*frame_number,
                                .frame = (void *)(intptr_t)(*frame_number + 1)};
        cf_pairing_push(pairing, c, &item);
        ++*frame_number;
        int is_end = next[0] == s->count[0] && next[1] == s->count[1];
        if (is_end)
            cf_pairing_flush(pairing, -1);
        while (cf_pairing_pop(pairing, pair)) {
            int i = (int)pair[0].sequence, j = (int)pair[1].sequence;
            ck_assert_int_gt(i, before);
            before = i;
            partner[0][i] = j;
            partner[1][j] = i;
            pairs++;
        }
    }
    for (int c = 0; c < 2; c++)
        ck_assert_int_eq(dropped[c] + pairs, s->count[c]);
    cf_pairing_destroy(&pairing);
}

/* Few frames anyhow, or more of a frame duration of 30 to 40. */
static scene random_scene(cf_random *random, int is_regular) {
    scene s;
    for (int c = 0; c < 2; c++) {
        s.count[c] = (int)(cf_random_bits(random) % (is_regular ? MOST + 1 : 5));
        int64_t t = 1000 + (int64_t)(cf_random_bits(random) % 40);
        for (int k = 0; k < s.count[c]; k++) {
            s.t[c][k] = t;
            t += is_regular ? 30 + (int64_t)(cf_random_bits(random) % 11)
                            : 1 + (int64_t)(cf_random_bits(random) % 30);
        }
    }
    return s;
}

START_TEST(matches_brute_force) {
    cf_random random;
    cf_random_seed(&random, 7);
    int cases = getenv("CHROMAFUSE_VALGRIND") ? 200 : 20000;
    for (int run = 0; run < cases; run++) {
        scene s = random_scene(&random, run % 2);
        int64_t limit = 1 + (int64_t)(cf_random_bits(&random) % 50);
        int wanted[2][MOST], got[2][MOST];
        pair_by_force(&s, limit, wanted);
        pair_by_stream(&s, limit, run / 2 % 2, run / 4 % 5, got);
        for (int c = 0; c < 2; c++)
            for (int k = 0; k < s.count[c]; k++)
                ck_assert_int_eq(wanted[c][k], got[c][k]);
    }
}
END_TEST

/* The same cases and what came out, a line each, for tests/tools/compare_pairing.py. */
START_TEST(prints_cases) {
    cf_random random;
    cf_random_seed(&random, print_seed);
    for (int run = 0; run < print_count; run++) {
        scene s = random_scene(&random, run % 2);
        int64_t limit = 1 + (int64_t)(cf_random_bits(&random) % 50);
        int got[2][MOST];
        pair_by_stream(&s, limit, run / 2 % 2, run / 4 % 5, got);
        printf("%d;", (int)limit);
        for (int c = 0; c < 2; c++, printf(";"))
            for (int k = 0; k < s.count[c]; k++)
                printf(" %d", (int)s.t[c][k]);
        for (int k = 0; k < s.count[0]; k++)
            printf(" %d", got[0][k]);
        puts("");
    }
}
END_TEST

static void add_print(TCase *tc) {
    tcase_add_test(tc, prints_cases);
}

static void add(TCase *tc) {
    tcase_add_test(tc, matches_brute_force);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--print") == 0) {
        print_count = atoi(argv[2]);
        print_seed = strtoull(argv[3], NULL, 10);
        return test_run("capture/pairing: cases", add_print);
    }
    return test_run("capture/pairing", add);
}
