/* SPDX-License-Identifier: Apache-2.0 */
/* How long a 1080p DNG takes to write, for docs/benchmarks.md: usage: time_dng FOLDER COUNT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/dng_out.h"

enum { WIDTH = 1920, HEIGHT = 1080, KEPT = 16 };

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

/* File number i; KEPT different ones are on the disk at a time. */
static void name_file(const char *folder, int i, char *out, size_t size) {
    snprintf(out, size, "%s/time_dng_%02d.dng", folder, i % KEPT);
}

static int compare(const void *a, const void *b) {
    double d = *(const double *)a - *(const double *)b;
    return (d > 0) - (d < 0);
}

static int time_layout(const char *folder, const char *name, cf_raw_format layout, int count,
                       double *times) {
    cf_frame_pool *pool;
    char path[4096];
    if (cf_frame_pool_create(WIDTH, HEIGHT, layout, 1, &pool) != CF_OK)
        return 1;
    cf_frame *frame = cf_frame_pool_get(pool);
    frame->profile.white = (float)((1 << cf_raw_bits(layout)) - 1);
    memset(frame->image.data, 0x5A, frame->image.stride * HEIGHT);
    double processor = 0;
    int status = CF_OK;
    for (int i = 0; i < count && status == CF_OK; i++) {
        name_file(folder, i, path, sizeof path);
        unlink(path); /* giving its pages back is not writing */
        double start = cf_clock_seconds(), used = processor_seconds();
        status = cf_dng_write(path, frame);
        times[i] = cf_clock_seconds() - start;
        processor += processor_seconds() - used;
    }
    for (int i = 0; i < KEPT; i++) {
        name_file(folder, i, path, sizeof path);
        unlink(path);
    }
    qsort(times, (size_t)count, sizeof *times, compare);
    if (status == CF_OK)
        printf("%-10s %6.2f ms median, %6.2f ms slowest, %6.2f ms of processor time a file\n", name,
               times[count / 2] * 1e3, times[count - 1] * 1e3, processor / count * 1e3);
    cf_frame_unref(&frame);
    cf_frame_pool_destroy(&pool);
    return status != CF_OK;
}

int main(int argc, char **argv) {
    int count = argc == 3 ? atoi(argv[2]) : 0;
    double *times = count > 0 && count < 100000 ? calloc((size_t)count, sizeof *times) : NULL;
    if (!times)
        return 2;
    cf_log_set(print_line, NULL, CF_LOG_WARNING);
    int failed = time_layout(argv[1], "16 bit", CF_RAW_16, count, times) ||
                 time_layout(argv[1], "10 bit", CF_RAW_10, count, times) ||
                 time_layout(argv[1], "10 packed", CF_RAW_10P, count, times) ||
                 time_layout(argv[1], "12 packed", CF_RAW_12P, count, times);
    free(times);
    return failed;
}
