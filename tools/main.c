/* SPDX-License-Identifier: Apache-2.0 */
/* The program `chromafuse`. */
#include <stdio.h>

#include "fusion/version.h"

int main(void) {
    printf("chromafuse %s\n", cf_version());
    return 0;
}
