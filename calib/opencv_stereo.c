/* SPDX-License-Identifier: Apache-2.0 */
/* From OpenCV's matrices to camera models and back. */
#include "calib/opencv_stereo.h"

#include <math.h>
#include <string.h>

#include "base/log.h"

#define LONG_BASELINE_M 2.0
#define SHORT_BASELINE_M 1e-3

static cf_status missing(const char *name, const char *what) {
    return cf_fail(
        CF_ERR_FORMAT,
        "%s: has no %s; give the file with it too (OpenCV's samples write intrinsics.yml "
        "and extrinsics.yml)",
        name, what);
}

static cf_status check_complete(const char *name, const cf_opencv_stereo *in) {
    static const char *const matrix[2] = {"camera matrix of camera 1 (M1)",
                                          "camera matrix of camera 2 (M2)"};
    static const char *const distortion[2] = {"distortion of camera 1 (D1)",
                                              "distortion of camera 2 (D2)"};
    for (int i = 0; i < 2; i++) {
        if (!in->camera[i].has_matrix)
            return missing(name, matrix[i]);
        if (!in->camera[i].has_distortion)
            return missing(name, distortion[i]);
    }
    if (!in->has_rotation)
        return missing(name, "rotation between the cameras (R)");
    return in->has_translation ? CF_OK : missing(name, "translation between the cameras (T)");
}

static cf_status choose_size(const char *name, const cf_opencv_camera *c, int number,
                             const int given[2], int out[2]) {
    const int told[2] = {c->width, c->height};
    for (int i = 0; i < 2; i++) {
        if (!told[i] && !given[i])
            return cf_fail(CF_ERR_INVALID,
                           "%s: does not tell the picture size of camera %d: say --size WxH (and "
                           "--color-size WxH where that differs)",
                           name, number);
        if (told[i] && given[i] && told[i] != given[i])
            return cf_fail(CF_ERR_INVALID,
                           "%s: pictures of camera %d are %dx%d, but %dx%d was said", name, number,
                           told[0], told[1], given[0], given[1]);
        out[i] = told[i] ? told[i] : given[i];
    }
    return CF_OK;
}

static void warn_about_center(const char *name, const cf_opencv_camera *c, int number,
                              const int size[2]) {
    double x = c->matrix[2], y = c->matrix[5];
    if (fabs(x - size[0] / 2.0) > size[0] / 4.0 || fabs(y - size[1] / 2.0) > size[1] / 4.0)
        cf_log(CF_LOG_WARNING,
               "%s: camera %d's principal point %.0f, %.0f is far from the middle of pictures of "
               "%dx%d: is that their size?",
               name, number, x, y, size[0], size[1]);
}

static const char *lens_name(int count) {
    switch (count) {
    case 4: return "LENSMODEL_OPENCV4";
    case 5: return "LENSMODEL_OPENCV5";
    case 8: return "LENSMODEL_OPENCV8";
    case 12: return "LENSMODEL_OPENCV12";
    default: return "LENSMODEL_PINHOLE";
    }
}

static cf_status make_model(const char *name, const cf_opencv_camera *c, int number,
                            const int given[2], const double rt[6], cf_camera_model **out) {
    const double *m = c->matrix;
    double intrinsics[4 + CF_OPENCV_DISTORTION] = {m[0], m[4], m[2], m[5]};
    int size[2], count = 0;
    CF_TRY(choose_size(name, c, number, given, size));
    warn_about_center(name, c, number, size);
    for (int i = 0; i < c->distortion_count; i++)
        if (c->distortion[i] != 0)
            count = c->distortion_count;
    memcpy(intrinsics + 4, c->distortion, (size_t)count * sizeof *intrinsics);
    return cf_camera_model_create(lens_name(count), size[0], size[1], intrinsics, 4 + count, rt,
                                  out);
}

/* The pose of camera 2 seen from camera 1, or the other way round. */
static void invert(double rotation[9], double translation[3]) {
    const double r[9] = {rotation[0], rotation[3], rotation[6], rotation[1], rotation[4],
                         rotation[7], rotation[2], rotation[5], rotation[8]};
    const double t[3] = {translation[0], translation[1], translation[2]};
    for (int i = 0; i < 3; i++)
        translation[i] = -(r[3 * i] * t[0] + r[3 * i + 1] * t[1] + r[3 * i + 2] * t[2]);
    memcpy(rotation, r, sizeof r);
}

static void warn_about_baseline(const char *name, const double t[3]) {
    double length = sqrt(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]);
    if (length < SHORT_BASELINE_M || length > LONG_BASELINE_M)
        cf_log(CF_LOG_WARNING,
               "%s: the cameras would be %g m apart: T is in the unit of the board's squares; say "
               "--unit 0.001 when that was mm, or the square's side in metres when it was squares",
               name, length);
}

cf_status cf_opencv_stereo_models(const char *name, const cf_opencv_stereo *in,
                                  const cf_opencv_params *params, cf_camera_model **mono,
                                  cf_camera_model **color) {
    const cf_opencv_params defaults = CF_OPENCV_DEFAULTS, *p = params ? params : &defaults;
    double r[9], t[3], rt[6];
    int first = p->swap ? 1 : 0;
    *mono = *color = NULL;
    CF_TRY(check_complete(name, in));
    memcpy(r, in->rotation, sizeof r);
    for (int i = 0; i < 3; i++)
        t[i] = in->translation[i] * p->unit_m;
    if (p->swap)
        invert(r, t);
    warn_about_baseline(name, t);
    cf_rotation_to_vector(r, rt);
    memcpy(rt + 3, t, sizeof t);
    CF_TRY(make_model(name, &in->camera[first], first + 1, p->mono_size, NULL, mono));
    cf_status status =
        make_model(name, &in->camera[1 - first], 2 - first, p->color_size, rt, color);
    if (status != CF_OK)
        cf_camera_model_destroy(mono);
    return status;
}

static cf_status take_lens(const cf_camera_model *model, const char *role, cf_opencv_camera *c) {
    char lens[CF_LENS_NAME_MAX];
    double v[4 + CF_OPENCV_DISTORTION] = {0};
    int count = cf_camera_model_lens(model, lens, v, 4 + CF_OPENCV_DISTORTION) - 4;
    if (count < 0 || count > CF_OPENCV_DISTORTION || strcmp(lens, lens_name(count)) != 0)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "the %s camera's %s is no lens of OpenCV's: calibrate it with "
                       "LENSMODEL_OPENCV4, 5, 8 or 12 to export it",
                       role, lens);
    const double m[9] = {v[0], 0, v[2], 0, v[1], v[3], 0, 0, 1};
    *c = (cf_opencv_camera){.has_matrix = 1, .has_distortion = 1, .distortion_count = count};
    memcpy(c->matrix, m, sizeof m);
    memcpy(c->distortion, v + 4, sizeof c->distortion);
    cf_camera_model_size(model, &c->width, &c->height);
    return CF_OK;
}

/* Between two cameras of any place in the rig: r = rc rm', t = tc - r tm. */
static void relative_pose(const cf_camera_model *mono, const cf_camera_model *color, double r[9],
                          double t[3]) {
    double rm[9], tm[3], rc[9];
    cf_camera_model_pose(mono, rm, tm);
    cf_camera_model_pose(color, rc, t);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            r[3 * i + k] = rc[3 * i] * rm[3 * k] + rc[3 * i + 1] * rm[3 * k + 1] +
                           rc[3 * i + 2] * rm[3 * k + 2];
            t[i] -= r[3 * i + k] * tm[k];
        }
}

cf_status cf_opencv_stereo_from_models(const cf_camera_model *mono, const cf_camera_model *color,
                                       int swap, cf_opencv_stereo *out) {
    int first = swap ? 1 : 0;
    *out = (cf_opencv_stereo){.has_rotation = 1, .has_translation = 1};
    CF_TRY(take_lens(mono, "mono", &out->camera[first]));
    CF_TRY(take_lens(color, "colour", &out->camera[1 - first]));
    relative_pose(mono, color, out->rotation, out->translation);
    if (swap)
        invert(out->rotation, out->translation);
    return CF_OK;
}
