/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate shading`: gain maps from pictures of an even surface. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/flat_field.h"
#include "calib/rig_tables.h"
#include "tools/calibrate.h"
#include "tools/command.h"
#include "tools/findings.h"
#include "tools/rig_folder.h"
#include "tools/rig_frame.h"

#define GRADIENT 0.10 /* edge to edge: more than a lens a few percent off centre makes */
#define LUMPS 0.02
#define TEXTURE 0.005
#define DIM 0.15

/* One camera's part. */
typedef struct {
    const char *name; /* "mono", "color" */
    cf_rig_role role;
    cf_input_list list;
    cf_flat_field field;
    unsigned char cfa[4];
    cf_findings findings;
} part;

typedef struct {
    part parts[2];
    const char *out, *report;
    int json;
} request;

static cf_status take(void *target, const char *name, const char *value) {
    request *r = target;
    if (!name)
        return cf_fail(CF_ERR_INVALID,
                       "calibrate shading: '%s' belongs to no option; a pattern must be quoted, as "
                       "--mono 'flat*.dng'",
                       value);
    for (int i = 0; i < 2; i++)
        if (!strcmp(name, r->parts[i].name))
            return cf_input_list_add(&r->parts[i].list, name, value);
    if (!strcmp(name, "output"))
        r->out = value;
    if (!strcmp(name, "report"))
        r->report = value;
    r->json |= !strcmp(name, "json");
    return CF_OK;
}

static const cf_cli_option options[] = {
    {"mono", 'm', "FLAT",
     "flat frames of the mono camera (raw): file, folder, or quoted pattern;\n"
     "may be repeated"},
    {"color", 'c', "FLAT", "flat frames of the colour camera"},
    {"output", 'o', "RIG", "the rig's folder; made when it is missing, else added to"},
    {"report", 0, "FILE.json", "write the report as JSON"},
    {"json", 0, NULL, "print the report as JSON"},
    {0},
};

static const cf_cli cli = {
    .command = "calibrate shading",
    .usage = "[--mono FLAT...] [--color FLAT...] -o RIG",
    .about = "Measures how much darker a lens gets towards its corners, and writes the gains that "
             "even it\nout: RIG/mono.shading.txt and color.shading.txt, with a record beside each "
             "(.json), and\nthe keys mono.shading and color.shading. `fuse` applies them.\n\n"
             "Flat frames are raw pictures of nothing: a white wall or a sheet of opal glass or "
             "white paper\nover the lens, lit evenly, out of focus, the brightest place at about "
             "half of the range.\nNo wall is lit evenly: take a second picture with the rig turned "
             "upside down (by 180 degrees)\nand give both; then the light's own slope cancels. Do "
             "`calibrate noise` first where you do\nboth: its black level and defects are used "
             "here.\n",
    .examples = "  chromafuse calibrate shading --mono 'flat/mono*.dng' --color 'flat/color*.dng' "
                "-o rig/\n"
                "  chromafuse calibrate shading --color upright.dng --color turned.dng -o rig/ "
                "--report shading.json\n",
    .options = options,
    .take = take,
};

/* What a person should know and do. */
static void find(part *p) {
    const cf_flat_field *f = &p->field;
    cf_findings *to = &p->findings;
    double texture = 0, level = 1,
           slope = fmax(fabs(f->mean_gradient[0]), fabs(f->mean_gradient[1]));
    for (int k = 0; k < f->shading.planes; k++) {
        texture = fmax(texture, f->plane[k].texture);
        level = fmin(level, f->plane[k].level);
    }
    if (slope > GRADIENT)
        cf_findings_add(
            to, CF_FINDING_WARNING, p->name,
            "The light changes by %+.0f %% from the left to the right edge and by %+.0f %% "
            "from top to bottom, which looks like the lamp and not like the lens. %s",
            100 * f->mean_gradient[0], 100 * f->mean_gradient[1],
            p->list.count > 1
                ? "The flats do not cancel it: half of them must be taken with the rig "
                  "turned by 180 degrees, in the same light."
                : "Take a second picture with the rig turned by 180 degrees and give "
                  "both.");
    if (f->lumps > LUMPS || texture > TEXTURE)
        cf_findings_add(
            to, CF_FINDING_WARNING, p->name,
            "The surface shows texture or spots (%.1f %% over large parts, %.1f %% from "
            "place to place), and the map has some of them in it. Put it out of focus, "
            "use a diffuser right in front of the lens, clean the lens.",
            100 * f->lumps, 100 * texture);
    if (f->unknown)
        cf_findings_add(to, CF_FINDING_WARNING, p->name,
                        "%.1f %% of the picture is black; gains there are guessed from the rest.",
                        100.0 * f->unknown / (f->columns * f->rows * f->shading.planes));
    if (level < DIM)
        cf_findings_add(
            to, CF_FINDING_HINT, p->name,
            "The brightest place of the dimmest colour reaches only %.0f %% of the range; "
            "a longer exposure, or more frames, gives a cleaner map.",
            100 * level);
    if (p->list.count == 1 && slope <= GRADIENT)
        cf_findings_add(to, CF_FINDING_HINT, p->name,
                        "One flat cannot tell the lens from the light; a second one with the rig "
                        "turned by 180 degrees can.");
}

static const char *verdict_of(const part *p) {
    return p->findings.count[CF_FINDING_WARNING] ? "usable, with doubts" : "good";
}

static cf_status measure(part *p, const cf_rig *rig) {
    cf_frame *frames[CF_FLAT_FRAMES] = {NULL};
    cf_flat_frame flats[CF_FLAT_FRAMES];
    size_t count = p->list.count;
    cf_status status = CF_OK;
    if (count > CF_FLAT_FRAMES)
        return cf_fail(CF_ERR_INVALID, "--%s: %zu flats, at most %d can be averaged", p->name,
                       count, CF_FLAT_FRAMES);
    for (size_t i = 0; i < count && status == CF_OK; i++) {
        cf_cli_progress("reading flats", i, count);
        status = cf_cli_interrupted()
                     ? CF_ERR_CANCELLED
                     : cf_rig_frame_read(p->list.paths[i], rig, p->role, 0, &frames[i]);
        if (status == CF_OK)
            flats[i] = (cf_flat_frame){p->list.paths[i], &frames[i]->image, &frames[i]->profile};
    }
    cf_cli_progress("reading flats", count, count);
    if (status == CF_OK) {
        memcpy(p->cfa, frames[0]->profile.cfa, sizeof p->cfa);
        status = cf_flat_field_fit(flats, (int)count, &p->field);
    }
    for (size_t i = 0; i < count; i++)
        cf_frame_unref(&frames[i]);
    if (status == CF_OK)
        find(p);
    return status;
}

static void write_numbers(cf_json *json, const char *key, const double *v, int count) {
    cf_json_open(json, key, '[');
    for (int i = 0; i < count; i++)
        cf_json_number(json, NULL, v[i]);
    cf_json_close(json, ']');
}

static const char *plane_name(const part *p, int k) {
    static const char *const colors[] = {"red", "green", "blue"};
    return p->field.shading.planes == 4 ? colors[p->cfa[k] % 3] : "mono";
}

/* The record's and the report's common part. */
static void write_body(cf_json *json, const part *p) {
    const cf_flat_field *f = &p->field;
    char grid[32];
    snprintf(grid, sizeof grid, "%dx%d", f->shading.width, f->shading.height);
    cf_json_text(json, "verdict", verdict_of(p));
    cf_json_text(json, "grid", grid);
    cf_json_open(json, "planes", '[');
    for (int k = 0; k < f->shading.planes; k++) {
        const cf_flat_plane *plane = &f->plane[k];
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "color", plane_name(p, k));
        write_numbers(json, "corners_before", plane->falloff, 4);
        write_numbers(json, "corners_after", plane->evened, 4);
        cf_json_number(json, "level", plane->level);
        cf_json_number(json, "residual_rms", plane->residual);
        cf_json_number(json, "noise_rms", plane->noise);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
    write_numbers(json, "light_gradient", f->mean_gradient, 2);
    cf_json_open(json, "light_gradients", '[');
    for (size_t i = 0; i < p->list.count; i++)
        write_numbers(json, NULL, f->gradient[i], 2);
    cf_json_close(json, ']');
    cf_json_number(json, "unevenness", f->lumps);
    cf_findings_json(&p->findings, json);
}

static cf_status write_part(cf_rig_folder *folder, const part *p) {
    FILE *to;
    char name[32];
    snprintf(name, sizeof name, "%s.shading.json", p->name);
    CF_TRY(cf_rig_folder_create(folder, name, &to));
    cf_json json = {.to = to};
    const cf_record_source source = {p->name, &p->list};
    cf_record_begin(&json, "shading", &source, 1);
    write_body(&json, p);
    cf_json_close(&json, '}');
    snprintf(name, sizeof name, "%s.shading.txt", p->name);
    CF_TRY(cf_rig_folder_create(folder, name, &to));
    cf_rig_write_shading(&p->field.shading, to);
    return cf_rig_edit_set(cf_rig_folder_edit(folder), p->name, "shading", name);
}

static void print_corners(const char *when, const double v[4]) {
    printf("%s%5.1f %5.1f %5.1f %5.1f", when, 100 * v[0], 100 * v[1], 100 * v[2], 100 * v[3]);
}

static void print_part(const part *p) {
    const cf_flat_field *f = &p->field;
    printf("Shading of the %s camera: %s\n", p->role == CF_RIG_MONO ? "mono" : "colour",
           verdict_of(p));
    printf("  %zu flat%s, gain map of %dx%d\n", p->list.count, p->list.count == 1 ? "" : "s",
           f->shading.width, f->shading.height);
    printf("  Light in the corners (top left, top right, bottom left, bottom right), %% of the "
           "brightest place,\n  and what the correction leaves uneven, measured on cells that it "
           "was not made from:\n");
    for (int k = 0; k < f->shading.planes; k++) {
        printf("    %-6s", plane_name(p, k));
        print_corners("before ", f->plane[k].falloff);
        print_corners("   after ", f->plane[k].evened);
        printf("   left %.2f %%, of it noise %.2f %%\n", 100 * f->plane[k].residual,
               100 * f->plane[k].noise);
    }
    if (p->list.count > 1)
        for (size_t i = 0; i < p->list.count; i++)
            printf("  %s: the light's own slope %+.1f %% to the right, %+.1f %% down\n",
                   cf_input_name(p->list.paths[i]), 100 * f->gradient[i][0],
                   100 * f->gradient[i][1]);
    cf_findings_print(&p->findings, stdout);
}

static void write_report(const request *r, FILE *to) {
    cf_json json = {.to = to};
    cf_record_source sources[2] = {{"mono", &r->parts[0].list}, {"color", &r->parts[1].list}};
    cf_record_begin(&json, "shading", sources, 2);
    for (int i = 0; i < 2; i++)
        if (r->parts[i].list.count) {
            cf_json_open(&json, r->parts[i].name, '{');
            write_body(&json, &r->parts[i]);
            cf_json_close(&json, '}');
        }
    cf_json_close(&json, '}');
}

static cf_status calibrate(request *r, cf_rig_folder *folder) {
    for (int i = 0; i < 2; i++)
        if (r->parts[i].list.count)
            CF_TRY(measure(&r->parts[i], cf_rig_folder_rig(folder)));
    for (int i = 0; i < 2; i++)
        if (r->parts[i].list.count)
            CF_TRY(write_part(folder, &r->parts[i]));
    return CF_OK;
}

static cf_status run(request *r) {
    cf_rig_folder *folder;
    FILE *report = NULL;
    CF_TRY(cf_rig_folder_open(r->out, &folder));
    cf_status status = calibrate(r, folder);
    if (status == CF_OK && r->report)
        status = cf_rig_folder_report(folder, r->report, &report);
    if (status != CF_OK) {
        cf_rig_folder_discard(&folder);
        return status;
    }
    if (report)
        write_report(r, report);
    CF_TRY(cf_rig_folder_commit(&folder));
    if (r->json)
        write_report(r, stdout);
    for (int i = 0; i < 2 && !r->json; i++)
        if (r->parts[i].list.count)
            print_part(&r->parts[i]);
    return cf_cli_flush();
}

static cf_status check(const request *r) {
    if (!r->parts[0].list.count && !r->parts[1].list.count)
        return cf_fail(CF_ERR_INVALID,
                       "calibrate shading: give flat frames with --mono, --color, or "
                       "both");
    if (!r->out)
        return cf_fail(CF_ERR_INVALID, "calibrate shading: -o RIG is missing");
    return CF_OK;
}

int cf_calibrate_shading(int argc, char **argv) {
    static request r; /* too large for a stack */
    r = (request){
        .parts = {{.name = "mono", .role = CF_RIG_MONO}, {.name = "color", .role = CF_RIG_COLOR}}};
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    int code = status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (status == CF_OK && check(&r) == CF_OK)
        code = cf_cli_exit(run(&r));
    else if (status == CF_OK)
        fprintf(stderr, "Try 'chromafuse calibrate shading --help'.\n");
    for (int i = 0; i < 2; i++) {
        cf_input_list_clear(&r.parts[i].list);
        cf_flat_field_clear(&r.parts[i].field);
    }
    return code;
}
