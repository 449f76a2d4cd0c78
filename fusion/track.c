/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `track`. */
#include "fusion/track.h"

#include <string.h>

CF_CL_SOURCE(track);

enum { POINTS, LAST, MOTION };

static const cf_track_params defaults = CF_TRACK_DEFAULTS;

#define FIELD(name) offsetof(cf_track_params, name), 1
static const cf_option options[] = {
    {"fade", CF_OPTION_FLOAT, FIELD(fade), 0, 1, "share of its weight that a point loses a frame"},
    {"sure", CF_OPTION_FLOAT, FIELD(sure), 0x1p-7, 1, "share of the motion that costs no weight"},
    CF_OPTION_END,
};

static int identity(const cf_stage_context *context) {
    return !context->is_sequence;
}

/* As the kernel has it. */
typedef struct {
    int points_pitch, last_pitch, motion_pitch, columns, rows, count;
    float fade, sure;
} device_params;

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_track_params *p = params;
    const cf_plane_set *in = io->in, *out = &io->out[0];
    const device_params d = {.points_pitch = in[POINTS].pitch,
                             .last_pitch = in[LAST].pitch,
                             .motion_pitch = in[MOTION].pitch,
                             .columns = in[MOTION].width,
                             .rows = in[MOTION].height,
                             .count = cf_points_rows(in[POINTS].width, in[POINTS].height),
                             .fade = p->fade,
                             .sure = p->sure};
    CF_TRY(cf_launch(
        cl, &cf_kernel_track, "track_clear", "", CF_RANGE(out->width, out->height, 8, 1),
        CF_ARGS(CF_BUF(out->buf), CF_INT(out->pitch), CF_INT(out->width), CF_INT(out->height))));
    return cf_launch(cl, &cf_kernel_track, "track", "", CF_RANGE(1, 1, 1, 1),
                     CF_ARGS(CF_BUF(in[POINTS].buf), CF_BUF(in[LAST].buf), CF_BUF(in[MOTION].buf),
                             CF_BUF(out->buf), CF_INT(out->pitch), CF_BYTES(&d, sizeof d)));
}

/* Some points a table, in the upper left of the picture; motion by a few pixels. */
static void test_input(int port, cf_plane_set *set, unsigned seed) {
    for (int y = 0; port == MOTION && y < set->height; y++)
        for (int x = 0; x < set->width; x++) {
            cf_row(set, 0, y)[x] = 3 * cf_row(set, 0, y)[x] - 2;
            cf_row(set, 1, y)[x] = 2 * cf_row(set, 1, y)[x] + 0.25F;
        }
    for (int y = 0; port != MOTION && y < set->height && set->width >= CF_POINTS_COLUMNS; y++) {
        float *row = cf_row(set, 0, y);
        unsigned r = seed * 31 + (unsigned)y * 17 + (unsigned)port * 7;
        memset(row, 0, CF_POINTS_COLUMNS * sizeof *row);
        if (y >= (int)(3 + seed % 9))
            continue;
        row[0] = (float)(r % 60);
        row[1] = row[0] + (float)(y % 7);
        row[2] = (float)(r % 37);
        row[3] = row[2] + (float)(y % 5);
        row[4] = 0.2F * (float)(y % 7) - 0.5F;
        row[5] = 0.3F - 0.1F * (float)(y % 5);
        row[6] = (float)(1 + r % 9) / 9;
    }
}

const cf_stage cf_stage_track = {
    .name = "track",
    .summary = "a user's points of earlier frames, moved along the motion",
    .in = {{.name = "points", .domain = CF_DOMAIN_TABLE, .planes = 1},
           {.name = "last", .domain = CF_DOMAIN_TABLE, .planes = 1},
           {.name = "motion", .domain = CF_DOMAIN_DISPARITY, .planes = 4, .size = CF_SIZE_FREE}},
    .out = {{.name = "tracked", .domain = CF_DOMAIN_TABLE, .planes = 1}},
    .params_size = sizeof(cf_track_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-4,
    .tol_mean = 1e-5,
    .tol_why = "the same operations; division may be rounded otherwise",
    .identity = identity,
    .run_ref = cf_track_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
