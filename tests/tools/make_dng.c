/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the DNGs that test_dng.py shows to other programs: usage: make_dng FOLDER. Patches of
 * known linear Rec.709 colours as a mono and as a Bayer camera of known colours sees them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "capture/dng_out.h"

enum { PATCH = 40, COLUMNS = 4, ROWS = 3 };

/* test_dng.py has the same numbers. */
static const double patches[ROWS * COLUMNS][3] = {
    {.17, .08, .06}, {.54, .30, .22}, {.11, .19, .33}, {.10, .15, .05},
    {.23, .21, .43}, {.13, .50, .41}, {.68, .20, .03}, {.07, .10, .38},
    {.80, .80, .80}, {.36, .36, .36}, {.09, .09, .09}, {.02, .02, .02}};
static const double spectral[3] = {.25, .60, .15};

/* White-balanced camera RGB -> Rec.709, and its inverse as numpy.linalg.inv has it. */
static const float ccm[9] = {1.7F, -.6F, -.1F, -.25F, 1.5F, -.25F, .05F, -.55F, 1.5F};
static const double from709[9] = {.6273200, .2835932, .0890869, .1076466, .7587231,
                                  .1336303, .0185598, .2687454, .7126949};
static const float neutral[3] = {.5F, 1, .625F};

static void print_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static double signal_of(const cf_camera_profile *p, int x, int y) {
    const double *rgb = patches[y / PATCH * COLUMNS + x / PATCH];
    double sum = 0;
    int channel = p->cfa[2 * (y & 1) + (x & 1)];
    for (int k = 0; k < 3; k++)
        sum += rgb[k] * (p->is_color ? from709[3 * channel + k] : spectral[k]);
    return p->is_color ? sum * (double)neutral[channel] : sum;
}

static void fill(cf_frame *frame) {
    const cf_camera_profile *p = &frame->profile;
    for (int y = 0; y < ROWS * PATCH; y++) {
        unsigned char *row = cf_image_row(&frame->image, 0, y);
        for (int x = 0; x < COLUMNS * PATCH; x++) {
            double black = (double)p->black[2 * (y & 1) + (x & 1)];
            unsigned code =
                (unsigned)lround(black + signal_of(p, x, y) * ((double)p->white - black));
            if (frame->layout == CF_RAW_10P) {
                row[x / 4 * 5 + x % 4] = (unsigned char)(code >> 2);
                row[x / 4 * 5 + 4] =
                    (unsigned char)((x % 4 ? row[x / 4 * 5 + 4] : 0) | (code & 3) << 2 * (x % 4));
            } else
                ((uint16_t *)(void *)row)[x] = (uint16_t)code;
        }
    }
}

static cf_status write(const char *folder, const char *name, cf_raw_format layout, int is_color,
                       const unsigned char cfa[4]) {
    char path[4096];
    cf_frame_pool *pool;
    CF_TRY(cf_frame_pool_create(COLUMNS * PATCH, ROWS * PATCH, layout, 1, &pool));
    cf_frame *frame = cf_frame_pool_get(pool);
    cf_camera_profile *p = &frame->profile;
    p->is_color = is_color;
    memcpy(p->cfa, cfa, 4);
    p->white = layout == CF_RAW_10P ? 1023 : 60000;
    for (int i = 0; i < 4; i++)
        p->black[i] = layout == CF_RAW_10P ? 64 : 4000 + (float)(is_color * 8 * i);
    p->noise = (cf_noise){2.5e-4F, 1.5e-6F};
    if (is_color) {
        memcpy(p->ccm, ccm, sizeof ccm);
        memcpy(p->neutral, neutral, sizeof neutral);
    }
    frame->wall_ns = 1790000000123456789; /* 2026-09-21 14:13:20 UTC */
    frame->exposure_ns = 8000000;
    frame->frame_ns = 40000000;
    frame->gain = 4;
    fill(frame);
    snprintf(path, sizeof path, "%s/%s.dng", folder, name);
    cf_status status = cf_dng_write(path, frame);
    cf_frame_unref(&frame);
    cf_frame_pool_destroy(&pool);
    return status;
}

int main(int argc, char **argv) {
    static const unsigned char rggb[4] = {0, 1, 1, 2}, grbg[4] = {1, 0, 2, 1},
                               gbrg[4] = {1, 2, 0, 1}, bggr[4] = {2, 1, 1, 0};
    if (argc != 2)
        return 2;
    cf_log_set(print_line, NULL, CF_LOG_WARNING);
    return write(argv[1], "mono", CF_RAW_CODES, 0, rggb) ||
           write(argv[1], "mono-10p", CF_RAW_10P, 0, rggb) ||
           write(argv[1], "RGGB", CF_RAW_CODES, 1, rggb) ||
           write(argv[1], "GRBG", CF_RAW_CODES, 1, grbg) ||
           write(argv[1], "GBRG-10p", CF_RAW_10P, 1, gbrg) ||
           write(argv[1], "BGGR", CF_RAW_16, 1, bggr);
}
