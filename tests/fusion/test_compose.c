/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `compose` against hand computation and its guarantee. Does not prove that the kernel
 * agrees: conformance/compose does. */
#include "fusion/compose.h"

#include <math.h>

#include "base/alloc.h"
#include "tests/test_main.h"

#define COUNT 4096

static float mono[COUNT], chroma[2 * COUNT], rgb[3 * COUNT];

static void compose(const cf_compose_params *params) {
    cf_stage_io io = {
        .in =
            {{.data = mono, .width = COUNT, .height = 1, .planes = 1, .pitch = COUNT, .elem = 4},
             {.data = chroma, .width = COUNT, .height = 1, .planes = 2, .pitch = COUNT, .elem = 4}},
        .out[0] =
            {.data = rgb, .width = COUNT, .height = 1, .planes = 3, .pitch = COUNT, .elem = 4},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_compose, &io, params), CF_OK);
}

static void expect(int x, double r, double g, double b) {
    ck_assert_float_eq_tol(rgb[x], r, 2e-6);
    ck_assert_float_eq_tol(rgb[COUNT + x], g, 2e-6);
    ck_assert_float_eq_tol(rgb[2 * COUNT + x], b, 2e-6);
}

START_TEST(follows_the_definition) {
    const cf_compose_params params = {.spectral = {0.25F, 0.5F, 0.25F}, .eps = 0.01F};
    mono[0] = 0.39F, chroma[0] = 0.5F, chroma[COUNT] = -0.25F;
    mono[1] = 0.39F, chroma[1] = 3, chroma[COUNT + 1] = 0;
    mono[2] = 0, chroma[2] = 1, chroma[COUNT + 2] = -1;
    mono[3] = 1.5F, chroma[3] = 1, chroma[COUNT + 3] = -1;
    mono[4] = 0.5F, chroma[4] = NAN, chroma[COUNT + 4] = INFINITY;
    compose(&params);
    expect(0, 0.59, 0.34,
           0.29); /* R = .39 + .5 * .4, B = .39 - .25 * .4, G = (.39 - .25 * .88) / .5 */
    /* R = 1.59 and G = -.21 leave the cube; s = min(.61 / 1.2, .39 / .6, 1) = .508333 */
    expect(1, 1, 0.085, 0.39);
    expect(2, 0, 0, 1e-9);
    expect(3, 1.5, 1.5, 1.5);
    expect(4, 0.5, 0.5, 0.5);
}
END_TEST

/* Any chroma, any weights that sum to 1, negative ones too: the mono response is the mono picture.
 */
START_TEST(keeps_the_mono_response) {
    static const float weights[][3] = {
        {0.33F, 0.48F, 0.19F}, {0.6F, 0.6F, -0.2F}, {-0.3F, 1.5F, -0.2F}, {0.7F, -0.4F, 0.7F}};
    for (int k = 0; k < 4; k++) {
        cf_compose_params params = {.eps = CF_CHROMA_EPS};
        unsigned state = 1;
        for (int i = 0; i < 3; i++)
            params.spectral[i] = weights[k][i];
        for (int x = 0; x < COUNT; x++) {
            mono[x] = (float)x / (COUNT - 1);
            for (int i = 0; i < 2; i++) {
                state = state * 1664525U + 1013904223U;
                chroma[i * COUNT + x] =
                    ((float)(state >> 8) / 16777216 - 0.5F) * (float)(1 << x % 8);
            }
        }
        compose(&params);
        for (int x = 0; x < COUNT; x++) {
            float response = 0;
            for (int i = 0; i < 3; i++) {
                float v = rgb[i * COUNT + x];
                ck_assert(v >= 0 && v <= 1);
                response += weights[k][i] * v;
            }
            ck_assert_float_eq_tol(response, mono[x], 1.0 / 65536);
        }
    }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, follows_the_definition);
    tcase_add_test(tc, keeps_the_mono_response);
}

int main(void) {
    return test_run("compose", add);
}
