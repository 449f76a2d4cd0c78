/* SPDX-License-Identifier: Apache-2.0 */
/* What `fuse` says about a run: the JSON report and the table of kernel times. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/profile.h"
#include "tools/fuse_job.h"
#include "tools/report_parts.h"

/* Power of the result's chroma over the noise power of one colour sample of the raw at the same
 * light, in dB. */
static double chroma_snr(const cf_fuse_facts *f) {
    double signal = 0, noise = 0;
    const cf_camera_profile *c = f->color;
    for (int y = 0; y < f->linear->height; y++) {
        const float *r = cf_image_row(f->linear, 0, y), *b = cf_image_row(f->linear, 2, y);
        const float *m = cf_image_row(f->mono_linear, 0, y);
        for (int x = 0; x < f->linear->width; x++) {
            double dr = (double)r[x] - (double)m[x], db = (double)b[x] - (double)m[x];
            double level = fmax(0, (double)m[x]);
            signal += dr * dr + db * db;
            for (int k = 0; k < 3; k += 2) {
                double gain = 1 / fmax(1e-6, (double)c->neutral[k]);
                noise +=
                    gain * gain * ((double)c->noise.scale * level / gain + (double)c->noise.offset);
            }
        }
    }
    return noise > 0 ? 10 * log10(fmax(signal, 1e-12) / noise) : NAN;
}

static void write_noise(cf_json *json, const char *key, const cf_noise *noise) {
    cf_json_open(json, key, '{');
    cf_json_number(json, "scale", (double)noise->scale);
    cf_json_number(json, "offset", (double)noise->offset);
    cf_json_close(json, '}');
}

void cf_fuse_write_report(const cf_fuse_facts *f, FILE *to) {
    char size[32];
    cf_json json = {.to = to};
    snprintf(size, sizeof size, "%dx%d", f->mono->width, f->mono->height);
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "size", size);
    cf_json_text(&json, "device", cf_cl_device_info(f->cl)->name);
    int is_network = f->options->transfer == CF_FUSE_NETWORK;
    cf_json_text(&json, "transfer", is_network ? "network" : "guided");
    if (is_network)
        cf_json_text(&json, "model", f->options->model ? f->options->model : "built in");
    cf_report_stages(&json, f->cl, f->frame_count);
    cf_report_times(&json, "frame_ms", f->frame_ms, f->frame_count);
    cf_json_open(&json, "noise", '{');
    write_noise(&json, "mono", &f->mono->noise);
    write_noise(&json, "color", &f->color->noise);
    cf_json_close(&json, '}');
    if (f->linear && f->mono_linear)
        cf_json_number(&json, "chroma_snr_db", chroma_snr(f));
    cf_json_open(&json, "registration", '{');
    cf_json_text(&json, "source", f->registration->from_rig ? "rig" : "pictures");
    cf_json_number(&json, "residual_px", f->registration->residual_px);
    cf_json_number(&json, "vertical_px", f->registration->vertical_px);
    cf_json_number(&json, "confidence", f->registration->confidence);
    cf_json_close(&json, '}');
    if (f->provenance)
        cf_report_fractions(&json, f->provenance);
    cf_json_number(&json, "peak_bytes", (double)f->peak_bytes);
    cf_report_warnings(&json);
    cf_json_close(&json, '}');
}

static int slowest_first(const void *a, const void *b) {
    const cf_profile_row *x = *(const cf_profile_row *const *)a,
                         *y = *(const cf_profile_row *const *)b;
    return (x->ms < y->ms) - (x->ms > y->ms);
}

void cf_fuse_print_profile(cf_cl *cl, size_t frames, FILE *to) {
    size_t count;
    double total = 0;
    const cf_profile_row *rows = cf_profile_rows(cl, &count), *order[CF_MAX_PROFILE] = {NULL};
    count = count < CF_MAX_PROFILE ? count : CF_MAX_PROFILE;
    for (size_t i = 0; i < count; i++) {
        order[i] = &rows[i];
        total += rows[i].ms;
    }
    qsort(order, count, sizeof *order, slowest_first);
    fprintf(to, "%-20s %-24s %8s %10s %6s\n", "stage", "kernel", "launches", "ms/frame", "share");
    for (size_t i = 0; i < count; i++)
        fprintf(to, "%-20s %-24s %8.1f %10.3f %5.1f%%\n",
                *order[i]->label ? order[i]->label : "(transfers)", order[i]->kernel,
                (double)order[i]->calls / (double)frames, order[i]->ms / (double)frames,
                total > 0 ? 100 * order[i]->ms / total : 0);
    fprintf(to, "%-20s %-24s %8s %10.3f\n", "all", "", "", total / (double)frames);
}
