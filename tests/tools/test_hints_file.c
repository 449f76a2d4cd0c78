/* SPDX-License-Identifier: Apache-2.0 */
/* Files of colour points, good and hostile. Does not prove what the points do to a picture:
 * tests/fusion/test_colorize.c does. */
#include "tools/hints_file.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/test_main.h"

static cf_status read_frames(const char *text, cf_hint_point **points, long **frames,
                             size_t *count) {
    char path[] = "/tmp/chromafuse-hints-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    cf_status status = cf_hints_file_read(path, points, frames, count);
    unlink(path);
    return status;
}

static cf_status read_text(const char *text, cf_hint_point **points, size_t *count) {
    return read_frames(text, points, NULL, count);
}

START_TEST(frames_of_videos_are_read) {
    cf_hint_point *p;
    long *frames;
    size_t count;
    ck_assert_int_eq(
        read_frames("{\"points\": [{\"x\": 1, \"y\": 2, \"rgb\": [1, 2, 3]}, {\"frame\": "
                    "120, \"x\": 1, \"y\": 2, \"rgb\": [1, 2, 3]}]}",
                    &p, &frames, &count),
        CF_OK);
    ck_assert(count == 2 && frames[0] == 0 && frames[1] == 120);
    cf_free(p);
    cf_free(frames);
}
END_TEST

START_TEST(points_are_read) {
    cf_hint_point *p;
    size_t count;
    ck_assert_int_eq(read_text("{\"points\": [{\"x\": 10.5, \"y\": 20, \"size\": 7, \"rgb\": "
                               "[200.5, 30, 40]}, {\"rgb\": [0, 0, 255], \"y\": 1, \"x\": -0.5, "
                               "\"note\": \"sky\"}]}",
                               &p, &count),
                     CF_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_float_eq_tol(p[0].x, 10.5, 1e-6);
    ck_assert_float_eq_tol(p[0].y, 20, 1e-6);
    ck_assert_float_eq_tol(p[0].size, 7, 1e-6);
    ck_assert_float_eq_tol(p[0].rgb[0], 200.5, 1e-4);
    ck_assert_float_eq_tol(p[1].size, CF_HINTS_SIZE, 1e-6);
    ck_assert_int_eq(cf_hints_inside("h.json", p, 2, 20, 30), CF_OK);
    ck_assert_int_eq(cf_hints_inside("h.json", p, 2, 20, 20), CF_ERR_INVALID);
    cf_free(p);
    ck_assert_int_eq(read_text("{\"points\": []}", &p, &count), CF_OK);
    ck_assert_uint_eq(count, 0);
    cf_free(p);
}
END_TEST

START_TEST(damage_is_told) {
    static const char *const bad[] = {
        "",
        "points",
        "[]",
        "{}",
        "{\"points\": {}}",
        "{\"points\": [1]}",
        "{\"points\": [{}]}",
        "{\"points\": [{\"x\": \"1\", \"y\": 1, \"rgb\": [1, 2, 3]}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"rgb\": [1, 2]}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"rgb\": [1, 2, 256]}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"rgb\": [1, 2, null]}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"rgb\": \"red\"}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"size\": 0, \"rgb\": [1, 2, 3]}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"size\": -7, \"rgb\": [1, 2, 3]}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"size\": [], \"rgb\": [1, 2, 3]}]}",
        "{\"points\": [{\"x\": NaN, \"y\": 1, \"rgb\": [1, 2, 3]}]}",
        "{\"points\": [{\"x\": 1e999, \"y\": 1, \"rgb\": [1, 2, 3]}]}",
        "{\"points\": [{\"x\": 1e99, \"y\": 1, \"rgb\": [1, 2, 3]}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"rgb\": [1, 2, 3], \"frame\": -1}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"rgb\": [1, 2, 3], \"frame\": \"2\"}]}",
        "{\"points\": [{\"x\": 1, \"y\": 1, \"rgb\": [1, 2, 3], \"frame\": 1e12}]}",
        "{\"points\": [], \"points\": []}",
        "{\"points\": []} trailing",
    };
    cf_hint_point *p;
    size_t count;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(read_text(bad[i], &p, &count) == CF_ERR_FORMAT, "%s", bad[i]);
        ck_assert_ptr_null(p);
        ck_assert_uint_eq(count, 0);
    }
    ck_assert_int_eq(cf_hints_file_read("/nowhere/h.json", &p, NULL, &count), CF_ERR_IO);
    ck_assert_int_eq(cf_hints_file_read("/dev/zero", &p, NULL, &count), CF_ERR_IO);
}
END_TEST

START_TEST(too_many_points_are_refused) {
    static const char point[] = "{\"x\": 1, \"y\": 1, \"rgb\": [1, 2, 3]},";
    size_t each = sizeof point - 1, length = 12;
    char *text = cf_alloc((CF_HINTS_MAX + 1) * each + 32, 1);
    cf_hint_point *p;
    size_t count;
    strcpy(text, "{\"points\": [");
    for (int i = 0; i <= CF_HINTS_MAX; i++, length += each)
        memcpy(text + length, point, each);
    strcpy(text + length - 1, "]}");
    ck_assert_int_eq(read_text(text, &p, &count), CF_ERR_FORMAT);
    strcpy(text + length - 1 - each, "]}");
    ck_assert_int_eq(read_text(text, &p, &count), CF_OK);
    ck_assert_uint_eq(count, CF_HINTS_MAX);
    cf_free(p);
    cf_free(text);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, points_are_read);
    tcase_add_test(tc, frames_of_videos_are_read);
    tcase_add_test(tc, damage_is_told);
    tcase_add_test(tc, too_many_points_are_refused);
}

int main(void) {
    return test_run("hints_file", add);
}
