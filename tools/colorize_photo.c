/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, judging and writing of photographs. */
#define _GNU_SOURCE /* memfd_create */
#include "tools/colorize_photo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/icc.h"
#include "capture/picture_out.h"
#include "capture/raw.h"
#include "tools/command.h"
#include "tools/gray_input.h"

#define PIPE_MAX ((size_t)1 << 30)
#define PIPE_NAME "standard input"

void cf_photo_free(cf_photo *photo) {
    cf_image_free(&photo->gray);
    cf_picture_free(&photo->picture);
    cf_frame_unref(&photo->raw);
    *photo = (cf_photo){0};
}

static cf_status take_raw(const char *path, cf_photo *out) {
    CF_TRY(cf_raw_read(path, &out->raw));
    if (out->raw->profile.is_color)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: the raw of a colour sensor has colours of its own: develop it instead",
                       path);
    CF_TRY(cf_gray_input_from_raw(out->raw, &out->gray));
    for (int y = 0; y < out->gray.height; y++) {
        float *v = cf_image_row(&out->gray, 0, y);
        for (int x = 0; x < out->gray.width; x++)
            v[x] *= v[x];
    }
    return CF_OK;
}

static cf_status judge(const char *name, int force, cf_photo *out) {
    if (!out->picture.is_gray)
        CF_TRY(cf_toning_measure(&out->picture.image, &out->toning));
    if (out->picture.is_gray || out->toning.is_monochrome || force)
        return CF_OK;
    return cf_fail(CF_ERR_UNSUPPORTED,
                   "%s: this picture has colours of its own (%.1f Lab units beyond one tone); "
                   "--force colours it anew",
                   name, out->toning.residual);
}

static cf_status take_picture(const char *path, const char *name, int force, cf_photo *out) {
    CF_TRY(cf_picture_read_named(path, name, &out->picture));
    if (out->picture.has_alpha)
        cf_log(CF_LOG_WARNING, "%s: its transparency is left out", name);
    CF_TRY(judge(name, force, out));
    CF_TRY(cf_luminance_of(&out->picture.image, &out->gray));
    cf_image_free(&out->picture.image);
    return CF_OK;
}

/* All of standard input as a file without a name. */
static cf_status take_pipe(int *fd) {
    char bytes[1 << 16];
    size_t total = 0;
    *fd = memfd_create("chromafuse", MFD_CLOEXEC);
    if (*fd < 0)
        return cf_fail(CF_ERR_IO, PIPE_NAME ": %s", strerror(errno));
    for (;;) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cf_fail(CF_ERR_IO, PIPE_NAME ": %s", strerror(errno));
        if (got == 0)
            return total ? CF_OK : cf_fail(CF_ERR_IO, PIPE_NAME ": nothing came");
        total += (size_t)got;
        if (total > PIPE_MAX)
            return cf_fail(CF_ERR_UNSUPPORTED, PIPE_NAME ": more than 1 GB; is this a picture?");
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(*fd, bytes + done, (size_t)(got - done));
            if (put < 0)
                return cf_fail(CF_ERR_MEMORY, PIPE_NAME ": %s", strerror(errno));
            done += put;
        }
    }
}

static cf_status read_pipe(int force, cf_photo *out) {
    char path[64];
    int fd = -1;
    cf_status status = take_pipe(&fd);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (status == CF_OK)
        status = take_picture(path, PIPE_NAME, force, out);
    if (fd >= 0)
        close(fd);
    return status;
}

static cf_status read_file(const char *path, int force, cf_photo *out) {
    cf_picture_kind kind;
    CF_TRY(cf_picture_kind_of(path, &kind));
    return kind == CF_PICTURE_NONE ? take_raw(path, out) : take_picture(path, path, force, out);
}

cf_status cf_photo_read(const char *path, int force, cf_photo *out) {
    *out = (cf_photo){0};
    cf_status status = strcmp(path, "-") ? read_file(path, force, out) : read_pipe(force, out);
    if (status != CF_OK)
        cf_photo_free(out);
    return status;
}

cf_status cf_photo_prepare(const char *path, const cf_image *image, const cf_photo *photo,
                           const cf_colorize_options *options, cf_file_out **file) {
    const cf_picture *p = &photo->picture;
    cf_picture_out_params params = {.depth = (int)options->depth,
                                    .quality = (int)options->quality,
                                    .about = photo->raw,
                                    .exif = p->exif,
                                    .exif_size = p->exif_size};
    if (p->icc && cf_icc_kind_of(p->icc, p->icc_size) == CF_ICC_RGB) {
        params.icc = p->icc;
        params.icc_size = p->icc_size;
    }
    return cf_picture_prepare(path, image, &params, file);
}

/* By way of a temporary file: encoders want to go back in what they write. */
cf_status cf_photo_write_pipe(const cf_image *image, const cf_photo *photo,
                              const cf_colorize_options *options) {
    const char *folder = getenv("TMPDIR");
    char path[1024], bytes[1 << 16];
    cf_file_out *file;
    size_t got;
    snprintf(path, sizeof path, "%s/chromafuse-%ld.%s", folder && *folder ? folder : "/tmp",
             (long)getpid(), options->format ? options->format : "png");
    CF_TRY(cf_photo_prepare(path, image, photo, options, &file));
    FILE *from = fflush(cf_file_stream(file)) ? NULL : fopen(cf_file_temporary(file), "rb");
    cf_status status = from ? CF_OK : cf_fail(CF_ERR_IO, "%s: %s", path, strerror(errno));
    while (from && (got = fread(bytes, 1, sizeof bytes, from)) > 0)
        fwrite(bytes, 1, got, stdout);
    if (from)
        fclose(from);
    if (status == CF_OK)
        status = cf_cli_flush();
    cf_file_discard(&file);
    return status;
}
