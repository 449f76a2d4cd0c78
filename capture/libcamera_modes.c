/* SPDX-License-Identifier: Apache-2.0 */
/* Names of formats taken apart, and modes compared. */
#include "capture/libcamera_modes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { R = CF_CFA_R, G = CF_CFA_G, B = CF_CFA_B };

static const struct {
    const char *prefix;
    int is_color;
    unsigned char cfa[4];
} mosaics[] = {
    {"SRGGB", 1, {R, G, G, B}}, {"SGRBG", 1, {G, R, B, G}}, {"SGBRG", 1, {G, B, R, G}},
    {"SBGGR", 1, {B, G, G, R}}, {"R", 0, {R, G, G, B}}, /* mono: as a fresh profile has it */
};

static const struct {
    const char *suffix;
    cf_raw_format layout;
} layouts[] = {
    {"8", CF_RAW_8},   {"10", CF_RAW_10},        {"12", CF_RAW_12},        {"14", CF_RAW_14},
    {"16", CF_RAW_16}, {"10_CSI2P", CF_RAW_10P}, {"12_CSI2P", CF_RAW_12P}, {"14_CSI2P", CF_RAW_14P},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

int cf_libcamera_format_find(const char *name, cf_libcamera_format *out) {
    for (size_t m = 0; m < COUNT(mosaics); m++) {
        size_t length = strlen(mosaics[m].prefix);
        if (strncmp(name, mosaics[m].prefix, length) != 0)
            continue;
        for (size_t i = 0; i < COUNT(layouts); i++)
            if (!strcmp(name + length, layouts[i].suffix)) {
                out->is_color = mosaics[m].is_color;
                memcpy(out->cfa, mosaics[m].cfa, sizeof out->cfa);
                out->layout = layouts[i].layout;
                return 1;
            }
    }
    return 0;
}

static int is_wished(const cf_libcamera_mode *mode, const cf_libcamera_format *format,
                     const cf_source_params *params) {
    if (params->kind && format->is_color != (params->kind == CF_CAMERA_COLOR))
        return 0;
    if (params->format && strcasecmp(params->format, mode->format) != 0)
        return 0;
    return !params->width || (params->width == mode->width && params->height == mode->height);
}

const cf_libcamera_mode *cf_libcamera_mode_choose(const cf_libcamera_about *about,
                                                  const cf_source_params *params) {
    const cf_libcamera_mode *best = NULL;
    int64_t best_worth = 0;
    for (int i = 0; i < about->mode_count; i++) {
        const cf_libcamera_mode *mode = &about->modes[i];
        cf_libcamera_format format;
        if (!cf_libcamera_format_find(mode->format, &format) ||
            !cf_image_size_ok(mode->width, mode->height) || !is_wished(mode, &format, params))
            continue;
        int64_t worth = (int64_t)mode->width * mode->height * 32 + cf_raw_bits(format.layout);
        if (worth > best_worth) {
            best = mode;
            best_worth = worth;
        }
    }
    return best;
}

void cf_libcamera_modes_text(const cf_libcamera_about *about, int is_raw_only, char *out,
                             size_t size) {
    const char *last = "";
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; i < about->mode_count; i++) {
        const cf_libcamera_mode *mode = &about->modes[i];
        cf_libcamera_format format;
        char text[96];
        if (is_raw_only && !cf_libcamera_format_find(mode->format, &format))
            continue;
        int is_new = strcmp(last, mode->format) != 0;
        int n = snprintf(text, sizeof text, "%s%s%s%dx%d",
                         !is_new ? ","
                         : used  ? "; "
                                 : "",
                         is_new ? mode->format : "", is_new ? " " : "", mode->width, mode->height);
        last = mode->format;
        if (used + (size_t)n + sizeof "..." > size) {
            snprintf(out + used, size - used, "...");
            return;
        }
        memcpy(out + used, text, (size_t)n + 1);
        used += (size_t)n;
    }
}

int64_t cf_libcamera_monotonic(int64_t t_ns, int64_t now_ns, int64_t slept_ns) {
    return t_ns > now_ns ? t_ns - slept_ns : t_ns;
}
