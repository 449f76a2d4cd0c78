/* SPDX-License-Identifier: Apache-2.0 */
/* rig.yaml as libcyaml reads it; private to calib/rig*.c. */
#ifndef CHROMAFUSE_CALIB_RIG_SCHEMA_H
#define CHROMAFUSE_CALIB_RIG_SCHEMA_H

#include <cyaml/cyaml.h>

#include "base/status.h"
#include "calib/rig.h"

/* Pointers are NULL where the key is absent. */
typedef struct {
    char *model, *shading, *defects;
    double *spectral, *ccm, *gain;
    cf_rig_noise *noise;
    unsigned noise_count;
    double *black;
    unsigned black_count;
} cf_rig_yaml_camera;

typedef struct {
    double *offset_us, *jitter_us;
} cf_rig_yaml_sync;

typedef struct {
    double *depth_min_m;
} cf_rig_yaml_scene;

typedef struct {
    int *version;
    cf_rig_yaml_camera *mono, *color;
    cf_rig_yaml_sync *sync;
    cf_rig_yaml_scene *scene;
} cf_rig_yaml;

/* CF_ERR_FORMAT, one line naming path and key, when the text is not YAML of this shape. */
cf_status cf_rig_yaml_read(const char *path, const char *text, size_t size, cf_rig_yaml **out);
void cf_rig_yaml_free(cf_rig_yaml *yaml);

#endif
