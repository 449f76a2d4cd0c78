/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `track`: an empty table, and one work-item that fills its first rows. */
#include "fusion/track_shared.h"

/* As cf_track_io, without its pointers. */
typedef struct {
    int points_pitch, last_pitch, motion_pitch, columns, rows, count;
    float fade, sure;
} track_params;

__kernel void track_clear(__global float *out, int pitch, int width, int height) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    if (x < width && y < height)
        out[(size_t)y * pitch + x] = 0.0f;
}

__kernel void track(__global const float *points, __global const float *last,
                    __global const float *motion, __global float *out, int pitch, track_params p) {
    cf_track_io io = {points,    last,   motion,  p.points_pitch, p.last_pitch, p.motion_pitch,
                      p.columns, p.rows, p.count, p.fade,         p.sure};
    if (get_global_id(0) == 0)
        cf_track_all(&io, out, pitch);
}
