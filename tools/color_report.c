/* SPDX-License-Identifier: Apache-2.0 */
/* What a colour calibration says of itself. */
#include <math.h>

#include "calib/lab.h"
#include "tools/color_job.h"

static void numbers(cf_json *json, const char *key, const double *v, int count) {
    cf_json_open(json, key, '[');
    for (int i = 0; i < count; i++)
        cf_json_number(json, NULL, v[i]);
    cf_json_close(json, ']');
}

static void write_shot(const cf_color_job *job, int kind, int i, cf_json *json) {
    const cf_color_shot *s = &job->shots[kind][i];
    static const double corner[4][2] = {{0, 0}, {5, 0}, {5, 3}, {0, 3}};
    cf_json_open(json, NULL, '{');
    cf_json_text(json, "file", s->path);
    cf_json_number(json, "patches_seen", s->place.found);
    cf_json_number(json, "pitch_px", s->place.pitch);
    cf_json_open(json, "corners_px", '[');
    for (int k = 0; k < 4; k++) {
        double p[2] = {NAN, NAN};
        cf_homography_apply(&s->place.to_picture, corner[k], p);
        numbers(json, NULL, p, 2);
    }
    cf_json_close(json, ']');
    cf_json_open(json, "left_out", '[');
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        if (s->sample.state[p] != CF_PATCH_FINE) {
            cf_json_open(json, NULL, '{');
            cf_json_text(json, "patch", cf_chart_name(p));
            cf_json_text(json, "why", cf_patch_state_name(s->sample.state[p]));
            cf_json_close(json, '}');
        }
    cf_json_close(json, ']');
    if (kind == CF_SHOT_COLOR) {
        double error[2];
        cf_color_neutral_error(job, i, error);
        numbers(json, "neutral", job->fit.light[i].neutral, 3);
        numbers(json, "as_shot_neutral_error", error, 2);
        numbers(json, "light_slope", job->fit.light[i].slope, 2);
        cf_json_number(json, "exposure", job->fit.light[i].exposure);
    }
    cf_json_close(json, '}');
}

static void write_score(cf_json *json, const char *key, const cf_color_score *s) {
    cf_json_open(json, key, '{');
    cf_json_number(json, "mean", s->mean);
    cf_json_number(json, "max", s->largest);
    cf_json_close(json, '}');
}

/* The patches as the first picture has them. */
static void write_patches(const cf_color_job *job, cf_json *json) {
    const cf_chart_view *view = &job->shots[CF_SHOT_COLOR][0].sample.view;
    cf_json_open(json, "patches", '[');
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        double rgb[3], lab[3];
        cf_color_fit_render(&job->fit, view, &job->fit.light[0], p, rgb);
        cf_lab_of_rec709(rgb, lab);
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "name", cf_chart_name(p));
        cf_json_bool(json, "used", view->usable[p]);
        numbers(json, "camera", view->rgb[p], 3);
        numbers(json, "measured_lab", lab, 3);
        numbers(json, "reference_lab", job->reference.lab[p], 3);
        numbers(json, "reference_rgb", job->reference.rgb[p], 3);
        cf_json_number(json, "before", job->before.patch[p]);
        cf_json_number(json, "fitted", job->fitted.patch[p]);
        cf_json_number(json, "held_out", job->held_out.patch[p]);
        if (job->count[CF_SHOT_MONO])
            cf_json_number(json, "mono", job->shots[CF_SHOT_MONO][0].sample.view.rgb[p][1]);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static void write_mono(const cf_color_job *job, cf_json *json) {
    const cf_mono_fit *m = &job->mono;
    cf_json_open(json, "mono", '{');
    numbers(json, "spectral", m->spectral, 3);
    numbers(json, "spectral_error", m->error, 3);
    cf_json_number(json, "gain", m->gain);
    cf_json_number(json, "gain_at_equal_exposure",
                   job->exposure_ratio > 0 ? m->gain / job->exposure_ratio : NAN);
    cf_json_number(json, "exposure_ratio", job->exposure_ratio > 0 ? job->exposure_ratio : NAN);
    cf_json_number(json, "residual", m->residual);
    cf_json_number(json, "patches", m->patches);
    cf_json_close(json, '}');
}

void cf_color_write_body(const cf_color_job *job, cf_json *json) {
    static const char *const names[2] = {"color_pictures", "mono_pictures"};
    cf_json_text(json, "verdict", cf_color_verdict(job));
    cf_json_text(json, "reference",
                 job->reference_path                    ? job->reference_path
                 : job->edition == CF_CHART_BEFORE_2014 ? "ColorChecker before November 2014"
                                                        : "ColorChecker from November 2014 on");
    numbers(json, "ccm", job->fit.ccm, 9);
    numbers(json, "neutral", job->fit.light[0].neutral, 3);
    cf_json_open(json, "ciede2000", '{');
    write_score(json, "before", &job->before);
    write_score(json, "fitted", &job->fitted);
    write_score(json, "held_out", &job->held_out);
    cf_json_close(json, '}');
    if (job->count[CF_SHOT_MONO])
        write_mono(job, json);
    for (int kind = 0; kind < 2; kind++) {
        cf_json_open(json, names[kind], '[');
        for (int i = 0; i < job->count[kind]; i++)
            write_shot(job, kind, i, json);
        cf_json_close(json, ']');
    }
    write_patches(job, json);
    cf_findings_json(&job->findings, json);
}

static void print_score(FILE *to, const char *what, const cf_color_score *s) {
    if (isnan(s->mean))
        fprintf(to, "    %-44s   -      -\n", what);
    else
        fprintf(to, "    %-44s %6.2f %6.2f\n", what, s->mean, s->largest);
}

static void print_patches(const cf_color_job *job, FILE *to) {
    fprintf(to, "  CIEDE2000 of each patch (before, fitted, held out; - left out):\n");
    for (int i = 0; i < CF_CHART_PATCHES; i++) {
        /* two columns, each going down */
        int p = i % 2 * (CF_CHART_PATCHES / 2) + i / 2;
        if (isnan(job->fitted.patch[p]))
            fprintf(to, "    %-14s     -     -     -", cf_chart_name(p));
        else
            fprintf(to, "    %-14s %5.2f %5.2f %5.2f", cf_chart_name(p), job->before.patch[p],
                    job->fitted.patch[p], job->held_out.patch[p]);
        if (i % 2)
            fprintf(to, "\n");
    }
}

void cf_color_print(const cf_color_job *job, FILE *to) {
    const double *c = job->fit.ccm, *n = job->fit.light[0].neutral;
    const cf_mono_fit *m = &job->mono;
    double error[2];
    cf_color_neutral_error(job, 0, error);
    fprintf(to, "Colour: %s\n", cf_color_verdict(job));
    for (int kind = 0; kind < 2; kind++)
        for (int i = 0; i < job->count[kind]; i++) {
            const cf_color_shot *s = &job->shots[kind][i];
            fprintf(to, "  %s: chart %s, %.0f pixels from patch to patch\n", cf_input_name(s->path),
                    s->place.found ? "found" : "at the corners given", s->place.pitch);
        }
    fprintf(to, "  Colour difference of the patches (CIEDE2000)     mean  largest\n");
    print_score(to, "with the raw file's own white and matrix", &job->before);
    print_score(to, "with the new matrix", &job->fitted);
    print_score(to, "on patches that were held out", &job->held_out);
    print_patches(job, to);
    fprintf(
        to,
        "  The chart's grey is camera RGB %.4f 1 %.4f; AsShotNeutral is off by %+.1f %% in red, "
        "%+.1f %% in blue\n",
        n[0], n[2], 100 * error[0], 100 * error[1]);
    fprintf(to, "  Colour matrix (color.ccm)\n");
    for (int i = 0; i < 9; i += 3)
        fprintf(to, "    %8.4f %8.4f %8.4f\n", c[i], c[i + 1], c[i + 2]);
    if (job->count[CF_SHOT_MONO])
        fprintf(
            to,
            "  Mono response (mono.spectral) %.3f %.3f %.3f, +- %.3f %.3f %.3f; mono.gain %.4g; "
            "misfit %.1f %%\n",
            m->spectral[0], m->spectral[1], m->spectral[2], m->error[0], m->error[1], m->error[2],
            m->gain, 100 * m->residual);
    cf_findings_print(&job->findings, to);
}
