/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a rig's models against pictures, and mends a small turn of the colour camera. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "calib/scene.h"
#include "calib/scene_look.h"

#define ROUNDS 3
#define SURE_PX 0.3 /* vertical offset that a first turn must mend */
#define SURE_AGAIN_PX 0.15
#define ERRORS 4 /* and so many of its standard errors */

/* Chance agreement reaches about the share of the search that the tolerance covers. */
static int sure(const cf_scene_look *l, double least_px) {
    return l->fit.inliers >= 40 && l->fit.inliers > 0.35 * l->candidates &&
           l->fit.effect_px > least_px && l->fit.effect_px > ERRORS * l->fit.error_px;
}

/* What turns the colour camera's model, for a turn of its rays in the grid's axes. */
static void to_camera(const cf_rectification *r, const double w[3], double out[3]) {
    for (int i = 0; i < 3; i++)
        out[i] =
            -(r->color_turn[i] * w[0] + r->color_turn[3 + i] * w[1] + r->color_turn[6 + i] * w[2]);
}

static void report(const cf_scene_look *l, int pairs, double before_px, cf_self_registration *out) {
    out->candidates = l->candidates;
    out->inliers = l->fit.inliers;
    out->before_px = before_px;
    out->vertical_px = l->fit.before_px;
    out->residual_px = l->fit.residual_px;
    out->error_px = l->fit.error_px;
    out->disparity_low = l->disparity[0];
    out->disparity_high = l->disparity[2];
    out->confidence = cf_scene_look_confidence(l, pairs);
}

/* Room in the search for what was seen; a few wrong matches do not count. */
static void make_room(const cf_scene_look *l, int pairs, cf_rectify_params *params) {
    double low = l->disparity[0] - 1.5, high = l->disparity[2] + 1.5;
    if (cf_scene_look_confidence(l, pairs) < 0.3)
        return;
    if (low < 0)
        params->disparity_slack = fmaxf(params->disparity_slack, (float)fmin(ceil(-low), 16));
    if (high > (double)l->rectification.disparity_max)
        params->disparity_extra +=
            (float)fmin(ceil(high - (double)l->rectification.disparity_max), 16);
}

/* Turns *model (NULL: the task's) on as *now says and looks again. 0 in *better: that did not help,
 * and nothing was changed. */
static cf_status turn_on(const cf_scene_task *task, const double w[3], cf_camera_model **model,
                         cf_scene_look *now, int *better) {
    cf_camera_model *turned;
    cf_scene_look next;
    cf_scene_task again = *task;
    CF_TRY(cf_camera_model_turned(*model ? *model : task->color, w, &turned));
    again.color = turned;
    cf_status status = cf_scene_look_take(&again, &next);
    *better = status == CF_OK && next.fit.inliers >= 0.9 * now->fit.inliers &&
              next.fit.before_px <= now->fit.before_px;
    if (!*better) {
        cf_camera_model_destroy(&turned);
        if (status == CF_OK)
            cf_scene_look_free(&next);
        return status;
    }
    cf_camera_model_destroy(model);
    cf_scene_look_free(now);
    *model = turned;
    *now = next;
    return CF_OK;
}

static cf_status mend(const cf_scene_task *task, cf_scene_look *now, cf_camera_model **model,
                      cf_self_registration *out) {
    int better = 1;
    for (int round = 0; round < ROUNDS && better && sure(now, round ? SURE_AGAIN_PX : SURE_PX);
         round++) {
        double w[3];
        to_camera(&now->rectification, now->fit.value + CF_SCENE_TURN_X, w);
        CF_TRY(turn_on(task, w, model, now, &better));
        for (int i = 0; i < 3 && better; i++)
            out->rotation[i] += w[i];
    }
    return CF_OK;
}

cf_status cf_scene_check(const cf_scene_pair *pairs, int count, const cf_camera_model *mono,
                         const cf_camera_model *color, cf_rectify_params *params,
                         cf_camera_model **mended, cf_self_registration *out) {
    const cf_scene_task task = {
        .pairs = pairs,
        .count = count,
        .mono = mono,
        .color = color,
        .params = params,
        .fit = {.prior =
                    {[CF_SCENE_TURN_X] = 5e-3, [CF_SCENE_TURN_Y] = 1e-3, [CF_SCENE_TURN_Z] = 4e-3},
                .drop = 3},
        .columns = CF_SCENE_COLUMNS,
    };
    cf_scene_look now;
    memset(out, 0, sizeof *out);
    *mended = NULL;
    if (count < 1 || count > CF_SCENE_MAX_PAIRS)
        return cf_fail(CF_ERR_INVALID, "registration: %d pairs; give 1 to %d", count,
                       CF_SCENE_MAX_PAIRS);
    CF_TRY(cf_scene_look_take(&task, &now));
    double before_px = now.fit.before_px;
    cf_status status = mend(&task, &now, mended, out);
    if (status == CF_OK) {
        out->applied = *mended != NULL;
        report(&now, count, before_px, out);
        make_room(&now, count, params);
    } else {
        cf_camera_model_destroy(mended);
    }
    cf_scene_look_free(&now);
    return status;
}
