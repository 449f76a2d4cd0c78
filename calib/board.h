/* SPDX-License-Identifier: Apache-2.0 */
/* Two cameras from pictures of a chessboard: what was seen, and the models that explain it. */
#ifndef CHROMAFUSE_CALIB_BOARD_H
#define CHROMAFUSE_CALIB_BOARD_H

#include "base/status.h"
#include "calib/camera_model.h"

#define CF_BOARD_MAX_VIEWS 512
#define CF_BOARD_MAX_SIDE 64 /* inner corners along one side of a board */

enum { CF_BOARD_MONO = 0, CF_BOARD_COLOR = 1 };

/* A chessboard: inner corners, and the side of one square in metres. */
typedef struct {
    int columns, rows;
    double square_m;
} cf_board;

/*
 * One position of the board. xy[camera]: columns * rows corners as x, y in pixels, row by row from
 * one corner of the board (either of the two that look alike); NULL: not seen, or not found. A
 * corner that is NaN was not found. ok[camera][corner]: 0 for what the fit left out as wrong.
 */
typedef struct {
    double *xy[2]; /* owned */
    unsigned char *ok[2];
    int left_out[2]; /* 1: the whole picture disagrees with the others and does not count */
} cf_board_view;

/* All that was seen. Start with {0}; freed by cf_board_set_clear. */
typedef struct {
    cf_board board;
    int size[2][2]; /* width, height of each camera's pictures */
    cf_board_view *views;
    int count;
} cf_board_set;

/* Makes place for count views of nothing. CF_ERR_INVALID for a board or count out of range. */
cf_status cf_board_set_create(const cf_board *board, int count, cf_board_set *set);
/* Takes a copy of a camera's corners for view `index`. CF_ERR_MEMORY. */
cf_status cf_board_set_add(cf_board_set *set, int index, int camera, const double *xy);
void cf_board_set_clear(cf_board_set *set);

/* How many views a camera sees, or (camera -1) both see, and that are not left out. */
int cf_board_seen(const cf_board_set *set, int camera);

/* Rotation vector and translation, board coordinates (x along a row, y down, z into the board's
 * back) to the mono camera's. */
typedef struct {
    double rt[6];
} cf_board_pose;

struct cf_board_solution;

typedef struct {
    const char *lens; /* "LENSMODEL_OPENCV5", ...; NULL: that one */
    int no_outliers;  /* 1: what the set leaves out stays out, and nothing more is */
    int no_warp;      /* 1: the board is plane; 0: its bend is estimated where there are 8 views or
                         more */
    const unsigned char *skip;             /* count flags: views that do not count; NULL: none */
    const struct cf_board_solution *start; /* of the same lens and set: begin there; NULL: from the
                                              homographies */
} cf_board_params;
#define CF_BOARD_DEFAULTS                                                                          \
    { .lens = NULL, .no_outliers = 0, .no_warp = 0, .skip = NULL, .start = NULL }

typedef struct cf_board_solution {
    cf_camera_model *mono, *color; /* the mono camera's place is the rig's origin */
    cf_board_pose *poses;          /* one a view; NaN where nobody sees the board */
    double *residual[2];           /* count * corners * 2: found minus projected, pixels; NaN where
                                      not found. Corners and pictures left out have theirs too */
    double rms_px[2];              /* over corners that count: sqrt(mean(dx^2 + dy^2)) */
    int corners[2], outliers[2];   /* that count; that were left out, those of whole pictures not
                                      counted */
    double warp_m[2];              /* bend of the board at its middle along x and y */
} cf_board_solution;

/*
 * Solves for both lenses, how they stand, and all board positions. Needs at least 3 views in each
 * camera and 2 in both. Initial values: focal lengths from the boards' homographies with the
 * principal point in the picture's middle and square pixels (Zhang, "A flexible new technique for
 * camera calibration", PAMI 22, 2000); then libmrcal's least squares, in which corners more
 * than 4.5 robust standard deviations off are left out and pictures whose corners mostly are. Which
 * of two alike corners a board was counted from is found by what agrees between the cameras;
 * set->views is put in that order, and its ok and left_out are set anew.
 *
 * CF_ERR_INVALID, with a line that says what to photograph instead: too few views, boards that all
 * stand the same way (focal lengths unknown), cameras that do not agree on anything. CF_ERR_MEMORY.
 */
cf_status cf_board_solve(cf_board_set *set, const cf_board_params *params, cf_board_solution *out);
void cf_board_solution_clear(cf_board_solution *solution);

/* Pixel of each corner of the board at a pose through one of the solution's models: count x, y;
 * NaN where the lens cannot see it. warp_m as in the solution. */
void cf_board_project(const cf_board *board, const cf_board_pose *pose,
                      const cf_camera_model *model, const double warp_m[2], double *xy);

#endif
