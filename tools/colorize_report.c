/* SPDX-License-Identifier: Apache-2.0 */
/* What `colorize` says about a run, as JSON. */
#include "base/file.h"
#include "cl/buffer.h"
#include "cl/profile.h"
#include "tools/colorize_job.h"
#include "tools/command.h"
#include "tools/report_parts.h"

static const char *const ends[] = {[CF_COLORIZE_SKIPPED] = "skipped",
                                   [CF_COLORIZE_FAILED] = "failed",
                                   [CF_COLORIZE_DONE] = "done"};

static void write_file(cf_json *json, const cf_colorize_item *item, const cf_colorize_fact *f) {
    char size[32];
    snprintf(size, sizeof size, "%dx%d", f->width, f->height);
    cf_json_open(json, NULL, '{');
    cf_json_text(json, "file", item->in);
    cf_json_text(json, "result", item->out);
    cf_json_text(json, "end", ends[f->end]);
    if (f->width) {
        cf_json_text(json, "size", size);
        if (item->is_video)
            cf_json_number(json, "frames", (double)f->frames);
        cf_json_number(json, "tone_chroma", f->chroma);
        cf_json_number(json, "tone_residual", f->residual);
        if (!item->is_video)
            cf_json_number(json, "read_ms", f->read_ms);
    }
    if (f->end == CF_COLORIZE_DONE) {
        cf_json_number(json, "color_ms", f->color_ms);
        if (!item->is_video)
            cf_json_number(json, "write_ms", f->write_ms);
    }
    cf_json_close(json, '}');
}

static void write_report(cf_cl *cl, const void *of, FILE *to) {
    const cf_colorize_facts *facts = of;
    size_t counts[3] = {0}, pictures = 0; /* frames count as pictures */
    cf_json json = {.to = to};
    for (size_t i = 0; i < facts->list->count; i++) {
        const cf_colorize_fact *f = &facts->facts[i];
        counts[f->end]++;
        pictures += facts->list->items[i].is_video ? (size_t)f->frames : f->end == CF_COLORIZE_DONE;
    }
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "device", cf_cl_device_info(cl)->name);
    cf_json_number(&json, "seconds", facts->seconds);
    for (int i = 0; i < 3; i++)
        cf_json_number(&json, ends[i], (double)counts[i]);
    cf_json_open(&json, "files", '[');
    for (size_t i = 0; i < facts->list->count; i++)
        write_file(&json, &facts->list->items[i], &facts->facts[i]);
    cf_json_close(&json, ']');
    cf_report_stages(&json, cl, pictures);
    if (facts->provenance.data)
        cf_report_fractions(&json, &facts->provenance);
    cf_json_number(&json, "peak_bytes", (double)cf_pool_statistics(cl).peak_bytes);
    cf_report_warnings(&json);
    cf_json_close(&json, '}');
}

static void write_video_report(cf_cl *cl, const void *of, FILE *to) {
    const cf_colorize_video_facts *f = of;
    cf_json json = {.to = to};
    char size[32];
    snprintf(size, sizeof size, "%dx%d", f->width, f->height);
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "device", cf_cl_device_info(cl)->name);
    cf_json_number(&json, "seconds", f->seconds);
    cf_json_text(&json, "file", f->in);
    cf_json_text(&json, "result", f->out);
    cf_json_text(&json, "end", f->is_whole ? "done" : "interrupted");
    cf_json_number(&json, "frames", (double)f->frames);
    cf_json_text(&json, "size", size);
    cf_json_number(&json, "fps", f->fps);
    cf_json_number(&json, "bits", f->depth);
    cf_json_number(&json, "noise", f->noise);
    if (!f->options->force) { /* looked at */
        cf_json_number(&json, "tone_chroma", f->chroma);
        cf_json_number(&json, "tone_residual", f->residual);
    }
    cf_report_stages(&json, cl, (size_t)f->frames);
    cf_json_number(&json, "peak_bytes", (double)cf_pool_statistics(cl).peak_bytes);
    cf_report_warnings(&json);
    cf_json_close(&json, '}');
}

static cf_status save(cf_cl *cl, const cf_colorize_options *o,
                      void (*write)(cf_cl *cl, const void *facts, FILE *to), const void *facts) {
    cf_file_out *file;
    if (o->json || o->report)
        CF_TRY(cf_profile_collect(cl));
    if (o->json)
        write(cl, facts, stdout);
    if (!o->report)
        return CF_OK;
    CF_TRY(cf_file_create(o->report, &file));
    write(cl, facts, cf_file_stream(file));
    return cf_file_commit(&file);
}

cf_status cf_colorize_report(cf_cl *cl, const cf_colorize_facts *facts) {
    return save(cl, facts->options, write_report, facts);
}

cf_status cf_colorize_report_video(cf_cl *cl, const cf_colorize_video_facts *facts) {
    return save(cl, facts->options, write_video_report, facts);
}
