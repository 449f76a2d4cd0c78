/* SPDX-License-Identifier: Apache-2.0 */
/* What a check found: sentences for people, JSON for machines. */
#ifndef CHROMAFUSE_TOOLS_FINDINGS_H
#define CHROMAFUSE_TOOLS_FINDINGS_H

#include "base/log.h"
#include "tools/json.h"

#define CF_FINDINGS_MAX 128 /* more are counted, not kept */

typedef enum {
    CF_FINDING_ERROR = 0, /* the rig cannot be used, or results will be wrong */
    CF_FINDING_WARNING,   /* it works, and is probably not what was meant */
    CF_FINDING_HINT,      /* not calibrated yet, or could be better */
} cf_severity;

typedef struct {
    cf_severity severity;
    char about[64]; /* key or file: "mono.spectral", "color.cameramodel" */
    char text[512]; /* what is wrong, and what to do: whole sentences */
} cf_finding;

/* Start with {0}. */
typedef struct {
    cf_finding list[CF_FINDINGS_MAX];
    int kept, count[3]; /* count: by severity, those not kept included */
} cf_findings;

void cf_findings_add(cf_findings *f, cf_severity severity, const char *about, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* Errors first, then warnings, then hints, one paragraph each, wrapped at 96 columns. */
void cf_findings_print(const cf_findings *f, FILE *to);

/* An array "findings" of {severity, about, text}. */
void cf_findings_json(const cf_findings *f, cf_json *json);

/*
 * Lines that the library logs from now on (errors as CF_FINDING_ERROR, warnings as
 * CF_FINDING_WARNING) become findings about `about` instead of being shown; a leading
 * "path: " is taken off. NULL f: they are shown again.
 */
void cf_findings_capture(cf_findings *f, const char *about, const char *path);

#endif
