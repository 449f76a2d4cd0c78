/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as a camera model, then projected with and rectified against itself. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "calib/rectify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_camera_model *model, *other;
    char *text = cf_alloc(size + 1, 1); /* readers promise a zero after the text */
    if (!text)
        return 0;
    memcpy(text, data, size);
    cf_status status = cf_camera_model_parse("fuzz", text, size, &model);
    cf_free(text);
    if (status != CF_OK)
        return 0;
    int width, height;
    double pixel[2];
    cf_camera_model_size(model, &width, &height);
    (void)cf_camera_model_project(model, (const double[]){0.1, -0.1, 1}, pixel);
    const double k[4] = {width, width, width / 2.0, height / 2.0};
    const double rt[6] = {0, 0.01, 0, -0.1, 0, 0};
    if (width <= 640 && height <= 640 &&
        cf_camera_model_pinhole(width, height, k, rt, &other) == CF_OK) {
        cf_rectification r;
        if (cf_rectify(model, other, NULL, &r) == CF_OK)
            cf_rectification_clear(&r);
        cf_camera_model_destroy(&other);
    }
    cf_camera_model_destroy(&model);
    return 0;
}
