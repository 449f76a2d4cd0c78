/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `krige`. */
#include "fusion/krige.h"

#include <string.h>

CF_CL_SOURCE(krige);

enum { GUIDE, GUESS, CHROMA, ERROR, POINTS };

static const cf_krige_params defaults = CF_KRIGE_DEFAULTS;

#define FIELD(name) offsetof(cf_krige_params, name), 1
static const cf_option options[] = {
    {"common", CF_OPTION_FLOAT, FIELD(common), 0x1p-10, 1, "variance that the picture shares"},
    {"alike", CF_OPTION_FLOAT, FIELD(alike), 0, 1, "variance that surfaces that look alike share"},
    {"near", CF_OPTION_FLOAT, FIELD(near), 0, 1, "variance that those of them nearby share"},
    {"mono-range", CF_OPTION_FLOAT, FIELD(mono_range), 0x1p-7, 4, "difference in sqrt-mono"},
    {"chroma-range", CF_OPTION_FLOAT, FIELD(chroma_range), 0x1p-7, 1000,
     "difference of the guess, chroma as it is seen"},
    {"reach", CF_OPTION_FLOAT, FIELD(reach), 0x1p-7, 10, "length of a way, picture sides"},
    {"noise", CF_OPTION_FLOAT, FIELD(noise), 0x1p-7, 10, "variance of what a point says"},
    {"sure", CF_OPTION_FLOAT, FIELD(sure), 0x1p-10, 1000, "error at which half of chroma stays"},
    CF_OPTION_END,
};

#define POINT_BYTES 44 /* of krige_point, in the kernels */

/* As the kernels have it. */
typedef struct {
    float part[4], scale[4];
    int size[4];
    int factor, rows, unused[2];
} device_params;

typedef struct {
    cf_buffer *cells, *ways, *factors, *points, *count;
} scratch;

#define PLANES(set) CF_BUF((set)->buf), CF_INT((set)->pitch)

static device_params pack(const cf_stage_io *io, const cf_krige_params *p) {
    int width = io->in[GUIDE].width, height = io->in[GUIDE].height;
    int longer = width > height ? width : height;
    int factor = (longer + CF_KRIGE_CELLS - 1) / CF_KRIGE_CELLS;
    float sum = p->common + p->alike + p->near;
    return (device_params){
        .part = {p->common / sum, p->alike / sum, p->near / sum, p->noise},
        .scale = {-0.5F / (p->mono_range * p->mono_range), -1 / p->reach, p->sure * p->sure,
                  -0.5F / (p->chroma_range * p->chroma_range)},
        .size = {width, height, (width + factor - 1) / factor, (height + factor - 1) / factor},
        .factor = factor,
        .rows = cf_points_rows(io->in[POINTS].width, io->in[POINTS].height),
    };
}

static cf_status get_scratch(cf_cl *cl, const device_params *p, scratch *s) {
    size_t cells = (size_t)p->size[2] * (size_t)p->size[3] * sizeof(float), n = CF_POINTS_ROWS;
    CF_TRY(cf_buffer_get(cl, cells, &s->cells));
    CF_TRY(cf_buffer_get(cl, cells * n, &s->ways));
    CF_TRY(cf_buffer_get(cl, n * n * sizeof(float), &s->factors));
    CF_TRY(cf_buffer_get(cl, n * POINT_BYTES, &s->points));
    return cf_buffer_get(cl, sizeof(int), &s->count);
}

static cf_status queue(cf_cl *cl, const cf_stage_io *io, const device_params *p, const scratch *s) {
    const cf_plane_set *in = io->in, *table = &in[POINTS];
    CF_TRY(cf_launch(cl, &cf_kernel_krige, "krige_cells", "",
                     CF_RANGE(p->size[2], p->size[3], 8, 1),
                     CF_ARGS(PLANES(&in[GUIDE]), CF_BUF(s->cells), CF_BYTES(p, sizeof *p))));
    CF_TRY(cf_launch(
        cl, &cf_kernel_krige, "krige_ways", "", CF_RANGE(CF_POINTS_ROWS, 1, 1, 1),
        CF_ARGS(PLANES(table), CF_BUF(s->cells), CF_BUF(s->ways), CF_BYTES(p, sizeof *p))));
    CF_TRY(cf_launch(cl, &cf_kernel_krige, "krige_solve", "", CF_RANGE(1, 1, 1, 1),
                     CF_ARGS(PLANES(table), PLANES(&in[GUIDE]), PLANES(&in[GUESS]), CF_BUF(s->ways),
                             CF_BUF(s->factors), CF_BUF(s->points), CF_BUF(s->count),
                             CF_BYTES(p, sizeof *p))));
    return cf_launch(cl, &cf_kernel_krige, "krige", "",
                     CF_RANGE(CF_PITCH(p->size[0]), p->size[1], 16, 1),
                     CF_ARGS(PLANES(&in[GUIDE]), PLANES(&in[GUESS]), PLANES(&in[CHROMA]),
                             PLANES(&in[ERROR]), CF_BUF(s->ways), CF_BUF(s->points),
                             CF_BUF(s->count), PLANES(&io->out[0]), CF_BYTES(p, sizeof *p)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    device_params p = pack(io, params);
    scratch s = {0};
    cf_status status = get_scratch(cl, &p, &s);
    if (status == CF_OK)
        status = queue(cl, io, &p, &s);
    cf_buffer_put(&s.cells);
    cf_buffer_put(&s.ways);
    cf_buffer_put(&s.factors);
    cf_buffer_put(&s.points);
    cf_buffer_put(&s.count);
    return status;
}

/* Errors of some Lab ab units; 3 to 11 points, some of them large or on the border. */
static void test_input(int port, cf_plane_set *set, unsigned seed) {
    for (int y = 0; port == ERROR && y < set->height; y++)
        for (int x = 0; x < set->width; x++)
            cf_row(set, 0, y)[x] *= 800;
    if (port != POINTS)
        return;
    for (int y = 0; set->width >= CF_POINTS_COLUMNS && y < set->height; y++) {
        float *row = cf_row(set, 0, y);
        memset(row, 0, CF_POINTS_COLUMNS * sizeof(float));
        if (y >= (int)(3 + seed % 9))
            continue;
        row[0] = (float)((seed * 31 + (unsigned)y * 17) % 60);
        row[1] = row[0] + (float)(y * y % 40);
        row[2] = (float)((seed * 13 + (unsigned)y * 29) % 40);
        row[3] = row[2] + (float)(y % 5);
        row[4] = 0.2F * (float)(y % 7) - 0.5F;
        row[5] = 0.3F - 0.1F * (float)(y % 5);
        row[6] = y % 3 ? 1 : 0.25F;
    }
}

const cf_stage cf_stage_krige = {
    .name = "krige",
    .summary = "what a user's points say of the guess everywhere else",
    .in = {{.name = "guide", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "guess", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "points", .domain = CF_DOMAIN_TABLE, .planes = 1, .size = CF_SIZE_FREE}},
    .out = {{.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2}},
    .params_size = sizeof(cf_krige_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-4,
    .tol_mean = 1e-6,
    .tol_why = "a system of equations solved with fused multiplications, exp of other libraries",
    .run_ref = cf_krige_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
