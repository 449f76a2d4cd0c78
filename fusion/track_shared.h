/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of stage `track` that its reference and its kernel share: points are few, so one
 * work-item moves them all. */
#ifndef CHROMAFUSE_FUSION_TRACK_SHARED_H
#define CHROMAFUSE_FUSION_TRACK_SHARED_H

#include "fusion/lookup.h"
#include "fusion/motion_shared.h"
#include "fusion/points_shared.h"

#define CF_TRACK_ROUNDS 4    /* in which the way back becomes the way there */
#define CF_TRACK_LEAST 0.02F /* weight below which a point is forgotten */

typedef struct {
    CF_GLOBAL const float *points, *last, *motion;
    int points_pitch, last_pitch, motion_pitch;
    int columns, rows; /* of the motion's nodes */
    int count;         /* rows of the tables that can be points */
    float fade, sure;
} cf_track_io;

/* Where what was at (x, y) is now, and how sure that is. */
inline static float cf_track_move(const cf_track_io *io, float x, float y, float *to_x,
                                  float *to_y) {
    const float per_step = 1.0F / CF_MOTION_STEP;
    const int plane = io->rows * io->motion_pitch;
    const cf_lookup_map back = {io->motion, io->columns, io->rows, io->motion_pitch, per_step};
    const cf_lookup_map rest = {io->motion + 2 * plane, io->columns, io->rows, io->motion_pitch,
                                per_step};
    float dx, dy, light, share;
    *to_x = x;
    *to_y = y;
    for (int i = 0; i < CF_TRACK_ROUNDS; i++) {
        cf_lookup_at(&back, *to_x, *to_y, &dx, &dy);
        *to_x = x - dx;
        *to_y = y - dy;
    }
    cf_lookup_at(&rest, *to_x, *to_y, &light, &share);
    return share;
}

inline static int cf_track_overlap(const float *a, CF_GLOBAL const float *b) {
    return a[0] <= b[1] && a[1] >= b[0] && a[2] <= b[3] && a[3] >= b[2];
}

/* The point `was` of the frame before, of which the first `fresh` rows of this frame's are new; its
 * weight is 0 where it is lost. */
inline static void cf_track_follow(const cf_track_io *io, CF_GLOBAL const float *was, int fresh,
                                   float *now) {
    float x = 0.5F * (was[0] + was[1]), y = 0.5F * (was[2] + was[3]), to_x, to_y;
    float share = cf_track_move(io, x, y, &to_x, &to_y);
    float weight = was[CF_POINTS_WEIGHT] * (1.0F - io->fade) * cf_fmin(share / io->sure, 1.0F);
    int lost = !(weight >= CF_TRACK_LEAST) || /* so are those that are no number */
               !(to_x >= 0.0F && to_x <= (float)((io->columns - 1) * CF_MOTION_STEP)) ||
               !(to_y >= 0.0F && to_y <= (float)((io->rows - 1) * CF_MOTION_STEP));
    for (int i = 0; i < CF_POINTS_COLUMNS; i++)
        now[i] = was[i] + (i < 2 ? to_x - x : i < 4 ? to_y - y : 0.0F);
    for (int i = 0; i < fresh; i++)
        lost |= cf_track_overlap(now, io->points + i * io->points_pitch);
    now[CF_POINTS_WEIGHT] = lost ? 0.0F : cf_fmin(weight, 1.0F);
}

/* Fills the first rows of `out`, which is all 0. */
inline static void cf_track_all(const cf_track_io *io, CF_GLOBAL float *out, int pitch) {
    int count = 0, fresh = 0;
    float now[CF_POINTS_COLUMNS];
    for (; fresh < io->count && io->points[fresh * io->points_pitch + CF_POINTS_WEIGHT] > 0.0F;
         fresh++)
        for (int k = 0; k < CF_POINTS_COLUMNS; k++)
            out[fresh * pitch + k] = io->points[fresh * io->points_pitch + k];
    count = fresh;
    for (int i = 0; i < io->count && count < io->count; i++) {
        CF_GLOBAL const float *was = io->last + i * io->last_pitch;
        if (!(was[CF_POINTS_WEIGHT] > 0.0F))
            return;
        cf_track_follow(io, was, fresh, now);
        if (!(now[CF_POINTS_WEIGHT] > 0.0F))
            continue;
        for (int k = 0; k < CF_POINTS_COLUMNS; k++)
            out[count * pitch + k] = now[k];
        count++;
    }
}

#endif
