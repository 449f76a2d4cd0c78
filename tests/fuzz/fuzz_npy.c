/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as a NumPy file. */
#include <stddef.h>
#include <stdint.h>

#include "tools/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_npy array;
    if (cf_npy_parse(data, size, "fuzz.npy", &array) == CF_OK)
        cf_npy_clear(&array);
    return 0;
}
