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
