// SPDX-License-Identifier: Apache-2.0
// OpenCV's chessboard finder behind a C function.
#include <opencv2/calib3d.hpp>
#include <opencv2/core/ocl.hpp>
#include <opencv2/core/utility.hpp>
#include <opencv2/core/utils/logger.hpp>

extern "C" {
#include "base/log.h"
}
#include "tools/board_bridge.h"

extern "C" cf_status cf_board_find(const cf_image *gray, int columns, int rows, double *xy,
                                   int *found) {
    *found = 0;
    try {
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        // No OpenCL in this thread and no further ones: pictures are looked at side by side, and
        // each new thread would start the driver for nothing.
        cv::ocl::setUseOpenCL(false);
        cv::setNumThreads(0);
        const cv::Mat picture(gray->height, gray->width, CV_8UC1, gray->data, gray->stride);
        std::vector<cv::Point2f> corners;
        const int flags = cv::CALIB_CB_ACCURACY | cv::CALIB_CB_NORMALIZE_IMAGE;
        const cv::Size board(columns, rows);
        bool ok = cv::findChessboardCornersSB(picture, board, corners, flags);
        if (!ok) // small, dim or slanted boards: slower, sees more
            ok = cv::findChessboardCornersSB(picture, board, corners,
                                             flags | cv::CALIB_CB_EXHAUSTIVE);
        if (!ok || corners.size() != static_cast<size_t>(columns) * static_cast<size_t>(rows))
            return CF_OK;
        for (size_t i = 0; i < corners.size(); i++) {
            xy[2 * i] = corners[i].x;
            xy[2 * i + 1] = corners[i].y;
        }
        *found = 1;
        return CF_OK;
    } catch (const std::bad_alloc &) {
        return cf_fail(CF_ERR_MEMORY, "finding a chessboard: out of memory");
    } catch (const std::exception &e) {
        return cf_fail(CF_ERR_INVALID, "finding a chessboard: %s", e.what());
    }
}
