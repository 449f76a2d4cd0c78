/* SPDX-License-Identifier: Apache-2.0 */
/* A tiny writer of two TIFF directories: the picture's and the exposure's. */
#include "capture/exif.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ASCII = 2, SHORT = 3, LONG = 4, RATIONAL = 5, UNDEFINED = 7 };

#define MAX_ENTRIES 12

/* One directory: entries in ascending tag order at `table`, longer values after all tables. */
typedef struct {
    unsigned char *out;
    size_t *end; /* first free byte of the block */
    size_t table;
    int count;
} directory;

#define DATE_LENGTH 19
#define NS_PER_S 1000000000

void cf_exif_times_of(const cf_frame *frame, cf_exif_times *out) {
    time_t seconds = (time_t)(frame->wall_ns / NS_PER_S);
    struct tm when;
    memset(out, 0, sizeof *out);
    if (frame->wall_ns > 0 && localtime_r(&seconds, &when)) {
        strftime(out->date, sizeof out->date, "%Y:%m:%d %H:%M:%S", &when);
        snprintf(out->fraction, sizeof out->fraction, "%06u",
                 (unsigned)(frame->wall_ns % NS_PER_S / 1000));
        char zone[8] = "";
        if (strftime(zone, sizeof zone, "%z", &when) == 5) /* "+0200" */
            snprintf(out->offset, sizeof out->offset, "%.3s:%.2s", zone, zone + 3);
    } else if (strlen(frame->timestamp) == DATE_LENGTH)
        memcpy(out->date, frame->timestamp, DATE_LENGTH + 1);
}

int cf_exif_iso(const cf_frame *frame) {
    double iso = frame->iso > 0 ? frame->iso : 100 * frame->gain;
    return iso >= 1 && iso < 65535.5 ? (int)lround(iso) : 0;
}

static void put(unsigned char *at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static void add(directory *d, unsigned tag, unsigned type, size_t count, const void *bytes,
                size_t size) {
    unsigned char *entry = d->out + d->table + 2 + 12 * (size_t)d->count++;
    put(entry, tag, 2);
    put(entry + 2, type, 2);
    put(entry + 4, (uint32_t)count, 4);
    if (size <= 4) {
        memcpy(entry + 8, bytes, size);
        return;
    }
    put(entry + 8, (uint32_t)*d->end, 4);
    memcpy(d->out + *d->end, bytes, size);
    *d->end += (size + 1) & ~(size_t)1;
}

static void add_text(directory *d, unsigned tag, const char *text) {
    char kept[64] = {0};
    if (!text || !*text)
        return;
    size_t length = strlen(text);
    if (length > sizeof kept - 1)
        length = sizeof kept - 1;
    memcpy(kept, text, length);
    add(d, tag, ASCII, length + 1, kept, length + 1);
}

static void add_number(directory *d, unsigned tag, unsigned type, uint32_t value) {
    unsigned char bytes[4];
    put(bytes, value, 4);
    add(d, tag, type, 1, bytes, type == SHORT ? 2 : 4);
}

void cf_exif_fraction(double value, uint32_t out[2]) {
    if (value > 0 && value < 0.5) {
        out[0] = 1;
        out[1] = (uint32_t)fmin(round(1 / value), 4294967295.0);
        if (fabs(out[1] * value - 1) < 1e-5)
            return;
        double denominator = floor(fmin(1e6 / value, 4e9)); /* not one over a whole number */
        out[0] = (uint32_t)round(value * denominator);
        out[1] = (uint32_t)denominator;
        return;
    }
    out[0] = (uint32_t)round(fmin(value, 4e5) * 10000);
    out[1] = 10000;
}

static void add_fraction(directory *d, unsigned tag, double value) {
    uint32_t fraction[2];
    unsigned char bytes[8];
    if (!(value > 0) || !isfinite(value))
        return;
    cf_exif_fraction(value, fraction);
    put(bytes, fraction[0], 4);
    put(bytes + 4, fraction[1], 4);
    add(d, tag, RATIONAL, 1, bytes, sizeof bytes);
}

static void close_directory(const directory *d) {
    put(d->out + d->table, (uint32_t)d->count, 2);
}

size_t cf_exif_make(const cf_frame *about, const char *software, int is_srgb, unsigned char *out) {
    static const cf_frame nobody = {.orientation = 1};
    const size_t table = 2 + 12 * MAX_ENTRIES + 4;
    size_t end = 8 + 2 * table;
    about = about ? about : &nobody;
    memset(out, 0, CF_EXIF_MAX);
    memcpy(out, "II*\0\10\0\0\0", 8);
    cf_exif_times times;
    cf_exif_times_of(about, &times);
    int iso = cf_exif_iso(about);
    directory picture = {.out = out, .end = &end, .table = 8};
    directory exposure = {.out = out, .end = &end, .table = 8 + table};
    int orientation = about->orientation >= 1 && about->orientation <= 8 ? about->orientation : 1;

    add_text(&picture, 0x010F, about->maker);
    add_text(&picture, 0x0110, about->model);
    add_number(&picture, 0x0112, SHORT, (uint32_t)orientation);
    add_text(&picture, 0x0131, software ? software : "chromafuse");
    add_text(&picture, 0x0132, times.date);
    add_number(&picture, 0x8769, LONG, (uint32_t)exposure.table);
    close_directory(&picture);

    add_fraction(&exposure, 0x829A, (double)about->exposure_ns * 1e-9);
    add_fraction(&exposure, 0x829D, about->aperture);
    if (iso)
        add_number(&exposure, 0x8827, SHORT, (uint32_t)iso);
    add(&exposure, 0x9000, UNDEFINED, 4, "0231", 4);
    add_text(&exposure, 0x9003, times.date);
    add_text(&exposure, 0x9010, times.offset);
    add_text(&exposure, 0x9011, times.offset);
    add_fraction(&exposure, 0x920A, about->focal_mm);
    add_text(&exposure, 0x9290, times.fraction);
    add_text(&exposure, 0x9291, times.fraction);
    add_number(&exposure, 0xA001, SHORT, is_srgb ? 1 : 0xFFFF);
    close_directory(&exposure);
    return end;
}
