/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons, logic and Where on up to three broadcast inputs, see op_compare.c: lane 0 is the
 * last dimension. One work-item: `chunk` elements of a row. */

static inline int outer(int i, const int *dim, int8 strides) {
    int at = 0, stride[8];
    vstore8(strides, 0, stride);
    for (int d = 1; d < 8; d++) {
        at += i % dim[d] * stride[d];
        i /= dim[d];
    }
    return at;
}

/* The inputs' elements. */
#define A in0[i * stride0.s0]
#define B in1[i * stride1.s0]
#define C in2[i * stride2.s0]

#define COMPARE(name, expression)                                                                  \
    __kernel void compare_##name(__global const float *restrict in0,                               \
                                 __global const float *restrict in1,                               \
                                 __global const float *restrict in2, __global float *restrict to,  \
                                 int8 dims, int8 stride0, int8 stride1, int8 stride2, int chunk) { \
        int first = (int)get_global_id(0) * chunk, last = min(first + chunk, dims.s0);             \
        int row = (int)get_global_id(1), dim[8];                                                   \
        vstore8(dims, 0, dim);                                                                     \
        in0 += outer(row, dim, stride0);                                                           \
        in1 += outer(row, dim, stride1);                                                           \
        in2 += outer(row, dim, stride2);                                                           \
        to += (size_t)row * dims.s0;                                                               \
        (void)in1, (void)in2; /* where there are fewer inputs */                                   \
        for (int i = first; i < last; i++)                                                         \
            to[i] = expression;                                                                    \
    }
COMPARE(equal, A == B ? 1.0f : 0.0f)
COMPARE(less, A < B ? 1.0f : 0.0f)
COMPARE(greater, A > B ? 1.0f : 0.0f)
COMPARE(less_equal, A <= B ? 1.0f : 0.0f)
COMPARE(greater_equal, A >= B ? 1.0f : 0.0f)
COMPARE(both, A != 0.0f && B != 0.0f ? 1.0f : 0.0f)
COMPARE(either, A != 0.0f || B != 0.0f ? 1.0f : 0.0f)
COMPARE(one, (A != 0.0f) != (B != 0.0f) ? 1.0f : 0.0f)
COMPARE(negate, A == 0.0f ? 1.0f : 0.0f)
COMPARE(where, A != 0.0f ? B : C)
