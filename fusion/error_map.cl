/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `error_map`: one work-item makes 16 neighbouring pixels. */
#define EVEN 2.5e-7f /* CF_ERROR_MAP_EVEN */
#define USUAL 2.25e-4f
#define SCALE -200.0f /* -1 / (2 CF_ERROR_MAP_SPREAD^2) */

/* 16 samples of a row and two to either side, those beyond the picture as its last. */
typedef struct {
    float16 v;
    float4 side; /* left, right */
} strip;

static strip load(__global const float *row, int x, int width) {
    strip s;
    int16 lane = x + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    s.v = select(vload16(0, row + x), (float16)(row[width - 1]), lane >= width);
    s.side = (float4)(row[max(x - 2, 0)], row[max(x - 1, 0)], row[min(x + 16, width - 1)],
                      row[min(x + 17, width - 1)]);
    return s;
}

static float16 error16(float16 v) {
    return select((float16)(0), v, (v >= 0.0f) & (v <= 1e4f));
}

static float4 error4(float4 v) {
    return select((float4)(0), v, (v >= 0.0f) & (v <= 1e4f));
}

static float16 guide16(float16 m) {
    m = select((float16)(0), m, m > 0.0f);
    return sqrt(select((float16)(16), m, m < 16.0f));
}

static float4 guide4(float4 m) {
    m = select((float4)(0), m, m > 0.0f);
    return sqrt(select((float4)(16), m, m < 16.0f));
}

/* What lies i - 2 pixels to the right of each. */
static float16 shifted(strip s, int i) {
    float16 v = s.v;
    float4 e = s.side;
    switch (i) {
    case 0: return (float16)(e.s01, v.s01, v.s2345, v.s6789, v.sabcd);
    case 1: return (float16)(e.s1, v.s0, v.s12, v.s3456, v.s789a, v.sbcde);
    case 3: return (float16)(v.s1234, v.s5678, v.s9abc, v.sdef, e.s2);
    case 4: return (float16)(v.s2345, v.s6789, v.sabcd, v.sef, e.s23);
    default: return v;
    }
}

__kernel void error_map(__global const float *error, int error_pitch, __global const float *mono,
                        int mono_pitch, __global float *map, int map_pitch, int width, int height) {
    const float weights[5] = {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float16 centre = guide16(load(mono + (size_t)y * mono_pitch, x, width).v);
    float16 sum = 0, total = 0, square = 0;
    for (int j = 0; j < 5; j++) {
        size_t row = (size_t)clamp(y + j - 2, 0, height - 1);
        strip e = load(error + row * error_pitch, x, width);
        strip g = load(mono + row * mono_pitch, x, width);
        e.v = error16(e.v);
        e.side = error4(e.side);
        g.v = guide16(g.v);
        g.side = guide4(g.side);
        for (int i = 0; i < 5; i++) {
            float weight = weights[j] * weights[i];
            float16 step = shifted(g, i) - centre, square_step = step * step;
            float16 alike = weight * (1e-3f + exp(square_step * SCALE));
            sum += alike * shifted(e, i);
            total += alike;
            square += weight * square_step;
        }
    }
    float16 detail = sqrt(sqrt(sqrt(sqrt((square + EVEN) * (1 / (USUAL + EVEN))))));
    vstore16(sum / total * detail, 0, map + (size_t)y * map_pitch + x);
}
