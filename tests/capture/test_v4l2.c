/* SPDX-License-Identifier: Apache-2.0 */
/* V4L2 cameras on a made-up driver: formats, wishes, what goes wrong before the first frame. Does
 * not prove that a kernel behaves like that driver: tests/vm does that on vivid; streams:
 * test_v4l2_stream. */
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/v4l2_list.h"
#include "tests/capture/v4l2_case.h"

/* --- formats --- */

/* Four pixels of each layout with their bytes, by hand from the layouts' definitions in the
 * kernel's documentation (pixfmt-y10p, -y12p, -y14p, -srggb10p, -srggb12p, -srggb14p). */
static const struct {
    cf_raw_format layout;
    unsigned char bytes[8];
    unsigned short codes[4];
} known[] = {
    {CF_RAW_8, {0x01, 0x80, 0xFF, 0x7E}, {0x01, 0x80, 0xFF, 0x7E}},
    {CF_RAW_10, {0x01, 0x00, 0x02, 0x02, 0xFF, 0x03, 0x54, 0xFD}, {1, 0x202, 0x3FF, 0x154}},
    {CF_RAW_10P, {0x00, 0x80, 0xFF, 0x55, 0x39}, {1, 0x202, 0x3FF, 0x154}},
    {CF_RAW_12, {0xBC, 0x0A, 0x23, 0x01, 0xFF, 0x0F, 0x00, 0xF8}, {0xABC, 0x123, 0xFFF, 0x800}},
    {CF_RAW_12P, {0xAB, 0x12, 0x3C, 0xFF, 0x80, 0x0F}, {0xABC, 0x123, 0xFFF, 0x800}},
    {CF_RAW_14, {0xFF, 0x3F, 0x01, 0x00, 0xAA, 0x2A, 0x55, 0xD5}, {0x3FFF, 1, 0x2AAA, 0x1555}},
    {CF_RAW_14P, {0xFF, 0x00, 0xAA, 0x55, 0x7F, 0xA0, 0x56}, {0x3FFF, 1, 0x2AAA, 0x1555}},
    {CF_RAW_16, {0x34, 0x12, 0xFF, 0xFF, 0x00, 0x80, 0x01, 0x00}, {0x1234, 0xFFFF, 0x8000, 1}},
};

/* The kernel's name of a format says all about it: SRGGB10P is R G / G B, 10 bit, packed. */
static void check_name(const cf_v4l2_format *f) {
    static const char colours[] = "RGB";
    int bits = atoi(f->name + strcspn(f->name, "0123456789"));
    int is_packed = f->name[strlen(f->name) - 1] == 'P';
    ck_assert_int_eq(cf_raw_bits(f->layout), bits ? bits : 8);
    ck_assert_int_eq(cf_raw_bytes(f->layout, 8), is_packed ? cf_raw_bits(f->layout)
                                                 : cf_raw_bits(f->layout) > 8 ? 16
                                                                              : 8);
    ck_assert_int_eq(f->is_color, f->name[0] == 'S');
    for (int i = 0; f->is_color && i < 4; i++)
        ck_assert_int_eq(colours[f->cfa[i]], f->name[1 + i]);
}

/* A picture of 4x2 in rows with something behind them, through the whole source. */
static void check_stream(const cf_v4l2_format *f, int k) {
    unsigned char picture[64];
    unsigned short room[8];
    cf_image codes = {room, 4, 2, 1, 8, 16, CF_PIXEL_U16};
    char name[5];
    cf_source_params params = CF_SOURCE_DEFAULTS;
    cf_frame *frame;
    size_t row = (size_t)cf_raw_bytes(f->layout, 4);
    memset(picture, 0xEE, sizeof picture);
    memcpy(picture, known[k].bytes, row);
    memcpy(picture + row + 3, known[k].bytes, row);
    fake.sizes[0] = (fake_size){f->fourcc, 4, 2, 30};
    fake.size_count = 1;
    fake.stride_extra = 3;
    fake.picture = picture;
    fake.picture_size = 2 * row + 3;
    steps(1);
    fake.steps[0].used = (uint32_t)(2 * row + 3); /* the last row's padding is not there */
    fake.step = 0;
    params.format = cf_v4l2_fourcc_text(f->fourcc, name);
    params.kind = f->is_color ? CF_CAMERA_COLOR : CF_CAMERA_MONO;
    cf_source *s = opened(&params);
    const cf_source_info *info = cf_source_describe(s);
    ck_assert_str_eq(info->format, name);
    ck_assert_int_eq(info->layout, f->layout);
    ck_assert_int_eq(info->profile.is_color, f->is_color);
    ck_assert_double_eq(info->profile.white, (1 << cf_raw_bits(f->layout)) - 1);
    ck_assert_int_eq(cf_source_start(s), CF_OK);
    ck_assert_int_eq(cf_source_next(s, 60000, &frame), CF_OK);
    ck_assert_mem_eq(frame->profile.cfa, f->cfa, 4);
    ck_assert_int_eq(cf_frame_codes(frame, &codes), CF_OK);
    ck_assert_mem_eq(room, known[k].codes, 8);
    ck_assert_mem_eq(room + 4, known[k].codes, 8);
    cf_frame_unref(&frame);
    cf_source_close(&s);
}

START_TEST(every_format_gives_the_codes_computed_by_hand) {
    int count = 0;
    for (const cf_v4l2_format *f = cf_v4l2_formats; f->fourcc; f++, count++) {
        size_t k = 0;
        while (k < sizeof known / sizeof *known && known[k].layout != f->layout)
            k++;
        ck_assert_uint_lt(k, sizeof known / sizeof *known);
        check_name(f);
        check_stream(f, (int)k);
        ck_assert_ptr_eq(cf_v4l2_format_named(f->name), f);
        ck_assert_ptr_eq(cf_v4l2_format_find(f->fourcc), f);
    }
    ck_assert_int_eq(count, 8 + 4 * 8);
    ck_assert_int_eq(line_count, 0);
    /* As other programs and the kernel's documentation write them. */
    ck_assert_str_eq(cf_v4l2_format_named("pgAA")->name, "SGRBG10P");
    ck_assert_str_eq(cf_v4l2_format_named("BA81")->name, "SBGGR8");
    ck_assert_str_eq(cf_v4l2_format_named("BYR2")->name, "SBGGR16");
    ck_assert_str_eq(cf_v4l2_format_named("Y12P")->name, "Y12P");
    ck_assert_str_eq(cf_v4l2_format_named("Y10 ")->name, "Y10");
    ck_assert_ptr_null(cf_v4l2_format_named("Y10B"));
    ck_assert_ptr_null(cf_v4l2_format_named(""));
}
END_TEST

START_TEST(multi_planar_is_the_same) {
    fake.capabilities = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
    fake.is_planar = 1;
    fake.data_offset = 24;
    steps(2);
    fake.steps[1].used = 8; /* ends before it begins */
    cf_source *s = started();
    cf_frame *frame;
    ck_assert_int_eq(cf_source_next(s, 60000, &frame), CF_OK);
    ck_assert_int_eq(frame->profile.width, 128);
    const unsigned char *row = cf_image_row(&frame->image, 0, 1);
    ck_assert_uint_eq(row[5], (unsigned char)((256 + 5) * 7));
    cf_frame_unref(&frame);
    ends(s, CF_ERR_TIMEOUT);
    ck_assert_uint_eq(cf_source_statistics(s).damaged, 1);
    one_line("left out");
    cf_source_close(&s);
    fake.plane_count = 2;
    fails(NULL, CF_ERR_DEVICE, "cannot set its format");
}
END_TEST

/* --- wishes --- */

START_TEST(the_best_of_what_is_offered_is_chosen) {
    cf_source_params p = CF_SOURCE_DEFAULTS;
    cf_source *s = opened(&p); /* the largest that is fast enough */
    ck_assert_str_eq(cf_source_describe(s)->format, "Y10");
    ck_assert_int_eq(cf_source_describe(s)->width, 128);
    ck_assert_double_eq_tol(cf_source_describe(s)->fps, 30, 1e-9);
    ck_assert_str_eq(cf_source_describe(s)->name, "Fake ? camera (platform:fake)");
    cf_source_close(&s);
    p.fps = 4.5;
    s = opened(&p);
    ck_assert_int_eq(cf_source_describe(s)->width, 256);
    ck_assert_double_eq_tol(cf_source_describe(s)->fps, 4.5, 1e-9);
    cf_source_close(&s);
    p = (cf_source_params){.kind = CF_CAMERA_COLOR, .frames = 4};
    s = opened(&p);
    ck_assert_str_eq(cf_source_describe(s)->format, "RG10");
    ck_assert_str_eq(cf_source_describe(s)->uri, URI);
    cf_source_close(&s);
    fake.sizes[0].fps =
        3; /* now the first that is listed is too slow, and so is all of its colour */
    fake.sizes[3].fps = 4;
    fake.sizes[1].width = 32;
    s = opened(NULL);
    ck_assert_int_eq(cf_source_describe(s)->width, 32);
    cf_source_close(&s);
    fake.has_no_size_list = 1; /* then what the device is set to */
    fake.width = 320;
    fake.height = 200;
    p = (cf_source_params){.format = "Y10", .frames = 4};
    s = opened(&p);
    ck_assert_int_eq(cf_source_describe(s)->height, 200);
    cf_source_close(&s);
}
END_TEST

START_TEST(what_cannot_be_met_is_listed) {
    cf_source_params p = {.width = 640, .height = 480, .frames = 4};
    fails(&p, CF_ERR_UNSUPPORTED, "Y10 64x48,128x96,256x192; RG10 64x48");
    p = (cf_source_params){.format = "Y12", .frames = 4};
    fails(&p, CF_ERR_UNSUPPORTED, "in format Y12; it offers Y10 64x48");
    p = (cf_source_params){.format = "RG10", .kind = CF_CAMERA_MONO, .frames = 4};
    fails(&p, CF_ERR_UNSUPPORTED, "no mono pictures in format RG10");
    p = (cf_source_params){.sync = CF_SYNC_SERVER, .frames = 4};
    fails(&p, CF_ERR_UNSUPPORTED, "step");
    fake.sizes[0].fourcc = V4L2_PIX_FMT_IPU3_Y10;
    fake.sizes[1].fourcc = V4L2_PIX_FMT_MJPEG;
    fake.size_count = 2;
    fails(NULL, CF_ERR_UNSUPPORTED, "nothing raw, only ip3y (packed as Intel's IPU3 does");
    fake.size_count = 0;
    fails(NULL, CF_ERR_UNSUPPORTED, "nothing raw");
    for (int i = 0; i < 64; i++) /* more than a line can hold */
        fake.sizes[i] = (fake_size){V4L2_PIX_FMT_Y10, (uint32_t)i + 20000, 16, 30};
    fake.size_count = 64;
    p = (cf_source_params){.width = 8, .height = 8, .frames = 4};
    fails(&p, CF_ERR_UNSUPPORTED, "20001x16");
    ck_assert_uint_lt(strlen(lines[0]), 1000);
}
END_TEST

/* --- opening --- */

START_TEST(nodes_that_cannot_be_opened_say_why) {
    fake.open_error = ENOENT;
    fails(NULL, CF_ERR_DEVICE, "no such device");
    fake.open_error = ENODEV;
    fails(NULL, CF_ERR_DEVICE, "gone");
    fake.open_error = 0;
    fake.querycap_error = ENOTTY;
    fails(NULL, CF_ERR_DEVICE, "not a V4L2 device");
    fake.querycap_error = 0;
    fake.capabilities = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
    fails(NULL, CF_ERR_DEVICE, "metadata");
    fake.capabilities = V4L2_CAP_VIDEO_OUTPUT;
    fails(NULL, CF_ERR_DEVICE, "no camera");
    fake.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_M2M;
    fails(NULL, CF_ERR_DEVICE, "no camera");
}
END_TEST

START_TEST(a_refused_permission_names_the_group_of_the_device) {
    char path[] = "/tmp/cf_v4l2_XXXXXX", uri[64], expected[128];
    int fd = mkstemp(path);
    struct group *group = getgrgid(getegid());
    cf_source *s;
    ck_assert_int_ge(fd, 0);
    ck_assert_ptr_nonnull(group);
    ck_assert_int_eq(fchmod(fd, 0660), 0);
    snprintf(uri, sizeof uri, "v4l2:%s", path);
    fake.open_error = EACCES;
    ck_assert_int_eq(cf_source_open(uri, NULL, &s), CF_ERR_DEVICE);
    snprintf(expected, sizeof expected, "add yourself to group %s", group->gr_name);
    ck_assert_msg(strstr(last_line(), expected) != NULL, "%s", last_line());
    ck_assert_int_eq(fchmod(fd, 0600), 0);
    ck_assert_int_eq(cf_source_open(uri, NULL, &s), CF_ERR_DEVICE);
    ck_assert_ptr_nonnull(strstr(last_line(), "0600"));
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(setting_up_that_fails_leaves_nothing) {
    fake.s_fmt_error = EBUSY;
    fails(NULL, CF_ERR_DEVICE, "in use");
    fake.s_fmt_error = 0;
    fake.other_size = 1;
    fails(NULL, CF_ERR_UNSUPPORTED, "144x96 instead of Y10 128x96");
    fake.other_size = 0;
    fake.stride_too_small = 1;
    fails(NULL, CF_ERR_DEVICE, "255 bytes a row");
    fake.stride_too_small = 0;
    fake.interlaced = 1;
    fails(NULL, CF_ERR_UNSUPPORTED, "interlaced");
    fake.interlaced = 0;
    fake.reqbufs_error = ENOMEM;
    fails(NULL, CF_ERR_MEMORY, "no buffers");
    fake.reqbufs_error = EINVAL;
    fails(NULL, CF_ERR_DEVICE, "no buffers");
    fake.reqbufs_error = 0;
    fake.fewer_buffers = 1;
    fails(NULL, CF_ERR_DEVICE, "1 of 6 buffers");
    fake.fewer_buffers = 0;
    fake.querybuf_error = EINVAL;
    fails(NULL, CF_ERR_DEVICE, "look at its buffers");
    fake.querybuf_error = 0;
    fake.mmap_error_at = 3;
    fake.mapped = fake.unmapped = 0;
    fails(NULL, CF_ERR_MEMORY, "map its buffers");
    ck_assert_int_eq(fake.unmapped, 2);
    fake.mmap_error_at = 0;
    fake.buffers_short = 1;
    fails(NULL, CF_ERR_DEVICE, "buffers have 16 bytes");
}
END_TEST

START_TEST(any_memory_may_be_missing) {
    cf_source *s = NULL;
    int n = 0;
    for (; !s && n < 100; n++) {
        cf_alloc_fail_after(n);
        cf_status status = cf_source_open(URI, NULL, &s);
        cf_alloc_fail_after(-1);
        ck_assert_int_eq(status, s ? CF_OK : CF_ERR_MEMORY);
        ck_assert(s || fake.opened == fake.closed);
    }
    ck_assert_int_gt(n, 4);
    cf_source_close(&s);
}
END_TEST

START_TEST(more_or_fewer_buffers_are_used_as_they_come) {
    fake.fewer_buffers = 2;
    steps(10);
    cf_source *s = started();
    one_line("only 2 of 6 buffers");
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(take(s, NULL), (unsigned)i);
    cf_source_close(&s);
    ck_assert_int_eq(fake.starved, 0);
    fake.fewer_buffers = FAKE_BUFFERS; /* more than V4L2 allows */
    s = started();
    ck_assert_int_eq(fake.queue_length, VIDEO_MAX_FRAME);
    cf_source_close(&s);
}
END_TEST

START_TEST(starting_may_fail) {
    cf_source *s = opened(NULL);
    ends(s, CF_ERR_INVALID);
    one_line("not started");
    fake.qbuf_error = EINVAL;
    fake.qbuf_error_at = 2;
    ck_assert_int_eq(cf_source_start(s), CF_ERR_DEVICE);
    one_line("buffers");
    cf_source_close(&s);
    fake.qbuf_error = 0;
    fake.streamon_error = EPIPE;
    s = opened(NULL);
    ck_assert_int_eq(cf_source_start(s), CF_ERR_DEVICE);
    one_line("media-ctl");
    cf_source_close(&s);
    fake.streamon_error = ENOSPC;
    s = opened(NULL);
    ck_assert_int_eq(cf_source_start(s), CF_ERR_DEVICE);
    one_line("bandwidth");
    cf_source_close(&s);
}
END_TEST

/* --- the list --- */

static cf_source_listing *entry(cf_source_listing *list, size_t count, const char *uri) {
    for (size_t i = 0; i < count; i++)
        if (strstr(list[i].uri, uri))
            return &list[i];
    return NULL;
}

START_TEST(all_capture_nodes_are_listed) {
    char folder[] = "/tmp/cf_v4l2_XXXXXX", path[64];
    static const char *const names[] = {"video10", "video2", "video2x", "media0", "video999"};
    cf_source_listing list[8];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        fclose(fopen(path, "w"));
    }
    fake_io.folder = folder;
    size_t count = cf_v4l2_list(list, 8);
    ck_assert_uint_eq(count, 2);
    cf_source_listing *first = entry(list, count, "video2"),
                      *second = entry(list, count, "video10");
    ck_assert_ptr_eq(second, first + 1); /* by number */
    ck_assert_ptr_null(entry(list, count, "video2x"));
    ck_assert_str_eq(first->formats, "Y10 64x48,128x96,256x192; RG10 64x48");
    ck_assert(first->has_mono && first->has_color && !*first->trouble);
    ck_assert_str_eq(first->driver, "fake");
    fake.capabilities = V4L2_CAP_META_CAPTURE;
    ck_assert_uint_eq(cf_v4l2_list(list, 8), 0);
    fake.open_error = EACCES;
    count = cf_v4l2_list(list, 8);
    ck_assert_ptr_nonnull(strstr(entry(list, count, "video10")->trouble, "no permission"));
    ck_assert_uint_eq(cf_v4l2_list(NULL, 0), count);
    fake_io.folder = "/nowhere";
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, every_format_gives_the_codes_computed_by_hand);
    tcase_add_test(tc, multi_planar_is_the_same);
    tcase_add_test(tc, the_best_of_what_is_offered_is_chosen);
    tcase_add_test(tc, what_cannot_be_met_is_listed);
    tcase_add_test(tc, nodes_that_cannot_be_opened_say_why);
    tcase_add_test(tc, a_refused_permission_names_the_group_of_the_device);
    tcase_add_test(tc, setting_up_that_fails_leaves_nothing);
    tcase_add_test(tc, any_memory_may_be_missing);
    tcase_add_test(tc, more_or_fewer_buffers_are_used_as_they_come);
    tcase_add_test(tc, starting_may_fail);
    tcase_add_test(tc, all_capture_nodes_are_listed);
}

int main(void) {
    return test_run("capture/v4l2", add);
}
