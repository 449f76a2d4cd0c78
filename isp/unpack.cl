/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `unpack`: one work-item makes 16 neighbouring codes; rows are padded to 16. */

/* group: pixels per packed group (1: not packed); bits: of a code. */
__kernel void unpack(__global const uchar *bytes, int pitch, __global ushort *codes,
                     int codes_pitch, int width, int height, int group, int bits) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    __global const uchar *row = bytes + (size_t)y * pitch;
    __global ushort *to = codes + (size_t)y * codes_pitch + x;
    int end = min(16, width - x), low = bits - 8, mask = (1 << bits) - 1;
    if (group > 1) {
        __global const uchar *first = row + x / group * (group + group * low / 8);
        for (int i = 0; i < end; i++) {
            int k = i & (group - 1), bit = k * low;
            __global const uchar *g = first + i / group * (group + group * low / 8);
            __global const uchar *l = g + group + (bit >> 3);
            int tail = l[0];
            if ((bit & 7) + low > 8)
                tail |= l[1] << 8;
            to[i] = (ushort)((g[k] << low) | ((tail >> (bit & 7)) & ((1 << low) - 1)));
        }
    } else if (bits == 8) {
        for (int i = 0; i < end; i++)
            to[i] = row[x + i];
    } else {
        for (int i = 0; i < end; i++)
            to[i] = (ushort)((row[2 * (x + i)] | row[2 * (x + i) + 1] << 8) & mask);
    }
}
