/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `provenance`: one work-item makes 16 neighbouring pixels. */

__kernel void provenance(__global const float *confidence, int confidence_pitch,
                         __global const float *error, int error_pitch, __global float *shares,
                         int shares_pitch, int width, int height, float half_confidence,
                         float inverse_error) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float16 c = vload16(0, confidence + (size_t)y * confidence_pitch + x);
    float16 e = vload16(0, error + (size_t)y * error_pitch + x) * inverse_error;
    c = select((float16)(0), min(c, 1.0f), c > 0.0f);
    e = select((float16)(1), max(e, 0.0f), e < 1.0f);
    float16 measured = c / (c + half_confidence) * (1.0f + half_confidence);
    float16 invented = (1.0f - measured) * e * e;
    __global float *out = shares + (size_t)y * shares_pitch + x;
    size_t plane = (size_t)height * shares_pitch;
    vstore16(invented, 0, out);
    vstore16(measured, 0, out + plane);
    vstore16(1.0f - measured - invented, 0, out + 2 * plane);
}
