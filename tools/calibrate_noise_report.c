/* SPDX-License-Identifier: Apache-2.0 */
/* What photon transfer found, for people and for machines. */
#include <math.h>
#include <string.h>

#include "tools/calibrate_noise.h"

static const char *const sources[] = {
    "mean of the dark frames",
    "fit to the dark frames, which clip at 0 or are coarser than their noise",
    "exposure times",
    "the files' or --black's word; not measured",
};
static const char *const source_keys[] = {"darks", "dark fit", "exposures", "told"};

static double decibels(double ratio) {
    return 20 * log10(ratio);
}

/* 2: shoot again, 1: usable, 0: good; with a note for each reason. */
static int judge_group(cf_noise_camera *camera, const cf_noise_group *g) {
    const cf_photon_result *r = &g->result;
    double gain = r->gain.error / r->gain.value, read = r->read_codes.error / r->read_codes.value;
    int worst = 0;
    if (gain > 0.02 || !(gain > 0)) {
        worst = 2;
        cf_noise_note(camera,
                      "Gain is known only to %.1f %%: add levels between a twentieth and two "
                      "thirds of white, or frames.",
                      100 * gain);
    }
    if (!(read < 0.2)) {
        worst = 2;
        cf_noise_note(camera,
                      "Read noise drowns: add dark frames (lens covered) with --dark, two or "
                      "more.");
    } else if (read > 0.05) {
        worst = worst > 1 ? worst : 1;
        cf_noise_note(camera,
                      "Read noise is known only to %.0f %%: dark frames with --dark would "
                      "tell it better.",
                      100 * read);
    }
    if (r->variance_deviation > 0.15 || r->scatter > 3) {
        worst = 2;
        cf_noise_note(camera,
                      "The noise does not follow a line (off by up to %.0f %%): are these "
                      "linear codes, not a picture with a tone curve or denoised?",
                      100 * r->variance_deviation);
    } else if (r->variance_deviation > 0.05 || r->scatter > 1.5) {
        worst = worst > 1 ? worst : 1;
        cf_noise_note(camera, "The noise is off the line by up to %.1f %%.",
                      100 * r->variance_deviation);
    }
    if (r->black_source == CF_BLACK_TOLD) {
        worst = worst > 1 ? worst : 1;
        cf_noise_note(camera, "The black level was not measured: add dark frames with --dark.");
    }
    return worst;
}

static void note_levels(cf_noise_camera *camera, const cf_noise_group *g) {
    const cf_photon_result *r = &g->result;
    const cf_noise_shot *s = camera->shots + g->first;
    double black = (s->black[0] + s->black[1] + s->black[2] + s->black[3]) / 4;
    if (s->has_black && r->black_source != CF_BLACK_TOLD &&
        fabs(r->black[0].value - black) > 1 + 5 * r->black[0].error)
        cf_noise_note(camera,
                      "The files say black is %g, the frames %.1f: the rig now says the "
                      "latter.",
                      black, r->black[0].value);
    if (r->black_source != CF_BLACK_TOLD && r->black[0].value < 0)
        cf_noise_note(camera,
                      "Black lies below code 0 (%.2f): the sensor cuts off dark noise, which "
                      "tints shadows; raise its pedestal if the driver lets you.",
                      r->black[0].value);
    if (g->piles_up && g->clip < 0.99 * s->white)
        cf_noise_note(camera,
                      "The frames clip at code %.0f, below the white level %.0f that the "
                      "files tell: clipped highlights will not be recognised.",
                      g->clip, s->white);
    if (!isfinite(r->saturation))
        cf_noise_note(camera,
                      "Saturation was not reached (brightest: %.0f codes): the full well is "
                      "unknown; a pair that is white in the middle would show it.",
                      r->reached);
    if (isfinite(r->linearity_max) && fmax(-r->linearity_min, r->linearity_max) > 0.03)
        cf_noise_note(camera,
                      "The signal is off a line in exposure time by up to %.1f %%: either the "
                      "sensor is not linear, or the light was not steady.",
                      100 * fmax(-r->linearity_min, r->linearity_max));
}

void cf_noise_judge(cf_noise_camera *camera) {
    static const char *const verdicts[] = {"good", "usable", "shoot again"};
    for (int i = 0; i < camera->group_count; i++) {
        camera->groups[i].verdict = verdicts[judge_group(camera, &camera->groups[i])];
        note_levels(camera, &camera->groups[i]);
    }
    if (camera->defects.dropped)
        cf_noise_note(camera,
                      "More than 1 %% of the pixels look broken; the mildest %d are not "
                      "listed. Is there dust, or texture?",
                      camera->defects.dropped);
}

const char *cf_noise_verdict(const cf_noise_camera *camera) {
    const char *worst = "good";
    for (int i = 0; i < camera->group_count; i++)
        if (!strcmp(camera->groups[i].verdict, "shoot again") || !strcmp(worst, "good"))
            worst = camera->groups[i].verdict;
    return worst;
}

static void print_black(const cf_noise_camera *camera, const cf_photon_result *r) {
    printf("  black level      %.2f", r->black[0].value);
    for (int i = 1; i < 4 && camera->role == CF_RIG_COLOR; i++)
        printf(", %.2f", r->black[i].value);
    if (isfinite(r->black[0].error))
        printf(" codes +- %.2g", r->black[0].error);
    printf(" (%s)\n", sources[r->black_source]);
}

static void print_sites(const cf_noise_camera *camera, const cf_photon_result *r) {
    if (camera->role != CF_RIG_COLOR)
        return;
    printf("  of each site     %.4g, %.4g, %.4g, %.4g codes per electron\n", r->site_gain[0].value,
           r->site_gain[1].value, r->site_gain[2].value, r->site_gain[3].value);
}

static void print_limits(const cf_photon_result *r) {
    if (isfinite(r->saturation))
        printf("  saturation       %.0f codes above black = %.0f electrons\n"
               "  signal to noise  %.0f (%.1f dB) at best; dynamic range %.1f dB\n",
               r->saturation, r->full_well, r->snr_max, decibels(r->snr_max),
               decibels(r->dynamic_range));
    else
        printf("  saturation       not reached; more than %.0f electrons\n",
               r->reached / r->gain.value);
    if (isfinite(r->linearity_min))
        printf("  linearity        %+.2f %% to %+.2f %% of the signal (EMVA 1288, 5 to 95 %% of "
               "saturation)\n",
               100 * r->linearity_min, 100 * r->linearity_max);
    printf("  noise            within %.1f %% of the line\n", 100 * r->variance_deviation);
    if (isfinite(r->prnu))
        printf("  fixed pattern    %.2f %% of the light (PRNU)%s", 100 * r->prnu,
               isfinite(r->dsnu_electrons) ? "" : "\n");
    if (isfinite(r->dsnu_electrons))
        printf("%s%.2f electrons in the dark (DSNU)\n",
               isfinite(r->prnu) ? ", " : "  fixed pattern    ", r->dsnu_electrons);
}

static void print_table(const cf_photon_result *r) {
    printf("\n  %10s %9s %10s %10s %10s  %s\n", "exposure", "pairs", "signal", "variance", "fit",
           "codes above black, codes^2");
    for (int i = 0; i < r->level_count; i++) {
        const cf_flat_level *l = &r->levels[i];
        if (!l->pairs)
            continue;
        if (l->is_dark)
            printf("  %10s", "dark");
        else if (l->exposure_s > 0)
            printf("  %8.2fms", 1e3 * l->exposure_s);
        else
            printf("  %10s", "?");
        printf(" %9d %10.2f %10.3f", l->pairs, l->signal,
               isfinite(l->variance.value) ? l->variance.value : l->all_variance);
        if (isfinite(l->predicted))
            printf(" %10.3f", l->predicted);
        else
            printf(" %10s", "-");
        if (l->clipped > 0)
            printf("  %.0f %% clips", 100 * l->clipped);
        printf("%s\n", l->fitted ? "" : "  not fitted");
    }
}

static void print_group(const cf_noise_camera *camera, const cf_noise_group *g) {
    const cf_photon_result *r = &g->result;
    printf("%s camera, gain %g: %s\n", camera->name, g->gain, g->verdict);
    printf("  gain             %.4g codes per electron +- %.2g (%.2f %%)\n", r->gain.value,
           r->gain.error, 100 * r->gain.error / r->gain.value);
    print_sites(camera, r);
    printf("  read noise       %.3g electrons +- %.2g = %.3g codes\n", r->read_electrons.value,
           r->read_electrons.error, r->read_codes.value);
    print_black(camera, r);
    print_limits(r);
    printf("  noise model      variance = %.4g x + %.4g, x 0..1 from black to white\n",
           r->noise_scale, r->noise_offset);
    print_table(r);
    putchar('\n');
}

void cf_noise_print(const cf_noise_camera *camera) {
    const cf_defects *d = &camera->defects;
    for (int i = 0; i < camera->group_count; i++)
        print_group(camera, &camera->groups[i]);
    if (camera->has_defects)
        printf("  broken pixels: %d (%d hot, %d dead or stuck, %d of a wrong response)\n", d->count,
               d->kinds[CF_DEFECT_HOT], d->kinds[CF_DEFECT_DEAD], d->kinds[CF_DEFECT_WEAK]);
    for (int i = 0; i < camera->note_count; i++)
        printf("  - %s\n", camera->notes[i]);
}

static void write_measured(cf_json *json, const char *key, cf_measured m) {
    cf_json_open(json, key, '{');
    cf_json_number(json, "value", m.value);
    cf_json_number(json, "error", m.error);
    cf_json_close(json, '}');
}

static void write_level(cf_json *json, const cf_flat_level *l) {
    if (!l->pairs)
        return;
    cf_json_open(json, NULL, '{');
    cf_json_bool(json, "dark", l->is_dark);
    cf_json_number(json, "exposure_s", l->exposure_s > 0 ? l->exposure_s : NAN);
    cf_json_number(json, "pairs", l->pairs);
    cf_json_number(json, "signal", l->signal);
    cf_json_number(json, "unclipped_signal", l->used_signal);
    cf_json_number(json, "variance", l->variance.value);
    cf_json_number(json, "variance_error", l->variance.error);
    cf_json_number(json, "fit", l->predicted);
    cf_json_number(json, "linearity", l->linearity);
    cf_json_number(json, "clipped", l->clipped);
    cf_json_bool(json, "fitted", l->fitted);
    cf_json_close(json, '}');
}

static void write_group(const cf_noise_camera *camera, const cf_noise_group *g, cf_json *json) {
    const cf_photon_result *r = &g->result;
    int sites = camera->role == CF_RIG_COLOR ? 4 : 1;
    cf_json_open(json, NULL, '{');
    cf_json_number(json, "gain", g->gain);
    cf_json_text(json, "verdict", g->verdict);
    write_measured(json, "codes_per_electron", r->gain);
    cf_json_open(json, "site_codes_per_electron", '[');
    for (int i = 0; i < sites; i++)
        cf_json_number(json, NULL, r->site_gain[i].value);
    cf_json_close(json, ']');
    write_measured(json, "read_noise_electrons", r->read_electrons);
    write_measured(json, "read_noise_codes", r->read_codes);
    cf_json_open(json, "black", '[');
    for (int i = 0; i < sites; i++)
        write_measured(json, NULL, r->black[i]);
    cf_json_close(json, ']');
    cf_json_text(json, "black_from", source_keys[r->black_source]);
    cf_json_number(json, "code_step", r->step);
    cf_json_number(json, "saturation_codes", r->saturation);
    cf_json_number(json, "clip_code", r->clip_code);
    cf_json_number(json, "full_well_electrons", r->full_well);
    cf_json_number(json, "linearity_min", r->linearity_min);
    cf_json_number(json, "linearity_max", r->linearity_max);
    cf_json_number(json, "variance_deviation", r->variance_deviation);
    cf_json_number(json, "scatter", r->scatter);
    cf_json_number(json, "prnu", r->prnu);
    cf_json_number(json, "dsnu_electrons", r->dsnu_electrons);
    cf_json_number(json, "snr_max_db", decibels(r->snr_max));
    cf_json_number(json, "dynamic_range_db", decibels(r->dynamic_range));
    cf_json_number(json, "scale", r->noise_scale);
    cf_json_number(json, "offset", r->noise_offset);
    cf_json_open(json, "levels", '[');
    for (int i = 0; i < r->level_count; i++)
        write_level(json, &r->levels[i]);
    cf_json_close(json, ']');
    cf_json_close(json, '}');
}

void cf_noise_write_json(const cf_noise_camera *camera, cf_json *json) {
    const cf_defects *d = &camera->defects;
    cf_json_text(json, "verdict", cf_noise_verdict(camera));
    cf_json_text(json, "method", "photon transfer (EMVA 1288, linear model)");
    cf_json_open(json, "gains", '[');
    for (int i = 0; i < camera->group_count; i++)
        write_group(camera, &camera->groups[i], json);
    cf_json_close(json, ']');
    cf_json_open(json, "defects", '{');
    cf_json_number(json, "count", d->count);
    cf_json_number(json, "hot", d->kinds[CF_DEFECT_HOT]);
    cf_json_number(json, "dead", d->kinds[CF_DEFECT_DEAD]);
    cf_json_number(json, "wrong_response", d->kinds[CF_DEFECT_WEAK]);
    cf_json_number(json, "not_listed", d->dropped);
    cf_json_close(json, '}');
    cf_json_open(json, "notes", '[');
    for (int i = 0; i < camera->note_count; i++)
        cf_json_text(json, NULL, camera->notes[i]);
    cf_json_close(json, ']');
}

void cf_noise_write_defects(const cf_noise_camera *camera, FILE *to) {
    static const char *const kinds[] = {"hot", "dead", "response"};
    fprintf(to,
            "# Broken pixels of the %s camera, by 'chromafuse calibrate noise': x y\n"
            "# hot: codes above its surroundings in the dark; dead, response: share of their "
            "response to light\n",
            camera->name);
    for (int i = 0; i < camera->defects.count; i++) {
        const cf_found_defect *d = &camera->defects.list[i];
        fprintf(to, "%d %d # %s %.3g\n", d->x, d->y, kinds[d->kind], (double)d->value);
    }
}
