/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors as a network's plan sees them: shape, element type, layout, and data where it is known
 * before the run. */
#ifndef CHROMAFUSE_CL_NET_TENSOR_H
#define CHROMAFUSE_CL_NET_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "cl/buffer.h"

#define CF_NET_RANK 8
/* Elements a tensor may have: what a hostile file asks for stays below this before anything is
 * allocated, and int32 indices in kernels cannot overflow. */
#define CF_NET_ELEMENTS ((int64_t)1 << 30)

/* Element types are widened while reading: float16 and double to float32 (what kernels compute
 * with), every integer and bool to int64. On the device everything is float32. */
typedef enum { CF_TYPE_FLOAT = 0, CF_TYPE_INT64 } cf_type;

/* How elements lie on the device. PLAIN: row-major, tight, any rank. BLOCKED: rank 4 only,
 * [N][ceil(C/16)][H][W][16]; lanes at and beyond C are nobody's: kernels may write anything there,
 * nothing may depend on it (it may be NaN). */
typedef enum { CF_LAYOUT_PLAIN = 0, CF_LAYOUT_BLOCKED } cf_layout;

#define CF_NET_BLOCK 16
#define CF_NET_BLOCKS(channels) (((channels) + CF_NET_BLOCK - 1) / CF_NET_BLOCK)

typedef struct {
    int rank; /* 0: a scalar */
    int64_t dim[CF_NET_RANK];
} cf_shape;

/* Where a constant's elements lie as the file has them: unaligned, little-endian, of an ONNX
 * element type. Read it with cf_tensor_read. */
typedef struct {
    const unsigned char *bytes;
    int stored; /* ONNX TensorProto.DataType */
} cf_stored;

typedef struct cf_tensor {
    const char *name; /* of the file, or made up; never NULL */
    cf_type type;
    cf_shape shape; /* every dimension >= 0; 0 elements only for constants */
    /* Known before the run (a constant): data, row-major float or int64_t, or `stored`, or both. */
    void *data;
    cf_stored stored;
    cf_layout layout;  /* meaningful for tensors on the device */
    cf_buffer *buffer; /* planner's; operators get at it with cf_plan_tensor */
    int users;         /* nodes that read it, network outputs counted */
} cf_tensor;

static inline int cf_tensor_is_constant(const cf_tensor *t) {
    return t->data || t->stored.bytes;
}

/* Number of elements; 1 for a scalar. Shapes in plans are checked against CF_NET_ELEMENTS. */
int64_t cf_shape_count(const cf_shape *shape);
/* Product of dimensions first..last-1. */
int64_t cf_shape_span(const cf_shape *shape, int first, int last);
int cf_shape_equal(const cf_shape *a, const cf_shape *b);
/* Whether every dimension is >= 0 and the count (zeros taken as ones) <= CF_NET_ELEMENTS. */
int cf_shape_valid(const cf_shape *shape);
/* NumPy's rule for two operands; 0 when they do not go together. */
int cf_shape_broadcast(const cf_shape *a, const cf_shape *b, cf_shape *out);
/* "1x64x128x128" into text, for messages. */
const char *cf_shape_text(const cf_shape *shape, char text[96]);

/* Bytes on the device in its layout: float32, and room for whole blocks. */
size_t cf_tensor_bytes(const cf_tensor *t);

/* Elements first..first+count-1 of a constant, widened. The tensor must be a constant of that
 * type; indices must be in range. */
void cf_tensor_read(const cf_tensor *t, int64_t first, int64_t count, float *out);
void cf_tensor_read_int(const cf_tensor *t, int64_t first, int64_t count, int64_t *out);

/* Whether the file holds it as half floats. */
int cf_tensor_is_half(const cf_tensor *t);
/* The half float that equals value; 0 where there is none (NaN keeps only its sign). */
int cf_half_from(float value, uint16_t *out);

/* Bytes of one element of an ONNX element type, 0 for types that are not numbers. */
size_t cf_onnx_type_size(int stored);
/* What it is widened to; -1 for types that are not numbers. */
int cf_onnx_type_class(int stored);

#endif
