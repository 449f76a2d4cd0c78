/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `compose`: one work-item makes 16 neighbouring pixels. */

static float16 room(float16 m, float16 d) {
    return select(m, 1.0f - m, d > 0.0f) / (fabs(d) + 1e-12f);
}

static float16 usable(float16 c) {
    return select((float16)(0), c, fabs(c) < 1000.0f);
}

/* on: 1, or 0 for grey output; shares: spectral[0] / spectral[1], spectral[2] / spectral[1]. */
__kernel void compose(__global const float *mono, int mono_pitch, __global const float *chroma,
                      int chroma_pitch, __global float *rgb, int rgb_pitch, int width, int height,
                      float on, float r_share, float b_share, float eps) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    __global const float *c = chroma + (size_t)y * chroma_pitch + x;
    __global float *out = rgb + (size_t)y * rgb_pitch + x;
    size_t plane = (size_t)height * rgb_pitch;
    float16 m = vload16(0, mono + (size_t)y * mono_pitch + x);
    float16 r = on * usable(vload16(0, c)) * (m + eps);
    float16 b = on * usable(vload16(0, c + (size_t)height * chroma_pitch)) * (m + eps);
    float16 g = -(r_share * r + b_share * b);
    float16 s = min(min(room(m, r), room(m, b)), room(m, g));
    int16 inside = (m >= 0.0f) & (m <= 1.0f);
    s = clamp(s, 0.0f, 1.0f);
    vstore16(select(m, clamp(m + s * r, 0.0f, 1.0f), inside), 0, out);
    vstore16(select(m, clamp(m + s * g, 0.0f, 1.0f), inside), 0, out + plane);
    vstore16(select(m, clamp(m + s * b, 0.0f, 1.0f), inside), 0, out + 2 * plane);
}
