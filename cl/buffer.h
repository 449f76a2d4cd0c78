/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory from a pool: what is put back is used again, so that a steady frame loop allocates
 * nothing. */
#ifndef CHROMAFUSE_CL_BUFFER_H
#define CHROMAFUSE_CL_BUFFER_H

#include <stddef.h>

#include "cl/device.h"

/* Device memory. Its content is undefined when it comes from the pool. */
typedef struct cf_buffer cf_buffer;

/*
 * A buffer of at least bytes. The queue is in order, so a buffer may be put back as soon as the
 * last work that uses it is queued. CF_ERR_MEMORY names the size when the device or
 * cf_cl_params.memory_limit has no more.
 */
cf_status cf_buffer_get(cf_cl *cl, size_t bytes, cf_buffer **out);

/* Gives a buffer back to its pool and clears the pointer; safe on NULL. */
void cf_buffer_put(cf_buffer **buffer);

/* Bytes that can be used, at least what was asked for. */
size_t cf_buffer_size(const cf_buffer *buffer);

/* Copies bytes from the host; returns when the source may be changed again. */
cf_status cf_buffer_write(cf_buffer *buffer, size_t offset, const void *source, size_t bytes);

/* Rows of row_bytes, host_stride apart on the host and device_stride apart on the device, from
 * device offset on. */
cf_status cf_buffer_write_rows(cf_buffer *buffer, size_t offset, size_t device_stride,
                               const void *source, size_t host_stride, size_t row_bytes,
                               size_t rows);
cf_status cf_buffer_read_rows(const cf_buffer *buffer, size_t offset, size_t device_stride,
                              void *target, size_t host_stride, size_t row_bytes, size_t rows);

/* The same copies, queued only: the host's rows must stay (written: as they are) until a ticket
 * (cl/ticket.h) that is taken afterwards is done. */
cf_status cf_buffer_queue_write_rows(cf_buffer *buffer, size_t offset, size_t device_stride,
                                     const void *source, size_t host_stride, size_t row_bytes,
                                     size_t rows);
cf_status cf_buffer_queue_read_rows(const cf_buffer *buffer, size_t offset, size_t device_stride,
                                    void *target, size_t host_stride, size_t row_bytes,
                                    size_t rows);

/* Waits for queued work and copies bytes to the host. Never in the frame loop: only results and
 * reports. */
cf_status cf_buffer_read(const cf_buffer *buffer, size_t offset, void *target, size_t bytes);

/* Queues a copy of bytes between two buffers of one device; they may not be the same. */
cf_status cf_buffer_copy(const cf_buffer *from, size_t from_offset, cf_buffer *to, size_t to_offset,
                         size_t bytes);

/* Queues filling the first bytes with a repeated byte. */
cf_status cf_buffer_fill(cf_buffer *buffer, unsigned char value, size_t bytes);

typedef struct {
    size_t live_bytes;  /* handed out now */
    size_t live_count;  /* buffers handed out now */
    size_t held_bytes;  /* live plus waiting in the pool */
    size_t peak_bytes;  /* largest held_bytes so far */
    size_t allocations; /* buffers ever created: constant in a steady frame loop */
} cf_pool_stats;
cf_pool_stats cf_pool_statistics(const cf_cl *cl);

/* Frees what waits in the pool. */
void cf_pool_trim(cf_cl *cl);

/* Tests: let `after` more gets succeed and fail the next with CF_ERR_MEMORY; negative: never (the
 * default). */
void cf_pool_fail_after(cf_cl *cl, long after);

#endif
