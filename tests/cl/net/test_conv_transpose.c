/* SPDX-License-Identifier: Apache-2.0 */
/* ConvTranspose: the kernels against the reference, which sums in double, and the reference against
 * a case by hand. Attributes as other programs understand them: test_onnx_cases. Speed: chromafuse
 * bench. */
#include "tests/cl/net/one_node.h"

static cf_cl *cl;

typedef struct {
    int n, ic, h, w, oc, kernel[2], stride[2], dilation[2], pads[4], groups;
    int extra, shape;  /* output_padding; output_shape, 0: none */
    const char *mode;  /* auto_pad, NULL: none */
    int bias, dynamic; /* dynamic: weights are given at run time */
} transpose_case;

static const transpose_case cases[] = {
    {1, 1, 5, 7, 1, {4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 0, 0, NULL, 1, 0},
    {2, 3, 5, 7, 33, {4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 0, 0, NULL, 1, 0},
    {1, 15, 3, 19, 17, {3, 4}, {2, 3}, {1, 1}, {1, 0, 0, 1}, 1, 0, 0, NULL, 0, 0},
    {2, 16, 8, 16, 16, {4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 0, 0, NULL, 1, 0},
    {1, 17, 4, 35, 3, {4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 0, 0, NULL, 1, 0},
    {1, 64, 64, 47, 40, {4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 0, 0, NULL, 1, 0}, /* Winograd */
    {1, 48, 41, 44, 33, {5, 4}, {2, 2}, {1, 1}, {2, 1, 1, 1}, 1, 0, 0, NULL, 0, 0}, /* too */
    {1, 33, 6, 5, 15, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, 1, 0, 0, NULL, 1, 0},
    {1, 33, 1, 1, 20, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 0, 0, NULL, 1, 0},
    {1, 20, 7, 9, 24, {1, 2}, {3, 3}, {1, 1}, {0, 0, 0, 0}, 1, 0, 0, NULL, 1, 0},
    {1, 24, 7, 9, 18, {3, 4}, {2, 2}, {2, 2}, {2, 0, 0, 2}, 1, 0, 0, NULL, 1, 0},
    {1, 16, 4, 18, 16, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 1, 0, NULL, 1, 0},
    {1, 16, 4, 4, 16, {3, 3}, {2, 2}, {1, 1}, {0, 0, 0, 0}, 1, 0, 20, NULL, 1, 0},
    {1, 16, 4, 4, 16, {3, 3}, {2, 2}, {1, 1}, {0, 0, 0, 0}, 1, 0, 8, "SAME_LOWER", 1, 0},
    {1, 16, 4, 4, 16, {3, 3}, {2, 2}, {1, 1}, {0, 0, 0, 0}, 1, 0, 0, "SAME_UPPER", 1, 0},
    {1, 16, 4, 4, 16, {3, 3}, {2, 2}, {1, 1}, {0, 0, 0, 0}, 1, 0, 0, "VALID", 1, 0},
    {2, 6, 5, 4, 9, {3, 2}, {2, 1}, {1, 2}, {1, 0, 1, 0}, 3, 0, 0, NULL, 1, 0},
    {1, 16, 5, 4, 16, {4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 16, 0, 0, NULL, 0, 0},
    {1, 16, 5, 6, 16, {4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 0, 0, NULL, 1, 1},
};

static void build(one_node *n, const transpose_case *c, int relu) {
    float scale = 1 / sqrtf((float)(c->ic / c->groups * c->kernel[0] * c->kernel[1]));
    *n = (one_node){.type = "ConvTranspose", .relu = relu};
    one_node_input(n, 0, 1, (cf_shape){4, {c->n, c->ic, c->h, c->w}});
    one_node_input(n, !c->dynamic, scale,
                   (cf_shape){4, {c->ic, c->oc / c->groups, c->kernel[0], c->kernel[1]}});
    if (c->bias)
        one_node_input(n, 1, 1, (cf_shape){1, {c->oc}});
    one_node_ints(n, "strides", c->stride, 2);
    one_node_ints(n, "dilations", c->dilation, 2);
    one_node_int(n, "group", c->groups);
    if (c->mode)
        one_node_string(n, "auto_pad", c->mode);
    else
        one_node_ints(n, "pads", c->pads, 4);
    if (c->extra)
        one_node_ints(n, "output_padding", (const int[]){c->extra, c->extra}, 2);
    if (c->shape)
        one_node_ints(n, "output_shape", (const int[]){c->shape, c->shape}, 2);
}

START_TEST(agrees_with_the_reference) {
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        one_node n;
        build(&n, &cases[i / 2], i % 2);
        one_node_error e = one_node_check(cl, &n, 0);
        double loose = cases[i / 2].ic >= 48 ? 4 : 1; /* by Winograd: docs/numerics.md */
        ck_assert_msg(e.max <= 3e-6 * loose && e.mean <= 3e-7 * loose, "case %zu: %g, mean %g", i,
                      e.max, e.mean);
        one_node_free(&n);
    }
}
END_TEST

/* What docs/numerics.md says, on a layer as large as in ECCV16's decoder but for the channels. */
START_TEST(error_of_many_channels) {
    const transpose_case c = {1, 256, 8, 16,   64, {4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1},
                              1, 0,   0, NULL, 1,  0};
    one_node n;
    build(&n, &c, 0);
    one_node_error e = one_node_check(cl, &n, 0);
    printf("conv_transpose, 1024 terms: max %.2g, mean %.2g of rms\n", e.max, e.mean);
    ck_assert(e.max <= 2e-6 && e.mean <= 2e-7);
    one_node_free(&n);
}
END_TEST

/* 2x2 picture (1 2; 3 4), 3x3 kernel 1..9, stride 2, one pixel cut off at the top and the left. */
START_TEST(reference_by_hand) {
    static const float x[4] = {1, 2, 3, 4}, w[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const float want[16] = {5,     6 + 8,          10,     12,      //
                                   8 + 6, 9 + 14 + 9 + 4, 16 + 8, 18 + 12, //
                                   15,    18 + 16,        20,     24,      //
                                   24,    27 + 28,        32,     36};
    const transpose_case c = {1, 1, 2, 2,    1, {3, 3}, {2, 2}, {1, 1}, {1, 1, 0, 0},
                              1, 0, 0, NULL, 0, 0};
    one_node n;
    cf_shape shape;
    build(&n, &c, 0);
    memcpy(n.data[0], x, sizeof x);
    memcpy(n.data[1], w, sizeof w);
    float *got = one_node_reference(&n, &shape);
    ck_assert(cf_shape_equal(&shape, &(cf_shape){4, {1, 1, 4, 4}}));
    for (int i = 0; i < 16; i++)
        ck_assert_float_eq(got[i], want[i]);
    cf_free(got);
    one_node_free(&n);
}
END_TEST

START_TEST(refuses_what_does_not_fit) {
    const transpose_case wrong[] = {
        {1, 4, 3, 3, 4, {2, 2}, {0, 1}, {1, 1}, {0}, 1, 0, 0, NULL, 0, 0},
        {1, 4, 3, 3, 4, {2, 2}, {1, 1 << 20}, {1, 1}, {0}, 1, 0, 0, NULL, 0, 0},
        {1, 4, 3, 3, 4, {2, 2}, {1, 1}, {1, -1}, {0}, 1, 0, 0, NULL, 0, 0},
        {1, 4, 3, 3, 4, {2, 2}, {1, 1}, {1, 1}, {-1, 0, 0, 0}, 1, 0, 0, NULL, 0, 0},
        {1, 4, 3, 3, 4, {2, 2}, {1, 1}, {1, 1}, {9, 0, 9, 0}, 1, 0, 0, NULL, 0, 0},
        {1, 4, 3, 3, 3, {2, 2}, {1, 1}, {1, 1}, {0}, 3, 0, 0, NULL, 0, 0},
        {1, 4, 3, 3, 4, {2, 2}, {1, 1}, {1, 1}, {0}, 1, 0, 1 << 20, NULL, 0, 0},
        {1, 4, 3, 3, 4, {2, 2}, {1, 1}, {1, 1}, {0}, 1, 0, 0, "SAME", 0, 0},
    };
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        one_node n;
        cf_net *net;
        build(&n, &wrong[i], 0);
        ck_assert_msg(one_node_plan(cl, &n, 0, &net) == CF_ERR_FORMAT, "case %zu", i);
        one_node_free(&n);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, reference_by_hand);
    tcase_add_test(tc, refuses_what_does_not_fit);
    tcase_add_test(tc, agrees_with_the_reference);
    tcase_add_test(tc, error_of_many_channels);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 77;
    int failed = test_run("conv_transpose", add);
    cf_cl_close(&cl);
    return failed;
}
