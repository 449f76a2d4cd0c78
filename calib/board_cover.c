/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage of a board calibration, and advice. */
#include "calib/board_cover.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "calib/board_internal.h"

#define DEGREE 57.29577951308232
#define TILTED 15 /* degrees from which on a view tells about the focal length */

static const char *const cameras[] = {"mono", "colour"};

static void add_corners(const cf_board_set *set, int view, int camera, int *cells) {
    const double *xy = set->views[view].xy[camera];
    const int *size = set->size[camera];
    for (int i = 0; i < set->board.columns * set->board.rows; i++) {
        int x = (int)(xy[2 * i] * CF_COVER_COLUMNS / size[0]),
            y = (int)(xy[2 * i + 1] * CF_COVER_ROWS / size[1]);
        if (set->views[view].ok[camera][i] && x >= 0 && y >= 0 && x < CF_COVER_COLUMNS &&
            y < CF_COVER_ROWS)
            cells[y * CF_COVER_COLUMNS + x]++;
    }
}

/* Distance of the board's middle and how it leans: its axes' depths over their lengths. */
static void add_pose(const cf_board *board, const cf_board_pose *pose, cf_board_cover *out) {
    double w = (board->columns - 1) * board->square_m, h = (board->rows - 1) * board->square_m;
    const double middle[3] = {w / 2, h / 2, 0};
    double at[3], r[9];
    cf_rt_apply(pose->rt, middle, at);
    cf_rotation_from_vector(pose->rt, r);
    double distance = sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]);
    out->near_m = fmin(out->near_m, distance);
    out->far_m = fmax(out->far_m, distance);
    /* The normal in camera coordinates, towards the back. */
    double nx = r[2], ny = r[5], nz = r[8] < 0 ? -r[8] : r[8];
    if (r[8] < 0) {
        nx = -nx;
        ny = -ny;
    }
    double tilt = DEGREE * acos(fmin(1, nz));
    out->tilt_max = fmax(out->tilt_max, tilt);
    double side = sin(TILTED / DEGREE);
    out->tilted[0] += nx > side; /* its back looks right: the left side is farther away */
    out->tilted[1] += nx < -side;
    out->tilted[2] += ny > side;
    out->tilted[3] += ny < -side;
}

void cf_board_cover_measure(const cf_board_set *set, const cf_board_solution *solution,
                            cf_board_cover *out) {
    *out = (cf_board_cover){.near_m = INFINITY};
    for (int i = 0; i < set->count; i++) {
        int counts = 0;
        for (int c = 0; c < 2; c++)
            if (cf_board_counts(set, NULL, i, c)) {
                add_corners(set, i, c, out->cells[c]);
                counts = 1;
            }
        if (counts && !isnan(solution->poses[i].rt[0]))
            add_pose(&set->board, &solution->poses[i], out);
    }
    for (int c = 0; c < 2; c++) {
        int filled = 0;
        for (int i = 0; i < CF_COVER_COLUMNS * CF_COVER_ROWS; i++)
            filled += out->cells[c][i] > 0;
        out->share[c] = filled / (double)(CF_COVER_COLUMNS * CF_COVER_ROWS);
    }
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
say(cf_board_advice *out, const char *format, ...) {
    va_list args;
    if (out->count == CF_ADVICE_MAX)
        return;
    va_start(args, format);
    vsnprintf(out->text[out->count++], sizeof out->text[0], format, args);
    va_end(args);
}

/* Thirds of the picture of which more than half is empty, by name. */
static void advise_places(const cf_board_cover *cover, int camera, cf_board_advice *out) {
    static const char *const rows[] = {"upper ", "", "lower "};
    static const char *const columns[] = {"left", "middle", "right"};
    char list[160] = "";
    int named = 0;
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++) {
            int empty = 0, cells = 0;
            for (int y = r * CF_COVER_ROWS / 3; y < (r + 1) * CF_COVER_ROWS / 3; y++)
                for (int x = c * CF_COVER_COLUMNS / 3; x < (c + 1) * CF_COVER_COLUMNS / 3; x++) {
                    cells++;
                    empty += !cover->cells[camera][y * CF_COVER_COLUMNS + x];
                }
            if (2 * empty <= cells)
                continue;
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s%s", named++ ? ", " : "", rows[r],
                     columns[c]);
        }
    if (named)
        say(out,
            "Hold the board into the %s of the %s picture, up to the very border: there are "
            "hardly any corners.",
            list, cameras[camera]);
}

static void advise_poses(const cf_board_set *set, const cf_board_cover *cover,
                         cf_board_advice *out) {
    static const char *const sides[] = {"left", "right", "upper", "lower"};
    int both = cf_board_seen(set, -1);
    if (both < 8)
        say(out,
            "Take more pairs that both cameras see the board in: there are %d, 10 to 20 are "
            "good.",
            both);
    if (cover->tilt_max < TILTED) {
        say(out,
            "All boards are nearly parallel to the camera (at most %.0f degrees): tilt it by 30 "
            "to 45 degrees, or the focal length stays vague.",
            cover->tilt_max);
        return;
    }
    for (int i = 0; i < 4; i++)
        if (!cover->tilted[i] && cover->tilted[i ^ 1])
            say(out, "Tilt the board the other way too, its %s side away from the camera.",
                sides[i]);
    if (!cover->tilted[0] && !cover->tilted[1])
        say(out, "Turn the board's left and right sides away from the camera too.");
    if (!cover->tilted[2] && !cover->tilted[3])
        say(out, "Lean the board's upper and lower sides away from the camera too.");
}

static void advise_causes(const cf_board_set *set, const cf_board_solution *s,
                          const cf_board_quality *q, cf_board_advice *out) {
    for (int c = 0; c < 2; c++)
        if (s->rms_px[c] > 0.8)
            say(out,
                "The %s corners are %.2f pixels off: blur by movement, a board that is not flat, "
                "a wrong --board, or pictures out of focus.",
                cameras[c], s->rms_px[c]);
    for (int i = 0; i < set->count; i++)
        if (q->view_px[i] > 2.5 * q->vertical_px && q->view_px[i] > 0.5) {
            say(out,
                "Pair %d fits the others badly (%.2f pixels): were its two pictures taken at the "
                "same moment, with the board still?",
                i + 1, q->view_px[i]);
            break;
        }
    double bend = fmax(fabs(s->warp_m[0]), fabs(s->warp_m[1]));
    if (bend > 0.1 * set->board.square_m)
        say(out, "The board is bent by %.1f mm; glue it onto glass or a stiff plate.", 1000 * bend);
}

cf_board_verdict cf_board_advise(const cf_board_set *set, const cf_board_solution *solution,
                                 const cf_board_quality *quality, const cf_board_cover *cover,
                                 cf_board_advice *out) {
    double rms = fmax(solution->rms_px[0], solution->rms_px[1]),
           share = fmin(cover->share[0], cover->share[1]),
           moves = fmax(quality->motion_median[0], quality->motion_median[1]),
           height = quality->vertical_px;
    out->count = 0;
    advise_causes(set, solution, quality, out);
    advise_poses(set, cover, out);
    for (int c = 0; c < 2; c++)
        advise_places(cover, c, out);
    if (rms <= 0.6 && height <= 0.4 && moves <= 0.5 && share >= 0.5)
        return CF_BOARD_GOOD;
    return rms <= 1.5 && height <= 1 && moves <= 2 && share >= 0.25 ? CF_BOARD_USABLE
                                                                    : CF_BOARD_BAD;
}
