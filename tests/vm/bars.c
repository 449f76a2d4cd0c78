/* SPDX-License-Identifier: Apache-2.0 */
/* What vivid's eight bars must be, from the definition of the colours and not from its code. */
#include "tests/vm/bars.h"

#include <math.h>
#include <stdio.h>

#define BARS 8

/* White, yellow, cyan, green, magenta, red, blue, black. */
static const int colors[BARS][3] = {{1, 1, 1}, {1, 1, 0}, {0, 1, 1}, {0, 1, 0},
                                    {1, 0, 1}, {1, 0, 0}, {0, 0, 1}, {0, 0, 0}};

/* Mono is luma with ITU-R BT.709's weights, full range. */
static double expected(const cf_camera_profile *p, int bar, int site) {
    const int *c = colors[bar];
    if (p->is_color)
        return c[p->cfa[site]];
    return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
}

/* The kernel computes with 8 bits and shifts, so white of 10 bits is 1020. Two steps of 8 bits are
 * let pass, for it rounds down more than once. */
static int check_pixel(const cf_image *codes, const cf_camera_profile *p, int bar, int x, int y) {
    const unsigned short *row = cf_image_row(codes, 0, y);
    int site = (y & 1) * 2 + (x & 1);
    double step = ((double)p->white + 1) / 256;
    double want = expected(p, bar, site) * 255 * step;
    if (fabs(row[x] - want) <= 2 * step)
        return 0;
    printf("bar %d: code %d at %d,%d where %.0f is expected\n", bar, row[x], x, y, want);
    return -1;
}

int bars_check(const cf_image *codes, const cf_camera_profile *p) {
    for (int bar = 0; bar < BARS; bar++) {
        int middle = (2 * bar + 1) * codes->width / (2 * BARS);
        for (int y = 0; y < codes->height; y += codes->height / 5 | 1)
            for (int x = middle - 4; x < middle + 4; x++)
                for (int below = 0; below < 2 && y + below < codes->height; below++)
                    if (check_pixel(codes, p, bar, x, y + below))
                        return -1;
    }
    return 0;
}
