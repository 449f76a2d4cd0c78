/* SPDX-License-Identifier: Apache-2.0 */
/* Finding chessboards, by OpenCV; C on this side. */
#ifndef CHROMAFUSE_TOOLS_BOARD_BRIDGE_H
#define CHROMAFUSE_TOOLS_BOARD_BRIDGE_H

#include "base/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Looks for a chessboard with columns x rows inner corners in a grey picture (CF_PIXEL_U8, one
 * plane) by cv::findChessboardCornersSB. xy: columns * rows corners, x and y in pixels, row by row,
 * pixel centres at integers. *found: 1 or 0. CF_ERR_MEMORY, CF_ERR_INVALID when OpenCV gives up,
 * CF_ERR_UNSUPPORTED when the program was built without OpenCV.
 */
cf_status cf_board_find(const cf_image *gray, int columns, int rows, double *xy, int *found);

#ifdef __cplusplus
}
#endif

#endif
