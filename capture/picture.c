/* SPDX-License-Identifier: Apache-2.0 */
/* Recognition of picture files, size checks, lifetime. */
#include "capture/picture.h"

#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "capture/icc.h"
#include "capture/internal.h"

#define METADATA_MAX ((size_t)16 << 20)
/* Deflated one-bit pixels reach 8 * 1032 to the byte; nothing honest gets much further. */
#define PIXELS_PER_BYTE 20000
#define PIXELS_ALWAYS_FINE ((size_t)1 << 20)

void cf_picture_free(cf_picture *picture) {
    if (!picture)
        return;
    cf_image_free(&picture->image);
    cf_free(picture->icc);
    cf_free(picture->exif);
    *picture = (cf_picture){0};
}

void cf_picture_keep(const void *data, size_t size, unsigned char **out, size_t *out_size) {
    if (!data || size == 0 || size > METADATA_MAX || *out)
        return;
    *out = cf_alloc(size, 1);
    if (!*out)
        return;
    memcpy(*out, data, size);
    *out_size = size;
}

cf_status cf_picture_alloc(const cf_picture_source *source, size_t width, size_t height, int bits) {
    if (width == 0 || height == 0)
        return cf_fail(CF_ERR_FORMAT, "%s: a picture of %zux%zu pixels", source->path, width,
                       height);
    if (width > CF_IMAGE_MAX_SIDE || height > CF_IMAGE_MAX_SIDE ||
        !cf_image_size_ok((long)width, (long)height))
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: %zux%zu pixels; at most %d a side", source->path,
                       width, height, CF_IMAGE_MAX_SIDE);
    if (width * height > PIXELS_ALWAYS_FINE && width * height / PIXELS_PER_BYTE > source->bytes)
        return cf_fail(CF_ERR_FORMAT, "%s: claims %zux%zu pixels in %zu bytes; damaged",
                       source->path, width, height, source->bytes);
    return cf_image_alloc((int)width, (int)height, 1, bits > 8 ? CF_PIXEL_RGB16 : CF_PIXEL_RGB8,
                          &source->out->image);
}

static cf_picture_kind recognise(const unsigned char *head, size_t size) {
    if (size >= 8 && !memcmp(head, "\x89PNG\r\n\x1a\n", 8))
        return CF_PICTURE_PNG;
    if (size >= 3 && !memcmp(head, "\xff\xd8\xff", 3))
        return CF_PICTURE_JPEG;
    if (size >= 4 && (!memcmp(head, "II*\0", 4) || !memcmp(head, "MM\0*", 4) ||
                      !memcmp(head, "II+\0", 4) || !memcmp(head, "MM\0+", 4)))
        return CF_PICTURE_TIFF;
    return CF_PICTURE_NONE;
}

static cf_picture_kind promised(const char *path) {
    static const struct {
        const char *ending;
        cf_picture_kind kind;
    } names[] = {{".png", CF_PICTURE_PNG},
                 {".jpg", CF_PICTURE_JPEG},
                 {".jpeg", CF_PICTURE_JPEG},
                 {".tif", CF_PICTURE_TIFF},
                 {".tiff", CF_PICTURE_TIFF}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(dot, names[i].ending))
            return names[i].kind;
    return CF_PICTURE_NONE;
}

cf_status cf_picture_kind_of(const char *path, cf_picture_kind *out) {
    unsigned char head[8];
    FILE *f;
    size_t size;
    *out = CF_PICTURE_NONE;
    CF_TRY(cf_file_open(path, &f, &size));
    *out = recognise(head, fread(head, 1, sizeof head, f));
    fclose(f);
    if (*out == CF_PICTURE_NONE || *out == CF_PICTURE_TIFF)
        *out = promised(path);
    return CF_OK;
}

static cf_status read_stream(cf_picture_source *source) {
    static cf_status (*const decoders[])(const cf_picture_source *) = {
        [CF_PICTURE_PNG] = cf_png_read,
        [CF_PICTURE_JPEG] = cf_jpeg_read,
        [CF_PICTURE_TIFF] = cf_tiff_read,
    };
    unsigned char head[8];
    size_t size = fread(head, 1, sizeof head, source->stream);
    if (size == 0)
        return cf_fail(CF_ERR_IO, "%s: the file is empty or cannot be read", source->path);
    cf_picture_kind kind = recognise(head, size);
    if (kind == CF_PICTURE_NONE)
        return cf_fail(CF_ERR_FORMAT, "%s: neither PNG, JPEG nor TIFF; convert it to one of them",
                       source->path);
    rewind(source->stream);
    return decoders[kind](source);
}

/* A profile that nobody could use must not get into the next file. */
static void check_icc(const char *path, cf_picture *picture) {
    if (!picture->icc || cf_icc_kind_of(picture->icc, picture->icc_size) != CF_ICC_BROKEN)
        return;
    cf_log(CF_LOG_WARNING, "%s: its ICC profile is damaged; taken as sRGB", path);
    cf_free(picture->icc);
    picture->icc = NULL;
    picture->icc_size = 0;
}

cf_status cf_picture_read(const char *path, cf_picture *out) {
    return cf_picture_read_named(path, path, out);
}

cf_status cf_picture_read_named(const char *path, const char *name, cf_picture *out) {
    *out = (cf_picture){0};
    cf_picture_source source = {.path = name, .file = path, .out = out};
    CF_TRY(cf_file_open(path, &source.stream, &source.bytes));
    cf_status status = read_stream(&source);
    if (status == CF_OK)
        check_icc(name, out);
    fclose(source.stream);
    if (status != CF_OK)
        cf_picture_free(out);
    return status;
}
