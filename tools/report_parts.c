/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of JSON reports. */
#include "tools/report_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/profile.h"
#include "tools/command.h"

void cf_report_stages(cf_json *json, cf_cl *cl, size_t frames) {
    size_t count;
    const cf_profile_row *rows = cf_profile_rows(cl, &count);
    double share = frames ? 1 / (double)frames : 1;
    cf_json_open(json, "stages", '[');
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        double ms = 0;
        while (strcmp(rows[first].label, rows[i].label))
            first++;
        if (first < i)
            continue; /* summed with its label's first row */
        for (size_t k = i; k < count; k++)
            ms += strcmp(rows[k].label, rows[i].label) ? 0 : rows[k].ms;
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "name", *rows[i].label ? rows[i].label : "transfers");
        cf_json_number(json, "ms", ms * share);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void cf_report_times(cf_json *json, const char *key, const double *ms, size_t count) {
    double *sorted = cf_alloc(count, sizeof *sorted);
    if (!sorted)
        return;
    memcpy(sorted, ms, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, ascending);
    cf_json_open(json, key, '{');
    cf_json_number(json, "median", sorted[count / 2]);
    cf_json_number(json, "min", sorted[0]);
    cf_json_number(json, "max", sorted[count - 1]);
    cf_json_close(json, '}');
    cf_free(sorted);
}

void cf_report_fractions(cf_json *json, const cf_image *provenance) {
    double sums[3] = {0};
    for (int y = 0; y < provenance->height; y++) {
        const unsigned char *row = cf_image_row(provenance, 0, y);
        for (int x = 0; x < provenance->width; x++)
            for (int c = 0; c < 3; c++)
                sums[c] += row[3 * x + c];
    }
    double all = 255.0 * provenance->width * provenance->height;
    cf_json_open(json, "fractions", '{');
    cf_json_number(json, "measured", sums[1] / all);
    cf_json_number(json, "guided", sums[2] / all);
    cf_json_number(json, "invented", sums[0] / all);
    cf_json_close(json, '}');
}

void cf_report_warnings(cf_json *json) {
    cf_json_open(json, "warnings", '[');
    for (size_t i = 0; cf_cli_warning(i); i++)
        cf_json_text(json, NULL, cf_cli_warning(i));
    cf_json_close(json, ']');
}
