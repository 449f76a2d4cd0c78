/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capture/: finding the camera that a name means, and saying why there is none. */
#ifndef CHROMAFUSE_CAPTURE_LIBCAMERA_PICK_H
#define CHROMAFUSE_CAPTURE_LIBCAMERA_PICK_H

#include "capture/libcamera_modes.h"

#define CF_LIBCAMERA_CAMERAS 32 /* more are not looked at */

/*
 * The camera that `wanted` names: its id, its number from 1 as `cam -l` counts, or a part that only
 * its id has. CF_ERR_DEVICE: none or several; the line lists what there is, or says which group may
 * open the cameras. CF_ERR_UNSUPPORTED: built without libcamera. uri: how the user calls it.
 */
cf_status cf_libcamera_pick(const char *uri, const char *wanted, cf_libcamera_about *out);

/* Logs what the bridge's negative errno means for `doing` ("start") and returns a status. */
cf_status cf_libcamera_fail(const char *uri, const char *doing, int status);

/* Logs that no mode meets the wishes, and which modes there are; CF_ERR_UNSUPPORTED. */
cf_status cf_libcamera_fail_on_mode(const char *uri, const cf_libcamera_about *about,
                                    const cf_source_params *params);

#endif
