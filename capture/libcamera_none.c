/* SPDX-License-Identifier: Apache-2.0 */
/* Stands for libcamera in a program that was built without it. */
#include <errno.h>

#include "capture/libcamera_bridge.h"

int cf_libcamera_list(cf_libcamera_about *out, int max) {
    (void)out;
    (void)max;
    return -ENOSYS;
}

int cf_libcamera_open(const char *id, cf_libcamera **out) {
    (void)id;
    *out = NULL;
    return -ENOSYS;
}

void cf_libcamera_close(cf_libcamera **camera) {
    *camera = NULL;
}

int cf_libcamera_configure(cf_libcamera *camera, const cf_libcamera_mode *wish,
                           cf_libcamera_setup *out) {
    (void)camera;
    (void)wish;
    (void)out;
    return -ENOSYS;
}

int cf_libcamera_start(cf_libcamera *camera, const cf_libcamera_controls *controls) {
    (void)camera;
    (void)controls;
    return -ENOSYS;
}

int cf_libcamera_next(cf_libcamera *camera, int timeout_ms, cf_libcamera_frame *out) {
    (void)camera;
    (void)timeout_ms;
    (void)out;
    return -ENOSYS;
}

int cf_libcamera_release(cf_libcamera *camera, uint64_t token) {
    (void)camera;
    (void)token;
    return -ENOSYS;
}

int cf_libcamera_set(cf_libcamera *camera, const cf_libcamera_controls *controls) {
    (void)camera;
    (void)controls;
    return -ENOSYS;
}
