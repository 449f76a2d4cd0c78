/* SPDX-License-Identifier: Apache-2.0 */
/* A stereo rig as OpenCV's users keep it: cv::FileStorage files of stereoCalibrate's results. */
#ifndef CHROMAFUSE_CALIB_OPENCV_STEREO_H
#define CHROMAFUSE_CALIB_OPENCV_STEREO_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"
#include "calib/camera_model.h"

/* k1, k2, p1, p2, k3, k4, k5, k6, s1..s4 (OpenCV's order); the two of a tilted sensor are refused.
 */
#define CF_OPENCV_DISTORTION 12

typedef struct {
    int has_matrix, has_distortion;
    double matrix[9]; /* row-major: fx 0 cx, 0 fy cy, 0 0 1; pixels */
    double distortion[CF_OPENCV_DISTORTION];
    int distortion_count; /* 0 (none), 4, 5, 8 or 12 */
    int width, height;    /* 0: not told */
} cf_opencv_camera;

/* As cv::stereoCalibrate gives it: x2 = R x1 + T. Start with {0}. */
typedef struct {
    cf_opencv_camera camera[2];
    int has_rotation, has_translation;
    double rotation[9];    /* row-major */
    double translation[3]; /* in whatever unit the board's squares had */
} cf_opencv_stereo;

/*
 * Adds what a file holds; an OpenCV rig often is in two, intrinsics.yml and extrinsics.yml.
 * Understood, in any letter case and with or without underscores: M1, K1, cameraMatrix1,
 * camera_matrix_left, D1, distCoeffs1, distortion_coefficients_left, R, T, rotation_matrix,
 * translation_vector, image_width with image_height, imageSize, size; camera_matrix and
 * distortion_coefficients without a number are those of the first camera that has none yet. Values
 * are `!!opencv-matrix` mappings or plain lists. Other keys are passed over. JSON is YAML; XML is
 * refused. R may be a rotation vector.
 *
 * CF_ERR_IO when the file cannot be read or is larger than 4 MB. CF_ERR_FORMAT with one line that
 * names file and key for broken YAML, a matrix of another size, numbers that are none or not
 * finite, a focal length that is not positive, a skewed or scaled camera matrix, an R that is no
 * rotation, something that was already given with another value. CF_ERR_UNSUPPORTED: a fisheye
 * model, a tilted sensor, a number of distortion coefficients that no OpenCV model has. *io may
 * then be partly changed.
 */
cf_status cf_opencv_stereo_read(const char *path, cf_opencv_stereo *io);
/* The same from size bytes of text; name stands for the file in messages. */
cf_status cf_opencv_stereo_parse(const char *name, const char *text, size_t size,
                                 cf_opencv_stereo *io);

typedef struct {
    int swap;         /* 0: camera 1 is mono, 2 is colour; 1: the other way round */
    double unit_m;    /* metres of one unit of T */
    int mono_size[2]; /* width, height where the files tell none; 0: unknown */
    int color_size[2];
} cf_opencv_params;
#define CF_OPENCV_DEFAULTS                                                                         \
    {                                                                                              \
        .swap = 0, .unit_m = 1, .mono_size = {0, 0}, .color_size = { 0, 0 }                        \
    }

/*
 * Camera models of a rig that is complete; the mono camera's place is the rig's origin. `name`
 * stands for the files in messages. Without distortion (none, or all zero) a lens is a pinhole,
 * else LENSMODEL_OPENCV4, 5, 8 or 12. Warns when the baseline is not between 1 mm and 2 m or the
 * principal point is far from the picture's middle. CF_ERR_FORMAT names what is missing;
 * CF_ERR_INVALID: a size that is missing or contradicts the files', or what
 * cf_camera_model_create refuses.
 */
cf_status cf_opencv_stereo_models(const char *name, const cf_opencv_stereo *in,
                                  const cf_opencv_params *params, cf_camera_model **mono,
                                  cf_camera_model **color);

/*
 * The other way: mono is camera 1, or 2 with swap; T in metres. CF_ERR_UNSUPPORTED, naming the
 * lens, for one that OpenCV has not.
 */
cf_status cf_opencv_stereo_from_models(const cf_camera_model *mono, const cf_camera_model *color,
                                       int swap, cf_opencv_stereo *out);

/* What cv::stereoRectify makes of a rig. */
typedef struct {
    double r1[9], r2[9];   /* rotations, row-major: camera coordinates to rectified ones */
    double p1[12], p2[12]; /* 3x4 projections of the rectified cameras */
    double q[16];          /* 4x4: column, row, disparity, 1 to homogeneous coordinates */
} cf_opencv_rectified;

/*
 * Bouguet's rectification as cv::stereoRectify does it with its default flags
 * (CALIB_ZERO_DISPARITY) and alpha -1: both cameras turned half way towards each other, then both
 * so that rows (or, for cameras above each other, columns) meet. Only defined for pictures of one
 * size: 0, *out untouched, for others, or when T is zero.
 */
int cf_opencv_rectify(const cf_opencv_stereo *in, cf_opencv_rectified *out);

/*
 * Writes it so that cv::FileStorage reads it: M1 D1 M2 D2 R T E F; R1 R2 P1 P2 Q when both pictures
 * have one size; imageSize, or imageSize1 and imageSize2. Numbers come back the same. The stream's
 * errors are the caller's to see (cf_file_commit does).
 */
void cf_opencv_stereo_print(const cf_opencv_stereo *in, FILE *to);

#endif
