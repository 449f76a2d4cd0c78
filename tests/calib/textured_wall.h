/* SPDX-License-Identifier: Apache-2.0 */
/* A textured wall with a step, as two cameras of known geometry see it; for tests of registration.
 */
#ifndef CHROMAFUSE_TESTS_CALIB_TEXTURED_WALL_H
#define CHROMAFUSE_TESTS_CALIB_TEXTURED_WALL_H

#include <math.h>
#include <string.h>

#include "calib/self_register.h"
#include "tests/test_main.h"

#define W 400
#define H 300
#define DEGREE (3.14159265358979 / 180)

static inline unsigned hash(int x, int y) {
    unsigned h = (unsigned)x * 374761393U + (unsigned)y * 668265263U;
    h = (h ^ (h >> 13)) * 1274126177U;
    return h ^ (h >> 16);
}

/* Smooth random brightness 0..1 with details of about `size` metres. */
static inline double texture(double x, double y, double size) {
    double fx = floor(x / size), fy = floor(y / size), u = x / size - fx, v = y / size - fy;
    double c[4];
    for (int i = 0; i < 4; i++)
        c[i] = (hash((int)fx + (i & 1), (int)fy + (i >> 1)) & 0xffff) / 65535.0;
    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    return (1 - v) * ((1 - u) * c[0] + u * c[1]) + v * ((1 - u) * c[2] + u * c[3]);
}

/* What there is to see. */
typedef struct {
    double contrast;  /* of the texture; 0: grey */
    double block;     /* depth of a block in front of the wall, metres; 0: none */
    double k1;        /* distortion of the colour lens */
    double elsewhere; /* metres that the colour camera's texture is moved by: another scene */
    unsigned seed;
} wall;

/* Raw codes of the wall z = 3 + x / 4 and of the block (rig coordinates), seen through a camera. */
static inline void render(const cf_camera_model *m, const wall *what, double shift, unsigned seed,
                          cf_image *raw) {
    double r[9], t[3], place[3];
    cf_camera_model_pose(m, r, t);
    for (int i = 0; i < 3; i++)
        place[i] = -(r[i] * t[0] + r[3 + i] * t[1] + r[6 + i] * t[2]);
    for (int y = 0; y < raw->height; y++) {
        unsigned short *row = cf_image_row(raw, 0, y);
        for (int x = 0; x < raw->width; x++) {
            double ray[3], way[3], q[2] = {x, y};
            ck_assert(cf_camera_model_unproject(m, q, ray));
            for (int i = 0; i < 3; i++)
                way[i] = r[i] * ray[0] + r[3 + i] * ray[1] + r[6 + i] * ray[2];
            double s = (3 + place[0] / 4 - place[2]) / (way[2] - way[0] / 4);
            double px = place[0] + s * way[0], py = place[1] + s * way[1];
            double near = (what->block - place[2]) / way[2];
            double bx = place[0] + near * way[0], by = place[1] + near * way[1];
            if (what->block > 0 && fabs(bx) < 0.3 && fabs(by - 0.1) < 0.2) {
                px = bx + 20;
                py = by;
            }
            px += shift;
            double light = 0.4 + what->contrast * (0.6 * texture(px, py, 0.06) +
                                                   0.4 * texture(px + 7, py, 0.021) - 0.5);
            double noise = (hash(x + 100000 * (int)seed, y) & 0xffff) / 65535.0 - 0.5;
            row[x] = (unsigned short)(256 + 16000 * (light + 0.04 * noise));
        }
    }
}

typedef struct {
    cf_camera_model *mono, *color;
    cf_image mono_raw, color_raw;
    cf_camera_profile mono_profile, color_profile;
    cf_self_view mono_view, color_view;
} pair;

/* Colour lens at place (metres), turned by degrees; its picture `ratio` times smaller. */
static inline void make_wall_pair(pair *p, const double degrees[3], const double place[3],
                                  int ratio, const wall *what) {
    const double km[4] = {600, 600, (W - 1) / 2.0, (H - 1) / 2.0};
    const double kc[9] = {600.0 / ratio, 600.0 / ratio, (W / ratio - 1) / 2.0,
                          (H / ratio - 1) / 2.0, what->k1};
    double rt[6], r[9];
    memset(p, 0, sizeof *p);
    for (int i = 0; i < 3; i++)
        rt[i] = degrees[i] * DEGREE;
    cf_rotation_from_vector(rt, r);
    for (int i = 0; i < 3; i++)
        rt[3 + i] = -(r[3 * i] * place[0] + r[3 * i + 1] * place[1] + r[3 * i + 2] * place[2]);
    ck_assert_int_eq(cf_camera_model_pinhole(W, H, km, NULL, &p->mono), CF_OK);
    ck_assert_int_eq(
        cf_camera_model_create(what->k1 < 0 ? "LENSMODEL_OPENCV5" : "LENSMODEL_PINHOLE", W / ratio,
                               H / ratio, kc, what->k1 < 0 ? 9 : 4, rt, &p->color),
        CF_OK);
    ck_assert_int_eq(cf_image_alloc(W, H, 1, CF_PIXEL_U16, &p->mono_raw), CF_OK);
    ck_assert_int_eq(cf_image_alloc(W / ratio, H / ratio, 1, CF_PIXEL_U16, &p->color_raw), CF_OK);
    render(p->mono, what, 0, 2 * what->seed + 1, &p->mono_raw);
    render(p->color, what, what->elsewhere, 2 * what->seed + 2, &p->color_raw);
    cf_camera_profile_init(&p->mono_profile);
    cf_camera_profile_init(&p->color_profile);
    p->color_profile.is_color = 1;
    for (int i = 0; i < 4; i++)
        p->mono_profile.black[i] = p->color_profile.black[i] = 256;
    p->mono_profile.white = p->color_profile.white = 16383;
    p->mono_view = (cf_self_view){&p->mono_raw, &p->mono_profile};
    p->color_view = (cf_self_view){&p->color_raw, &p->color_profile};
}

static inline void make_pair(pair *p, const double degrees[3], const double place[3], int ratio,
                             double contrast) {
    const wall plain = {.contrast = contrast};
    make_wall_pair(p, degrees, place, ratio, &plain);
}

static inline void free_pair(pair *p) {
    cf_image_free(&p->mono_raw);
    cf_image_free(&p->color_raw);
    cf_camera_model_destroy(&p->mono);
    cf_camera_model_destroy(&p->color);
}

#endif
