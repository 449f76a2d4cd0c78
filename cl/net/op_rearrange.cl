/* SPDX-License-Identifier: Apache-2.0 */
/* Squares of pixels to channels and back, in blocked layout. One work-item: a row of 16 output
 * channels. Where each lane comes from is worked out once per row (and place in the square). */

/* Offset of a channel and pixel. */
static inline int place(int c, int pixel, int pixels) {
    return (c / 16 * pixels + pixel) * 16 + c % 16;
}

static inline float16 gather(__global const float *from, const int *lane) {
    return (float16)(from[lane[0]], from[lane[1]], from[lane[2]], from[lane[3]], from[lane[4]],
                     from[lane[5]], from[lane[6]], from[lane[7]], from[lane[8]], from[lane[9]],
                     from[lane[10]], from[lane[11]], from[lane[12]], from[lane[13]], from[lane[14]],
                     from[lane[15]]);
}

__kernel void depth_to_space(__global const float *restrict from, __global float *restrict to,
                             int from_channels, int from_width, int to_channels, int to_width,
                             int square, int crd) {
    int y = (int)get_global_id(0), block = (int)get_global_id(1), n = (int)get_global_id(2);
    int to_height = (int)get_global_size(0), pixels = to_height / square * from_width;
    from += (size_t)n * ((from_channels + 15) / 16) * pixels * 16;
    to += ((size_t)(n * (int)get_global_size(1) + block) * to_height + y) * to_width * 16;
    for (int bx = 0; bx < square; bx++) {
        int lane[16], k = y % square * square + bx;
        for (int l = 0; l < 16; l++) {
            int c = min(block * 16 + l, to_channels - 1);
            c = crd ? c * square * square + k : k * to_channels + c;
            lane[l] = place(c, y / square * from_width, pixels);
        }
        for (int x = 0; x < from_width; x++)
            vstore16(gather(from + x * 16, lane), x * square + bx, to);
    }
}

__kernel void space_to_depth(__global const float *restrict from, __global float *restrict to,
                             int from_channels, int from_width, int to_channels, int to_width,
                             int square, int crd) {
    int y = (int)get_global_id(0), block = (int)get_global_id(1), n = (int)get_global_id(2);
    int to_height = (int)get_global_size(0), pixels = to_height * square * from_width;
    int lane[16];
    from += (size_t)n * ((from_channels + 15) / 16) * pixels * 16;
    to += ((size_t)(n * (int)get_global_size(1) + block) * to_height + y) * to_width * 16;
    for (int l = 0; l < 16; l++) {
        int c = min(block * 16 + l, to_channels - 1), k = c / from_channels;
        int pixel = (y * square + k / square) * from_width + k % square;
        lane[l] = place(c % from_channels, pixel, pixels);
    }
    for (int x = 0; x < to_width; x++)
        vstore16(gather(from + x * square * 16, lane), x, to);
}
