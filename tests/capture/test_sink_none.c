/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stubs for video files and the window: they take what the real ones take and say what is
 * missing. Does not prove that CMake picks them; the real ones are test_sink.c's and
 * test_sink_window.c's.
 */
#include "tests/test_main.h"

#define cf_sink_backend_video stub_video
#include "capture/sink_video_none.c"
#define cf_sink_backend_window stub_window
#include "capture/sink_window_none.c"

static char said[256];

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(said, sizeof said, "%s", line);
}

static void check(const cf_sink_backend *stub, const char *target, const char *missing) {
    const cf_sink_params params = {.width = 4, .height = 4, .fps = 30};
    void *state = NULL;
    ck_assert_int_eq(stub->takes(target), 1);
    cf_log_set(keep_line, NULL, CF_LOG_ERROR);
    ck_assert_int_eq(stub->open(target, &params, &state), CF_ERR_UNSUPPORTED);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_ptr_null(state);
    ck_assert_msg(strstr(said, target) && strstr(said, missing), "%s", said);
}

START_TEST(stubs_say_what_is_missing) {
    check(&stub_video, "a.mkv", "FFmpeg");
    check(&stub_video, "b.mp4?codec=ffv1", "FFmpeg");
    check(&stub_window, "window", "SDL");
    ck_assert_int_eq(stub_video.takes("a.y4m"), 0);
    ck_assert_int_eq(stub_video.takes("noending"), 0);
    ck_assert_int_eq(stub_window.takes("windows"), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, stubs_say_what_is_missing);
}

int main(void) {
    return test_run("sink_none", add);
}
