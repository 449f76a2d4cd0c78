/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a board calibration as text and JSON. */
#include "tools/geometry_report.h"

#include <math.h>
#include <string.h>

#define DEGREE 57.29577951308232

const char *cf_geometry_verdict(cf_board_verdict verdict) {
    return verdict == CF_BOARD_GOOD     ? "good"
           : verdict == CF_BOARD_USABLE ? "usable"
                                        : "shoot again";
}

/* Root mean square residual of one picture; NaN where the board was not found. */
static double picture_rms(const cf_geometry_facts *f, int view, int camera) {
    const cf_board_set *set = &f->pictures->set;
    int corners = set->board.columns * set->board.rows, n = 0;
    const double *r = f->solution->residual[camera] + (size_t)view * (size_t)corners * 2;
    const cf_board_view *v = &set->views[view];
    double sum = 0;
    for (int i = 0; v->xy[camera] && i < corners; i++)
        if ((v->left_out[camera] || v->ok[camera][i]) && isfinite(r[2 * i])) {
            sum += r[2 * i] * r[2 * i] + r[2 * i + 1] * r[2 * i + 1];
            n++;
        }
    return n ? sqrt(sum / n) : NAN;
}

static int picture_outliers(const cf_geometry_facts *f, int view, int camera) {
    const cf_board_view *v = &f->pictures->set.views[view];
    int n = 0;
    for (int i = 0;
         v->xy[camera] && i < f->pictures->set.board.columns * f->pictures->set.board.rows; i++)
        n += !v->ok[camera][i];
    return n;
}

static double baseline_of(const cf_geometry_facts *f) {
    double r[9], t[3];
    cf_camera_model_pose(f->solution->color, r, t);
    return sqrt(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]);
}

/* What to think of a pair, in a word or two. */
static const char *pair_verdict(const cf_geometry_facts *f, int view) {
    const cf_board_view *v = &f->pictures->set.views[view];
    double limit = 2.5 * f->quality->vertical_px;
    if (!v->xy[0] && !v->xy[1])
        return "no board";
    if (v->left_out[0] || v->left_out[1])
        return "left out";
    if (!v->xy[0] || !v->xy[1])
        return "one camera only";
    for (int c = 0; c < 2; c++)
        if (picture_rms(f, view, c) > fmax(0.3, 2.5 * f->solution->rms_px[c]))
            return "hurts";
    return f->quality->view_px[view] > fmax(0.3, limit) ? "hurts" : "good";
}

static const char *name_of(const cf_geometry_facts *f, int view, int camera) {
    const char *path = f->pictures->pictures[camera][view].path;
    return path ? cf_input_name(path) : "-";
}

static void print_camera(const cf_geometry_facts *f, int c, FILE *to) {
    const cf_board_solution *s = f->solution;
    const cf_camera_model *m = c ? s->color : s->mono;
    char lens[CF_LENS_NAME_MAX];
    double k[4] = {0};
    const int *size = f->pictures->set.size[c];
    cf_camera_model_lens(m, lens, k, 4);
    fprintf(to,
            "%s: %.2f pixels RMS (%d corners, %d left out as wrong), focal length %.1f pixels "
            "(+- %.1f) of %dx%d\n",
            c ? "colour" : "mono  ", s->rms_px[c], s->corners[c], s->outliers[c], k[0],
            f->quality->focal[c], size[0], size[1]);
    fprintf(to,
            "        corners in %.0f %% of the picture; its projection is known to %.2f pixels "
            "(median), %.2f at worst\n",
            100 * f->cover->share[c], f->quality->motion_median[c], f->quality->motion_max[c]);
}

static void print_pictures(const cf_geometry_facts *f, FILE *to) {
    int headed = 0;
    for (int i = 0; i < f->pictures->count; i++) {
        const char *verdict = pair_verdict(f, i);
        if (!strcmp(verdict, "good"))
            continue;
        if (!headed++)
            fputs("\nPictures that stand out:\n", to);
        fprintf(to, "  %s, %s: %s", name_of(f, i, 0), name_of(f, i, 1), verdict);
        for (int c = 0; c < 2; c++)
            if (f->pictures->pictures[c][i].note[0])
                fprintf(to, "; %s: %s", name_of(f, i, c), f->pictures->pictures[c][i].note);
            else if (isfinite(picture_rms(f, i, c)))
                fprintf(to, "; %s: %.2f pixels", name_of(f, i, c), picture_rms(f, i, c));
        if (isfinite(f->quality->view_px[i]))
            fprintf(to, "; rows %.2f pixels apart", f->quality->view_px[i]);
        putc('\n', to);
    }
}

void cf_geometry_print(const cf_geometry_facts *f, FILE *to) {
    static const char *const meaning[] = {
        "The rig is calibrated well.",
        "The rig can be used; more pictures would make it better.",
        "The calibration is not good enough to rely on.",
    };
    char lens[CF_LENS_NAME_MAX];
    double r[9], t[3], w[3];
    const cf_board_solution *s = f->solution;
    cf_camera_model_lens(s->mono, lens, NULL, 0);
    cf_camera_model_pose(s->color, r, t);
    cf_rotation_to_vector(r, w);
    fprintf(to, "verdict: %s. %s\n\n", cf_geometry_verdict(f->verdict), meaning[f->verdict]);
    fprintf(to,
            "rows of both pictures meet within %.2f pixels RMS, judged on pictures that the fit "
            "did not see (%.2f on those it saw)\n",
            f->quality->vertical_px, f->vertical_px);
    fprintf(to,
            "baseline %.2f mm (+- %.2f), colour camera turned by %.2f, %.2f, %.2f degrees "
            "(+- %.3f) about x, y, z\n",
            1000 * baseline_of(f), 1000 * f->quality->baseline_m, DEGREE * w[0], DEGREE * w[1],
            DEGREE * w[2], DEGREE * f->quality->rotation_rad);
    print_camera(f, 0, to);
    print_camera(f, 1, to);
    fprintf(to, "%d pairs with the board in both (%s), lens model %s, board bent by %.2f mm\n",
            cf_board_seen(&f->pictures->set, -1),
            f->pictures->by_number ? "paired by the numbers in their names" : "paired by order",
            lens, 1000 * fmax(fabs(s->warp_m[0]), fabs(s->warp_m[1])));
    print_pictures(f, to);
    if (f->advice->count)
        fputs("\nWhat to photograph next:\n", to);
    for (int i = 0; i < f->advice->count; i++)
        fprintf(to, "  - %s\n", f->advice->text[i]);
}

static void json_numbers(cf_json *j, const char *key, const double *v, int count) {
    cf_json_open(j, key, '[');
    for (int i = 0; i < count; i++)
        cf_json_number(j, NULL, v[i]);
    cf_json_close(j, ']');
}

static void json_camera(const cf_geometry_facts *f, int c, cf_json *j) {
    const cf_board_solution *s = f->solution;
    char lens[CF_LENS_NAME_MAX];
    double k[16] = {0};
    int n = cf_camera_model_lens(c ? s->color : s->mono, lens, k, 16);
    const double size[2] = {f->pictures->set.size[c][0], f->pictures->set.size[c][1]};
    cf_json_open(j, c ? "color" : "mono", '{');
    cf_json_number(j, "rms_px", s->rms_px[c]);
    cf_json_number(j, "corners", s->corners[c]);
    cf_json_number(j, "outliers", s->outliers[c]);
    cf_json_number(j, "pictures", cf_board_seen(&f->pictures->set, c));
    json_numbers(j, "size", size, 2);
    cf_json_text(j, "lens", lens);
    json_numbers(j, "intrinsics", k, n < 16 ? n : 16);
    cf_json_number(j, "focal_error_px", f->quality->focal[c]);
    cf_json_number(j, "coverage", f->cover->share[c]);
    cf_json_open(j, "projection_error_px", '{');
    cf_json_number(j, "median", f->quality->motion_median[c]);
    cf_json_number(j, "max", f->quality->motion_max[c]);
    cf_json_open(j, "map", '[');
    for (int y = 0; y < CF_BOARD_MAP_ROWS; y++) {
        cf_json_open(j, NULL, '[');
        for (int x = 0; x < CF_BOARD_MAP; x++)
            cf_json_number(j, NULL, (double)f->quality->motion[c][y * CF_BOARD_MAP + x]);
        cf_json_close(j, ']');
    }
    cf_json_close(j, ']');
    cf_json_close(j, '}');
    cf_json_close(j, '}');
}

static void json_picture(const cf_geometry_facts *f, int view, cf_json *j) {
    double rms[2] = {picture_rms(f, view, 0), picture_rms(f, view, 1)};
    cf_json_open(j, NULL, '{');
    for (int c = 0; c < 2; c++)
        if (f->pictures->pictures[c][view].path)
            cf_json_text(j, c ? "color" : "mono", f->pictures->pictures[c][view].path);
    cf_json_text(j, "verdict", pair_verdict(f, view));
    cf_json_number(j, "residual_px",
                   isfinite(rms[0]) && isfinite(rms[1])
                       ? sqrt((rms[0] * rms[0] + rms[1] * rms[1]) / 2)
                   : isfinite(rms[0]) ? rms[0]
                                      : rms[1]);
    for (int c = 0; c < 2; c++) {
        if (!f->pictures->pictures[c][view].path)
            continue;
        cf_json_open(j, c ? "color_corners" : "mono_corners", '{');
        cf_json_number(j, "rms_px", rms[c]);
        cf_json_number(j, "outliers", picture_outliers(f, view, c));
        if (f->pictures->pictures[c][view].note[0])
            cf_json_text(j, "note", f->pictures->pictures[c][view].note);
        cf_json_close(j, '}');
    }
    cf_json_number(j, "heldout_vertical_px", f->quality->view_px[view]);
    cf_json_close(j, '}');
}

/* Corners that the fit left out, with where they were found and how far off they are. */
static void json_outliers(const cf_geometry_facts *f, cf_json *j) {
    const cf_board_set *set = &f->pictures->set;
    int corners = set->board.columns * set->board.rows;
    cf_json_open(j, "rejected", '[');
    for (int i = 0; i < set->count; i++)
        for (int c = 0; c < 2; c++)
            for (int k = 0; set->views[i].xy[c] && k < corners; k++) {
                const double *r =
                    f->solution->residual[c] + 2 * ((size_t)i * (size_t)corners + (size_t)k);
                const double *xy = set->views[i].xy[c] + 2 * k;
                if (set->views[i].ok[c][k] || set->views[i].left_out[c] || !isfinite(xy[0]))
                    continue;
                cf_json_open(j, NULL, '{');
                cf_json_text(j, "picture", f->pictures->pictures[c][i].path);
                json_numbers(j, "at", xy, 2);
                cf_json_number(j, "off_px", hypot(r[0], r[1]));
                cf_json_close(j, '}');
            }
    cf_json_close(j, ']');
}

static void json_rig(const cf_geometry_facts *f, cf_json *j) {
    double r[9], t[3], w[3];
    cf_camera_model_pose(f->solution->color, r, t);
    cf_rotation_to_vector(r, w);
    cf_json_number(j, "heldout_vertical_disparity_rms_px", f->quality->vertical_px);
    cf_json_number(j, "heldout_folds", f->quality->folds);
    cf_json_number(j, "vertical_disparity_rms_px", f->vertical_px);
    cf_json_number(j, "baseline_m", baseline_of(f));
    cf_json_number(j, "baseline_error_m", f->quality->baseline_m);
    json_numbers(j, "rotation_rad", w, 3);
    cf_json_number(j, "rotation_error_rad", f->quality->rotation_rad);
    json_numbers(j, "translation_m", t, 3);
    cf_json_number(j, "board_bend_m",
                   fmax(fabs(f->solution->warp_m[0]), fabs(f->solution->warp_m[1])));
}

void cf_geometry_json(const cf_geometry_facts *f, FILE *to) {
    cf_json j = {.to = to};
    const cf_board *board = &f->pictures->set.board;
    cf_record_begin(&j, "geometry", f->sources, 2);
    cf_json_text(&j, "method", "board");
    cf_json_text(&j, "verdict", cf_geometry_verdict(f->verdict));
    cf_json_open(&j, "board", '{');
    cf_json_number(&j, "columns", board->columns);
    cf_json_number(&j, "rows", board->rows);
    cf_json_number(&j, "square_m", board->square_m);
    cf_json_close(&j, '}');
    json_rig(f, &j);
    json_camera(f, 0, &j);
    json_camera(f, 1, &j);
    cf_json_text(&j, "paired_by", f->pictures->by_number ? "number" : "order");
    cf_json_open(&j, "pictures", '[');
    for (int i = 0; i < f->pictures->count; i++)
        json_picture(f, i, &j);
    cf_json_close(&j, ']');
    json_outliers(f, &j);
    cf_json_open(&j, "advice", '[');
    for (int i = 0; i < f->advice->count; i++)
        cf_json_text(&j, NULL, f->advice->text[i]);
    cf_json_close(&j, ']');
    cf_json_close(&j, '}');
}
