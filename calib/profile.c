/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults and lifetime of camera profiles. */
#include "calib/profile.h"

#include "base/alloc.h"

void cf_camera_profile_init(cf_camera_profile *profile) {
    *profile = (cf_camera_profile){
        .cfa = {CF_CFA_R, CF_CFA_G, CF_CFA_G, CF_CFA_B},
        .white = 65535,
        .neutral = {1, 1, 1},
        .ccm = {1, 0, 0, 0, 1, 0, 0, 0, 1},
        .spectral = {0.2126F, 0.7152F, 0.0722F},
        .gain = 1,
    };
}

void cf_camera_profile_clear(cf_camera_profile *profile) {
    cf_free(profile->defects);
    cf_free(profile->shading.gains);
    cf_camera_profile_init(profile);
}
