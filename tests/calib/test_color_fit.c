/* SPDX-License-Identifier: Apache-2.0 */
/* Colour matrix, white balance and mono response from simulated charts of known truth. Does not
 * prove them on real sensors, whose spectra are no matrix; tools/calibrate_color goes through
 * pictures. */
#include "calib/color_fit.h"

#include <math.h>

#include "base/random.h"
#include "calib/lab.h"
#include "calib/solve.h"
#include "tests/test_main.h"

static const double true_ccm[9] = {1.62, -0.51, -0.11, -0.19, 1.43, -0.24, 0.03, -0.58, 1.55};
static const double true_neutral[3] = {0.52, 1, 0.61};
static const double true_spectral[3] = {0.34, 0.52, 0.14};

typedef struct {
    double exposure, mono_gain, electrons; /* electrons of white in one pixel; 0: no noise */
    double metamerism;                     /* relative, of what no matrix explains */
    double slope[2];
} camera;

/* What both cameras see of the chart; means over 400 pixels. */
static void see(const camera *k, uint64_t seed, cf_chart_view *color, cf_chart_view *mono) {
    cf_chart_reference ref;
    cf_random random;
    double to_camera[9];
    const cf_chart_light light = {.slope = {k->slope[0], k->slope[1]}};
    cf_chart_reference_of(CF_CHART_AFTER_2014, &ref);
    cf_random_seed(&random, seed);
    ck_assert(cf_invert3(true_ccm, to_camera));
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        double x[3], m = 0, at = k->exposure * cf_chart_light_at(&light, p);
        cf_multiply3(to_camera, ref.rgb[p], x);
        for (int c = 0; c < 3; c++) {
            double odd = p < CF_CHART_WHITE ? k->metamerism * cf_random_normal(&random) : 0;
            double v = at * true_neutral[c] * x[c] * (1 + odd);
            double variance = k->electrons > 0 ? (fabs(v) + 0.002) / k->electrons / 400 : 0;
            m += true_spectral[c] * ref.rgb[p][c];
            color->rgb[p][c] = v + sqrt(variance) * cf_random_normal(&random);
            color->variance[p][c] = variance;
        }
        m *= at / k->mono_gain;
        double variance = k->electrons > 0 ? (fabs(m) + 0.002) / k->electrons / 400 : 0;
        m += sqrt(variance) * cf_random_normal(&random);
        for (int c = 0; c < 3; c++) {
            mono->rgb[p][c] = m;
            mono->variance[p][c] = variance;
        }
        color->usable[p] = mono->usable[p] = 1;
    }
}

static void fit(const cf_chart_view *views, int count, int half, cf_color_fit *out) {
    cf_chart_reference ref;
    unsigned char use[CF_CHART_PATCHES];
    cf_chart_reference_of(CF_CHART_AFTER_2014, &ref);
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        use[p] = half < 0 || (p / CF_CHART_COLUMNS + p) % 2 == half;
    ck_assert_int_eq(cf_color_fit_run("test", views, count, &ref, use, out), CF_OK);
}

START_TEST(a_linear_camera_is_recovered) {
    static const double slopes[2][2] = {{0, 0}, {0.12, -0.07}};
    for (int i = 0; i < 2; i++) {
        const camera k = {0.7, 1.3, 0, 0, {slopes[i][0], slopes[i][1]}};
        cf_chart_view color, mono;
        cf_color_fit f;
        cf_mono_fit m;
        see(&k, 1, &color, &mono);
        fit(&color, 1, -1, &f);
        for (int c = 0; c < 9; c++)
            ck_assert_double_eq_tol(f.ccm[c], true_ccm[c], 1e-3);
        ck_assert_int_eq(cf_mono_fit_run("test", &color, &mono, 1, &f, &m), CF_OK);
        for (int c = 0; c < 3; c++) {
            ck_assert_double_eq_tol(f.light[0].neutral[c], true_neutral[c], 1e-3);
            ck_assert_double_eq_tol(m.spectral[c], true_spectral[c], 1e-3);
        }
        ck_assert_double_eq_tol(f.light[0].exposure, 0.7, 1e-3);
        ck_assert_double_eq_tol(f.light[0].slope[0], slopes[i][0], 2e-3);
        ck_assert_double_eq_tol(f.light[0].slope[1], slopes[i][1], 2e-3);
        ck_assert_double_eq_tol(m.gain, 1.3, 1e-3);
    }
}
END_TEST

/* Mean difference on the half that was not fitted. */
static double held_out(const cf_chart_view *view, int half) {
    cf_chart_reference ref;
    cf_color_fit f;
    double sum = 0;
    cf_chart_reference_of(CF_CHART_AFTER_2014, &ref);
    fit(view, 1, half, &f);
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        double rgb[3], lab[3];
        if ((p / CF_CHART_COLUMNS + p) % 2 == half)
            continue;
        cf_color_fit_render(&f, view, &f.light[0], p, rgb);
        cf_lab_of_rec709(rgb, lab);
        sum += cf_ciede2000(ref.lab[p], lab) / 12;
    }
    return sum;
}

START_TEST(noise_and_metamerism_leave_little) {
    int seeds = getenv("CHROMAFUSE_VALGRIND") ? 1 : 12;
    double worst = 0, mean = 0, weights = 0;
    for (int seed = 0; seed < seeds; seed++) {
        const camera k = {0.8, 0.6, 1000, 0.015, {0.04, 0.02}};
        cf_chart_view color, mono;
        cf_color_fit f;
        cf_mono_fit m;
        see(&k, (uint64_t)seed + 10, &color, &mono);
        double d = (held_out(&color, 0) + held_out(&color, 1)) / 2;
        worst = fmax(worst, d);
        mean += d / seeds;
        fit(&color, 1, -1, &f);
        ck_assert_int_eq(cf_mono_fit_run("test", &color, &mono, 1, &f, &m), CF_OK);
        for (int c = 0; c < 3; c++)
            weights = fmax(weights, fabs(m.spectral[c] - true_spectral[c]));
        ck_assert_double_eq_tol(m.gain, 0.6, 0.01);
    }
    cf_log(CF_LOG_DEBUG, "held out: mean %.2f, worst %.2f; weights off by at most %.4f", mean,
           worst, weights);
    ck_assert_msg(worst < 2, "CIEDE2000 of held-out patches: mean %.2f, worst %.2f", mean, worst);
    ck_assert_msg(weights < 0.02, "spectral weights are off by %.4f", weights);
}
END_TEST

START_TEST(pictures_in_two_lights_share_a_matrix) {
    const camera bright = {0.8, 1, 5000, 0, {0, 0}}, dim = {0.2, 1, 5000, 0, {0.2, 0}};
    cf_chart_view views[2], mono[2];
    cf_color_fit f;
    see(&bright, 1, &views[0], &mono[0]);
    see(&dim, 2, &views[1], &mono[1]);
    views[1].usable[3] = views[1].usable[18] = 0;
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        views[1].rgb[p][0] *= 1.3; /* redder light, for this camera's eyes */
    fit(views, 2, -1, &f);
    for (int c = 0; c < 9; c++)
        ck_assert_double_eq_tol(f.ccm[c], true_ccm[c], 0.02);
    ck_assert_double_eq_tol(f.light[1].neutral[0], 1.3 * true_neutral[0], 0.005);
    ck_assert_double_eq_tol(f.light[1].exposure, 0.2, 0.002);
}
END_TEST

START_TEST(hopeless_charts_are_refused) {
    const camera k = {0.8, 1, 0, 0, {0, 0}};
    cf_chart_view color, mono;
    cf_chart_reference ref;
    cf_color_fit f;
    cf_mono_fit m;
    unsigned char use[CF_CHART_PATCHES];
    see(&k, 1, &color, &mono);
    cf_chart_reference_of(CF_CHART_AFTER_2014, &ref);
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        use[p] = p < CF_CHART_WHITE;
    ck_assert_int_eq(cf_color_fit_run("no grey", &color, 1, &ref, use, &f), CF_ERR_INVALID);
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        use[p] = p >= CF_CHART_WHITE;
    ck_assert_int_eq(cf_color_fit_run("greys only", &color, 1, &ref, use, &f), CF_ERR_INVALID);
    fit(&color, 1, -1, &f);
    for (int p = 0; p < 17; p++)
        mono.usable[p] = 0;
    ck_assert_int_eq(cf_mono_fit_run("few", &color, &mono, 1, &f, &m), CF_ERR_INVALID);
    for (int p = 0; p < CF_CHART_PATCHES; p++)
        for (int c = 0; c < 3; c++)
            color.rgb[p][c] = 0.5;
    ck_assert_int_eq(cf_color_fit_run("all alike", &color, 1, &ref, color.usable, &f),
                     CF_ERR_INVALID);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, a_linear_camera_is_recovered);
    tcase_add_test(tc, noise_and_metamerism_leave_little);
    tcase_add_test(tc, pictures_in_two_lights_share_a_matrix);
    tcase_add_test(tc, hopeless_charts_are_refused);
}

int main(void) {
    return test_run("color fit", add);
}
