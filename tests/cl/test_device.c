/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and opening devices. Does not prove speed or results on a given device: the conformance
 * tests run on whatever CHROMAFUSE_DEVICE names. */
#include "cl/device.h"

#include <string.h>

#include "cl/buffer.h"
#include "tests/test_main.h"

static cf_status open_named(const char *name, cf_cl **cl) {
    const cf_cl_params params = {.device = name, .cache_dir = ""};
    return cf_cl_open(&params, cl);
}

START_TEST(the_list_describes_devices) {
    cf_cl_info infos[8];
    size_t count = cf_cl_list(infos, 8);
    ck_assert_uint_ge(count, 1);
    ck_assert_uint_eq(cf_cl_list(NULL, 0), count);
    for (size_t i = 0; i < count && i < 8; i++) {
        ck_assert(infos[i].name[0] && infos[i].platform[0] && infos[i].version[0]);
        ck_assert_uint_gt(infos[i].memory, 0);
        ck_assert_uint_gt(infos[i].max_alloc, 0);
        ck_assert_uint_gt(infos[i].compute_units, 0);
    }
}
END_TEST

START_TEST(numbers_types_and_parts_of_names_choose) {
    cf_cl_info first;
    cf_cl *cl;
    char part[9] = "";
    ck_assert_uint_ge(cf_cl_list(&first, 1), 1);
    ck_assert_int_eq(open_named("0", &cl), CF_OK);
    ck_assert_str_eq(cf_cl_device_info(cl)->name, first.name);
    cf_cl_close(&cl);
    ck_assert_ptr_null(cl);
    ck_assert_int_eq(open_named(first.type, &cl), CF_OK);
    ck_assert_str_eq(cf_cl_device_info(cl)->type, first.type);
    cf_cl_close(&cl);
    for (int i = 0; i < 8 && first.platform[i]; i++) /* any case */
        part[i] = first.platform[i] >= 'a' && first.platform[i] <= 'z'
                      ? (char)(first.platform[i] - 'a' + 'A')
                      : first.platform[i];
    ck_assert_int_eq(open_named(part, &cl), CF_OK);
    cf_cl_close(&cl);
    cf_cl_close(&cl);
    cf_cl_close(NULL);
}
END_TEST

START_TEST(a_choice_that_is_not_there_fails) {
    static const char *const names[] = {"no such device", "999", "-1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cf_cl *cl = (cf_cl *)1;
        ck_assert_int_eq(open_named(names[i], &cl), CF_ERR_DEVICE);
        ck_assert_ptr_null(cl);
    }
}
END_TEST

START_TEST(the_environment_chooses_where_the_caller_does_not) {
    cf_cl *cl;
    char *before = getenv("CHROMAFUSE_DEVICE") ? strdup(getenv("CHROMAFUSE_DEVICE")) : NULL;
    setenv("CHROMAFUSE_DEVICE", "no such device", 1);
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_ERR_DEVICE);
    ck_assert_int_eq(open_named("0", &cl), CF_OK);
    cf_cl_close(&cl);
    if (before)
        setenv("CHROMAFUSE_DEVICE", before, 1);
    else
        unsetenv("CHROMAFUSE_DEVICE");
    free(before);
}
END_TEST

START_TEST(idle_queues_flush_and_finish) {
    cf_cl *cl;
    ck_assert_int_eq(open_named(NULL, &cl), CF_OK);
    ck_assert_int_eq(cf_cl_flush(cl), CF_OK);
    ck_assert_int_eq(cf_cl_finish(cl), CF_OK);
    cf_cl_close(&cl);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, the_list_describes_devices);
    tcase_add_test(tc, numbers_types_and_parts_of_names_choose);
    tcase_add_test(tc, a_choice_that_is_not_there_fails);
    tcase_add_test(tc, the_environment_chooses_where_the_caller_does_not);
    tcase_add_test(tc, idle_queues_flush_and_finish);
}

int main(void) {
    return test_run("device", add);
}
