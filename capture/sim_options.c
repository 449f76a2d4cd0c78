/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the URI of a simulated camera. */
#include "capture/sim_options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/option.h"
#include "capture/simulator.h"

#define AT(field) offsetof(cf_sim_options, field)

static const cf_option table[] = {
    {"fps", CF_OPTION_FLOAT, AT(fps), 1, 1, 1000, "frames a second"},
    {"electrons", CF_OPTION_FLOAT, AT(electrons), 1, 0.1, 1e6,
     "photo-electrons at white in a green pixel"},
    {"sensitivity", CF_OPTION_FLOAT, AT(sensitivity), 1, 1, 10, "mono over colour"},
    {"read_noise", CF_OPTION_FLOAT, AT(read_noise), 1, 0, 1000, "electrons"},
    {"light", CF_OPTION_FLOAT, AT(light), 1, 0, 1e6, "1: as simulate has it"},
    {"kelvin", CF_OPTION_FLOAT, AT(kelvin), 1, 0, 20000, "colour of the light; 0: D65"},
    {"baseline", CF_OPTION_FLOAT, AT(baseline), 1, 1e-4, 0.5, "metres"},
    {"wb", CF_OPTION_FLOAT, AT(wb), 3, 0.05, 1, "camera RGB of a neutral"},
    {"flicker_hz", CF_OPTION_FLOAT, AT(flicker_hz), 1, 0, 1000, "mains; 0: steady light"},
    {"flicker_depth", CF_OPTION_FLOAT, AT(flicker_depth), 1, 0, 1, "share of the light"},
    {"skew_us", CF_OPTION_FLOAT, AT(skew_us), 1, -1e6, 1e6, "microseconds"},
    {"drift_ppm", CF_OPTION_FLOAT, AT(drift_ppm), 1, -1e4, 1e4, "parts per million"},
    {"jitter_us", CF_OPTION_FLOAT, AT(jitter_us), 1, 0, 1e5, "microseconds"},
    {"drop", CF_OPTION_FLOAT, AT(drop), 1, 0, 1, "share of the frames"},
    {"dup", CF_OPTION_FLOAT, AT(dup), 1, 0, 1, "share of the frames"},
    {"unplug_s", CF_OPTION_FLOAT, AT(unplug_s), 1, 0, 1e6, "seconds"},
    {"seed", CF_OPTION_INT, AT(seed), 1, 0, 0x7fffffff, "of noise and scene"},
    {"bits", CF_OPTION_INT, AT(bits), 1, 8, 16, "8, 10, 12, 14 or 16"},
    {"packed", CF_OPTION_INT, AT(packed), 1, 0, 1, "0 or 1"},
    {"motion", CF_OPTION_INT, AT(motion), 1, 0, 10, "pixels a frame, even"},
    {"fresh", CF_OPTION_INT, AT(fresh), 1, 0, 1, "0 or 1"},
    {"delay", CF_OPTION_INT, AT(delay), 1, 1, 8, "frames"},
    {"controls", CF_OPTION_INT, AT(controls), 1, 0, 1, "0 or 1"},
    {"sync", CF_OPTION_INT, AT(sync), 1, 0, 1, "0 or 1"},
    {"frames", CF_OPTION_INT, AT(frames), 1, 0, 0x7fffffff, "0: for ever"},
    {"unplug_at", CF_OPTION_INT, AT(unplug_at), 1, 0, 0x7fffffff, "frame"},
    {"stall_at", CF_OPTION_INT, AT(stall_at), 1, 0, 0x7fffffff, "frame"},
    CF_OPTION_END,
};

static cf_status take_size(const char *text, cf_sim_options *o) {
    char *x, *end = NULL;
    long width = strtol(text, &x, 10), height = 0;
    if (*x == 'x')
        height = strtol(x + 1, &end, 10);
    if (!end || *end || end == x + 1 || !cf_image_size_ok(width, height))
        return cf_fail(CF_ERR_INVALID, "sim: size needs WxH, got '%s'", text);
    o->width = (int)width;
    o->height = (int)height;
    return CF_OK;
}

/* "60:0.1,120:1": from frame 60 on a tenth of the light, from 120 on all of it. */
static cf_status take_steps(const char *text, cf_sim_options *o) {
    const char *at = text;
    for (o->step_count = 0; *at && o->step_count < CF_SIM_STEPS; o->step_count++) {
        cf_sim_step *step = &o->steps[o->step_count];
        char *end;
        errno = 0;
        step->frame = strtol(at, &end, 10);
        if (end == at || *end != ':' || step->frame < 0)
            break;
        at = end + 1;
        step->light = strtod(at, &end);
        if (end == at || !(step->light >= 0 && step->light <= 1e6) || errno ||
            (*end && (*end != ',' || !end[1])))
            break;
        at = *end ? end + 1 : end;
    }
    if (!*at && o->step_count)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID,
                   "sim: light_steps needs FRAME:LIGHT,... (%d at most, light 0..1e6), got '%s'",
                   CF_SIM_STEPS, text);
}

static cf_status take(const char *name, const char *value, cf_sim_options *o) {
    if (!strcmp(name, "size"))
        return take_size(value, o);
    if (!strcmp(name, "light_steps"))
        return take_steps(value, o);
    for (const cf_option *known = table; known->name; known++)
        if (!strcmp(known->name, name))
            return cf_options_parse("sim", table, o, name, value);
    char names[512] = "size, light_steps";
    for (const cf_option *known = table; known->name; known++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, ", %s", known->name);
    }
    return cf_fail(CF_ERR_INVALID, "sim: there is no option '%s'; there are %s", name, names);
}

static cf_status take_query(const char *query, cf_sim_options *o) {
    char copy[512], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", query);
    for (char *item = strtok_r(copy, "&", &rest); item; item = strtok_r(NULL, "&", &rest)) {
        char *value = strchr(item, '=');
        if (!value)
            return cf_fail(CF_ERR_INVALID, "sim: '%s' is no NAME=VALUE", item);
        *value = '\0';
        CF_TRY(take(item, value + 1, o));
    }
    return CF_OK;
}

static cf_status take_format(const char *format, cf_sim_options *o) {
    static const int bits[] = {8, 10, 12, 14, 16};
    char name[32];
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        for (o->packed = 0; o->packed < 2; o->packed++) {
            o->bits = bits[i];
            cf_sim_format_name(o, name);
            if (!strcmp(name, format) && (!o->packed || cf_sim_layout(o) != CF_RAW_16))
                return CF_OK;
        }
    return cf_fail(CF_ERR_UNSUPPORTED, "sim: no format '%s'; there are %s", format,
                   o->is_color ? "RGGB8, RGGB10, RGGB10P, RGGB12, RGGB12P, RGGB14, RGGB14P, RGGB16"
                               : "Y8, Y10, Y10P, Y12, Y12P, Y14, Y14P, Y16");
}

static cf_status take_wishes(const cf_source_params *p, cf_sim_options *o) {
    if (p->kind != CF_CAMERA_ANY && (p->kind == CF_CAMERA_COLOR) != o->is_color)
        return cf_fail(CF_ERR_UNSUPPORTED, "sim:%s is not a %s camera; sim:%s is",
                       o->is_color ? "color" : "mono", o->is_color ? "mono" : "colour",
                       o->is_color ? "mono" : "color");
    if (p->width)
        o->width = p->width;
    if (p->height)
        o->height = p->height;
    if (p->fps > 0)
        o->fps = (float)fmin(fmax(p->fps, 1), 1000);
    if (p->sync != CF_SYNC_NONE && !o->sync)
        return cf_fail(CF_ERR_UNSUPPORTED, "sim: offers no synchronisation without sync=1");
    return p->format && *p->format ? take_format(p->format, o) : CF_OK;
}

static cf_status check(const cf_sim_options *o) {
    if (o->width < 64 || o->height < 48 || o->width % 4 || o->height % 4 ||
        !cf_image_size_ok(o->width, o->height))
        return cf_fail(CF_ERR_INVALID,
                       "sim: cannot take pictures of %dx%d; sides must be multiples of 4, 64x48 at "
                       "least",
                       o->width, o->height);
    if (o->bits % 2)
        return cf_fail(CF_ERR_INVALID, "sim: bits can be 8, 10, 12, 14 or 16, not %d", o->bits);
    if (o->packed && (o->bits == 8 || o->bits == 16))
        return cf_fail(CF_ERR_INVALID, "sim: %d bits need no packing", o->bits);
    if (o->motion % 2)
        return cf_fail(CF_ERR_INVALID, "sim: motion must be even, not %d", o->motion);
    return CF_OK;
}

cf_status cf_sim_options_parse(const char *rest, const cf_source_params *params,
                               cf_sim_options *out) {
    const float wb[3] = CF_SIM_WB;
    *out = (cf_sim_options){.width = 960,
                            .height = 720,
                            .fps = 30,
                            .electrons = 200,
                            .sensitivity = (float)CF_SIM_MONO_GAIN,
                            .read_noise = (float)CF_SIM_READ_ELECTRONS,
                            .light = 1,
                            .baseline = 0.08F,
                            .flicker_depth = 0.5F,
                            .unplug_s = 1,
                            .seed = 1,
                            .bits = 14,
                            .motion = 2,
                            .fresh = -1,
                            .delay = 3,
                            .controls = 1,
                            .unplug_at = -1,
                            .stall_at = -1};
    memcpy(out->wb, wb, sizeof wb);
    size_t length = strcspn(rest, "?");
    if (length == 0 && params->kind != CF_CAMERA_ANY)
        out->is_color = params->kind == CF_CAMERA_COLOR;
    else if (length == 5 && !strncmp(rest, "color", 5))
        out->is_color = 1;
    else if (length != 4 || strncmp(rest, "mono", 4) != 0)
        return cf_fail(CF_ERR_INVALID, "sim:%.*s: no such camera; there are sim:mono and sim:color",
                       (int)length, rest);
    if (rest[length])
        CF_TRY(take_query(rest + length + 1, out));
    CF_TRY(take_wishes(params, out));
    CF_TRY(check(out));
    if (out->fresh < 0)
        out->fresh = (long)out->width * out->height <= 640L * 480;
    return CF_OK;
}

cf_raw_format cf_sim_layout(const cf_sim_options *o) {
    switch (o->bits) {
    case 8: return CF_RAW_8;
    case 10: return o->packed ? CF_RAW_10P : CF_RAW_10;
    case 12: return o->packed ? CF_RAW_12P : CF_RAW_12;
    case 14: return o->packed ? CF_RAW_14P : CF_RAW_14;
    default: return CF_RAW_16;
    }
}

void cf_sim_format_name(const cf_sim_options *o, char name[32]) {
    snprintf(name, 32, "%s%d%s", o->is_color ? "RGGB" : "Y", o->bits, o->packed ? "P" : "");
}

double cf_sim_light(const cf_sim_options *o, long frame) {
    double light = (double)o->light;
    for (int i = 0; i < o->step_count && o->steps[i].frame <= frame; i++)
        light = o->steps[i].light;
    return light;
}
