/* SPDX-License-Identifier: Apache-2.0 */
/* Lifetime of frames. */
#include "capture/frame.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

#define MAX_POOL 256

/* Owned by the one that made it and by every frame that is out. */
struct cf_frame_pool {
    pthread_mutex_t lock;
    cf_frame *free[MAX_POOL];
    int count, waiting; /* frames of the pool, frames in `free` */
    int is_closed;
};

static void reset(cf_frame *frame) {
    cf_image image = frame->image;
    cf_raw_format layout = frame->layout;
    cf_frame_pool *pool = frame->pool;
    int width = frame->profile.width, height = frame->profile.height;
    cf_camera_profile_clear(&frame->profile);
    memset(frame, 0, sizeof *frame);
    frame->image = image;
    frame->layout = layout;
    frame->pool = pool;
    cf_camera_profile_init(&frame->profile);
    frame->profile.width = width;
    frame->profile.height = height;
    frame->orientation = 1;
    atomic_init(&frame->references, 1);
}

static cf_status create(int width, int height, cf_raw_format layout, cf_frame **out) {
    *out = NULL;
    cf_frame *frame = cf_alloc(1, sizeof *frame);
    if (!frame)
        return CF_ERR_MEMORY;
    int is_codes = layout == CF_RAW_CODES;
    cf_status status = cf_image_alloc(
        is_codes || width < 1 || width > CF_IMAGE_MAX_SIDE / 2 ? width
                                                               : cf_raw_bytes(layout, width),
        height, 1, is_codes ? CF_PIXEL_U16 : CF_PIXEL_U8, &frame->image);
    if (status != CF_OK) {
        cf_free(frame);
        return status;
    }
    frame->layout = layout;
    frame->profile.width = width;
    frame->profile.height = height;
    reset(frame);
    *out = frame;
    return CF_OK;
}

cf_status cf_frame_create(int width, int height, cf_frame **out) {
    return create(width, height, CF_RAW_CODES, out);
}

cf_frame *cf_frame_ref(cf_frame *frame) {
    atomic_fetch_add(&frame->references, 1);
    return frame;
}

static void destroy_frame(cf_frame *frame) {
    cf_camera_profile_clear(&frame->profile);
    cf_image_free(&frame->image);
    cf_free(frame);
}

static void destroy_pool(cf_frame_pool *pool) {
    while (pool->waiting)
        destroy_frame(pool->free[--pool->waiting]);
    pthread_mutex_destroy(&pool->lock);
    cf_free(pool);
}

static void give_back(cf_frame_pool *pool, cf_frame *frame) {
    pthread_mutex_lock(&pool->lock);
    pool->free[pool->waiting++] = frame;
    int is_last = pool->is_closed && pool->waiting == pool->count;
    pthread_mutex_unlock(&pool->lock);
    if (is_last)
        destroy_pool(pool);
}

void cf_frame_unref(cf_frame **handle) {
    if (!handle || !*handle)
        return;
    cf_frame *frame = *handle;
    *handle = NULL;
    if (atomic_fetch_sub(&frame->references, 1) > 1)
        return;
    if (frame->pool)
        give_back(frame->pool, frame);
    else
        destroy_frame(frame);
}

cf_status cf_frame_codes(const cf_frame *frame, const cf_image *codes) {
    if (codes->format != CF_PIXEL_U16 || codes->width != frame->profile.width ||
        codes->height != frame->profile.height)
        return cf_fail(CF_ERR_INVALID, "frame: codes of %dx%d do not fit a view of %dx%d",
                       frame->profile.width, frame->profile.height, codes->width, codes->height);
    for (int y = 0; y < codes->height; y++)
        cf_raw_unpack_row(frame->layout, cf_image_row(&frame->image, 0, y), codes->width,
                          cf_image_row(codes, 0, y));
    return CF_OK;
}

cf_status cf_frame_pool_create(int width, int height, cf_raw_format layout, int count,
                               cf_frame_pool **out) {
    *out = NULL;
    if (count < 1 || count > MAX_POOL)
        return cf_fail(CF_ERR_INVALID, "frame pool: %d frames, not 1..%d", count, MAX_POOL);
    cf_frame_pool *pool = cf_alloc(1, sizeof *pool);
    if (!pool)
        return CF_ERR_MEMORY;
    pthread_mutex_init(&pool->lock, NULL);
    for (; pool->count < count; pool->count++) {
        cf_status status = create(width, height, layout, &pool->free[pool->count]);
        if (status != CF_OK) {
            destroy_pool(pool);
            return status;
        }
        pool->free[pool->count]->pool = pool;
        pool->waiting++;
    }
    *out = pool;
    return CF_OK;
}

void cf_frame_pool_destroy(cf_frame_pool **handle) {
    if (!handle || !*handle)
        return;
    cf_frame_pool *pool = *handle;
    *handle = NULL;
    pthread_mutex_lock(&pool->lock);
    pool->is_closed = 1;
    int is_last = pool->waiting == pool->count;
    pthread_mutex_unlock(&pool->lock);
    if (is_last)
        destroy_pool(pool);
}

cf_frame *cf_frame_pool_get(cf_frame_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    cf_frame *frame = pool->waiting ? pool->free[--pool->waiting] : NULL;
    pthread_mutex_unlock(&pool->lock);
    if (frame)
        reset(frame);
    return frame;
}

int cf_frame_pool_out(cf_frame_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    int out = pool->count - pool->waiting;
    pthread_mutex_unlock(&pool->lock);
    return out;
}
