/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate check`: what is wrong with a rig, in plain words. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "tools/calibrate.h"
#include "tools/command.h"
#include "tools/rig_check.h"

#define MAX_RECORDS 16

typedef struct {
    const char *rig;
    char path[4096]; /* of the rig file itself */
    cf_input_list mono, color;
    int json, strict;
} request;

/* Everything that is reported. */
typedef struct {
    cf_findings findings;
    cf_rig_record records[MAX_RECORDS];
    int record_count;
    cf_rig_pictures pictures; /* pairs 0: none were given, or none could be used */
} verdict;

static cf_status take(void *target, const char *name, const char *value) {
    request *r = target;
    if (name && !strcmp(name, "mono"))
        return cf_input_list_add(&r->mono, name, value);
    if (name && !strcmp(name, "color"))
        return cf_input_list_add(&r->color, name, value);
    if (name) {
        r->json |= !strcmp(name, "json");
        r->strict |= !strcmp(name, "strict");
        return CF_OK;
    }
    if (r->rig)
        return cf_fail(CF_ERR_INVALID, "calibrate check: one rig at a time; '%s' is too many",
                       value);
    r->rig = value;
    return CF_OK;
}

static const cf_cli_option options[] = {
    {"mono", 'm', "RAW", "mono pictures taken with the rig: file, folder, or quoted pattern"},
    {"color", 'c', "RAW", "the colour pictures that go with them"},
    {"strict", 0, NULL, "exit with 1 for warnings too, not only for errors"},
    {"json", 0, NULL, "print JSON"},
    {0},
};

static const cf_cli cli = {
    .command = "calibrate check",
    .usage = "RIG [--mono M --color C]",
    .about = "Reads a rig (its folder, or its rig.yaml) and everything it names, and says in plain "
             "words\nwhat is wrong with it: errors, which make results wrong or impossible, "
             "warnings, and hints\nabout what is not calibrated yet. With raw pairs, also whether "
             "the calibration still holds,\nor the rig was knocked since. Exit status 1 when "
             "there is an error.\n",
    .examples = "  chromafuse calibrate check rig/\n"
                "  chromafuse calibrate check rig/ --mono mono.dng --color color.dng\n"
                "  chromafuse calibrate check rig/rig.yaml --mono 'rec/mono/*.dng' --color "
                "'rec/color/*.dng'\n",
    .options = options,
    .take = take,
};

/* The rig file: given, or rig.yaml of the folder that is given. */
static cf_status find_rig(request *r) {
    struct stat info;
    int folder = !stat(r->rig, &info) && S_ISDIR(info.st_mode);
    if (snprintf(r->path, sizeof r->path, "%s%s", r->rig, folder ? "/rig.yaml" : "") <
        (int)sizeof r->path)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "calibrate check: the rig's name is too long");
}

static cf_status check(const request *r, verdict *v) {
    cf_rig *rig;
    cf_rig_models models = {NULL, NULL};
    CF_TRY(cf_rig_check_keys(r->path, &rig, &v->findings));
    if (!rig)
        return CF_OK;
    cf_rig_check_models(rig, &models, &v->findings);
    cf_rig_check_values(rig, &models, &v->findings);
    v->record_count = cf_rig_check_records(rig, v->records, MAX_RECORDS, &v->findings);
    cf_status status =
        r->mono.count || r->color.count
            ? cf_rig_check_pictures(rig, &models, &r->mono, &r->color, &v->pictures, &v->findings)
            : CF_OK;
    cf_camera_model_destroy(&models.mono);
    cf_camera_model_destroy(&models.color);
    cf_rig_destroy(&rig);
    return status;
}

static void print_text(const request *r, const verdict *v) {
    const int *n = v->findings.count;
    if (n[CF_FINDING_ERROR])
        printf("%s: cannot be used as it is", r->path);
    else
        printf("%s: %s", r->path, n[CF_FINDING_WARNING] ? "works, with doubts" : "is all right");
    printf(" (%d error%s, %d warning%s, %d hint%s)\n", n[0], n[0] == 1 ? "" : "s", n[1],
           n[1] == 1 ? "" : "s", n[2], n[2] == 1 ? "" : "s");
    for (int i = 0; i < v->record_count; i++) {
        const cf_rig_record *record = &v->records[i];
        printf("%s: made %.10s", record->file, record->made);
        if (record->pictures)
            printf(" from %d picture%s", record->pictures, record->pictures == 1 ? "" : "s");
        printf("%s%s\n", record->verdict[0] ? ": " : "", record->verdict);
    }
    if (v->pictures.points)
        printf("%d pair%s: %d points, %.2f pixels (median) off their row under the rig's models\n",
               v->pictures.pairs, v->pictures.pairs == 1 ? "" : "s", v->pictures.points,
               v->pictures.vertical_px);
    if (v->findings.kept)
        putchar('\n');
    cf_findings_print(&v->findings, stdout);
}

static void print_json(const request *r, const verdict *v) {
    cf_json json = {.to = stdout};
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "rig", r->path);
    cf_json_bool(&json, "ok", !v->findings.count[CF_FINDING_ERROR]);
    cf_json_number(&json, "errors", v->findings.count[CF_FINDING_ERROR]);
    cf_json_number(&json, "warnings", v->findings.count[CF_FINDING_WARNING]);
    if (v->pictures.pairs) {
        cf_json_open(&json, "pictures", '{');
        cf_json_number(&json, "pairs", v->pictures.pairs);
        cf_json_number(&json, "points", v->pictures.points);
        cf_json_number(&json, "vertical_px", v->pictures.vertical_px);
        cf_json_close(&json, '}');
    }
    cf_findings_json(&v->findings, &json);
    cf_json_open(&json, "calibrations", '[');
    for (int i = 0; i < v->record_count; i++) {
        const cf_rig_record *record = &v->records[i];
        cf_json_open(&json, NULL, '{');
        cf_json_text(&json, "file", record->file);
        cf_json_text(&json, "calibration", record->calibration);
        cf_json_text(&json, "made", record->made);
        cf_json_number(&json, "pictures", record->pictures);
        cf_json_text(&json, "verdict", record->verdict);
        cf_json_close(&json, '}');
    }
    cf_json_close(&json, ']');
    cf_json_close(&json, '}');
}

static int run(request *r) {
    static verdict v; /* too large for a stack */
    if (!r->rig) {
        cf_log(CF_LOG_ERROR, "calibrate check: which rig? Give its folder or its rig.yaml");
        fprintf(stderr, "Try 'chromafuse calibrate check --help'.\n");
        return CF_EXIT_USAGE;
    }
    if (find_rig(r) != CF_OK || check(r, &v) != CF_OK)
        return CF_EXIT_FAILED;
    if (r->json)
        print_json(r, &v);
    else
        print_text(r, &v);
    return v.findings.count[CF_FINDING_ERROR] || (r->strict && v.findings.count[CF_FINDING_WARNING])
               ? CF_EXIT_FAILED
               : CF_EXIT_OK;
}

int cf_calibrate_check(int argc, char **argv) {
    request r = {0};
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    int code = status == CF_OK ? run(&r) : status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    cf_input_list_clear(&r.mono);
    cf_input_list_clear(&r.color);
    return code;
}
