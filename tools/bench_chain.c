/* SPDX-License-Identifier: Apache-2.0 */
/* Times the whole chain on the simulator's own scene. */
#include "tools/bench_chain.h"

#include <string.h>

#include "calib/rectify.h"
#include "capture/scene.h"
#include "capture/simulator.h"
#include "fusion/fuse.h"

typedef struct {
    cf_fuse *fuse;
    const cf_simulation *pair;
    cf_image picture;
} chain;

static cf_status run_frame(void *user) {
    chain *c = user;
    CF_TRY(cf_fuse_run(c->fuse, &c->pair->mono->image, &c->pair->color->image));
    return cf_fuse_read(c->fuse, CF_FUSE_PICTURE, &c->picture);
}

static cf_status make_pair(int width, int height, cf_simulation **pair) {
    const cf_scene_params scene = {.width = width, .height = height, .baseline_m = 0.08, .seed = 1};
    cf_scene_views views;
    CF_TRY(cf_scene_render(&scene, &views));
    const cf_simulator_params rig = {.electrons = 200,
                                     .ratio = 1,
                                     .focal = views.focal,
                                     .baseline_m = views.baseline_m,
                                     .max_disparity = views.max_disparity,
                                     .seed = 1};
    cf_status status = cf_simulate(&views.left, &views.right, &rig, pair);
    cf_scene_free(&views);
    return status;
}

static cf_status make_model(const cf_simulated_camera *camera, cf_camera_model **out) {
    const double intrinsics[4] = {camera->focal, camera->focal, camera->centre[0],
                                  camera->centre[1]};
    double rt[6];
    for (int i = 0; i < 3; i++) {
        rt[i] = camera->rotation[i];
        rt[3 + i] = camera->translation[i];
    }
    return cf_camera_model_pinhole(camera->width, camera->height, intrinsics, rt, out);
}

static cf_status make_geometry(const cf_simulation *pair, cf_rectification *out) {
    cf_camera_model *mono = NULL, *color = NULL;
    const cf_rectify_params params = {.depth_min_m = pair->depth_min_m};
    cf_status status = make_model(&pair->mono_camera, &mono);
    if (status == CF_OK)
        status = make_model(&pair->color_camera, &color);
    if (status == CF_OK)
        status = cf_rectify(mono, color, &params, out);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    return status;
}

static cf_status time_chain(cf_cl *cl, const cf_fuse_rig *rig, chain *c, long runs,
                            cf_bench_times *out) {
    cf_image shape;
    CF_TRY(cf_fuse_create(cl, rig, NULL, &c->fuse));
    CF_TRY(cf_fuse_describe(c->fuse, CF_FUSE_PICTURE, &shape));
    CF_TRY(cf_image_alloc(shape.width, shape.height, shape.planes, shape.format, &c->picture));
    return cf_bench_time(cl, run_frame, c, runs, out);
}

cf_status cf_bench_chain(cf_cl *cl, int width, int height, long runs, cf_bench_times *out) {
    cf_simulation *pair;
    cf_rectification geometry = {0};
    CF_TRY(make_pair(width, height, &pair));
    chain c = {.pair = pair};
    cf_status status = make_geometry(pair, &geometry);
    if (status == CF_OK) {
        const cf_fuse_rig rig = {
            .mono = &pair->mono->profile, .color = &pair->color->profile, .geometry = &geometry};
        memcpy(pair->mono->profile.spectral, pair->spectral, sizeof pair->spectral);
        status = time_chain(cl, &rig, &c, runs, out);
    }
    cf_fuse_destroy(&c.fuse);
    cf_image_free(&c.picture);
    cf_rectification_clear(&geometry);
    cf_simulation_destroy(&pair);
    return status;
}
