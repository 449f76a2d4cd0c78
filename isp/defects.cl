/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `defects`; see defects.h. `search` copies the picture and finds outliers, 16
 * samples per work-item, `correct` replaces them; `listed` replaces the known ones, one entry per
 * work-item. */
#define RANGES 5    /* of the neighbours, that texture may add */
#define FAINT 0.05f /* of white: nobody sees less */
#define NOISE 3     /* standard deviations of range that is noise */
#define NEAR 0.07f  /* share of an outlier that its surroundings may show */
#define SLACK 2.5f  /* standard deviations that they may show besides */

typedef struct {
    int step;
    float threshold, scale, offset;
} settings;

int mirror(int i, int n) {
    if (i >= 0 && i < n)
        return i;
    if (n == 1)
        return 0;
    int period = 2 * (n - 1);
    i = (i % period + period) % period;
    return i < n ? i : period - i;
}

float sample(__global const float *raw, int pitch, int width, int height, int x, int y) {
    return raw[(size_t)mirror(y, height) * pitch + mirror(x, width)];
}

/* Mean of the opposite neighbours in mask (bits 0..7 by rows) that differ least; NAN: none. */
float replacement(const float *n, int mask) {
    float best = INFINITY, value = NAN, sum = 0;
    int count = 0;
    for (int k = 0; k < 8; k++)
        if (mask >> k & 1)
            sum += n[k], count++;
    for (int k = 0; k < 4; k++)
        if ((mask >> k & 1) && (mask >> (7 - k) & 1) && fabs(n[k] - n[7 - k]) < best) {
            best = fabs(n[k] - n[7 - k]);
            value = 0.5f * (n[k] + n[7 - k]);
        }
    return best < INFINITY || !count ? value : sum / count;
}

void neighbours(__global const float *raw, int pitch, int width, int height, int x, int y, int step,
                float *n) {
    int k = 0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++)
            if (i || j)
                n[k++] = sample(raw, pitch, width, height, x + i * step, y + j * step);
}

/* How far the pixels beside x, y stand out along one axis. */
float beside(__global const float *raw, int pitch, int width, int height, int x, int y, int dx,
             int dy) {
    float inner = sample(raw, pitch, width, height, x - dx, y - dy) +
                  sample(raw, pitch, width, height, x + dx, y + dy);
    float outer = sample(raw, pitch, width, height, x - 3 * dx, y - 3 * dy) +
                  sample(raw, pitch, width, height, x + 3 * dx, y + 3 * dy);
    return 0.5f * (inner - outer);
}

float judge(__global const float *raw, int pitch, int width, int height, int x, int y, settings s) {
    float n[8], v = raw[(size_t)y * pitch + x], low = INFINITY, high = -INFINITY;
    neighbours(raw, pitch, width, height, x, y, s.step, n);
    for (int k = 0; k < 8; k++)
        low = fmin(low, n[k]), high = fmax(high, n[k]);
    float over = v - high, under = low - v, sign = over > 0 ? 1.0f : -1.0f;
    float sigma = sqrt(s.scale * fmax(over > 0 ? high : low, 0.0f) + s.offset);
    float excess = over > 0 ? over : under;
    if (!(excess > s.threshold * sigma + RANGES * fmax(high - low - NOISE * sigma, 0.0f) + FAINT))
        return v;
    float allowed = NEAR * excess + SLACK * sigma;
    if (sign * beside(raw, pitch, width, height, x, y, 1, 0) > allowed ||
        sign * beside(raw, pitch, width, height, x, y, 0, 1) > allowed)
        return v;
    float fixed = replacement(n, 255);
    return isnan(fixed) ? v : fixed;
}

/* Copies, and marks strips of 16 samples in which something may have to be replaced; those at the
 * border always. A little less is demanded than by judge(), so that rounding decides nothing. */
__kernel void search(__global const float *raw, int pitch, __global float *fixed, int fixed_pitch,
                     int width, int height, int step, float threshold, float scale, float offset,
                     __global uchar *marks) {
    int strip = (int)get_global_id(0), x = strip * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    __global const float *from = raw + (size_t)y * pitch + x;
    float16 v = vload16(0, from);
    vstore16(v, 0, fixed + (size_t)y * fixed_pitch + x);
    int mark = 1;
    if (x >= step && x + 16 + step <= width && y >= step && y + step < height) {
        __global const float *above = from - step * pitch, *below = from + step * pitch;
        float16 a = vload16(0, above - step), b = vload16(0, above), c = vload16(0, above + step);
        float16 d = vload16(0, from - step), e = vload16(0, from + step);
        float16 f = vload16(0, below - step), g = vload16(0, below), h = vload16(0, below + step);
        float16 high = fmax(fmax(fmax(a, b), fmax(c, d)), fmax(fmax(e, f), fmax(g, h)));
        float16 low = fmin(fmin(fmin(a, b), fmin(c, d)), fmin(fmin(e, f), fmin(g, h)));
        float16 over = v - high, under = low - v;
        float16 sigma = sqrt(scale * fmax(over > under ? high : low, (float16)0) + offset);
        float16 texture = fmax(high - low - NOISE * sigma, (float16)0);
        mark = any(fmax(over, under) > 0.999f * (threshold * sigma + RANGES * texture + FAINT));
    }
    marks[(size_t)y * ((width + 15) / 16) + strip] = (uchar)mark;
}

__kernel void correct(__global const float *raw, int pitch, __global float *fixed, int fixed_pitch,
                      int width, int height, int step, float threshold, float scale, float offset,
                      __global const uchar *marks) {
    int strip = (int)get_global_id(0), y = (int)get_global_id(1), strips = (width + 15) / 16;
    if (strip >= strips || y >= height || !marks[(size_t)y * strips + strip])
        return;
    settings s = {step, threshold, scale, offset};
    for (int x = strip * 16; x < min(strip * 16 + 16, width); x++)
        fixed[(size_t)y * fixed_pitch + x] = judge(raw, pitch, width, height, x, y, s);
}

__kernel void listed(__global const float *raw, int pitch, __global float *fixed, int fixed_pitch,
                     int width, int height, int step, __global const float *list, int list_plane,
                     int count) {
    int i = (int)get_global_id(0);
    if (i >= count)
        return;
    int x = (int)list[i], y = (int)list[list_plane + i], mask = (int)list[2 * list_plane + i];
    if (x < 0 || y < 0 || x >= width || y >= height)
        return;
    float n[8];
    neighbours(raw, pitch, width, height, x, y, step, n);
    float value = replacement(n, mask & 255);
    if (isnan(value)) {
        neighbours(raw, pitch, width, height, x, y, 2 * step, n);
        value = replacement(n, mask >> 8);
    }
    if (!isnan(value))
        fixed[(size_t)y * fixed_pitch + x] = value;
}
