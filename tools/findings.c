/* SPDX-License-Identifier: Apache-2.0 */
/* Collects and prints findings. */
#include "tools/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/command.h"

#define COLUMNS 96
#define INDENT 4

static const char *const names[] = {"error", "warning", "hint"};

void cf_findings_add(cf_findings *f, cf_severity severity, const char *about, const char *format,
                     ...) {
    va_list args;
    f->count[severity]++;
    if (f->kept == CF_FINDINGS_MAX)
        return;
    cf_finding *one = &f->list[f->kept++];
    one->severity = severity;
    snprintf(one->about, sizeof one->about, "%s", about);
    va_start(args, format);
    vsnprintf(one->text, sizeof one->text, format, args);
    va_end(args);
}

static void print_wrapped(const char *text, int column, FILE *to) {
    for (int first = 1; *text; first = 0) {
        int length = (int)strcspn(text, " ");
        if (column + length + 1 > COLUMNS && column > INDENT)
            column = fprintf(to, "\n%*s", INDENT, "") - 1;
        else if (!first)
            column += fprintf(to, " ");
        column += fprintf(to, "%.*s", length, text);
        text += length + (text[length] == ' ');
    }
    putc('\n', to);
}

void cf_findings_print(const cf_findings *f, FILE *to) {
    for (int severity = CF_FINDING_ERROR; severity <= CF_FINDING_HINT; severity++)
        for (int i = 0; i < f->kept; i++) {
            const cf_finding *one = &f->list[i];
            if ((int)one->severity != severity)
                continue;
            int column = fprintf(to, "%s: %s: ", names[severity], one->about);
            print_wrapped(one->text, column, to);
        }
}

void cf_findings_json(const cf_findings *f, cf_json *json) {
    cf_json_open(json, "findings", '[');
    for (int i = 0; i < f->kept; i++) {
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "severity", names[f->list[i].severity]);
        cf_json_text(json, "about", f->list[i].about);
        cf_json_text(json, "text", f->list[i].text);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static struct {
    cf_findings *to;
    char about[64], path[256];
} capture;

static void take_line(cf_log_level level, const char *line) {
    size_t length = strlen(capture.path);
    if (length && !strncmp(line, capture.path, length) && !strncmp(line + length, ": ", 2))
        line += length + 2;
    cf_findings_add(capture.to, level == CF_LOG_ERROR ? CF_FINDING_ERROR : CF_FINDING_WARNING,
                    capture.about, "%s", line);
}

void cf_findings_capture(cf_findings *f, const char *about, const char *path) {
    capture.to = f;
    snprintf(capture.about, sizeof capture.about, "%s", f ? about : "");
    snprintf(capture.path, sizeof capture.path, "%s", f && path ? path : "");
    cf_cli_capture(f ? take_line : NULL);
}
