/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry of a rig, worked out once: a virtual rectified pair, and coarse maps between it and
 * the two pictures. */
#ifndef CHROMAFUSE_CALIB_RECTIFY_H
#define CHROMAFUSE_CALIB_RECTIFY_H

#include "base/status.h"
#include "calib/camera_model.h"

/*
 * Where pixels of one picture lie in another: coordinates at every step-th pixel, to be
 * interpolated linearly between (and beyond) the nodes. Node (c, r) belongs to pixel (c * step, r *
 * step); there is always one node at or behind the last pixel. NaN where the other lens cannot see;
 * coordinates may lie outside the other picture.
 */
typedef struct {
    int width, height; /* of the picture that the map belongs to (the one looked up from) */
    int step;          /* pixels between nodes: 8, 16 or 32 */
    int columns, rows; /* nodes */
    float *xy;         /* owned: columns * rows x coordinates, then as many y coordinates */
    float scale;       /* pixels of the other picture per pixel of this one, at the centre */
} cf_map;

typedef struct {
    double depth_min_m; /* nearest object; 0 unknown: disparities up to a fifth of the width */
    float
        disparity_slack; /* pixels searched below disparity 0, for rigs that may be a little off */
    float disparity_extra; /* pixels searched beyond the nearest object's disparity */
    int no_extend; /* 1: never widen the grid for what only the colour lens sees; see cf_rectify */
} cf_rectify_params;
#define CF_RECTIFY_DEFAULTS                                                                        \
    { .depth_min_m = 0, .disparity_slack = 0, .disparity_extra = 0, .no_extend = 0 }

/*
 * The rectified grid is that of a virtual pinhole pair, one camera in each lens' place, turned
 * alike, x along the way from the mono to the colour lens. So mono x matches colour x - d with d =
 * focal * baseline / depth >= 0 wherever the colour lens sits: with the colour lens on the left the
 * grid is turned by half a turn, above or below by a quarter; nothing is ever mirrored.
 *
 * The colour of a mono pixel p with disparity d at back(p) is at color(back(p) - (d, 0)).
 */
typedef struct {
    int width, height;  /* of the rectified grid */
    int mono_resampled; /* 0: the rectified grid is the mono picture's own; map mono is identity */
    double focal;       /* of the rectified grid, pixels, in x */
    double focal_y, center[2]; /* the rest of the grid's pinhole; center: principal point x, y */
    double color_turn[9];      /* rotation, row-major: colour camera's coordinates -> the grid's */
    double baseline_m;         /* 0: the lenses are in one place, there is no parallax */
    float disparity_min, disparity_max; /* pixels, whole numbers */
    float color_scale; /* colour pixels per mono pixel, about 1 / resolution ratio */
    cf_map color;      /* rectified grid -> colour picture, for the virtual colour camera */
    cf_map mono;       /* rectified grid -> mono picture */
    cf_map back;       /* mono picture -> rectified grid */
} cf_rectification;

/*
 * Works the geometry out. When the mono lens is a plain pinhole and the baseline runs along its x
 * axis (to 0.1 pixel of disparity) its own grid is the rectified one; otherwise both pictures are
 * resampled, at the mono lens' scale. When the colour lens sees, left of the grid, at least half
 * of the disparity range more than the mono lens (a tele mono lens), the grid is widened there by
 * whole 16 columns, so that near things at the left border can be matched; the mono picture then
 * counts as resampled (moved by whole pixels).
 * CF_ERR_UNSUPPORTED when one lens stands in front of the other, CF_ERR_INVALID when they do not
 * look at the same things, CF_ERR_MEMORY. *out needs cf_rectification_clear after CF_OK.
 */
cf_status cf_rectify(const cf_camera_model *mono, const cf_camera_model *color,
                     const cf_rectify_params *params, cf_rectification *out);

/* Frees the maps and zeroes everything. Safe on a zeroed one. */
void cf_rectification_clear(cf_rectification *r);

/* Interpolated (or beyond the nodes extrapolated) coordinates of pixel x, y; 0 when not finite. */
int cf_map_at(const cf_map *map, double x, double y, double out[2]);

#endif
