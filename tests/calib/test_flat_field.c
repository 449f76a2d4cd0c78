/* SPDX-License-Identifier: Apache-2.0 */
/* Gain maps from simulated flats of known vignetting. Does not prove that a wall was evenly lit;
 * isp/shading and tools/calibrate_shading go on to pictures. */
#include "calib/flat_field.h"

#include <math.h>

#include "base/alloc.h"
#include "base/random.h"
#include "tests/test_main.h"

typedef struct {
    int is_color, width, height;
    double level, electrons; /* at the brightest place; electrons at white */
    double gradient;         /* of the light, left to right edge */
    double texture;          /* contrast of stripes of 100 pixels */
} flat;

/* Light of a site; a lens whose falloff differs a little by colour. */
static double light_at(const flat *k, int site, double x, double y) {
    static const double strength[4] = {0.62, 0.55, 0.55, 0.50}, color[4] = {0.55, 1, 1, 0.7};
    double u = (x - 0.48 * (k->width - 1)) / k->width, v = (y - 0.53 * (k->height - 1)) / k->width;
    double r2 = (u * u + v * v) / 0.39, s = strength[k->is_color ? site : 1];
    double falloff = 1 - s * r2 + 0.1 * r2 * r2;
    double slope = 1 + k->gradient * (x / (k->width - 1) - 0.5);
    double stripes = 1 + k->texture * sin(x / 100 * 6.2832) * sin(y / 100 * 6.2832);
    return k->level * falloff * slope * stripes * (k->is_color ? color[site] : 1);
}

static void shoot(const flat *k, uint64_t seed, cf_image *codes, cf_camera_profile *p) {
    cf_random random;
    cf_random_seed(&random, seed);
    ck_assert_int_eq(cf_image_alloc(k->width, k->height, 1, CF_PIXEL_U16, codes), CF_OK);
    cf_camera_profile_init(p);
    p->is_color = k->is_color;
    p->width = k->width;
    p->height = k->height;
    p->white = 4095;
    for (int i = 0; i < 4; i++)
        p->black[i] = 64;
    for (int y = 0; y < k->height; y++)
        for (int x = 0; x < k->width; x++) {
            double v = light_at(k, (y & 1) * 2 + (x & 1), x, y);
            v += sqrt((v + 0.001) / k->electrons) * cf_random_normal(&random);
            if ((x * 31 + y * 17) % 1009 == 0)
                v = 1; /* hot pixels */
            double code = rint(64 + 4031 * v);
            ((unsigned short *)cf_image_row(codes, 0, y))[x] =
                (unsigned short)fmin(4095, fmax(0, code));
        }
}

/* Deviation of gain times true light from its mean: root mean square of the worst plane. */
static double unevenness(const flat *k, const cf_camera_profile *p, const cf_shading *s) {
    cf_camera_profile mapped = *p;
    double worst = 0;
    mapped.shading = *s;
    for (int site = 0; site < (k->is_color ? 4 : 1); site++) {
        double sum = 0, squares = 0, count = 0;
        for (int y = site >> 1; y < k->height; y += 6)
            for (int x = site & 1; x < k->width; x += 6) {
                double v = light_at(k, site, x, y) * (double)cf_shading_at(&mapped, x, y);
                sum += v;
                squares += v * v;
                count++;
            }
        worst = fmax(worst, sqrt(squares * count / (sum * sum) - 1));
    }
    return worst;
}

static cf_status run(const flat *k, int count, cf_flat_field *field, double *uneven) {
    cf_image codes[4];
    cf_camera_profile p[4];
    cf_flat_frame frames[4];
    flat even = *k;
    for (int i = 0; i < count; i++) {
        flat turned = *k;
        turned.gradient *= i & 1 ? -1 : 1;
        shoot(&turned, (uint64_t)i + 3, &codes[i], &p[i]);
        frames[i] = (cf_flat_frame){"flat", &codes[i], &p[i]};
    }
    cf_status status = cf_flat_field_fit(frames, count, field);
    even.gradient = count > 1 ? 0 : k->gradient;
    if (status == CF_OK && uneven)
        *uneven = unevenness(&even, &p[0], &field->shading);
    for (int i = 0; i < count; i++)
        cf_image_free(&codes[i]);
    return status;
}

static int side(int full) {
    return getenv("CHROMAFUSE_VALGRIND") ? full / 3 : full;
}

START_TEST(vignetting_is_removed) {
    for (int color = 0; color < 2; color++) {
        const flat k = {color, side(960), side(720), 0.7, 2000, 0, 0};
        cf_flat_field f;
        double uneven;
        ck_assert_int_eq(run(&k, 1, &f, &uneven), CF_OK);
        cf_log(CF_LOG_DEBUG, "%s: uneven by %.4f, residual %.4f, noise %.4f, corner %.3f -> %.3f",
               color ? "colour" : "mono", uneven, f.plane[0].residual, f.plane[0].noise,
               f.plane[0].falloff[0], f.plane[0].evened[0]);
        ck_assert_msg(uneven < (side(3) == 3 ? 0.002 : 0.01), "uneven by %.4f", uneven);
        ck_assert_int_eq(f.shading.planes, color ? 4 : 1);
        /* what is left is noise, and the corner is as bright as the middle */
        ck_assert(f.plane[0].residual < 1.2 * f.plane[0].noise);
        ck_assert_double_eq_tol(f.plane[0].evened[3], 1, side(3) == 3 ? 0.01 : 0.03);
        ck_assert(f.plane[0].falloff[3] < 0.7);
        cf_flat_field_clear(&f);
    }
}
END_TEST

START_TEST(planes_agree_at_the_brightest_place) {
    const flat k = {1, side(960), side(720), 0.7, 2000, 0, 0};
    cf_flat_field f;
    ck_assert_int_eq(run(&k, 1, &f, NULL), CF_OK);
    int nodes = f.shading.width * f.shading.height, same = 0;
    for (int i = 0; i < nodes; i++) {
        float least = INFINITY, most = 0;
        for (int p = 0; p < 4; p++) {
            least = fminf(least, f.shading.gains[p * nodes + i]);
            most = fmaxf(most, f.shading.gains[p * nodes + i]);
        }
        ck_assert(least >= 1);
        same |= most - least < 1e-6F && most < 1.003F;
    }
    ck_assert(same);
    cf_flat_field_clear(&f);
}
END_TEST

START_TEST(turned_pairs_cancel_the_light) {
    const flat k = {0, side(960), side(720), 0.6, 2000, 0.2, 0};
    cf_flat_field f;
    double uneven;
    ck_assert_int_eq(run(&k, 2, &f, &uneven), CF_OK);
    cf_log(CF_LOG_DEBUG, "turned pair: uneven by %.4f", uneven);
    ck_assert_double_eq_tol((f.gradient[0][0] - f.gradient[1][0]) / 2, 0.2, 0.02);
    ck_assert_msg(uneven < (side(3) == 3 ? 0.004 : 0.01), "uneven by %.4f", uneven);
    cf_flat_field_clear(&f);
}
END_TEST

START_TEST(what_is_no_flat_is_refused) {
    static const flat cases[] = {
        {1, 480, 360, 1.05, 2000, 0, 0},  /* clipped */
        {0, 480, 360, 0.02, 2000, 0, 0},  /* too dark */
        {0, 480, 360, 0.6, 2000, 0, 0.2}, /* a picture of things */
        {0, 60, 360, 0.6, 2000, 0, 0},    /* too small */
    };
    for (int i = 0; i < 4; i++) {
        cf_flat_field f;
        ck_assert_int_eq(run(&cases[i], 1, &f, NULL), CF_ERR_INVALID);
        ck_assert_ptr_null(f.shading.gains);
    }
    size_t live = cf_alloc_live();
    const flat good = {0, 200, 160, 0.6, 2000, 0, 0};
    for (long after = 0; after < 4; after++) {
        cf_image codes;
        cf_camera_profile p;
        cf_flat_field f;
        shoot(&good, 1, &codes, &p);
        const cf_flat_frame frame = {"flat", &codes, &p};
        cf_alloc_fail_after(after);
        ck_assert_int_eq(cf_flat_field_fit(&frame, 1, &f), CF_ERR_MEMORY);
        cf_alloc_fail_after(-1);
        cf_image_free(&codes);
    }
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, vignetting_is_removed);
    tcase_add_test(tc, planes_agree_at_the_brightest_place);
    tcase_add_test(tc, turned_pairs_cancel_the_light);
    tcase_add_test(tc, what_is_no_flat_is_refused);
}

int main(void) {
    return test_run("flat field", add);
}
