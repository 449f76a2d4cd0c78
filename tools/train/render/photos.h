/* SPDX-License-Identifier: Apache-2.0 */
/* The photos that training scenes are made of: a folder's list, and loading as linear light. */
#ifndef CHROMAFUSE_TOOLS_TRAIN_RENDER_PHOTOS_H
#define CHROMAFUSE_TOOLS_TRAIN_RENDER_PHOTOS_H

#include "base/image.h"
#include "base/random.h"

/* Paths below the folder, sorted; every 20th by a hash of its name is held out for validation, so
 * that a photo keeps its side when others come or go. */
typedef struct {
    char **paths;        /* training photos first, then the held-out ones */
    size_t count, train; /* all, and those of them that may be trained on */
    int min_side;        /* smaller photos are passed over when they are met, pixels */
} cf_photo_set;

/* Looks for *.jpg, *.jpeg, *.png below folder, links not followed. CF_ERR_IO when it cannot be
 * read, CF_ERR_INVALID when it holds no photo to train on. */
cf_status cf_photo_set_open(const char *folder, int min_side, cf_photo_set *out);
void cf_photo_set_free(cf_photo_set *set);

/*
 * A random photo of the wanted side as CF_PIXEL_RGBF32, linear Rec.709, 0..1; free with
 * cf_image_free. Photos that are damaged, grey, smaller than min_side or have one side more than
 * four times the other are passed over; CF_ERR_FORMAT when 200 in a row are.
 */
cf_status cf_photo_draw(const cf_photo_set *set, int held_out, cf_random *random, cf_image *out);

#endif
