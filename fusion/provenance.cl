/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `provenance`: one work-item makes 16 neighbouring pixels. */

static float16 unit(float16 v) {
    return select((float16)(0), min(v, 1.0f), v > 0.0f);
}

__kernel void provenance(__global const float *confidence, int confidence_pitch,
                         __global const float *match, int match_pitch, __global const float *error,
                         int error_pitch, __global float *shares, int shares_pitch, int width,
                         int height, float half_confidence, float inverse_error) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float16 c = unit(vload16(0, confidence + (size_t)y * confidence_pitch + x));
    float16 m = unit(vload16(0, match + (size_t)y * match_pitch + x));
    float16 e = vload16(0, error + (size_t)y * error_pitch + x) * inverse_error;
    float16 measured = m * (1.0f + half_confidence) * c / (c + half_confidence);
    e = select((float16)(1), max(e, 0.0f), e < 1.0f);
    float16 invented = (1.0f - measured) * e * e;
    __global float *out = shares + (size_t)y * shares_pitch + x;
    size_t plane = (size_t)height * shares_pitch;
    float16 g = floor(min(measured, 1.0f) * 255.0f + 0.5f);
    float16 r = min(floor(invented * 255.0f + 0.5f), 255.0f - g);
    vstore16(r / 255.0f, 0, out);
    vstore16(g / 255.0f, 0, out + plane);
    vstore16((255.0f - r - g) / 255.0f, 0, out + 2 * plane);
}
