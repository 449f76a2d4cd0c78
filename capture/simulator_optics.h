/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the simulator: what happens to a picture between the scene and the sensor. */
#ifndef CHROMAFUSE_CAPTURE_SIMULATOR_OPTICS_H
#define CHROMAFUSE_CAPTURE_SIMULATOR_OPTICS_H

#include "base/image.h"
#include "base/status.h"

/* An sRGB picture (CF_PIXEL_RGB8) as linear Rec.709, CF_PIXEL_RGBF32, which it allocates.
 * CF_ERR_MEMORY. */
cf_status cf_sim_linearise(const cf_image *picture, cf_image *linear);

/* Rotation vector (radians) to row-major matrix and back; angles below pi. */
void cf_sim_matrix_of(const double vector[3], double matrix[9]);
void cf_sim_vector_of(const double matrix[9], double vector[3]);

/* out = a b, row-major 3x3; out must not be a or b. */
void cf_sim_multiply(const double a[9], const double b[9], double out[9]);

/*
 * The picture that a lens turned by rotation (scene -> lens coordinates) and distorted by OpenCV's
 * coefficients k1 k2 p1 p2 k3 takes from the same place as the undistorted, unturned `in`: cubic
 * convolution (a = -0.75, as OpenCV's), mirrored beyond the border. Both CF_PIXEL_RGB8, equal size.
 */
void cf_sim_tilt(const cf_image *in, double focal, const double centre[2], const double rotation[3],
                 const double distortion[5], const cf_image *out);

/*
 * Means over ratio x ratio areas of a CF_PIXEL_RGBF32 picture, pixels cut by an area's edge counted
 * in part (OpenCV's INTER_AREA). out has the rounded size in / ratio; ratio >= 1.
 */
cf_status cf_sim_shrink(const cf_image *in, double ratio, const cf_image *out);

#endif
