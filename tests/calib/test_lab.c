/* SPDX-License-Identifier: Apache-2.0 */
/* CIELAB and CIEDE2000 against published pairs and colour-science; the chart's reference and its
 * files. Does not prove that the table is the colour of your chart. */
#include "calib/lab.h"

#include <math.h>

#include "base/alloc.h"
#include "calib/chart.h"
#include "tests/test_main.h"

/* Table 1 of Sharma, Wu and Dalal (2005): two colours in Lab and their difference. */
static const double pairs[34][7] = {
    {50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425},
    {50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615},
    {50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412},
    {50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000},
    {50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000},
    {50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000},
    {50, 0, 0, 50, -1, 2, 2.3669},
    {50, -1, 2, 50, 0, 0, 2.3669},
    {50, 2.4900, -0.0010, 50, -2.4900, 0.0009, 7.1792},
    {50, 2.4900, -0.0010, 50, -2.4900, 0.0010, 7.1792},
    {50, 2.4900, -0.0010, 50, -2.4900, 0.0011, 7.2195},
    {50, 2.4900, -0.0010, 50, -2.4900, 0.0012, 7.2195},
    {50, -0.0010, 2.4900, 50, 0.0009, -2.4900, 4.8045},
    {50, -0.0010, 2.4900, 50, 0.0010, -2.4900, 4.8045},
    {50, -0.0010, 2.4900, 50, 0.0011, -2.4900, 4.7461},
    {50, 2.5, 0, 50, 0, -2.5, 4.3065},
    {50, 2.5, 0, 73, 25, -18, 27.1492},
    {50, 2.5, 0, 61, -5, 29, 22.8977},
    {50, 2.5, 0, 56, -27, -3, 31.9030},
    {50, 2.5, 0, 58, 24, 15, 19.4535},
    {50, 2.5, 0, 50, 3.1736, 0.5854, 1.0000},
    {50, 2.5, 0, 50, 3.2972, 0, 1.0000},
    {50, 2.5, 0, 50, 1.8634, 0.5757, 1.0000},
    {50, 2.5, 0, 50, 3.2592, 0.3350, 1.0000},
    {60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644},
    {63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630},
    {61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731},
    {35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645},
    {22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373},
    {36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146},
    {90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441},
    {90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381},
    {6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377},
    {2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082},
};

START_TEST(ciede2000_matches_the_published_pairs) {
    for (int i = 0; i < 34; i++) {
        const double *p = pairs[i];
        double forth = cf_ciede2000(p, p + 3), back = cf_ciede2000(p + 3, p);
        ck_assert_msg(fabs(forth - p[6]) < 6e-5, "pair %d: %.5f, not %.4f", i + 1, forth, p[6]);
        ck_assert_double_eq_tol(forth, back, 1e-9);
    }
}
END_TEST

START_TEST(parts_sum_to_the_difference) {
    for (int i = 0; i < 34; i++) {
        double p[3], whole = cf_ciede2000(pairs[i], pairs[i] + 3);
        cf_ciede2000_parts(pairs[i], pairs[i] + 3, p);
        ck_assert_double_eq_tol(p[0] * p[0] + p[1] * p[1] + p[2] * p[2], whole * whole, 1e-9);
    }
}
END_TEST

/*
 * What colour-science 0.4.7 gives for the chart's yellow and cyan:
 *   python3 -c "import colour; cs = colour.RGB_COLOURSPACES['sRGB']; d50 = [0.34567, 0.35850]
 *   for lab in ([81.80, 2.67, 80.41], [49.57, -29.71, -28.32]):
 *       xyz = colour.Lab_to_XYZ(lab, d50)
 *       print(colour.XYZ_to_RGB(xyz, cs, d50, 'Bradford'))"
 */
START_TEST(rec709_matches_colour_science) {
    static const double lab[2][3] = {{81.80, 2.67, 80.41}, {49.57, -29.71, -28.32}};
    static const double want[2][3] = {{0.84175557, 0.57439743, 0.00466955},
                                      {-0.04394688, 0.23366572, 0.37718801}};
    for (int i = 0; i < 2; i++) {
        double rgb[3], back[3];
        cf_rec709_of_lab(lab[i], rgb);
        cf_lab_of_rec709(rgb, back);
        for (int c = 0; c < 3; c++) {
            ck_assert_double_eq_tol(rgb[c], want[i][c], 1e-4);
            ck_assert_double_eq_tol(back[c], lab[i][c], 1e-6);
        }
    }
}
END_TEST

static char *rows_of(const char *head, const char *format, int swap) {
    cf_chart_reference known;
    char *text = cf_alloc(1, 8192);
    int at = snprintf(text, 8192, "%s", head);
    cf_chart_reference_of(CF_CHART_BEFORE_2014, &known);
    for (int i = 0; i < CF_CHART_PATCHES; i++) {
        const double *lab = known.lab[i ^ swap];
        at += snprintf(text + at, (size_t)(8192 - at), format, lab[0], lab[1], lab[2]);
    }
    return text;
}

START_TEST(reads_csv_and_cgats) {
    cf_chart_reference known, got;
    cf_chart_reference_of(CF_CHART_BEFORE_2014, &known);
    char *texts[2] = {rows_of("name,L,a,b\n", "dark skin,%.3f,%.3f,%.3f\r\n", 0),
                      rows_of("CGATS.17\nCREATED 11 27 2014\nBEGIN_DATA_FORMAT\n"
                              "SAMPLE_ID SAMPLE_NAME LAB_L LAB_A LAB_B\nEND_DATA_FORMAT\n"
                              "NUMBER_OF_SETS 24\nBEGIN_DATA\n",
                              "1 \"dark skin\" %.3f %.3f %.3f\n", 0)};
    for (int t = 0; t < 2; t++) {
        ck_assert_int_eq(cf_chart_reference_parse("test", texts[t], &got), CF_OK);
        for (int i = 0; i < CF_CHART_PATCHES; i++)
            ck_assert_double_eq_tol(cf_ciede2000(known.lab[i], got.lab[i]), 0, 1e-6);
        cf_free(texts[t]);
    }
}
END_TEST

START_TEST(refuses_other_orders_and_short_files) {
    cf_chart_reference got;
    char *swapped = rows_of("", "x;%.3f;%.3f;%.3f\n", 1);
    ck_assert_int_eq(cf_chart_reference_parse("test", swapped, &got), CF_ERR_FORMAT);
    cf_free(swapped);
    ck_assert_int_eq(cf_chart_reference_parse("test", "", &got), CF_ERR_FORMAT);
    ck_assert_int_eq(cf_chart_reference_parse("test", "1,2,3\n4,5,six\n", &got), CF_ERR_FORMAT);
    ck_assert_int_eq(cf_chart_reference_parse("test", "nan nan nan\n", &got), CF_ERR_FORMAT);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, ciede2000_matches_the_published_pairs);
    tcase_add_test(tc, parts_sum_to_the_difference);
    tcase_add_test(tc, rec709_matches_colour_science);
    tcase_add_test(tc, reads_csv_and_cgats);
    tcase_add_test(tc, refuses_other_orders_and_short_files);
}

int main(void) {
    return test_run("lab", add);
}
