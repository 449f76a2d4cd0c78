/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of labelled pictures on one sheet. */
#ifndef CHROMAFUSE_TOOLS_CONTACT_SHEET_H
#define CHROMAFUSE_TOOLS_CONTACT_SHEET_H

#include "base/image.h"

typedef struct {
    const cf_image *picture;     /* CF_PIXEL_RGB8; NULL: an empty cell */
    const char *label, *caption; /* two lines under it; cut where too long */
} cf_sheet_cell;

typedef struct {
    const char *title; /* above the row; NULL: none */
    const cf_sheet_cell *cells;
    int count;
} cf_sheet_row;

typedef struct {
    int cell_width; /* pixels of a picture on the sheet, 64..4096; wider ones are averaged */
    int detail;     /* not 0: below every picture a part of it, one pixel for one */
    double detail_x, detail_y; /* centre of that part, as shares 0..1 of width and height */
} cf_sheet_params;

#define CF_SHEET_DEFAULTS                                                                          \
    { .cell_width = 480, .detail = 1, .detail_x = 0.5, .detail_y = 0.5 }

/* Lays the rows out on a new CF_PIXEL_RGB8 picture; free with cf_image_free. Narrower pictures are
 * enlarged by whole factors. CF_ERR_INVALID: no cell, or a sheet larger than any picture may be. */
cf_status cf_contact_sheet(const cf_sheet_row *rows, int count, const cf_sheet_params *params,
                           cf_image *sheet);

#endif
