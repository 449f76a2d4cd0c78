/* SPDX-License-Identifier: Apache-2.0 */
/* Camera models on libmrcal. */
#include "calib/camera_model.h"

#include <math.h>
#include <mrcal/mrcal.h>
#include <mrcal/poseutils.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/image.h"
#include "base/log.h"
#include "calib/model_text.h"

#define MAX_FILE ((size_t)16 << 20)
#define FOLD_STEPS 8

struct cf_camera_model {
    mrcal_lensmodel_t lens;
    char *name;
    int width, height;
    double rotation[9], translation[3];
    int count;
    double params[];
};

void cf_rotation_from_vector(const double rvec[3], double rotation[9]) {
    mrcal_R_from_r(rotation, NULL, rvec);
}

/* mrcal takes the axis from what is not symmetric in the matrix, which at half a turn is nothing:
 * near there it comes from the symmetric part, (R + R^T) / 2 = cos I + (1 - cos) a a^T, and only
 * its sign from the rest. */
void cf_rotation_to_vector(const double rotation[9], double rvec[3]) {
    const double *r = rotation;
    const double skew[3] = {r[7] - r[5], r[2] - r[6], r[3] - r[1]};
    double cosine = (r[0] + r[4] + r[8] - 1) / 2;
    if (cosine > -0.9) {
        mrcal_r_from_R(rvec, NULL, rotation);
        return;
    }
    cosine = fmax(cosine, -1);
    int k = r[0] > r[4] ? (r[0] > r[8] ? 0 : 2) : (r[4] > r[8] ? 1 : 2);
    double axis[3], length = 0, sign = 0, sine = 0;
    for (int i = 0; i < 3; i++) {
        axis[i] = (r[3 * i + k] + r[3 * k + i]) / 2 - (i == k ? cosine : 0);
        length += axis[i] * axis[i];
    }
    for (int i = 0; i < 3; i++) {
        sign += axis[i] * skew[i];
        sine += skew[i] * skew[i] / 4;
    }
    double angle = atan2(sqrt(sine), cosine) / sqrt(length) * (sign < 0 ? -1 : 1);
    for (int i = 0; i < 3; i++)
        rvec[i] = axis[i] * angle;
}

static cf_camera_model *model_alloc(const char *name, int count) {
    cf_camera_model *m = cf_alloc(1, sizeof *m + (size_t)count * sizeof *m->params);
    if (!m)
        return NULL;
    m->count = count;
    m->name = cf_strdup(name);
    if (!m->name) {
        cf_free(m);
        return NULL;
    }
    return m;
}

void cf_camera_model_destroy(cf_camera_model **model) {
    if (!model || !*model)
        return;
    cf_free((*model)->name);
    cf_free(*model);
    *model = NULL;
}

static cf_status check(const cf_camera_model *m) {
    if (!cf_image_size_ok(m->width, m->height))
        return cf_fail(CF_ERR_INVALID, "%s: key 'imagersize': a picture of %dx%d cannot be used",
                       m->name, m->width, m->height);
    for (int i = 0; i < m->count; i++)
        if (!isfinite(m->params[i]))
            return cf_fail(CF_ERR_FORMAT, "%s: key 'intrinsics' has a number that is not finite",
                           m->name);
    for (int i = 0; i < 3; i++)
        if (!isfinite(m->translation[i]) || fabs(m->translation[i]) > 1000)
            return cf_fail(CF_ERR_FORMAT, "%s: key 'extrinsics': the camera is not within 1000 m",
                           m->name);
    for (int i = 0; i < 9; i++)
        if (!(fabs(m->rotation[i]) <= 1.001))
            return cf_fail(CF_ERR_FORMAT, "%s: key 'extrinsics' holds no rotation", m->name);
    double side = m->width > m->height ? m->width : m->height;
    for (int i = 0; i < 2; i++)
        if (!(m->params[i] >= 0.05 * side && m->params[i] <= 1000 * side))
            return cf_fail(CF_ERR_FORMAT,
                           "%s: key 'intrinsics': a focal length of %g pixels is not sane for a "
                           "picture of %dx%d",
                           m->name, m->params[i], m->width, m->height);
    return CF_OK;
}

static cf_status accept(cf_camera_model *m, cf_camera_model **out) {
    cf_status status = check(m);
    if (status != CF_OK)
        cf_camera_model_destroy(&m);
    *out = m;
    return status;
}

cf_status cf_camera_model_parse(const char *name, const char *text, size_t size,
                                cf_camera_model **out) {
    *out = NULL;
    if (!size || size > MAX_FILE)
        return cf_fail(CF_ERR_FORMAT, "%s: not a camera model: it is %s", name,
                       size ? "too large" : "empty");
    CF_TRY(cf_model_text_check(name, text, size));
    mrcal_cameramodel_t *raw = mrcal_read_cameramodel_string(text, (int)size);
    if (!raw)
        return cf_fail(CF_ERR_FORMAT, "%s: mrcal cannot read this camera model", name);
    cf_camera_model *m = model_alloc(name, mrcal_lensmodel_num_params(&raw->lensmodel));
    if (!m) {
        mrcal_free_cameramodel(&raw);
        return CF_ERR_MEMORY;
    }
    m->lens = raw->lensmodel;
    m->width = raw->imagersize[0] > CF_IMAGE_MAX_SIDE ? -1 : (int)raw->imagersize[0];
    m->height = raw->imagersize[1] > CF_IMAGE_MAX_SIDE ? -1 : (int)raw->imagersize[1];
    cf_rotation_from_vector(raw->rt_cam_ref, m->rotation);
    memcpy(m->translation, raw->rt_cam_ref + 3, sizeof m->translation);
    memcpy(m->params, raw->intrinsics, (size_t)m->count * sizeof *m->params);
    mrcal_free_cameramodel(&raw);
    return accept(m, out);
}

cf_status cf_camera_model_load(const char *path, cf_camera_model **out) {
    char *text;
    size_t size;
    *out = NULL;
    CF_TRY(cf_file_read(path, MAX_FILE, &text, &size));
    cf_status status = cf_camera_model_parse(path, text, size, out);
    cf_free(text);
    return status;
}

int cf_lens_count(const char *lens) {
    mrcal_lensmodel_t parsed;
    if (strlen(lens) >= CF_LENS_NAME_MAX || !mrcal_lensmodel_from_name(&parsed, lens) ||
        !mrcal_lensmodel_metadata(&parsed).has_core)
        return 0;
    return mrcal_lensmodel_num_params(&parsed);
}

cf_status cf_camera_model_create(const char *lens, int width, int height, const double *intrinsics,
                                 int count, const double rt[6], cf_camera_model **out) {
    static const double none[6];
    *out = NULL;
    if (!count || cf_lens_count(lens) != count)
        return cf_fail(CF_ERR_INVALID, "camera model: '%s' is no lens with %d intrinsics", lens,
                       count);
    cf_camera_model *m = model_alloc(lens, count);
    if (!m)
        return CF_ERR_MEMORY;
    rt = rt ? rt : none;
    (void)mrcal_lensmodel_from_name(&m->lens, lens);
    m->width = width;
    m->height = height;
    cf_rotation_from_vector(rt, m->rotation);
    memcpy(m->translation, rt + 3, sizeof m->translation);
    memcpy(m->params, intrinsics, (size_t)count * sizeof *intrinsics);
    return accept(m, out);
}

cf_status cf_camera_model_pinhole(int width, int height, const double intrinsics[4],
                                  const double rt[6], cf_camera_model **out) {
    return cf_camera_model_create("LENSMODEL_PINHOLE", width, height, intrinsics, 4, rt, out);
}

int cf_camera_model_lens(const cf_camera_model *model, char lens[CF_LENS_NAME_MAX],
                         double *intrinsics, int room) {
    if (!mrcal_lensmodel_name(lens, CF_LENS_NAME_MAX, &model->lens))
        lens[0] = '\0';
    for (int i = 0; intrinsics && i < model->count && i < room; i++)
        intrinsics[i] = model->params[i];
    return model->count;
}

static void multiply(const double a[9], const double b[9], double out[9]) {
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            out[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c];
}

cf_status cf_camera_model_turned(const cf_camera_model *model, const double rvec[3],
                                 cf_camera_model **out) {
    *out = NULL;
    cf_camera_model *m = model_alloc(model->name, model->count);
    if (!m)
        return CF_ERR_MEMORY;
    double turn[9];
    cf_rotation_from_vector(rvec, turn);
    m->lens = model->lens;
    m->width = model->width;
    m->height = model->height;
    multiply(turn, model->rotation, m->rotation);
    for (int r = 0; r < 3; r++)
        m->translation[r] = turn[3 * r] * model->translation[0] +
                            turn[3 * r + 1] * model->translation[1] +
                            turn[3 * r + 2] * model->translation[2];
    memcpy(m->params, model->params, (size_t)m->count * sizeof *m->params);
    return accept(m, out);
}

cf_status cf_camera_model_check_size(const cf_camera_model *model, int width, int height) {
    if (model->width == width && model->height == height)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID,
                   "%s: made for pictures of %dx%d, this one is %dx%d: calibrate at this size",
                   model->name, model->width, model->height, width, height);
}

void cf_camera_model_size(const cf_camera_model *model, int *width, int *height) {
    *width = model->width;
    *height = model->height;
}

void cf_camera_model_pose(const cf_camera_model *model, double rotation[9], double translation[3]) {
    memcpy(rotation, model->rotation, sizeof model->rotation);
    memcpy(translation, model->translation, sizeof model->translation);
}

int cf_camera_model_is_pinhole(const cf_camera_model *model, double intrinsics[4]) {
    if (model->lens.type != MRCAL_LENSMODEL_PINHOLE)
        return 0;
    memcpy(intrinsics, model->params, 4 * sizeof *intrinsics);
    return 1;
}

void cf_camera_model_focal(const cf_camera_model *model, double focal[2]) {
    const double center[2] = {(model->width - 1) / 2.0, (model->height - 1) / 2.0};
    focal[0] = model->params[0];
    focal[1] = model->params[1];
    for (int i = 0; i < 2; i++) {
        double a[2] = {center[0], center[1]}, b[2] = {center[0], center[1]}, u[3], v[3];
        a[i] -= 1;
        b[i] += 1;
        if (!cf_camera_model_unproject(model, a, u) || !cf_camera_model_unproject(model, b, v))
            continue;
        double slope = fabs(v[i] / v[2] - u[i] / u[2]);
        if (u[2] > 0.1 && v[2] > 0.1 && slope > 1e-9)
            focal[i] = 2 / slope;
    }
}

/*
 * 0 when, on the way from the axis to the ray, the lens' polynomial stops growing. One point a
 * call: mrcal 2.2 mixes up the gradients of several.
 */
static int unfolded(const cf_camera_model *m, const double ray[3]) {
    for (int i = 1; i <= FOLD_STEPS; i++) {
        double s = i / (double)FOLD_STEPS / ray[2];
        const mrcal_point3_t p = {.x = ray[0] * s, .y = ray[1] * s, .z = 1};
        mrcal_point3_t dq[2];
        mrcal_point2_t q;
        if (!mrcal_project(&q, dq, NULL, &p, 1, &m->lens, m->params) ||
            !(dq[0].x * dq[1].y - dq[0].y * dq[1].x > 0))
            return 0;
    }
    return 1;
}

int cf_camera_model_project(const cf_camera_model *m, const double ray[3], double pixel[2]) {
    mrcal_lensmodel_metadata_t meta = mrcal_lensmodel_metadata(&m->lens);
    double length = sqrt(ray[0] * ray[0] + ray[1] * ray[1] + ray[2] * ray[2]);
    if (!(length > 1e-12) || !isfinite(length))
        return 0;
    const mrcal_point3_t p = {.x = ray[0] / length, .y = ray[1] / length, .z = ray[2] / length};
    if (!meta.can_project_behind_camera) {
        if (p.z < 1e-3)
            return 0;
        if (m->lens.type != MRCAL_LENSMODEL_PINHOLE && meta.has_gradients && !unfolded(m, p.xyz))
            return 0;
    }
    mrcal_point2_t q;
    if (!mrcal_project(&q, NULL, NULL, &p, 1, &m->lens, m->params) || !isfinite(q.x) ||
        !isfinite(q.y))
        return 0;
    pixel[0] = q.x;
    pixel[1] = q.y;
    return 1;
}

int cf_camera_model_unproject(const cf_camera_model *m, const double pixel[2], double ray[3]) {
    const mrcal_point2_t q = {.x = pixel[0], .y = pixel[1]};
    mrcal_point3_t v;
    double back[2];
    if (!isfinite(q.x) || !isfinite(q.y) || m->lens.type == MRCAL_LENSMODEL_CAHVORE ||
        !mrcal_unproject(&v, &q, 1, &m->lens, m->params))
        return 0;
    double length = sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
    if (!(length > 1e-12) || !isfinite(length))
        return 0;
    const double unit[3] = {v.x / length, v.y / length, v.z / length};
    if (!cf_camera_model_project(m, unit, back) || !(hypot(back[0] - q.x, back[1] - q.y) <= 0.01))
        return 0;
    memcpy(ray, unit, sizeof unit);
    return 1;
}
