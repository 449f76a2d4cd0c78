/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the scene: vectors, shapes and the nearest of them along a ray. */
#ifndef CHROMAFUSE_CAPTURE_SCENE_TRACE_H
#define CHROMAFUSE_CAPTURE_SCENE_TRACE_H

#include <math.h>

typedef struct {
    double x, y, z; /* metres; x right, y up, z away from the camera */
} cf_vec;

static inline cf_vec cf_vec_of(double x, double y, double z) {
    return (cf_vec){x, y, z};
}
static inline cf_vec cf_vec_add(cf_vec a, cf_vec b) {
    return (cf_vec){a.x + b.x, a.y + b.y, a.z + b.z};
}
static inline cf_vec cf_vec_sub(cf_vec a, cf_vec b) {
    return (cf_vec){a.x - b.x, a.y - b.y, a.z - b.z};
}
static inline cf_vec cf_vec_scale(cf_vec a, double s) {
    return (cf_vec){a.x * s, a.y * s, a.z * s};
}
static inline double cf_vec_dot(cf_vec a, cf_vec b) {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
static inline cf_vec cf_vec_unit(cf_vec a) {
    return cf_vec_scale(a, 1 / sqrt(cf_vec_dot(a, a)));
}

/* fmin and fmax without their care for NaN, which costs a call each. */
static inline double cf_least(double a, double b) {
    return a < b ? a : b;
}
static inline double cf_most(double a, double b) {
    return a > b ? a : b;
}

typedef enum {
    CF_SHAPE_PLANE,    /* local y = 0, unbounded */
    CF_SHAPE_SPHERE,   /* radius size.x */
    CF_SHAPE_BOX,      /* half sides size */
    CF_SHAPE_CYLINDER, /* round about local y: radius size.x, half height size.y, closed */
    CF_SHAPE_CAPSULE,  /* the same with round ends */
    CF_SHAPE_LEAF,     /* local z = 0: pointed at x = +-size.x, half width size.y */
} cf_shape_kind;

typedef struct {
    cf_shape_kind kind;
    cf_vec centre, axis[3]; /* local axes in world coordinates, unit length, orthogonal */
    cf_vec size;
    double bound; /* radius of a sphere about centre that holds the shape */
    int material;
    unsigned seed; /* of its texture */
} cf_shape;

/* Shapes first .. first + count - 1 lie inside the sphere. */
typedef struct {
    cf_vec centre;
    double bound;
    int first, count;
} cf_cluster;

#define CF_WORLD_SHAPES 320
#define CF_WORLD_CLUSTERS 32 /* bits of a mask */

typedef struct {
    cf_shape shapes[CF_WORLD_SHAPES];
    cf_cluster clusters[CF_WORLD_CLUSTERS];
    cf_shape planes[2]; /* floor y = 0, and the wall at its centre's z */
    int shape_count, cluster_count;
    unsigned seed;
} cf_world;

typedef struct {
    double t; /* in lengths of the ray's direction */
    const cf_shape *shape;
    cf_vec local, local_normal; /* in the shape's axes */
    cf_vec point, normal;       /* world; the normal faces the ray's origin */
} cf_hit;

/* One bit per cluster that comes within margin of the segment: what a bundle of rays can meet. */
unsigned cf_world_near(const cf_world *world, cf_vec origin, cf_vec segment, double margin);

/* 1 and *hit for the nearest shape with t > 0 among floor, wall and the clusters in `near`. The
 * direction need not have unit length. */
int cf_world_trace(const cf_world *world, unsigned near, cf_vec origin, cf_vec direction,
                   cf_hit *hit);

/* 1 when a shape of the clusters in `near` lies at 0 < t < 1 of the segment. */
int cf_world_blocked(const cf_world *world, unsigned near, cf_vec origin, cf_vec segment);

/* Coordinates of a world vector in the shape's axes, and back. */
cf_vec cf_shape_to_local(const cf_shape *shape, cf_vec v);
cf_vec cf_shape_to_world(const cf_shape *shape, cf_vec v);

/* The table and all that stands on it. */
void cf_world_build(cf_world *world, unsigned seed);

#endif
