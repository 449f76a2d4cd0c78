/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as the measured colours of a chart. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "calib/chart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_chart_reference reference;
    char *text = cf_alloc(size + 1, 1); /* one zero byte follows, as from cf_file_read */
    if (!text)
        return 0;
    memcpy(text, data, size);
    (void)cf_chart_reference_parse("fuzz.csv", text, &reference);
    cf_free(text);
    return 0;
}
