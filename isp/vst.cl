/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `vst`: one work-item makes 16 neighbouring samples; rows are padded to 16. */
#include "isp/anscombe.h"

__kernel void vst(__global const float *raw, int raw_pitch, __global float *stable,
                  int stable_pitch, int width, int rows, float scale, float offset) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= rows)
        return;
    float16 v = vload16(0, raw + (size_t)y * raw_pitch + x);
    v = select((float16)(0), v, isless(fabs(v), (float16)(1e18F)));
    vstore16(cf_anscombe(v, scale, offset), 0, stable + (size_t)y * stable_pitch + x);
}
