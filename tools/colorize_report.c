/* SPDX-License-Identifier: Apache-2.0 */
/* What `colorize` says about a run, as JSON. */
#include "cl/buffer.h"
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
        cf_json_number(json, "tone_chroma", f->chroma);
        cf_json_number(json, "tone_residual", f->residual);
        cf_json_number(json, "read_ms", f->read_ms);
    }
    if (f->end == CF_COLORIZE_DONE) {
        cf_json_number(json, "color_ms", f->color_ms);
        cf_json_number(json, "write_ms", f->write_ms);
    }
    cf_json_close(json, '}');
}

void cf_colorize_write_report(cf_cl *cl, const cf_colorize_facts *facts, FILE *to) {
    size_t counts[3] = {0};
    cf_json json = {.to = to};
    for (size_t i = 0; i < facts->list->count; i++)
        counts[facts->facts[i].end]++;
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "device", cf_cl_device_info(cl)->name);
    cf_json_number(&json, "seconds", facts->seconds);
    for (int i = 0; i < 3; i++)
        cf_json_number(&json, ends[i], (double)counts[i]);
    cf_json_open(&json, "files", '[');
    for (size_t i = 0; i < facts->list->count; i++)
        write_file(&json, &facts->list->items[i], &facts->facts[i]);
    cf_json_close(&json, ']');
    cf_report_stages(&json, cl, counts[CF_COLORIZE_DONE]);
    if (facts->provenance.data)
        cf_report_fractions(&json, &facts->provenance);
    cf_json_number(&json, "peak_bytes", (double)cf_pool_statistics(cl).peak_bytes);
    cf_report_warnings(&json);
    cf_json_close(&json, '}');
}
