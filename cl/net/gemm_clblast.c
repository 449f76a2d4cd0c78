/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products by CLBlast. Its caches of programs and parameters belong to the process and are
 * not made for several threads: one thread at a time may plan or run networks that use it. */
#include <string.h>

#include "base/log.h"
#include "cl/internal.h"
#include "cl/net/gemm.h"

#include <clblast_c.h> /* behind cl/internal.h, which says the version of OpenCL */

CF_CL_SOURCE(op_gemm);

/* What a run needs; 2 * batch numbers of matrices lie behind it. */
typedef struct {
    cf_gemm g;
    const cf_buffer *a, *b, *out, *scratch; /* scratch NULL: none wanted */
} clblast_call;

static cf_status fail(const cf_cl *cl, CLBlastStatusCode code, const char *what) {
    cf_status status = code == CLBlastTempBufferAllocFailure || code == CLBlastOpenCLOutOfHostMemory
                           ? CF_ERR_MEMORY
                           : CF_ERR_DEVICE;
    if (code < 0 && code > CLBlastNotImplemented)
        return cf_fail(status, "%s: CLBlast cannot %s: %s", cl->info.name, what,
                       cf_cl_error_text(code));
    return cf_fail(status, "%s: CLBlast cannot %s: its error %d", cl->info.name, what, (int)code);
}

static CLBlastTranspose transposed(int yes) {
    return yes ? CLBlastTransposeYes : CLBlastTransposeNo;
}

/* One product after the other: its batched routine would allocate in each run. */
static cf_status run_products(cf_cl *cl, const void *user) {
    clblast_call c;
    memcpy(&c, user, sizeof c);
    const int *which = (const int *)(const void *)((const char *)user + sizeof c);
    size_t m = (size_t)c.g.m, n = (size_t)c.g.n, k = (size_t)c.g.k;
    for (size_t z = 0; z < (size_t)c.g.batch; z++) {
        cl_event *event = cf_profile_slot(cl, "clblast");
        CLBlastStatusCode code = CLBlastSgemmWithTempBuffer(
            CLBlastLayoutRowMajor, transposed(c.g.trans_a), transposed(c.g.trans_b), m, n, k,
            c.g.alpha, c.a->mem, (size_t)which[2 * z] * m * k, c.g.trans_a ? m : k, c.b->mem,
            (size_t)which[2 * z + 1] * n * k, c.g.trans_b ? k : n, 0.0f, c.out->mem, z * m * n, n,
            &cl->queue, event, c.scratch ? c.scratch->mem : NULL);
        if (code != CLBlastSuccess)
            return fail(cl, code, "multiply matrices");
        cf_profile_added(cl);
    }
    return CF_OK;
}

/* CLBlast's own defaults for an unknown CPU reach 10 to 20 GFLOPS on PoCL; these, found by a random
 * search over its parameters at 512x512x512 and 128x128x128, a little more. */
static cf_status set_parameters(cf_cl *cl) {
    static const char *const names[] = {"GEMMK", "KREG",  "KWG",   "KWI", "MDIMA", "MDIMC",
                                        "MWG",   "NDIMB", "NDIMC", "NWG", "SA",    "SB",
                                        "STRM",  "STRN",  "VWM",   "VWN"};
    static const size_t values[] = {0, 1, 64, 4, 2, 2, 128, 1, 1, 16, 0, 0, 1, 0, 8, 8};
    if (cl->clblast_ready || strcmp(cl->info.type, "cpu") != 0)
        return CF_OK;
    const char *copy[sizeof names / sizeof *names];
    memcpy(copy, names, sizeof names);
    CLBlastStatusCode code = CLBlastOverrideParameters(cl->device, "Xgemm", CLBlastPrecisionSingle,
                                                       sizeof names / sizeof *names, copy, values);
    if (code != CLBlastSuccess)
        return fail(cl, code, "take parameters");
    cl->clblast_ready = 1;
    return CF_OK;
}

/* The largest temporary buffer over the batch: offsets that are not aligned need copies. */
static cf_status scratch_bytes(cf_cl *cl, const cf_gemm *g, size_t *bytes) {
    size_t m = (size_t)g->m, n = (size_t)g->n, k = (size_t)g->k;
    *bytes = 0;
    for (size_t z = 0; z < (size_t)g->batch; z++) {
        size_t one = 0;
        CLBlastStatusCode code = CLBlastSGemmTempBufferSize(
            CLBlastLayoutRowMajor, transposed(g->trans_a), transposed(g->trans_b), m, n, k,
            (size_t)g->which[2 * z] * m * k, g->trans_a ? m : k,
            (size_t)g->which[2 * z + 1] * n * k, g->trans_b ? k : n, z * m * n, n, &cl->queue,
            &one);
        if (code != CLBlastSuccess)
            return fail(cl, code, "tell its memory");
        *bytes = one > *bytes ? one : *bytes;
    }
    return CF_OK;
}

/* Its kernels are compiled by the run that every plan ends with; CLBlastFillCache would compile
 * all of its routines, which takes PoCL minutes. */
cf_status cf_clblast_plan(cf_planner *plan, const cf_gemm *g, const cf_buffer *a,
                          const cf_buffer *b, const cf_buffer *out) {
    cf_cl *cl = cf_plan_device(plan);
    size_t bytes, numbers = 2 * (size_t)g->batch * sizeof *g->which, size;
    clblast_call call = {*g, a, b, out, NULL};
    CF_TRY(set_parameters(cl));
    CF_TRY(scratch_bytes(cl, g, &bytes));
    if (bytes)
        CF_TRY(cf_plan_scratch(plan, bytes, &call.scratch));
    size = sizeof call + numbers;
    char *user = cf_plan_keep(plan, 1, size);
    if (!user)
        return CF_ERR_MEMORY;
    memcpy(user, &call, sizeof call);
    memcpy(user + sizeof call, g->which, numbers);
    return cf_plan_call(plan, run_products, user, size,
                        (const cf_buffer *[]){a, b, out, call.scratch}, bytes ? 4 : 3);
}

static cf_status plan_clblast(cf_planner *plan, cf_op *op, const cf_gemm *g) {
    char options[1024] = "";
    const cf_buffer *a, *b, *c, *out;
    cf_post_buffers post;
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &a));
    CF_TRY(cf_plan_tensor(plan, op->in[1], &b));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(cf_clblast_plan(plan, g, a, b, out));
    c = a;
    if (g->beta != 0.0f)
        CF_TRY(cf_plan_tensor(plan, op->in[2], &c));
    else if (!options[0])
        return CF_OK;
    cf_gemm_args args = cf_gemm_describe(op, g);
    cf_range range = {{(size_t)g->n, (size_t)g->m, (size_t)g->batch}, {1, 1, 1}};
    return cf_plan_launch(
        plan, &cf_source_op_gemm, "gemm_finish", options, range,
        CF_ARGS(CF_BUF(out), CF_BUF(c), CF_BYTES(&args, sizeof args), CF_POST(post)));
}

static int suits(const cf_gemm *g) {
    (void)g;
    return 1;
}

const cf_gemm_method cf_gemm_clblast = {"clblast", suits, plan_clblast};
