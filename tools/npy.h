/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's .npy files: one array in, one array out. */
#ifndef CHROMAFUSE_TOOLS_NPY_H
#define CHROMAFUSE_TOOLS_NPY_H

#include "cl/net/tensor.h"

/* Files are read up to this size. */
#define CF_NPY_MAX_BYTES ((size_t)1 << 30)

/* An array in host memory, row-major: float, or int64_t for every integer type and bool. */
typedef struct {
    cf_type type;
    cf_shape shape; /* up to CF_NET_RANK dimensions; may hold zeros */
    void *data;
} cf_npy;

/*
 * Reads format 1.0, 2.0 and 3.0 (numpy.lib.format): little-endian float16, 32 and 64, integers of
 * 8 to 64 bits, bool; rows first (C order). CF_ERR_FORMAT: no such file, or its header is damaged
 * or its data of another length than its shape makes; CF_ERR_UNSUPPORTED: another element type,
 * order or number of dimensions. Clear it with cf_npy_clear.
 */
cf_status cf_npy_read(const char *path, cf_npy *out);
/* The same from memory; `name` for messages. */
cf_status cf_npy_parse(const void *bytes, size_t size, const char *name, cf_npy *out);

/* Writes format 1.0, "<f4" or "<i8"; nothing is at path when it fails. */
cf_status cf_npy_write(const char *path, const cf_npy *array);

/* Frees the data; safe on a cleared one. */
void cf_npy_clear(cf_npy *array);

#endif
