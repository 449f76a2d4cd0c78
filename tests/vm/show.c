/* SPDX-License-Identifier: Apache-2.0 */
/* Puts colour bars out through the library's sinks, so that another program can look at what came.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "capture/sink.h"

static const char usage[] = "usage: vm_show TARGET WxH PICTURES FPS\n\n"
                            "Writes that many pictures of eight bars (white, yellow, cyan, green,\n"
                            "magenta, red, blue, black, of 100 %) to any target of `live`.\n";

static void print_log(void *user, cf_log_level level, const char *line) {
    (void)user;
    printf("%s: %s\n", level == CF_LOG_ERROR ? "error" : "warning", line);
}

static void paint(const cf_image *picture) {
    static const unsigned char bars[8][3] = {{255, 255, 255}, {255, 255, 0}, {0, 255, 255},
                                             {0, 255, 0},     {255, 0, 255}, {255, 0, 0},
                                             {0, 0, 255},     {0, 0, 0}};
    for (int y = 0; y < picture->height; y++) {
        unsigned char *row = cf_image_row(picture, 0, y);
        for (int x = 0; x < picture->width; x++)
            for (int c = 0; c < 3; c++)
                row[3 * x + c] = bars[x * 8 / picture->width][c];
    }
}

static cf_status show(cf_sink *sink, const cf_image *picture, long count, double fps) {
    struct timespec pause = {.tv_nsec = (long)(1e9 / fps)};
    for (long i = 0; i < count; i++) {
        CF_TRY(cf_sink_write(sink, picture, (int64_t)((double)i * 1e9 / fps)));
        nanosleep(&pause, NULL);
    }
    return CF_OK;
}

int main(int argc, char **argv) {
    cf_sink_params params = {0};
    cf_sink *sink;
    cf_image picture;
    if (argc != 5 || sscanf(argv[2], "%dx%d", &params.width, &params.height) != 2) {
        fputs(usage, stderr);
        return 2;
    }
    params.fps = strtod(argv[4], NULL);
    if (params.fps <= 1) {
        fputs(usage, stderr);
        return 2;
    }
    cf_log_set(print_log, NULL, CF_LOG_WARNING);
    if (cf_sink_open(argv[1], &params, &sink) != CF_OK)
        return 1;
    cf_status status = cf_image_alloc(params.width, params.height, 1, CF_PIXEL_RGB8, &picture);
    if (status == CF_OK) {
        paint(&picture);
        status = show(sink, &picture, strtol(argv[3], NULL, 10), params.fps);
        cf_image_free(&picture);
    }
    cf_status closed = cf_sink_close(&sink, status == CF_OK);
    return status != CF_OK || closed != CF_OK;
}
