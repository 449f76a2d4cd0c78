/* SPDX-License-Identifier: Apache-2.0 */
/* Private to `chromafuse simulate --target`: what was asked for, the rig, and one picture. */
#ifndef CHROMAFUSE_TOOLS_SIMULATE_TARGET_H
#define CHROMAFUSE_TOOLS_SIMULATE_TARGET_H

#include "base/random.h"
#include "capture/sensor.h"
#include "capture/target.h"

#define CF_TARGET_GAINS 8

typedef enum { CF_SHOOT_BOARD = 0, CF_SHOOT_CHART, CF_SHOOT_FLAT } cf_shoot;

typedef struct {
    const char *rig, *out;
    cf_shoot what;
    int as_json, png, no_profile;
    int width, height; /* of the mono picture; 0: not given */
    int columns, rows; /* of a board */
    double pitch_m, warp_m, ratio, baseline_m;
    long poses, one_sided, levels, frames, darks, seed;
    int posed; /* the pose is given: */
    double rotation_deg[3], fill, shift[2];
    double light, light_slope[2], mono_exposure, brightest;
    double tilt_deg; /* largest tilt of random poses */
    double electrons, mono_electrons /* 0: the same */, full_well, read_electrons, black, prnu,
        dsnu, defects;
    double gains[CF_TARGET_GAINS];
    int gain_count;
    long bits;
    cf_target_optics optics;
    double neutral[3], ccm[9], spectral[3];
    int has_ccm, has_spectral;
} cf_target_request;

/* One camera of the rig: 0 mono, 1 colour. */
typedef struct {
    const char *name;
    cf_camera_model *model;
    cf_target_view *view;
    int width, height;
    float weights[4][3]; /* linear Rec.709 -> signal, per site */
} cf_target_camera;

typedef struct {
    cf_target_camera camera[2];
} cf_target_rig;

/* Fills the request from the command line; as cf_cli_parse returns, after its message. */
cf_status cf_target_request_parse(int argc, char **argv, cf_target_request *r);

/* Makes or reads the rig, and completes the request's colours from it. */
cf_status cf_target_rig_open(cf_target_request *r, cf_target_rig *rig);
void cf_target_rig_close(cf_target_rig *rig);

/* The sensor of camera `which` at a gain setting. */
cf_sensor cf_target_sensor(const cf_target_request *r, int which, double gain);

/* Which camera sees the whole card: bit 0 mono, bit 1 colour. */
int cf_target_seen_by(const cf_target_rig *rig, const cf_target *card);

/* The pose of picture `index`; CF_ERR_INVALID when no fitting one is found. */
cf_status cf_target_pose(const cf_target_request *r, const cf_target_rig *rig, cf_random *random,
                         long index, cf_target *card);

/* One exposure of an even field or a rendered picture to files in the folder. */
typedef struct {
    const cf_image *rgb; /* linear */
    int which;
    double scale; /* of the light */
    double gain;
    int64_t exposure_ns;
    uint64_t seed;
    const char *stem; /* "mono_000": gets .dng, and .png where pictures are asked for */
} cf_target_shot;
cf_status cf_target_shoot(const cf_target_request *r, const cf_target_rig *rig,
                          const cf_target_shot *shot);

/* truth/: camera models, rig.yaml, defect lists; before the pictures. */
cf_status cf_target_write_rig(const cf_target_request *r, const cf_target_rig *rig);

/* Places of all pictures' points: cards[i] for picture i. */
cf_status cf_target_write_truth(const cf_target_request *r, const cf_target_rig *rig,
                                const cf_target *cards, size_t count);

/* The command: argv as for `chromafuse simulate`, with --target somewhere in it. */
int cf_simulate_target(int argc, char **argv);

#endif
