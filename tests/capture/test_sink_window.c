/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window on SDL's dummy driver: pictures go in, keys and the close button end it. Does not
 * prove that anybody sees the picture: nothing here has a screen.
 */
#include <SDL.h>
#include <string.h>

#include "capture/sink.h"
#include "tests/test_main.h"

static cf_image picture;
static const cf_sink_params params = {.width = 61, .height = 40, .fps = 30, .title = "test"};

static cf_sink *opened(void) {
    cf_sink *sink;
    ck_assert_int_eq(cf_sink_open("window", &params, &sink), CF_OK);
    ck_assert_int_eq(cf_sink_keeps_all(sink), 0);
    ck_assert_int_eq(cf_sink_write(sink, &picture, 1), CF_OK);
    return sink;
}

START_TEST(shows_pictures_of_its_size) {
    cf_sink *sink = opened();
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(cf_sink_write(sink, &picture, i), CF_OK);
    cf_image wrong = picture;
    wrong.width--;
    ck_assert_int_eq(cf_sink_write(sink, &wrong, 1), CF_ERR_INVALID);
    ck_assert_int_eq(cf_sink_close(&sink, 1), CF_OK);
    ck_assert_ptr_null(sink);
}
END_TEST

START_TEST(is_closed_by_button_and_keys) {
    const SDL_Event events[] = {
        {.type = SDL_QUIT},
        {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = SDLK_ESCAPE}}},
        {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = SDLK_q}}},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        cf_sink *sink = opened();
        SDL_Event event = events[i];
        ck_assert_int_eq(SDL_PushEvent(&event), 1);
        ck_assert_int_eq(cf_sink_write(sink, &picture, 1), CF_ERR_CANCELLED);
        ck_assert_int_eq(cf_sink_close(&sink, 1), CF_OK);
    }
    cf_sink *sink = opened();
    SDL_Event other = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = SDLK_x}}};
    ck_assert_int_eq(SDL_PushEvent(&other), 1);
    ck_assert_int_eq(cf_sink_write(sink, &picture, 1), CF_OK);
    ck_assert_int_eq(cf_sink_close(&sink, 1), CF_OK);
}
END_TEST

START_TEST(says_where_there_is_no_display) {
    cf_sink *sink;
    ck_assert_int_eq(setenv("SDL_VIDEODRIVER", "nothing", 1), 0);
    ck_assert_int_eq(cf_sink_open("window", &params, &sink), CF_ERR_UNSUPPORTED);
    ck_assert_ptr_null(sink);
    /* SDL would take a driver that shows nothing. */
    unsetenv("SDL_VIDEODRIVER");
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    ck_assert_int_eq(cf_sink_open("window", &params, &sink), CF_ERR_UNSUPPORTED);
    ck_assert_ptr_null(sink);
    ck_assert_int_eq(setenv("SDL_VIDEODRIVER", "dummy", 1), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, shows_pictures_of_its_size);
    tcase_add_test(tc, is_closed_by_button_and_keys);
    tcase_add_test(tc, says_where_there_is_no_display);
}

int main(void) {
    setenv("SDL_VIDEODRIVER", "dummy", 1);
    setenv("SDL_AUDIODRIVER", "dummy", 1);
    if (cf_image_alloc(params.width, params.height, 1, CF_PIXEL_RGB8, &picture) != CF_OK)
        return 1;
    int failed = test_run("sink_window", add);
    cf_image_free(&picture);
    return failed;
}
