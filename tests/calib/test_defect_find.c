/* SPDX-License-Identifier: Apache-2.0 */
/* Broken pixels planted into simulated frames are found, and no others. Does not prove what real
 * sensors' broken pixels look like. */
#include <math.h>

#include "base/alloc.h"
#include "calib/defect_find.h"
#include "tests/calib/flat_sensor.h"
#include "tests/test_main.h"

#define WIDTH 160
#define HEIGHT 96

typedef struct {
    int x, y;
    cf_defect_kind kind;
} planted;

static const planted all[] = {
    {0, 0, CF_DEFECT_HOT},     {77, 0, CF_DEFECT_DEAD}, {5, 3, CF_DEFECT_WEAK},
    {80, 40, CF_DEFECT_DEAD},  {81, 40, CF_DEFECT_HOT}, {30, 41, CF_DEFECT_WEAK},
    {159, 95, CF_DEFECT_DEAD}, /* the last pixel; stuck: one code whatever the light */
};

static void put(cf_image *f, int x, int y, double code) {
    ((unsigned short *)cf_image_row(f, 0, y))[x] = (unsigned short)fmin(4095, fmax(0, code));
}

static double get(const cf_image *f, int x, int y) {
    return ((const unsigned short *)cf_image_row(f, 0, y))[x];
}

static void break_pixels(cf_image *f) {
    put(f, 0, 0, get(f, 0, 0) + 60);
    put(f, 81, 40, get(f, 81, 40) + 1500);
    put(f, 77, 0, 64 + 0.1 * (get(f, 77, 0) - 64));
    put(f, 80, 40, 64 + 0.4 * (get(f, 80, 40) - 64));
    put(f, 5, 3, 64 + 0.7 * (get(f, 5, 3) - 64));
    put(f, 30, 41, 64 + 1.4 * (get(f, 30, 41) - 64));
    put(f, 159, 95, 66);
}

static cf_defect_finder *expose(int is_color, int darks, int flats) {
    flat_sensor s = {.bits = 12, .gain = 1, .read = 3, .black = 64, .is_color = is_color};
    double black[4] = {64, 64, 64, 64};
    cf_defect_finder *f;
    cf_image frame;
    s.prnu = 0.01;
    s.vignetting = 0.3;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_U16, &frame), CF_OK);
    ck_assert_int_eq(cf_defect_finder_create(WIDTH, HEIGHT, is_color, black, &f), CF_OK);
    for (int i = 0; i < darks + flats; i++) {
        flat_expose(&s, i < darks ? 0 : 1500, (uint64_t)(10 + i), &frame);
        break_pixels(&frame);
        ck_assert_int_eq(cf_defect_finder_add(f, &frame, i < darks), CF_OK);
    }
    cf_image_free(&frame);
    return f;
}

static int found(const cf_defects *d, const planted *p) {
    for (int i = 0; i < d->count; i++)
        if (d->list[i].x == p->x && d->list[i].y == p->y && d->list[i].kind == p->kind)
            return 1;
    return 0;
}

START_TEST(finds_what_is_broken) {
    cf_defect_finder *f = expose(_i, 2, 2);
    cf_defects d;
    ck_assert_int_eq(cf_defect_finder_find(f, 3, &d), CF_OK);
    int count = (int)(sizeof all / sizeof *all);
    for (int i = 0; i < count; i++)
        ck_assert_msg(found(&d, &all[i]), "%d %d is missing", all[i].x, all[i].y);
    ck_assert_int_eq(d.count, count);
    ck_assert_int_eq(d.kinds[CF_DEFECT_HOT], 2);
    for (int i = 1; i < d.count; i++)
        ck_assert(d.list[i - 1].y * WIDTH + d.list[i - 1].x < d.list[i].y * WIDTH + d.list[i].x);
    cf_defects_free(&d);
    cf_defect_finder_destroy(&f);
}
END_TEST

START_TEST(darks_alone_or_flats_alone) {
    cf_defects d;
    cf_defect_finder *f = expose(0, 2, 0);
    ck_assert_int_eq(cf_defect_finder_find(f, 3, &d), CF_OK);
    ck_assert_int_eq(d.count, 2);
    cf_defects_free(&d);
    cf_defect_finder_destroy(&f);
    f = expose(0, 0, 2);
    ck_assert_int_eq(cf_defect_finder_find(f, 3, &d), CF_OK);
    ck_assert_int_eq(d.count, 6); /* one is hot by 4 % only, the other beyond the response of all */
    cf_defects_free(&d);
    cf_defect_finder_destroy(&f);
    f = expose(0, 0, 0);
    ck_assert_int_eq(cf_defect_finder_find(f, 3, &d), CF_OK);
    ck_assert_int_eq(d.count, 0);
    cf_defects_free(&d);
    cf_defect_finder_destroy(&f);
}
END_TEST

/* A defect file may hold 1 % of the pixels. */
START_TEST(keeps_the_worst) {
    double black[4] = {64, 64, 64, 64};
    cf_defect_finder *f;
    cf_defects d;
    cf_image frame;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_U16, &frame), CF_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            put(&frame, x, y, y % 4 == 1 && x % 10 == 3 ? 100 + y : 64);
    ck_assert_int_eq(cf_defect_finder_create(WIDTH, HEIGHT, 0, black, &f), CF_OK);
    ck_assert_int_eq(cf_defect_finder_add(f, &frame, 1), CF_OK);
    ck_assert_int_eq(cf_defect_finder_find(f, 1, &d), CF_OK);
    ck_assert_int_eq(d.count, WIDTH * HEIGHT / 100);
    ck_assert_int_eq(d.dropped, WIDTH / 10 * HEIGHT / 4 - d.count);
    for (int i = 0; i < d.count; i++)
        ck_assert_int_ge(d.list[i].y, 56);
    cf_defects_free(&d);
    cf_defect_finder_destroy(&f);
    cf_image_free(&frame);
}
END_TEST

START_TEST(memory_runs_out) {
    size_t before = cf_alloc_live();
    cf_defect_finder *f = expose(0, 1, 1);
    cf_defects d;
    int failures = 0;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (int after = 0; after < 10; after++) {
        cf_alloc_fail_after(after);
        cf_status status = cf_defect_finder_find(f, 3, &d);
        cf_alloc_fail_after(-1);
        failures += status != CF_OK;
        cf_defects_free(&d);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert(failures >= 3 && failures < 10);
    cf_defect_finder_destroy(&f);
    ck_assert_uint_eq(cf_alloc_live(), before);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_loop_test(tc, finds_what_is_broken, 0, 2);
    tcase_add_test(tc, darks_alone_or_flats_alone);
    tcase_add_test(tc, keeps_the_worst);
    tcase_add_test(tc, memory_runs_out);
}

int main(void) {
    return test_run("defect finder", add);
}
