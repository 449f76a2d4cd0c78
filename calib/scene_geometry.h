/* SPDX-License-Identifier: Apache-2.0 */
/* Two lenses in numbers, and how far a pair of matched points is from fitting them. */
#ifndef CHROMAFUSE_CALIB_SCENE_GEOMETRY_H
#define CHROMAFUSE_CALIB_SCENE_GEOMETRY_H

/*
 * What a fit may change, all 0 at the start: turns of the colour camera (radians, about the frame's
 * axes), natural logarithm of the colour lens' magnification, distortions, where the colour lens is
 * (y and z of the way there, for 1 in x), and natural logarithm s of both focal lengths. Turns
 * about x and y and distortions count in pixels, so to say: they are for the focal length at the
 * start, and apply as turn / e^s, k1 e^2s, k2 e^4s, p e^s, which changes the picture as much.
 */
enum {
    CF_SCENE_TURN_X,
    CF_SCENE_TURN_Y,
    CF_SCENE_TURN_Z,
    CF_SCENE_ZOOM,
    CF_SCENE_K1,
    CF_SCENE_LEAN_Y,
    CF_SCENE_LEAN_Z,
    CF_SCENE_K2,
    CF_SCENE_P1,
    CF_SCENE_P2,
    CF_SCENE_MONO_K1,
    CF_SCENE_MONO_K2,
    CF_SCENE_FOCAL,
    CF_SCENE_PARAMS
};

#define CF_LENS_TERMS 5 /* OpenCV's k1, k2, p1, p2, k3 */

/* A point in both pictures, as each lens shows it: (pixel - centre) / focal length, distorted. */
typedef struct {
    double mono[2], color[2];
    double sigma; /* expected error of the vertical offset against that of others; 1 usual */
} cf_scene_rays;

/*
 * The frame's x axis runs from the mono to the colour lens, so that in it both lenses see any point
 * at one height.
 */
typedef struct {
    double mono_turn[9], color_turn[9]; /* rotation, row-major: camera -> frame */
    double mono_k[CF_LENS_TERMS], color_k[CF_LENS_TERMS];
    double scale; /* both focal lengths, of those that cf_scene_rays were made with */
    double zoom;  /* and the colour focal length besides */
    double focal; /* of the mono lens, pixels, less scale: with it the unit of offsets */
} cf_scene_geometry;

/* Both lenses alike, undistorted, side by side: turns are identities. */
void cf_scene_geometry_init(cf_scene_geometry *g, double focal);

/* The geometry with parameters p applied; its frame follows the lens. */
void cf_scene_geometry_change(const cf_scene_geometry *start, const double p[CF_SCENE_PARAMS],
                              cf_scene_geometry *out);

/*
 * Height of the colour point over the mono point in the frame, pixels of the mono picture (the
 * vertical disparity after rectification, positive down). Not-a-number where a lens cannot see.
 */
double cf_scene_offset(const cf_scene_geometry *g, const cf_scene_rays *rays);

/* Disparity of the pair of points in the frame, pixels of the mono picture; > 0 in front of
 * infinity. Not-a-number where a lens cannot see. */
double cf_scene_disparity(const cf_scene_geometry *g, const cf_scene_rays *rays);

/* A place in the frame (x / z, y / z), and its disparity in the same unit. */
typedef struct {
    double x, y, shift;
} cf_scene_place;

/* What both lenses show of it; not-a-number where one cannot see it. */
void cf_scene_project(const cf_scene_geometry *g, const cf_scene_place *place, cf_scene_rays *out);

/* A point of the mono picture, and a disparity in its pixels that it might have. */
typedef struct {
    double mono[2]; /* as in cf_scene_rays */
    double shift_px;
} cf_scene_probe;

/* Where both lenses show it. 0: one cannot see it. */
int cf_scene_probe_rays(const cf_scene_geometry *g, const cf_scene_probe *probe,
                        cf_scene_rays *out);

/* OpenCV's distortion of normalised coordinates (documentation of module calib3d), and back: 0, and
 * out untouched, where no point shows there. */
void cf_lens_distort(const double k[CF_LENS_TERMS], const double in[2], double out[2]);
int cf_lens_undistort(const double k[CF_LENS_TERMS], const double in[2], double out[2]);

#endif
