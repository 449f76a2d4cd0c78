/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what each calibration wrote about itself. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "calib/yaml_text.h"
#include "tools/rig_check.h"

#define MAX_FILE ((size_t)16 << 20)

/* Text of a top-level key; "" when there is none. */
static void take_text(const cf_yaml *d, const char *key, char *out, size_t room) {
    const yaml_node_pair_t *p = cf_yaml_find(d, cf_yaml_root(d), key);
    const yaml_node_t *n = p ? cf_yaml_node(d, p->value) : NULL;
    out[0] = '\0';
    if (n && n->type == YAML_SCALAR_NODE)
        snprintf(out, room, "%s", (const char *)n->data.scalar.value);
}

/* How many pictures "from" lists, over all cameras; an import has none. */
static int count_pictures(const cf_yaml *d) {
    const yaml_node_pair_t *from = cf_yaml_find(d, cf_yaml_root(d), "from");
    const yaml_node_t *lists = from ? cf_yaml_node(d, from->value) : NULL;
    int count = 0;
    if (!lists || lists->type != YAML_MAPPING_NODE)
        return 0;
    const yaml_node_pair_t *p = lists->data.mapping.pairs.start;
    for (; p < lists->data.mapping.pairs.top; p++) {
        const yaml_node_t *n = cf_yaml_node(d, p->value);
        if (n->type == YAML_SEQUENCE_NODE && !cf_yaml_is(cf_yaml_node(d, p->key), "opencv"))
            count += (int)(n->data.sequence.items.top - n->data.sequence.items.start);
    }
    return count;
}

/* A record is JSON, which is YAML too. 0 when it is not there or damaged, which is a finding. */
static int read_record(const char *path, const char *name, cf_rig_record *out, cf_findings *f) {
    char *text;
    size_t size;
    cf_yaml d;
    if (access(path, F_OK))
        return 0;
    cf_findings_capture(f, name, path);
    cf_status status = cf_file_read(path, MAX_FILE, &text, &size);
    if (status == CF_OK) {
        status = cf_yaml_parse(path, text, &d);
        if (status == CF_OK) {
            snprintf(out->file, sizeof out->file, "%s", name);
            take_text(&d, "calibration", out->calibration, sizeof out->calibration);
            take_text(&d, "made", out->made, sizeof out->made);
            take_text(&d, "verdict", out->verdict, sizeof out->verdict);
            out->pictures = count_pictures(&d);
            yaml_document_delete(&d.tree);
        }
        cf_free(text);
    }
    cf_findings_capture(NULL, NULL, NULL);
    return status == CF_OK;
}

int cf_rig_check_records(const cf_rig *rig, cf_rig_record *records, int room, cf_findings *f) {
    static const char *const files[] = {
        "geometry.json",     "mono.noise.json",    "color.noise.json",
        "mono.shading.json", "color.shading.json", "color.color.json",
    };
    char path[4096];
    int count = 0;
    int folder = (int)(cf_input_name(rig->path) - rig->path);
    for (size_t i = 0; i < sizeof files / sizeof *files && count < room; i++)
        if (snprintf(path, sizeof path, "%.*s%s", folder, rig->path, files[i]) < (int)sizeof path &&
            read_record(path, files[i], &records[count], f))
            count++;
    return count;
}
