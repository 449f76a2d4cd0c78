/* SPDX-License-Identifier: Apache-2.0 */
/* Fits a chart's patches and judges the result. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "calib/lab.h"
#include "tools/color_job.h"

#define GOOD 2.0 /* CIEDE2000, mean of held-out patches */
#define BAD 5.0
#define NEUTRAL 0.03  /* relative: AsShotNeutral off by more is said */
#define SLOPE 0.25    /* of the light across the chart */
#define RESIDUAL 0.05 /* relative misfit of the mono patches */
#define FEW 3         /* patches that may be left out without doubts */
#define ENOUGH 8      /* patches of a picture */
#define HALF 9        /* patches that a half needs for a fit */

static int is_odd(int patch) {
    return (patch / CF_CHART_COLUMNS + patch) & 1;
}

/* CIEDE2000 of the patches that `use` names, as the fit renders them in their pictures. */
static void score(const cf_color_job *job, const cf_chart_view *views, const cf_color_fit *fit,
                  const unsigned char *use, cf_color_score *out) {
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        double sum = 0, rgb[3], lab[3];
        int count = 0;
        for (int v = 0; v < job->count[CF_SHOT_COLOR] && use[p]; v++) {
            if (!views[v].usable[p])
                continue;
            cf_color_fit_render(fit, &views[v], &fit->light[v], p, rgb);
            cf_lab_of_rec709(rgb, lab);
            sum += cf_ciede2000(job->reference.lab[p], lab);
            count++;
        }
        if (use[p])
            out->patch[p] = count ? sum / count : NAN;
    }
}

static void summarise(cf_color_score *s) {
    int count = 0;
    s->mean = s->largest = 0;
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        if (!isnan(s->patch[p])) {
            s->mean += s->patch[p];
            s->largest = fmax(s->largest, s->patch[p]);
            count++;
        }
    s->mean = count ? s->mean / count : NAN;
    s->largest = count ? s->largest : NAN;
}

/* What the raw files' own neutral and matrix give, exposure left free. */
static void score_before(cf_color_job *job, const cf_chart_view *views, const unsigned char *all) {
    cf_color_fit own = {0};
    const cf_camera_profile *first = &job->shots[CF_SHOT_COLOR][0].frame->profile;
    for (int i = 0; i < 9; i++)
        own.ccm[i] = (double)first->ccm[i];
    for (int v = 0; v < job->count[CF_SHOT_COLOR]; v++) {
        const cf_camera_profile *p = &job->shots[CF_SHOT_COLOR][v].frame->profile;
        for (int c = 0; c < 3; c++)
            own.light[v].neutral[c] = (double)p->neutral[c] / (double)p->neutral[1];
        memcpy(own.light[v].slope, job->fit.light[v].slope, sizeof own.light[v].slope);
        own.light[v].exposure =
            cf_color_fit_exposure(&own, &views[v], &own.light[v], &job->reference);
    }
    score(job, views, &own, all, &job->before);
    summarise(&job->before);
}

/* Whether a half has enough patches in every picture to be fitted alone. */
static int can_fit(const cf_color_job *job, const cf_chart_view *views, int odd) {
    for (int v = 0; v < job->count[CF_SHOT_COLOR]; v++) {
        int patches = 0, greys = 0;
        for (int p = 0; p < CF_CHART_PATCHES; p++)
            if (is_odd(p) == odd && views[v].usable[p]) {
                patches++;
                greys += p >= CF_CHART_WHITE && p < CF_CHART_PATCHES - 1;
            }
        if (patches < HALF || !greys)
            return 0;
    }
    return 1;
}

/* Each half of the patches, chessboard fashion, under the fit of the other half. */
static void cross_validate(cf_color_job *job, const cf_chart_view *views) {
    for (int odd = 0; odd < 2; odd++) {
        unsigned char fitted[CF_CHART_PATCHES], held[CF_CHART_PATCHES];
        cf_color_fit fit;
        for (int p = 0; p < CF_CHART_PATCHES; p++) {
            fitted[p] = (unsigned char)(is_odd(p) == odd);
            held[p] = (unsigned char)!fitted[p];
            if (held[p])
                job->held_out.patch[p] = NAN;
        }
        if (can_fit(job, views, odd) &&
            cf_color_fit_run("half of the patches", views, job->count[CF_SHOT_COLOR],
                             &job->reference, fitted, &fit) == CF_OK)
            score(job, views, &fit, held, &job->held_out);
    }
    summarise(&job->held_out);
}

/* Light that a frame was given, relative; 0 unknown. */
static double exposure_of(const cf_frame *f) {
    double gain = f->gain > 0 ? f->gain : f->iso / 100;
    return (double)f->exposure_ns * gain;
}

static cf_status fit_mono(cf_color_job *job, const cf_chart_view *color) {
    cf_chart_view mono[CF_COLOR_FIT_VIEWS];
    const cf_color_shot *shots = job->shots[CF_SHOT_MONO];
    int count = job->count[CF_SHOT_MONO];
    for (int i = 0; i < count; i++) {
        double m = exposure_of(shots[i].frame);
        double c = exposure_of(job->shots[CF_SHOT_COLOR][i].frame);
        double ratio = m > 0 && c > 0 ? c / m : 0;
        mono[i] = shots[i].sample.view;
        if (i && fabs(ratio - job->exposure_ratio) > 0.01 * job->exposure_ratio)
            return cf_fail(CF_ERR_INVALID,
                           "%s: the exposures of this pair (mono %g ms, colour %g ms) have another "
                           "ratio than those of %s; give pairs of one ratio",
                           shots[i].path, (double)shots[i].frame->exposure_ns / 1e6,
                           (double)job->shots[CF_SHOT_COLOR][i].frame->exposure_ns / 1e6,
                           shots[0].path);
        job->exposure_ratio = ratio;
    }
    return cf_mono_fit_run(shots[0].path, color, mono, count, &job->fit, &job->mono);
}

void cf_color_neutral_error(const cf_color_job *job, int shot, double error[2]) {
    const cf_camera_profile *p = &job->shots[CF_SHOT_COLOR][shot].frame->profile;
    const double *n = job->fit.light[shot].neutral;
    for (int i = 0; i < 2; i++)
        error[i] = (double)p->neutral[2 * i] / (double)p->neutral[1] / n[2 * i] - 1;
}

/* Patches of a picture that were left out, by name and reason; returns how many. */
static int list_left_out(const cf_color_shot *shot, char *list, size_t room) {
    size_t at = 0;
    int count = 0;
    list[0] = '\0';
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        if (shot->sample.state[p] != CF_PATCH_FINE && ++count && at < room)
            at += (size_t)snprintf(list + at, room - at, "%s%s (%s)", at ? ", " : "",
                                   cf_chart_name(p), cf_patch_state_name(shot->sample.state[p]));
    return count;
}

static void find_left_out(cf_color_job *job, const cf_color_shot *shot) {
    char list[400];
    int count = list_left_out(shot, list, sizeof list);
    if (count)
        cf_findings_add(&job->findings, count > FEW ? CF_FINDING_WARNING : CF_FINDING_HINT,
                        cf_input_name(shot->path), "Patches left out: %s.%s", list,
                        strstr(list, "clipped") ? " Expose less." : "");
}

/* A picture with too few patches is named, with the reasons. */
static cf_status check_shot(const cf_color_shot *shot) {
    char list[700];
    int left = CF_CHART_PATCHES - list_left_out(shot, list, sizeof list);
    if (left >= ENOUGH)
        return CF_OK;
    return cf_fail(CF_ERR_FORMAT,
                   "%s: only %d patches of the chart can be used, %d are needed; left "
                   "out: %s",
                   shot->path, left, ENOUGH, list);
}

static void find_light(cf_color_job *job, int shot) {
    const char *name = cf_input_name(job->shots[CF_SHOT_COLOR][shot].path);
    const double *slope = job->fit.light[shot].slope;
    double error[2];
    cf_color_neutral_error(job, shot, error);
    if (fmax(fabs(slope[0]), fabs(slope[1])) > SLOPE)
        cf_findings_add(
            &job->findings, CF_FINDING_WARNING, name,
            "The light changes by %+.0f %% from the chart's left to its right column and "
            "by %+.0f %% from top to bottom. A plane of light is taken out; what is not "
            "plane stays. Move the lamp away or use two.",
            100 * slope[0], 100 * slope[1]);
    if (fmax(fabs(error[0]), fabs(error[1])) > NEUTRAL)
        cf_findings_add(
            &job->findings, CF_FINDING_HINT, name,
            "Its AsShotNeutral differs from the chart's grey by %+.1f %% in red and %+.1f "
            "%% in blue, so greys of this very file come out tinted. The matrix is for "
            "pictures whose white balance is right, and fuse takes each picture's own.",
            100 * error[0], 100 * error[1]);
}

static void find_mono(cf_color_job *job) {
    if (job->mono.residual > RESIDUAL)
        cf_findings_add(
            &job->findings, CF_FINDING_WARNING, "mono",
            "The mono patches differ by %.1f %% from every mixture of the colour ones. Are "
            "both pictures of one chart in one light? A sensor that sees infrared does "
            "this too: put a filter before it.",
            100 * job->mono.residual);
    double ratio = job->exposure_ratio;
    if (ratio > 0 && fabs(ratio - 1) > 0.01)
        cf_findings_add(&job->findings, CF_FINDING_HINT, "mono.gain",
                        "The colour picture was given %.3g times the mono picture's exposure. "
                        "mono.gain %.4g holds for pairs taken like that; for equal exposures it is "
                        "%.4g.",
                        ratio, job->mono.gain, job->mono.gain / ratio);
}

/* A lens that darkens its corners darkens the outer patches, in each camera elsewhere. */
static void find_shading(cf_color_job *job) {
    for (int kind = 0; kind < 2; kind++)
        if (job->count[kind] && !job->shots[kind][0].frame->profile.shading.gains)
            cf_findings_add(
                &job->findings, CF_FINDING_HINT, kind == CF_SHOT_MONO ? "mono" : "color",
                "The rig has no gain map of this camera (calibrate shading). If its lens "
                "darkens the corners, keep the chart in the middle of the picture.");
}

static void find(cf_color_job *job) {
    cf_findings *to = &job->findings;
    find_shading(job);
    for (int kind = 0; kind < 2; kind++)
        for (int i = 0; i < job->count[kind]; i++)
            find_left_out(job, &job->shots[kind][i]);
    for (int i = 0; i < job->count[CF_SHOT_COLOR]; i++)
        find_light(job, i);
    if (isnan(job->held_out.mean))
        cf_findings_add(to, CF_FINDING_WARNING, "color",
                        "Too few patches can be used to hold half of them back: nothing tells how "
                        "good the matrix is on colours that it was not made from.");
    else if (job->held_out.mean > GOOD)
        cf_findings_add(
            to, CF_FINDING_WARNING, "color",
            "Held-out patches are off by %.1f CIEDE2000. Is the chart clean, matt, of the "
            "edition that was named (--chart), and is one lamp the only light? Look at "
            "color.chart.png.",
            job->held_out.mean);
    if (job->count[CF_SHOT_MONO])
        find_mono(job);
    else
        cf_findings_add(
            to, CF_FINDING_HINT, "mono",
            "Without a mono picture of the chart (--mono) the mono sensor's response and "
            "gain stay as they are in the rig.");
}

const char *cf_color_verdict(const cf_color_job *job) {
    double mean = isnan(job->held_out.mean) ? job->fitted.mean : job->held_out.mean;
    if (mean > BAD)
        return "doubtful, shoot again";
    return job->findings.count[CF_FINDING_WARNING] ? "usable, with doubts" : "good";
}

cf_status cf_color_solve(cf_color_job *job) {
    cf_chart_view views[CF_COLOR_FIT_VIEWS];
    unsigned char all[CF_CHART_PATCHES];
    const char *name = job->shots[CF_SHOT_COLOR][0].path;
    memset(all, 1, sizeof all);
    for (int kind = 0; kind < 2; kind++)
        for (int i = 0; i < job->count[kind]; i++)
            CF_TRY(check_shot(&job->shots[kind][i]));
    for (int i = 0; i < job->count[CF_SHOT_COLOR]; i++)
        views[i] = job->shots[CF_SHOT_COLOR][i].sample.view;
    CF_TRY(
        cf_color_fit_run(name, views, job->count[CF_SHOT_COLOR], &job->reference, all, &job->fit));
    score(job, views, &job->fit, all, &job->fitted);
    summarise(&job->fitted);
    score_before(job, views, all);
    cross_validate(job, views);
    if (job->count[CF_SHOT_MONO])
        CF_TRY(fit_mono(job, views));
    find(job);
    return CF_OK;
}
