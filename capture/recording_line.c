/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of frames.jsonl: JSON by jansson, values checked here. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "capture/recording.h"

#define MAX_INDEX 1000000000
#define MAX_GAIN 1e9
#define MAX_MONO_GAIN 1e4

const char *const cf_recording_cameras[2] = {"mono", "color"};

static const char *const time_refs[] = {
    [CF_TIME_MID] = "mid", [CF_TIME_START] = "start", [CF_TIME_END] = "end"};

/* 0: "camera", say, is no whole number in 0..max; a key that is missing leaves *out alone. */
static int take_whole(const json_t *line, const char *key, json_int_t max, int64_t *out) {
    const json_t *value = json_object_get(line, key);
    if (!value)
        return 1;
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > max)
        return 0;
    *out = number;
    return 1;
}

/* Which of the names a text value is; -1: none. */
static int take_name(const json_t *line, const char *key, const char *const *names, int count) {
    const char *text = json_string_value(json_object_get(line, key));
    for (int i = 0; text && i < count; i++)
        if (!strcmp(text, names[i]))
            return i;
    return -1;
}

/* No "/", "..", ".", empty parts; nothing that a terminal or another system would take amiss. */
static int is_plain(const char *file) {
    for (const char *part = file;; part++) {
        size_t n = strcspn(part, "/");
        if (!n || part[0] == '.')
            return 0;
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)part[i] < 0x20 || part[i] == '\\' || part[i] == 0x7f)
                return 0;
        part += n;
        if (!*part)
            return 1;
    }
}

static const char *take_file(const json_t *line, char *out, size_t room) {
    const char *file = json_string_value(json_object_get(line, "file"));
    if (!file)
        return "no \"file\"";
    if (strlen(file) >= room)
        return "a file name of more than 127 bytes";
    if (!is_plain(file))
        return "a file that is not inside the recording";
    memcpy(out, file, strlen(file) + 1);
    return NULL;
}

static const char *take_frame(const json_t *line, cf_recording_frame *out) {
    int64_t index = -1, sequence = 0;
    if (!json_is_object(line))
        return "no JSON object";
    out->camera = take_name(line, "camera", cf_recording_cameras, 2);
    if (out->camera < 0)
        return "no \"camera\" that is mono or color";
    if (!take_whole(line, "index", MAX_INDEX, &index) || index < 0)
        return "no \"index\" from 0 to 1e9";
    if (!take_whole(line, "sequence", INT64_MAX, &sequence) ||
        !take_whole(line, "t_ns", INT64_MAX, &out->t_ns) ||
        !take_whole(line, "exposure_ns", INT64_MAX, &out->exposure_ns))
        return "a sequence or time that is no whole number from 0";
    if (json_object_get(line, "t_ref")) {
        int ref = take_name(line, "t_ref", time_refs, 3);
        if (ref < 0)
            return "a \"t_ref\" other than start, mid, end";
        out->t_ref = (cf_time_ref)ref;
    }
    const json_t *gain = json_object_get(line, "gain");
    out->gain = gain ? json_number_value(gain) : 0;
    if (gain && (!json_is_number(gain) || !(out->gain >= 0 && out->gain <= MAX_GAIN)))
        return "a gain that is no number from 0";
    const json_t *mono_gain = json_object_get(line, "mono_gain");
    out->mono_gain = mono_gain ? json_number_value(mono_gain) : 0;
    if (mono_gain && !(out->mono_gain >= 1 / MAX_MONO_GAIN && out->mono_gain <= MAX_MONO_GAIN))
        return "a mono_gain that is no number around 1";
    out->index = (uint64_t)index;
    out->sequence = (uint64_t)sequence;
    return take_file(line, out->file, sizeof out->file);
}

const char *cf_recording_line_read(const char *line, size_t length, cf_recording_frame *out) {
    json_error_t error;
    *out = (cf_recording_frame){0};
    if (length >= CF_RECORDING_LINE)
        return "longer than any good one";
    json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return "no JSON object";
    const char *why = take_frame(json, out);
    json_decref(json);
    return why;
}

int cf_recording_line_next(FILE *log, char line[CF_RECORDING_LINE], size_t *length) {
    size_t n = 0;
    int c = getc(log);
    if (c == EOF)
        return 0;
    for (; c != EOF && c != '\n'; c = getc(log))
        if (n < CF_RECORDING_LINE)
            line[n++] = (char)c;
    *length = n;
    return 1;
}

size_t cf_recording_line_write(const cf_recording_frame *f, char out[CF_RECORDING_LINE]) {
    double gain = f->gain > 0 && f->gain <= MAX_GAIN ? f->gain : 0;
    char mono_gain[48] = "";
    if (f->mono_gain >= 1 / MAX_MONO_GAIN && f->mono_gain <= MAX_MONO_GAIN)
        snprintf(mono_gain, sizeof mono_gain, "\"mono_gain\": %.9g, ", f->mono_gain);
    int n =
        snprintf(out, CF_RECORDING_LINE,
                 "{\"camera\": \"%s\", \"index\": %llu, \"sequence\": %llu, \"t_ns\": %lld, "
                 "\"t_ref\": \"%s\", \"exposure_ns\": %lld, \"gain\": %.9g, %s\"file\": "
                 "\"%s\"}\n",
                 cf_recording_cameras[f->camera], (unsigned long long)f->index,
                 (unsigned long long)(f->sequence & INT64_MAX),
                 (long long)(f->t_ns > 0 ? f->t_ns : 0), time_refs[f->t_ref],
                 (long long)(f->exposure_ns > 0 ? f->exposure_ns : 0), gain, mono_gain, f->file);
    return (size_t)n;
}
