/* SPDX-License-Identifier: Apache-2.0 */
/* How good a board calibration is: judged on pictures that it did not see, and by leaving pictures
 * out. */
#ifndef CHROMAFUSE_CALIB_BOARD_QUALITY_H
#define CHROMAFUSE_CALIB_BOARD_QUALITY_H

#include "calib/board.h"

/*
 * Vertical distance of the same corner in both rectified pictures, in rows of the mono picture's
 * scale. Root mean square over the corners of views
 * that both cameras see and whose flag in `only` is set (NULL: all); corners left out do not count.
 * *count: how many corners. per_view: count of them, one a view, NaN where none; or NULL.
 * Not-a-number without corners. CF_ERR_INVALID when one lens stands before the other.
 */
cf_status cf_board_vertical(const cf_board_set *set, const cf_camera_model *mono,
                            const cf_camera_model *color, const unsigned char *only,
                            double *per_view, double *rms, int *corners);

#define CF_BOARD_FOLDS 10 /* at most; small sets leave out one picture after another */
#define CF_BOARD_MAP 12   /* columns of the uncertainty maps; CF_BOARD_MAP_ROWS rows */
#define CF_BOARD_MAP_ROWS 9

typedef struct {
    int folds;
    double vertical_px; /* root mean square over all views, each judged by a fit without it */
    double *view_px;    /* the same of each view; NaN where not seen by both; owned */
    /* Jackknife standard deviations. motion: how far the projection of a far point moves, pixels,
     * corner to corner, row by row, with the turn of the camera taken out; NaN where unknown. */
    float motion[2][CF_BOARD_MAP * CF_BOARD_MAP_ROWS];
    double motion_median[2], motion_max[2];
    double baseline_m, focal[2], rotation_rad; /* of the baseline, of fx, of how the cameras turn */
} cf_board_quality;

/* Solves again and again without a part of the pictures. `done` is called after each with how many
 * of how many are done (NULL: not); when it returns 0 the work ends with CF_ERR_CANCELLED. Fails as
 * cf_board_solve when too few pictures are left. */
cf_status cf_board_judge(cf_board_set *set, const cf_board_params *params,
                         const cf_board_solution *solution, int (*done)(void *, int, int),
                         void *user, cf_board_quality *out);
void cf_board_quality_clear(cf_board_quality *quality);

/* Places of a grid over the picture, out of CF_BOARD_MAP * CF_BOARD_MAP_ROWS, that the lens model
 * has no ray for: its distortion folds back where no corner told otherwise. */
int cf_board_folds(const cf_camera_model *model);

/*
 * The lens model that does best on pictures it did not see: of OPENCV4, OPENCV5 and OPENCV8 the one
 * of the fewest numbers whose held-out vertical error is within 2 % of the least; one that folds
 * back within the picture only when all do. Fails as cf_board_solve does.
 */
cf_status cf_board_choose_lens(cf_board_set *set, const cf_board_params *params, const char **lens);

#endif
