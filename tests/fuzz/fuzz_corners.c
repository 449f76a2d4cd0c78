/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as a table of board corners. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/board_pictures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int sizes[2][2] = {{640, 480}, {320, 240}};
    const cf_board board = {3, 3, 0.025};
    cf_board_pictures pictures;
    char *text = cf_alloc(size + 1, 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    if (cf_board_corners_parse("fuzz.vnl", text, "l*", "r*", sizes, &board, &pictures) == CF_OK)
        cf_board_pictures_clear(&pictures);
    cf_free(text);
    return 0;
}
