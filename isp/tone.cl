/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `tone`: `curve` makes the four numbers of the curve from the values of
 * `statistics`, `tone` applies them to 16 neighbouring pixels per work-item. */

/* limits: key, strength, max_gain, toe. result: gain, black, knee, bend. */
/* values: of cf_statistics_value, plane elements apart. */
__kernel void curve(__global const float *values, int plane, float4 limits, float knee,
                    __global float *result) {
    if (get_global_id(0) > 0)
        return;
    float mean = values[2 * plane], dark = values[3 * plane], bright = values[8 * plane];
    float gain = mean > 0 ? pow(limits.x / mean, limits.y) : 1.0f;
    gain = fmin(fmax(gain, 1 / limits.z), limits.z);
    float black = fmin(fmax(gain * dark, 0.0f), limits.w);
    float white = fmax((gain * bright - black) / (1 - black), 1.0f);
    vstore4((float4)(gain, black, knee, 1 / (1 - knee) - 1 / (white - knee)), 0, result);
}

float16 bent(float4 c, float16 luminance) {
    float16 x = fmax((c.x * luminance - c.y) / (1 - c.y), (float16)0);
    float16 over = fmax(x - c.z, (float16)0);
    return fmin(fmin(x, (float16)c.z) + over / (1 + c.w * over), (float16)1);
}

float16 toward(float16 to, float16 keep, float16 v) {
    return fmin(fmax(to + keep * (v - to), (float16)0), (float16)1);
}

__kernel void tone(__global const float *picture, int pitch, int planes, __global float *toned,
                   int toned_pitch, int width, int height, float4 weights,
                   __global const float *numbers) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float4 c = vload4(0, numbers);
    __global const float *from = picture + (size_t)y * pitch + x;
    __global float *into = toned + (size_t)y * toned_pitch + x;
    size_t plane = (size_t)height * pitch, toned_plane = (size_t)height * toned_pitch;
    float16 r = vload16(0, from);
    if (planes == 1) {
        vstore16(bent(c, r), 0, into);
        return;
    }
    float16 g = vload16(0, from + plane), b = vload16(0, from + 2 * plane);
    float16 light = weights.x * r + weights.y * g + weights.z * b;
    float16 to = bent(c, light);
    int16 lit = light > 1e-6f;
    float16 scale = to / light;
    r = lit ? r * scale : to;
    g = lit ? g * scale : to;
    b = lit ? b * scale : to;
    float16 low = fmin(fmin(to, r), fmin(g, b)), high = fmax(fmax(to, r), fmax(g, b));
    float16 keep = high > 1 ? (1 - to) / (high - to) : (float16)1;
    keep = low < 0 ? fmin(keep, to / (to - low)) : keep;
    vstore16(toward(to, keep, r), 0, into);
    vstore16(toward(to, keep, g), 0, into + toned_plane);
    vstore16(toward(to, keep, b), 0, into + 2 * toned_plane);
}
