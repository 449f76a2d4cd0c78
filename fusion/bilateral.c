/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `bilateral`. */
#include "fusion/bilateral.h"

CF_CL_SOURCE(bilateral);

enum { MONO, SIGMA, CHROMA, ERROR };

static const cf_bilateral_params defaults = CF_BILATERAL_DEFAULTS;

#define FIELD(name) offsetof(cf_bilateral_params, name), 1
static const cf_option options[] = {
    {"reach", CF_OPTION_FLOAT, FIELD(reach), 0, 1, "widest step, share of the shorter side"},
    {"range", CF_OPTION_FLOAT, FIELD(range), 0x1p-10, 2, "difference of chroma that parts"},
    {"noise", CF_OPTION_FLOAT, FIELD(noise), 0, 100, "how far noise widens range"},
    {"narrow", CF_OPTION_FLOAT, FIELD(narrow), 0x1p-5, 1, "range of the widest step, as a share"},
    {"mono-range", CF_OPTION_FLOAT, FIELD(mono_range), 0x1p-10, 1,
     "difference in sqrt-mono that parts"},
    {"mono-noise", CF_OPTION_FLOAT, FIELD(mono_noise), 0, 100, "how far noise widens mono-range"},
    CF_OPTION_END,
};

/* Three planes each. */
typedef struct {
    cf_buffer *guide, *cells[2];
    int pitch, width, height;
} scratch;

#define PLANES(set) CF_BUF((set)->buf), CF_INT((set)->pitch)

static cf_status begin(cf_cl *cl, const cf_stage_io *io, const cf_bilateral_params *p,
                       const scratch *s) {
    const cf_plane_set *in = io->in;
    return cf_launch(cl, &cf_kernel_bilateral, "bilateral_begin", "",
                     CF_RANGE(s->pitch / 16, s->height, 8, 1),
                     CF_ARGS(PLANES(&in[MONO]), PLANES(&in[SIGMA]), PLANES(&in[CHROMA]),
                             PLANES(&in[ERROR]), CF_INT(s->height), CF_BUF(s->guide),
                             CF_BUF(s->cells[0]), CF_INT(s->pitch), CF_FLOAT(p->mono_range),
                             CF_FLOAT(p->mono_noise), CF_FLOAT(p->range), CF_FLOAT(p->noise)));
}

/* Turns the two buffers; what was averaged last is in the first. */
static cf_status filter(cf_cl *cl, const cf_bilateral_params *p, scratch *s) {
    int widest = cf_bilateral_widest(p, s->width, s->height);
    for (int step = widest; step > 0; step /= 2) {
        CF_TRY(cf_launch(cl, &cf_kernel_bilateral, "bilateral_pass", "",
                         CF_RANGE(s->pitch / 16, s->height, 8, 1),
                         CF_ARGS(CF_BUF(s->guide), CF_BUF(s->cells[0]), CF_BUF(s->cells[1]),
                                 CF_INT(s->width), CF_INT(s->height), CF_INT(s->pitch),
                                 CF_INT(step), CF_FLOAT(cf_bilateral_narrowing(p, widest, step)))));
        cf_buffer *spare = s->cells[0];
        s->cells[0] = s->cells[1];
        s->cells[1] = spare;
    }
    return CF_OK;
}

static cf_status finish(cf_cl *cl, const cf_stage_io *io, const scratch *s) {
    return cf_launch(cl, &cf_kernel_bilateral, "bilateral_finish", "",
                     CF_RANGE(s->pitch / 16, s->height, 8, 1),
                     CF_ARGS(CF_BUF(s->cells[0]), CF_INT(s->pitch), CF_INT(s->height),
                             PLANES(&io->out[0]), PLANES(&io->out[1])));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_plane_set *in = &io->in[0];
    scratch s = {.pitch = CF_PITCH(in->width), .width = in->width, .height = in->height};
    size_t bytes = (size_t)s.pitch * (size_t)s.height * 3 * sizeof(float);
    cf_status status = cf_buffer_get(cl, bytes, &s.guide);
    for (int i = 0; i < 2 && status == CF_OK; i++)
        status = cf_buffer_get(cl, bytes, &s.cells[i]);
    if (status == CF_OK)
        status = begin(cl, io, params, &s);
    if (status == CF_OK)
        status = filter(cl, params, &s);
    if (status == CF_OK)
        status = finish(cl, io, &s);
    cf_buffer_put(&s.guide);
    cf_buffer_put(&s.cells[0]);
    cf_buffer_put(&s.cells[1]);
    return status;
}

const cf_stage cf_stage_bilateral = {
    .name = "bilateral",
    .summary = "chroma averaged over all cells around that look alike",
    .in = {{.name = "mono", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .out = {{.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
            {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof(cf_bilateral_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-4,
    .tol_mean = 1e-6,
    .tol_why = "eighth powers, and differences scaled by up to 1e5, with fused multiplications",
    .run_ref = cf_bilateral_ref,
    .run_cl = run_cl,
};
