/* SPDX-License-Identifier: Apache-2.0 */
/* One stage on planes of the host, by its reference or by its kernels. */
#ifndef CHROMAFUSE_TESTS_FUSION_RUN_STAGE_H
#define CHROMAFUSE_TESTS_FUSION_RUN_STAGE_H

#include "cl/buffer.h"
#include "isp/stage.h"
#include "tests/test_main.h"

/* `inputs` ports are read and port 0 is written; all have `data`. cl NULL: the reference. */
static inline void run_stage(const cf_stage *stage, cf_cl *cl, cf_stage_io *io, int inputs,
                             const void *params) {
    cf_plane_set *out = &io->out[0];
    for (int i = 0; cl && i <= inputs; i++) {
        cf_plane_set *set = i < inputs ? &io->in[i] : out;
        size_t bytes = cf_plane_set_bytes(set);
        ck_assert_int_eq(cf_buffer_get(cl, bytes, &set->buf), CF_OK);
        ck_assert_int_eq(cf_buffer_write(set->buf, 0, set->data, bytes), CF_OK);
    }
    ck_assert_int_eq(
        cl ? cf_stage_run_cl(stage, cl, io, params) : cf_stage_run_ref(stage, io, params), CF_OK);
    if (cl)
        ck_assert_int_eq(cf_buffer_read(out->buf, 0, out->data, cf_plane_set_bytes(out)), CF_OK);
    for (int i = 0; i <= inputs; i++)
        cf_buffer_put(i < inputs ? &io->in[i].buf : &out->buf);
}

#endif
