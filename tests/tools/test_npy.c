/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy files: what NumPy itself wrote, every number type, damage, and what we write read back.
 * Does not prove that no damage gets through: the fuzz target looks for that. */
#include "tools/npy.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/test_main.h"

/* A file of version 1.0 with that header and data; its size. */
static size_t make(const char *header, const void *data, size_t bytes, unsigned char *out) {
    size_t n = strlen(header);
    memcpy(out, "\x93NUMPY\x01", 8);
    out[8] = (unsigned char)n;
    out[9] = (unsigned char)(n >> 8);
    memcpy(out + 10, header, n);
    if (bytes)
        memcpy(out + 10 + n, data, bytes);
    return 10 + n + bytes;
}

static cf_status parse(const char *header, const void *data, size_t bytes, cf_npy *out) {
    unsigned char file[1024];
    return cf_npy_parse(file, make(header, data, bytes, file), "hand.npy", out);
}

/* numpy.save of np.array([[1, 2.5], [-3, np.inf]], '<f4'), NumPy 2.4, as it is.
 */
START_TEST(reads_what_numpy_wrote) {
    static const unsigned char file[] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
        "                                                          \n"
        "\x00\x00\x80\x3f\x00\x00\x20\x40\x00\x00\x40\xc0\x00\x00\x80\x7f";
    cf_npy a;
    ck_assert_int_eq(cf_npy_parse(file, sizeof file - 1, "numpy.npy", &a), CF_OK);
    ck_assert_int_eq(a.type, CF_TYPE_FLOAT);
    ck_assert(a.shape.rank == 2 && a.shape.dim[0] == 2 && a.shape.dim[1] == 2);
    const float *v = a.data;
    ck_assert(v[0] == 1 && v[1] == 2.5f && v[2] == -3 && v[3] > 1e38f);
    cf_npy_clear(&a);
    cf_npy_clear(&a);
}
END_TEST

START_TEST(reads_every_type) {
    static const struct {
        const char *descr;
        unsigned char bytes[8];
        size_t size;
        double value;
    } cases[] = {
        {"<f2", {0x00, 0x3e}, 2, 1.5},
        {"<f8", {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 8, 1.5},
        {"|i1", {0xfe}, 1, -2},
        {"|u1", {0xfe}, 1, 254},
        {"<i2", {0xfe, 0xff}, 2, -2},
        {"<u2", {0xfe, 0xff}, 2, 65534},
        {"<i4", {0xfe, 0xff, 0xff, 0xff}, 4, -2},
        {"<u4", {0xfe, 0xff, 0xff, 0xff}, 4, 4294967294.0},
        {"<i8", {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8, -2},
        {"<u8", {7}, 8, 7},
        {"|b1", {1}, 1, 1},
        {"=i4", {3}, 4, 3},
        {">i1", {3}, 1, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[128];
        cf_npy a;
        snprintf(header, sizeof header, "{\"shape\": (), 'descr':'%s','fortran_order': True}\n",
                 cases[i].descr);
        ck_assert_int_eq(parse(header, cases[i].bytes, cases[i].size, &a), CF_OK);
        ck_assert_int_eq(a.shape.rank, 0);
        double got =
            a.type == CF_TYPE_FLOAT ? (double)*(float *)a.data : (double)*(int64_t *)a.data;
        ck_assert_msg(got == cases[i].value, "%s: %g", cases[i].descr, got);
        cf_npy_clear(&a);
    }
}
END_TEST

START_TEST(refuses_damage) {
    static const struct {
        const char *header;
        cf_status status;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", CF_ERR_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", CF_ERR_FORMAT},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", CF_ERR_UNSUPPORTED},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", CF_ERR_UNSUPPORTED},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", CF_ERR_UNSUPPORTED},
        {"{'descr': '<U4', 'fortran_order': False, 'shape': (2,), }", CF_ERR_UNSUPPORTED},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", CF_ERR_UNSUPPORTED},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", CF_ERR_UNSUPPORTED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", CF_ERR_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
         CF_ERR_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 65536, 65536, 65536), }",
         CF_ERR_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2), }",
         CF_ERR_UNSUPPORTED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 2), }", CF_ERR_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}", CF_ERR_FORMAT},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,), }", CF_ERR_FORMAT},
        {"{'descr': '<f4', 'shape': (2,), }", CF_ERR_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,", CF_ERR_FORMAT},
        {"{'descr': '<f4", CF_ERR_UNSUPPORTED},
        {"", CF_ERR_FORMAT},
    };
    const float two[2] = {1, 2};
    cf_npy a;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cf_status got = parse(cases[i].header, two, sizeof two, &a);
        ck_assert_msg(got == cases[i].status, "%s: %d", cases[i].header, (int)got);
        ck_assert_ptr_null(a.data);
    }
    unsigned char file[1024];
    size_t size = make("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", two, 8, file);
    for (size_t cut = 0; cut < size; cut++)
        ck_assert_int_eq(cf_npy_parse(file, cut, "cut.npy", &a), CF_ERR_FORMAT);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        file[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (cf_npy_parse(file, size, "bit.npy", &a) == CF_OK)
            cf_npy_clear(&a);
        file[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    ck_assert_int_eq(cf_npy_read("/", &a), CF_ERR_IO);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

START_TEST(writes_what_it_reads) {
    float floats[6] = {1, -2, 3.5f, 0, 1e-30f, 7};
    int64_t integers[3] = {1, -2, INT64_MAX};
    cf_npy written[] = {{CF_TYPE_FLOAT, {3, {1, 2, 3}}, floats},
                        {CF_TYPE_INT64, {1, {3}}, integers},
                        {CF_TYPE_FLOAT, {0}, floats},
                        {CF_TYPE_FLOAT, {2, {0, 5}}, floats}};
    char path[] = "array-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        cf_npy a;
        ck_assert_int_eq(cf_npy_write(path, &written[i]), CF_OK);
        ck_assert_int_eq(cf_npy_read(path, &a), CF_OK);
        ck_assert(a.type == written[i].type && cf_shape_equal(&a.shape, &written[i].shape));
        size_t bytes = (size_t)cf_shape_count(&a.shape) * (a.type == CF_TYPE_FLOAT ? 4 : 8);
        ck_assert(!bytes || !memcmp(a.data, written[i].data, bytes));
        cf_npy_clear(&a);
    }
    unlink(path);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    ck_assert_int_eq(cf_npy_write("/nowhere/a.npy", &written[0]), CF_ERR_IO);
    size_t live = cf_alloc_live();
    cf_status status = CF_ERR_MEMORY;
    ck_assert_int_eq(cf_npy_write(path, &written[0]), CF_OK);
    for (long after = 0; status == CF_ERR_MEMORY; after++) {
        cf_npy a;
        cf_alloc_fail_after(after);
        status = cf_npy_read(path, &a);
        cf_alloc_fail_after(-1);
        cf_npy_clear(&a);
        ck_assert_uint_eq(cf_alloc_live(), live);
    }
    ck_assert_int_eq(status, CF_OK);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    unlink(path);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, reads_what_numpy_wrote);
    tcase_add_test(tc, reads_every_type);
    tcase_add_test(tc, refuses_damage);
    tcase_add_test(tc, writes_what_it_reads);
}

int main(void) {
    return test_run("npy", add);
}
