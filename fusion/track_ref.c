/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `track`: the shared rules on host memory. */
#include "fusion/track.h"

#include <string.h>

#include "fusion/track_shared.h"

enum { POINTS, LAST, MOTION };

cf_status cf_track_ref(const cf_stage_io *io, const void *params) {
    const cf_track_params *p = params;
    const cf_plane_set *points = &io->in[POINTS], *last = &io->in[LAST], *motion = &io->in[MOTION];
    const cf_track_io t = {.points = points->data,
                           .last = last->data,
                           .motion = motion->data,
                           .points_pitch = points->pitch,
                           .last_pitch = last->pitch,
                           .motion_pitch = motion->pitch,
                           .columns = motion->width,
                           .rows = motion->height,
                           .count = cf_points_rows(points->width, points->height),
                           .fade = p->fade,
                           .sure = p->sure};
    for (int y = 0; y < io->out[0].height; y++)
        memset(cf_row(&io->out[0], 0, y), 0, (size_t)io->out[0].width * sizeof(float));
    cf_track_all(&t, io->out[0].data, io->out[0].pitch);
    return CF_OK;
}
