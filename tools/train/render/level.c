/* SPDX-License-Identifier: Apache-2.0 */
/* From the views of a scene to the tensors that the network gets, through the library's own chain.
 */
#include <math.h>

#include "base/alloc.h"
#include "capture/simulator.h"
#include "fusion/fuse.h"
#include "fusion/pipeline.h"
#include "fusion/pipelines.h"
#include "tools/train/render/rig.h"

#define FOCAL_PER_WIDTH 1.2
#define BASELINE_M 0.1
#define CLEAN_SIGMA 0.002F /* noise of a photo's square root: half a code of 8 bits */

enum { GUIDE, SIGMA, HINT, CONFIDENCE, CHROMA, ERROR, TENSORS };
static const char *const tensors[TENSORS] = {
    "guide", "mono.sigma", "hint", "hint.confidence", "transfer.chroma", "transfer.error"};

/* Everything between a scene and its record; freed as a whole. */
typedef struct {
    const cf_train_views *views;
    cf_frame *mono, *color;
    cf_rectification geometry;
    cf_image tensor[TENSORS];
} work;

static void free_work(work *w) {
    cf_frame_unref(&w->mono);
    cf_frame_unref(&w->color);
    cf_rectification_clear(&w->geometry);
    for (int i = 0; i < TENSORS; i++)
        cf_image_free(&w->tensor[i]);
}

/* What the sensors get of linear Rec.709: the mono response, or the inverse of colour matrix and
 * white balance through the mosaic (RGGB). */
static void filter(const cf_image *rgb, const cf_train_rig *rig, int is_color,
                   const cf_image *signal) {
    const float s = rig->saturation;
    for (int y = 0; y < rgb->height; y++) {
        const float *from = cf_image_row(rgb, 0, y);
        float *to = cf_image_row(signal, 0, y);
        for (int x = 0; x < rgb->width; x++, from += 3) {
            int c = (y & 1) + (x & 1);
            float sum = from[0] + from[1] + from[2];
            to[x] = is_color ? rig->neutral[c] * (from[c] + s / 3 * sum) / (1 + s)
                             : from[0] * rig->spectral[0] + from[1] * rig->spectral[1] +
                                   from[2] * rig->spectral[2];
        }
    }
}

static void describe(const cf_train_rig *rig, int is_color, cf_camera_profile *profile) {
    profile->is_color = is_color;
    for (int i = 0; i < 3; i++) {
        profile->neutral[i] = is_color ? rig->neutral[i] : 1;
        profile->spectral[i] = rig->told_spectral[i];
        for (int j = 0; j < 3; j++)
            profile->ccm[3 * i + j] = (i == j ? 1 + rig->saturation : 0) - rig->saturation / 3;
    }
}

static cf_status expose(const cf_image *rgb, const cf_train_rig *rig, const cf_train_level *level,
                        int is_color, cf_frame **out) {
    cf_image signal = {0};
    cf_status status = cf_frame_create(rgb->width, rgb->height, out);
    if (status == CF_OK)
        status = cf_image_alloc(rgb->width, rgb->height, 1, CF_PIXEL_F32, &signal);
    if (status == CF_OK) {
        filter(rgb, rig, is_color, &signal);
        describe(rig, is_color, &(*out)->profile);
        status = cf_simulator_expose(&signal, level->electrons * (is_color ? 1 : rig->mono_gain),
                                     2 * level->seed + (uint64_t)is_color, *out);
    }
    cf_image_free(&signal);
    return status;
}

static cf_status lay_out(const cf_image *rgb, const cf_train_rig *rig, cf_rectification *out) {
    const double focal = FOCAL_PER_WIDTH * rgb->width;
    const double centre[2] = {(rgb->width - 1) / 2.0, (rgb->height - 1) / 2.0};
    const double place[6] = {0, 0, 0, -BASELINE_M, 0, 0};
    const cf_rectify_params params = {.depth_min_m = focal * BASELINE_M / rig->search};
    double mono[4] = {focal, focal, centre[0], centre[1]}, color[4];
    cf_camera_model *left = NULL, *right = NULL;
    for (int i = 0; i < 2; i++) {
        color[i] = focal / rig->ratio;
        color[2 + i] = (centre[i] - rig->told_origin[i] + 0.5) / rig->ratio - 0.5;
    }
    cf_status status = cf_camera_model_pinhole(rgb->width, rgb->height, mono, NULL, &left);
    if (status == CF_OK)
        status = cf_camera_model_pinhole(rig->color_width, rig->color_height, color, place, &right);
    if (status == CF_OK)
        status = cf_rectify(left, right, &params, out);
    cf_camera_model_destroy(&left);
    cf_camera_model_destroy(&right);
    return status;
}

static cf_status run_chain(cf_cl *cl, work *w) {
    const cf_fuse_rig parts = {
        .mono = &w->mono->profile, .color = &w->color->profile, .geometry = &w->geometry};
    cf_fuse_params params = CF_FUSE_DEFAULTS;
    cf_fuse *fuse;
    params.transfer = CF_FUSE_GUIDED; /* what the network is to correct */
    params.tensors = tensors;
    params.tensor_count = TENSORS;
    CF_TRY(cf_fuse_create(cl, &parts, &params, &fuse));
    cf_status status = cf_fuse_run(fuse, &w->mono->image, &w->color->image);
    for (int i = 0; i < TENSORS && status == CF_OK; i++)
        status = cf_fuse_fetch_tensor(fuse, tensors[i], &w->tensor[i]);
    cf_fuse_destroy(&fuse);
    return status;
}

/* Only the classical transfer, of hints that no camera measured. */
static cf_status run_transfer(cf_cl *cl, const cf_camera_profile *mono, work *w) {
    static const cf_step steps[] = {
        {"transfer",
         CF_ROLE_COLOR,
         {"guide", "hint", "hint.confidence", "mono.sigma"},
         {"transfer.chroma", "transfer.error"},
         CF_COLORIZE_POINTS},
        {0},
    };
    const cf_stage_context context = {.mono = mono, .color = mono};
    static const int order[] = {GUIDE, HINT, CONFIDENCE, SIGMA};
    cf_pipeline_input inputs[4];
    for (int i = 0; i < 4; i++) {
        const cf_image *t = &w->tensor[order[i]];
        inputs[i] =
            (cf_pipeline_input){tensors[order[i]],
                                {.width = t->width,
                                 .height = t->height,
                                 .planes = t->planes,
                                 .elem = 4,
                                 .domain = order[i] == HINT ? CF_DOMAIN_CHROMA : CF_DOMAIN_UNIT}};
    }
    const cf_pipeline_plan plan = {.steps = steps,
                                   .context = &context,
                                   .inputs = inputs,
                                   .input_count = 4,
                                   .wanted = tensors + CHROMA,
                                   .wanted_count = 2};
    cf_pipeline *pipeline;
    CF_TRY(cf_pipeline_create(cl, &plan, &pipeline));
    cf_status status = CF_OK;
    for (int i = 0; i < 4 && status == CF_OK; i++)
        status = cf_pipeline_write(pipeline, tensors[order[i]], &w->tensor[order[i]]);
    if (status == CF_OK)
        status = cf_pipeline_run(pipeline);
    for (int i = CHROMA; i <= ERROR && status == CF_OK; i++)
        status = cf_pipeline_read(pipeline, tensors[i], &w->tensor[i]);
    cf_pipeline_destroy(&pipeline);
    return status;
}

static cf_status get_planes(work *w, int first, int last) {
    for (int i = first; i <= last; i++) {
        cf_image_free(&w->tensor[i]);
        CF_TRY(cf_image_alloc(w->views->rgb.width, w->views->rgb.height,
                              i == HINT || i == CHROMA ? 2 : 1, CF_PIXEL_F32, &w->tensor[i]));
    }
    return CF_OK;
}

/* The square root of the exact mono picture, for levels without noise. */
static void see_clean(const cf_train_rig *rig, work *w) {
    for (int y = 0; y < w->views->rgb.height; y++) {
        const float *from = cf_image_row(&w->views->rgb, 0, y);
        float *to = cf_image_row(&w->tensor[GUIDE], 0, y);
        float *sigma = cf_image_row(&w->tensor[SIGMA], 0, y);
        for (int x = 0; x < w->views->rgb.width; x++, from += 3) {
            float m = 0;
            for (int c = 0; c < 3; c++)
                m += rig->spectral[c] * from[c];
            to[x] = sqrtf(fminf(fmaxf(m, 0), 1));
            sigma[x] = CLEAN_SIGMA;
        }
    }
}

/* Without a colour camera: what the points say, transferred. */
static cf_status point_at_colours(cf_cl *cl, const cf_train_rig *rig, const cf_train_level *level,
                                  work *w) {
    cf_random random;
    cf_camera_profile mono;
    cf_camera_profile_init(&mono);
    describe(rig, 0, &mono);
    mono.width = w->views->rgb.width;
    mono.height = w->views->rgb.height;
    cf_random_seed(&random, level->seed);
    CF_TRY(get_planes(w, HINT, ERROR));
    cf_train_points_draw(&w->views->rgb, rig->told_spectral, level->points, &random,
                         &w->tensor[HINT], &w->tensor[CONFIDENCE]);
    return run_transfer(cl, &mono, w);
}

static cf_status put_shrunk(cf_record *record, const char *name, int index, const cf_image *planes,
                            const cf_image *weight) {
    cf_image small;
    CF_TRY(cf_record_shrink(planes, weight, &small));
    cf_record_put(record, name, index, &small);
    cf_image_free(&small);
    return CF_OK;
}

static cf_status write_level(const work *w, int index, cf_record *record) {
    const cf_image *t = w->tensor;
    cf_record_put(record, "mono", index, &t[GUIDE]);
    cf_record_put(record, "chroma", index, &t[CHROMA]);
    CF_TRY(put_shrunk(record, "hint", index, &t[HINT], &t[CONFIDENCE]));
    CF_TRY(put_shrunk(record, "confidence", index, &t[CONFIDENCE], NULL));
    CF_TRY(put_shrunk(record, "sigma", index, &t[SIGMA], NULL));
    return put_shrunk(record, "error", index, &t[ERROR], NULL);
}

cf_status cf_train_level_expose(const cf_train_views *views, const cf_train_rig *rig,
                                const cf_train_level *level, cf_frame **mono, cf_frame **color,
                                cf_rectification *geometry) {
    CF_TRY(expose(&views->rgb, rig, level, 0, mono));
    CF_TRY(expose(&views->color, rig, level, 1, color));
    return lay_out(&views->rgb, rig, geometry);
}

static cf_status make_level(cf_cl *cl, const cf_train_rig *rig, const cf_train_level *level,
                            work *w) {
    if (level->electrons > 0) {
        CF_TRY(cf_train_level_expose(w->views, rig, level, &w->mono, &w->color, &w->geometry));
        CF_TRY(run_chain(cl, w));
    } else {
        CF_TRY(get_planes(w, GUIDE, SIGMA));
        see_clean(rig, w);
    }
    return level->measured ? CF_OK : point_at_colours(cl, rig, level, w);
}

cf_status cf_train_level_write(cf_cl *cl, const cf_train_views *views, const cf_train_rig *rig,
                               const cf_train_level *level, int index, cf_record *record) {
    work w = {.views = views};
    cf_status status = make_level(cl, rig, level, &w);
    if (status == CF_OK)
        status = write_level(&w, index, record);
    free_work(&w);
    return status;
}
