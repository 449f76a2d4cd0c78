/* SPDX-License-Identifier: Apache-2.0 */
/* The program cache: warm start, damaged entries, two processes at once. Does not time it:
 * `chromafuse bench` does. */
#include <dirent.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cl/program.h"
#include "tests/test_main.h"

static const cf_cl_source source = {"test/twice",
                                    "__kernel void twice(__global float *x, int n) { int i = "
                                    "get_global_id(0); if (i < n) x[i] *= FACTOR; }",
                                    "0123"};
static const cf_cl_source broken = {"test/broken", "__kernel void broken() { nonsense; }", "4567"};

static char folder[] = "cache-XXXXXX";

static int run(cf_program_stats *stats) {
    cf_cl *cl;
    cf_buffer *buffer;
    float values[5] = {1, 2, 3, 4, 5};
    const cf_cl_params params = {.cache_dir = folder};
    if (cf_cl_open(&params, &cl) != CF_OK || cf_buffer_get(cl, sizeof values, &buffer) != CF_OK)
        return 1;
    cf_status status = cf_buffer_write(buffer, 0, values, sizeof values);
    if (status == CF_OK)
        status = cf_launch(cl, &source, "twice", "-DFACTOR=2", CF_RANGE(5, 1, 4, 1),
                           CF_ARGS(CF_BUF(buffer), CF_INT(5)));
    if (status == CF_OK)
        status = cf_buffer_read(buffer, 0, values, sizeof values);
    *stats = cf_program_statistics(cl);
    cf_buffer_put(&buffer);
    cf_cl_close(&cl);
    return status != CF_OK || values[4] != 10;
}

/* Calls change on each cache entry's path; returns their number. */
static int for_entries(void (*change)(const char *path)) {
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        char path[512];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        change(path);
        count++;
    }
    if (dir)
        closedir(dir);
    return count;
}

static void flip_byte(const char *path) {
    FILE *f = fopen(path, "r+b");
    ck_assert(f != NULL);
    fseek(f, -5, SEEK_END);
    int c = fgetc(f);
    fseek(f, -5, SEEK_END);
    fputc(c ^ 0x55, f);
    fclose(f);
}

static void cut(const char *path) {
    ck_assert_int_eq(truncate(path, 20), 0);
}

static void delete_file(const char *path) {
    unlink(path);
}

START_TEST(second_start_loads_what_the_first_built) {
    cf_program_stats stats;
    for_entries(delete_file);
    ck_assert_int_eq(run(&stats), 0);
    ck_assert_uint_eq(stats.built, 1);
    ck_assert_int_eq(run(&stats), 0);
    ck_assert_uint_eq(stats.built, 0);
    ck_assert_uint_eq(stats.loaded, 1);
}
END_TEST

START_TEST(damaged_entries_are_rebuilt) {
    cf_program_stats stats;
    ck_assert_int_eq(run(&stats), 0);
    void (*const damage[])(const char *) = {flip_byte, cut};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(for_entries(damage[i]), 1);
        ck_assert_int_eq(run(&stats), 0);
        ck_assert_uint_eq(stats.broken, 1);
        ck_assert_uint_eq(stats.built, 1);
    }
    ck_assert_int_eq(run(&stats), 0);
    ck_assert_uint_eq(stats.loaded, 1);
}
END_TEST

START_TEST(two_processes_may_start_at_once) {
    pid_t children[2];
    for_entries(delete_file);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (!children[i]) {
            cf_program_stats stats;
            _exit(run(&stats));
        }
    }
    for (int i = 0; i < 2; i++) {
        int code = 1;
        waitpid(children[i], &code, 0);
        ck_assert_int_eq(code, 0);
    }
    ck_assert_int_eq(for_entries(flip_byte), 1); /* no temporary file was left */
}
END_TEST

START_TEST(errors_name_the_source) {
    cf_cl *cl;
    const cf_cl_params params = {.cache_dir = ""};
    ck_assert_int_eq(cf_cl_open(&params, &cl), CF_OK);
    ck_assert_int_eq(cf_launch(cl, &broken, "broken", "", CF_RANGE(1, 1, 1, 1), NULL, 0),
                     CF_ERR_DEVICE);
    ck_assert_int_eq(cf_launch(cl, &source, "missing", "-DFACTOR=1", CF_RANGE(1, 1, 1, 1), NULL, 0),
                     CF_ERR_DEVICE);
    /* a missing argument must not take the value of an earlier launch */
    ck_assert_int_eq(
        cf_launch(cl, &source, "twice", "-DFACTOR=1", CF_RANGE(1, 1, 1, 1), CF_ARGS(CF_INT(1))),
        CF_ERR_INVALID);
    char options[1200];
    memset(options, ' ', sizeof options - 1);
    options[sizeof options - 1] = '\0';
    ck_assert_int_eq(cf_launch(cl, &source, "twice", options, CF_RANGE(1, 1, 1, 1), NULL, 0),
                     CF_ERR_INVALID);
    cf_cl_close(&cl);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(
        tc, two_processes_may_start_at_once); /* forks: before this process starts the driver */
    tcase_add_test(tc, second_start_loads_what_the_first_built);
    tcase_add_test(tc, damaged_entries_are_rebuilt);
    tcase_add_test(tc, errors_name_the_source);
}

int main(void) {
    if (!mkdtemp(folder))
        return 1;
    int failed = test_run("program cache", add);
    for_entries(delete_file);
    rmdir(folder);
    return failed;
}
