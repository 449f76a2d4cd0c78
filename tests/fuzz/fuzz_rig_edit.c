/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as a rig file that gets keys; what comes out must take them again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "calib/rig_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_rig_edit *edit, *again;
    if (cf_rig_edit_parse("fuzz.yaml", (const char *)data, size, &edit) != CF_OK)
        return 0;
    cf_status status = cf_rig_edit_set(edit, "mono", "black", "[64,\n65]");
    if (cf_rig_edit_set(edit, "color", "model", "c.cameramodel") == CF_OK && status == CF_OK) {
        const char *text = cf_rig_edit_text(edit);
        assert(strstr(text, "c.cameramodel"));
        assert(cf_rig_edit_parse("fuzz.yaml", text, strlen(text), &again) == CF_OK);
        cf_rig_edit_destroy(&again);
    }
    cf_rig_edit_destroy(&edit);
    return 0;
}
