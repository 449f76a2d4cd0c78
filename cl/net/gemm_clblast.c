/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products by CLBlast. Its caches of programs and parameters belong to the process and are
 * not made for several threads: one thread at a time may plan or run networks that use it. */
#include <string.h>

#include "base/log.h"
#include "cl/internal.h"
#include "cl/net/gemm.h"
#include "cl/net/tune.h"

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
static cf_status record_products(cf_planner *plan, const cf_gemm *g, const cf_buffer *a,
                                 const cf_buffer *b, const cf_buffer *out) {
    cf_cl *cl = cf_plan_device(plan);
    size_t bytes, numbers = 2 * (size_t)g->batch * sizeof *g->which, size;
    clblast_call call = {*g, a, b, out, NULL};
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

/* CLBlast's database knows GPUs but not PoCL, where its defaults reach 24 GFLOPS of 220 on two
 * cores with AVX-512. Work-groups of one work-item with a tile in vector registers do better: 77,
 * by a random search of ours; which tile, `bench --tune` finds out on the device. */
static const char *const parameter_names[] = {"GEMMK", "KREG",  "KWG",   "KWI", "MDIMA", "MDIMC",
                                              "MWG",   "NDIMB", "NDIMC", "NWG", "SA",    "SB",
                                              "STRM",  "STRN",  "VWM",   "VWN"};
#define PARAMETERS (sizeof parameter_names / sizeof *parameter_names)
static const struct {
    const char *name;
    size_t values[PARAMETERS];
} parameter_sets[] = {
    {"64x6", {0, 1, 64, 4, 1, 1, 64, 1, 1, 6, 0, 0, 0, 0, 16, 1}},
    {"64x8", {0, 1, 32, 4, 1, 1, 64, 1, 1, 8, 0, 0, 0, 0, 8, 1}},
};
#define SETS (sizeof parameter_sets / sizeof *parameter_sets)

static cf_status set_parameters(cf_cl *cl, size_t set) {
    /* its kernel for small products is no faster and takes PoCL long to compile */
    const char *routine = "XGEMM_MIN_INDIRECT_SIZE", *names[PARAMETERS];
    const size_t always = 1;
    memcpy(names, parameter_names, sizeof names);
    CLBlastStatusCode code = CLBlastOverrideParameters(
        cl->device, "GemmRoutine", CLBlastPrecisionSingle, 1, &routine, &always);
    if (code == CLBlastSuccess)
        code = CLBlastOverrideParameters(cl->device, "Xgemm", CLBlastPrecisionSingle, PARAMETERS,
                                         names, parameter_sets[set].values);
    return code == CLBlastSuccess ? CF_OK : fail(cl, code, "take parameters");
}

/* A product of middling size with a set of parameters, to be timed. */
static cf_status record_parameters(cf_planner *plan, size_t set, void *user) {
    static const int which[2] = {0, 0};
    const cf_gemm g = {.batch = 1, .m = 384, .n = 384, .k = 384, .alpha = 1, .which = which};
    const cf_buffer *b[3];
    (void)user;
    for (int i = 0; i < 3; i++)
        CF_TRY(cf_plan_scratch(plan, 384 * 384 * sizeof(float), &b[i]));
    CF_TRY(set_parameters(cf_plan_device(plan), set));
    return record_products(plan, &g, b[0], b[1], b[2]);
}

/* Once per open device. */
static cf_status choose_parameters(cf_planner *plan) {
    cf_cl *cl = cf_plan_device(plan);
    const char *names[SETS];
    if (cl->clblast_ready || strcmp(cl->info.type, "cpu") != 0)
        return CF_OK;
    for (size_t i = 0; i < SETS; i++)
        names[i] = parameter_sets[i].name;
    const cf_choice choice = {
        .key = "clblast_parameters", .names = names, .count = SETS, .record = record_parameters};
    cl->clblast_ready = 1;
    return set_parameters(cl, cf_choose_index(plan, &choice));
}

cf_status cf_clblast_plan(cf_planner *plan, const cf_gemm *g, const cf_buffer *a,
                          const cf_buffer *b, const cf_buffer *out) {
    CF_TRY(choose_parameters(plan));
    return record_products(plan, g, a, b, out);
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
        plan, &cf_kernel_op_gemm, "gemm_finish", options, range,
        CF_ARGS(CF_BUF(out), CF_BUF(c), CF_BYTES(&args, sizeof args), CF_POST(post)));
}

static int suits(const cf_gemm *g) {
    (void)g;
    return 1;
}

const cf_gemm_method cf_gemm_clblast = {"clblast", suits, plan_clblast};
