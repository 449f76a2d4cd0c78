/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate noise`: gain, read noise, black level and broken pixels from flat frames.
 */
#include "tools/calibrate_noise.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/calibrate.h"
#include "tools/command.h"
#include "tools/rig_folder.h"

#define SAME_GAIN 0.005 /* ratio */
#define ENTRY 80        /* characters of one noise entry */

static const cf_cli_option options[] = {
    {"mono", 'm', "RAW",
     "flat frames of the mono camera: a file, a folder, or a quoted\n"
     "pattern; may be repeated"},
    {"color", 'c', "RAW", "flat frames of the colour camera"},
    {"dark", 'd', "RAW",
     "frames of either with the lens covered, two or more at each gain;\n"
     "dark ones among the flats are recognised where the files tell\n"
     "their black level"},
    {"output", 'o', "RIG", "the rig's folder, or its rig.yaml; made when it is missing"},
    {"report", 0, "FILE.json", "the full report"},
    {"from-pictures", 0, NULL,
     "estimate the noise from ordinary pictures, where there are no flats;\n"
     "several, with smooth areas; less sure, and nothing but the noise"},
    {"gain", 'g', "G", "sensor gain of all frames, as a factor (default: ISO / 100, else 1)"},
    {"black", 0, "CODE", "black level, where neither files nor dark frames tell"},
    {"white", 0, "CODE", "code at which the sensor clips (default: what the files say)"},
    {"bits", 0, "N", "the same in bits: white is 2^N - 1; for PNG and TIFF, 8 to 16"},
    {"json", 0, NULL, "print the report as JSON"},
    {0},
};

static cf_status take_number(cf_noise_request *r, const char *name, const char *value) {
    long bits;
    if (!strcmp(name, "gain"))
        return cf_cli_float(name, value, 1e-3, 1e6, &r->gain);
    if (!strcmp(name, "black"))
        return cf_cli_float(name, value, 0, 65534, &r->black);
    if (!strcmp(name, "white"))
        return cf_cli_float(name, value, 1, 65535, &r->white);
    CF_TRY(cf_cli_int(name, value, 8, 16, &bits));
    r->white = (double)((1L << bits) - 1);
    return CF_OK;
}

static cf_status take(void *target, const char *name, const char *value) {
    cf_noise_request *r = target;
    if (!name)
        return cf_fail(CF_ERR_INVALID,
                       "calibrate noise: what is '%s'? Give frames by --mono, --color, --dark, and "
                       "put patterns in quotes",
                       value);
    if (!strcmp(name, "mono"))
        return cf_input_list_add(&r->mono, name, value);
    if (!strcmp(name, "color"))
        return cf_input_list_add(&r->color, name, value);
    if (!strcmp(name, "dark"))
        return cf_input_list_add(&r->dark, name, value);
    if (!strcmp(name, "output"))
        r->out = value;
    else if (!strcmp(name, "report"))
        r->report = value;
    else if (!strcmp(name, "json"))
        r->json = 1;
    else if (!strcmp(name, "from-pictures"))
        r->from_pictures = 1;
    else
        return take_number(r, name, value);
    return CF_OK;
}

static const cf_cli cli = {
    .command = "calibrate noise",
    .usage = "--mono 'flats/*.dng' [--color ...] [--dark ...] -o RIG",
    .about =
        "Measures a sensor by photon transfer (EMVA 1288, linear model): codes per electron, read "
        "noise,\nblack level, saturation, linearity, broken pixels, for each gain setting.\n"
        "Photograph an evenly lit wall or a diffuser, out of focus: two or more raws of each of 8 "
        "to 16\nexposures, from a hundredth of white until the middle clips, and two or more with "
        "the lens\ncovered. Frames are sorted by gain, exposure time and brightness, whatever "
        "their names.\n\nWrites into the rig's folder: mono.noise.json (the record), "
        "mono.noise.svg (the curve),\nmono.defects.txt, and in rig.yaml the keys mono.noise, "
        "mono.black, mono.defects; color.* likewise.\n",
    .examples =
        "  chromafuse calibrate noise --mono 'flats/mono*.dng' --color 'flats/color*.dng' \\\n"
        "      --dark 'darks/*.dng' -o rig/\n"
        "  chromafuse calibrate noise --mono 'codes/*.png' --bits 12 --dark 'codes/dark*.png' -o "
        "rig/\n"
        "  chromafuse calibrate noise --from-pictures --mono 'holiday/*.dng' -o rig/\n",
    .options = options,
    .take = take,
};

char *cf_noise_merge(const cf_rig_camera *old, const cf_rig_noise *fresh, int count) {
    size_t room = (size_t)(old->noise_count + count) * ENTRY + 8, at = 1;
    char *text = cf_alloc(room, 1);
    if (!text)
        return NULL;
    text[0] = '[';
    for (int i = 0; i < old->noise_count + count; i++) {
        const cf_rig_noise *n =
            i < old->noise_count ? &old->noise[i] : &fresh[i - old->noise_count];
        int replaced = 0;
        for (int k = 0; k < count && i < old->noise_count; k++)
            replaced |= fabs(log(fresh[k].gain / n->gain)) < SAME_GAIN;
        if (!replaced)
            at +=
                (size_t)snprintf(text + at, room - at, "%s{gain: %.6g, scale: %.6g, offset: %.6g}",
                                 at > 1 ? ", " : "", n->gain, n->scale, n->offset);
    }
    snprintf(text + at, room - at, "]");
    return text;
}

static cf_status set_noise(const cf_noise_camera *c, cf_rig_folder *folder) {
    cf_rig_noise fresh[CF_NOISE_GAINS];
    const cf_rig *rig = cf_rig_folder_rig(folder);
    for (int i = 0; i < c->group_count; i++)
        fresh[i] = (cf_rig_noise){c->groups[i].gain, c->groups[i].result.noise_scale,
                                  c->groups[i].result.noise_offset};
    char *list =
        cf_noise_merge(c->role == CF_RIG_MONO ? &rig->mono : &rig->color, fresh, c->group_count);
    if (!list)
        return CF_ERR_MEMORY;
    cf_status status = cf_rig_edit_set(cf_rig_folder_edit(folder), c->name, "noise", list);
    cf_free(list);
    return status;
}

/* Of the lowest gain that it was measured at; else it stays what it was. */
static cf_status set_black(const cf_noise_camera *c, cf_rig_folder *folder) {
    const cf_photon_result *r = NULL;
    char text[128];
    int at = 0;
    for (int i = c->group_count - 1; i >= 0; i--)
        if (c->groups[i].result.black_source != CF_BLACK_TOLD)
            r = &c->groups[i].result;
    if (!r)
        return CF_OK;
    for (int i = 0; i < (c->role == CF_RIG_COLOR ? 4 : 1); i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%.3f", i ? ", " : "[",
                       fmax(0, r->black[i].value));
    snprintf(text + at, sizeof text - (size_t)at, "]");
    return cf_rig_edit_set(cf_rig_folder_edit(folder), c->name, "black", text);
}

static void report(const cf_noise_request *r, const cf_noise_camera *cameras, int count, FILE *to) {
    cf_json json = {.to = to};
    const cf_record_source sources[] = {
        {"mono", &r->mono}, {"color", &r->color}, {"dark", &r->dark}};
    cf_record_begin(&json, "noise", sources, 3);
    for (int i = 0; i < count; i++) {
        cf_json_open(&json, cameras[i].name, '{');
        cf_noise_write_json(&cameras[i], &json);
        cf_json_close(&json, '}');
    }
    cf_json_close(&json, '}');
}

static cf_status write_camera(const cf_noise_request *r, const cf_noise_camera *c,
                              cf_rig_folder *folder) {
    char name[48];
    FILE *to;
    const cf_record_source sources[] = {{c->name, c->role == CF_RIG_MONO ? &r->mono : &r->color},
                                        {"dark", &r->dark}};
    snprintf(name, sizeof name, "%s.noise.json", c->name);
    CF_TRY(cf_rig_folder_create(folder, name, &to));
    cf_json json = {.to = to};
    cf_record_begin(&json, "noise", sources, 2);
    cf_json_text(&json, "camera", c->name);
    cf_noise_write_json(c, &json);
    cf_json_close(&json, '}');
    snprintf(name, sizeof name, "%s.noise.svg", c->name);
    CF_TRY(cf_rig_folder_create(folder, name, &to));
    cf_noise_write_svg(c, to);
    CF_TRY(set_noise(c, folder));
    CF_TRY(set_black(c, folder));
    if (!c->has_defects)
        return CF_OK;
    snprintf(name, sizeof name, "%s.defects.txt", c->name);
    CF_TRY(cf_rig_folder_create(folder, name, &to));
    cf_noise_write_defects(c, to);
    return cf_rig_edit_set(cf_rig_folder_edit(folder), c->name, "defects", name);
}

static cf_status write_all(const cf_noise_request *r, const cf_noise_camera *cameras, int count) {
    cf_rig_folder *folder;
    CF_TRY(cf_rig_folder_open(r->out, &folder));
    cf_status status = CF_OK;
    for (int i = 0; i < count && status == CF_OK; i++)
        status = write_camera(r, &cameras[i], folder);
    FILE *to = NULL;
    if (status == CF_OK && r->report)
        status = cf_rig_folder_report(folder, r->report, &to);
    if (status == CF_OK && to)
        report(r, cameras, count, to);
    if (status == CF_OK)
        return cf_rig_folder_commit(&folder);
    cf_rig_folder_discard(&folder);
    return status;
}

static cf_status measure(const cf_noise_request *r) {
    cf_noise_camera *cameras = cf_alloc(2, sizeof *cameras);
    int count = 0;
    cf_status status = cameras ? CF_OK : CF_ERR_MEMORY;
    for (int i = 0; i < 2 && status == CF_OK; i++) {
        const cf_input_list *list = i ? &r->color : &r->mono;
        cf_noise_camera *c = &cameras[count];
        if (!list->count)
            continue;
        c->role = i ? CF_RIG_COLOR : CF_RIG_MONO;
        c->name = i ? "color" : "mono";
        count++;
        status = cf_noise_gather(r, list, c);
        if (status == CF_OK)
            status = cf_noise_measure(r, c);
        if (status == CF_OK)
            cf_noise_judge(c);
    }
    if (status == CF_OK)
        status = write_all(r, cameras, count);
    if (status == CF_OK && r->json)
        report(r, cameras, count, stdout);
    for (int i = 0; i < count; i++) {
        if (status == CF_OK && !r->json)
            cf_noise_print(&cameras[i]);
        cf_noise_camera_clear(&cameras[i]);
    }
    cf_free(cameras);
    return status;
}

static cf_status check(const cf_noise_request *r) {
    if (!r->mono.count && !r->color.count)
        return cf_fail(CF_ERR_INVALID, "calibrate noise: give flat frames by --mono, --color or "
                                       "both");
    if (!r->out)
        return cf_fail(CF_ERR_INVALID, "calibrate noise: into which rig? Give its folder by -o");
    if (r->from_pictures && r->dark.count)
        return cf_fail(CF_ERR_INVALID, "calibrate noise: --from-pictures has no use for --dark");
    return CF_OK;
}

int cf_calibrate_noise(int argc, char **argv) {
    cf_noise_request r = {.black = -1};
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    int code = status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (status == CF_OK && check(&r) != CF_OK)
        fprintf(stderr, "Try 'chromafuse calibrate noise --help'.\n");
    else if (status == CF_OK)
        code = cf_cli_exit(r.from_pictures ? cf_noise_from_pictures(&r) : measure(&r));
    cf_input_list_clear(&r.mono);
    cf_input_list_clear(&r.color);
    cf_input_list_clear(&r.dark);
    return code;
}
