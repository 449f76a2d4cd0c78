/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of a pipeline as the pictures that a door of the library hands out. */
#ifndef CHROMAFUSE_FUSION_OUTPUT_H
#define CHROMAFUSE_FUSION_OUTPUT_H

#include "fusion/pipeline.h"

/* A kept tensor and what its bytes are: packed pixels lie on the device as one plane of bytes. */
typedef struct {
    const char *tensor;
    cf_pixel format;
} cf_output;

/* The picture's size and format, without pixels. CF_ERR_INVALID when the tensor is not kept. */
cf_status cf_output_describe(const cf_pipeline *pipeline, cf_output output, cf_image *out);

/* Waits, and copies the picture into a view as cf_output_describe says; CF_ERR_INVALID for one of
 * another size or format. */
cf_status cf_output_read(const cf_pipeline *pipeline, cf_output output, cf_image *image);

/* Queues the copy of every row_step-th row (cf_pipeline_queue_read). */
cf_status cf_output_queue_read(const cf_pipeline *pipeline, cf_output output, int row_step,
                               cf_image *image);

/* Allocates the picture (free with cf_image_free), then as cf_output_read. */
cf_status cf_output_fetch(const cf_pipeline *pipeline, cf_output output, cf_image *image);

#endif
