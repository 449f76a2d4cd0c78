/* SPDX-License-Identifier: Apache-2.0 */
/* Parts that the JSON reports of the commands have in common. */
#ifndef CHROMAFUSE_TOOLS_REPORT_PARTS_H
#define CHROMAFUSE_TOOLS_REPORT_PARTS_H

#include "base/image.h"
#include "cl/device.h"
#include "tools/json.h"

/* "stages": device time of each stage per frame, milliseconds, as far as profiling was on. */
void cf_report_stages(cf_json *json, cf_cl *cl, size_t frames);

/* `key`: median, min and max of count times, milliseconds. */
void cf_report_times(cf_json *json, const char *key, const double *ms, size_t count);

/* "fractions" of a provenance picture. */
void cf_report_fractions(cf_json *json, const cf_image *provenance);

/* "warnings": the program's so far. */
void cf_report_warnings(cf_json *json);

#endif
