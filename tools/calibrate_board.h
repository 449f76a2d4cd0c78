/* SPDX-License-Identifier: Apache-2.0 */
/* `calibrate geometry --board`: both cameras from pictures of a chessboard. */
#ifndef CHROMAFUSE_TOOLS_CALIBRATE_BOARD_H
#define CHROMAFUSE_TOOLS_CALIBRATE_BOARD_H

#include "calib/board.h"
#include "tools/input_list.h"

/* What the command line asked for. Start with CF_CALIBRATE_BOARD_DEFAULTS. */
typedef struct {
    cf_board board; /* columns 0: not asked for */
    cf_board_params params;
    const char *corners;                      /* a table in place of pictures; NULL: pictures */
    const char *mono_pattern, *color_pattern; /* of names in it */
    int sizes[2][2];                   /* width, height of both cameras' pictures, for a table */
    const cf_input_list *mono, *color; /* pictures */
    const char *out, *report;
    int json;
} cf_calibrate_board_job;
#define CF_CALIBRATE_BOARD_DEFAULTS                                                                \
    { .board = {.square_m = 0.025}, .params = CF_BOARD_DEFAULTS }

/* Rows of the command's table of options. */
#define CF_BOARD_OPTIONS                                                                           \
    {"board", 'b', "CxR",                                                                          \
     "from pictures of a chessboard with so many inner corners, where four\n"                      \
     "squares meet: 9x6 for 10x7 squares"},                                                        \
        {"square", 's', "METRES", "board: side of one square (default: 0.025)"},                   \
        {"lens", 0, "MODEL",                                                                       \
         "board: auto (default: what does best on pictures left out), pinhole,\n"                  \
         "opencv4, opencv5 or opencv8"},                                                           \
        {"flat", 0, NULL, "board: it is perfectly flat (default: its bend is estimated)"},         \
        {"keep-all", 0, NULL,                                                                      \
         "board: count every corner (default: those far off are left out and\n"                    \
         "named)"},                                                                                \
    {                                                                                              \
        "corners", 0, "FILE.vnl",                                                                  \
            "board: corners that another program found, in mrcal's format; --mono and\n"           \
            "--color are then patterns of names in it, --size and --color-size the\n"              \
            "pictures' sizes; give this option before --mono and --color"                          \
    }

/* Takes one of these options; *taken 0: it is another one. */
cf_status cf_calibrate_board_take(cf_calibrate_board_job *job, const char *name, const char *value,
                                  int *taken);

/* Finds the board, solves, judges, writes models, record, plots and keys into the rig's folder, and
 * prints the report. */
cf_status cf_calibrate_board(const cf_calibrate_board_job *job);

#endif
