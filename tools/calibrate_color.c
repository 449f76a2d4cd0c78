/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate color`: colour matrix and mono response from a 24-patch chart. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "capture/picture_out.h"
#include "tools/calibrate.h"
#include "tools/color_job.h"
#include "tools/command.h"

typedef struct {
    cf_color_job job;
    const char *out, *report;
    int json;
    int open[2], open_count; /* kinds whose corners are not complete yet, in the order given */
} request;

/* Takes as many points as a word holds: "x,y" or "x,y x,y x,y x,y". */
static cf_status take_points(request *r, int kind, const char *option, const char *text) {
    const char *at = text;
    for (at += strspn(at, " ;"); *at; at += strspn(at, " ;")) {
        char *end;
        double v[2];
        v[0] = strtod(at, &end);
        int ok = end > at && *end == ',';
        const char *second = end + 1;
        v[1] = ok ? strtod(second, &end) : 0;
        if (!ok || end == second || (*end && !strchr(" ;", *end)) || !isfinite(v[0] + v[1]) ||
            r->job.corner_count[kind] == 4)
            return cf_fail(
                CF_ERR_INVALID,
                "--%s needs four points as 'x,y x,y x,y x,y' (pixels of the raw), not '%s'", option,
                text);
        memcpy(r->job.corners[kind][r->job.corner_count[kind]++], v, sizeof v);
        at = end;
    }
    return CF_OK;
}

static cf_status take_corners(request *r, int kind, const char *option, const char *value) {
    r->job.corner_count[kind] = 0;
    CF_TRY(take_points(r, kind, option, value));
    if (r->job.corner_count[kind] < 4 && r->open_count < 2)
        r->open[r->open_count++] = kind;
    return CF_OK;
}

static const char *const corner_options[2] = {"corners", "mono-corners"};

/* An operand: the next point of corners that the shell has split. */
static cf_status take_operand(request *r, const char *value) {
    for (int i = 0; i < r->open_count; i++)
        if (r->job.corner_count[r->open[i]] < 4)
            return take_points(r, r->open[i], corner_options[r->open[i]], value);
    return cf_fail(
        CF_ERR_INVALID,
        "calibrate color: '%s' belongs to no option; a pattern must be quoted, as --color "
        "'chart*.dng'",
        value);
}

static cf_status take(void *target, const char *name, const char *value) {
    request *r = target;
    if (!name)
        return take_operand(r, value);
    if (!strcmp(name, "color") || !strcmp(name, "mono"))
        return cf_input_list_add(
            &r->job.lists[strcmp(name, "color") ? CF_SHOT_MONO : CF_SHOT_COLOR], name, value);
    for (int kind = 0; kind < 2; kind++)
        if (!strcmp(name, corner_options[kind]))
            return take_corners(r, kind, name, value);
    if (!strcmp(name, "chart")) {
        int before = !strcmp(value, "before2014");
        if (!before && strcmp(value, "after2014") != 0)
            return cf_fail(CF_ERR_INVALID, "--chart is before2014 or after2014, not '%s'", value);
        r->job.edition = before ? CF_CHART_BEFORE_2014 : CF_CHART_AFTER_2014;
    }
    if (!strcmp(name, "reference"))
        r->job.reference_path = value;
    if (!strcmp(name, "output"))
        r->out = value;
    if (!strcmp(name, "report"))
        r->report = value;
    r->json |= !strcmp(name, "json");
    return CF_OK;
}

static const cf_cli_option options[] = {
    {"color", 'c', "CHART",
     "raw picture of the chart by the colour camera: file, folder, or quoted\n"
     "pattern; several are fitted together (other light is fine)"},
    {"mono", 'm', "CHART",
     "the mono camera's picture of the same chart in the same light; several\n"
     "belong to the colour pictures in order"},
    {"corners", 0, "POINTS",
     "where the chart is in the colour picture, instead of searching: the\n"
     "centres of its four corner patches (dark skin, bluish green, black,\n"
     "white), going round from any of them, as 'x,y x,y x,y x,y' in pixels of\n"
     "the raw picture from its top left"},
    {"mono-corners", 0, "POINTS", "the same for the mono picture"},
    {"chart", 0, "EDITION",
     "after2014 (default): ColorChecker Classic made from November 2014 on;\n"
     "before2014: older ones"},
    {"reference", 0, "FILE",
     "the chart's own colours instead: CGATS, or CSV rows of L*,a*,b* (D50) in\n"
     "the order dark skin ... black"},
    {"output", 'o', "RIG", "the rig's folder; made when it is missing, else added to"},
    {"report", 0, "FILE.json", "write the report as JSON"},
    {"json", 0, NULL, "print the report as JSON"},
    {0},
};

static const cf_cli cli = {
    .command = "calibrate color",
    .usage = "--color CHART... [--mono CHART...] -o RIG",
    .about =
        "Measures colours from raw pictures of a 24-patch chart (ColorChecker Classic): the "
        "colour\ncamera's matrix (color.ccm) and, with a mono picture, what the mono sensor sees "
        "of colours\n(mono.spectral) and the factor to the colour camera's exposure (mono.gain). "
        "Writes these\nkeys, RIG/color.color.json (the record, with every patch) and "
        "color.chart.png: look at it.\n\n"
        "The chart is found by itself at any turn, if all of it is in the picture and fills at "
        "least a\nsixth of its width. Light it evenly, by one lamp or the sky, from the side; "
        "no shine; expose\nso that the white patch stays below the clipping. Do `calibrate "
        "noise` and `shading` first:\ntheir black level, defects and gain maps are used here.\n"
        "\nThe matrix is for white-balanced pictures: it is made with the neutral that the "
        "chart's own\ngrey patches show, and keeps grey grey. Each picture's white balance "
        "stays its file's\nAsShotNeutral; the report says how far this picture's is off.\n",
    .examples = "  chromafuse calibrate color --color chart_c.dng --mono chart_m.dng -o rig/\n"
                "  chromafuse calibrate color --color chart.dng --corners '412,300 911,322 889,610 "
                "402,590' -o rig/\n",
    .options = options,
    .take = take,
};

/* Sets a list of numbers, rounded so that each row of `columns` still sums to what it did. */
static cf_status set_list(cf_rig_folder *folder, const char *section, const char *key,
                          const double *v, int rows) {
    char text[256] = "[";
    size_t at = 1;
    for (int row = 0; row < rows; row++) {
        double w[3], rest = 1;
        for (int i = 0; i < 3; i++)
            w[i] = rint(v[3 * row + i] * 1e5) / 1e5;
        for (int i = 0; i < 3; i++)
            rest -= w[i];
        w[row % 3] += rest; /* a unit of the last place or so */
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.5f, %.5f, %.5f", row ? ",\n" : "",
                               w[0], w[1], w[2]);
    }
    snprintf(text + at, sizeof text - at, "]");
    return cf_rig_edit_set(cf_rig_folder_edit(folder), section, key, text);
}

static cf_status write_keys(const cf_color_job *job, cf_rig_folder *folder) {
    char gain[32];
    CF_TRY(set_list(folder, "color", "ccm", job->fit.ccm, 3));
    if (!job->count[CF_SHOT_MONO])
        return CF_OK;
    CF_TRY(set_list(folder, "mono", "spectral", job->mono.spectral, 1));
    snprintf(gain, sizeof gain, "%.5g", job->mono.gain);
    return cf_rig_edit_set(cf_rig_folder_edit(folder), "mono", "gain", gain);
}

static void write_report(const cf_color_job *job, FILE *to) {
    cf_json json = {.to = to};
    const cf_record_source sources[2] = {{"color", &job->lists[CF_SHOT_COLOR]},
                                         {"mono", &job->lists[CF_SHOT_MONO]}};
    cf_record_begin(&json, "color", sources, 2);
    cf_color_write_body(job, &json);
    cf_json_close(&json, '}');
}

static cf_status write_picture(const cf_color_job *job, cf_rig_folder *folder) {
    char path[4096];
    cf_image picture = {0};
    cf_file_out *file = NULL;
    CF_TRY(cf_rig_folder_path(folder, "color.chart.png", path, sizeof path));
    cf_status status = cf_color_picture(job, &picture);
    if (status == CF_OK)
        status = cf_picture_prepare(path, &picture, NULL, &file);
    cf_image_free(&picture);
    return status == CF_OK ? cf_rig_folder_take(folder, file) : status;
}

static cf_status calibrate(request *r, cf_rig_folder *folder) {
    FILE *to;
    CF_TRY(cf_color_measure(&r->job, cf_rig_folder_rig(folder)));
    CF_TRY(cf_color_solve(&r->job));
    CF_TRY(write_keys(&r->job, folder));
    CF_TRY(write_picture(&r->job, folder));
    CF_TRY(cf_rig_folder_create(folder, "color.color.json", &to));
    write_report(&r->job, to);
    if (!r->report)
        return CF_OK;
    CF_TRY(cf_rig_folder_report(folder, r->report, &to));
    write_report(&r->job, to);
    return CF_OK;
}

static cf_status run(request *r) {
    cf_rig_folder *folder;
    CF_TRY(cf_rig_folder_open(r->out, &folder));
    cf_status status = calibrate(r, folder);
    if (status != CF_OK) {
        cf_rig_folder_discard(&folder);
        return status;
    }
    CF_TRY(cf_rig_folder_commit(&folder));
    if (r->json)
        write_report(&r->job, stdout);
    else
        cf_color_print(&r->job, stdout);
    return cf_cli_flush();
}

static cf_status check(const request *r) {
    const cf_color_job *job = &r->job;
    size_t color = job->lists[CF_SHOT_COLOR].count, mono = job->lists[CF_SHOT_MONO].count;
    if (!color)
        return cf_fail(CF_ERR_INVALID, "calibrate color: --color CHART is missing");
    if (!r->out)
        return cf_fail(CF_ERR_INVALID, "calibrate color: -o RIG is missing");
    if (color > CF_COLOR_FIT_VIEWS)
        return cf_fail(CF_ERR_INVALID,
                       "calibrate color: %zu pictures, at most %d are fitted together", color,
                       CF_COLOR_FIT_VIEWS);
    if (mono > color)
        return cf_fail(CF_ERR_INVALID,
                       "calibrate color: %zu mono pictures but %zu colour ones; each mono picture "
                       "needs the colour picture that belongs to it",
                       mono, color);
    for (int kind = 0; kind < 2; kind++) {
        if (job->corner_count[kind] && job->corner_count[kind] != 4)
            return cf_fail(CF_ERR_INVALID, "--%s: %d points, a chart has four corners",
                           corner_options[kind], job->corner_count[kind]);
        if (job->corner_count[kind] && job->lists[kind].count != 1)
            return cf_fail(CF_ERR_INVALID, "--%s goes with one picture, not %zu",
                           corner_options[kind], job->lists[kind].count);
    }
    return CF_OK;
}

int cf_calibrate_color(int argc, char **argv) {
    static request r; /* too large for a stack */
    r = (request){0};
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    int code = status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (status == CF_OK && check(&r) == CF_OK)
        code = cf_cli_exit(run(&r));
    else if (status == CF_OK)
        fprintf(stderr, "Try 'chromafuse calibrate color --help'.\n");
    cf_color_job_clear(&r.job);
    return code;
}
