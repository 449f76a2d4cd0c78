/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse simulate --target`: pictures to calibrate a rig with, and the truth about the rig. */
#include "tools/simulate_target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/command.h"
#include "tools/json.h"

#define EXPOSURE_NS 1e7 /* that brings an even field of level 1 to white at gain 1 */

/* The folder, its parents and truth/ in it. */
static cf_status make_folders(const char *out) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/truth", out) >= (int)sizeof path)
        return cf_fail(CF_ERR_INVALID, "%s: the folder's name is too long", out);
    for (char *c = strchr(path + 1, '/'); c; c = strchr(c + 1, '/')) {
        *c = '\0';
        mkdir(path, 0777); /* what went wrong shows at the last one */
        *c = '/';
    }
    if (mkdir(path, 0777) && errno != EEXIST)
        return cf_fail(CF_ERR_IO, "%s: cannot make this folder: %s", path, strerror(errno));
    return CF_OK;
}

/* Both cameras' pictures of one pose. */
static cf_status shoot_card(const cf_target_request *r, const cf_target_rig *rig,
                            const cf_target *card, long index) {
    for (int which = 0; which < 2; which++) {
        char stem[32];
        cf_image rgb;
        snprintf(stem, sizeof stem, "%s_%03ld", rig->camera[which].name, index);
        CF_TRY(cf_target_render(rig->camera[which].view, card, &r->optics, &rgb));
        const cf_target_shot shot = {
            .rgb = &rgb,
            .which = which,
            .scale = 1,
            .gain = r->gains[0],
            .exposure_ns = (int64_t)EXPOSURE_NS,
            .stem = stem,
            .seed = ((uint64_t)r->seed << 32) + 2 * (uint64_t)index + (uint64_t)which,
        };
        cf_status status = cf_target_shoot(r, rig, &shot);
        cf_image_free(&rgb);
        CF_TRY(status);
    }
    return CF_OK;
}

static cf_status shoot_cards(const cf_target_request *r, const cf_target_rig *rig) {
    cf_target *cards = cf_alloc((size_t)r->poses, sizeof *cards);
    cf_chart_reference colors;
    cf_random random;
    cf_status status = cards ? CF_OK : CF_ERR_MEMORY;
    cf_chart_reference_of(CF_CHART_AFTER_2014, &colors);
    cf_random_seed(&random, (uint64_t)r->seed);
    for (long i = 0; i < r->poses && status == CF_OK; i++) {
        cards[i] = (cf_target){
            .kind = r->what == CF_SHOOT_BOARD ? CF_TARGET_BOARD : CF_TARGET_CHART,
            .columns = r->columns,
            .rows = r->rows,
            .pitch_m = r->pitch_m,
            .warp_m = r->warp_m,
            .light = r->light,
            .light_slope = {r->light_slope[0], r->light_slope[1]},
            .colors = &colors,
        };
        status = cf_target_pose(r, rig, &random, i, &cards[i]);
    }
    for (long i = 0; i < r->poses && status == CF_OK; i++) {
        cf_cli_progress("pictures", (size_t)i, (size_t)r->poses);
        status = cf_cli_interrupted() ? CF_ERR_CANCELLED : shoot_card(r, rig, &cards[i], i);
    }
    cf_cli_progress("pictures", (size_t)r->poses, (size_t)r->poses);
    if (status == CF_OK)
        status = cf_target_write_truth(r, rig, cards, (size_t)r->poses);
    cf_free(cards);
    return status;
}

/* All frames of one camera at one gain: darks have level 0. */
static cf_status shoot_ladder(const cf_target_request *r, const cf_target_rig *rig, int which,
                              double gain, uint64_t *seed) {
    cf_image even;
    cf_status status = cf_target_render(rig->camera[which].view, NULL, &r->optics, &even);
    for (long i = 0; i < r->darks + r->levels * r->frames && status == CF_OK; i++) {
        char stem[64];
        const char *name = rig->camera[which].name;
        long lit = i - r->darks, level = lit >= 0 ? lit / r->frames : -1;
        double light = r->brightest * (double)(level + 1) / (double)r->levels;
        double least = r->brightest / (double)r->levels;
        if (lit < 0)
            snprintf(stem, sizeof stem, "%s_g%g_dark_%ld", name, gain, i);
        else
            snprintf(stem, sizeof stem, "%s_g%g_l%02ld_%ld", name, gain, level, lit % r->frames);
        const cf_target_shot shot = {
            .rgb = &even,
            .which = which,
            .scale = lit < 0 ? 0 : light,
            .gain = gain,
            .stem = stem,
            .exposure_ns = (int64_t)(EXPOSURE_NS * (lit < 0 ? least : light) / gain),
            .seed = ++*seed,
        };
        status = cf_cli_interrupted() ? CF_ERR_CANCELLED : cf_target_shoot(r, rig, &shot);
    }
    cf_image_free(&even);
    return status;
}

static cf_status shoot_flats(const cf_target_request *r, const cf_target_rig *rig) {
    uint64_t seed = (uint64_t)r->seed << 32;
    const size_t total = 2 * (size_t)r->gain_count;
    for (int i = 0; i < 2 * r->gain_count; i++) {
        cf_cli_progress("ladders", (size_t)i, total);
        CF_TRY(shoot_ladder(r, rig, i % 2, r->gains[i / 2], &seed));
    }
    cf_cli_progress("ladders", total, total);
    return cf_target_write_truth(r, rig, NULL, 0);
}

static void print_result(const cf_target_request *r, const cf_target_rig *rig) {
    const cf_target_camera *m = &rig->camera[0], *c = &rig->camera[1];
    long count =
        r->what == CF_SHOOT_FLAT ? r->gain_count * (r->darks + r->levels * r->frames) : r->poses;
    if (!r->as_json) {
        printf("%s: %ld pictures of each camera, mono %dx%d, colour %dx%d; the truth is in "
               "truth.json and truth/\n",
               r->out, count, m->width, m->height, c->width, c->height);
        return;
    }
    cf_json json = {.to = stdout};
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "folder", r->out);
    cf_json_number(&json, "pictures", (double)count);
    for (int i = 0; i < 2; i++) {
        char size[32];
        snprintf(size, sizeof size, "%dx%d", rig->camera[i].width, rig->camera[i].height);
        cf_json_text(&json, i ? "color_size" : "mono_size", size);
    }
    cf_json_close(&json, '}');
}

static cf_status simulate(cf_target_request *r) {
    cf_target_rig rig;
    CF_TRY(cf_target_rig_open(r, &rig));
    cf_status status = make_folders(r->out);
    if (status == CF_OK)
        status = cf_target_write_rig(r, &rig);
    if (status == CF_OK)
        status = r->what == CF_SHOOT_FLAT ? shoot_flats(r, &rig) : shoot_cards(r, &rig);
    if (status == CF_OK)
        print_result(r, &rig);
    cf_target_rig_close(&rig);
    return status;
}

int cf_simulate_target(int argc, char **argv) {
    cf_target_request r;
    cf_status status = cf_target_request_parse(argc, argv, &r);
    if (status == CF_ERR_CANCELLED)
        return CF_EXIT_OK;
    return status == CF_OK ? cf_cli_exit(simulate(&r)) : CF_EXIT_USAGE;
}
