/* SPDX-License-Identifier: Apache-2.0 */
/* Things to calibrate with, in front of a simulated rig: a chessboard, a colour chart; where they
 * are and what they look like through any lens. */
#ifndef CHROMAFUSE_CAPTURE_TARGET_H
#define CHROMAFUSE_CAPTURE_TARGET_H

#include <stdint.h>

#include "base/image.h"
#include "calib/camera_model.h"
#include "calib/chart.h"

typedef enum { CF_TARGET_BOARD = 0, CF_TARGET_CHART } cf_target_kind;

/*
 * A flat, or slightly bulging, card. Its coordinates are metres from its centre: x right, y down, z
 * away from who looks at it. A board has (columns + 1) x (rows + 1) squares, the one at the top
 * left black, and a white border a square wide; a chart has its 24 patches, black gaps and a black
 * frame. Behind it, at wall_m, hangs a wall with soft blotches.
 */
typedef struct {
    cf_target_kind kind;
    int columns, rows;     /* board: inner corners, 2..200 */
    double pitch_m;        /* side of a square, or from one patch to the next; 1e-4..10 */
    double warp_m;         /* how far the centre lies behind the corners of the card */
    double rotation[9];    /* row-major: p' = rotation p + translation, the card's coordinates */
    double translation[3]; /* to the rig's (the mono camera's), metres */
    double light;          /* what a reflectance of 1 at the centre shows as: 1 is white level */
    double light_slope[2]; /* change of the light from the centre to the card's right and lower
                              edge, share of 1 */
    double wall_m;         /* z of the wall in the rig's coordinates; 0: darkness behind */
    const cf_chart_reference *colors; /* chart: linear Rec.709 of the patches */
} cf_target;

/* Inner corners of a board or patches of a chart. */
int cf_target_points(const cf_target *target);

/* Inner corner or centre of a patch, counted row by row from the top left, in the rig's
 * coordinates. */
void cf_target_point(const cf_target *target, int index, double point[3]);

/* Half the card's sides, metres, border and frame included. */
void cf_target_half_size(const cf_target *target, double half[2]);

/* A place on the card (its x, y) in the rig's coordinates. */
void cf_target_place(const cf_target *target, double x, double y, double point[3]);

/*
 * Mean colour (linear Rec.709 reflectance, the light's slope included) of a box of the card around
 * x, y with sides `width`; *cover: how much of the box the card fills, 0..1. Averaging is exact for
 * boxes along the card's own axes.
 */
void cf_target_color(const cf_target *target, double x, double y, const double width[2],
                     double rgb[3], double *cover);

/* Pixel of a point of the rig's coordinates; 0 where the lens cannot see it. */
int cf_target_project(const cf_camera_model *model, const double point[3], double pixel[2]);

/* A camera that looks at targets: its rays, worked out once. */
typedef struct cf_target_view cf_target_view;
cf_status cf_target_view_create(const cf_camera_model *model, cf_target_view **out);
void cf_target_view_destroy(cf_target_view **view);

typedef struct {
    double blur_px;    /* standard deviation of the lens's blur, 0..5 pixels */
    double vignetting; /* darkening of the picture's corner, growing with the square of the
                          distance from the centre: 0..1 */
} cf_target_optics;

/*
 * What the sensor's pixels see: CF_PIXEL_RGBF32, linear Rec.709, integrated over each pixel, then
 * blurred, then darkened towards the corners. target NULL: even light of 1 from everywhere. *out is
 * allocated. CF_ERR_INVALID for a target out of its ranges; CF_ERR_MEMORY.
 */
cf_status cf_target_render(const cf_target_view *view, const cf_target *target,
                           const cf_target_optics *optics, cf_image *out);

#endif
