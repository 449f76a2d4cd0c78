/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at every video node of the machine. */
#include "capture/v4l2_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "capture/v4l2_offers.h"

#define MAX_NODES 256 /* the kernel's own limit of minor numbers */

/* N of "videoN", -1 for another name. */
static int node_number(const char *name) {
    size_t digits = strncmp(name, "video", 5) ? 0 : strspn(name + 5, "0123456789");
    return digits && digits < 4 && !name[5 + digits] ? (int)strtol(name + 5, NULL, 10) : -1;
}

/* Marks which nodes there are. */
static void scan(const char *folder, unsigned char there[MAX_NODES]) {
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        int n = node_number(entry->d_name);
        if (n >= 0 && n < MAX_NODES)
            there[n] = 1;
    }
    closedir(dir);
}

/* Giving back buffers that we do not have is harmless, and refused while another has some. */
static int is_busy(const cf_v4l2_node *node) {
    struct v4l2_requestbuffers none = {.type = node->type, .memory = V4L2_MEMORY_MMAP};
    return cf_v4l2_node_ioctl(node, VIDIOC_REQBUFS, &none) == EBUSY;
}

static void describe(const cf_v4l2_node *node, cf_v4l2_offers *offers, cf_source_listing *out) {
    snprintf(out->name, sizeof out->name, "%s (%s)", node->card, node->bus);
    snprintf(out->driver, sizeof out->driver, "%s", node->driver);
    cf_v4l2_offers_read(node, offers);
    for (int i = 0; i < offers->count; i++) {
        out->has_mono |= !offers->offers[i].format->is_color;
        out->has_color |= offers->offers[i].format->is_color;
    }
    cf_v4l2_offers_text(offers, CF_CAMERA_ANY, out->formats, sizeof out->formats);
    if (!offers->count)
        snprintf(out->trouble, sizeof out->trouble, "offers no raw format");
    else if (is_busy(node))
        cf_v4l2_explain(node->path, EBUSY, out->trouble);
}

/* 1 when the node is, or may be, a camera. */
static int look(const char *path, cf_v4l2_offers *offers, cf_source_listing *out) {
    cf_v4l2_node node;
    cf_v4l2_reason reason;
    cf_status status = cf_v4l2_node_open(path, 0, &node, reason);
    if (status == CF_ERR_UNSUPPORTED)
        return 0;
    memset(out, 0, sizeof *out);
    snprintf(out->uri, sizeof out->uri, "v4l2:%s", path);
    if (status != CF_OK) {
        snprintf(out->name, sizeof out->name, "%.127s", path);
        snprintf(out->trouble, sizeof out->trouble, "%s", reason);
        return 1;
    }
    describe(&node, offers, out);
    cf_v4l2_node_close(&node);
    return 1;
}

size_t cf_v4l2_list(cf_source_listing *out, size_t max) {
    unsigned char there[MAX_NODES] = {0};
    const char *folder = cf_v4l2_io_get()->folder;
    char path[256];
    size_t count = 0;
    cf_source_listing unseen;
    cf_v4l2_offers *offers = cf_alloc(1, sizeof *offers);
    if (!offers)
        return 0;
    scan(folder, there);
    for (int n = 0; n < MAX_NODES; n++)
        if (there[n] && snprintf(path, sizeof path, "%s/video%d", folder, n) < (int)sizeof path)
            count += (size_t)look(path, offers, count < max ? &out[count] : &unseen);
    cf_free(offers);
    return count;
}
