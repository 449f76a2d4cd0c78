/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures out of a pipeline's tensors. */
#include "fusion/output.h"

#include "base/log.h"

cf_status cf_output_describe(const cf_pipeline *pipeline, cf_output output, cf_image *out) {
    const cf_plane_set *t = cf_pipeline_tensor(pipeline, output.tensor);
    *out = (cf_image){0};
    if (!t)
        return cf_fail(CF_ERR_INVALID, "the output %s was not asked for", output.tensor);
    *out = (cf_image){.width = t->width * t->elem / (int)cf_pixel_bytes(output.format),
                      .height = t->height,
                      .planes = t->planes,
                      .format = output.format};
    out->stride = (size_t)out->width * cf_pixel_bytes(out->format);
    out->plane_stride = out->stride * (size_t)out->height;
    return CF_OK;
}

static cf_image as_bytes(const cf_image *image) {
    cf_image view = *image;
    if (image->format != CF_PIXEL_F32) {
        view.width *= (int)cf_pixel_bytes(image->format);
        view.format = CF_PIXEL_U8;
    }
    return view;
}

static cf_status check_view(const cf_pipeline *pipeline, cf_output output, int row_step,
                            const cf_image *image) {
    cf_image want;
    CF_TRY(cf_output_describe(pipeline, output, &want));
    if (row_step < 1 || image->format != want.format || image->width != want.width ||
        image->height != (want.height + row_step - 1) / row_step)
        return cf_fail(CF_ERR_INVALID, "the output %s is %dx%d of another format than the picture",
                       output.tensor, want.width, want.height);
    return CF_OK;
}

cf_status cf_output_read(const cf_pipeline *pipeline, cf_output output, cf_image *image) {
    CF_TRY(check_view(pipeline, output, 1, image));
    cf_image view = as_bytes(image);
    return cf_pipeline_read(pipeline, output.tensor, &view);
}

cf_status cf_output_queue_read(const cf_pipeline *pipeline, cf_output output, int row_step,
                               cf_image *image) {
    CF_TRY(check_view(pipeline, output, row_step, image));
    cf_image view = as_bytes(image);
    return cf_pipeline_queue_read(pipeline, output.tensor, row_step, &view);
}

cf_status cf_output_fetch(const cf_pipeline *pipeline, cf_output output, cf_image *image) {
    cf_image want;
    *image = (cf_image){0};
    CF_TRY(cf_output_describe(pipeline, output, &want));
    CF_TRY(cf_image_alloc(want.width, want.height, want.planes, want.format, image));
    cf_status status = cf_output_read(pipeline, output, image);
    if (status != CF_OK)
        cf_image_free(image);
    return status;
}
