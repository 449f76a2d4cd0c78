/* SPDX-License-Identifier: Apache-2.0 */
/* Looks stages up by name. */
#include "fusion/stage_list.h"

#include <string.h>

const cf_stage *cf_stage_find(const char *name) {
    for (const cf_stage *const *s = cf_stages; *s; s++)
        if (!strcmp((*s)->name, name))
            return *s;
    return NULL;
}
