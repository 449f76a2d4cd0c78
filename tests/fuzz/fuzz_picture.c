/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile PNG, JPEG and TIFF: cf_picture_read either fails and leaves nothing, or gives a picture.
 */
#include "tests/fuzz/input_file.h"

#include "base/alloc.h"
#include "capture/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_picture picture;
    cf_status status = cf_picture_read(fuzz_input(data, size), &picture);
    if ((status == CF_OK) != (picture.image.data != NULL))
        abort();
    cf_picture_free(&picture);
    if (cf_alloc_live())
        abort();
    return 0;
}
