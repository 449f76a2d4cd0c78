/* SPDX-License-Identifier: Apache-2.0 */
/* Rays against floor and wall, spheres, boxes, cylinders, capsules and leaves. */
#include "capture/scene_trace.h"

#include <stddef.h>

#define NEAR 1e-6

cf_vec cf_shape_to_local(const cf_shape *s, cf_vec v) {
    return cf_vec_of(cf_vec_dot(v, s->axis[0]), cf_vec_dot(v, s->axis[1]),
                     cf_vec_dot(v, s->axis[2]));
}

cf_vec cf_shape_to_world(const cf_shape *s, cf_vec v) {
    return cf_vec_add(cf_vec_add(cf_vec_scale(s->axis[0], v.x), cf_vec_scale(s->axis[1], v.y)),
                      cf_vec_scale(s->axis[2], v.z));
}

/* Every function below: the first t in (NEAR, far) at which the local ray enters, its normal, else
 * 0. */

static double hit_sphere(cf_vec o, cf_vec d, double r, double far, cf_vec *n) {
    double a = cf_vec_dot(d, d), b = cf_vec_dot(o, d), c = cf_vec_dot(o, o) - r * r;
    double q = b * b - a * c;
    if (q <= 0)
        return 0;
    double t = (-b - sqrt(q)) / a;
    if (!(t > NEAR && t < far))
        return 0;
    *n = cf_vec_scale(cf_vec_add(o, cf_vec_scale(d, t)), 1 / r);
    return t;
}

static double hit_box(cf_vec o, cf_vec d, cf_vec h, double far, cf_vec *n) {
    const double os[3] = {o.x, o.y, o.z}, ds[3] = {d.x, d.y, d.z}, hs[3] = {h.x, h.y, h.z};
    double in = -HUGE_VAL, out = HUGE_VAL;
    int face = 0;
    for (int i = 0; i < 3; i++) {
        double inverse = 1 / ds[i];
        double a = (-hs[i] - os[i]) * inverse, b = (hs[i] - os[i]) * inverse;
        double enter = cf_least(a, b), leave = cf_most(a, b);
        if (enter > in) {
            in = enter;
            face = i;
        }
        out = cf_least(out, leave);
    }
    if (!(in <= out && in > NEAR && in < far))
        return 0;
    double sign = ds[face] > 0 ? -1 : 1;
    *n = cf_vec_of(face == 0 ? sign : 0, face == 1 ? sign : 0, face == 2 ? sign : 0);
    return in;
}

/* The side of a round column about y between -h and h. */
static double hit_side(cf_vec o, cf_vec d, double r, double h, double far, cf_vec *n) {
    double a = d.x * d.x + d.z * d.z, b = o.x * d.x + o.z * d.z, c = o.x * o.x + o.z * o.z - r * r;
    double q = b * b - a * c;
    if (q <= 0 || a <= 0)
        return 0;
    double t = (-b - sqrt(q)) / a, y = o.y + t * d.y;
    if (!(t > NEAR && t < far && fabs(y) <= h))
        return 0;
    *n = cf_vec_of((o.x + t * d.x) / r, 0, (o.z + t * d.z) / r);
    return t;
}

static double hit_cylinder(cf_vec o, cf_vec d, double r, double h, double far, cf_vec *n) {
    double t = hit_side(o, d, r, h, far, n);
    if (t > 0)
        return t;
    double sign = d.y > 0 ? -1 : 1;
    t = (sign * h - o.y) / d.y;
    double x = o.x + t * d.x, z = o.z + t * d.z;
    if (!(t > NEAR && t < far && x * x + z * z <= r * r))
        return 0;
    *n = cf_vec_of(0, sign, 0);
    return t;
}

static double hit_capsule(cf_vec o, cf_vec d, double r, double h, double far, cf_vec *n) {
    double best = hit_side(o, d, r, h, far, n);
    for (int end = -1; end <= 1; end += 2) {
        cf_vec normal, from = cf_vec_of(o.x, o.y - end * h, o.z);
        double t = hit_sphere(from, d, r, best > 0 ? best : far, &normal);
        if (t > 0) {
            best = t;
            *n = normal;
        }
    }
    return best;
}

static double hit_leaf(cf_vec o, cf_vec d, cf_vec size, double far, cf_vec *n) {
    double t = -o.z / d.z;
    if (!(t > NEAR && t < far))
        return 0;
    double x = (o.x + t * d.x) / size.x, y = (o.y + t * d.y) / size.y;
    if (fabs(x) >= 1 || fabs(y) >= (1 - x * x) * (1 - 0.25 * x))
        return 0;
    *n = cf_vec_of(0, 0, d.z > 0 ? -1 : 1);
    return t;
}

static double hit_shape(const cf_shape *s, cf_vec origin, cf_vec direction, double far, cf_vec *n) {
    cf_vec o = cf_shape_to_local(s, cf_vec_sub(origin, s->centre));
    cf_vec d = cf_shape_to_local(s, direction);
    switch (s->kind) {
    case CF_SHAPE_PLANE: return 0; /* cf_world_trace meets those itself */
    case CF_SHAPE_SPHERE: return hit_sphere(o, d, s->size.x, far, n);
    case CF_SHAPE_BOX: return hit_box(o, d, s->size, far, n);
    case CF_SHAPE_CYLINDER: return hit_cylinder(o, d, s->size.x, s->size.y, far, n);
    case CF_SHAPE_CAPSULE: return hit_capsule(o, d, s->size.x, s->size.y, far, n);
    case CF_SHAPE_LEAF: return hit_leaf(o, d, s->size, far, n);
    }
    return 0;
}

/* Whether the ray comes within r of centre before far. */
static int near_sphere(cf_vec centre, double r, cf_vec o, cf_vec d, double dd, double far) {
    cf_vec to = cf_vec_sub(centre, o);
    double along = cf_vec_dot(to, d), distance2 = cf_vec_dot(to, to);
    if (along < 0)
        return distance2 < r * r;
    double gap2 = distance2 - along * along / dd;
    if (gap2 > r * r)
        return 0;
    return (along - sqrt(dd * (r * r - gap2))) < far * dd;
}

/* The nearest shape of the clusters before far; with any != 0 the first one found. */
static const cf_shape *search(const cf_world *w, unsigned near, cf_vec o, cf_vec d, double *far,
                              cf_vec *normal, int any) {
    const cf_shape *best = NULL;
    double dd = cf_vec_dot(d, d);
    for (int i = 0; near; i++, near >>= 1) {
        const cf_cluster *c = &w->clusters[i];
        if (!(near & 1) || !near_sphere(c->centre, c->bound, o, d, dd, *far))
            continue;
        for (int k = c->first; k < c->first + c->count; k++) {
            const cf_shape *s = &w->shapes[k];
            cf_vec n;
            if (c->count > 1 && !near_sphere(s->centre, s->bound, o, d, dd, *far))
                continue;
            double t = hit_shape(s, o, d, *far, &n);
            if (t <= 0)
                continue;
            best = s;
            *far = t;
            *normal = n;
            if (any)
                return best;
        }
    }
    return best;
}

unsigned cf_world_near(const cf_world *world, cf_vec origin, cf_vec segment, double margin) {
    unsigned near = 0;
    double inverse = 1 / cf_vec_dot(segment, segment);
    for (int i = 0; i < world->cluster_count; i++) {
        const cf_cluster *c = &world->clusters[i];
        cf_vec to = cf_vec_sub(c->centre, origin);
        double along = cf_least(cf_most(cf_vec_dot(to, segment) * inverse, 0), 1),
               r = c->bound + margin;
        cf_vec gap = cf_vec_sub(to, cf_vec_scale(segment, along));
        near |= (unsigned)(cf_vec_dot(gap, gap) < r * r) << i;
    }
    return near;
}

int cf_world_trace(const cf_world *world, unsigned near, cf_vec origin, cf_vec direction,
                   cf_hit *hit) {
    double far = 1e3;
    double below = -origin.y / direction.y;
    double behind = (world->planes[1].centre.z - origin.z) / direction.z;
    const cf_shape *plane = NULL;
    if (below > NEAR && below < far) {
        plane = &world->planes[0];
        far = below;
    }
    if (behind > NEAR && behind < far) {
        plane = &world->planes[1];
        far = behind;
    }
    hit->local_normal = cf_vec_of(0, 1, 0);
    const cf_shape *best = search(world, near, origin, direction, &far, &hit->local_normal, 0);
    if (!best && !plane)
        return 0;
    hit->t = far;
    hit->shape = best ? best : plane;
    hit->point = cf_vec_add(origin, cf_vec_scale(direction, far));
    hit->local = cf_shape_to_local(hit->shape, cf_vec_sub(hit->point, hit->shape->centre));
    hit->normal = cf_shape_to_world(hit->shape, hit->local_normal);
    return 1;
}

int cf_world_blocked(const cf_world *world, unsigned near, cf_vec origin, cf_vec segment) {
    double far = 1;
    cf_vec n;
    return search(world, near, origin, segment, &far, &n, 1) != NULL;
}
