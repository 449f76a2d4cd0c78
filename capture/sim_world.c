/* SPDX-License-Identifier: Apache-2.0 */
/* Scenes that simulated cameras see, shared and counted. */
#include "capture/sim_world.h"

#include <math.h>
#include <pthread.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/scene.h"

struct cf_sim_world {
    int width, height, seed;
    float baseline;
    cf_scene_views views;
    int holders;
    cf_sim_world *next;
};

/* Held while a scene is rendered, so that two cameras that open at once render it once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cf_sim_world *worlds;

static cf_status render(const cf_sim_options *o, cf_sim_world *world) {
    cf_scene_params p = CF_SCENE_DEFAULTS;
    p.width = world->width = o->width;
    p.height = world->height = o->height;
    world->baseline = o->baseline;
    p.baseline_m = rint((double)o->baseline * 1e6) / 1e6; /* the decimal that was asked for */
    p.seed = (uint64_t)(world->seed = o->seed);
    if ((long)o->width * o->height > 640L * 480)
        cf_log(CF_LOG_INFO, "sim: rendering the scene at %dx%d takes some seconds", o->width,
               o->height);
    return cf_scene_render(&p, &world->views);
}

static cf_status add(const cf_sim_options *o, cf_sim_world **out) {
    cf_sim_world *world = cf_alloc(1, sizeof *world);
    if (!world)
        return CF_ERR_MEMORY;
    cf_status status = render(o, world);
    if (status != CF_OK) {
        cf_free(world);
        return status;
    }
    cf_image_free(&world->views.disp_left);
    cf_image_free(&world->views.disp_right);
    world->next = worlds;
    *out = worlds = world;
    return CF_OK;
}

cf_status cf_sim_world_get(const cf_sim_options *o, cf_sim_world **out) {
    cf_status status = CF_OK;
    pthread_mutex_lock(&lock);
    for (*out = worlds; *out; *out = (*out)->next)
        if ((*out)->width == o->width && (*out)->height == o->height && (*out)->seed == o->seed &&
            (*out)->baseline == o->baseline)
            break;
    if (!*out)
        status = add(o, out);
    if (status == CF_OK)
        (*out)->holders++;
    pthread_mutex_unlock(&lock);
    return status;
}

void cf_sim_world_put(cf_sim_world **handle) {
    if (!handle || !*handle)
        return;
    cf_sim_world *world = *handle;
    *handle = NULL;
    pthread_mutex_lock(&lock);
    if (!--world->holders) {
        cf_sim_world **at = &worlds;
        while (*at != world)
            at = &(*at)->next;
        *at = world->next;
        cf_scene_free(&world->views);
        cf_free(world);
    }
    pthread_mutex_unlock(&lock);
}

const cf_image *cf_sim_world_view(const cf_sim_world *world, int is_color) {
    return is_color ? &world->views.right : &world->views.left;
}
