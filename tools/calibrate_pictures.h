/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of a calibration that explain themselves: where the corners were, how far off, how sure
 * the lens is known, and whether the two cameras' rows meet. */
#ifndef CHROMAFUSE_TOOLS_CALIBRATE_PICTURES_H
#define CHROMAFUSE_TOOLS_CALIBRATE_PICTURES_H

#include "base/image.h"
#include "calib/camera_model.h"
#include "tools/rig_folder.h"

/* One found point of one camera. */
typedef struct {
    double x, y;   /* where it was found, pixels of the camera's picture */
    double dx, dy; /* found minus where the model puts it, pixels */
    int rejected;  /* not 0: left out of the fit */
} cf_plot_point;

/* Everything found in one camera's pictures. */
typedef struct {
    const char *camera;           /* heads the plots: "mono camera" */
    const char *what;             /* "board corners", "matches" */
    const cf_camera_model *model; /* gives the picture's size */
    const cf_plot_point *points;
    int count;
    int pictures; /* in how many pictures they were found */
} cf_plot_camera;

/* Values over the picture, pixels, rows * columns from corner to corner, as floats; NaN: unknown.
 */
typedef struct {
    int columns, rows; /* 2..256 */
    const float *px;
} cf_plot_grid;

/* What the values of a grid are, and what is good. */
typedef struct {
    const char *title, *note;
} cf_plot_about;

/* One mono and one colour picture of the same moment, and points seen in both. */
typedef struct {
    const char *title;            /* "left07.jpg + right07.jpg" */
    const char *caption;          /* "worst of the held-out pairs"; NULL: none */
    const cf_image *mono, *color; /* CF_PIXEL_RGB8, of the models' sizes */
    const cf_camera_model *mono_model, *color_model;
    const double *mono_xy, *color_xy; /* count times x, y: the same points in either picture */
    int count;
    int matches; /* 1: found in an ordinary scene; points are many and small */
} cf_plot_pair;

/*
 * Each makes one CF_PIXEL_RGB8 picture (free with cf_image_free) with a title, units and a legend.
 * CF_ERR_INVALID for pictures of another size than the model's or a grid out of range, and what
 * cf_rectify fails with; CF_ERR_MEMORY.
 */

/* Where the points lie, coloured by residual, in a grid of cells with counts; cells without any are
 * striped. */
cf_status cf_plot_coverage(const cf_plot_camera *camera, cf_image *out);

/* Residuals as arrows, much enlarged, with a scale bar; rejected points apart. */
cf_status cf_plot_residuals(const cf_plot_camera *camera, cf_image *out);

/* How sure the result is over the picture; about NULL: how far the projection moves from one subset
 * of the pictures to another (jackknife). */
cf_status cf_plot_uncertainty(const cf_plot_camera *camera, const cf_plot_grid *motion,
                              const cf_plot_about *about, cf_image *out);

/* Both pictures rectified, side by side, upright as far as quarter turns can make them so, with
 * lines every so many rows: in a good rig every point lies on one height in both. Points are
 * coloured by how far they do not. */
cf_status cf_plot_rectified(const cf_plot_pair *pair, cf_image *out);

/* What cf_plot_write makes files of. */
#define CF_PLOT_PAIRS 4
typedef struct {
    cf_plot_camera mono, color;
    const cf_plot_grid *mono_motion, *color_motion; /* NULL: no uncertainty map */
    const cf_plot_about *motion_about;              /* NULL: of a jackknife */
    const cf_plot_pair *pairs;
    int pair_count; /* 0..CF_PLOT_PAIRS */
} cf_plot_set;

/*
 * Puts into the folder, to appear with its commit: mono.coverage.png, color.coverage.png,
 * mono.residuals.png, color.residuals.png, mono.uncertainty.png and color.uncertainty.png where
 * there are grids, pair-01.png and so on, and overview.png with all of them; what of these an
 * earlier calibration left and this one has not goes. Fails as the plots do, and CF_ERR_IO.
 */
cf_status cf_plot_write(const cf_plot_set *set, cf_rig_folder *folder);

/* For a geometry without plots: those of an earlier one go with the folder's commit. */
void cf_plot_outdate(cf_rig_folder *folder);

#endif
