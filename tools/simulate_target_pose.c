/* SPDX-License-Identifier: Apache-2.0 */
/* Where the card is held: as told, or wherever the cameras can see it. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "tools/simulate_target.h"

#define TRIES 4000
#define CHOICES 40 /* fitting poses of which the one nearest to its place is taken */
#define MARGIN 3   /* pixels of the card's border that must be inside the picture */

static void multiply(const double a[9], const double b[9], double out[9]) {
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            out[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c];
}

static int sees(const cf_target_camera *camera, const cf_target *card) {
    double half[2], point[3], q[2];
    cf_target_half_size(card, half);
    for (int i = 0; i < 8; i++) { /* corners and middles of the sides */
        static const int at[8][2] = {{-1, -1}, {0, -1}, {1, -1}, {1, 0},
                                     {1, 1},   {0, 1},  {-1, 1}, {-1, 0}};
        cf_target_place(card, at[i][0] * half[0], at[i][1] * half[1], point);
        if (!cf_target_project(camera->model, point, q) || !(q[0] >= MARGIN) || !(q[1] >= MARGIN) ||
            !(q[0] <= camera->width - 1 - MARGIN) || !(q[1] <= camera->height - 1 - MARGIN))
            return 0;
    }
    return 1;
}

int cf_target_seen_by(const cf_target_rig *rig, const cf_target *card) {
    return sees(&rig->camera[0], card) | sees(&rig->camera[1], card) << 1;
}

/* Puts the card's centre on the mono camera's ray through a pixel, so far away that it fills `fill`
 * of the picture's width when seen straight on. */
static int place(const cf_target_rig *rig, double fill, const double pixel[2], cf_target *card) {
    const cf_target_camera *mono = &rig->camera[0];
    double focal[2], half[2], ray[3], r[9], t[3], p[3];
    cf_camera_model_focal(mono->model, focal);
    cf_target_half_size(card, half);
    if (!cf_camera_model_unproject(mono->model, pixel, ray) || !(ray[2] > 0.05))
        return 0;
    double share = fmax(half[0] / mono->width, half[1] / mono->height);
    double depth = focal[0] * 2 * share / fill;
    cf_camera_model_pose(mono->model, r, t);
    for (int i = 0; i < 3; i++)
        p[i] = ray[i] / ray[2] * depth - t[i];
    for (int i = 0; i < 3; i++)
        card->translation[i] = r[i] * p[0] + r[3 + i] * p[1] + r[6 + i] * p[2];
    card->wall_m = 2.5 * depth;
    return 1;
}

static void told_pose(const cf_target_request *r, double rotation[9]) {
    double axes[3][9], both[9];
    for (int i = 0; i < 3; i++) {
        double v[3] = {0};
        v[i] = r->rotation_deg[i] * (M_PI / 180);
        cf_rotation_from_vector(v, axes[i]);
    }
    multiply(axes[0], axes[1], both);
    multiply(both, axes[2], rotation);
}

/* Tilted about any axis in the card, and rolled. */
static void random_rotation(double tilt_deg, cf_random *random, double rotation[9]) {
    double axis = 2 * M_PI * cf_random_uniform(random), tilt, roll, a[9], b[9];
    tilt = tilt_deg * (M_PI / 180) * sqrt(cf_random_uniform(random));
    roll = 15 * (M_PI / 180) * (2 * cf_random_uniform(random) - 1);
    const double v[3] = {tilt * cos(axis), tilt * sin(axis), 0}, w[3] = {0, 0, roll};
    cf_rotation_from_vector(v, a);
    cf_rotation_from_vector(w, b);
    multiply(a, b, rotation);
}

cf_status cf_target_pose(const cf_target_request *r, const cf_target_rig *rig, cf_random *random,
                         long index, cf_target *card) {
    const double width = rig->camera[0].width, height = rig->camera[0].height;
    double pixel[2] = {(0.5 + r->shift[0]) * (width - 1), (0.5 + r->shift[1]) * (height - 1)};
    if (r->posed) {
        told_pose(r, card->rotation);
        if (place(rig, r->fill, pixel, card))
            return CF_OK;
        return cf_fail(CF_ERR_INVALID, "simulate: --shift puts the card where the lens is blind");
    }
    const int wanted_one = index >= r->poses - r->one_sided;
    /* the place that this picture is for: the middle, the borders, the corners in turn */
    const double aim[2] = {(double)(index % 3) / 2, (double)(index / 3 % 3) / 2};
    double nearest = INFINITY;
    cf_target best = *card;
    for (int i = 0, found = 0; i < TRIES && found < CHOICES; i++) {
        const double u = cf_random_uniform(random), v = cf_random_uniform(random);
        double fill = 0.3 + 0.5 * cf_random_uniform(random);
        double away = hypot(u - aim[0], v - aim[1]) - 0.6 * fill; /* large ones are better */
        pixel[0] = width * u;
        pixel[1] = height * v;
        random_rotation(r->tilt_deg, random, card->rotation);
        int seen = place(rig, fill, pixel, card) ? cf_target_seen_by(rig, card) : 0;
        if (wanted_one ? seen != 1 && seen != 2 : seen != 3)
            continue;
        found++;
        if (away < nearest) {
            nearest = away;
            best = *card;
        }
    }
    *card = best;
    if (isfinite(nearest))
        return CF_OK;
    return cf_fail(CF_ERR_INVALID,
                   "simulate: found no pose of this card that %s: the cameras of the rig do not "
                   "look the same way, or all see everything",
                   wanted_one ? "only one camera sees whole" : "both cameras see whole");
}
