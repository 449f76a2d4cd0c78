/* SPDX-License-Identifier: Apache-2.0 */
/* Lens models: how rays of a camera become pixels of its picture, and back; mrcal's files and
 * mathematics. */
#ifndef CHROMAFUSE_CALIB_CAMERA_MODEL_H
#define CHROMAFUSE_CALIB_CAMERA_MODEL_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/*
 * One camera: lens, picture size and place in the rig. Rays are in the camera's own coordinates: x
 * right, y down, z along the view. Pixel centres lie at integers. Read-only once made, so threads
 * may share it.
 */
typedef struct cf_camera_model cf_camera_model;

/*
 * Reads a *.cameramodel file. CF_ERR_IO when it cannot be read (or is larger than 16 MB),
 * CF_ERR_FORMAT with a line that names the file and the key when a key is missing, a list has the
 * wrong length, a number is not finite, the lens model is unknown or its focal length is not sane
 * (0.05 to 1000 times the picture's longer side), CF_ERR_INVALID when the picture size is outside
 * CF_IMAGE_MAX_*.
 */
cf_status cf_camera_model_load(const char *path, cf_camera_model **out);

/* The same from size bytes of text; name stands for the file in messages. */
cf_status cf_camera_model_parse(const char *name, const char *text, size_t size,
                                cf_camera_model **out);

/*
 * A pinhole camera. intrinsics: fx, fy, cx, cy in pixels; rt: rotation vector (radians) and
 * translation (metres) from the rig's coordinates to this camera's, NULL for none.
 */
cf_status cf_camera_model_pinhole(int width, int height, const double intrinsics[4],
                                  const double rt[6], cf_camera_model **out);

/* The longest name of a lens model with its configuration, with the closing zero. */
#define CF_LENS_NAME_MAX 128

/*
 * Any of mrcal's lens models by its full name ("LENSMODEL_OPENCV5"); intrinsics: as many numbers as
 * the lens has (fx, fy, cx, cy in pixels first, then its distortion); rt as for
 * cf_camera_model_pinhole. CF_ERR_INVALID for an unknown lens or another count; otherwise fails as
 * cf_camera_model_parse does.
 */
cf_status cf_camera_model_create(const char *lens, int width, int height, const double *intrinsics,
                                 int count, const double rt[6], cf_camera_model **out);

/* How many intrinsics a lens has; 0: no lens of that name is known. */
int cf_lens_count(const char *lens);

/*
 * A copy turned further by rvec (radians, in the camera's own coordinates: p' = R(rvec) p); the
 * camera keeps its place.
 */
cf_status cf_camera_model_turned(const cf_camera_model *model, const double rvec[3],
                                 cf_camera_model **out);

void cf_camera_model_destroy(cf_camera_model **model);

/* CF_ERR_INVALID, with a line naming model and picture, unless the picture has the model's size. */
cf_status cf_camera_model_check_size(const cf_camera_model *model, int width, int height);

void cf_camera_model_size(const cf_camera_model *model, int *width, int *height);

/* Rig coordinates to this camera's: p' = rotation (row-major) p + translation (metres). */
void cf_camera_model_pose(const cf_camera_model *model, double rotation[9], double translation[3]);

/* Focal lengths in x and y, pixels, of the pinhole that fits the lens at the picture's centre. */
void cf_camera_model_focal(const cf_camera_model *model, double focal[2]);

/* 1 for an undistorted pinhole with its fx, fy, cx, cy; else 0 and intrinsics untouched. */
int cf_camera_model_is_pinhole(const cf_camera_model *model, double intrinsics[4]);

/* The lens model's full name, and its intrinsics: up to room numbers into `intrinsics` (NULL:
 * none). Returns how many there are. */
int cf_camera_model_lens(const cf_camera_model *model, char lens[CF_LENS_NAME_MAX],
                         double *intrinsics, int room);

/*
 * Writes the model in mrcal's text format ("cameramodel file format" in its documentation), numbers
 * with 17 significant digits so that they come back the same. comment: lines put before it, each
 * with a # in front; NULL: none. The stream's errors are the caller's to see (cf_file_commit does).
 */
void cf_camera_model_print(const cf_camera_model *model, const char *comment, FILE *to);

/* The same to a file, whole or not at all. CF_ERR_IO. */
cf_status cf_camera_model_write(const cf_camera_model *model, const char *comment,
                                const char *path);

/*
 * Pixel of a ray (any length). Returns 0, pixel untouched, where the lens cannot see: behind a
 * pinhole-like lens, or beyond the angle where its distortion polynomial folds back. May lie
 * outside the picture.
 */
int cf_camera_model_project(const cf_camera_model *model, const double ray[3], double pixel[2]);

/*
 * Unit ray of a pixel; the pixel may lie outside the picture. Returns 0, ray untouched, where no
 * ray projects within 0.01 pixel of it (always for CAHVORE, which mrcal cannot unproject).
 */
int cf_camera_model_unproject(const cf_camera_model *model, const double pixel[2], double ray[3]);

/* Rotation matrix (row-major) of a rotation vector (Rodrigues) and back; the angle is 0..pi. */
void cf_rotation_from_vector(const double rvec[3], double rotation[9]);
void cf_rotation_to_vector(const double rotation[9], double rvec[3]);

#endif
