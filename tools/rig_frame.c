/* SPDX-License-Identifier: Apache-2.0 */
/* Raw pictures under a rig's values. */
#include "tools/rig_frame.h"

#include <string.h>

#include "base/log.h"
#include "capture/raw.h"

static cf_status check_kind(const char *path, cf_rig_role role, const cf_frame *frame) {
    int wants_color = role == CF_RIG_COLOR;
    if (!frame->profile.is_color == !wants_color)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID,
                   "%s: a raw picture of a %s camera, given as --%s; exchange them?", path,
                   wants_color ? "mono" : "colour", wants_color ? "color" : "mono");
}

cf_status cf_rig_frame_read(const char *path, const cf_rig *rig, cf_rig_role role, int with_shading,
                            cf_frame **out) {
    CF_TRY(cf_raw_read(path, out));
    cf_rig only = *rig; /* a shallow copy without what is not wanted */
    cf_rig_camera *c = role == CF_RIG_COLOR ? &only.color : &only.mono;
    c->has_ccm = c->has_spectral = 0;
    c->gain = 1;
    if (!with_shading)
        c->shading = NULL;
    cf_status status = check_kind(path, role, *out);
    if (status == CF_OK)
        status = cf_rig_apply(&only, role, (*out)->gain, &(*out)->profile);
    if (status != CF_OK)
        cf_frame_unref(out);
    return status;
}
