/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of rig.yaml, and how libcyaml's messages become one line of ours. */
#include "calib/rig_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define MAX_NOISE 64
#define MAX_PATH 4096
#define LIST (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)

static const cyaml_schema_value_t number = {
    CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, double),
};

static const cyaml_schema_field_t noise_fields[] = {
    CYAML_FIELD_FLOAT("gain", CYAML_FLAG_DEFAULT, cf_rig_noise, gain),
    CYAML_FIELD_FLOAT("scale", CYAML_FLAG_DEFAULT, cf_rig_noise, scale),
    CYAML_FIELD_FLOAT("offset", CYAML_FLAG_DEFAULT, cf_rig_noise, offset),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t noise_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, cf_rig_noise, noise_fields),
};

#define COMMON_FIELDS                                                                              \
    CYAML_FIELD_STRING_PTR("model", LIST, cf_rig_yaml_camera, model, 1, MAX_PATH),                 \
        CYAML_FIELD_STRING_PTR("shading", LIST, cf_rig_yaml_camera, shading, 1, MAX_PATH),         \
        CYAML_FIELD_STRING_PTR("defects", LIST, cf_rig_yaml_camera, defects, 1, MAX_PATH),         \
        CYAML_FIELD_SEQUENCE("noise", LIST, cf_rig_yaml_camera, noise, &noise_entry, 1,            \
                             MAX_NOISE),                                                           \
        CYAML_FIELD_SEQUENCE("black", LIST, cf_rig_yaml_camera, black, &number, 1, 4)

static const cyaml_schema_field_t mono_fields[] = {
    COMMON_FIELDS,
    CYAML_FIELD_SEQUENCE_FIXED("spectral", LIST, cf_rig_yaml_camera, spectral, &number, 3),
    CYAML_FIELD_FLOAT_PTR("gain", LIST, cf_rig_yaml_camera, gain),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t color_fields[] = {
    COMMON_FIELDS,
    CYAML_FIELD_SEQUENCE_FIXED("ccm", LIST, cf_rig_yaml_camera, ccm, &number, 9),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t sync_fields[] = {
    CYAML_FIELD_FLOAT_PTR("offset_us", LIST, cf_rig_yaml_sync, offset_us),
    CYAML_FIELD_FLOAT_PTR("jitter_us", LIST, cf_rig_yaml_sync, jitter_us),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t scene_fields[] = {
    CYAML_FIELD_FLOAT_PTR("depth_min_m", LIST, cf_rig_yaml_scene, depth_min_m),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t rig_fields[] = {
    CYAML_FIELD_INT_PTR("version", CYAML_FLAG_POINTER, cf_rig_yaml, version),
    CYAML_FIELD_MAPPING_PTR("mono", LIST, cf_rig_yaml, mono, mono_fields),
    CYAML_FIELD_MAPPING_PTR("color", LIST, cf_rig_yaml, color, color_fields),
    CYAML_FIELD_MAPPING_PTR("sync", LIST, cf_rig_yaml, sync, sync_fields),
    CYAML_FIELD_MAPPING_PTR("scene", LIST, cf_rig_yaml, scene, scene_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t rig_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, cf_rig_yaml, rig_fields),
};

/* What libcyaml says: a reason first, then where, from the innermost mapping outwards. */
typedef struct {
    const char *path;
    char reason[256], place[256];
} message;

static void collect(cyaml_log_t level, void *user, const char *format, va_list args) {
    static const char field[] = "in mapping field '";
    message *m = user;
    char line[256];
    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = 0;
    const char *text = line;
    while (*text == ' ')
        text++;
    if (!strncmp(text, "Load: ", 6))
        text += 6;
    if (!strncmp(text, "Ignoring key: ", 14)) {
        cf_log(CF_LOG_WARNING, "%s: unknown key '%s' is ignored", m->path, text + 14);
    } else if (!strncmp(text, field, sizeof field - 1)) {
        char outer[256];
        size_t length = strcspn(text + sizeof field - 1, "'");
        snprintf(outer, sizeof outer, "%.*s%s%.190s", (int)(length < 60 ? length : 60),
                 text + sizeof field - 1, m->place[0] ? "." : "", m->place);
        memcpy(m->place, outer, sizeof outer);
    } else if (level == CYAML_LOG_ERROR && !m->reason[0] && strcmp(text, "Backtrace:")) {
        snprintf(m->reason, sizeof m->reason, "%s", text);
    }
}

static cyaml_config_t config(message *m) {
    return (cyaml_config_t){
        .log_fn = collect,
        .log_ctx = m,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_DEBUG, /* the level of ignored keys */
        .flags = CYAML_CFG_IGNORE_UNKNOWN_KEYS | CYAML_CFG_NO_ALIAS,
    };
}

cf_status cf_rig_yaml_read(const char *path, const char *text, size_t size, cf_rig_yaml **out) {
    message m = {.path = path};
    cyaml_config_t c = config(&m);
    *out = NULL;
    cyaml_err_t error =
        cyaml_load_data((const uint8_t *)text, size, &c, &rig_schema, (void **)out, NULL);
    if (error != CYAML_OK) {
        *out = NULL;
        return cf_fail(error == CYAML_ERR_OOM ? CF_ERR_MEMORY : CF_ERR_FORMAT, "%s: %s%s%s%s", path,
                       m.place[0] ? "key '" : "", m.place, m.place[0] ? "': " : "",
                       m.reason[0] ? m.reason : cyaml_strerror(error));
    }
    if (!*out)
        return cf_fail(CF_ERR_FORMAT, "%s: is empty", path);
    return CF_OK;
}

void cf_rig_yaml_free(cf_rig_yaml *yaml) {
    message m = {.path = ""};
    cyaml_config_t c = config(&m);
    c.log_fn = NULL;
    cyaml_free(&c, &rig_schema, yaml, 0);
}
