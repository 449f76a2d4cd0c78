/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `encode`: one work-item makes 16 neighbouring samples; rows are padded to 16. */

/* x^(1/2.4) for x in 2^-10..1, relative error below 3e-7: the mantissa's power by a Chebyshev
 * polynomial of degree 7, the exponent's (0..-9, 5/12 each) by its four bits. */
float16 root(float16 x) {
    int16 bits = as_int16(x);
    int16 k = 127 - (bits >> 23);
    float16 t = 2 * as_float16((bits & 0x7fffff) | 0x3f800000) - 3;
    float16 y = 1.1494003e-5f;
    y = fma(y, t, -4.2865580e-5f);
    y = fma(y, t, 1.4355153e-4f);
    y = fma(y, t, -6.0162293e-4f);
    y = fma(y, t, 2.8129937e-3f);
    y = fma(y, t, -1.5989169e-2f);
    y = fma(y, t, 1.6445188e-1f);
    y = fma(y, t, 1.1840537f);
    y *= (k & 1) != 0 ? (float16)0.74915354f : (float16)1;
    y *= (k & 2) != 0 ? (float16)0.56123102f : (float16)1;
    y *= (k & 4) != 0 ? (float16)0.31498026f : (float16)1;
    y *= (k & 8) != 0 ? (float16)0.09921257f : (float16)1;
    return y;
}

__kernel void encode(__global const float *linear, int pitch, __global float *encoded,
                     int encoded_pitch, int width, int rows, float gain) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1); /* over all planes */
    if (x >= width || y >= rows)
        return;
    float16 v = vload16(0, linear + (size_t)y * pitch + x) * gain;
    v = v > 0 ? min(v, (float16)1) : (float16)0; /* NaN is not > 0 */
    float16 high = 1.055f * root(max(v, (float16)0.0031308f)) - 0.055f;
    vstore16(v <= 0.0031308f ? 12.92f * v : high, 0, encoded + (size_t)y * encoded_pitch + x);
}
