/* SPDX-License-Identifier: Apache-2.0 */
/* What two live simulated cameras cost, for docs/benchmarks.md: usage: time_sim OPTIONS PAIRS
 * [vary]. With vary each frame has another exposure. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/source.h"

static void print_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Takes a frame of each; 0: none came. */
static int take(cf_source *const source[2], int64_t exposure_ns) {
    for (int i = 0; i < 2; i++) {
        cf_frame *frame;
        cf_source_set(source[i], &(cf_source_controls){.exposure_ns = exposure_ns});
        if (cf_source_next(source[i], 2000, &frame) != CF_OK)
            return 0;
        cf_frame_unref(&frame);
    }
    return 1;
}

int main(int argc, char **argv) {
    static const char *const names[2] = {"mono", "color"};
    cf_source *source[2] = {NULL, NULL};
    if (argc < 3)
        return 2;
    int pairs = atoi(argv[2]), taken = 0;
    cf_log_set(print_line, NULL, CF_LOG_WARNING);
    double before = processor_seconds();
    for (int i = 0; i < 2; i++) {
        char uri[512];
        snprintf(uri, sizeof uri, "sim:%s?%s", names[i], argv[1]);
        if (cf_source_open(uri, NULL, &source[i]) != CF_OK || cf_source_start(source[i]) != CF_OK)
            return 1;
    }
    printf("opening: %.1f s of processor time\n", processor_seconds() - before);
    while (taken < 10 && take(source, 0)) /* fills what is kept */
        taken++;
    before = processor_seconds();
    double start = cf_clock_seconds();
    for (taken = 0; taken < pairs && take(source, argc > 3 ? 5000000 + taken * 20000 : 0);)
        taken++;
    double used = processor_seconds() - before, wall = cf_clock_seconds() - start;
    printf(
        "%d pairs, %.1f a second: %.2f ms of processor time a pair, %lu frames not taken in time\n",
        taken, taken / wall, used * 1e3 / taken,
        (unsigned long)(cf_source_statistics(source[0]).overrun +
                        cf_source_statistics(source[1]).overrun));
    for (int i = 0; i < 2; i++)
        cf_source_close(&source[i]);
    return taken < pairs;
}
