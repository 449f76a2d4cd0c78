/* SPDX-License-Identifier: Apache-2.0 */
/* First guesses for a board calibration: homographies, focal lengths, poses, how the cameras
 * stand. Formulas: Zhang, "A flexible new technique for camera calibration", PAMI 22 (2000). */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/board_internal.h"

#define AGREE_RAD 0.12   /* rotations between the cameras from two views that count as one */
#define AGREE_SHARE 0.35 /* of the distance to the board: the same for their places */

/* Solves the symmetric 8x8 system a x = b in place by elimination with pivots; 0: singular. */
static int solve8(double a[8][9]) {
    for (int c = 0; c < 8; c++) {
        int pivot = c;
        for (int r = c + 1; r < 8; r++)
            if (fabs(a[r][c]) > fabs(a[pivot][c]))
                pivot = r;
        if (!(fabs(a[pivot][c]) > 1e-12))
            return 0;
        for (int k = 0; k < 9; k++) {
            double t = a[c][k];
            a[c][k] = a[pivot][k];
            a[pivot][k] = t;
        }
        for (int r = 0; r < 8; r++) {
            double f = r == c ? 0 : a[r][c] / a[c][c];
            for (int k = c; k < 9 && r != c; k++)
                a[r][k] -= f * a[c][k];
        }
    }
    for (int r = 0; r < 8; r++)
        a[r][8] /= a[r][r];
    return 1;
}

/* The board's plane (in squares from its middle) to pixels from the picture's middle, in units of
 * `unit` pixels: h row-major with h[8] = 1. */
static int fit_homography(const cf_board_set *set, const double *xy, const int size[2], double unit,
                          double h[9]) {
    double a[8][9] = {{0}};
    int columns = set->board.columns, rows = set->board.rows, used = 0;
    double span = columns > rows ? columns : rows;
    for (int i = 0; i < columns * rows; i++) {
        double X = (i % columns - (columns - 1) / 2.0) / span,
               Y = (i / columns - (rows - 1) / 2.0) / span;
        double x = (xy[2 * i] - (size[0] - 1) / 2.0) / unit,
               y = (xy[2 * i + 1] - (size[1] - 1) / 2.0) / unit;
        if (!isfinite(x) || !isfinite(y))
            continue;
        const double row[2][9] = {{X, Y, 1, 0, 0, 0, -x * X, -x * Y, x},
                                  {0, 0, 0, X, Y, 1, -y * X, -y * Y, y}};
        for (int e = 0; e < 2; e++)
            for (int r = 0; r < 8; r++)
                for (int c = 0; c < 9; c++)
                    a[r][c] += row[e][r] * row[e][c];
        used++;
    }
    if (used < 6 || !solve8(a))
        return 0;
    for (int r = 0; r < 8; r++)
        h[r] = a[r][8];
    h[8] = 1;
    for (int r = 0; r < 3; r++) { /* back to squares */
        h[3 * r] /= span;
        h[3 * r + 1] /= span;
    }
    return 1;
}

static double unit_of(const int size[2]) {
    return size[0] > size[1] ? size[0] : size[1];
}

/* Zhang's equations 3 and 4 for a lens with square pixels and its axis in the middle: each
 * homography gives a w + b = 0 twice, w = 1 / f^2. Adds to the sums of a a, a b, b b. */
static void add_focal(const double h[9], double sums[3]) {
    double n1 = h[0] * h[0] + h[3] * h[3] + h[6] * h[6],
           n2 = h[1] * h[1] + h[4] * h[4] + h[7] * h[7];
    double a1 = h[0] * h[1] + h[3] * h[4], b1 = h[6] * h[7];
    double a2 = h[0] * h[0] + h[3] * h[3] - h[1] * h[1] - h[4] * h[4],
           b2 = h[6] * h[6] - h[7] * h[7];
    double weight = 1 / (n1 * n2 + 1e-30);
    sums[0] += weight * (a1 * a1 + a2 * a2);
    sums[1] += weight * (a1 * b1 + a2 * b2);
    sums[2] += weight * (b1 * b1 + b2 * b2);
}

/* Focal length in pixels; 0: the boards do not tell. Both a and b are noisy, so neither is taken
 * as exact: f^2 = sqrt(sum a a / sum b b). */
static double find_focal(const cf_board_set *set, const unsigned char *skip, int camera) {
    const int *size = set->size[camera];
    double unit = unit_of(size), sums[3] = {0}, h[9];
    for (int i = 0; i < set->count; i++)
        if (cf_board_counts(set, skip, i, camera) &&
            fit_homography(set, set->views[i].xy[camera], size, unit, h))
            add_focal(h, sums);
    double square = sums[1] < 0 && sums[2] > 0 ? sqrt(sums[0] / sums[2]) : 0;
    return square > 0.04 && square < 1e4 ? unit * sqrt(square) : 0;
}

static void cross(const double a[3], const double b[3], double out[3]) {
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static double length(const double a[3]) {
    return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

/* The two rotated axes that a homography gives, made orthogonal without preferring one. */
static void make_rotation(double a[3], double b[3], double r[9]) {
    double plus[3], minus[3], third[3];
    double la = length(a), lb = length(b);
    for (int i = 0; i < 3; i++) {
        plus[i] = a[i] / la + b[i] / lb;
        minus[i] = a[i] / la - b[i] / lb;
    }
    double lp = length(plus) * sqrt(2), lm = length(minus) * sqrt(2);
    for (int i = 0; i < 3; i++) {
        a[i] = plus[i] / lp + minus[i] / lm;
        b[i] = plus[i] / lp - minus[i] / lm;
    }
    cross(a, b, third);
    for (int i = 0; i < 3; i++) {
        r[3 * i] = a[i];
        r[3 * i + 1] = b[i];
        r[3 * i + 2] = third[i];
    }
}

/* Pose of the board (its first corner is the origin) before one camera; 0: it cannot be told. */
static int find_pose(const cf_board_set *set, const double *xy, const int size[2], double focal,
                     cf_board_pose *pose) {
    double h[9], a[3], b[3], r[9], s = set->board.square_m;
    if (!fit_homography(set, xy, size, focal, h)) /* in units of the focal length: rays */
        return 0;
    for (int i = 0; i < 3; i++) {
        a[i] = h[3 * i];
        b[i] = h[3 * i + 1];
    }
    double scale = 2 * s / (length(a) + length(b));
    if (!isfinite(scale) || h[8] * scale <= 0)
        return 0;
    make_rotation(a, b, r);
    cf_rotation_to_vector(r, pose->rt);
    double x = (set->board.columns - 1) / 2.0 * s, y = (set->board.rows - 1) / 2.0 * s;
    for (int i = 0; i < 3; i++) /* from the middle to the first corner */
        pose->rt[3 + i] = h[3 * i + 2] * scale - r[3 * i] * x - r[3 * i + 1] * y;
    return 1;
}

/* The board counted from another of the corners that look alike: turned about its middle. */
static void turn_pose(const cf_board *board, int quarters, cf_board_pose *pose) {
    double angle = quarters * 1.5707963267948966, c = cos(angle), n = sin(angle), out[6];
    double x = (board->columns - 1) / 2.0 * board->square_m,
           y = (board->rows - 1) / 2.0 * board->square_m;
    const double turn[6] = {0, 0, angle, x - c * x + n * y, y - n * x - c * y, 0};
    cf_rt_compose(pose->rt, turn, out);
    memcpy(pose->rt, out, sizeof out);
}

/* The same for its corners; quarter turns are for square boards. */
static cf_status turn_view(const cf_board_set *set, int quarters, double *xy) {
    int columns = set->board.columns, rows = set->board.rows, corners = columns * rows;
    double *old = quarters ? cf_alloc((size_t)corners, 2 * sizeof *old) : NULL;
    if (!quarters || !old)
        return quarters ? CF_ERR_MEMORY : CF_OK;
    memcpy(old, xy, (size_t)corners * 2 * sizeof *old);
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++) {
            int from = quarters == 2   ? corners - 1 - (y * columns + x)
                       : quarters == 1 ? x * columns + columns - 1 - y
                                       : (rows - 1 - x) * columns + y;
            memcpy(xy + 2 * (y * columns + x), old + 2 * from, 2 * sizeof *xy);
        }
    cf_free(old);
    return CF_OK;
}

/* How the cameras stand, from one view that both see. */
typedef struct {
    double rt[6], distance;
    int view, quarters;
} relation;

/* Ways to count a board that look alike. */
static int ways(const cf_board *board) {
    return board->columns == board->rows ? 4 : 2;
}

static double rotation_between(const double a[6], const double b[6]) {
    double inverse[6], delta[6];
    cf_rt_invert(b, inverse);
    cf_rt_compose(a, inverse, delta);
    return length(delta);
}

static int agree(const relation *a, const relation *b) {
    const double d[3] = {a->rt[3] - b->rt[3], a->rt[4] - b->rt[4], a->rt[5] - b->rt[5]};
    return rotation_between(a->rt, b->rt) < AGREE_RAD &&
           length(d) < AGREE_SHARE * fmax(a->distance, b->distance);
}

/* The relation that most views agree with, the least turned of equals. */
static int best_relation(const relation *list, int count, int *agreeing) {
    int best = -1;
    *agreeing = 0;
    for (int i = 0; i < count; i++) {
        int with = 0, last = -1;
        for (int k = 0; k < count; k++)
            if (list[k].view != last && agree(&list[i], &list[k])) {
                with++;
                last = list[k].view;
            }
        if (with > *agreeing ||
            (with == *agreeing && best >= 0 && length(list[i].rt) < length(list[best].rt))) {
            best = i;
            *agreeing = with;
        }
    }
    return best;
}

static void relate(const cf_board *board, const cf_board_pose *mono, const cf_board_pose *color,
                   relation *list) {
    int n = ways(board);
    double inverse[6];
    cf_rt_invert(mono->rt, inverse);
    for (int way = 0; way < n; way++) {
        cf_board_pose c = *color;
        list[way].quarters = way * 4 / n;
        turn_pose(board, list[way].quarters, &c);
        cf_rt_compose(c.rt, inverse, list[way].rt);
        list[way].distance = length(mono->rt + 3);
    }
}

/* Averages those that agree with the best one: rotation vectors of their differences, places. */
static void average(const relation *list, int count, int best, double rt[6]) {
    double inverse[6], sum[6] = {0}, delta[6];
    int n = 0;
    cf_rt_invert(list[best].rt, inverse);
    for (int i = 0; i < count; i++) {
        if (!agree(&list[best], &list[i]))
            continue;
        cf_rt_compose(list[i].rt, inverse, delta);
        for (int k = 0; k < 3; k++) {
            sum[k] += delta[k];
            sum[3 + k] += list[i].rt[3 + k];
        }
        n++;
    }
    double turn[6] = {sum[0] / n, sum[1] / n, sum[2] / n, 0, 0, 0};
    cf_rt_compose(turn, list[best].rt, rt);
    for (int k = 0; k < 3; k++)
        rt[3 + k] = sum[3 + k] / n;
}

/* Puts every view of the colour camera in the order that fits best. */
static cf_status order_views(cf_board_set *set, const relation *list, int count,
                             const double rt[6]) {
    int n = ways(&set->board);
    for (int i = 0; i < count; i += n) {
        int best = 0;
        for (int way = 1; way < n; way++)
            if (rotation_between(list[i + way].rt, rt) < rotation_between(list[i + best].rt, rt))
                best = way;
        CF_TRY(
            turn_view(set, list[i + best].quarters, set->views[list[i].view].xy[CF_BOARD_COLOR]));
    }
    return CF_OK;
}

static cf_status settle(cf_board_set *set, const cf_board_pose *color, relation *list, int count,
                        cf_board_guess *guess) {
    int agreeing, best = best_relation(list, count, &agreeing), pairs = count / ways(&set->board);
    if (best < 0 || agreeing < 2 || 4 * agreeing < pairs)
        return cf_fail(CF_ERR_INVALID,
                       "the two cameras do not agree on how they stand: of %d pairs only %d fit "
                       "together. Were the pictures of each pair taken at the same moment, and "
                       "do the lists name them in the same order?",
                       pairs, agreeing);
    average(list, count, best, guess->color_rt);
    CF_TRY(order_views(set, list, count, guess->color_rt));
    double to_mono[6];
    cf_rt_invert(guess->color_rt, to_mono);
    for (int i = 0; i < set->count; i++) /* seen by the colour camera only */
        if (isnan(guess->poses[i].rt[0]) && !isnan(color[i].rt[0]))
            cf_rt_compose(to_mono, color[i].rt, guess->poses[i].rt);
    return CF_OK;
}

/* Pose of a view before one camera; NaN where it does not see the board. */
static void place(const cf_board_set *set, const unsigned char *skip, int view, int camera,
                  double focal, cf_board_pose *pose) {
    if (!cf_board_counts(set, skip, view, camera) ||
        !find_pose(set, set->views[view].xy[camera], set->size[camera], focal, pose))
        pose->rt[0] = NAN;
}

static cf_status find_relation(cf_board_set *set, const unsigned char *skip, cf_board_pose *color,
                               cf_board_guess *guess) {
    int n = ways(&set->board), count = 0;
    relation *list = cf_alloc((size_t)set->count * (size_t)n, sizeof *list);
    if (!list)
        return CF_ERR_MEMORY;
    for (int i = 0; i < set->count; i++) {
        place(set, skip, i, CF_BOARD_MONO, guess->focal[CF_BOARD_MONO], &guess->poses[i]);
        place(set, skip, i, CF_BOARD_COLOR, guess->focal[CF_BOARD_COLOR], &color[i]);
        if (isnan(guess->poses[i].rt[0]) || isnan(color[i].rt[0]))
            continue;
        relate(&set->board, &guess->poses[i], &color[i], list + count);
        for (int way = 0; way < n; way++)
            list[count++].view = i;
    }
    cf_status status = settle(set, color, list, count, guess);
    cf_free(list);
    return status;
}

cf_status cf_board_start(cf_board_set *set, const unsigned char *skip, cf_board_guess *guess) {
    static const char *const names[] = {"mono", "colour"};
    for (int c = 0; c < 2; c++) {
        guess->focal[c] = guess->factor * find_focal(set, skip, c);
        if (!(guess->focal[c] > 0))
            return cf_fail(CF_ERR_INVALID,
                           "the %s pictures do not tell the focal length: the board stands nearly "
                           "parallel to the camera in all of them. Tilt it, by 20 to 45 degrees, "
                           "to all four sides",
                           names[c]);
    }
    cf_board_pose *color = cf_alloc((size_t)set->count, sizeof *color);
    if (!color)
        return CF_ERR_MEMORY;
    cf_status status = find_relation(set, skip, color, guess);
    cf_free(color);
    return status;
}
