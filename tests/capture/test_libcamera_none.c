/* SPDX-License-Identifier: Apache-2.0 */
/* The libcamera source of a program that was built without libcamera: libcamera_none.c stands for
 * the bridge when this program is linked. Does not prove that the build chooses it. */
#include <string.h>

#include "base/alloc.h"
#include "capture/source_backend.h"
#include "tests/test_main.h"

extern const cf_source_backend cf_source_backend_libcamera;

static char lines[1024];

static void keep_lines(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    size_t used = strlen(lines);
    snprintf(lines + used, sizeof lines - used, "%s\n", line);
}

START_TEST(says_that_it_is_not_built_in) {
    cf_source *source = NULL;
    cf_source_listing camera;
    size_t live = cf_alloc_live();
    cf_log_set(keep_lines, NULL, CF_LOG_WARNING);
    ck_assert_uint_eq(cf_source_backend_libcamera.list(&camera, 1), 0);
    ck_assert_str_eq(lines, "");
    ck_assert_int_eq(cf_source_open("libcamera:1", NULL, &source), CF_ERR_UNSUPPORTED);
    ck_assert_str_eq(lines, "libcamera:1: this program was built without libcamera: install "
                            "libcamera-dev and build again, or use v4l2:/dev/videoN\n");
    ck_assert_ptr_null(source);
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, says_that_it_is_not_built_in);
}

int main(void) {
    return test_run("libcamera_none", add);
}
