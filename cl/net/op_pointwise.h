/* SPDX-License-Identifier: Apache-2.0 */
/* The table of pointwise operators: what each does to one element, in C and in OpenCL. */
#ifndef CHROMAFUSE_CL_NET_OP_POINTWISE_H
#define CHROMAFUSE_CL_NET_OP_POINTWISE_H

#include "cl/net/operator.h"

#define CF_POINTWISE_NUMBERS 2

/*
 * One operator. Code is OpenCL C on x (see cf_post) in which $y stands for the other operand (a
 * literal, PARAM, SIDE or a variable) and $a, $b for the numbers.
 */
typedef struct {
    const char *name;
    const char *code;    /* x is the first operand, y the second if there is one */
    const char *swapped; /* x is the second operand; NULL: as `code` (commutative) */
    const char *whole_code, *whole_swapped; /* for integers held as floats; NULL: as above */
    /* One element from its operands; in double, so that the result is as good as a float can be. */
    double (*real)(double x, double y, const double *numbers);
    /* The same for integers, wrapping around; NULL: the operator takes floats only. */
    int64_t (*whole)(int64_t x, int64_t y, const double *numbers);
    /* Attributes that the numbers come from, and their defaults. */
    const char *attribute[CF_POINTWISE_NUMBERS];
    double fallback[CF_POINTWISE_NUMBERS];
    int one_way; /* 1: operand 0 has the output's shape; the other one is broadcast to it */
} cf_pointwise;

/* The row of an operator; NULL for none. */
const cf_pointwise *cf_pointwise_find(const char *name);
/* That of a node, which its attributes may choose. */
const cf_pointwise *cf_pointwise_row(const cf_op *op);

/* Operands that are elements (Clip's limits are numbers). */
int cf_pointwise_operands(const cf_op *op);
/* $a and $b of a node: from attributes, for Clip from inputs 1 and 2. */
void cf_pointwise_numbers(const cf_op *op, const cf_pointwise *row, double numbers[2]);
/* An element of a constant. */
double cf_pointwise_constant(const cf_tensor *t, int64_t index);
/* Steps of an operand along the output's dimensions: 0 where it is repeated. */
void cf_pointwise_steps(const cf_shape *shape, const cf_shape *out, int64_t steps[CF_NET_RANK]);

/* For cf_operator. */
void cf_pointwise_layout(cf_op *op);
cf_status cf_pointwise_plan(cf_planner *plan, cf_op *op);
cf_status cf_pointwise_absorb(cf_planner *plan, const cf_op *op, int port, cf_post *post);

#endif
