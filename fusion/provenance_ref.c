/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `provenance`. */
#include "fusion/provenance.h"

cf_status cf_provenance_ref(const cf_stage_io *io, const void *params) {
    const cf_provenance_params *p = params;
    for (int y = 0; y < io->in[0].height; y++) {
        const float *confidence = cf_row(&io->in[0], 0, y), *error = cf_row(&io->in[1], 0, y);
        for (int x = 0; x < io->in[0].width; x++) {
            float c = confidence[x] > 0 ? confidence[x] < 1 ? confidence[x] : 1 : 0;
            float measured = c / (c + p->half_confidence) * (1 + p->half_confidence);
            float e = error[x] < p->invented_error ? error[x] / p->invented_error : 1;
            e = e > 0 ? e : 0;
            float invented = (1 - measured) * e * e;
            cf_row(&io->out[0], 0, y)[x] = invented;
            cf_row(&io->out[0], 1, y)[x] = measured;
            cf_row(&io->out[0], 2, y)[x] = 1 - measured - invented;
        }
    }
    return CF_OK;
}
