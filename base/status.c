/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the status codes. */
#include "base/status.h"

const char *cf_status_text(cf_status status) {
    switch (status) {
    case CF_OK: return "ok";
    case CF_ERR_INVALID: return "invalid argument";
    case CF_ERR_IO: return "input/output error";
    case CF_ERR_FORMAT: return "damaged or unexpected file content";
    case CF_ERR_DEVICE: return "device error";
    case CF_ERR_MEMORY: return "out of memory";
    case CF_ERR_UNSUPPORTED: return "not supported";
    case CF_ERR_CANCELLED: return "cancelled";
    case CF_ERR_TIMEOUT: return "timed out";
    case CF_ERR_END: return "end of stream";
    }
    return "unknown status";
}
