/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `encode` against the 8-bit codes of IEC 61966-2-1 and at the seams of its kernel's
 * polynomial. Does not prove odd sizes and strides: conformance/encode does.
 */
#include <math.h>

#include "base/alloc.h"
#include "isp/encode.h"
#include "tests/test_main.h"

START_TEST(known_codes) {
    /* linear light of 8-bit codes 0, 10, 11, 64, 118, 128, 186, 255 by the standard's inverse */
    static const int codes[] = {0, 10, 11, 64, 118, 128, 186, 255};
    static const float linear[] = {0,           0.00303527F, 0.00334654F, 0.05126946F,
                                   0.18116424F, 0.21586050F, 0.49102085F, 1};
    float in[16] = {0}, out[16];
    for (int i = 0; i < 8; i++)
        in[i] = linear[i];
    in[8] = -0.5F;
    in[9] = 7;
    in[10] = NAN;
    in[11] = INFINITY;
    cf_stage_io io = {
        .in[0] = {.data = in, .width = 12, .height = 1, .planes = 1, .pitch = 16, .elem = 4},
        .out[0] = {.data = out, .width = 12, .height = 1, .planes = 1, .pitch = 16, .elem = 4},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_encode, &io, NULL), CF_OK);
    for (int i = 0; i < 8; i++)
        ck_assert_float_eq_tol(out[i] * 255, (float)codes[i], 1e-4);
    ck_assert_float_eq(out[8], 0);
    ck_assert_float_eq(out[9], 1);
    ck_assert_float_eq(out[10], 0);
    ck_assert_float_eq(out[11], 1);
}
END_TEST

/* Every 64th float from 0.002 to 1.001: each exponent, each seam. */
START_TEST(kernel_is_exact_over_the_whole_range) {
    enum { WIDTH = 4096 };
    const unsigned first = 0x3b03126f, step = 64;
    const int height = (int)((0x3f8020c5 - first) / step / WIDTH) + 1;
    cf_cl *cl;
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_OK);
    cf_plane_set in = {.width = WIDTH, .height = height, .planes = 1}, out = in;
    ck_assert_int_eq(cf_plane_set_get(cl, &in), CF_OK);
    ck_assert_int_eq(cf_plane_set_get(cl, &out), CF_OK);
    size_t count = (size_t)height * WIDTH;
    float *x = cf_alloc(count, sizeof *x), *y = cf_alloc(count, sizeof *y);
    for (size_t i = 0; i < count; i++) {
        union {
            unsigned u;
            float f;
        } bits = {.u = first + (unsigned)i * step};
        x[i] = bits.f;
    }
    ck_assert_int_eq(cf_buffer_write(in.buf, 0, x, count * 4), CF_OK);
    const cf_stage_io io = {.in[0] = in, .out[0] = out};
    ck_assert_int_eq(cf_stage_run_cl(&cf_stage_encode, cl, &io, NULL), CF_OK);
    ck_assert_int_eq(cf_buffer_read(out.buf, 0, y, count * 4), CF_OK);
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double v = fmin((double)x[i], 1);
        double want = v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
        worst = fmax(worst, fabs((double)y[i] - want));
    }
    ck_assert_msg(worst < 5e-7, "largest error %g", worst);
    cf_free(x);
    cf_free(y);
    cf_buffer_put(&in.buf);
    cf_buffer_put(&out.buf);
    cf_cl_close(&cl);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, known_codes);
    tcase_add_test(tc, kernel_is_exact_over_the_whole_range);
}

int main(void) {
    return test_run("encode", add);
}
