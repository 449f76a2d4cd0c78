/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as an OpenCV stereo file; what is accepted becomes models and is written
 * again. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "calib/opencv_stereo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char text[65536];
    cf_opencv_stereo in = {0}, out;
    cf_opencv_params params = CF_OPENCV_DEFAULTS;
    cf_camera_model *mono, *color;
    if (cf_opencv_stereo_parse("fuzz.yml", (const char *)data, size, &in) != CF_OK)
        return 0;
    params.swap = (int)(size & 1);
    for (int i = 0; i < 2; i++) {
        params.mono_size[i] = in.camera[params.swap].width ? 0 : 640;
        params.color_size[i] = in.camera[1 - params.swap].width ? 0 : 640;
    }
    if (cf_opencv_stereo_models("fuzz.yml", &in, &params, &mono, &color) != CF_OK)
        return 0;
    if (cf_opencv_stereo_from_models(mono, color, params.swap, &out) == CF_OK) {
        FILE *to = fmemopen(text, sizeof text, "w");
        if (to) {
            cf_opencv_stereo_print(&out, to);
            fclose(to);
        }
    }
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    return 0;
}
