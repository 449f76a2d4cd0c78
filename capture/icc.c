/* SPDX-License-Identifier: Apache-2.0 */
/* A small sRGB profile: header, tag table, tag data; all numbers big endian. */
#include "capture/icc.h"

#include <stdint.h>
#include <string.h>

#define HEADER 128

typedef struct {
    unsigned char *data;
    size_t size;
    uint32_t tags; /* entries the table has room for */
    uint32_t used;
} writer;

static void put32(unsigned char *at, uint32_t value) {
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void append32(writer *w, uint32_t value) {
    put32(w->data + w->size, value);
    w->size += 4;
}

static void append_name(writer *w, const char *four) {
    memcpy(w->data + w->size, four, 4);
    w->size += 4;
}

/* Enters a tag whose data starts at offset and ends at the current end. */
static void enter(writer *w, const char *name, size_t offset, size_t size) {
    unsigned char *entry = w->data + HEADER + 4 + 12 * w->used++;
    memcpy(entry, name, 4);
    put32(entry + 4, (uint32_t)offset);
    put32(entry + 8, (uint32_t)size);
    w->size = (w->size + 3) & ~(size_t)3;
}

static void text_tag(writer *w, const char *name, const char *ascii) {
    size_t start = w->size;
    append_name(w, "mluc");
    append32(w, 0);
    append32(w, 1);  /* one record */
    append32(w, 12); /* of 12 bytes */
    append_name(w, "enUS");
    append32(w, (uint32_t)(2 * strlen(ascii)));
    append32(w, 28);
    for (; *ascii; ascii++) { /* UTF-16 big endian */
        w->data[w->size++] = 0;
        w->data[w->size++] = (unsigned char)*ascii;
    }
    enter(w, name, start, w->size - start);
}

static void number_tag(writer *w, const char *name, const char *type, const uint32_t *values,
                       int count) {
    size_t start = w->size;
    append_name(w, type);
    append32(w, 0);
    for (int i = 0; i < count; i++)
        append32(w, values[i]);
    enter(w, name, start, w->size - start);
}

static void header(writer *w, int grey) {
    memset(w->data, 0, CF_ICC_MAX);
    put32(w->data + 8, 0x04300000);
    memcpy(w->data + 12, "mntr", 4);
    memcpy(w->data + 16, grey ? "GRAY" : "RGB ", 4);
    memcpy(w->data + 20, "XYZ ", 4);
    static const unsigned char date[12] = {0x07, 0xEA, 0, 1, 0, 1}; /* 2026-01-01 */
    memcpy(w->data + 24, date, 12);
    memcpy(w->data + 36, "acsp", 4);
    put32(w->data + 68, 0xF6D6); /* D50 */
    put32(w->data + 72, 0x10000);
    put32(w->data + 76, 0xD32D);
    w->tags = grey ? 5 : 10;
    w->size = HEADER;
    append32(w, w->tags);
    w->size += 12 * w->tags;
}

size_t cf_icc_srgb(int grey, unsigned char *out) {
    static const uint32_t white[3] = {0xF6D6, 0x10000, 0xD32D};
    static const uint32_t adapt[9] = {0x10C42,    0x5DE,      0xFFFFF325, 0x793, 0xFD90,
                                      0xFFFFFBA1, 0xFFFFFDA2, 0x3DC,      0xC06E};
    static const uint32_t red[3] = {0x6FA2, 0x38F5, 0x390};
    static const uint32_t green[3] = {0x6299, 0xB785, 0x18DA};
    static const uint32_t blue[3] = {0x24A0, 0xF84, 0xB6CF};
    /* y = ((x + 0.055) / 1.055)^2.4 from 0.04045 on, x / 12.92 below: function type 3 */
    static const uint32_t curve[6] = {0x30000, 0x26666, 0xF2A7, 0xD59, 0x13D0, 0xA5B};
    writer w = {.data = out};
    header(&w, grey);
    text_tag(&w, "desc", grey ? "sRGB grey" : "sRGB");
    text_tag(&w, "cprt", "No copyright, use freely");
    number_tag(&w, "wtpt", "XYZ ", white, 3);
    number_tag(&w, "chad", "sf32", adapt, 9);
    size_t start = w.size;
    number_tag(&w, grey ? "kTRC" : "rTRC", "para", curve, 6);
    if (!grey) {
        enter(&w, "gTRC", start, 12 + 20); /* the three curves share their data */
        enter(&w, "bTRC", start, 12 + 20);
        number_tag(&w, "rXYZ", "XYZ ", red, 3);
        number_tag(&w, "gXYZ", "XYZ ", green, 3);
        number_tag(&w, "bXYZ", "XYZ ", blue, 3);
    }
    put32(out, (uint32_t)w.size);
    return w.size;
}

static uint32_t get32(const unsigned char *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

cf_icc_kind cf_icc_kind_of(const unsigned char *icc, size_t size) {
    if (size < HEADER + 4 || memcmp(icc + 36, "acsp", 4) || get32(icc) > size)
        return CF_ICC_BROKEN;
    size_t tags = get32(icc + HEADER);
    if (tags == 0 || tags > (size - HEADER - 4) / 12)
        return CF_ICC_BROKEN;
    for (size_t i = 0; i < tags; i++) {
        const unsigned char *entry = icc + HEADER + 4 + 12 * i;
        size_t offset = get32(entry + 4), length = get32(entry + 8);
        if (offset > size || length > size - offset)
            return CF_ICC_BROKEN;
    }
    if (!memcmp(icc + 16, "RGB ", 4))
        return CF_ICC_RGB;
    return memcmp(icc + 16, "GRAY", 4) ? CF_ICC_OTHER : CF_ICC_GRAY;
}
