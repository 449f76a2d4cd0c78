/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures in a window, through SDL. */
#include <SDL.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/sink_backend.h"

typedef struct {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    int has_video;
} view;

static int takes(const char *target) {
    return !SDL_strcmp(target, "window");
}

static cf_status no_window(void) {
    return cf_fail(CF_ERR_UNSUPPORTED, "window: cannot open one: %s", SDL_GetError());
}

/* The picture's size, smaller by halves where the screen is. */
static void fit(int *width, int *height) {
    SDL_Rect room;
    if (SDL_GetDisplayUsableBounds(0, &room))
        return;
    while ((*width > room.w || *height > room.h) && *width > 1 && *height > 1) {
        *width /= 2;
        *height /= 2;
    }
}

/* Without a display SDL falls back on drivers that show nothing; who names one wants it. */
static int is_hidden(void) {
    const char *driver = SDL_GetCurrentVideoDriver();
    return !SDL_getenv("SDL_VIDEODRIVER") && driver &&
           (!SDL_strcmp(driver, "offscreen") || !SDL_strcmp(driver, "dummy"));
}

static cf_status open_window(view *s, const cf_sink_params *params) {
    int width = params->width, height = params->height;
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); /* Ctrl-C stays the program's */
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    if (SDL_InitSubSystem(SDL_INIT_VIDEO))
        return no_window();
    s->has_video = 1;
    if (is_hidden())
        return cf_fail(CF_ERR_UNSUPPORTED, "window: there is no display here; send the pictures to "
                                           "a file or a pipe instead");
    fit(&width, &height);
    s->window =
        SDL_CreateWindow(params->title ? params->title : "chromafuse", SDL_WINDOWPOS_UNDEFINED,
                         SDL_WINDOWPOS_UNDEFINED, width, height, SDL_WINDOW_RESIZABLE);
    s->renderer = s->window ? SDL_CreateRenderer(s->window, -1, 0) : NULL;
    if (!s->renderer)
        return no_window();
    SDL_RenderSetLogicalSize(s->renderer, params->width, params->height); /* keeps the aspect */
    s->texture = SDL_CreateTexture(s->renderer, SDL_PIXELFORMAT_RGB24, SDL_TEXTUREACCESS_STREAMING,
                                   params->width, params->height);
    return s->texture ? CF_OK : no_window();
}

static cf_status close_sink(void *state, int keep) {
    view *s = state;
    (void)keep;
    if (s->texture)
        SDL_DestroyTexture(s->texture);
    if (s->renderer)
        SDL_DestroyRenderer(s->renderer);
    if (s->window)
        SDL_DestroyWindow(s->window);
    if (s->has_video)
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
    cf_free(s);
    return CF_OK;
}

static cf_status open_sink(const char *target, const cf_sink_params *params, void **state) {
    (void)target;
    view *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    cf_status status = open_window(s, params);
    if (status != CF_OK) {
        (void)close_sink(s, 0);
        return status;
    }
    *state = s;
    return CF_OK;
}

static int was_closed(void) {
    SDL_Event event;
    int closed = 0;
    while (SDL_PollEvent(&event))
        closed |= event.type == SDL_QUIT ||
                  (event.type == SDL_KEYDOWN &&
                   (event.key.keysym.sym == SDLK_ESCAPE || event.key.keysym.sym == SDLK_q));
    return closed;
}

static cf_status write_picture(void *state, const cf_image *picture, int64_t t_ns) {
    view *s = state;
    (void)t_ns;
    if (was_closed())
        return CF_ERR_CANCELLED;
    if (SDL_UpdateTexture(s->texture, NULL, picture->data, (int)picture->stride) ||
        SDL_RenderClear(s->renderer) || SDL_RenderCopy(s->renderer, s->texture, NULL, NULL))
        return cf_fail(CF_ERR_DEVICE, "window: cannot show a picture: %s", SDL_GetError());
    SDL_RenderPresent(s->renderer);
    return CF_OK;
}

const cf_sink_backend cf_sink_backend_window = {
    .summary = "window",
    .takes = takes,
    .open = open_sink,
    .write = write_picture,
    .close = close_sink,
};
