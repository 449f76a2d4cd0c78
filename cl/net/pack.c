/* SPDX-License-Identifier: Apache-2.0 */
/* Constant weights in the order that kernels with a tile of 16 output channels read them. */
#include "cl/net/pack.h"

#include <string.h>

#include "base/alloc.h"

/* NULL where a value is not a half float, or there is no memory. */
static uint16_t *to_halves(const float *values, size_t count) {
    uint16_t *halves = cf_alloc(count, sizeof *halves);
    for (size_t i = 0; halves && i < count; i++)
        if (!cf_half_from(values[i], &halves[i])) {
            cf_free(halves);
            return NULL;
        }
    return halves;
}

cf_status cf_pack_upload(cf_planner *plan, const cf_tensor *of, const float *packed, size_t count,
                         char *options, size_t size, const cf_buffer **out) {
    static const char half[] = " -DHALF_WEIGHTS";
    size_t used = options ? strlen(options) : 0;
    uint16_t *halves = options && cf_tensor_is_half(of) && used + sizeof half <= size
                           ? to_halves(packed, count)
                           : NULL;
    if (!halves)
        return cf_plan_constant(plan, packed, count * sizeof *packed, out);
    memcpy(options + used, half, sizeof half);
    cf_status status = cf_plan_constant(plan, halves, count * sizeof *halves, out);
    cf_free(halves);
    return status;
}

cf_status cf_pack_rows(cf_planner *plan, const cf_tensor *constant, int64_t rows, int64_t length,
                       char *options, size_t size, const cf_buffer **out) {
    size_t count = (size_t)CF_NET_BLOCKS(rows) * (size_t)length * CF_NET_BLOCK;
    float *packed = cf_alloc(count, sizeof *packed), *row = cf_alloc((size_t)length, sizeof *row);
    cf_status status = packed && row ? CF_OK : CF_ERR_MEMORY;
    for (int64_t r = 0; status == CF_OK && r < rows; r++) {
        float *to = packed + r / CF_NET_BLOCK * length * CF_NET_BLOCK + r % CF_NET_BLOCK;
        cf_tensor_read(constant, r * length, length, row);
        for (int64_t i = 0; i < length; i++)
            to[i * CF_NET_BLOCK] = row[i];
    }
    if (status == CF_OK)
        status = cf_pack_upload(plan, constant, packed, count, options, size, out);
    cf_free(row);
    cf_free(packed);
    return status;
}

cf_status cf_pack_bias(cf_planner *plan, const cf_tensor *bias, int64_t channels,
                       const cf_buffer **out) {
    size_t count = (size_t)(CF_NET_BLOCKS(channels) + 1) * CF_NET_BLOCK;
    float *values = cf_alloc(count, sizeof *values);
    if (!values)
        return CF_ERR_MEMORY;
    if (bias)
        cf_tensor_read(bias, 0, channels, values);
    cf_status status = cf_plan_constant(plan, values, count * sizeof *values, out);
    cf_free(values);
    return status;
}
