/* SPDX-License-Identifier: Apache-2.0 */
/* What each pointwise operator does to one element (ONNX operator specification, opsets 11-20). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "cl/net/op_pointwise.h"

#define REAL(name, expression)                                                                     \
    static double name(double x, double y, const double *p) {                                      \
        (void)x, (void)y, (void)p;                                                                 \
        return expression;                                                                         \
    }
#define WHOLE(name, expression)                                                                    \
    static int64_t name(int64_t x, int64_t y, const double *p) {                                   \
        (void)x, (void)y, (void)p;                                                                 \
        return expression;                                                                         \
    }

/* Comparisons are written so that NaN stays NaN. */
REAL(relu, x < 0 ? 0 : x)
REAL(leaky_relu, x < 0 ? x * p[0] : x)
REAL(prelu, x < 0 ? x * y : x)
REAL(thresholded_relu, x > p[0] ? x : 0)
REAL(clip, (x < p[0] ? p[0] : x) > p[1] ? p[1] : (x < p[0] ? p[0] : x))
REAL(sigmoid, 1 / (1 + exp(-x)))
REAL(tangent, tanh(x))
REAL(hard_sigmoid, p[0] * x + p[1] < 0 ? 0 : p[0] * x + p[1] > 1 ? 1 : p[0] * x + p[1])
REAL(hard_swish, x *fmax(0, fmin(1, x / 6 + 0.5)))
REAL(elu, x < 0 ? p[0] * expm1(x) : x)
REAL(selu, x <= 0 ? p[1] * p[0] * expm1(x) : p[1] * x)
REAL(celu, x < 0 ? p[0] * expm1(x / p[0]) : x)
REAL(softplus, fmax(x, 0) + log1p(exp(-fabs(x))))
REAL(softsign, x / (1 + fabs(x)))
REAL(mish, x *tanh(fmax(x, 0) + log1p(exp(-fabs(x)))))
REAL(gelu, 0.5 * x * (1 + erf(x * 0.70710678118654752440)))
REAL(gelu_tanh, 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))))
REAL(error, erf(x))
REAL(root, sqrt(x))
REAL(exponential, exp(x))
REAL(logarithm, log(x))
REAL(sine, sin(x))
REAL(cosine, cos(x))
REAL(negate, -x)
REAL(absolute, fabs(x))
REAL(sign, x > 0 ? 1 : x < 0 ? -1 : x)
REAL(down, floor(x))
REAL(up, ceil(x))
REAL(even, nearbyint(x)) /* half to even, as no one changes the rounding mode */
REAL(reciprocal, 1 / x)
REAL(add, x + y)
REAL(subtract, x - y)
REAL(multiply, x *y)
REAL(divide, x / y)
REAL(power, pow(x, y))
REAL(smaller, isnan(x) || x < y ? x : y)
REAL(larger, isnan(x) || x > y ? x : y)
/* p[0] is `fmod`: 1 the dividend's sign, 0 the divisor's (integers only). */
REAL(modulo, p[0] != 0 ? fmod(x, y) : x - y * floor(x / y))

/* Unsigned arithmetic wraps around, signed overflow is undefined. */
#define WRAP(expression) ((int64_t)(expression))
#define U(x) ((uint64_t)(x))
WHOLE(whole_relu, x < 0 ? 0 : x)
WHOLE(whole_negate, WRAP(0 - U(x)))
WHOLE(whole_absolute, x < 0 ? WRAP(0 - U(x)) : x)
WHOLE(whole_sign, (x > 0) - (x < 0))
WHOLE(whole_add, WRAP(U(x) + U(y)))
WHOLE(whole_subtract, WRAP(U(x) - U(y)))
WHOLE(whole_multiply, WRAP(U(x) * U(y)))
/* Towards zero; 0 where there is no result. */
WHOLE(whole_divide, y == 0 ? 0 : y == -1 ? WRAP(0 - U(x)) : x / y)
WHOLE(whole_smaller, x < y ? x : y)
WHOLE(whole_larger, x > y ? x : y)

static int64_t whole_modulo(int64_t x, int64_t y, const double *p) {
    if (y == 0 || y == -1)
        return 0;
    int64_t rest = x % y;
    return p[0] == 0 && rest && (rest < 0) != (y < 0) ? rest + y : rest;
}

static int64_t whole_power(int64_t x, int64_t y, const double *p) {
    (void)p;
    if (y < 0)
        return x == 1 || (x == -1 && y % 2 == 0) ? 1 : x == -1 ? -1 : 0;
    uint64_t result = 1, square = U(x);
    for (; y; y >>= 1, square *= square)
        result *= y & 1 ? square : 1;
    return WRAP(result);
}

static int64_t whole_clip(int64_t x, int64_t y, const double *p) {
    (void)y;
    if ((double)x < p[0])
        x = p[0] < 0x1p63 ? (int64_t)p[0] : INT64_MAX;
    if ((double)x > p[1])
        x = p[1] >= -0x1p63 ? (int64_t)p[1] : INT64_MIN;
    return x;
}

/* Beyond 39000 PoCL's vector sine goes another way, which also spoils the other lanes (among them
 * those beyond the channels, which hold anything). Neighbouring floats are 0.002 and more apart
 * there: a rough angle will do, and 0 where even that means nothing. */
#define ANGLE "x=fabs(x)<3e4f?x:x-6.2831853f*rint(x*0.15915494f);x=fabs(x)<3e4f?x:x-x;"

static const cf_pointwise table[] = {
    {"Relu", "x=x<0.0f?VALUE(0):x;", .real = relu, .whole = whole_relu},
    {"LeakyRelu", "x=x<0.0f?x*$a:x;", .real = leaky_relu, .attribute = {"alpha"}, {0.01F}},
    {"PRelu", "x=x<0.0f?x*$y:x;", .real = prelu, .one_way = 1},
    {"ThresholdedRelu",
     "x=x>$a?x:VALUE(0);",
     .real = thresholded_relu,
     .attribute = {"alpha"},
     {1}},
    {"Clip", "x=x<$a?VALUE($a):x;x=x>$b?VALUE($b):x;", .real = clip, .whole = whole_clip,
     .fallback = {-FLT_MAX, FLT_MAX}},
    {"Sigmoid", "x=1.0f/(1.0f+exp(-x));", .real = sigmoid},
    {"Tanh", "x=tanh(x);", .real = tangent},
    {"HardSigmoid",
     "x=x*$a+$b;x=x<0.0f?VALUE(0):x;x=x>1.0f?VALUE(1):x;",
     .real = hard_sigmoid,
     .attribute = {"alpha", "beta"},
     {0.2F, 0.5F}},
    {"HardSwish", "x=x*clamp(x*0x1.555556p-3f+0.5f,0.0f,1.0f);", .real = hard_swish},
    {"Elu", "x=x<0.0f?$a*expm1(x):x;", .real = elu, .attribute = {"alpha"}, {1}},
    {"Selu",
     "x=$b*(x<0.0f?$a*expm1(x):x);",
     .real = selu,
     .attribute = {"alpha", "gamma"},
     {1.67326319217681884765625, 1.05070102214813232421875}},
    {"Celu", "x=x<0.0f?$a*expm1(x/$a):x;", .real = celu, .attribute = {"alpha"}, {1}},
    {"Softplus", "x=max(x,0.0f)+log1p(exp(-fabs(x)));", .real = softplus},
    {"Softsign", "x=x/(1.0f+fabs(x));", .real = softsign},
    {"Mish", "x=x*tanh(max(x,0.0f)+log1p(exp(-fabs(x))));", .real = mish},
    {"Gelu", "x=0.5f*x*(1.0f+erf(x*0.70710678f));", .real = gelu},
    {"Gelu tanh", "x=0.5f*x*(1.0f+tanh(0.79788456f*(x+0.044715f*x*x*x)));", .real = gelu_tanh},
    {"Erf", "x=erf(x);", .real = error},
    {"Sqrt", "x=sqrt(x);", .real = root},
    {"Exp", "x=exp(x);", .real = exponential},
    {"Log", "x=log(x);", .real = logarithm},
    {"Sin", ANGLE "x=sin(x);", .real = sine},
    {"Cos", ANGLE "x=cos(x);", .real = cosine},
    {"Neg", "x=-x;", .real = negate, .whole = whole_negate},
    {"Abs", "x=fabs(x);", .real = absolute, .whole = whole_absolute},
    {"Sign", "x=x>0.0f?VALUE(1):(x<0.0f?VALUE(-1):x);", .real = sign, .whole = whole_sign},
    {"Floor", "x=floor(x);", .real = down},
    {"Ceil", "x=ceil(x);", .real = up},
    {"Round", "x=rint(x);", .real = even},
    {"Reciprocal", "x=1.0f/x;", .real = reciprocal},
    {"Add", "x=x+$y;", .real = add, .whole = whole_add},
    {"Sum", "x=x+$y;", .real = add},
    {"Sub", "x=x-$y;", "x=$y-x;", .real = subtract, .whole = whole_subtract},
    {"Mul", "x=x*$y;", .real = multiply, .whole = whole_multiply},
    {"Div",
     "x=x/$y;",
     "x=$y/x;",
     "x=trunc(x/$y);",
     "x=trunc($y/x);",
     divide,
     whole_divide,
     {NULL},
     {0},
     0},
    {"Pow",
     "x=pow(x,VALUE($y));",
     "x=pow(VALUE($y),x);",
     "x=rint(pow(x,VALUE($y)));",
     "x=rint(pow(VALUE($y),x));",
     power,
     whole_power,
     {NULL},
     {0},
     0},
    {"Min", "x=x<$y?x:(x==x?VALUE($y):x);", .real = smaller, .whole = whole_smaller},
    {"Max", "x=x>$y?x:(x==x?VALUE($y):x);", .real = larger, .whole = whole_larger},
    {"Mod",
     "x=fmod(x,VALUE($y));",
     "x=fmod(VALUE($y),x);",
     "x=x-$y*floor(x/$y);",
     "x=$y-x*floor($y/x);",
     modulo,
     whole_modulo,
     {"fmod"},
     {0},
     0},
};

const cf_pointwise *cf_pointwise_find(const char *name) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}
