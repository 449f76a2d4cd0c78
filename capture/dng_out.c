/* SPDX-License-Identifier: Apache-2.0 */
/* DNG through libtiff. */
#include "capture/dng_out.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "capture/internal.h"

#define PHOTOMETRIC_LINEAR_RAW_ 34892
#define ILLUMINANT_D65 21
#define HEADER_ROOM 65536         /* what a DNG of ours has beside its codes, at most */
#define TAG_FRAME_RATE 51044      /* DNG 1.4, from CinemaDNG */
#define CHUNK ((size_t)256 << 10) /* bytes unpacked at a time: they stay in the cache */

/* CIE XYZ of D65 -> linear Rec.709 (IEC 61966-2-1 primaries). */
static const double xyz_to_rec709[9] = {3.2404542, -1.5371385, -0.4985314, -0.9692660, 1.8760108,
                                        0.0415560, 0.0556434,  -0.2040259, 1.0572252};

static int invert(const float m[9], double out[9]) {
    double c[9];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int a = (j + 1) % 3;
            int b = (j + 2) % 3;
            int r = (i + 1) % 3;
            int s = (i + 2) % 3;
            c[3 * i + j] = (double)m[3 * a + r] * (double)m[3 * b + s] -
                           (double)m[3 * a + s] * (double)m[3 * b + r];
        }
    double det = (double)m[0] * c[0] + (double)m[1] * c[3] + (double)m[2] * c[6];
    if (!isfinite(det) || fabs(det) < 1e-6)
        return 0;
    for (int i = 0; i < 9; i++)
        out[i] = c[i] / det;
    return 1;
}

/* XYZ -> camera, as DNG wants it. */
static int color_matrix(const cf_camera_profile *profile, float out[9]) {
    double from709[9];
    if (!invert(profile->ccm, from709))
        return 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double sum = 0;
            for (int k = 0; k < 3; k++)
                sum += from709[3 * i + k] * xyz_to_rec709[3 * k + j];
            out[3 * i + j] = (float)(sum * (double)profile->neutral[i]);
        }
    return 1;
}

static cf_status check_frame(const char *path, const cf_frame *frame) {
    const cf_camera_profile *p = &frame->profile;
    int seen[3] = {0, 0, 0};
    const cf_image *image = &frame->image;
    int is_packed = frame->layout != CF_RAW_CODES;
    if (image->format != (is_packed ? CF_PIXEL_U8 : CF_PIXEL_U16) || image->planes != 1 ||
        !cf_image_size_ok(image->width, image->height))
        return cf_fail(CF_ERR_INVALID, "%s: a DNG needs one plane of codes", path);
    if (is_packed && (!cf_image_size_ok(p->width, p->height) || image->height != p->height ||
                      image->width < cf_raw_bytes(frame->layout, p->width)))
        return cf_fail(CF_ERR_INVALID, "%s: rows of %d bytes do not hold %d codes", path,
                       image->width, p->width);
    for (int i = 0; i < 4; i++) {
        if (!(p->black[i] >= 0) || !(p->black[i] < p->white) || !(p->white <= 65535))
            return cf_fail(CF_ERR_INVALID, "%s: black level %g, white level %g", path,
                           (double)p->black[i], (double)p->white);
        if (p->is_color && p->cfa[i] <= CF_CFA_B)
            seen[p->cfa[i]]++;
    }
    if (p->is_color && (seen[0] != 1 || seen[1] != 2 || seen[2] != 1))
        return cf_fail(CF_ERR_INVALID, "%s: mosaic is not one red, two green, one blue", path);
    for (int i = 0; i < 3 && p->is_color; i++)
        if (!(p->neutral[i] > 0) || !isfinite(p->neutral[i]))
            return cf_fail(CF_ERR_INVALID, "%s: neutral must be positive", path);
    return CF_OK;
}

/* libtiff knows DNG up to 1.3's tags but not these. */
static void add_fields(TIFF *tif) {
    static const TIFFFieldInfo info[] = {
        {CF_TAG_NOISE_PROFILE, TIFF_VARIABLE2, TIFF_VARIABLE2, TIFF_DOUBLE, FIELD_CUSTOM, 1, 1,
         "NoiseProfile"},
        {TAG_FRAME_RATE, 1, 1, TIFF_SRATIONAL, FIELD_CUSTOM, 1, 0, "FrameRate"}};
    TIFFMergeFieldInfo(tif, info, sizeof info / sizeof *info);
}

static int width_of(const cf_frame *frame) {
    return frame->layout == CF_RAW_CODES ? frame->image.width : frame->profile.width;
}

static void set_levels(TIFF *tif, const cf_camera_profile *p) {
    int same =
        p->black[0] == p->black[1] && p->black[0] == p->black[2] && p->black[0] == p->black[3];
    if (!same) {
        static const uint16_t repeat[2] = {2, 2};
        TIFFSetField(tif, TIFFTAG_BLACKLEVELREPEATDIM, repeat);
    }
    TIFFSetField(tif, TIFFTAG_BLACKLEVEL, same ? 1 : 4, p->black);
    uint32_t white = (uint32_t)lroundf(p->white);
    TIFFSetField(tif, TIFFTAG_WHITELEVEL, 1, &white);
    if (p->noise.scale > 0 || p->noise.offset > 0) {
        double noise[6];
        int planes = p->is_color ? 3 : 1;
        for (int i = 0; i < planes; i++) {
            noise[2 * i] = (double)p->noise.scale;
            noise[2 * i + 1] = (double)p->noise.offset;
        }
        TIFFSetField(tif, CF_TAG_NOISE_PROFILE, (uint32_t)(2 * planes), noise);
    }
}

static int set_color(TIFF *tif, const cf_camera_profile *p) {
    static const uint16_t repeat[2] = {2, 2};
    float matrix[9];
    if (!p->is_color) {
        TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_LINEAR_RAW_);
        return 1;
    }
    if (!color_matrix(p, matrix))
        return 0;
    TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_CFA);
    TIFFSetField(tif, TIFFTAG_CFAREPEATPATTERNDIM, repeat);
    TIFFSetField(tif, TIFFTAG_CFAPATTERN, 4, p->cfa); /* R, G, B are 0, 1, 2 there too */
    TIFFSetField(tif, TIFFTAG_COLORMATRIX1, 9, matrix);
    TIFFSetField(tif, TIFFTAG_ASSHOTNEUTRAL, 3, p->neutral);
    TIFFSetField(tif, TIFFTAG_CALIBRATIONILLUMINANT1, ILLUMINANT_D65);
    return 1;
}

static void set_layout(TIFF *tif, const cf_frame *frame) {
    static const unsigned char version[4] = {1, 4, 0, 0};
    static const unsigned char backward[4] = {1, 1, 0, 0};
    TIFFSetField(tif, TIFFTAG_SUBFILETYPE, 0);
    TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, (uint32_t)width_of(frame));
    TIFFSetField(tif, TIFFTAG_IMAGELENGTH, (uint32_t)frame->image.height);
    TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, 16);
    TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tif, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    TIFFSetField(tif, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    /* One strip: simple readers find the codes in one piece. */
    TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, (uint32_t)frame->image.height);
    TIFFSetField(tif, TIFFTAG_DNGVERSION, version);
    TIFFSetField(tif, TIFFTAG_DNGBACKWARDVERSION, backward);
    char name[sizeof frame->maker + sizeof frame->model + 1];
    const char *kind = frame->profile.is_color ? "colour" : "mono";
    snprintf(name, sizeof name, "%s %s", frame->maker[0] ? frame->maker : "chromafuse",
             frame->model[0] ? frame->model : kind);
    TIFFSetField(tif, TIFFTAG_UNIQUECAMERAMODEL, name);
}

/* The rows of a TIFF of this machine's byte order are the frame's own. */
static int is_plain(const cf_frame *frame) {
    const uint16_t one = 1;
    size_t row = 2 * (size_t)width_of(frame);
    int is_little_endian = *(const unsigned char *)&one;
    return frame->image.stride == row &&
           (frame->layout == CF_RAW_CODES || (frame->layout == CF_RAW_16 && is_little_endian));
}

/* One write where it can be, for a picture is some megabytes; else in chunks of unpacked rows. The
 * strip grows with each. */
static int write_codes(TIFF *tif, const cf_frame *frame) {
    size_t row = 2 * (size_t)width_of(frame);
    int height = frame->image.height, at_once = (int)(CHUNK / row);
    if (is_plain(frame))
        return TIFFWriteRawStrip(tif, 0, frame->image.data, (tmsize_t)(row * (size_t)height)) > 0;
    at_once = at_once > 0 ? at_once : 1;
    uint16_t *chunk = cf_alloc((size_t)at_once, row);
    int done = chunk != NULL;
    for (int y = 0; y < height && done; y += at_once) {
        int rows = height - y < at_once ? height - y : at_once;
        for (int i = 0; i < rows; i++)
            cf_raw_unpack_row(frame->layout, cf_image_row(&frame->image, 0, y + i), width_of(frame),
                              chunk + (size_t)i * (row / 2));
        done = TIFFWriteRawStrip(tif, 0, chunk, (tmsize_t)(row * (size_t)rows)) > 0;
    }
    cf_free(chunk);
    return done;
}

/* 1 done, 0 libtiff refused, -1 the colour matrix cannot be inverted. */
static int encode(TIFF *tif, const cf_frame *frame) {
    uint64_t exif = cf_tiff_exif_write(tif, frame, 0);
    add_fields(tif);
    set_layout(tif, frame);
    cf_tiff_about_set(tif, frame, NULL);
    set_levels(tif, &frame->profile);
    if (!set_color(tif, &frame->profile))
        return -1;
    if (frame->frame_ns > 0)
        TIFFSetField(tif, TAG_FRAME_RATE, 1e9 / (double)frame->frame_ns);
    if (exif)
        TIFFSetField(tif, TIFFTAG_EXIFIFD, exif);
    return write_codes(tif, frame) && TIFFWriteDirectory(tif) == 1;
}

cf_status cf_dng_write(const char *path, const cf_frame *frame) {
    CF_TRY(check_frame(path, frame));
    cf_file_out *out = NULL;
    CF_TRY(cf_file_create(path, &out));
    cf_tiff_errors errors;
    errno = 0;
    TIFF *tif = cf_tiff_open(cf_file_temporary(out), "w", path, &errors);
    int done = tif ? encode(tif, frame) : 0;
    if (tif)
        TIFFClose(tif);
    if (done == 1 && !errors.errors)
        return cf_file_commit(&out);
    int why = errno;
    cf_file_discard(&out);
    if (done < 0)
        return cf_fail(CF_ERR_INVALID, "%s: the colour matrix cannot be inverted", path);
    return cf_fail(CF_ERR_IO, "%s: cannot write: %s", path, cf_tiff_write_reason(&errors, why));
}

cf_status cf_dng_write_through(const char *path, const cf_frame *frame, cf_memory_file *memory) {
    CF_TRY(check_frame(path, frame));
    size_t codes = 2 * (size_t)width_of(frame) * (size_t)frame->image.height;
    CF_TRY(cf_memory_file_reserve(memory, codes + HEADER_ROOM));
    cf_tiff_errors errors;
    TIFF *tif = cf_tiff_open_memory(memory, path, &errors);
    int done = tif ? encode(tif, frame) : 0;
    if (tif)
        TIFFClose(tif);
    if (done < 0)
        return cf_fail(CF_ERR_INVALID, "%s: the colour matrix cannot be inverted", path);
    if (!done || errors.errors)
        return cf_fail(CF_ERR_MEMORY, "%s: cannot make the DNG: %s", path, errors.first);
    cf_file_out *out = NULL;
    CF_TRY(cf_file_create(path, &out));
    int why = cf_file_put_through(out, memory->bytes, memory->size);
    if (!why)
        return cf_file_commit(&out);
    cf_file_discard(&out);
    return cf_fail(CF_ERR_IO, "%s: cannot write: %s", path, strerror(why));
}
