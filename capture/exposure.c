/* SPDX-License-Identifier: Apache-2.0 */
/* Stands for the exposure brain until that lands. */
#include "capture/exposure.h"
#include "base/log.h"
cf_status cf_exposure_create(const cf_exposure_params *params, cf_exposure **out) {
    (void)params;
    *out = NULL;
    return cf_fail(CF_ERR_UNSUPPORTED, "later");
}
void cf_exposure_destroy(cf_exposure **exposure) {
    (void)exposure;
}
cf_status cf_exposure_update(cf_exposure *e, cf_frame *const pair[2], cf_exposure_decision *out) {
    (void)e;
    (void)pair;
    (void)out;
    return CF_OK;
}
