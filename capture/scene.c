/* SPDX-License-Identifier: Apache-2.0 */
/* Light, cameras and anti-aliasing of the simulator's own scene. */
#include "capture/scene.h"

#include <pthread.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/scene_noise.h"
#include "capture/scene_texture.h"
#include "capture/scene_trace.h"

#define SAMPLES 16
#define FIRST_SAMPLES 4
#define MAX_THREADS 8

/* The camera stands 0.62 m above the floor and looks 9 degrees down. */
static const cf_vec camera = {0, 0.62, 0}, lamp = {-1.5, 2.3, 0.1};
static const double pitch_cos = 0.98768834059513777, pitch_sin = 0.15643446504023087;
static const double lamp_radius = 0.16, lamp_color[3] = {9.4, 8.9, 8.1};

/* A rotated grid: 4 samples first, 12 more where those differ; offsets from the pixel's centre. */
static const double offsets[SAMPLES][2] = {
    {-0.125, -0.375},   {0.375, -0.125},   {-0.375, 0.125},   {0.125, 0.375},
    {-0.4375, -0.4375}, {0.1875, -0.4375}, {0.4375, -0.3125}, {-0.3125, -0.1875},
    {0.0625, -0.1875},  {-0.0625, 0.0625}, {0.3125, 0.1875},  {-0.1875, 0.1875},
    {0.4375, 0.4375},   {-0.4375, 0.3125}, {-0.1875, 0.4375}, {0.1875, 0.0625},
};

typedef struct {
    const cf_world *world;
    cf_vec eye;
    double focal, centre[2];
    const cf_image *picture, *disparity;
    double baseline;
    int first_row, step;
    double max_disparity;
} job;

static double length(double x, double y) {
    return sqrt(x * x + y * y);
}

static double occlusion_by_spheres(const cf_world *w, const cf_hit *hit) {
    double light = 1;
    for (int i = 0; i < w->cluster_count; i++) {
        const cf_shape *s = &w->shapes[w->clusters[i].first];
        if (s->kind != CF_SHAPE_SPHERE || s == hit->shape)
            continue;
        cf_vec to = cf_vec_sub(s->centre, hit->point);
        double d2 = cf_vec_dot(to, to), r2 = s->size.x * s->size.x;
        double facing = cf_vec_dot(to, hit->normal) / sqrt(d2);
        light *= 1 - cf_most(facing, 0) * cf_least(r2 / d2, 1);
    }
    return light;
}

/* How much of the surroundings' light reaches the floor beside things that stand on it. */
static double occlusion_by_feet(const cf_world *w, const cf_hit *hit) {
    double light = 1 - 0.45 * exp(-(w->planes[1].centre.z - hit->point.z) / 0.12);
    for (int i = 0; i < w->cluster_count; i++) {
        const cf_shape *s = &w->shapes[w->clusters[i].first];
        double lift = s->centre.y - s->size.y, gap;
        if (lift > 0.02 || s->kind == CF_SHAPE_SPHERE || s->kind == CF_SHAPE_LEAF)
            continue;
        cf_vec p = cf_shape_to_local(s, cf_vec_sub(hit->point, s->centre));
        if (s->kind == CF_SHAPE_BOX)
            gap = length(cf_most(fabs(p.x) - s->size.x, 0), cf_most(fabs(p.z) - s->size.z, 0));
        else if (s->kind == CF_SHAPE_CYLINDER)
            gap = cf_most(length(p.x, p.z) - s->size.x, 0);
        else
            continue;
        light *= 1 - 0.5 * exp(-gap / (0.25 * s->size.y + 0.01));
    }
    return light;
}

/* The room that shining things mirror: a bright window on the lamp's side, a ceiling, the floor. */
static void surroundings(const cf_world *w, cf_vec from, cf_vec d, double out[3]) {
    static const cf_vec side = {-0.740, 0.502, -0.448},
                        right = {-0.518, 0, 0.855}; /* of the window */
    for (int i = 0; i < 3; i++)
        out[i] = 0.10 + 0.22 * cf_most(d.y, 0);
    if (d.y < -0.02) {
        cf_hit floor_hit = {.shape = &w->planes[0], .t = 1};
        double t = -from.y / d.y;
        floor_hit.point = cf_vec_add(from, cf_vec_scale(d, t));
        cf_surface s = cf_surface_at(&floor_hit, 0.004);
        for (int i = 0; i < 3; i++)
            out[i] = s.albedo[i] * 0.45 / (1 + t * t * 0.3);
    }
    double along = cf_vec_dot(d, side);
    if (along < 0.3)
        return;
    cf_vec top =
        cf_vec_of(side.y * right.z, side.z * right.x - side.x * right.z, -side.y * right.x);
    double x = fabs(cf_vec_dot(d, right) / along), y = fabs(cf_vec_dot(d, top) / along);
    if (x < 0.42 && y < 0.50 && x > 0.025 && y > 0.025) /* four panes */
        for (int i = 0; i < 3; i++)
            out[i] = 9 * (1 - 0.04 * i);
}

/* The lamp as seen from a hit: share of its light that falls on the front, and where it is. */
typedef struct {
    double direct, distance2;
    cf_vec to; /* unit */
    int in_front;
} lighting;

/* Rays of one pixel mostly land close together: they share one list of what may shade them. */
typedef struct {
    cf_vec point;
    unsigned near;
    int valid;
} shadow_cache;

static lighting light_at(const cf_world *w, const cf_hit *hit, int sample, shadow_cache *cache) {
    const double same = 0.02, around = same + lamp_radius;
    double turn = sample * 2.399963;
    double reach = lamp_radius * sqrt((sample % 4 * 4 + sample / 4 + 0.5) / SAMPLES);
    cf_vec source = cf_vec_add(lamp, cf_vec_of(reach * cos(turn), 0, reach * sin(turn)));
    cf_vec to = cf_vec_sub(source, hit->point), moved = cf_vec_sub(hit->point, cache->point);
    double distance2 = cf_vec_dot(to, to), facing = cf_vec_dot(to, hit->normal) / sqrt(distance2);
    double thin = hit->shape->kind == CF_SHAPE_LEAF ? 0.35 : 0; /* leaves let light through */
    lighting l = {.direct = cf_most(facing, 0) + thin * cf_most(-facing, 0),
                  .distance2 = distance2,
                  .to = cf_vec_scale(to, 1 / sqrt(distance2)),
                  .in_front = facing > 0};
    if (l.direct <= 0)
        return l;
    if (!cache->valid || cf_vec_dot(moved, moved) > same * same) {
        cache->point = hit->point;
        cache->near = cf_world_near(w, hit->point, cf_vec_sub(lamp, hit->point), around);
        cache->valid = 1;
    }
    cf_vec from = cf_vec_add(hit->point, cf_vec_scale(hit->normal, facing > 0 ? 1e-4 : -1e-4));
    if (cf_world_blocked(w, cache->near, from, cf_vec_sub(source, from)))
        l.direct = 0;
    return l;
}

static void shade(const cf_world *w, const cf_hit *hit, cf_vec direction, double footprint,
                  const lighting *light, double out[3]) {
    static const double sky[3] = {0.275, 0.300, 0.340}, bounce[3] = {0.130, 0.100, 0.073};
    const cf_surface s = cf_surface_at(hit, footprint);
    const cf_vec view = cf_vec_unit(direction), n = hit->normal;
    const double direct = light->direct / (1 + light->distance2);
    double up = 0.5 + 0.5 * n.y, open = occlusion_by_spheres(w, hit);
    if (hit->shape == &w->planes[0])
        open *= occlusion_by_feet(w, hit);
    for (int i = 0; i < 3; i++)
        out[i] =
            s.albedo[i] * (direct * lamp_color[i] + open * (bounce[i] + (sky[i] - bounce[i]) * up));
    if (s.shine > 0 && direct > 0 && light->in_front) {
        cf_vec half = cf_vec_unit(cf_vec_sub(light->to, view));
        double cosine = cf_vec_dot(half, n), gloss = 0;
        if (cosine > 0.85) /* below, it is less than a code */
            gloss = s.shine * 1.1 * pow(cosine, 90);
        for (int i = 0; i < 3; i++)
            out[i] += gloss * lamp_color[i] / (1 + light->distance2);
    }
    if (s.mirror > 0) {
        double cosine = cf_most(-cf_vec_dot(view, n), 0), grazing = 1 - cosine, room[3];
        double fresnel =
            s.mirror + (1 - s.mirror) * 0.6 * grazing * grazing * grazing * grazing * grazing;
        double share = fresnel * (hit->shape == &w->planes[0] ? 0.12 : 1); /* waxed, not polished */
        surroundings(w, hit->point, cf_vec_add(view, cf_vec_scale(n, 2 * cosine)), room);
        for (int i = 0; i < 3; i++)
            out[i] += share * room[i];
    }
}

static cf_vec ray(const job *j, double x, double y) {
    double u = (x - j->centre[0]) / j->focal, v = (y - j->centre[1]) / j->focal;
    return cf_vec_of(u, -v * pitch_cos - pitch_sin, pitch_cos - v * pitch_sin);
}

static void look(const job *j, unsigned near, int x, int y, int sample, shadow_cache *cache,
                 double rgb[3]) {
    cf_vec d = ray(j, x + offsets[sample][0], y + offsets[sample][1]);
    cf_hit hit;
    rgb[0] = rgb[1] = rgb[2] = 0.3; /* above the wall's horizon there is none: only absurd lenses */
    if (cf_world_trace(j->world, near, j->eye, d, &hit)) {
        lighting light = light_at(j->world, &hit, sample, cache);
        shade(j->world, &hit, d, hit.t / j->focal, &light, rgb);
    }
    for (int i = 0; i < 3; i++)
        rgb[i] =
            cf_least(rgb[i], 1.5); /* a highlight clips, but does not eat its pixel's neighbours */
}

static unsigned char to_srgb8(double l) {
    l = cf_least(cf_most(l, 0), 1);
    return (unsigned char)rint(255 *
                               (l <= 0.0031308 ? l * 12.92 : 1.055 * pow(l, 1 / 2.4) - 0.055));
}

static void pixel(const job *j, unsigned near, int x, int y, unsigned char *out) {
    shadow_cache cache = {.valid = 0};
    double sum[3] = {0}, low[3] = {9, 9, 9}, high[3] = {0};
    int count = FIRST_SAMPLES, rough = 0;
    for (int k = 0; k < count; k++) {
        double rgb[3];
        look(j, near, x, y, k, &cache, rgb);
        for (int i = 0; i < 3; i++) {
            double level = sqrt(rgb[i]);
            sum[i] += rgb[i];
            low[i] = cf_least(low[i], level);
            high[i] = cf_most(high[i], level);
            rough |= high[i] - low[i] > 0.07;
        }
        if (k == FIRST_SAMPLES - 1 && rough)
            count = SAMPLES;
    }
    for (int i = 0; i < 3; i++)
        out[i] = to_srgb8(sum[i] / count);
}

static void *render_rows(void *argument) {
    job *j = argument;
    const double reach = 5, margin = reach / j->focal; /* the wall is nearer than that */
    for (int y = j->first_row; y < j->picture->height; y += j->step) {
        unsigned char *row = cf_image_row(j->picture, 0, y);
        float *disparity = cf_image_row(j->disparity, 0, y);
        for (int x = 0; x < j->picture->width; x++) {
            cf_hit hit;
            cf_vec centre = ray(j, x, y);
            unsigned near = cf_world_near(j->world, j->eye, cf_vec_scale(centre, reach), margin);
            pixel(j, near, x, y, row + 3 * x);
            /* the ray advances 1 along the optical axis per unit of t: t is the depth */
            double d = cf_world_trace(j->world, near, j->eye, centre, &hit)
                           ? j->focal * j->baseline / hit.t
                           : 0;
            disparity[x] = (float)d;
            j->max_disparity = cf_most(j->max_disparity, d);
        }
    }
    return NULL;
}

static void render(const cf_world *world, const cf_scene_params *p, cf_scene_views *out,
                   int is_right) {
    pthread_t threads[MAX_THREADS];
    job jobs[MAX_THREADS];
    long processors = p->threads > 0 ? p->threads : sysconf(_SC_NPROCESSORS_ONLN);
    int count = processors < 1 ? 1 : processors > MAX_THREADS ? MAX_THREADS : (int)processors;
    int started[MAX_THREADS] = {0};
    for (int i = 0; i < count; i++) {
        jobs[i] =
            (job){.world = world,
                  .eye = cf_vec_of(camera.x + (is_right ? out->baseline_m : 0), camera.y, camera.z),
                  .focal = out->focal,
                  .centre = {(p->width - 1) / 2.0, (p->height - 1) / 2.0},
                  .picture = is_right ? &out->right : &out->left,
                  .disparity = is_right ? &out->disp_right : &out->disp_left,
                  .baseline = out->baseline_m,
                  .first_row = i,
                  .step = count};
        started[i] = i && !pthread_create(&threads[i], NULL, render_rows, &jobs[i]);
    }
    for (int i = 0; i < count; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        else
            render_rows(&jobs[i]);
        out->max_disparity = cf_most(out->max_disparity, jobs[i].max_disparity);
    }
}

cf_status cf_scene_render(const cf_scene_params *params, cf_scene_views *out) {
    const cf_scene_params defaults = CF_SCENE_DEFAULTS, *p = params ? params : &defaults;
    *out = (cf_scene_views){0};
    if (p->width < 64 || p->height < 48 || !cf_image_size_ok(p->width, p->height))
        return cf_fail(CF_ERR_INVALID, "scene: cannot render %dx%d pixels; 64x48 is the least",
                       p->width, p->height);
    if (!(p->baseline_m >= 0 && p->baseline_m <= 0.5))
        return cf_fail(CF_ERR_INVALID, "scene: baseline is %g m, but must lie in 0..0.5",
                       p->baseline_m);
    if (!(p->focal >= 0 && p->focal <= 1e6))
        return cf_fail(CF_ERR_INVALID, "scene: focal length is %g pixels, but must lie in 0..1e6",
                       p->focal);
    out->focal = p->focal > 0 ? p->focal : 1.15 * p->width;
    out->baseline_m = p->baseline_m;
    cf_world *world = cf_alloc(1, sizeof *world);
    cf_status status = world ? CF_OK : CF_ERR_MEMORY;
    cf_image *views[4] = {&out->left, &out->right, &out->disp_left, &out->disp_right};
    for (int i = 0; i < 4 && status == CF_OK; i++)
        status =
            cf_image_alloc(p->width, p->height, 1, i < 2 ? CF_PIXEL_RGB8 : CF_PIXEL_F32, views[i]);
    if (status == CF_OK) {
        cf_world_build(world, (unsigned)(p->seed ^ p->seed >> 32));
        render(world, p, out, 0);
        render(world, p, out, 1);
    } else {
        cf_scene_free(out);
    }
    cf_free(world);
    return status;
}

void cf_scene_free(cf_scene_views *views) {
    cf_image_free(&views->left);
    cf_image_free(&views->right);
    cf_image_free(&views->disp_left);
    cf_image_free(&views->disp_right);
    views->max_disparity = 0;
}
