/* SPDX-License-Identifier: Apache-2.0 */
/* Files: size caps, writing that leaves nothing half-written, special targets, a full disk. Does
 * not prove that every writer uses it: tests of the program's outputs do. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/test_main.h"

static char folder[] = "files-XXXXXX";

static const char *in_folder(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int entries(void) {
    int count = 0;
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void write_text(const char *path, const char *text) {
    cf_file_out *out;
    ck_assert_int_eq(cf_file_create(path, &out), CF_OK);
    fputs(text, cf_file_stream(out));
    ck_assert_int_eq(cf_file_commit(&out), CF_OK);
    ck_assert_ptr_null(out);
}

static void expect_text(const char *path, const char *text) {
    char *data;
    size_t size;
    ck_assert_int_eq(cf_file_read(path, 1000, &data, &size), CF_OK);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_str_eq(data, text); /* a zero byte follows */
    cf_free(data);
}

/* Sizes around blocks, from addresses that a disk takes and that it does not. */
START_TEST(what_is_put_through_is_read_back) {
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
    unsigned char *block = cf_alloc(120000, 1);
    unsigned char *page = block + (4096 - (uintptr_t)block % 4096) % 4096;
    for (size_t i = 0; i < 110000; i++)
        page[i] = (unsigned char)(i * 7 + i / 256);
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i / 2], got;
        const unsigned char *from = page + (i % 2 ? 3 : 0);
        cf_file_out *out;
        char *data;
        ck_assert_int_eq(cf_file_create(in_folder("through"), &out), CF_OK);
        ck_assert_int_eq(cf_file_put_through(out, from, size), 0);
        ck_assert_int_eq(cf_file_commit(&out), CF_OK);
        ck_assert_int_eq(cf_file_read(in_folder("through"), 200000, &data, &got), CF_OK);
        ck_assert_uint_eq(got, size);
        ck_assert_int_eq(memcmp(data, from, size), 0);
        cf_free(data);
    }
    cf_file_out *full;
    ck_assert_int_eq(cf_file_create("/dev/full", &full), CF_OK);
    ck_assert_int_eq(cf_file_put_through(full, page, 5000), ENOSPC);
    cf_file_discard(&full);
    ck_assert_int_eq(unlink(in_folder("through")), 0);
    cf_free(block);
}
END_TEST

START_TEST(what_is_committed_is_read_back) {
    struct stat st;
    mode_t mask = umask(022);
    write_text(in_folder("a"), "first");
    write_text(in_folder("a"), "");
    expect_text(in_folder("a"), "");
    write_text(in_folder("a"), "second");
    expect_text(in_folder("a"), "second");
    ck_assert_int_eq(stat(in_folder("a"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0644); /* and not mkstemp's 0600 */
    umask(mask);
    ck_assert_int_eq(entries(), 1);
    unlink(in_folder("a"));
}
END_TEST

START_TEST(nothing_is_seen_before_commit_or_after_discard) {
    cf_file_out *out;
    write_text(in_folder("a"), "old");
    ck_assert_int_eq(cf_file_create(in_folder("a"), &out), CF_OK);
    fputs("half", cf_file_stream(out));
    fflush(cf_file_stream(out));
    expect_text(in_folder("a"), "old");
    expect_text(cf_file_temporary(out), "half");
    cf_file_discard(&out);
    ck_assert_ptr_null(out);
    cf_file_discard(&out);
    cf_file_discard(NULL);
    expect_text(in_folder("a"), "old");
    ck_assert_int_eq(entries(), 1);
    unlink(in_folder("a"));
}
END_TEST

START_TEST(an_interrupt_removes_what_is_open) {
    cf_file_out *a, *b;
    ck_assert_int_eq(cf_file_create(in_folder("a"), &a), CF_OK);
    ck_assert_int_eq(cf_file_create(in_folder("b"), &b), CF_OK);
    ck_assert_int_eq(entries(), 2);
    cf_file_discard_all();
    ck_assert_int_eq(entries(), 0);
    cf_file_discard(&a);
    ck_assert_int_eq(cf_file_commit(&b), CF_ERR_IO); /* nothing to rename: said, not crashed */
}
END_TEST

START_TEST(the_reader_says_no) {
    char *data = (char *)1;
    size_t size = 1;
    ck_assert_int_eq(cf_file_read(in_folder("missing"), 10, &data, &size), CF_ERR_IO);
    ck_assert_ptr_null(data);
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(cf_file_read(folder, 10, &data, &size), CF_ERR_IO);
    ck_assert_int_eq(cf_file_read("/dev/zero", 10, &data, &size), CF_ERR_IO);
    ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0); /* no writer: must not wait for one */
    ck_assert_int_eq(cf_file_read(in_folder("pipe"), 10, &data, &size), CF_ERR_IO);
    unlink(in_folder("pipe"));
    write_text(in_folder("a"), "12345");
    ck_assert_int_eq(cf_file_read(in_folder("a"), 4, &data, &size), CF_ERR_IO);
    ck_assert_int_eq(cf_file_read(in_folder("a"), 5, &data, &size), CF_OK);
    cf_free(data);
    cf_alloc_fail_after(0);
    ck_assert_int_eq(cf_file_read(in_folder("a"), 5, &data, &size), CF_ERR_MEMORY);
    cf_alloc_fail_after(-1);
    unlink(in_folder("a"));
}
END_TEST

START_TEST(the_writer_says_no) {
    cf_file_out *out;
    ck_assert_int_eq(cf_file_create(in_folder("missing/a"), &out), CF_ERR_IO);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(cf_file_create(folder, &out), CF_ERR_IO); /* a folder */
    for (long after = 0; after < 3; after++) {
        size_t live = cf_alloc_live();
        cf_alloc_fail_after(after);
        ck_assert_int_eq(cf_file_create(in_folder("a"), &out), CF_ERR_MEMORY);
        cf_alloc_fail_after(-1);
        ck_assert_uint_eq(cf_alloc_live(), live);
    }
    ck_assert_int_eq(entries(), 0);
}
END_TEST

START_TEST(links_are_followed_and_devices_stay_devices) {
    struct stat st;
    char link[256];
    cf_file_out *out;
    snprintf(link, sizeof link, "%s", in_folder("link"));
    write_text(in_folder("a"), "old");
    ck_assert_int_eq(symlink("a", link), 0);
    write_text(link, "new");
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    expect_text(in_folder("a"), "new");
    unlink(link);
    unlink(in_folder("a"));

    ck_assert_int_eq(symlink("/dev/null", link), 0); /* by a link: a mistake cannot hurt the host */
    ck_assert_int_eq(cf_file_create(link, &out), CF_OK);
    fputs("text", cf_file_stream(out));
    ck_assert_int_eq(cf_file_commit(&out), CF_OK);
    ck_assert_int_eq(stat("/dev/null", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
    unlink(link);
}
END_TEST

START_TEST(a_full_disk_is_an_error) {
    char link[256];
    cf_file_out *out;
    if (access("/dev/full", W_OK))
        return; /* no such device in some containers; nothing else stands in for it */
    snprintf(link, sizeof link, "%s", in_folder("link"));
    ck_assert_int_eq(symlink("/dev/full", link), 0);
    ck_assert_int_eq(cf_file_create(link, &out), CF_OK);
    for (int i = 0; i < 3000; i++)
        fputs("more than a buffer holds ", cf_file_stream(out));
    ck_assert_int_eq(cf_file_commit(&out), CF_ERR_IO);
    ck_assert_ptr_null(out);
    unlink(link);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, what_is_committed_is_read_back);
    tcase_add_test(tc, nothing_is_seen_before_commit_or_after_discard);
    tcase_add_test(tc, an_interrupt_removes_what_is_open);
    tcase_add_test(tc, the_reader_says_no);
    tcase_add_test(tc, the_writer_says_no);
    tcase_add_test(tc, links_are_followed_and_devices_stay_devices);
    tcase_add_test(tc, a_full_disk_is_an_error);
    tcase_add_test(tc, what_is_put_through_is_read_back);
}

int main(void) {
    if (!mkdtemp(folder))
        return 1;
    int failed = test_run("file", add);
    rmdir(folder);
    return failed;
}
