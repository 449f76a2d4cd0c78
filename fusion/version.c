/* SPDX-License-Identifier: Apache-2.0 */
/* The library's version, from the build. */
#include "fusion/version.h"

const char *cf_version(void) {
    return CHROMAFUSE_VERSION;
}
