/* SPDX-License-Identifier: Apache-2.0 */
/* Strided copies: simplified, then run on the host or recorded as one launch. */
#include "cl/net/strided.h"

#include <string.h>

CF_CL_SOURCE(strided);

/* Elements that a work-item copies at least, where there are as many. */
#define CHUNK 4096
#define LANES 8   /* dimensions of the kernels */
#define SLICES 64 /* launches for what has more */

cf_shape cf_shape_stored(const cf_shape *shape, cf_layout layout) {
    if (layout == CF_LAYOUT_PLAIN)
        return *shape;
    return (cf_shape){
        5,
        {shape->dim[0], CF_NET_BLOCKS(shape->dim[1]), shape->dim[2], shape->dim[3], CF_NET_BLOCK}};
}

void cf_shape_strides(const cf_shape *shape, int64_t stride[CF_NET_RANK]) {
    int64_t step = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape->dim[i];
    }
}

void cf_strided_add(cf_strided *copy, int64_t dim, int64_t from, int64_t to) {
    copy->dim[copy->rank] = dim;
    copy->from[copy->rank] = from;
    copy->to[copy->rank++] = to;
}

cf_strided cf_strided_whole(const cf_shape *shape) {
    cf_strided copy = {.rank = 0};
    int64_t stride[CF_NET_RANK];
    cf_shape_strides(shape, stride);
    for (int i = 0; i < shape->rank; i++)
        cf_strided_add(&copy, shape->dim[i], stride[i], stride[i]);
    return copy;
}

void cf_strided_collapse(cf_strided *copy) {
    int rank = 0;
    for (int i = 0; i < copy->rank; i++) {
        int64_t dim = copy->dim[i], from = copy->from[i], to = copy->to[i];
        if (dim == 1)
            continue;
        if (rank && copy->from[rank - 1] == from * dim && copy->to[rank - 1] == to * dim) {
            dim *= copy->dim[rank - 1];
            rank--;
        }
        copy->dim[rank] = dim;
        copy->from[rank] = from;
        copy->to[rank++] = to;
    }
    copy->rank = rank;
}

static int64_t count_of(const cf_strided *copy) {
    int64_t count = 1;
    for (int i = 0; i < copy->rank; i++)
        count *= copy->dim[i];
    return count;
}

void cf_strided_run(const cf_strided *copy, size_t element_size, const void *from, void *to) {
    int64_t index[CF_STRIDED_RANK] = {0}, a = copy->from_at, b = copy->to_at;
    for (int64_t left = count_of(copy); left > 0; left--) {
        memcpy((char *)to + b * (int64_t)element_size,
               (const char *)from + a * (int64_t)element_size, element_size);
        for (int d = copy->rank - 1; d >= 0; d--) {
            a += copy->from[d];
            b += copy->to[d];
            if (++index[d] < copy->dim[d])
                break;
            a -= copy->from[d] * copy->dim[d];
            b -= copy->to[d] * copy->dim[d];
            index[d] = 0;
        }
    }
}

void cf_strided_tensors(const cf_strided *copy, const cf_tensor *from, const cf_tensor *to) {
    size_t size = to->type == CF_TYPE_INT64 ? sizeof(int64_t) : sizeof(float);
    cf_strided_run(copy, size, from->data, to->data);
}

/* Brings dimension d to the place `lane` from the end. */
static void bring(cf_strided *copy, int d, int lane) {
    int target = copy->rank - 1 - lane;
    cf_strided old = *copy;
    for (int i = d; i < target; i++) {
        copy->dim[i] = old.dim[i + 1];
        copy->from[i] = old.from[i + 1];
        copy->to[i] = old.to[i + 1];
    }
    copy->dim[target] = old.dim[d];
    copy->from[target] = old.from[d];
    copy->to[target] = old.to[d];
}

/* Sorts dimensions for the kernel that suits and says which. */
static const char *choose(cf_strided *copy) {
    int tight_from = -1, tight_to = -1, largest = 0;
    for (int i = 0; i < copy->rank; i++) {
        if (copy->from[i] == 1 && copy->to[i] == 1) {
            bring(copy, i, 0);
            return "strided_rows";
        }
        if (copy->from[i] == 1)
            tight_from = i;
        if (copy->to[i] == 1)
            tight_to = i;
        if (copy->dim[i] > copy->dim[largest])
            largest = i;
    }
    if (tight_from >= 0 && tight_to >= 0 && copy->dim[tight_from] >= CF_NET_BLOCK &&
        copy->dim[tight_to] >= CF_NET_BLOCK) {
        bring(copy, tight_to, 0);
        bring(copy, tight_from - (tight_from > tight_to), 1);
        return "strided_transpose";
    }
    if (copy->rank)
        bring(copy, largest, 0);
    return "strided_elements";
}

/* More dimensions than the kernels have: one launch for each place along the shortest. */
static cf_status plan_slices(cf_planner *plan, const cf_op *op, cf_strided copy,
                             const cf_buffer *from, const cf_buffer *to) {
    int shortest = 0;
    for (int i = 1; i < copy.rank; i++)
        if (copy.dim[i] < copy.dim[shortest])
            shortest = i;
    int64_t count = copy.dim[shortest];
    if (count > SLICES)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "too many dimensions for a copy");
    copy.dim[shortest] = 1;
    for (int64_t i = 0; i < count; i++) {
        CF_TRY(cf_plan_strided(plan, op, copy, from, to));
        copy.from_at += copy.from[shortest];
        copy.to_at += copy.to[shortest];
    }
    return CF_OK;
}

cf_status cf_plan_strided(cf_planner *plan, const cf_op *op, cf_strided copy, const cf_buffer *from,
                          const cf_buffer *to) {
    if (!count_of(&copy))
        return CF_OK;
    cf_strided_collapse(&copy);
    if (copy.rank > LANES)
        return plan_slices(plan, op, copy, from, to);
    const char *kernel = choose(&copy);
    int dim[LANES] = {1, 1, 1, 1, 1, 1, 1, 1}, from_stride[LANES] = {0}, to_stride[LANES] = {0};
    size_t outer = 1;
    for (int lane = 0; lane < copy.rank; lane++) {
        int i = copy.rank - 1 - lane;
        dim[lane] = (int)copy.dim[i];
        from_stride[lane] = (int)copy.from[i];
        to_stride[lane] = (int)copy.to[i];
        if (lane > 1)
            outer *= (size_t)dim[lane];
    }
    int at[2] = {(int)copy.from_at, (int)copy.to_at};
    int wide = strcmp(kernel, "strided_transpose") ? CHUNK : 256;
    int chunk[2] = {dim[0] < wide ? dim[0] : wide, 1};
    int rows = CHUNK / chunk[0] / CF_NET_BLOCK * CF_NET_BLOCK; /* whole tiles to transpose */
    rows = rows ? rows : 1;
    chunk[1] = dim[1] < rows ? dim[1] : rows;
    cf_range range = {
        {(size_t)((dim[0] - 1) / chunk[0] + 1), (size_t)((dim[1] - 1) / chunk[1] + 1), outer},
        {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_strided, kernel, "", range,
                          CF_ARGS(CF_BUF(from), CF_BUF(to), CF_BYTES(dim, sizeof dim),
                                  CF_BYTES(from_stride, sizeof from_stride),
                                  CF_BYTES(to_stride, sizeof to_stride), CF_BYTES(at, sizeof at),
                                  CF_BYTES(chunk, sizeof chunk)));
}

cf_status cf_plan_strided_tensors(cf_planner *plan, const cf_op *op, const cf_strided *copy,
                                  cf_tensor *in, cf_tensor *out) {
    const cf_buffer *from, *to;
    cf_status status = cf_plan_tensor(plan, in, &from);
    if (status == CF_OK)
        status = cf_plan_tensor(plan, out, &to);
    return status == CF_OK ? cf_plan_strided(plan, op, *copy, from, to) : status;
}

cf_status cf_plan_shift_channels(cf_planner *plan, const cf_buffer *from,
                                 const cf_shape *from_shape, const cf_buffer *to,
                                 const cf_shape *to_shape, int64_t first_channel,
                                 int64_t last_channel, int64_t delta) {
    int pixels = (int)(to_shape->dim[2] * to_shape->dim[3]), chunk = 256;
    int64_t blocks = (last_channel - 1) / CF_NET_BLOCK - first_channel / CF_NET_BLOCK + 1;
    cf_range range = {
        {(size_t)((pixels - 1) / chunk + 1), (size_t)blocks, (size_t)to_shape->dim[0]}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_strided, "strided_shift", "", range,
                          CF_ARGS(CF_BUF(from), CF_BUF(to),
                                  CF_INT((int)CF_NET_BLOCKS(from_shape->dim[1])),
                                  CF_INT((int)CF_NET_BLOCKS(to_shape->dim[1])), CF_INT(pixels),
                                  CF_INT((int)first_channel), CF_INT((int)delta), CF_INT(chunk)));
}
