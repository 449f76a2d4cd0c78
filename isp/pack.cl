/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `pack`: one work-item makes 16 neighbouring pixels of all planes. */

int16 quantize(float16 v, float top) {
    v = v > 0 ? min(v, (float16)1) : (float16)0; /* NaN is not > 0 */
    return convert_int16(fma(v, (float16)top, (float16)0.5f));
}

/* bytes_pitch: bytes from row to row. */
__kernel void pack(__global const float *encoded, int pitch, int planes, __global uchar *bytes,
                   int bytes_pitch, int width, int height, int depth) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    int end = min(16, width - x);
    __global uchar *row = bytes + (size_t)y * bytes_pitch;
    int values[16];
    for (int c = 0; c < planes; c++) {
        float16 v = vload16(0, encoded + ((size_t)c * height + y) * pitch + x);
        vstore16(quantize(v, depth == 8 ? 255.0f : 65535.0f), 0, values);
        if (depth == 8) {
            __global uchar *to = row + (size_t)x * planes + c;
            for (int i = 0; i < end; i++)
                to[i * planes] = (uchar)values[i];
        } else {
            __global ushort *to = (__global ushort *)row + (size_t)x * planes + c;
            for (int i = 0; i < end; i++)
                to[i * planes] = (ushort)values[i];
        }
    }
}
