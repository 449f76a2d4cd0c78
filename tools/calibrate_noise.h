/* SPDX-License-Identifier: Apache-2.0 */
/* Private to tools/calibrate_noise*.c. */
#ifndef CHROMAFUSE_TOOLS_CALIBRATE_NOISE_H
#define CHROMAFUSE_TOOLS_CALIBRATE_NOISE_H

#include "calib/defect_find.h"
#include "calib/photon_transfer.h"
#include "calib/rig.h"
#include "capture/frame.h"
#include "tools/input_list.h"
#include "tools/json.h"

#define CF_NOISE_GAINS 32
#define CF_NOISE_NOTES 64

/* The command line. */
typedef struct {
    cf_input_list mono, color, dark;
    const char *out, *report;
    int json, from_pictures;
    double gain;  /* of all frames; 0: as the files say */
    double white; /* 0: as the files say */
    double black; /* negative: as the files say */
} cf_noise_request;

/* One frame, as seen at a glance. */
typedef struct {
    const char *path;
    int width, height, is_color, is_dark, has_black;
    double black[4], white, gain, exposure_s;
    cf_flat_glance glance;
    int level; /* within its gain; -1: without a partner */
} cf_noise_shot;

/* All frames of one camera at one gain. */
typedef struct {
    double gain;
    int first, count; /* of the camera's shots, sorted by level, then name */
    int levels, pairs, left_out;
    double clip;  /* smallest code that clips */
    int piles_up; /* 1: that was seen */
    cf_photon_result result;
    const char *verdict; /* "good", "usable", "shoot again" */
} cf_noise_group;

typedef struct {
    cf_rig_role role;
    const char *name;     /* "mono" or "color" */
    cf_noise_shot *shots; /* owned */
    int count, group_count;
    cf_noise_group *groups; /* owned: CF_NOISE_GAINS */
    cf_defects defects;
    int has_defects;
    char notes[CF_NOISE_NOTES][400]; /* what to know and what to do: whole sentences */
    int note_count;
    /* --from-pictures */
    int pictures;
} cf_noise_camera;

void cf_noise_note(cf_noise_camera *camera, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads one frame: a raw, or a grey PNG or TIFF of codes. */
cf_status cf_noise_read(const cf_noise_request *r, const char *path, cf_frame **out);

/* Looks at all frames of one camera and sorts them by gain and light. */
cf_status cf_noise_gather(const cf_noise_request *r, const cf_input_list *lit,
                          cf_noise_camera *camera);
void cf_noise_camera_clear(cf_noise_camera *camera);

/* Measures every gain of a camera, and its broken pixels. */
cf_status cf_noise_measure(const cf_noise_request *r, cf_noise_camera *camera);

/* Sets each gain's verdict and adds notes. */
void cf_noise_judge(cf_noise_camera *camera);

/* "good", "usable" or "shoot again": the worst of a camera's gains. */
const char *cf_noise_verdict(const cf_noise_camera *camera);

void cf_noise_print(const cf_noise_camera *camera);
/* Keys of a camera into an open object. */
void cf_noise_write_json(const cf_noise_camera *camera, cf_json *json);
void cf_noise_write_svg(const cf_noise_camera *camera, FILE *to);
void cf_noise_write_defects(const cf_noise_camera *camera, FILE *to);

/* The whole of --from-pictures. */
cf_status cf_noise_from_pictures(const cf_noise_request *r);

/* What a list of noise entries of a rig becomes when those of `fresh` replace the ones of equal
 * gain; YAML, cf_free it. NULL when memory is out. */
char *cf_noise_merge(const cf_rig_camera *old, const cf_rig_noise *fresh, int count);

#endif
