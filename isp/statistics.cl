/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `statistics`: BANDS work-items count rows of their own, one adds up. No atomics:
 * the order of every sum is fixed. */
#define BINS 256
#define FIRST_EDGE (112 << 4)
#define SUMS 8 /* R, G, B, luminance; as float bits of the counts: samples, colored, clipped */

int bin_of(float v) {
    return v >= 0x1p-15f ? min((as_int(v) >> 19) - FIRST_EDGE + 1, BINS - 1) : 0;
}

float edge(int bin) {
    return bin > 0 ? as_float((bin - 1 + FIRST_EDGE) << 19) : 0.0f;
}

/* counts: bands x 4 x BINS; sums: bands x SUMS. */
__kernel void count(__global const float *picture, int pitch, int planes, int width, int height,
                    int step, float4 weights, float clip, float dark, int bands,
                    __global int *counts, __global float *sums) {
    int band = (int)get_global_id(0);
    if (band >= bands)
        return;
    __global int *mine = counts + band * 4 * BINS;
    for (int k = 0; k < 4 * BINS; k++)
        mine[k] = 0;
    float red = 0, green = 0, blue = 0, luminance = 0;
    int samples = 0, colored = 0, clipped = 0;
    size_t plane = planes == 3 ? (size_t)height * pitch : 0;
    for (int y = band * step; y < height; y += bands * step)
        for (int x = 0; x < width; x += step) {
            __global const float *at = picture + (size_t)y * pitch + x;
            float r = at[0], g = at[plane], b = at[2 * plane], light = r;
            if (planes == 3) {
                light = fma(weights.z, b, fma(weights.y, g, weights.x * r));
                mine[bin_of(r)]++;
                mine[BINS + bin_of(g)]++;
                mine[2 * BINS + bin_of(b)]++;
            }
            mine[3 * BINS + bin_of(light)]++;
            luminance += fmin(fmax(light, 0.0f), 16.0f);
            samples++;
            if (!(r < clip && g < clip && b < clip)) {
                clipped++;
            } else if (light >= dark) {
                colored++;
                red += r, green += g, blue += b;
            }
        }
    vstore8((float8)(red, green, blue, luminance, as_float(samples), as_float(colored),
                     as_float(clipped), 0),
            band, sums);
}

__constant float shares[9] = {0.01f, 0.1f, 0.5f, 0.9f, 0.99f, 0.995f, 0.99f, 0.99f, 0.99f};

float percentile(__global const int *counts, int n, float share) {
    float wanted = share * n;
    int below = 0;
    for (int k = 0; k < BINS - 1; k++) {
        if (counts[k] && below + counts[k] >= wanted) {
            float low = edge(k), high = edge(k + 1);
            return low + (wanted - below) / counts[k] * (high - low);
        }
        below += counts[k];
    }
    return edge(BINS - 1);
}

float log_mean(__global const int *counts) {
    float sum = 0;
    int n = 0;
    for (int k = 1; k < BINS; k++) {
        sum += counts[k] * log2(edge(k) * (1 + 1 / 44.0f));
        n += counts[k];
    }
    return n ? exp2(sum / n) : 0.0f;
}

float ratio(float a, float b) {
    return a > 0 && b > 0 ? clamp(a / b, 1 / 16.0f, 16.0f) : 1.0f;
}

/* Adds the bands up in the first one, then writes the table. */
__kernel void summarize(__global int *counts, __global const float *sums, int bands, int planes,
                        __global float *table, int pitch, __global float *values, int plane) {
    if (get_global_id(0) > 0)
        return;
    float8 sum = 0;
    int samples = 0, clipped = 0;
    for (int b = 0; b < bands; b++) {
        float8 s = vload8(b, sums);
        sum += s;
        samples += as_int(s.s4);
        clipped += as_int(s.s6);
        for (int k = 0; b && k < 4 * BINS; k++)
            counts[k] += counts[b * 4 * BINS + k];
    }
    for (int k = 0; k < 4 * BINS; k++)
        table[(k / BINS) * pitch + k % BINS] = (float)counts[k] / samples;
    __global const int *light = counts + 3 * BINS;
    float found[9]; /* luminance's percentiles, then the 99th of R, G, B */
    for (int i = 0; i < 9; i++)
        found[i] = percentile(i < 6 ? light : counts + (i - 6) * BINS, samples, shares[i]);
    float mean = sum.s3 / samples;
    values[0] = samples;
    values[plane] = mean;
    values[2 * plane] = log_mean(light);
    for (int i = 0; i < 6; i++)
        values[(3 + i) * plane] = found[i];
    values[9 * plane] = (float)clipped / samples;
    values[10 * plane] = ratio(sum.s1, sum.s0);
    values[11 * plane] = ratio(sum.s1, sum.s2);
    values[12 * plane] = planes == 3 ? ratio(found[7], found[6]) : 1.0f;
    values[13 * plane] = planes == 3 ? ratio(found[7], found[8]) : 1.0f;
    values[14 * plane] = mean > 0 ? fmin(ratio(0.18f, mean), ratio(0.95f, found[4])) : 1.0f;
}
