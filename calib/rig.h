/* SPDX-License-Identifier: Apache-2.0 */
/* rig.yaml: the index of what is known about a pair of cameras. */
#ifndef CHROMAFUSE_CALIB_RIG_H
#define CHROMAFUSE_CALIB_RIG_H

#include <stddef.h>

#include "base/status.h"
#include "calib/profile.h"

/* One measured point of the noise model; gain is the sensor's gain as a factor. */
typedef struct {
    double gain, scale, offset;
} cf_rig_noise;

/* One camera's part. What the file leaves out is NULL or count 0. */
typedef struct {
    char *model;   /* path of the *.cameramodel; always given but in a draft */
    char *shading; /* path of a shading table; see cf_rig_apply */
    char *defects; /* path of a defect list */
    cf_rig_noise *noise;
    int noise_count;
    double black[4];    /* codes, CFA order */
    int black_count;    /* 0, 1 or 4 */
    double spectral[3]; /* mono: response on white-balanced linear Rec.709, sum 1 */
    int has_spectral;
    double gain;   /* mono: scales mono to the colour exposure; 1 by default */
    double ccm[9]; /* color: row-major, white-balanced camera RGB -> Rec.709; rows sum to 1 */
    int has_ccm;
} cf_rig_camera;

/* A rig file's content; paths are resolved against its folder. Freed by cf_rig_destroy. */
typedef struct {
    char *path;
    cf_rig_camera mono, color;
    double offset_us, jitter_us; /* sync: colour minus mono; 0 by default */
    double depth_min_m;          /* nearest object; 0 unknown */
} cf_rig;

typedef enum { CF_RIG_MONO, CF_RIG_COLOR } cf_rig_role;

/*
 * Reads rig.yaml (at most 1 MB; no YAML anchors). Unknown keys are logged as warnings. CF_ERR_IO
 * when it cannot be read, CF_ERR_FORMAT for broken YAML, a missing key (version, mono.model,
 * color.model), a key of the wrong type or an unknown version, CF_ERR_INVALID for a value out of
 * range. The one log line names the file and the key.
 */
cf_status cf_rig_load(const char *path, cf_rig **out);

/* The same from size bytes of text; path stands for the file in messages and for its folder. */
cf_status cf_rig_parse(const char *path, const char *text, size_t size, cf_rig **out);

/* The same of a rig that is still being calibrated: the models may be missing (NULL). */
cf_status cf_rig_parse_draft(const char *path, const char *text, size_t size, cf_rig **out);

void cf_rig_destroy(cf_rig **rig);

/*
 * Overrides, in a profile that came with a raw picture, what the rig says about that camera: black
 * levels, spectral weights, mono gain, colour matrix, the noise model of the entry nearest to
 * `gain` (in ratio; 0 unknown: the entry of the lowest gain), defects and shading from their files.
 * A mono gain other than 1 is the picture's own, for its exposure was its own, and stays.
 *
 * Defect file: text, one `x y` per line, pixels of the raw picture from the top left, `#` starts a
 * comment. Shading file: text, `COLUMNS ROWS PLANES` (2..256, 2..256, 1 or 4), then that many gains
 * (0.01 to 100), row by row, plane after plane in the order of the mosaic's sites; the grid spans
 * the picture from corner to corner; `#` starts a comment.
 *
 * CF_ERR_INVALID or CF_ERR_FORMAT names file and key when a value does not fit the picture (a black
 * level not below white, a defect outside); the profile may then be partly changed.
 */
cf_status cf_rig_apply(const cf_rig *rig, cf_rig_role role, double gain,
                       cf_camera_profile *profile);

#endif
