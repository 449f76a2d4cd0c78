/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the name of a V4L2 camera apart. */
#include "capture/v4l2_uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* A number of min..max that fills the text; 0 when it is not. */
static int number(const char *text, double min, double max, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && *out >= min && *out <= max;
}

static cf_status set(cf_v4l2_uri *out, const char *key, const char *value) {
    double v;
    if (!strcmp(key, "subdev") && *value && strlen(value) < sizeof out->subdev) {
        snprintf(out->subdev, sizeof out->subdev, "%s", value);
    } else if (!strcmp(key, "delay") && number(value, 0, 10, &v) && v == (int)v) {
        out->delay = (int)v;
    } else if (!strcmp(key, "gain_one") && number(value, 1e-3, 1e6, &v)) {
        out->gain_one = v;
        out->is_gain_given = 1;
    } else if (!strcmp(key, "gain_pole") && number(value, 1, 1e6, &v)) {
        out->gain_pole = v;
        out->is_gain_given = 1;
    } else {
        return cf_fail(CF_ERR_INVALID,
                       "%s: cannot use \"%s=%s\": known are subdev=/dev/v4l-subdevN, delay=0..10, "
                       "gain_one=CODE, gain_pole=CODE",
                       out->path, key, value);
    }
    return CF_OK;
}

cf_status cf_v4l2_uri_parse(const char *text, cf_v4l2_uri *out) {
    size_t n = strcspn(text, "?");
    char piece[320];
    *out = (cf_v4l2_uri)CF_V4L2_URI_DEFAULTS;
    if (!n || n >= sizeof out->path)
        return cf_fail(CF_ERR_INVALID, "which V4L2 device? As in v4l2:/dev/video0, not \"v4l2:%s\"",
                       text);
    memcpy(out->path, text, n);
    for (text += n; *text; text += n) {
        n = strcspn(++text, "&");
        if (n >= sizeof piece)
            return cf_fail(CF_ERR_INVALID, "%s: a setting of %zu characters", out->path, n);
        memcpy(piece, text, n);
        piece[n] = 0;
        char *value = strchr(piece, '=');
        if (value)
            *value++ = 0;
        CF_TRY(set(out, piece, value ? value : ""));
    }
    return CF_OK;
}
