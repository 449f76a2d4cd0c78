/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of rank 4 between row-major and channel-blocked layout: 16 x 16 transposes in registers.
 * One work-item: `run` pixels of 16 channels. */

#define LOW(a, b)                                                                                  \
    (float16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4, a.s5, b.s5, a.s6, b.s6,  \
              a.s7, b.s7)
#define HIGH(a, b)                                                                                 \
    (float16)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb, a.sc, b.sc, a.sd, b.sd, a.se, b.se,  \
              a.sf, b.sf)
/* One step rotates the bits of (row, column) by one place; four make the transpose. */
#define STEP(x, y)                                                                                 \
    float16 y##0 = LOW(x##0, x##8), y##1 = HIGH(x##0, x##8), y##2 = LOW(x##1, x##9),               \
            y##3 = HIGH(x##1, x##9), y##4 = LOW(x##2, x##a), y##5 = HIGH(x##2, x##a),              \
            y##6 = LOW(x##3, x##b), y##7 = HIGH(x##3, x##b), y##8 = LOW(x##4, x##c),               \
            y##9 = HIGH(x##4, x##c), y##a = LOW(x##5, x##d), y##b = HIGH(x##5, x##d),              \
            y##c = LOW(x##6, x##e), y##d = HIGH(x##6, x##e), y##e = LOW(x##7, x##f),               \
            y##f = HIGH(x##7, x##f);
#define ALL(M)                                                                                     \
    M(0, 0)                                                                                        \
    M(1, 1)                                                                                        \
    M(2, 2)                                                                                        \
    M(3, 3)                                                                                        \
    M(4, 4)                                                                                        \
    M(5, 5) M(6, 6) M(7, 7) M(8, 8) M(9, 9) M(10, a) M(11, b) M(12, c) M(13, d) M(14, e) M(15, f)

__kernel void layout_plain_to_blocked(__global const float *restrict from,
                                      __global float *restrict to, int channels, int pixels,
                                      int run) {
    int first = (int)get_global_id(0) * run, last = min(first + run, pixels);
    int c0 = (int)get_global_id(1) * 16, blocks = (int)get_global_size(1);
    int n = (int)get_global_id(2);
    from += ((size_t)n * channels + c0) * pixels;
    to += ((size_t)n * blocks * 16 + c0) * pixels;
    int p = first;
    for (; p + 16 <= last; p += 16) {
#define LOAD(k, h)                                                                                 \
    float16 v##h = c0 + k < channels ? vload16(0, from + (size_t)k * pixels + p) : (float16)(0);
        ALL(LOAD)
        STEP(v, w)
        STEP(w, x)
        STEP(x, y)
        STEP(y, z)
#define STORE(k, h) vstore16(z##h, p + k, to);
        ALL(STORE)
    }
    for (; p < last; p++)
        for (int k = 0; k < 16; k++)
            to[(size_t)p * 16 + k] = c0 + k < channels ? from[(size_t)k * pixels + p] : 0.0f;
}

__kernel void layout_blocked_to_plain(__global const float *restrict from,
                                      __global float *restrict to, int channels, int pixels,
                                      int run) {
    int first = (int)get_global_id(0) * run, last = min(first + run, pixels);
    int c0 = (int)get_global_id(1) * 16, blocks = (int)get_global_size(1);
    int n = (int)get_global_id(2);
    to += ((size_t)n * channels + c0) * pixels;
    from += ((size_t)n * blocks * 16 + c0) * pixels;
    int p = first;
    for (; p + 16 <= last; p += 16) {
#define LOADB(k, h) float16 v##h = vload16(p + k, from);
        ALL(LOADB)
        STEP(v, w)
        STEP(w, x)
        STEP(x, y)
        STEP(y, z)
#define STOREP(k, h)                                                                               \
    if (c0 + k < channels)                                                                         \
        vstore16(z##h, 0, to + (size_t)k * pixels + p);
        ALL(STOREP)
    }
    for (; p < last; p++)
        for (int k = 0; k < 16 && c0 + k < channels; k++)
            to[(size_t)k * pixels + p] = from[(size_t)p * 16 + k];
}
