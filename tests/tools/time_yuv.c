/* SPDX-License-Identifier: Apache-2.0 */
/* How long RGB to Y'CbCr 4:2:0 takes beside a plain copy, for docs/benchmarks.md: usage: time_yuv
 * COUNT. Pictures take turns in more memory than caches hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/random.h"
#include "capture/yuv.h"

enum { WIDTH = 1280, HEIGHT = 720, PICTURES = 64 };

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    cf_image rgb[PICTURES];
    cf_random random;
    static unsigned short scratch[3 * WIDTH];
    static unsigned char planes[PICTURES][WIDTH * HEIGHT * 3 / 2], copies[4][WIDTH * HEIGHT * 3];
    int count = argc > 1 ? atoi(argv[1]) : 200;
    cf_random_seed(&random, 1);
    for (int i = 0; i < PICTURES; i++) {
        if (cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGB8, &rgb[i]) != CF_OK)
            return 1;
        for (size_t k = 0; k < rgb[i].plane_stride; k++)
            ((unsigned char *)rgb[i].data)[k] = (unsigned char)(255 * cf_random_uniform(&random));
    }
    double start = processor_seconds();
    for (int i = 0; i < count; i++) {
        unsigned char *to = planes[i % PICTURES];
        const cf_yuv420 yuv = {{to, to + WIDTH * HEIGHT, to + WIDTH * HEIGHT * 5 / 4},
                               {WIDTH, WIDTH / 2, WIDTH / 2}};
        cf_yuv420_from_rgb(&rgb[i % PICTURES], scratch, &yuv);
    }
    double converted = processor_seconds();
    for (int i = 0; i < count; i++)
        memcpy(copies[i % 4], rgb[i % PICTURES].data, sizeof copies[0]);
    double copied = processor_seconds();
    printf("%dx%d: conversion %.2f ms, copy of the RGB %.2f ms (%.1f GB/s read and written)\n",
           WIDTH, HEIGHT, 1e3 * (converted - start) / count, 1e3 * (copied - converted) / count,
           2e-9 * sizeof copies[0] * count / (copied - converted));
    for (int i = 0; i < PICTURES; i++)
        cf_image_free(&rgb[i]);
    return 0;
}
