/* SPDX-License-Identifier: Apache-2.0 */
/* What the pictures of a board cover, and what to photograph next. */
#ifndef CHROMAFUSE_CALIB_BOARD_COVER_H
#define CHROMAFUSE_CALIB_BOARD_COVER_H

#include "calib/board.h"
#include "calib/board_quality.h"

#define CF_COVER_COLUMNS 8
#define CF_COVER_ROWS 6

typedef struct {
    int cells[2][CF_COVER_COLUMNS * CF_COVER_ROWS]; /* corners in each cell of each picture */
    double share[2];                                /* of the cells that hold corners */
    double tilt_max;      /* largest angle between board and mono picture plane, degrees */
    int tilted[4];        /* views with the left, right, upper, lower side farther away: tilted by
                             15 degrees or more */
    double near_m, far_m; /* distances of the board's middle */
} cf_board_cover;

/* Of what counts in a solved set. */
void cf_board_cover_measure(const cf_board_set *set, const cf_board_solution *solution,
                            cf_board_cover *out);

#define CF_ADVICE_MAX 12
typedef struct {
    char text[CF_ADVICE_MAX][240]; /* whole sentences, the most useful first */
    int count;
} cf_board_advice;

/* "good", "usable" or "shoot again", and why; limits are in docs/calibration.md. */
typedef enum { CF_BOARD_GOOD, CF_BOARD_USABLE, CF_BOARD_BAD } cf_board_verdict;
cf_board_verdict cf_board_advise(const cf_board_set *set, const cf_board_solution *solution,
                                 const cf_board_quality *quality, const cf_board_cover *cover,
                                 cf_board_advice *out);

#endif
