/* SPDX-License-Identifier: Apache-2.0 */
/* Correlated corners, coarse to fine. */
#include "calib/scene_match.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

#define CLEARLY 0.08F /* correlation above the second best place */
#define NEARBY                                                                                     \
    0.03F            /* the same where it is nearly known where to look, and matches must return   \
                      */
#define RETURNS 0.8F /* pixels of the finest level that a match may miss itself by */
#define LEAST_ERROR 0.07F /* pixels of the level: what interpolation leaves */

cf_status cf_scene_matches_alloc(int pairs, cf_scene_matches *m) {
    size_t room = (size_t)pairs * CF_SCENE_POINTS;
    *m = (cf_scene_matches){.room = (int)room,
                            .at = cf_alloc(room, sizeof *m->at),
                            .rays = cf_alloc(room, sizeof *m->rays),
                            .inlier = cf_alloc(room, 1),
                            .pair = cf_alloc(room, sizeof *m->pair)};
    if (m->at && m->rays && m->inlier && m->pair)
        return CF_OK;
    cf_scene_matches_free(m);
    return CF_ERR_MEMORY;
}

void cf_scene_matches_free(cf_scene_matches *m) {
    cf_free(m->at);
    cf_free(m->rays);
    cf_free(m->inlier);
    cf_free(m->pair);
    memset(m, 0, sizeof *m);
}

/* On the next finer level. */
static void refine(const cf_scene_pyramid *p, int level, int radius, cf_gray_match *m) {
    int d = (int)lrintf(2 * m->d), v = (int)lrintf(2 * m->v);
    const cf_gray_range near = {d - 3, d + 3, v - 3, v + 3};
    m->x *= 2;
    m->y *= 2;
    cf_gray_search(&p->left[level], &p->right[level], radius, near, 0, m);
}

/* Looks from the colour picture's place for the mono picture's; the mean of both ways is better
 * than one. */
static void look_back(const cf_scene_pyramid *p, int level, int radius, cf_gray_match *m) {
    int d = (int)lrintf(m->d), v = (int)lrintf(m->v);
    const cf_gray_range near = {-d - 3, -d + 3, -v - 3, -v + 3};
    cf_gray_match back = {.x = m->x - (float)d, .y = m->y + (float)v};
    cf_gray_search(&p->right[level], &p->left[level], radius, near, 0, &back);
    if (!(back.score > -2) || fabsf(back.d + m->d) > RETURNS || fabsf(back.v + m->v) > RETURNS) {
        m->score = -2;
        return;
    }
    m->d = (m->d - back.d) / 2;
    m->v = (m->v - back.v) / 2;
}

void cf_scene_match_pair(const cf_scene_pyramid *p, int pair, cf_scene_effort e,
                         cf_scene_reach reach, cf_scene_matches *all) {
    double scale = p->step * (1 << e.first);
    cf_gray_match *m = all->at + all->count;
    int found = all->count, v = (int)ceil(reach.v / scale) + 1;
    int room = all->room - found < e.points ? all->room - found : e.points;
    int count = cf_gray_corners(&p->left[e.first], e.search + 1, room, m);
    const cf_gray_range wide = {(int)floor(reach.d0 / scale) - 1, (int)ceil(reach.d1 / scale) + 1,
                                -v, v};
    const float s = (float)(p->step * (1 << e.last));
    for (int i = 0; i < count; i++) {
        cf_gray_search(&p->left[e.first], &p->right[e.first], e.search, wide,
                       e.both ? NEARBY : CLEARLY, &m[i]);
        for (int l = e.first - 1; l >= e.last && m[i].score > -2; l--)
            refine(p, l, e.refine, &m[i]);
        if (e.both && m[i].score > -2)
            look_back(p, e.last, e.last < e.first ? e.refine : e.search, &m[i]);
        if (!(m[i].score > -2))
            continue;
        all->pair[found] = pair;
        all->at[found++] = (cf_gray_match){(m[i].x + 0.5F) * s - 0.5F,
                                           (m[i].y + 0.5F) * s - 0.5F,
                                           m[i].d * s,
                                           m[i].v * s,
                                           m[i].score,
                                           hypotf(m[i].sigma, LEAST_ERROR) * s};
    }
    all->count = found;
}
