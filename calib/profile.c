/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults and lifetime of camera profiles. */
#include "calib/profile.h"

#include "base/alloc.h"

void cf_camera_profile_init(cf_camera_profile *profile) {
    *profile = (cf_camera_profile){
        .cfa = {CF_CFA_R, CF_CFA_G, CF_CFA_G, CF_CFA_B},
        .white = 65535,
        .neutral = {1, 1, 1},
        .ccm = {1, 0, 0, 0, 1, 0, 0, 0, 1},
        .spectral = {0.2126F, 0.7152F, 0.0722F},
        .gain = 1,
    };
}

void cf_camera_profile_clear(cf_camera_profile *profile) {
    cf_free(profile->defects);
    cf_free(profile->shading.gains);
    cf_camera_profile_init(profile);
}

/* Grid cell and position in it of pixel i of n, on a grid of m points. */
static int locate(int i, int n, int m, float *fraction) {
    float at = n > 1 ? (float)i * ((float)(m - 1) / (float)(n - 1)) : 0;
    int cell = (int)at < m - 2 ? (int)at : m - 2;
    cell = cell > 0 ? cell : 0;
    *fraction = at - (float)cell;
    return cell;
}

float cf_shading_at(const cf_camera_profile *profile, int x, int y) {
    const cf_shading *s = &profile->shading;
    float fx, fy;
    if (!s->gains)
        return 1;
    int gx = locate(x, profile->width, s->width, &fx), right = gx + 1 < s->width;
    int gy = locate(y, profile->height, s->height, &fy), below = gy + 1 < s->height ? s->width : 0;
    int plane = s->planes == 4 ? (y & 1) * 2 + (x & 1) : 0;
    const float *a =
        s->gains + ((size_t)plane * (size_t)s->height + (size_t)gy) * (size_t)s->width + gx;
    float left_gain = a[0] + fy * (a[below] - a[0]);
    float right_gain = a[right] + fy * (a[below + right] - a[right]);
    return left_gain + fx * (right_gain - left_gain);
}
