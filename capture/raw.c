/* SPDX-License-Identifier: Apache-2.0 */
/* Raw stills through LibRaw's C interface. */
#include "capture/raw.h"

#include <libraw/libraw.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "capture/internal.h"

/* LibRaw marks patterns that are no 2x2 mosaic by small numbers: 1 Leaf, 9 X-Trans. */
#define FILTERS_SPECIAL 1000
#define FILTERS_XTRANS 9

/* Sensor noise does not compress: no raw holds this many pixels in a byte of file. Stops files that
 * claim gigapixels before LibRaw allocates them. */
#define PIXELS_PER_BYTE 64
#define PIXELS_ALWAYS_FINE ((size_t)1 << 20)

/* LibRaw tells damaged data only through callbacks; its own ones print to stderr. */
static void on_damage(void *user, const char *file, const int offset) {
    (void)file;
    (void)offset;
    ++*(int *)user;
}

static void on_memory(void *user, const char *file, const char *where) {
    (void)user;
    cf_log(CF_LOG_DEBUG, "%s: LibRaw is out of memory in %s", file ? file : "raw",
           where ? where : "?");
}

static cf_status check_file(const char *path, size_t *bytes) {
    FILE *f;
    CF_TRY(cf_file_open(path, &f, bytes));
    fclose(f);
    if (*bytes == 0)
        return cf_fail(CF_ERR_IO, "%s: the file is empty; copy it again", path);
    return CF_OK;
}

/* LibRaw says as little about a DNG it cannot decode as about a shopping list. */
static cf_status unsupported(const char *path) {
    cf_dng_tags tags;
    cf_dng_tags_read(path, &tags);
    if (tags.is_dng)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: a DNG of %ux%u pixels, %u x %u bits, compression %u; convert it to "
                       "16 bit integers of at least 22x22 pixels",
                       path, tags.width, tags.height, tags.samples, tags.bits, tags.compression);
    return cf_fail(CF_ERR_FORMAT, "%s: not a raw picture that LibRaw %s knows; give a DNG", path,
                   libraw_version());
}

static cf_status libraw_failure(const char *path, int code) {
    switch (code) {
    case LIBRAW_FILE_UNSUPPORTED: return unsupported(path);
    case LIBRAW_TOO_BIG:
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: picture too large (at most %d pixels a side)", path,
                       CF_IMAGE_MAX_SIDE);
    case LIBRAW_UNSUFFICIENT_MEMORY:
        return cf_fail(CF_ERR_MEMORY, "%s: not enough memory to decode this raw", path);
    default:
        return cf_fail(CF_ERR_FORMAT, "%s: no raw picture, or a truncated or damaged one (%s)",
                       path, code > 0 ? strerror(code) : libraw_strerror(code));
    }
}

/* Refuses, before anything is decoded, what this pipeline has no use for. */
static cf_status check_kind(const char *path, size_t bytes, libraw_data_t *raw) {
    const libraw_image_sizes_t *s = &raw->sizes;
    unsigned filters = raw->idata.filters;
    if (!cf_image_size_ok(s->width, s->height) || !cf_image_size_ok(s->raw_width, s->raw_height))
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: %dx%d pixels; sides must be 1..%d", path, s->width,
                       s->height, CF_IMAGE_MAX_SIDE);
    size_t area = (size_t)s->raw_width * s->raw_height;
    if (area > PIXELS_ALWAYS_FINE && area / PIXELS_PER_BYTE > bytes)
        return cf_fail(CF_ERR_FORMAT, "%s: claims %dx%d pixels in %zu bytes; damaged", path,
                       s->raw_width, s->raw_height, bytes);
    if (filters == FILTERS_XTRANS)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: X-Trans mosaic; only 2x2 Bayer and mono sensors",
                       path);
    if (raw->idata.is_foveon || (!filters && raw->idata.colors != 1))
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: %d samples per pixel, already demosaicked; give the mosaic raw", path,
                       raw->idata.colors);
    if (!filters)
        return CF_OK;
    if (filters < FILTERS_SPECIAL || filters != (filters & 0xFF) * 0x01010101U ||
        raw->rawdata.ioparams.fuji_width)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: mosaic is not 2x2 Bayer; only Bayer and mono",
                       path);
    return CF_OK;
}

/* The four sites' colours; LibRaw's pattern counts from the visible area. */
static cf_status read_cfa(const char *path, libraw_data_t *raw, cf_camera_profile *profile) {
    int seen[3] = {0, 0, 0};
    profile->is_color = raw->idata.filters != 0;
    if (!profile->is_color)
        return CF_OK;
    for (int site = 0; site < 4; site++) {
        int index = libraw_COLOR(raw, site >> 1, site & 1);
        char name = index >= 0 && index < 4 ? raw->idata.cdesc[index] : '?';
        const char *known = strchr("RGB", name);
        if (!name || !known)
            return cf_fail(CF_ERR_UNSUPPORTED, "%s: mosaic with colours %.4s; only red-green-blue",
                           path, raw->idata.cdesc);
        profile->cfa[site] = (unsigned char)(known - "RGB");
        seen[profile->cfa[site]]++;
    }
    if (seen[CF_CFA_R] != 1 || seen[CF_CFA_G] != 2 || seen[CF_CFA_B] != 1)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: mosaic cell has %d red, %d green, %d blue sites",
                       path, seen[CF_CFA_R], seen[CF_CFA_G], seen[CF_CFA_B]);
    return CF_OK;
}

/* Index into LibRaw's black table of the repeated pattern at a site, -1 without one. The table's
 * entries 4 and 5 are the pattern's rows and columns; it starts at the visible area's corner. */
static int pattern_place(const unsigned *table, int x, int y) {
    unsigned rows = table[4];
    unsigned columns = table[5];
    if (!rows || !columns || rows > LIBRAW_CBLACK_SIZE || columns > LIBRAW_CBLACK_SIZE ||
        6 + (size_t)rows * columns > LIBRAW_CBLACK_SIZE)
        return -1;
    return (int)(6 + (unsigned)y % rows * columns + (unsigned)x % columns);
}

/* Common level + level of the colour index + level of the pattern. LibRaw rounds them, and makes
 * the margins of a DNG's active area even without turning the pattern, which starts at the area's
 * corner; so a DNG's own table is read, in its own phase. */
static float black_of_site(libraw_data_t *raw, const cf_dng_tags *dng_tags, int x, int y) {
    const libraw_colordata_t *c = &raw->color;
    const libraw_dng_levels_t *dng = &c->dng_levels;
    int index = raw->idata.filters ? libraw_COLOR(raw, y, x) & 3 : 0;
    int place = pattern_place(c->cblack, x, y);
    float rounded = (float)c->black + (float)c->cblack[index];
    if (place >= 0)
        rounded += (float)c->cblack[place];
    if (!raw->idata.dng_version)
        return rounded;
    place = pattern_place(dng->dng_cblack,
                          x + (int)(raw->sizes.left_margin - dng_tags->active_left) % 64 + 64,
                          y + (int)(raw->sizes.top_margin - dng_tags->active_top) % 64 + 64);
    float exact = dng->dng_fblack + dng->dng_fcblack[index];
    if (place >= 0)
        exact += dng->dng_fcblack[place];
    return exact > 0 ? exact : rounded;
}

static cf_status read_levels(const char *path, libraw_data_t *raw, const cf_dng_tags *dng_tags,
                             cf_camera_profile *profile) {
    profile->white = (float)raw->color.maximum;
    for (int site = 0; site < 4; site++) {
        profile->black[site] = black_of_site(raw, dng_tags, site & 1, site >> 1);
        if (!isfinite(profile->black[site]) || profile->black[site] < 0 ||
            profile->black[site] >= profile->white || profile->white > 65535)
            return cf_fail(CF_ERR_FORMAT,
                           "%s: black level %g and white level %g make no sense; repair the file's "
                           "levels",
                           path, (double)profile->black[site], (double)profile->white);
    }
    return CF_OK;
}

static int usable_multipliers(const float *mul) {
    for (int i = 0; i < 3; i++)
        if (!isfinite(mul[i]) || mul[i] < 1e-4F || mul[i] > 1e6F)
            return 0;
    return 1;
}

/* Multipliers that make a neutral grey are the reciprocals of what the camera sees of it. */
static void read_neutral(const char *path, libraw_data_t *raw, cf_camera_profile *profile) {
    const float *mul = raw->color.cam_mul;
    if (!usable_multipliers(mul)) {
        mul = raw->color.pre_mul;
        cf_log(CF_LOG_WARNING, "%s: no white balance recorded, daylight assumed", path);
    }
    if (usable_multipliers(mul))
        for (int i = 0; i < 3; i++)
            profile->neutral[i] = mul[1] / mul[i];
}

/* LibRaw inverts XYZ -> camera with its rows scaled so that white gives (1,1,1), so rgb_cam already
 * maps white-balanced camera RGB to linear Rec.709. */
static void read_matrix(const char *path, libraw_data_t *raw, cf_camera_profile *profile) {
    float ccm[9];
    int ok = !raw->rawdata.ioparams.raw_color;
    for (int row = 0; row < 3; row++) {
        double sum = 0;
        for (int i = 0; i < 3; i++)
            sum += raw->color.rgb_cam[row][i];
        ok = ok && isfinite(sum) && fabs(sum) > 0.1;
        for (int i = 0; i < 3; i++) {
            ccm[3 * row + i] = ok ? (float)(raw->color.rgb_cam[row][i] / sum) : 0;
            ok = ok && fabsf(ccm[3 * row + i]) < 20;
        }
    }
    if (ok)
        memcpy(profile->ccm, ccm, sizeof ccm);
    else
        cf_log(CF_LOG_WARNING,
               "%s: no usable colour matrix, colours will be off; give one in the "
               "rig (color: ccm)",
               path);
}

/* dcraw's flips 0..7 as EXIF orientations. */
static int exif_orientation(int flip) {
    static const int table[8] = {1, 2, 4, 3, 5, 8, 6, 7};
    return flip >= 0 && flip < 8 ? table[flip] : 1;
}

static double positive(float x, double max) {
    return isfinite(x) && x > 0 && (double)x < max ? (double)x : 0;
}

static void read_exif(libraw_data_t *raw, cf_frame *frame) {
    const libraw_imgother_t *o = &raw->other;
    struct tm when;
    frame->exposure_ns = (int64_t)llround(positive(o->shutter, 1e6) * 1e9);
    frame->iso = positive(o->iso_speed, 1e9);
    frame->gain = frame->iso / 100; /* as libcamera and others record a gain factor in DNGs */
    frame->aperture = positive(o->aperture, 1e4);
    frame->focal_mm = positive(o->focal_len, 1e6);
    frame->orientation = exif_orientation(raw->sizes.flip);
    snprintf(frame->maker, sizeof frame->maker, "%.63s", raw->idata.make);
    snprintf(frame->model, sizeof frame->model, "%.63s", raw->idata.model);
    if (o->timestamp > 0 && localtime_r(&o->timestamp, &when))
        strftime(frame->timestamp, sizeof frame->timestamp, "%Y:%m:%d %H:%M:%S", &when);
}

static cf_status copy_codes(const char *path, libraw_data_t *raw, cf_frame *frame) {
    const libraw_image_sizes_t *s = &raw->rawdata.sizes;
    size_t pitch = s->raw_pitch ? s->raw_pitch : 2 * (size_t)s->raw_width;
    if (!raw->rawdata.raw_image)
        return cf_fail(
            CF_ERR_UNSUPPORTED,
            "%s: no single-sample 16-bit integer raw (float or several samples a pixel); "
            "convert it to a plain DNG",
            path);
    if (s->left_margin + frame->image.width > s->raw_width ||
        s->top_margin + frame->image.height > s->raw_height || pitch < 2 * (size_t)s->raw_width)
        return cf_fail(CF_ERR_FORMAT, "%s: visible area lies outside the picture", path);
    for (int y = 0; y < frame->image.height; y++) {
        const char *row =
            (const char *)raw->rawdata.raw_image + pitch * (size_t)(y + s->top_margin);
        memcpy(cf_image_row(&frame->image, 0, y), row + 2 * (size_t)s->left_margin,
               2 * (size_t)frame->image.width);
    }
    return CF_OK;
}

static cf_status read_opened(const char *path, size_t bytes, libraw_data_t *raw, const int *damaged,
                             cf_frame **out) {
    CF_TRY(check_kind(path, bytes, raw));
    int code = libraw_unpack(raw);
    if (code != LIBRAW_SUCCESS || *damaged)
        return libraw_failure(path, code != LIBRAW_SUCCESS ? code : LIBRAW_IO_ERROR);
    CF_TRY(
        check_kind(path, bytes, raw)); /* decoders may still change their mind about the pattern */
    cf_dng_tags tags = {0};
    if (raw->idata.dng_version)
        cf_dng_tags_read(path, &tags);
    cf_frame *frame = NULL;
    CF_TRY(cf_frame_create(raw->sizes.width, raw->sizes.height, &frame));
    cf_status status = copy_codes(path, raw, frame);
    if (status == CF_OK)
        status = read_cfa(path, raw, &frame->profile);
    if (status == CF_OK)
        status = read_levels(path, raw, &tags, &frame->profile);
    if (status != CF_OK) {
        cf_frame_unref(&frame);
        return status;
    }
    if (frame->profile.is_color) {
        read_neutral(path, raw, &frame->profile);
        read_matrix(path, raw, &frame->profile);
    }
    read_exif(raw, frame);
    frame->profile.noise = tags.noise;
    *out = frame;
    return CF_OK;
}

cf_status cf_raw_read(const char *path, cf_frame **out) {
    *out = NULL;
    size_t bytes = 0;
    CF_TRY(check_file(path, &bytes));
    libraw_data_t *raw = libraw_init(0);
    if (!raw)
        return cf_fail(CF_ERR_MEMORY, "%s: not enough memory to decode this raw", path);
    int damaged = 0;
    libraw_set_dataerror_handler(raw, on_damage, &damaged);
    libraw_set_memerror_handler(raw, on_memory, NULL);
    /* Float raws must not be squeezed into integers behind our back. */
    raw->params.raw_processing_options &= ~(unsigned)LIBRAW_PROCESSING_CONVERTFLOAT_TO_INT;
    int code = libraw_open_file(raw, path);
    cf_status status = code == LIBRAW_SUCCESS ? read_opened(path, bytes, raw, &damaged, out)
                                              : libraw_failure(path, code);
    libraw_close(raw);
    return status;
}
