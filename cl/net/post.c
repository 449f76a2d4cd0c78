/* SPDX-License-Identifier: Apache-2.0 */
/* Epilogues: code, constants and side tensors that a kernel applies before it stores. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cl/net/plan.h"

int64_t cf_post_channels(const cf_shape *shape) {
    if (!shape->rank)
        return 1;
    return shape->rank < 2 ? shape->dim[0] : shape->dim[1];
}

cf_status cf_post_append(cf_post *post, const char *format, ...) {
    size_t used = strlen(post->code);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(post->code + used, sizeof post->code - used, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof post->code - used)
        return CF_OK;
    post->code[used] = 0;
    return CF_ERR_UNSUPPORTED;
}

const char *cf_post_float(float value, char text[32]) {
    if (isnan(value))
        return strcpy(text, "NAN");
    if (isinf(value))
        return strcpy(text, value > 0 ? "INFINITY" : "(-INFINITY)");
    snprintf(text, 32, value < 0 || signbit(value) ? "(%af)" : "%af", (double)value);
    return text;
}

cf_status cf_post_param(cf_planner *plan, cf_post *post, const float *values, int64_t count,
                        int *index) {
    int64_t channels = cf_post_channels(&post->shape);
    if (post->param_count == CF_POST_PARAMS || (count != channels && count != 1))
        return CF_ERR_UNSUPPORTED;
    float *copy = cf_plan_keep(plan, (size_t)channels, sizeof *copy);
    if (!copy)
        return CF_ERR_MEMORY;
    for (int64_t i = 0; i < channels; i++)
        copy[i] = values[count == 1 ? 0 : i];
    *index = post->param_count;
    post->params[post->param_count++] = copy;
    return CF_OK;
}

cf_status cf_post_side(cf_post *post, cf_tensor *tensor, int *index) {
    for (int i = 0; i < post->side_count; i++)
        if (post->side[i] == tensor) {
            *index = i;
            return CF_OK;
        }
    if (post->side_count == CF_POST_SIDES || tensor->type != CF_TYPE_FLOAT ||
        !cf_shape_equal(&tensor->shape, &post->shape))
        return CF_ERR_UNSUPPORTED;
    *index = post->side_count;
    post->side[post->side_count++] = tensor;
    return CF_OK;
}

/* All constants, one row of whole blocks each. */
static cf_status upload_params(cf_planner *plan, const cf_post *post, const cf_buffer **out) {
    size_t channels = (size_t)cf_post_channels(&post->shape);
    size_t row = CF_NET_BLOCKS(channels) * CF_NET_BLOCK;
    float *rows = cf_plan_keep(plan, row * (size_t)post->param_count, sizeof *rows);
    if (!rows)
        return CF_ERR_MEMORY;
    for (int k = 0; k < post->param_count; k++)
        memcpy(rows + (size_t)k * row, post->params[k], channels * sizeof *rows);
    return cf_plan_constant(plan, rows, row * (size_t)post->param_count * sizeof *rows, out);
}

cf_status cf_plan_post(cf_planner *plan, const cf_op *op, char *options, size_t size,
                       cf_post_buffers *out) {
    const cf_post *post = op->post;
    *out = (cf_post_buffers){&plan->empty->buffer, {&plan->empty->buffer, &plan->empty->buffer}};
    if (!post || !post->code[0])
        return CF_OK;
    size_t used = strlen(options);
    int length = snprintf(options + used, size - used, " -DPOST=%s", post->code);
    if (length < 0 || (size_t)length >= size - used)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "too much is fused behind it");
    if (post->param_count)
        CF_TRY(upload_params(plan, post, &out->params));
    for (int i = 0; i < post->side_count; i++)
        CF_TRY(cf_plan_tensor(plan, post->side[i], &out->side[i]));
    return CF_OK;
}

void cf_post_any_channel(const cf_op *op, int32_t channel[4], char *options, size_t size) {
    const cf_shape *shape = &op->out[0]->shape;
    int dimension = shape->rank >= 2 ? 1 : shape->rank - 1;
    channel[0] = (int32_t)cf_shape_span(shape, dimension + 1, shape->rank);
    channel[1] = (int32_t)cf_post_channels(shape);
    channel[2] = (int32_t)CF_NET_BLOCKS(channel[1]);
    channel[3] = 0;
    size_t used = strlen(options);
    if (op->post && op->post->param_count)
        snprintf(options + used, size - used, " -DPARAMS");
}
