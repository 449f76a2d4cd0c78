/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the camera that a name means, and saying why there is none. */
#include "capture/libcamera_pick.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

#define MAX_MEDIA_NODES 32

/* Adds why libcamera may see nothing: a media node that may not be opened, and who may. */
static void permission_hint(char *out, size_t size) {
    out[0] = 0;
    for (int i = 0; i < MAX_MEDIA_NODES; i++) {
        char node[32], room[1024];
        struct stat st;
        struct group entry, *group = NULL;
        snprintf(node, sizeof node, "/dev/media%d", i);
        if (stat(node, &st) || !access(node, R_OK | W_OK))
            continue;
        getgrgid_r(st.st_gid, &entry, room, sizeof room, &group);
        snprintf(out, size, "; no permission for %s, which group '%s' has", node,
                 group ? group->gr_name : "video");
        return;
    }
}

static cf_status fail_without_cameras(const char *uri) {
    char hint[160];
    permission_hint(hint, sizeof hint);
    return cf_fail(CF_ERR_DEVICE, "%s: libcamera finds no camera%s", uri, hint);
}

cf_status cf_libcamera_fail(const char *uri, const char *doing, int status) {
    char hint[160];
    switch (-status) {
    case ENOSYS:
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: this program was built without libcamera: install libcamera-dev and "
                       "build again, or use v4l2:/dev/videoN",
                       uri);
    case ESTALE: /* not this camera's fault, and soon over: all cameras get to hear it */
        cf_log(CF_LOG_WARNING,
               "%s: another camera was unplugged: libcamera before 0.0.5 has to start anew", uri);
        return CF_ERR_DEVICE;
    case EBUSY:
        return cf_fail(CF_ERR_DEVICE, "%s: busy: another program, or this one, has it open", uri);
    case ENODEV: return cf_fail(CF_ERR_DEVICE, "%s: the camera is gone", uri);
    case EACCES:
    case EPERM:
        permission_hint(hint, sizeof hint);
        return cf_fail(CF_ERR_DEVICE, "%s: cannot %s: no permission%s", uri, doing, hint);
    case ENOMEM: return cf_fail(CF_ERR_MEMORY, "%s: cannot %s: out of memory", uri, doing);
    default: return cf_fail(CF_ERR_DEVICE, "%s: cannot %s: %s", uri, doing, strerror(-status));
    }
}

/* All cameras, to be freed; *count of them. */
static cf_status list_cameras(const char *uri, cf_libcamera_about **out, int *count) {
    *count = 0;
    *out = cf_alloc(CF_LIBCAMERA_CAMERAS, sizeof **out);
    if (!*out)
        return CF_ERR_MEMORY;
    int found = cf_libcamera_list(*out, CF_LIBCAMERA_CAMERAS);
    if (found > 0) {
        *count = found < CF_LIBCAMERA_CAMERAS ? found : CF_LIBCAMERA_CAMERAS;
        return CF_OK;
    }
    cf_free(*out);
    *out = NULL;
    if (found == -ENODEV) /* of libcamera itself, not of a camera: some device is half there */
        return cf_fail(CF_ERR_DEVICE, "%s: libcamera cannot list cameras: %s", uri,
                       strerror(ENODEV));
    return found ? cf_libcamera_fail(uri, "list cameras", found) : fail_without_cameras(uri);
}

static void ids_text(const cf_libcamera_about *cameras, int count, const char *part, char *out,
                     size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; i < count && used < size; i++)
        if (strstr(cameras[i].id, part))
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", cameras[i].id);
}

/* The camera that `wanted` names: its id, its number from 1, or a part that only its id has. */
static cf_status find_camera(const char *uri, const char *wanted, const cf_libcamera_about *cameras,
                             int count, const cf_libcamera_about **out) {
    char ids[700], *end;
    int fits = 0;
    *out = NULL;
    for (int i = 0; i < count; i++) {
        if (!strcmp(cameras[i].id, wanted)) {
            *out = &cameras[i];
            return CF_OK;
        }
        if (strstr(cameras[i].id, wanted)) {
            *out = &cameras[i];
            fits++;
        }
    }
    long number = strtol(wanted, &end, 10);
    if (*wanted && !*end && number >= 1 && number <= count) {
        *out = &cameras[number - 1];
        return CF_OK;
    }
    if (fits == 1)
        return CF_OK;
    ids_text(cameras, count, fits ? wanted : "", ids, sizeof ids);
    return fits ? cf_fail(CF_ERR_DEVICE, "%s: fits several cameras: %s", uri, ids)
                : cf_fail(CF_ERR_DEVICE, "%s: no such camera; there are: %s", uri, ids);
}

cf_status cf_libcamera_pick(const char *uri, const char *wanted, cf_libcamera_about *out) {
    cf_libcamera_about *cameras;
    const cf_libcamera_about *found;
    int count;
    CF_TRY(list_cameras(uri, &cameras, &count));
    cf_status status = find_camera(uri, wanted, cameras, count, &found);
    if (status == CF_OK)
        *out = *found;
    cf_free(cameras);
    return status;
}

cf_status cf_libcamera_fail_on_mode(const char *uri, const cf_libcamera_about *about,
                                    const cf_source_params *params) {
    char offers[700], size[32] = "";
    int has_raw = 0;
    if (params->width)
        snprintf(size, sizeof size, " of %dx%d", params->width, params->height);
    if (params->format && strstr(params->format, "_PISP_COMP"))
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: %s is compressed in a way of this platform's own: choose a 16-bit "
                       "format instead, as SRGGB16 or R16",
                       uri, params->format);
    cf_libcamera_modes_text(about, 1, offers, sizeof offers);
    has_raw = offers[0] != 0;
    if (!has_raw)
        cf_libcamera_modes_text(about, 0, offers, sizeof offers);
    const char *kind = params->kind == CF_CAMERA_MONO    ? "mono "
                       : params->kind == CF_CAMERA_COLOR ? "Bayer "
                                                         : "";
    return cf_fail(CF_ERR_UNSUPPORTED, "%s: has no %s%s%s%s; it offers %s%s", uri, kind,
                   params->format ? "format " : "raw format", params->format ? params->format : "",
                   size, has_raw ? "" : "nothing raw: ", offers[0] ? offers : "nothing");
}
