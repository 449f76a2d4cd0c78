/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of board views, and transforms. */
#include "calib/board.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/board_internal.h"

cf_status cf_board_set_create(const cf_board *board, int count, cf_board_set *set) {
    *set = (cf_board_set){.board = *board};
    if (board->columns < 3 || board->rows < 3 || board->columns > CF_BOARD_MAX_SIDE ||
        board->rows > CF_BOARD_MAX_SIDE)
        return cf_fail(CF_ERR_INVALID,
                       "a board of %dx%d inner corners cannot be used: 3 to %d each way",
                       board->columns, board->rows, CF_BOARD_MAX_SIDE);
    if (!(board->square_m >= 1e-5 && board->square_m <= 100))
        return cf_fail(CF_ERR_INVALID, "squares of %g m cannot be used", board->square_m);
    if (count < 1 || count > CF_BOARD_MAX_VIEWS)
        return cf_fail(CF_ERR_INVALID, "%d pictures of the board: 1 to %d can be used", count,
                       CF_BOARD_MAX_VIEWS);
    set->views = cf_alloc((size_t)count, sizeof *set->views);
    if (!set->views)
        return CF_ERR_MEMORY;
    set->count = count;
    return CF_OK;
}

cf_status cf_board_set_add(cf_board_set *set, int index, int camera, const double *xy) {
    cf_board_view *v = &set->views[index];
    size_t corners = (size_t)set->board.columns * (size_t)set->board.rows;
    cf_free(v->xy[camera]);
    cf_free(v->ok[camera]);
    v->xy[camera] = cf_alloc(corners, 2 * sizeof *xy);
    v->ok[camera] = cf_alloc(corners, 1);
    if (!v->xy[camera] || !v->ok[camera])
        return CF_ERR_MEMORY;
    memcpy(v->xy[camera], xy, corners * 2 * sizeof *xy);
    for (size_t i = 0; i < corners; i++)
        v->ok[camera][i] = isfinite(xy[2 * i]) && isfinite(xy[2 * i + 1]);
    return CF_OK;
}

void cf_board_set_clear(cf_board_set *set) {
    for (int i = 0; i < set->count; i++)
        for (int c = 0; c < 2; c++) {
            cf_free(set->views[i].xy[c]);
            cf_free(set->views[i].ok[c]);
        }
    cf_free(set->views);
    *set = (cf_board_set){0};
}

int cf_board_counts(const cf_board_set *set, const unsigned char *skip, int view, int camera) {
    const cf_board_view *v = &set->views[view];
    return v->xy[camera] && !v->left_out[camera] && !(skip && skip[view]);
}

int cf_board_seen(const cf_board_set *set, int camera) {
    int seen = 0;
    for (int i = 0; i < set->count; i++)
        seen += camera >= 0 ? cf_board_counts(set, NULL, i, camera)
                            : cf_board_counts(set, NULL, i, 0) && cf_board_counts(set, NULL, i, 1);
    return seen;
}

void cf_rt_apply(const double rt[6], const double p[3], double out[3]) {
    double r[9];
    cf_rotation_from_vector(rt, r);
    for (int i = 0; i < 3; i++)
        out[i] = r[3 * i] * p[0] + r[3 * i + 1] * p[1] + r[3 * i + 2] * p[2] + rt[3 + i];
}

/* By matrices: mrcal's own composition of rotation vectors may give angles above half a turn. */
void cf_rt_compose(const double a[6], const double b[6], double out[6]) {
    double ra[9], rb[9], r[9], t[3];
    cf_rotation_from_vector(a, ra);
    cf_rotation_from_vector(b, rb);
    for (int i = 0; i < 9; i++)
        r[i] = ra[i / 3 * 3] * rb[i % 3] + ra[i / 3 * 3 + 1] * rb[3 + i % 3] +
               ra[i / 3 * 3 + 2] * rb[6 + i % 3];
    cf_rt_apply(a, b + 3, t);
    cf_rotation_to_vector(r, out);
    memcpy(out + 3, t, sizeof t);
}

void cf_rt_invert(const double rt[6], double out[6]) {
    double back[6] = {-rt[0], -rt[1], -rt[2], 0, 0, 0}, t[3];
    cf_rt_apply(back, rt + 3, t);
    memcpy(out, back, 3 * sizeof *out);
    for (int i = 0; i < 3; i++)
        out[3 + i] = -t[i];
}

void cf_board_project(const cf_board *board, const cf_board_pose *pose,
                      const cf_camera_model *model, const double warp_m[2], double *xy) {
    double rotation[9], rt[6], whole[6];
    cf_camera_model_pose(model, rotation, rt + 3);
    cf_rotation_to_vector(rotation, rt);
    cf_rt_compose(rt, pose->rt, whole);
    for (int i = 0; i < board->columns * board->rows; i++) {
        /* mrcal's board: bent as two parabolas, 0 at the edges */
        double u = i % board->columns / (double)(board->columns - 1),
               v = i / board->columns / (double)(board->rows - 1);
        const double p[3] = {i % board->columns * board->square_m,
                             i / board->columns * board->square_m,
                             4 * (u - u * u) * warp_m[0] + 4 * (v - v * v) * warp_m[1]};
        double q[3];
        cf_rt_apply(whole, p, q);
        xy[2 * i] = xy[2 * i + 1] = NAN;
        if (cf_camera_model_project(model, q, xy + 2 * i) == 0)
            xy[2 * i] = xy[2 * i + 1] = NAN;
    }
}
