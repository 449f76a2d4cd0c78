/* SPDX-License-Identifier: Apache-2.0 */
/* Flat frames: reading them, and sorting them by gain and light. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/natural.h"
#include "capture/picture.h"
#include "capture/raw.h"
#include "tools/calibrate_noise.h"
#include "tools/command.h"

#define SAME_GAIN 0.005     /* ratio */
#define SAME_EXPOSURE 0.002 /* ratio */
#define SAME_LIGHT 0.04     /* share of the signal by which frames of one level may differ */
#define SAME_CODES 0.5
#define COVERED 0.02 /* of the light that the exposure time promises */

void cf_noise_note(cf_noise_camera *camera, const char *format, ...) {
    va_list args;
    if (camera->note_count == CF_NOISE_NOTES)
        return;
    va_start(args, format);
    vsnprintf(camera->notes[camera->note_count++], sizeof camera->notes[0], format, args);
    va_end(args);
}

static void copy_gray(const cf_image *from, cf_image *to) {
    for (int y = 0; y < from->height; y++) {
        const void *in = cf_image_row(from, 0, y);
        unsigned short *out = cf_image_row(to, 0, y);
        for (int x = 0; x < from->width; x++)
            out[x] = from->format == CF_PIXEL_RGB16 ? ((const unsigned short *)in)[3 * x]
                                                    : ((const unsigned char *)in)[3 * x];
    }
}

/* Codes of a mono sensor that somebody saved as a grey picture. */
static cf_status read_picture(const char *path, cf_frame **out) {
    cf_picture picture;
    CF_TRY(cf_picture_read(path, &picture));
    cf_status status = CF_OK;
    if (!picture.is_gray)
        status = cf_fail(CF_ERR_UNSUPPORTED,
                         "%s: a colour picture; noise is measured on raw codes: give raws (DNG), "
                         "or grey PNG or TIFF of a mono sensor's codes",
                         path);
    if (status == CF_OK)
        status = cf_frame_create(picture.image.width, picture.image.height, out);
    if (status == CF_OK) {
        copy_gray(&picture.image, &(*out)->image);
        (*out)->profile.is_color = 0;
        (*out)->profile.white = picture.image.format == CF_PIXEL_RGB16 ? 65535 : 255;
        for (int i = 0; i < 4; i++)
            (*out)->profile.black[i] = -1; /* unknown */
    }
    cf_picture_free(&picture);
    return status;
}

cf_status cf_noise_read(const cf_noise_request *r, const char *path, cf_frame **out) {
    cf_picture_kind found;
    *out = NULL;
    CF_TRY(cf_picture_kind_of(path, &found));
    if (found == CF_PICTURE_JPEG)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: a JPEG; its codes are no longer the sensor's: give raws (DNG), or grey "
                       "PNG or TIFF of raw codes",
                       path);
    CF_TRY(found == CF_PICTURE_NONE ? cf_raw_read(path, out) : read_picture(path, out));
    cf_camera_profile *p = &(*out)->profile;
    if (r->white > 0)
        p->white = (float)r->white;
    for (int i = 0; i < 4 && r->black >= 0; i++)
        p->black[i] = (float)r->black;
    if (r->gain > 0)
        (*out)->gain = r->gain;
    if (p->black[0] < p->white)
        return CF_OK;
    cf_status status = cf_fail(CF_ERR_INVALID, "%s: black level %g is not below white, %g", path,
                               (double)p->black[0], (double)p->white);
    cf_frame_unref(out);
    return status;
}

static cf_status glance(const cf_noise_request *r, const char *path, int is_dark,
                        cf_noise_shot *out) {
    cf_frame *frame;
    CF_TRY(cf_noise_read(r, path, &frame));
    const cf_camera_profile *p = &frame->profile;
    *out = (cf_noise_shot){.path = path, .is_dark = is_dark, .level = -1};
    out->width = frame->image.width;
    out->height = frame->image.height;
    out->is_color = p->is_color;
    out->has_black = p->black[0] >= 0;
    out->white = (double)p->white;
    for (int i = 0; i < 4; i++)
        out->black[i] = (double)p->black[i];
    out->gain = frame->gain > 0 ? frame->gain : 1;
    out->exposure_s = (double)frame->exposure_ns * 1e-9;
    cf_status status = cf_flat_glance_at(&frame->image, &out->glance);
    cf_frame_unref(&frame);
    return status;
}

static double black_of(const cf_noise_shot *s) {
    return s->has_black ? (s->black[0] + s->black[1] + s->black[2] + s->black[3]) / 4 : 0;
}

static double signal_of(const cf_noise_shot *s) {
    return s->glance.mean - black_of(s);
}

/* The lens was covered: nothing above black but noise. */
static void find_dark(cf_noise_shot *s) {
    if (s->has_black && fabs(signal_of(s)) < 0.25 * s->glance.deviation + 0.5)
        s->is_dark = 1;
}

static int differ(double a, double b) {
    return fabs(a - b) > 0.01;
}

/* One camera's frames must be alike in all but light. */
static cf_status compare(const cf_noise_camera *camera, const cf_noise_shot *s) {
    const cf_noise_shot *first = &camera->shots[0];
    int want = camera->role == CF_RIG_COLOR;
    if (s->is_color != want)
        return cf_fail(CF_ERR_INVALID, "%s: %s picture given as --%s; give it as --%s", s->path,
                       want ? "a mono" : "a colour", camera->name, want ? "mono" : "color");
    if (s->width < CF_FLAT_SIDE_MIN || s->height < CF_FLAT_SIDE_MIN)
        return cf_fail(CF_ERR_INVALID, "%s: %dx%d pixels are too few: %d a side are needed",
                       s->path, s->width, s->height, CF_FLAT_SIDE_MIN);
    if (s->width != first->width || s->height != first->height)
        return cf_fail(CF_ERR_INVALID,
                       "%s is %dx%d pixels and %s is %dx%d: calibrate one camera and one mode at a "
                       "time",
                       s->path, s->width, s->height, first->path, first->width, first->height);
    if (differ(s->white, first->white))
        return cf_fail(CF_ERR_INVALID,
                       "%s has white level %g and %s has %g: frames of one bit depth are needed",
                       s->path, s->white, first->path, first->white);
    for (int i = 0; i < 4; i++)
        if (differ(s->black[i], first->black[i]) && !differ(s->gain, first->gain))
            return cf_fail(CF_ERR_INVALID,
                           "%s has black level %g and %s has %g: frames of one camera and one mode "
                           "are needed",
                           s->path, s->black[i], first->path, first->black[i]);
    return CF_OK;
}

/* A file among the darks that was given as a flat too is a dark. */
static int seen_before(cf_noise_camera *camera, const char *path) {
    int seen = 0;
    for (int i = 0; i < camera->count; i++)
        if (!strcmp(camera->shots[i].path, path))
            seen = camera->shots[i].is_dark = 1;
    return seen;
}

static cf_status look(const cf_noise_request *r, const cf_input_list *list, int is_dark,
                      cf_noise_camera *camera) {
    for (size_t i = 0; i < list->count; i++) {
        cf_noise_shot *s = &camera->shots[camera->count];
        cf_cli_progress("looking", i, list->count);
        if (cf_cli_interrupted())
            return cf_fail(CF_ERR_CANCELLED, "interrupted");
        if (is_dark && seen_before(camera, list->paths[i]))
            continue;
        CF_TRY(glance(r, list->paths[i], is_dark, s));
        if (is_dark && r->mono.count && r->color.count &&
            s->is_color != (camera->role == CF_RIG_COLOR))
            continue; /* the other camera's */
        CF_TRY(compare(camera, s));
        if (!is_dark)
            find_dark(s);
        camera->count++;
    }
    cf_cli_progress("looking", list->count, list->count);
    return CF_OK;
}

static int by_light(const void *a, const void *b) {
    const cf_noise_shot *p = a, *q = b;
    double key[3] = {p->gain - q->gain, (double)(q->is_dark - p->is_dark), 0};
    for (int i = 0; i < 2; i++)
        if (key[i] < 0 || key[i] > 0)
            return key[i] < 0 ? -1 : 1;
    if (p->is_dark)
        return cf_natural_compare(p->path, q->path);
    if (p->exposure_s < q->exposure_s || p->exposure_s > q->exposure_s)
        return p->exposure_s < q->exposure_s ? -1 : 1;
    return (p->glance.mean > q->glance.mean) - (p->glance.mean < q->glance.mean);
}

static int by_level(const void *a, const void *b) {
    const cf_noise_shot *p = a, *q = b;
    return p->level != q->level ? p->level - q->level : cf_natural_compare(p->path, q->path);
}

static int same_light(const cf_noise_shot *a, const cf_noise_shot *b) {
    if (a->is_dark || b->is_dark)
        return a->is_dark == b->is_dark;
    if (fabs(a->exposure_s - b->exposure_s) > SAME_EXPOSURE * a->exposure_s)
        return 0;
    return fabs(signal_of(a) - signal_of(b)) < SAME_LIGHT * signal_of(a) + SAME_CODES;
}

/* The code at which frames clip: what the brightest of them pile up at, else what the file says. */
static void find_clip(const cf_noise_camera *camera, cf_noise_group *g) {
    const cf_noise_shot *s = camera->shots + g->first;
    int high = 0, piles_up = 0;
    for (int i = 0; i < g->count; i++) {
        if (s[i].is_dark || s[i].glance.high < high)
            continue;
        piles_up = (piles_up && s[i].glance.high == high) || s[i].glance.piles_up;
        high = s[i].glance.high;
    }
    g->clip = piles_up ? high : fmax(s->white, high + 1);
    g->piles_up = piles_up;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Frames that have next to nothing of the light that their exposure gave the others. */
static cf_status find_covered(cf_noise_camera *camera) {
    double *rates = cf_alloc((size_t)camera->count + 1, sizeof *rates);
    int n = 0;
    if (!rates)
        return CF_ERR_MEMORY;
    for (int i = 0; i < camera->count; i++) {
        const cf_noise_shot *s = &camera->shots[i];
        if (!s->is_dark && s->has_black && s->exposure_s > 0)
            rates[n++] = signal_of(s) / s->exposure_s / s->gain;
    }
    qsort(rates, (size_t)n, sizeof *rates, ascending);
    for (int i = 0; i < camera->count && n > 4; i++) {
        cf_noise_shot *s = &camera->shots[i];
        double expected = rates[n / 2] * s->exposure_s * s->gain;
        if (s->has_black && signal_of(s) < COVERED * expected &&
            signal_of(s) < 2 * s->glance.deviation + 4)
            s->is_dark = 1;
    }
    cf_free(rates);
    return CF_OK;
}

/* Numbers the levels of light, and sorts by them. */
static cf_status find_levels(cf_noise_camera *camera, cf_noise_group *g) {
    cf_noise_shot *s = camera->shots + g->first;
    int level = -1, from = 0;
    for (int i = 0; i < g->count; i++) {
        if (!i || !same_light(&s[from], &s[i])) {
            from = i;
            level++;
        }
        s[i].level = level;
    }
    g->levels = level + 1;
    if (g->levels > CF_FLAT_LEVELS)
        return cf_fail(CF_ERR_INVALID, "%s: more than %d levels of light", camera->name,
                       CF_FLAT_LEVELS);
    qsort(s, (size_t)g->count, sizeof *s, by_level);
    find_clip(camera, g);
    return CF_OK;
}

static void find_groups(cf_noise_camera *camera) {
    for (int i = 0; i < camera->count; i++) {
        cf_noise_group *g = &camera->groups[camera->group_count];
        if (i && fabs(log(camera->shots[i].gain / g[-1].gain)) <= SAME_GAIN) {
            g[-1].count++;
            continue;
        }
        if (camera->group_count == CF_NOISE_GAINS)
            return;
        *g = (cf_noise_group){.gain = camera->shots[i].gain, .first = i, .count = 1};
        camera->group_count++;
    }
}

cf_status cf_noise_gather(const cf_noise_request *r, const cf_input_list *lit,
                          cf_noise_camera *camera) {
    camera->shots = cf_alloc(lit->count + r->dark.count + 1, sizeof *camera->shots);
    camera->groups = cf_alloc(CF_NOISE_GAINS + 1, sizeof *camera->groups);
    if (!camera->shots || !camera->groups)
        return CF_ERR_MEMORY;
    CF_TRY(look(r, lit, 0, camera));
    CF_TRY(look(r, &r->dark, 1, camera));
    CF_TRY(find_covered(camera));
    qsort(camera->shots, (size_t)camera->count, sizeof *camera->shots, by_light);
    find_groups(camera);
    for (int i = 0; i < camera->group_count; i++)
        CF_TRY(find_levels(camera, &camera->groups[i]));
    return CF_OK;
}

void cf_noise_camera_clear(cf_noise_camera *camera) {
    cf_defects_free(&camera->defects);
    cf_free(camera->shots);
    cf_free(camera->groups);
    *camera = (cf_noise_camera){0};
}
