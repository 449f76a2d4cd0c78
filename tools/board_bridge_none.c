/* SPDX-License-Identifier: Apache-2.0 */
/* Stands for the chessboard finder in a program that was built without OpenCV. */
#include "base/log.h"
#include "tools/board_bridge.h"

cf_status cf_board_find(const cf_image *gray, int columns, int rows, double *xy, int *found) {
    (void)gray;
    (void)columns;
    (void)rows;
    (void)xy;
    *found = 0;
    return cf_fail(CF_ERR_UNSUPPORTED,
                   "this program was built without OpenCV, which finds chessboards: install "
                   "libopencv-calib3d-dev and build again, or give corners by --corners");
}
