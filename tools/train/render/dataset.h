/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of training records: which scenes it holds, and writing them shard by shard. */
#ifndef CHROMAFUSE_TOOLS_TRAIN_RENDER_DATASET_H
#define CHROMAFUSE_TOOLS_TRAIN_RENDER_DATASET_H

#include "cl/device.h"
#include "tools/train/render/photos.h"
#include "tools/train/render/rig.h"

#define CF_TRAIN_LEVELS_MAX 8
#define CF_TRAIN_FORMAT 1 /* of the folder; raised when a reader would misread it */

typedef struct {
    int width, height;    /* of a scene, multiples of 32 */
    int levels;           /* samples of each scene, 1..CF_TRAIN_LEVELS_MAX */
    int scenes_per_shard; /* 1..4096 */
    double point_share;   /* share of scenes that are one photo with colour points, 0..1 */
    double cut_share;     /* of the pairs: one photo cut along its edges, not a collage, 0..1 */
    double electrons[2];  /* least and most photo-electrons at white in a green pixel */
    uint64_t seed;        /* of everything: scene i is the same whatever was rendered before */
} cf_train_dataset;
#define CF_TRAIN_DATASET_DEFAULTS                                                                  \
    {                                                                                              \
        .width = 320, .height = 256, .levels = 4, .scenes_per_shard = 32, .point_share = 0.15,     \
        .cut_share = 0.6, .electrons = {3, 5000}, .seed = 1                                        \
    }

/* What index says of a scene beside its record. */
typedef struct {
    uint64_t index;
    int pair, held_out; /* one scene in 20 is held out, of held-out photos only */
    double max_disparity;
    cf_train_rig rig;
    cf_train_level levels[CF_TRAIN_LEVELS_MAX];
} cf_train_scene;

/* Renders scene `index` into record (of the dataset's size, with data). */
cf_status cf_train_render(cf_cl *cl, const cf_train_dataset *set, const cf_photo_set *photos,
                          uint64_t index, cf_train_scene *scene, cf_record *record);

/* Writes index.json, or checks that the one that is there was made with the same parameters:
 * CF_ERR_INVALID when not. The folder is made when missing. */
cf_status cf_train_dataset_open(const cf_train_dataset *set, const cf_photo_set *photos,
                                const char *folder);

/* 1 when shard is there already: its shard-NNNNN.json, which is written last. */
int cf_train_shard_exists(const char *folder, int shard);

/* Renders and writes shard-NNNNN.bin, then .json. progress (may be NULL) is called after every
 * scene. */
cf_status cf_train_shard_write(cf_cl *cl, const cf_train_dataset *set, const cf_photo_set *photos,
                               const char *folder, int shard, void (*progress)(void *user),
                               void *user);

#endif
