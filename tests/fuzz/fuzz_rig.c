/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as a rig file, then applied to a profile. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "calib/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_rig *rig;
    if (cf_rig_parse("fuzz.yaml", (const char *)data, size, &rig) != CF_OK)
        return 0;
    cf_camera_profile profile;
    cf_camera_profile_init(&profile);
    profile.width = profile.height = 64;
    for (int role = CF_RIG_MONO; role <= CF_RIG_COLOR; role++) {
        cf_rig_camera *c = role == CF_RIG_MONO ? &rig->mono : &rig->color;
        cf_free(c->defects); /* no files of the machine's choosing */
        cf_free(c->shading);
        c->defects = c->shading = NULL;
        profile.is_color = role == CF_RIG_COLOR;
        (void)cf_rig_apply(rig, (cf_rig_role)role, 2, &profile);
    }
    cf_camera_profile_clear(&profile);
    cf_rig_destroy(&rig);
    return 0;
}
