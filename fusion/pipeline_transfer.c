/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures into and out of a pipeline's tensors. */
#include "base/log.h"
#include "fusion/pipeline.h"

/* A tensor's rows on the device that belong to the rows of a picture. */
typedef struct {
    cf_plane_set set;
    size_t plane_bytes, stride, row_bytes;
} rows;

/* Every `step`-th row of the tensor is to be the picture. */
static cf_status match(const cf_pipeline *p, const char *name, const cf_image *image, int step,
                       rows *out) {
    const cf_plane_set *t = cf_pipeline_tensor(p, name);
    if (!t || step < 1)
        return cf_fail(CF_ERR_INVALID, "pipeline: no tensor %s is kept, or every row %d of it",
                       name, step);
    if (t->width != image->width || (t->height + step - 1) / step != image->height ||
        t->planes != image->planes || (size_t)t->elem != cf_pixel_bytes(image->format))
        return cf_fail(
            CF_ERR_INVALID,
            "pipeline: %s holds %dx%d, %d planes of %d bytes; the picture %dx%d, %d of %zu", name,
            t->width, t->height, t->planes, t->elem, image->width, image->height, image->planes,
            cf_pixel_bytes(image->format));
    size_t stride = (size_t)t->pitch * (size_t)t->elem;
    *out = (rows){.set = *t,
                  .plane_bytes = stride * (size_t)t->height,
                  .stride = stride * (size_t)step,
                  .row_bytes = (size_t)t->width * (size_t)t->elem};
    return CF_OK;
}

static cf_status write_planes(cf_pipeline *p, const char *name, const cf_image *image,
                              cf_status (*write)(cf_buffer *, size_t, size_t, const void *, size_t,
                                                 size_t, size_t)) {
    rows r;
    CF_TRY(match(p, name, image, 1, &r));
    for (int i = 0; i < r.set.planes; i++)
        CF_TRY(write(r.set.buf, (size_t)i * r.plane_bytes, r.stride, cf_image_row(image, i, 0),
                     image->stride, r.row_bytes, (size_t)image->height));
    return CF_OK;
}

cf_status cf_pipeline_write(cf_pipeline *p, const char *name, const cf_image *image) {
    return write_planes(p, name, image, cf_buffer_write_rows);
}

cf_status cf_pipeline_queue_write(cf_pipeline *p, const char *name, const cf_image *image) {
    return write_planes(p, name, image, cf_buffer_queue_write_rows);
}

static cf_status
read_planes(const cf_pipeline *p, const char *name, int step, const cf_image *image,
            cf_status (*read)(const cf_buffer *, size_t, size_t, void *, size_t, size_t, size_t)) {
    rows r;
    CF_TRY(match(p, name, image, step, &r));
    for (int i = 0; i < r.set.planes; i++)
        CF_TRY(read(r.set.buf, (size_t)i * r.plane_bytes, r.stride, cf_image_row(image, i, 0),
                    image->stride, r.row_bytes, (size_t)image->height));
    return CF_OK;
}

cf_status cf_pipeline_read(const cf_pipeline *p, const char *name, cf_image *image) {
    return read_planes(p, name, 1, image, cf_buffer_read_rows);
}

cf_status cf_pipeline_queue_read(const cf_pipeline *p, const char *name, int step,
                                 cf_image *image) {
    return read_planes(p, name, step, image, cf_buffer_queue_read_rows);
}

cf_status cf_pipeline_queue_copy(const cf_pipeline *from, const char *from_name, int first_row,
                                 cf_pipeline *to, const char *to_name) {
    const cf_plane_set *a = cf_pipeline_tensor(from, from_name);
    const cf_plane_set *b = cf_pipeline_tensor(to, to_name);
    if (!a || !b || first_row < 0 || b->height > a->height - first_row || a->width != b->width ||
        a->planes != b->planes || a->elem != b->elem || a->pitch != b->pitch)
        return cf_fail(CF_ERR_INVALID, "pipeline: rows from %d on of %s do not fill %s", first_row,
                       from_name, to_name);
    size_t row = (size_t)a->pitch * (size_t)a->elem;
    for (int i = 0; i < b->planes; i++)
        CF_TRY(cf_buffer_copy(a->buf, row * (size_t)(i * a->height + first_row), b->buf,
                              row * (size_t)(i * b->height), row * (size_t)b->height));
    return CF_OK;
}
