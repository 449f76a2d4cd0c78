/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what cv::FileStorage writes: which keys mean what, and whether their values can be. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/image.h"
#include "base/log.h"
#include "calib/opencv_stereo.h"
#include "calib/opencv_yaml.h"

#define MAX_FILE ((size_t)4 << 20)
#define ROTATION_TOLERANCE 1e-3 /* files with single precision are some 1e-7 off */

typedef enum { MATRIX, DISTORTION, ROTATION, TRANSLATION, SIZE, WIDTH, HEIGHT, MODEL } meaning;

/* Names without case, underscores and dashes; any may be followed by 1, 2, left, right, l or r, or
 * follow left or right. Short ones are only known with such an ending where `sided`. */
static const struct {
    const char *name;
    meaning what;
    int sided; /* -1: never, 0: with or without, 1: always */
} names[] = {
    {"m", MATRIX, 1},
    {"k", MATRIX, 1},
    {"cm", MATRIX, 1},
    {"intrinsics", MATRIX, 1},
    {"cameramatrix", MATRIX, 0},
    {"d", DISTORTION, 1},
    {"dist", DISTORTION, 1},
    {"distortion", DISTORTION, 1},
    {"distcoeff", DISTORTION, 0},
    {"distcoeffs", DISTORTION, 0},
    {"distortioncoeffs", DISTORTION, 0},
    {"distortioncoefficients", DISTORTION, 0},
    {"r", ROTATION, -1},
    {"rotation", ROTATION, -1},
    {"rotationmatrix", ROTATION, -1},
    {"t", TRANSLATION, -1},
    {"translation", TRANSLATION, -1},
    {"translationvector", TRANSLATION, -1},
    {"size", SIZE, 0},
    {"imagesize", SIZE, 0},
    {"width", WIDTH, 0},
    {"imagewidth", WIDTH, 0},
    {"height", HEIGHT, 0},
    {"imageheight", HEIGHT, 0},
    {"fisheyemodel", MODEL, -1},
    {"distortionmodel", MODEL, 0},
    {"cameramodel", MODEL, 0},
};

typedef struct {
    const char *file;
    cf_opencv_stereo *io;
    int unnumbered; /* which camera a matrix without a number is of */
    int alone;      /* there was such a matrix: a size without a number is that camera's too */
    int size[2];    /* width and height without a number; 0: not told */
} reader;

static int strip(const char *key, char out[64]) {
    int length = 0;
    for (; *key && length < 63; key++)
        if (isalnum((unsigned char)*key))
            out[length++] = (char)tolower((unsigned char)*key);
    out[length] = '\0';
    return !*key;
}

/* Takes a camera's mark off either end; 0 or 1, or -1 where there is none. */
static int take_side(char *key) {
    static const char *const marks[2][3] = {{"1", "left", "l"}, {"2", "right", "r"}};
    size_t length = strlen(key);
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < 3; i++) {
            size_t mark = strlen(marks[side][i]);
            if (length <= mark)
                continue;
            if (!strcmp(key + length - mark, marks[side][i])) {
                key[length - mark] = '\0';
                return side;
            }
            if (mark > 1 && !strncmp(key, marks[side][i], mark)) {
                memmove(key, key + mark, length - mark + 1);
                return side;
            }
        }
    }
    return -1;
}

static int look_up(const char *key, int sided, meaning *what) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(key, names[i].name) != 0 || names[i].sided * (sided ? 1 : -1) < 0)
            continue;
        *what = names[i].what;
        return 1;
    }
    return 0;
}

/* What a key means and of which camera (-1: not told); 0: nothing that is of interest. */
static int understand(const char *key, meaning *what, int *camera) {
    char name[64];
    *camera = -1;
    if (!strip(key, name))
        return 0;
    if (look_up(name, 0, what))
        return 1;
    *camera = take_side(name);
    return *camera >= 0 && look_up(name, 1, what);
}

static cf_status need(const reader *r, const cf_opencv_value *v, int count) {
    if (v->count == count)
        return CF_OK;
    return cf_fail(CF_ERR_FORMAT, "%s: key '%s' has %d numbers, needs %d", r->file, v->key,
                   v->count, count);
}

/* Stores what was not told yet, or was told alike. */
static cf_status keep(const reader *r, const cf_opencv_value *v, double *to, int count, int *has) {
    if (*has && memcmp(to, v->number, (size_t)count * sizeof *to) != 0)
        return cf_fail(CF_ERR_FORMAT,
                       "%s: key '%s' tells again, and otherwise, what was told before", r->file,
                       v->key);
    memcpy(to, v->number, (size_t)count * sizeof *to);
    *has = 1;
    return CF_OK;
}

static cf_status take_matrix(const reader *r, const cf_opencv_value *v, cf_opencv_camera *c) {
    const double *m = v->number;
    CF_TRY(need(r, v, 9));
    if (!(m[0] > 0 && m[4] > 0))
        return cf_fail(CF_ERR_FORMAT, "%s: key '%s': the focal lengths %g, %g are not positive",
                       r->file, v->key, m[0], m[4]);
    if (fabs(m[1]) > 1e-6 * m[0] || fabs(m[3]) > 1e-6 * m[4] || m[6] != 0 || m[7] != 0 ||
        fabs(m[8] - 1) > 1e-9)
        return cf_fail(CF_ERR_FORMAT,
                       "%s: key '%s' is no camera matrix fx 0 cx, 0 fy cy, 0 0 1 without skew",
                       r->file, v->key);
    return keep(r, v, c->matrix, 9, &c->has_matrix);
}

static cf_status take_distortion(const reader *r, cf_opencv_value *v, cf_opencv_camera *c) {
    int count = v->count;
    if (count != 0 && count != 4 && count != 5 && count != 8 && count != 12 && count != 14)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: key '%s' has %d distortion coefficients; OpenCV's models have 4, 5, 8, "
                       "12 or 14",
                       r->file, v->key, count);
    if (count == 14 && (v->number[12] != 0 || v->number[13] != 0))
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: key '%s': the model of a tilted sensor (14 coefficients) is not known "
                       "here: calibrate without CALIB_TILTED_MODEL",
                       r->file, v->key);
    if (count >= 12) { /* stereoCalibrate writes 14 whatever was fitted */
        count = 5;
        for (int i = 5; i < 12; i++)
            if (v->number[i] != 0)
                count = i < 8 ? 8 : 12;
    }
    CF_TRY(keep(r, v, c->distortion, CF_OPENCV_DISTORTION, &c->has_distortion));
    c->distortion_count = count;
    return CF_OK;
}

/* How far the rows are from being a rotation's. */
static double off_rotation(const double m[9]) {
    double off = fabs(m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
                      m[2] * (m[3] * m[7] - m[4] * m[6]) - 1);
    for (int a = 0; a < 3; a++)
        for (int b = a; b < 3; b++)
            off = fmax(off, fabs(m[3 * a] * m[3 * b] + m[3 * a + 1] * m[3 * b + 1] +
                                 m[3 * a + 2] * m[3 * b + 2] - (a == b)));
    return off;
}

static cf_status take_rotation(const reader *r, cf_opencv_value *v) {
    if (v->count == 3) {
        const double vector[3] = {v->number[0], v->number[1], v->number[2]};
        if (fabs(vector[0]) + fabs(vector[1]) + fabs(vector[2]) > 100)
            return cf_fail(CF_ERR_FORMAT, "%s: key '%s' is no rotation vector (radians)", r->file,
                           v->key);
        cf_rotation_from_vector(vector, v->number);
        v->count = 9;
    }
    CF_TRY(need(r, v, 9));
    if (!(off_rotation(v->number) <= ROTATION_TOLERANCE))
        return cf_fail(CF_ERR_FORMAT, "%s: key '%s' is no rotation matrix", r->file, v->key);
    return keep(r, v, r->io->rotation, 9, &r->io->has_rotation);
}

static cf_status take_translation(const reader *r, const cf_opencv_value *v) {
    CF_TRY(need(r, v, 3));
    if (v->number[0] == 0 && v->number[1] == 0 && v->number[2] == 0)
        return cf_fail(CF_ERR_FORMAT, "%s: key '%s' is zero: two cameras are not in one place",
                       r->file, v->key);
    return keep(r, v, r->io->translation, 3, &r->io->has_translation);
}

static cf_status keep_length(const reader *r, const char *key, double length, int *to) {
    if (!(length >= 1 && length <= CF_IMAGE_MAX_SIDE) || length != floor(length))
        return cf_fail(CF_ERR_FORMAT, "%s: key '%s': %g is no number of pixels", r->file, key,
                       length);
    if (*to && *to != (int)length)
        return cf_fail(CF_ERR_FORMAT,
                       "%s: key '%s' tells again, and otherwise, what was told before", r->file,
                       key);
    *to = (int)length;
    return CF_OK;
}

/* A width (axis 0) or height: of one camera, or of those that finish_sizes finds. */
static cf_status take_length(reader *r, const cf_opencv_value *v, double length, int camera,
                             int axis) {
    if (camera < 0)
        return keep_length(r, v->key, length, &r->size[axis]);
    cf_opencv_camera *c = &r->io->camera[camera];
    return keep_length(r, v->key, length, axis ? &c->height : &c->width);
}

/* Sizes without a number are of both cameras, but in a file of one camera of that one. */
static cf_status finish_sizes(const reader *r) {
    for (int i = 0; i < 2; i++) {
        cf_opencv_camera *c = &r->io->camera[i];
        if (r->alone && i != r->unnumbered)
            continue;
        if (r->size[0])
            CF_TRY(keep_length(r, "image width", r->size[0], &c->width));
        if (r->size[1])
            CF_TRY(keep_length(r, "image height", r->size[1], &c->height));
    }
    return CF_OK;
}

static cf_status take_model(const reader *r, const cf_opencv_value *v) {
    char name[64];
    (void)strip(v->text, name);
    if ((v->count == 1 && v->number[0] != 0) || strstr(name, "fisheye") || strstr(name, "equi") ||
        strstr(name, "omni"))
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: key '%s': fisheye models are not known here: calibrate with "
                       "stereoCalibrate's pinhole models",
                       r->file, v->key);
    return CF_OK;
}

static cf_status take(void *target, cf_opencv_value *v) {
    reader *r = target;
    meaning what;
    int camera;
    if (!understand(v->key, &what, &camera))
        return CF_OK;
    if (what == MODEL)
        return take_model(r, v);
    if (v->count < 0)
        return cf_fail(CF_ERR_FORMAT, "%s: key '%s' %s", r->file, v->key, v->wrong);
    if ((what == MATRIX || what == DISTORTION) && camera < 0) {
        camera = r->unnumbered;
        r->alone = 1;
    }
    switch (what) {
    case MATRIX: return take_matrix(r, v, &r->io->camera[camera]);
    case DISTORTION: return take_distortion(r, v, &r->io->camera[camera]);
    case ROTATION: return take_rotation(r, v);
    case TRANSLATION: return take_translation(r, v);
    case WIDTH:
    case HEIGHT:
        CF_TRY(need(r, v, 1));
        return take_length(r, v, v->number[0], camera, what == HEIGHT);
    default:
        CF_TRY(need(r, v, 2));
        CF_TRY(take_length(r, v, v->number[0], camera, 0));
        return take_length(r, v, v->number[1], camera, 1);
    }
}

cf_status cf_opencv_stereo_parse(const char *name, const char *text, size_t size,
                                 cf_opencv_stereo *io) {
    reader r = {.file = name, .io = io, .unnumbered = io->camera[0].has_matrix};
    CF_TRY(cf_opencv_yaml_read(name, text, size, take, &r));
    return finish_sizes(&r);
}

cf_status cf_opencv_stereo_read(const char *path, cf_opencv_stereo *io) {
    char *text;
    size_t size;
    CF_TRY(cf_file_read(path, MAX_FILE, &text, &size));
    cf_status status = cf_opencv_stereo_parse(path, text, size, io);
    cf_free(text);
    return status;
}
