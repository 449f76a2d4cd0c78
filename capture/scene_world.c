/* SPDX-License-Identifier: Apache-2.0 */
/* Where everything in the simulator's own scene stands. */
#include <assert.h>

#include "base/random.h"
#include "capture/scene_texture.h"
#include "capture/scene_trace.h"

static const double degree = 3.14159265358979323846 / 180;

/* Axes of a thing turned by yaw about the vertical, its front (local z) leaning back by tilt. */
static void face(cf_shape *s, double yaw, double tilt) {
    double c = cos(yaw * degree), n = sin(yaw * degree);
    cf_vec up = cf_vec_of(0, 1, 0), front = cf_vec_of(n, 0, -c);
    double ct = cos(tilt * degree), st = sin(tilt * degree);
    s->axis[0] = cf_vec_of(c, 0, n);
    s->axis[1] = cf_vec_sub(cf_vec_scale(up, ct), cf_vec_scale(front, st));
    s->axis[2] = cf_vec_add(cf_vec_scale(front, ct), cf_vec_scale(up, st));
}

static cf_shape *add(cf_world *w, cf_shape_kind kind, int material, cf_vec centre, cf_vec size) {
    assert(w->shape_count < CF_WORLD_SHAPES);
    cf_shape *s = &w->shapes[w->shape_count];
    *s = (cf_shape){.kind = kind, .material = material, .centre = centre, .size = size};
    s->seed = w->seed * 7919U + (unsigned)w->shape_count * 131U;
    face(s, 0, 0);
    switch (kind) {
    case CF_SHAPE_SPHERE: s->bound = size.x; break;
    case CF_SHAPE_CAPSULE: s->bound = size.x + size.y; break;
    case CF_SHAPE_CYLINDER:
    case CF_SHAPE_LEAF: s->bound = hypot(size.x, size.y); break;
    default: s->bound = sqrt(cf_vec_dot(size, size)); break;
    }
    s->bound += 1e-6;
    w->shape_count++;
    return s;
}

/* Makes one cluster of the shapes from first to the last one added. */
static void close_cluster(cf_world *w, int first) {
    assert(w->cluster_count < CF_WORLD_CLUSTERS);
    cf_cluster *c = &w->clusters[w->cluster_count++];
    *c = (cf_cluster){.first = first, .count = w->shape_count - first};
    for (int i = first; i < w->shape_count; i++)
        c->centre = cf_vec_add(c->centre, cf_vec_scale(w->shapes[i].centre, 1.0 / c->count));
    for (int i = first; i < w->shape_count; i++) {
        cf_vec d = cf_vec_sub(w->shapes[i].centre, c->centre);
        c->bound = cf_most(c->bound, sqrt(cf_vec_dot(d, d)) + w->shapes[i].bound);
    }
}

static void add_ball(cf_world *w, int material, double x, double z, double r) {
    int first = w->shape_count;
    cf_shape *s = add(w, CF_SHAPE_SPHERE, material, cf_vec_of(x, r, z), cf_vec_of(r, 0, 0));
    face(s, 25, 28);
    close_cluster(w, first);
}

/* A box that stands on height y. */
static void add_box(cf_world *w, int material, double x, double y, double z, cf_vec half,
                    double yaw) {
    int first = w->shape_count;
    cf_shape *s = add(w, CF_SHAPE_BOX, material, cf_vec_of(x, y + half.y, z), half);
    face(s, yaw, 0);
    close_cluster(w, first);
}

/* A thin board standing on the floor, leaning back. */
static void add_board(cf_world *w, int material, double x, double z, double half_width,
                      double half_height, double yaw, double tilt) {
    int first = w->shape_count;
    cf_shape *s =
        add(w, CF_SHAPE_BOX, material, cf_vec_of(x, half_height * cos(tilt * degree) + 0.004, z),
            cf_vec_of(half_width, half_height, 0.006));
    face(s, yaw, tilt);
    close_cluster(w, first);
}

static void add_pencils(cf_world *w, cf_random *random, double x, double z) {
    int first = w->shape_count;
    const double pi = 180 * degree;
    add(w, CF_SHAPE_CYLINDER, CF_MATERIAL_CUP, cf_vec_of(x, 0.055, z), cf_vec_of(0.044, 0.055, 0));
    for (int i = 0; i < 8; i++) {
        double turn = i * (2 * pi / 8) + cf_random_uniform(random) * 0.4;
        double lean = 0.13 + 0.22 * cf_random_uniform(random);
        cf_vec up = cf_vec_of(sin(lean) * cos(turn), cos(lean), sin(lean) * sin(turn));
        cf_vec foot = cf_vec_of(x + 0.012 * cos(turn), 0.02, z + 0.012 * sin(turn));
        cf_shape *s = add(w, CF_SHAPE_CAPSULE, CF_MATERIAL_PENCIL,
                          cf_vec_add(foot, cf_vec_scale(up, 0.1)), cf_vec_of(0.0045, 0.095, 0));
        s->axis[1] = up;
        s->axis[0] = cf_vec_unit(cf_vec_of(up.y, -up.x, 0));
        s->axis[2] = cf_vec_of(s->axis[0].y * up.z - s->axis[0].z * up.y,
                               s->axis[0].z * up.x - s->axis[0].x * up.z,
                               s->axis[0].x * up.y - s->axis[0].y * up.x);
        s->seed = (unsigned)i;
    }
    close_cluster(w, first);
}

static void add_leaf(cf_world *w, cf_random *random, cf_vec root) {
    double turn = cf_random_uniform(random) * 360 * degree;
    double rise = (10 + 65 * cf_random_uniform(random)) * degree;
    double reach = 0.05 + 0.17 * cf_random_uniform(random);
    cf_vec out = cf_vec_of(cos(rise) * cos(turn), sin(rise), cos(rise) * sin(turn));
    cf_vec side = cf_vec_of(-sin(turn), 0, cos(turn));
    double droop = (-50 + 60 * cf_random_uniform(random)) * degree;
    cf_shape *s =
        add(w, CF_SHAPE_LEAF, CF_MATERIAL_LEAF, cf_vec_add(root, cf_vec_scale(out, reach)),
            cf_vec_of(0.045 + 0.03 * cf_random_uniform(random),
                      0.014 + 0.010 * cf_random_uniform(random), 0));
    cf_vec along = cf_vec_of(cos(droop) * cos(turn), sin(droop), cos(droop) * sin(turn));
    s->axis[0] = along;
    s->axis[1] = side;
    s->axis[2] = cf_vec_of(along.y * side.z - along.z * side.y, along.z * side.x - along.x * side.z,
                           along.x * side.y - along.y * side.x);
}

/* A pot on height y with leaves in tight clusters, so that few are tested for most rays. */
static void add_plant(cf_world *w, cf_random *random, double x, double y, double z) {
    int first = w->shape_count;
    add(w, CF_SHAPE_CYLINDER, CF_MATERIAL_POT, cf_vec_of(x, y + 0.05, z), cf_vec_of(0.06, 0.05, 0));
    add(w, CF_SHAPE_CYLINDER, CF_MATERIAL_POT, cf_vec_of(x, y + 0.1, z), cf_vec_of(0.07, 0.014, 0));
    close_cluster(w, first);
    for (int part = 0; part < 4; part++) {
        first = w->shape_count;
        cf_vec root = cf_vec_of(x + 0.05 * (part - 1.5), y + 0.13 + 0.05 * (part & 1), z);
        for (int i = 0; i < 30; i++)
            add_leaf(w, random, root);
        close_cluster(w, first);
    }
}

void cf_world_build(cf_world *w, unsigned seed) {
    cf_random random;
    *w = (cf_world){.seed = seed};
    cf_random_seed(&random, seed);
    w->planes[0] = (cf_shape){.kind = CF_SHAPE_PLANE, .material = CF_MATERIAL_PLANKS, .seed = seed};
    face(&w->planes[0], 0, 0);
    w->planes[1] = (cf_shape){
        .kind = CF_SHAPE_PLANE, .material = CF_MATERIAL_BRICK, .centre = {0, 0, 3.1}, .seed = seed};
    w->planes[1].axis[0] = cf_vec_of(1, 0, 0);
    w->planes[1].axis[1] = cf_vec_of(0, 0, -1); /* its normal: towards the camera */
    w->planes[1].axis[2] = cf_vec_of(0, 1, 0);

    add_box(w, CF_MATERIAL_POSTER, 0.16, 0.52, 3.085, cf_vec_of(0.24, 0.24, 0.012), 0);
    add_box(w, CF_MATERIAL_CRATE, -0.30, 0, 2.60, cf_vec_of(0.21, 0.15, 0.15), 24);
    add_plant(w, &random, -0.27, 0.30, 2.58);
    add_board(w, CF_MATERIAL_CHART, -0.47, 1.95, 0.235, 0.165, -14, 12);
    add_board(w, CF_MATERIAL_PRINT, 0.56, 2.05, 0.20, 0.27, 17, 8);
    add_box(w, CF_MATERIAL_CRATE, 1.02, 0, 2.75, cf_vec_of(0.16, 0.24, 0.15), -30);
    add_ball(w, CF_MATERIAL_BEACH_BALL, 0.20, 2.42, 0.19);
    add_ball(w, CF_MATERIAL_MARBLE, -0.02, 2.02, 0.10);
    add_ball(w, CF_MATERIAL_GLOSSY, 0.13, 1.60, 0.125);
    add_ball(w, CF_MATERIAL_ORANGE, -0.13, 1.50, 0.055);
    add_ball(w, CF_MATERIAL_ORANGE, -0.235, 1.60, 0.058);
    add_box(w, CF_MATERIAL_BOOK, 0.47, 0, 1.53, cf_vec_of(0.115, 0.019, 0.085), -16);
    add_box(w, CF_MATERIAL_BOOK, 0.465, 0.038, 1.535, cf_vec_of(0.105, 0.015, 0.08), -4);
    add_box(w, CF_MATERIAL_STRIPES, 0.47, 0.068, 1.53, cf_vec_of(0.062, 0.062, 0.062), -34);
    add_pencils(w, &random, -0.555, 1.56);
}
