/* SPDX-License-Identifier: Apache-2.0 */
/* From lists of pictures, or a table of corners, to what two cameras saw of a chessboard. */
#ifndef CHROMAFUSE_TOOLS_BOARD_PICTURES_H
#define CHROMAFUSE_TOOLS_BOARD_PICTURES_H

#include "calib/board.h"
#include "tools/input_list.h"

#define CF_BOARD_NOTE 200

/* One position of the board in one camera. */
typedef struct {
    const char *path; /* of the list or table; NULL: no picture of this moment */
    int found;
    char note[CF_BOARD_NOTE]; /* why it is not used, for people; "" when it is */
} cf_board_picture;

/* pictures[camera][view]. Start with {0}; freed by cf_board_pictures_clear. */
typedef struct {
    cf_board_picture *pictures[2];
    int count;
    int by_number; /* 1: paired by the numbers in their names, 0: by order */
    cf_board_set set;
    char **names; /* owned strings that paths of a table point to */
    int name_count;
} cf_board_pictures;

/*
 * Pairs the lists (by the last number in the names where that fits both lists, else in order),
 * reads the pictures on all processors and looks for the board. Pictures that cannot be read, are
 * of another size than most, or show no board get a note and a warning, and the rest goes on.
 * CF_ERR_INVALID when the lists cannot be paired, or no board is found at all.
 */
cf_status cf_board_pictures_find(const cf_input_list *mono, const cf_input_list *color,
                                 const cf_board *board, cf_board_pictures *out);

/*
 * The same from a table of corners as mrcal's tools write it ("# filename x y level", one line a
 * corner; "-" for x, y, or the level of a corner that is not to be used). A picture is the mono
 * camera's when its name fits the shell pattern `mono`, the colour camera's for `color`. sizes:
 * width, height of both cameras' pictures. CF_ERR_IO, CF_ERR_FORMAT with a line that names file and
 * line. At most 64 MB.
 */
cf_status cf_board_corners_read(const char *path, const char *mono, const char *color,
                                const int sizes[2][2], const cf_board *board,
                                cf_board_pictures *out);
/* The table itself, zero-terminated; name stands for the file in messages. */
cf_status cf_board_corners_parse(const char *name, const char *text, const char *mono,
                                 const char *color, const int sizes[2][2], const cf_board *board,
                                 cf_board_pictures *out);

void cf_board_pictures_clear(cf_board_pictures *pictures);

/*
 * Which picture of `color` belongs to each of `mono`: pairs of indices, -1 where there is none; in
 * natural order. *count: how many pairs, at most the lengths together. *by_number tells how.
 * CF_ERR_INVALID: neither numbers nor order fit.
 */
cf_status cf_pair_names(const char *const *mono, size_t mono_count, const char *const *color,
                        size_t color_count, int (*pairs)[2], int *count, int *by_number);

#endif
