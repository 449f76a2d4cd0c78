/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the board calibration share; private to calib/board*.c. */
#ifndef CHROMAFUSE_CALIB_BOARD_INTERNAL_H
#define CHROMAFUSE_CALIB_BOARD_INTERNAL_H

#include "calib/board.h"

/* A guess to start the solver from. */
typedef struct {
    double factor;        /* in: what the focal lengths of the homographies are multiplied by */
    double focal[2];      /* pixels */
    double color_rt[6];   /* mono camera's coordinates -> colour camera's */
    cf_board_pose *poses; /* one a view, to the mono camera's coordinates; owned by the caller */
} cf_board_guess;

/* 1 when the view counts for the camera: seen, not skipped, not left out. */
int cf_board_counts(const cf_board_set *set, const unsigned char *skip, int view, int camera);

/*
 * Fills the guess (guess->poses has set->count entries). May turn views of the colour camera by
 * half a turn in *set. CF_ERR_INVALID as cf_board_solve.
 */
cf_status cf_board_start(cf_board_set *set, const unsigned char *skip, cf_board_guess *guess);

/* p' = R p + t, and one transform after another (first `b`, then `a`); rt are rotation vector and
 * translation. */
void cf_rt_apply(const double rt[6], const double p[3], double out[3]);
void cf_rt_compose(const double a[6], const double b[6], double out[6]);
void cf_rt_invert(const double rt[6], double out[6]);

#endif
