/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `provenance`: one work-item makes 16 neighbouring pixels. */

/* Samples x - 4 .. x + 19, 0 outside 0 .. width - 1. */
typedef struct {
    float4 left;
    float16 mid;
    float4 right;
} strip;

static strip load(__global const float *row, int x, int width) {
    int16 lane = x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int4 last = x + (int4)(16, 17, 18, 19);
    strip s = {0, select((float16)(0), vload16(0, row + x), lane < width), 0};
    if (x > 0)
        s.left = vload4(0, row + x - 4);
    if (x + 16 < width)
        s.right = select((float4)(0), vload4(0, row + x + 16), last < width);
    return s;
}

#define UNIT(type, v) select((type)(0), min(v, 1.0f), (v) > 0.0f)
#define MONO(type, v) select((type)(0), v, ((v) > 0.0f) & ((v) < 4.0f))

/* Sums of the 5 samples around each of 16, moved by shift. */
static float16 sum5(const strip *s, int shift) {
    float line[24];
    vstore4(s->left, 0, line);
    vstore16(s->mid, 0, line + 4);
    vstore4(s->right, 0, line + 20);
    float16 sum = 0;
    for (int i = shift + 2; i <= shift + 6; i++)
        sum += vload16(0, line + i);
    return sum;
}

static float16 columns(int x, int shift, int width) {
    int16 i = x + shift + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return convert_float16(max(min(i + 2, width - 1) - max(i - 2, 0) + 1, 0));
}

__kernel void provenance(__global const float *confidence, int confidence_pitch,
                         __global const float *match, int match_pitch, __global const float *mono,
                         int mono_pitch, __global const float *error, int error_pitch,
                         __global float *shares, int shares_pitch, int width, int height, int shift,
                         float texture, float half_evidence, float inverse_error) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    strip evidence = {0, 0, 0}, sum = {0, 0, 0}, square = {0, 0, 0};
    int first = max(y - 2, 0), last = min(y + 2, height - 1);
    for (int j = first; j <= last; j++) {
        strip c = load(confidence + (size_t)j * confidence_pitch, x, width);
        strip t = load(match + (size_t)j * match_pitch, x, width);
        strip m = load(mono + (size_t)j * mono_pitch, x, width);
        evidence.left += UNIT(float4, c.left) * sqrt(UNIT(float4, t.left));
        evidence.mid += UNIT(float16, c.mid) * sqrt(UNIT(float16, t.mid));
        evidence.right += UNIT(float4, c.right) * sqrt(UNIT(float4, t.right));
        m.left = MONO(float4, m.left);
        m.mid = MONO(float16, m.mid);
        m.right = MONO(float4, m.right);
        sum.left += m.left;
        sum.mid += m.mid;
        sum.right += m.right;
        square.left += m.left * m.left;
        square.mid += m.mid * m.mid;
        square.right += m.right * m.right;
    }
    float rows = (float)(last - first + 1);
    float16 inverse = 1.0f / (columns(x, 0, width) * rows), mean = sum5(&sum, 0) * inverse;
    float16 deviation = sqrt(max(sum5(&square, 0) * inverse - mean * mean, 0.0f));
    float16 known = sum5(&evidence, shift) / max(columns(x, shift, width) * rows, 1.0f);
    known /= 1.0f + texture * deviation;
    float16 measured = known / (known + half_evidence) * (1.0f + half_evidence);
    float16 e = vload16(0, error + (size_t)y * error_pitch + x) * inverse_error;
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
