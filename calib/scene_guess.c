/* SPDX-License-Identifier: Apache-2.0 */
/* Starting points, priors and models. */
#include "calib/scene_guess.h"

#include <math.h>
#include <string.h>

#include "base/log.h"

#define BASELINE_M 0.1  /* made up where nobody tells */
#define USUAL_FOCAL 1.2 /* of the longer side: 45 degrees across */
#define BARREL 0.02     /* of the half diagonal: distortion to expect at a corner */
#define SHIFTED 1e-4    /* prior of the turn about y once the far end decides it, radians */

/* How much less of the scene the mono lens sees, where the colour lens is, how its picture is
 * turned. The first few are rigs as they are built; the last ones are mistakes. */
static const struct {
    double zoom, side[2];
    int quarter_turns;
} starts[] = {{1, {1, 0}, 0}, {0.5, {1, 0}, 0}, {0.7, {1, 0}, 0}, {1, {0, 1}, 0}, {1.4, {1, 0}, 0},
              {2, {1, 0}, 0}, {0.5, {0, 1}, 0}, {1, {1, 0}, 1},   {1, {1, 0}, 3}, {1, {1, 0}, 2}};
#define QUICK_STARTS 4

static void priors(const cf_scene_options *o, int given, cf_scene_guess *g) {
    int known = o->focal_px > 0 || given;
    double x = g->color_size[0] / 2.0 / g->color[0], y = g->color_size[1] / 2.0 / g->color[1];
    double corner = x * x + y * y, barrel = known ? 0.3 : fmin(fmax(BARREL / corner, 0.05), 1.5);
    double *p = g->prior;
    p[CF_SCENE_TURN_X] = p[CF_SCENE_TURN_Z] = 0.03;
    p[CF_SCENE_TURN_Y] = 0.01;
    p[CF_SCENE_ZOOM] = given ? 0.01 : known && o->color_focal_px > 0 ? 0.003 : 0.08;
    p[CF_SCENE_K1] = given ? 0.1 : barrel;
    p[CF_SCENE_LEAN_Y] = p[CF_SCENE_LEAN_Z] = 0.015;
    p[CF_SCENE_FOCAL] = known ? 0 : o->color_focal_px > 0 ? 0.1 : 0.5;
    p[CF_SCENE_K2] = barrel / (1 + corner * 2);
    p[CF_SCENE_P1] = p[CF_SCENE_P2] = 0.002;
    p[CF_SCENE_MONO_K1] = given ? 0.03 : barrel / 5;
}

static void sizes(const cf_scene_pair *pair, cf_scene_guess *g) {
    g->mono_size[0] = pair->mono.width;
    g->mono_size[1] = pair->mono.height;
    g->color_size[0] = pair->color.width;
    g->color_size[1] = pair->color.height;
}

static void center(const int size[2], double focal, double k[4]) {
    k[0] = k[1] = focal;
    k[2] = (size[0] - 1) / 2.0;
    k[3] = (size[1] - 1) / 2.0;
}

static int longer(const int size[2]) {
    return size[0] > size[1] ? size[0] : size[1];
}

int cf_scene_guess_start(const cf_scene_pair *pair, const cf_scene_options *o, int index,
                         cf_scene_guess *g) {
    if (index >= (o->quick ? QUICK_STARTS : (int)(sizeof starts / sizeof *starts)))
        return 0;
    memset(g, 0, sizeof *g);
    sizes(pair, g);
    int across = starts[index].quarter_turns % 2; /* the colour picture stands upright, say */
    double ratio = across ? longer(g->color_size) / (double)longer(g->mono_size)
                          : g->color_size[0] / (double)g->mono_size[0];
    double zoom = starts[index].zoom * ratio;
    double focal = o->focal_px > 0         ? o->focal_px
                   : o->color_focal_px > 0 ? o->color_focal_px / zoom
                                           : USUAL_FOCAL * longer(g->mono_size);
    center(g->mono_size, focal, g->mono);
    center(g->color_size, o->color_focal_px > 0 ? o->color_focal_px : focal * zoom, g->color);
    cf_scene_geometry_init(&g->start, focal);
    g->quarter_turns = starts[index].quarter_turns;
    const double quarter[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}}, *side = starts[index].side;
    const double *q = quarter[g->quarter_turns];
    /* The frame's x axis is the side; the colour camera's picture is turned before. */
    const double frame[9] = {side[0], side[1], 0, -side[1], side[0], 0, 0, 0, 1};
    memcpy(g->start.mono_turn, frame, sizeof frame);
    for (int i = 0; i < 2; i++) {
        g->start.color_turn[3 * i] = frame[3 * i] * q[0] - frame[3 * i + 1] * q[1];
        g->start.color_turn[3 * i + 1] = frame[3 * i] * q[1] + frame[3 * i + 1] * q[0];
    }
    g->baseline_m = o->baseline_m > 0 ? o->baseline_m : BASELINE_M;
    priors(o, 0, g);
    return 1;
}

static cf_status take_lens(const cf_camera_model *m, const char *who, const int size[2],
                           double pinhole[4], double k[CF_LENS_TERMS]) {
    char lens[CF_LENS_NAME_MAX];
    double numbers[4 + CF_LENS_TERMS] = {0};
    CF_TRY(cf_camera_model_check_size(m, size[0], size[1]));
    (void)cf_camera_model_lens(m, lens, numbers, 4 + CF_LENS_TERMS);
    if (strcmp(lens, "LENSMODEL_PINHOLE") != 0 && strcmp(lens, "LENSMODEL_OPENCV4") != 0 &&
        strcmp(lens, "LENSMODEL_OPENCV5") != 0)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "the %s model is a %s; ordinary pictures can only refine LENSMODEL_PINHOLE, "
                       "OPENCV4 or OPENCV5",
                       who, lens);
    memcpy(pinhole, numbers, 4 * sizeof *pinhole);
    memcpy(k, numbers + 4, CF_LENS_TERMS * sizeof *k);
    return CF_OK;
}

static void multiply_back(const double a[9], const double b[9], double out[9]) {
    for (int i = 0; i < 9; i++) {
        const double *row = a + i / 3 * 3, *column = b + i % 3 * 3;
        out[i] = row[0] * column[0] + row[1] * column[1] + row[2] * column[2];
    }
}

/* The frame and what turns both cameras into it, from the models' poses. */
static cf_status take_pose(const cf_scene_options *o, cf_scene_guess *g) {
    double rm[9], tm[3], rc[9], tc[3], place[3] = {0, 0, 0}, relative[9];
    cf_camera_model_pose(o->mono, rm, tm);
    cf_camera_model_pose(o->color, rc, tc);
    multiply_back(rc, rm, relative); /* mono -> colour */
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            place[i] -= relative[3 * j + i] * tc[j];
    for (int i = 0; i < 3; i++)
        place[i] += tm[i];
    double length = sqrt(place[0] * place[0] + place[1] * place[1] + place[2] * place[2]);
    double flat = hypot(place[0], place[1]);
    if (!(length > 1e-6) || flat < 0.6 * length)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "the rig has both lenses in one place, or one in front of the other");
    double *f = g->start.mono_turn;
    for (int i = 0; i < 3; i++)
        f[i] = place[i] / length;
    f[6] = -f[2] * f[0] * length / flat;
    f[7] = -f[2] * f[1] * length / flat;
    f[8] = flat / length;
    f[3] = f[7] * f[2] - f[8] * f[1];
    f[4] = f[8] * f[0] - f[6] * f[2];
    f[5] = f[6] * f[1] - f[7] * f[0];
    multiply_back(f, relative, g->start.color_turn);
    g->baseline_m = o->baseline_m > 0 ? o->baseline_m : length;
    return CF_OK;
}

cf_status cf_scene_guess_from_models(const cf_scene_pair *pair, const cf_scene_options *o,
                                     cf_scene_guess *g) {
    memset(g, 0, sizeof *g);
    sizes(pair, g);
    cf_scene_geometry_init(&g->start, 1);
    CF_TRY(take_lens(o->mono, "mono", g->mono_size, g->mono, g->start.mono_k));
    CF_TRY(take_lens(o->color, "colour", g->color_size, g->color, g->start.color_k));
    g->start.focal = g->mono[1];
    g->given = 1;
    priors(o, 1, g);
    return take_pose(o, g);
}

static cf_status make_model(const int size[2], const double k[4], const double distortion[],
                            const double rt[6], cf_camera_model **out) {
    double all[4 + CF_LENS_TERMS];
    int plain = 1;
    memcpy(all, k, 4 * sizeof *all);
    memcpy(all + 4, distortion, CF_LENS_TERMS * sizeof *all);
    for (int i = 0; i < CF_LENS_TERMS; i++)
        plain &= fabs(distortion[i]) < 1e-12;
    return cf_camera_model_create(plain ? "LENSMODEL_PINHOLE" : "LENSMODEL_OPENCV5", size[0],
                                  size[1], all, plain ? 4 : 4 + CF_LENS_TERMS, rt, out);
}

cf_status cf_scene_guess_models(const cf_scene_guess *g, cf_camera_model **mono,
                                cf_camera_model **color) {
    cf_scene_geometry now;
    double rt[6], r[9], m[4], k[4];
    *mono = *color = NULL;
    cf_scene_geometry_change(&g->start, g->value, &now);
    for (int i = 0; i < 9; i++) {
        const double *a = now.color_turn + i / 3, *b = now.mono_turn + i % 3;
        r[i] = a[0] * b[0] + a[3] * b[3] + a[6] * b[6];
    }
    cf_rotation_to_vector(r, rt);
    for (int i = 0; i < 3; i++) /* the colour lens is at the baseline's end of the frame's x axis */
        rt[3 + i] = -g->baseline_m * now.color_turn[i];
    for (int i = 0; i < 4; i++) {
        m[i] = g->mono[i] * (i < 2 ? now.scale : 1);
        k[i] = g->color[i] * (i < 2 ? now.scale * now.zoom : 1);
    }
    CF_TRY(make_model(g->mono_size, m, now.mono_k, NULL, mono));
    cf_status status = make_model(g->color_size, k, now.color_k, rt, color);
    if (status != CF_OK)
        cf_camera_model_destroy(mono);
    return status;
}

void cf_scene_guess_mirror(cf_scene_guess *g) {
    for (int i = 0; i < 6; i++) {
        g->start.mono_turn[i] = -g->start.mono_turn[i];
        g->start.color_turn[i] = -g->start.color_turn[i];
    }
    g->value[CF_SCENE_TURN_X] *= -1;
    g->value[CF_SCENE_TURN_Y] *= -1;
    g->value[CF_SCENE_LEAN_Z] *= -1;
}

void cf_scene_guess_shift(cf_scene_guess *g, double pixels) {
    double turn[CF_SCENE_PARAMS] = {0};
    turn[CF_SCENE_TURN_Y] =
        (g->value[CF_SCENE_TURN_Y] - pixels / g->start.focal) / exp(g->value[CF_SCENE_FOCAL]);
    cf_scene_geometry_change(&g->start, turn, &g->start);
    g->value[CF_SCENE_TURN_Y] = 0;
    g->prior[CF_SCENE_TURN_Y] = SHIFTED;
}
