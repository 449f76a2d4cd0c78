/* SPDX-License-Identifier: Apache-2.0 */
/* What ordinary pictures told of a rig, for people and machines. */
#include <math.h>
#include <string.h>

#include "tools/calibrate_scene.h"

#define GOOD_PX 0.3 /* expected vertical error, over the picture */
#define USABLE_PX 1.0
#define PARTS 3       /* the picture is told of in 3 x 3 parts */
#define EMPTY 0.01    /* share of the points below which a part is called empty */
#define FLAT 0.02     /* of the width: disparities that differ less show one distance */
#define DISAGREES 0.5 /* share of a pair's points */
#define DEGREES 57.29577951

static const char *const verdicts[] = {"good", "usable", "guess"};
static const char *const part_names[PARTS * PARTS] = {"top left",    "top",    "top right",
                                                      "left",        "middle", "right",
                                                      "bottom left", "bottom", "bottom right"};

static void judge_parts(cf_scene_report *report) {
    const cf_scene_result *r = report->result;
    const cf_scene_picture *size = &report->pairs[0].mono;
    int count[PARTS * PARTS] = {0}, empty = 0;
    char list[128] = "";
    for (int i = 0; i < r->point_count; i++) {
        int x = (int)(r->points[i].mono[0] * PARTS / size->width);
        int y = (int)(r->points[i].mono[1] * PARTS / size->height);
        if (r->points[i].inlier && x >= 0 && y >= 0 && x < PARTS && y < PARTS)
            count[y * PARTS + x]++;
    }
    for (int k = 0; k < PARTS * PARTS; k++) {
        if (count[k] >= EMPTY * r->found.inliers)
            continue;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", empty++ ? ", " : "", part_names[k]);
    }
    if (empty)
        cf_findings_add(&report->findings, CF_FINDING_WARNING, "coverage",
                        "Hardly any points were found in these parts of the picture: %s. What is "
                        "written is carried on from the rest there. Add pairs that show texture "
                        "there.",
                        list);
}

static void judge_depth(cf_scene_report *report) {
    const cf_self_registration *f = &report->result->found;
    double spread = f->disparity_high - f->disparity_low, width = report->pairs[0].mono.width;
    if (spread > FLAT * width)
        return;
    cf_findings_add(&report->findings, CF_FINDING_WARNING, "depth",
                    "Everything is at about one distance (disparities differ by %.1f pixels), so "
                    "the way from one lens to the other is hardly seen: things nearer or farther "
                    "may lie off their rows. Add a pair with something close in front of something "
                    "far.",
                    spread);
}

static void judge_pairs(cf_scene_report *report) {
    const cf_input_list *mono = report->job->mono;
    for (size_t i = 0; i < mono->count; i++) {
        const cf_scene_picture_result *p = &report->result->pictures[i];
        if (p->inliers < 10)
            cf_findings_add(&report->findings, CF_FINDING_WARNING, cf_input_name(mono->paths[i]),
                            "only %d points of this pair were found again; it adds nothing.",
                            p->inliers);
        else if (p->inliers < DISAGREES * p->candidates)
            cf_findings_add(&report->findings, CF_FINDING_WARNING, cf_input_name(mono->paths[i]),
                            "only %d of %d points of this pair agree with the others. Is it the "
                            "same scene and moment in both pictures?",
                            p->inliers, p->candidates);
    }
}

static void judge_unknown(cf_scene_report *report) {
    const cf_calibrate_scene_job *job = report->job;
    cf_findings *f = &report->findings;
    if (report->result->quarter_turns)
        cf_findings_add(f, CF_FINDING_WARNING, "orientation",
                        "The colour picture is turned by %d degrees against the mono picture. "
                        "If the camera is mounted so, all is well; if only its files were turned, "
                        "give them as the sensor sees.",
                        90 * report->result->quarter_turns);
    if (!(job->focal_px > 0) && !job->rig)
        cf_findings_add(f, CF_FINDING_HINT, "focal length",
                        "Pictures alone do not tell it; a usual lens was assumed. Fusion hardly "
                        "depends on it, but distances do; --focal gives it (in pixels: focal "
                        "length in mm / pixel pitch in mm).");
    if (!(job->baseline_m > 0) && !job->rig)
        cf_findings_add(f, CF_FINDING_HINT, "baseline",
                        "The distance between the lenses is made up (%.3g m); --baseline gives it. "
                        "Only distances depend on it.",
                        report->result->baseline_m);
}

void cf_scene_report_judge(cf_scene_report *report) {
    const cf_scene_result *r = report->result;
    report->worst_px = 0;
    for (int i = 0; i < CF_SCENE_GRID * CF_SCENE_GRID; i++)
        report->worst_px = fmax(report->worst_px, r->error_grid[i]);
    report->verdict = r->found.error_px < GOOD_PX && r->found.confidence > 0.7     ? CF_SCENE_GOOD
                      : r->found.error_px < USABLE_PX && r->found.confidence > 0.3 ? CF_SCENE_USABLE
                                                                                   : CF_SCENE_GUESS;
    judge_parts(report);
    judge_depth(report);
    judge_pairs(report);
    judge_unknown(report);
    if (report->verdict != CF_SCENE_GOOD)
        cf_findings_add(&report->findings, CF_FINDING_HINT, "better",
                        "More pairs make it surer: %s, with texture into all corners, some of "
                        "them with things both near and far.",
                        report->job->mono->count < 4 ? "five to ten of different scenes"
                                                     : "of scenes unlike these");
}

/* Colour against mono camera: rotation vector in degrees, and focal lengths. */
typedef struct {
    double turn[3], mono_focal[2], color_focal[2], color_k[5], mono_k[5];
} facts;

static void gather(const cf_scene_result *r, facts *out) {
    double rotation[9], t[3], numbers[9] = {0};
    char lens[CF_LENS_NAME_MAX];
    cf_camera_model_pose(r->color, rotation, t);
    cf_rotation_to_vector(rotation, out->turn);
    for (int i = 0; i < 3; i++)
        out->turn[i] *= DEGREES;
    (void)cf_camera_model_lens(r->mono, lens, numbers, 9);
    memcpy(out->mono_focal, numbers, sizeof out->mono_focal);
    memcpy(out->mono_k, numbers + 4, sizeof out->mono_k);
    memset(numbers, 0, sizeof numbers);
    (void)cf_camera_model_lens(r->color, lens, numbers, 9);
    memcpy(out->color_focal, numbers, sizeof out->color_focal);
    memcpy(out->color_k, numbers + 4, sizeof out->color_k);
}

static void print_grid(const cf_scene_result *r, FILE *to) {
    fprintf(to, "  Expected error of rows over the mono picture, pixels (one standard error):\n");
    for (int y = 0; y < CF_SCENE_GRID; y++) {
        fputs("   ", to);
        for (int x = 0; x < CF_SCENE_GRID; x++)
            fprintf(to, " %5.2f", r->error_grid[y * CF_SCENE_GRID + x]);
        fputc('\n', to);
    }
}

void cf_scene_report_print(const cf_scene_report *report, FILE *to) {
    const cf_scene_result *r = report->result;
    const cf_input_list *mono = report->job->mono;
    facts f;
    gather(r, &f);
    fprintf(to, "Geometry from ordinary pictures: %s\n", verdicts[report->verdict]);
    fprintf(to, "  %d of %d points agree with one geometry, to %.2f pixels\n", r->found.inliers,
            r->found.candidates, r->found.residual_px);
    fprintf(to,
            "  Points that the fit did not know lie %.2f pixels off their rows (RMS), their own "
            "inaccuracy included\n",
            r->heldout_px);
    fprintf(to, "  The rows themselves are expected to be off by %.2f pixels, at worst %.2f\n",
            r->found.error_px, report->worst_px);
    print_grid(r, to);
    fprintf(to, "  Colour camera turned by %+.2f %+.2f %+.2f degrees (about x, y, z)\n", f.turn[0],
            f.turn[1], f.turn[2]);
    fprintf(to, "  Focal lengths %.1f (mono%s) and %.1f pixels (colour, +- %.1f)\n",
            f.mono_focal[0],
            report->job->focal_px > 0 || report->job->rig ? ", as given" : ", assumed",
            f.color_focal[0], f.color_focal[0] * r->error[CF_SCENE_ZOOM]);
    fprintf(to, "  Distortion k1 %+.4f +- %.4f, k2 %+.4f (colour), k1 %+.4f (mono)\n", f.color_k[0],
            r->error[CF_SCENE_K1], f.color_k[1], f.mono_k[0]);
    fprintf(to, "  Disparities of %.1f to %.1f pixels were seen\n", r->found.disparity_low,
            r->found.disparity_high);
    for (size_t i = 0; i < mono->count; i++)
        fprintf(to, "  %-24s %4d of %4d points, %.2f pixels RMS\n", cf_input_name(mono->paths[i]),
                r->pictures[i].inliers, r->pictures[i].candidates, r->pictures[i].rms_px);
    cf_findings_print(&report->findings, to);
}

static void write_numbers(cf_json *json, const char *key, const double *v, int count) {
    cf_json_open(json, key, '[');
    for (int i = 0; i < count; i++)
        cf_json_number(json, NULL, v[i]);
    cf_json_close(json, ']');
}

static void write_camera(cf_json *json, const char *name, const double focal[2],
                         const double k[5]) {
    cf_json_open(json, name, '{');
    write_numbers(json, "focal_px", focal, 2);
    write_numbers(json, "distortion", k, 5);
    cf_json_close(json, '}');
}

static void write_pictures(const cf_scene_report *report, cf_json *json) {
    const cf_calibrate_scene_job *job = report->job;
    cf_json_open(json, "pictures", '[');
    for (size_t i = 0; i < job->mono->count; i++) {
        const cf_scene_picture_result *p = &report->result->pictures[i];
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "mono", cf_input_name(job->mono->paths[i]));
        cf_json_text(json, "color", cf_input_name(job->color->paths[i]));
        cf_json_number(json, "points", p->candidates);
        cf_json_number(json, "inliers", p->inliers);
        cf_json_number(json, "residual_px", p->rms_px);
        cf_json_text(json, "verdict",
                     p->inliers < 10                          ? "useless"
                     : p->inliers < DISAGREES * p->candidates ? "doubtful"
                                                              : "good");
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

void cf_scene_report_json(const cf_scene_report *report, cf_json *json) {
    const cf_scene_result *r = report->result;
    const cf_calibrate_scene_job *job = report->job;
    facts f;
    gather(r, &f);
    cf_json_text(json, "method", "scene");
    cf_json_text(json, "verdict", verdicts[report->verdict]);
    cf_json_number(json, "confidence", r->found.confidence);
    cf_json_number(json, "heldout_vertical_disparity_rms_px", r->heldout_px);
    cf_json_number(json, "expected_vertical_error_px", r->found.error_px);
    cf_json_number(json, "worst_vertical_error_px", report->worst_px);
    write_numbers(json, "vertical_error_grid_px", r->error_grid, CF_SCENE_GRID * CF_SCENE_GRID);
    cf_json_number(json, "residual_px", r->found.residual_px);
    cf_json_number(json, "points", r->found.candidates);
    cf_json_number(json, "inliers", r->found.inliers);
    cf_json_number(json, "baseline_m", r->baseline_m);
    cf_json_bool(json, "baseline_known", job->baseline_m > 0 || job->rig != NULL);
    cf_json_bool(json, "focal_known", job->focal_px > 0 || job->rig != NULL);
    write_numbers(json, "rotation_deg", f.turn, 3);
    write_camera(json, "mono", f.mono_focal, f.mono_k);
    write_camera(json, "color", f.color_focal, f.color_k);
    cf_json_open(json, "disparity_px", '[');
    cf_json_number(json, NULL, r->found.disparity_low);
    cf_json_number(json, NULL, r->found.disparity_high);
    cf_json_close(json, ']');
    write_pictures(report, json);
    cf_findings_json(&report->findings, json);
}
