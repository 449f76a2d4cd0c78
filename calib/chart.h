/* SPDX-License-Identifier: Apache-2.0 */
/* The 24-patch chart (ColorChecker Classic): names, places and colours of its patches. */
#ifndef CHROMAFUSE_CALIB_CHART_H
#define CHROMAFUSE_CALIB_CHART_H

#include "base/status.h"

/* Patches count row by row from dark skin at the top left; the last row is the grey scale. */
enum { CF_CHART_COLUMNS = 6, CF_CHART_ROWS = 4, CF_CHART_PATCHES = 24, CF_CHART_WHITE = 18 };

/* "dark skin" ... "black" */
const char *cf_chart_name(int patch);

/* Colours of the patches: CIELAB, D50, 2 degree observer. */
typedef struct {
    double lab[CF_CHART_PATCHES][3];
    double rgb[CF_CHART_PATCHES][3]; /* the same as linear Rec.709 (D65) */
} cf_chart_reference;

typedef enum {
    CF_CHART_AFTER_2014,  /* X-Rite's values for charts made from November 2014 on */
    CF_CHART_BEFORE_2014, /* X-Rite's values for older ones */
} cf_chart_edition;

void cf_chart_reference_of(cf_chart_edition edition, cf_chart_reference *out);

/*
 * Reads measured colours: a CGATS file (fields SAMPLE_ID or SAMPLE_NAME optional, and LAB_L LAB_A
 * LAB_B or XYZ_X XYZ_Y XYZ_Z, D50) or rows of three numbers L, a, b, separated by commas, blanks or
 * semicolons, after at most one heading row and one leading column of names; 24 rows in the chart's
 * order. name stands for the file in messages. CF_ERR_FORMAT names the line, or the first patch
 * whose colour is far (CIEDE2000 over 25) from any such chart's: rows in another order.
 */
cf_status cf_chart_reference_parse(const char *name, const char *text, cf_chart_reference *out);

/* The same from a file of at most 1 MB. CF_ERR_IO. */
cf_status cf_chart_reference_load(const char *path, cf_chart_reference *out);

#endif
