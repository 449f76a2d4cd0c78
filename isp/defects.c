/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `defects`, and its list. */
#include "isp/defects.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

CF_CL_SOURCE(defects);

static const cf_defects_params defaults = CF_DEFECTS_DEFAULTS;

static const cf_option options[] = {
    {"step", CF_OPTION_INT, offsetof(cf_defects_params, step), 1, 1, 2,
     "pixels between samples of one colour"},
    {"threshold", CF_OPTION_FLOAT, offsetof(cf_defects_params, threshold), 1, 0, 1000,
     "standard deviations beyond all neighbours; 0: only listed pixels"},
    {"scale", CF_OPTION_FLOAT, offsetof(cf_defects_params, scale), 1, 0, 1e4,
     "noise variance per signal"},
    {"offset", CF_OPTION_FLOAT, offsetof(cf_defects_params, offset), 1, 0, 1e4,
     "noise variance in the dark"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_defects_params *p = params;
    p->step = context->camera->is_color ? 2 : 1;
    p->scale = context->camera->noise.scale;
    p->offset = context->camera->noise.offset;
    return CF_OK;
}

static int compare(const void *a, const void *b) {
    const cf_defect *p = a, *q = b;
    return p->y != q->y ? (p->y > q->y) - (p->y < q->y) : (p->x > q->x) - (p->x < q->x);
}

/* Bits 0..7: neighbours `step` away that are in the picture and not broken; 8..15: twice as far. */
static int usable(const cf_camera_profile *camera, const cf_defect *sorted, size_t count,
                  const cf_defect *d, int step) {
    int mask = 0;
    for (int k = 0; k < 16; k++) {
        int site = k % 8 < 4 ? k % 8 : k % 8 + 1, reach = (k / 8 + 1) * step;
        cf_defect n = {d->x + (site % 3 - 1) * reach, d->y + (site / 3 - 1) * reach};
        if (n.x >= 0 && n.y >= 0 && n.x < camera->width && n.y < camera->height &&
            !bsearch(&n, sorted, count, sizeof n, compare))
            mask |= 1 << k;
    }
    return mask;
}

cf_status cf_defects_list(const cf_camera_profile *camera, cf_plane_set *list) {
    int wanted = camera->defect_count > 0 ? camera->defect_count : 1, used = 0;
    *list = (cf_plane_set){.width = wanted,
                           .height = 1,
                           .planes = 3,
                           .pitch = CF_PITCH(wanted),
                           .elem = 4,
                           .domain = CF_DOMAIN_TABLE};
    size_t count = (size_t)camera->defect_count;
    cf_defect *sorted = cf_alloc(count, sizeof *sorted);
    list->data = cf_alloc(cf_plane_set_bytes(list), 1);
    if (!sorted || !list->data) {
        cf_free(sorted);
        cf_free(list->data);
        list->data = NULL;
        return CF_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = camera->defects[i];
    qsort(sorted, count, sizeof *sorted, compare);
    for (size_t i = 0; i < count; i++) {
        const cf_defect *d = &sorted[i];
        if (d->x < 0 || d->y < 0 || d->x >= camera->width || d->y >= camera->height)
            continue;
        cf_row(list, 0, 0)[used] = (float)d->x;
        cf_row(list, 1, 0)[used] = (float)d->y;
        cf_row(list, 2, 0)[used++] =
            (float)usable(camera, sorted, count, d, camera->is_color ? 2 : 1);
    }
    for (; used < wanted; used++)
        cf_row(list, 0, 0)[used] = cf_row(list, 1, 0)[used] = -1;
    cf_free(sorted);
    return CF_OK;
}

static cf_status table(const cf_stage_context *context, int port, cf_plane_set *out) {
    (void)port;
    return cf_defects_list(context->camera, out);
}

static cf_status replace_found(cf_cl *cl, const cf_stage_io *io, const cf_defects_params *p,
                               const char *kernel, const cf_buffer *marks) {
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    return cf_launch(
        cl, &cf_kernel_defects, kernel, "", CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
        CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf), CF_INT(out->pitch),
                CF_INT(in->width), CF_INT(in->height), CF_INT(p->step), CF_FLOAT(p->threshold),
                CF_FLOAT(p->scale), CF_FLOAT(p->offset), CF_BUF(marks)));
}

static cf_status replace_listed(cf_cl *cl, const cf_stage_io *io, const cf_defects_params *p) {
    const cf_plane_set *in = &io->in[0], *list = &io->in[1], *out = &io->out[0];
    return cf_launch(cl, &cf_kernel_defects, "listed", "", CF_RANGE(list->width, 1, 16, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(in->width), CF_INT(in->height),
                             CF_INT(p->step), CF_BUF(list->buf), CF_INT(list->pitch * list->height),
                             CF_INT(list->width)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_defects_params *p = params;
    const cf_plane_set *in = &io->in[0];
    int found = p->threshold > 0 && (p->scale > 0 || p->offset > 0);
    cf_buffer *marks;
    CF_TRY(cf_buffer_get(cl, (size_t)(in->width + 15) / 16 * (size_t)in->height, &marks));
    cf_status status = replace_found(cl, io, p, "search", marks);
    if (status == CF_OK && found)
        status = replace_found(cl, io, p, "correct", marks);
    if (status == CF_OK)
        status = replace_listed(cl, io, p);
    cf_buffer_put(&marks);
    return status;
}

/* Outliers in the picture, rare ones in a large one; a list with entries in and outside it. */
static void test_input(int port, cf_plane_set *set, unsigned seed) {
    if (port == 0) {
        int distance = set->width < 200 ? 13 : 1999;
        for (int y = 0; y < set->height; y++)
            for (int x = (int)(seed + (unsigned)y * 7) % distance; x < set->width; x += distance)
                cf_row(set, 0, y)[x] += x % 2 ? 3.0F : -3.0F;
        return;
    }
    for (int i = 0; i < set->width; i++) {
        unsigned x = seed + (unsigned)i * 5;
        cf_row(set, 0, 0)[i] = (float)(x % 70) - 2;
        cf_row(set, 1, 0)[i] = (float)i; /* no pixel twice */
        cf_row(set, 2, 0)[i] = (float)(x * 2654435761U >> 16);
    }
}

const cf_stage cf_stage_defects = {
    .name = "defects",
    .summary = "broken pixels, known and obvious ones",
    .in = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1},
           {.name = "list", .domain = CF_DOMAIN_TABLE, .planes = 3, .size = CF_SIZE_FREE}},
    .out = {{.name = "fixed", .domain = CF_DOMAIN_RAW, .planes = 1}},
    .params_size = sizeof(cf_defects_params),
    .defaults = &defaults,
    .options = options,
    .margin = 4,
    .tol_max = 1e-6,
    .tol_mean = 1e-7,
    .tol_why = "means of two to eight samples",
    .bind = bind,
    .table = table,
    .run_ref = cf_defects_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
