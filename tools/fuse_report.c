/* SPDX-License-Identifier: Apache-2.0 */
/* What `fuse` says about a run: the JSON report and the table of kernel times. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/profile.h"
#include "tools/fuse_job.h"
#include "tools/json.h"

static void write_stages(cf_json *json, const cf_fuse_facts *f) {
    size_t count;
    const cf_profile_row *rows = cf_profile_rows(f->cl, &count);
    double frames = f->frame_count ? (double)f->frame_count : 1;
    cf_json_open(json, "stages", '[');
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        double ms = 0;
        while (strcmp(rows[first].label, rows[i].label))
            first++;
        if (first < i)
            continue; /* summed with its label's first row */
        for (size_t k = i; k < count; k++)
            ms += strcmp(rows[k].label, rows[i].label) ? 0 : rows[k].ms;
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "name", *rows[i].label ? rows[i].label : "transfers");
        cf_json_number(json, "ms", ms / frames);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void write_frame_times(cf_json *json, const cf_fuse_facts *f) {
    double *sorted = cf_alloc(f->frame_count, sizeof *sorted);
    if (!sorted)
        return;
    memcpy(sorted, f->frame_ms, f->frame_count * sizeof *sorted);
    qsort(sorted, f->frame_count, sizeof *sorted, ascending);
    cf_json_open(json, "frame_ms", '{');
    cf_json_number(json, "median", sorted[f->frame_count / 2]);
    cf_json_number(json, "min", sorted[0]);
    cf_json_number(json, "max", sorted[f->frame_count - 1]);
    cf_json_close(json, '}');
    cf_free(sorted);
}

static void write_fractions(cf_json *json, const cf_image *provenance) {
    double sums[3] = {0};
    for (int y = 0; y < provenance->height; y++) {
        const unsigned char *row = cf_image_row(provenance, 0, y);
        for (int x = 0; x < provenance->width; x++)
            for (int c = 0; c < 3; c++)
                sums[c] += row[3 * x + c];
    }
    double all = 255.0 * provenance->width * provenance->height;
    cf_json_open(json, "fractions", '{');
    cf_json_number(json, "measured", sums[1] / all);
    cf_json_number(json, "guided", sums[2] / all);
    cf_json_number(json, "invented", sums[0] / all);
    cf_json_close(json, '}');
}

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
    write_stages(&json, f);
    write_frame_times(&json, f);
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
        write_fractions(&json, f->provenance);
    cf_json_number(&json, "peak_bytes", (double)f->peak_bytes);
    cf_json_open(&json, "warnings", '[');
    for (size_t i = 0; cf_cli_warning(i); i++)
        cf_json_text(&json, NULL, cf_cli_warning(i));
    cf_json_close(&json, ']');
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
