/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of device buffers and the transfers to and from the host. */
#include "cl/buffer.h"

#include "base/alloc.h"
#include "base/log.h"
#include "cl/internal.h"

/* Sizes are rounded so that pictures of nearly the same size share buffers. */
static size_t round_size(size_t bytes) {
    size_t step = bytes > ((size_t)1 << 20) ? (size_t)1 << 16 : 4096;
    return (bytes + step - 1) / step * step;
}

static int fails_now(cf_cl *cl) {
    return cl->fail_after >= 0 && cl->fail_after-- == 0;
}

/* The smallest waiting buffer that fits and wastes less than half. */
static cf_buffer *take_free(cf_cl *cl, size_t bytes) {
    cf_buffer **best = NULL;
    for (cf_buffer **at = &cl->free_list; *at; at = &(*at)->next)
        if ((*at)->bytes >= bytes && (*at)->bytes <= 2 * bytes &&
            (!best || (*at)->bytes < (*best)->bytes))
            best = at;
    if (!best)
        return NULL;
    cf_buffer *buffer = *best;
    *best = buffer->next;
    buffer->next = NULL;
    return buffer;
}

static cl_mem create_mem(cf_cl *cl, size_t bytes, cl_int *error) {
    if (bytes > cl->memory_limit || cl->pool.live_bytes > cl->memory_limit - bytes) {
        *error = CL_MEM_OBJECT_ALLOCATION_FAILURE;
        return NULL;
    }
    if (cl->pool.held_bytes + bytes > cl->memory_limit)
        cf_pool_trim(cl);
    cl_mem mem = clCreateBuffer(cl->context, CL_MEM_READ_WRITE, bytes, NULL, error);
    if (!mem && cl->free_list) {
        cf_pool_trim(cl);
        mem = clCreateBuffer(cl->context, CL_MEM_READ_WRITE, bytes, NULL, error);
    }
    return mem;
}

static cf_status create_buffer(cf_cl *cl, size_t bytes, cf_buffer **out) {
    cl_int error = CL_SUCCESS;
    cf_buffer *buffer = cf_alloc(1, sizeof *buffer);
    if (!buffer)
        return CF_ERR_MEMORY;
    cl_mem mem = create_mem(cl, bytes, &error);
    if (!mem) {
        cf_free(buffer);
        return cf_fail(CF_ERR_MEMORY,
                       "%s: no memory for a buffer of %zu bytes (%zu of %zu in use): %s; use a "
                       "device with more, smaller pictures, or a larger CHROMAFUSE_MEMORY",
                       cl->info.name, bytes, cl->pool.live_bytes, cl->memory_limit,
                       cf_cl_error_text(error));
    }
    *buffer = (cf_buffer){.cl = cl, .mem = mem, .bytes = bytes};
    cl->pool.allocations++;
    cl->pool.held_bytes += bytes;
    if (cl->pool.held_bytes > cl->pool.peak_bytes)
        cl->pool.peak_bytes = cl->pool.held_bytes;
    *out = buffer;
    return CF_OK;
}

cf_status cf_buffer_get(cf_cl *cl, size_t bytes, cf_buffer **out) {
    *out = NULL;
    if (fails_now(cl))
        return cf_fail(CF_ERR_MEMORY, "%s: no memory for a buffer of %zu bytes", cl->info.name,
                       bytes);
    if (bytes > CF_ALLOC_MAX)
        return cf_fail(CF_ERR_MEMORY, "%s: a buffer of %zu bytes is over the limit", cl->info.name,
                       bytes);
    bytes = round_size(bytes ? bytes : 1);
    cf_buffer *buffer = take_free(cl, bytes);
    if (!buffer)
        CF_TRY(create_buffer(cl, bytes, &buffer));
    cl->pool.live_bytes += buffer->bytes;
    cl->pool.live_count++;
    *out = buffer;
    return CF_OK;
}

void cf_buffer_put(cf_buffer **handle) {
    if (!handle || !*handle)
        return;
    cf_buffer *buffer = *handle;
    cf_cl *cl = buffer->cl;
    cl->pool.live_bytes -= buffer->bytes;
    cl->pool.live_count--;
    buffer->next = cl->free_list;
    cl->free_list = buffer;
    *handle = NULL;
}

void cf_pool_trim(cf_cl *cl) {
    while (cl->free_list) {
        cf_buffer *buffer = cl->free_list;
        cl->free_list = buffer->next;
        cl->pool.held_bytes -= buffer->bytes;
        clReleaseMemObject(buffer->mem);
        cf_free(buffer);
    }
}

size_t cf_buffer_size(const cf_buffer *buffer) {
    return buffer->bytes;
}

cf_pool_stats cf_pool_statistics(const cf_cl *cl) {
    return cl->pool;
}

void cf_pool_fail_after(cf_cl *cl, long after) {
    cl->fail_after = after;
}

static cf_status done(const cf_buffer *buffer, const char *what, cl_int error) {
    if (error == CL_SUCCESS) {
        cf_profile_added(buffer->cl);
        return CF_OK;
    }
    return cf_fail(cf_cl_error_status(error), "%s: cannot %s a buffer of %zu bytes: %s",
                   buffer->cl->info.name, what, buffer->bytes, cf_cl_error_text(error));
}

cf_status cf_buffer_write(cf_buffer *buffer, size_t offset, const void *source, size_t bytes) {
    if (offset > buffer->bytes || bytes > buffer->bytes - offset)
        return cf_fail(CF_ERR_INVALID, "write of %zu bytes at %zu into a buffer of %zu", bytes,
                       offset, buffer->bytes);
    if (!bytes)
        return CF_OK;
    cl_event *event = cf_profile_slot(buffer->cl, "write");
    return done(buffer, "write",
                clEnqueueWriteBuffer(buffer->cl->queue, buffer->mem, CL_TRUE, offset, bytes, source,
                                     0, NULL, event));
}

cf_status cf_buffer_read(const cf_buffer *buffer, size_t offset, void *target, size_t bytes) {
    if (offset > buffer->bytes || bytes > buffer->bytes - offset)
        return cf_fail(CF_ERR_INVALID, "read of %zu bytes at %zu from a buffer of %zu", bytes,
                       offset, buffer->bytes);
    if (!bytes)
        return CF_OK;
    cl_event *event = cf_profile_slot(buffer->cl, "read");
    return done(buffer, "read",
                clEnqueueReadBuffer(buffer->cl->queue, buffer->mem, CL_TRUE, offset, bytes, target,
                                    0, NULL, event));
}

/* Do `rows` rows, `stride` apart, fit behind offset? */
static int rows_fit(const cf_buffer *b, size_t offset, size_t stride, size_t row_bytes,
                    size_t rows) {
    if (!rows || !row_bytes || stride < row_bytes || offset > b->bytes)
        return 0;
    size_t room = b->bytes - offset;
    return row_bytes <= room && rows - 1 <= (room - row_bytes) / stride;
}

/* Where rows lie in the device's buffer and in the host's memory. */
typedef struct {
    size_t offset, device_stride, host_stride, row_bytes, rows;
} row_span;

static cf_status write_rows(cf_buffer *buffer, const row_span *r, const void *source,
                            cl_bool waits) {
    if (!rows_fit(buffer, r->offset, r->device_stride, r->row_bytes, r->rows) ||
        r->host_stride < r->row_bytes)
        return cf_fail(CF_ERR_INVALID,
                       "write of %zu rows of %zu bytes does not fit a buffer of %zu", r->rows,
                       r->row_bytes, buffer->bytes);
    const size_t device_origin[3] = {r->offset % r->device_stride, r->offset / r->device_stride, 0};
    const size_t host_origin[3] = {0, 0, 0}, region[3] = {r->row_bytes, r->rows, 1};
    cl_event *event = cf_profile_slot(buffer->cl, "write");
    return done(buffer, "write",
                clEnqueueWriteBufferRect(buffer->cl->queue, buffer->mem, waits, device_origin,
                                         host_origin, region, r->device_stride, 0, r->host_stride,
                                         0, source, 0, NULL, event));
}

static cf_status read_rows(const cf_buffer *buffer, const row_span *r, void *target,
                           cl_bool waits) {
    if (!rows_fit(buffer, r->offset, r->device_stride, r->row_bytes, r->rows) ||
        r->host_stride < r->row_bytes)
        return cf_fail(CF_ERR_INVALID, "read of %zu rows of %zu bytes does not fit a buffer of %zu",
                       r->rows, r->row_bytes, buffer->bytes);
    const size_t device_origin[3] = {r->offset % r->device_stride, r->offset / r->device_stride, 0};
    const size_t host_origin[3] = {0, 0, 0}, region[3] = {r->row_bytes, r->rows, 1};
    cl_event *event = cf_profile_slot(buffer->cl, "read");
    return done(buffer, "read",
                clEnqueueReadBufferRect(buffer->cl->queue, buffer->mem, waits, device_origin,
                                        host_origin, region, r->device_stride, 0, r->host_stride, 0,
                                        target, 0, NULL, event));
}

cf_status cf_buffer_write_rows(cf_buffer *buffer, size_t offset, size_t device_stride,
                               const void *source, size_t host_stride, size_t row_bytes,
                               size_t rows) {
    const row_span span = {offset, device_stride, host_stride, row_bytes, rows};
    return write_rows(buffer, &span, source, CL_TRUE);
}

cf_status cf_buffer_read_rows(const cf_buffer *buffer, size_t offset, size_t device_stride,
                              void *target, size_t host_stride, size_t row_bytes, size_t rows) {
    const row_span span = {offset, device_stride, host_stride, row_bytes, rows};
    return read_rows(buffer, &span, target, CL_TRUE);
}

cf_status cf_buffer_queue_write_rows(cf_buffer *buffer, size_t offset, size_t device_stride,
                                     const void *source, size_t host_stride, size_t row_bytes,
                                     size_t rows) {
    const row_span span = {offset, device_stride, host_stride, row_bytes, rows};
    return write_rows(buffer, &span, source, CL_FALSE);
}

cf_status cf_buffer_queue_read_rows(const cf_buffer *buffer, size_t offset, size_t device_stride,
                                    void *target, size_t host_stride, size_t row_bytes,
                                    size_t rows) {
    const row_span span = {offset, device_stride, host_stride, row_bytes, rows};
    return read_rows(buffer, &span, target, CL_FALSE);
}

cf_status cf_buffer_fill(cf_buffer *buffer, unsigned char value, size_t bytes) {
    if (bytes > buffer->bytes)
        return cf_fail(CF_ERR_INVALID, "fill of %zu bytes in a buffer of %zu", bytes,
                       buffer->bytes);
    if (!bytes)
        return CF_OK;
    cl_event *event = cf_profile_slot(buffer->cl, "fill");
    return done(
        buffer, "fill",
        clEnqueueFillBuffer(buffer->cl->queue, buffer->mem, &value, 1, 0, bytes, 0, NULL, event));
}

cf_status cf_buffer_copy(const cf_buffer *from, size_t from_offset, cf_buffer *to, size_t to_offset,
                         size_t bytes) {
    if (from_offset > from->bytes || bytes > from->bytes - from_offset || to_offset > to->bytes ||
        bytes > to->bytes - to_offset || from == to)
        return cf_fail(CF_ERR_INVALID, "copy of %zu bytes from a buffer of %zu to one of %zu",
                       bytes, from->bytes, to->bytes);
    if (!bytes)
        return CF_OK;
    cl_event *event = cf_profile_slot(to->cl, "copy");
    return done(to, "copy into",
                clEnqueueCopyBuffer(to->cl->queue, from->mem, to->mem, from_offset, to_offset,
                                    bytes, 0, NULL, event));
}
