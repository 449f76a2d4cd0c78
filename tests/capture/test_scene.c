/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own scene: determinism, and pictures that agree with their disparities. Does not
 * prove that it looks good: `chromafuse simulate --scene own` shows it. */
#include "capture/scene.h"

#include <math.h>
#include <string.h>

#include "tests/test_main.h"

static cf_scene_views render(int width, int height, uint64_t seed, int threads) {
    cf_scene_params p = CF_SCENE_DEFAULTS;
    cf_scene_views views;
    p.width = width;
    p.height = height;
    p.seed = seed;
    p.threads = threads;
    ck_assert_int_eq(cf_scene_render(&p, &views), CF_OK);
    return views;
}

/* Valgrind sees in a corner of the work what there is to see, and is 60 times slower. */
static int under_valgrind(void) {
    return getenv("CHROMAFUSE_VALGRIND") != NULL;
}

static int equal(const cf_image *a, const cf_image *b) {
    int same = 1;
    for (int y = 0; y < a->height; y++)
        same &= !memcmp(cf_image_row(a, 0, y), cf_image_row(b, 0, y), (size_t)a->width * 3);
    return same;
}

START_TEST(depends_on_the_seed_alone) {
    int w = under_valgrind() ? 64 : 160, h = w * 3 / 4;
    cf_scene_views a = render(w, h, 4, 1), b = render(w, h, 4, 3), c = render(w, h, 5, 0);
    ck_assert(equal(&a.left, &b.left));
    ck_assert(equal(&a.right, &b.right));
    ck_assert(!equal(&a.left, &c.left));
    ck_assert(!equal(&a.left, &a.right));
    cf_scene_free(&a);
    cf_scene_free(&b);
    cf_scene_free(&c);
}
END_TEST

static double difference(const cf_scene_views *v, int x, int y, double at) {
    const unsigned char *l = (unsigned char *)cf_image_row(&v->left, 0, y) + 3 * x;
    int x0 = (int)floor(at);
    const unsigned char *r = (unsigned char *)cf_image_row(&v->right, 0, y) + 3 * x0;
    double sum = 0;
    for (int c = 0; c < 3; c++)
        sum += fabs(l[c] - (r[c] + (at - x0) * (r[c + 3] - r[c])));
    return sum / 3;
}

/* Where the left and the right map point at each other, the pictures show the same thing. */
static void check_disparities(const cf_scene_views *view) {
    const cf_scene_views v = *view;
    double sum = 0, shifted = 0;
    long visible = 0, hidden = 0, outside = 0;
    for (int y = 0; y < 360; y++) {
        const float *dl = cf_image_row(&v.disp_left, 0, y), *dr = cf_image_row(&v.disp_right, 0, y);
        for (int x = 0; x < 480; x++) {
            double at = x - (double)dl[x];
            ck_assert(dl[x] > 0 && (double)dl[x] <= v.max_disparity);
            if (at < 0 || at > 470) {
                outside++;
            } else if (fabs((double)dr[(int)rint(at)] - (double)dl[x]) > 0.5) {
                hidden++;
            } else {
                visible++;
                sum += difference(&v, x, y, at);
                shifted += difference(&v, x, y, at + 3);
            }
        }
    }
    double all = 480 * 360;
    ck_assert_msg(sum / (double)visible < 6, "mean difference %g codes", sum / (double)visible);
    ck_assert_msg(shifted > 1.7 * sum, "a shift by 3 pixels costs only %g", shifted / sum);
    ck_assert((double)visible > 0.85 * all && (double)hidden > 0.01 * all && outside > 0);
}

static void check_range(const cf_scene_views *view) {
    const cf_scene_views v = *view;
    long clipped = 0, dark = 0, saturated = 0;
    for (int y = 0; y < 360; y++) {
        const unsigned char *p = cf_image_row(&v.left, 0, y);
        for (int x = 0; x < 480; x++, p += 3) {
            int high = p[0] > p[1] ? p[0] : p[1], low = p[0] < p[1] ? p[0] : p[1];
            high = high > p[2] ? high : p[2];
            low = low < p[2] ? low : p[2];
            clipped += low == 255;
            dark += high < 40;
            saturated += high > 100 && low * 4 < high;
        }
    }
    ck_assert_msg(clipped > 30 && clipped < 1500, "%ld clipped pixels", clipped);
    ck_assert_msg(dark > 1000, "%ld dark pixels", dark);
    ck_assert_msg(saturated > 5000, "%ld saturated pixels", saturated);
}

START_TEST(disparities_match_and_the_range_is_wide) {
    cf_scene_views v = render(480, 360, 1, 0);
    check_disparities(&v);
    check_range(&v);
    cf_scene_free(&v);
}
END_TEST

START_TEST(refuses_what_it_cannot_render) {
    cf_scene_params p = CF_SCENE_DEFAULTS;
    cf_scene_views views;
    p.width = 63;
    ck_assert_int_eq(cf_scene_render(&p, &views), CF_ERR_INVALID);
    p = (cf_scene_params){.width = 100, .height = 100, .baseline_m = NAN};
    ck_assert_int_eq(cf_scene_render(&p, &views), CF_ERR_INVALID);
    cf_scene_free(&views);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, depends_on_the_seed_alone);
    tcase_add_test(tc, refuses_what_it_cannot_render);
    if (under_valgrind())
        return;
    tcase_add_test(tc, disparities_match_and_the_range_is_wide);
}

int main(void) {
    return test_run("scene", add);
}
