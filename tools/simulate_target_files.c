/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of a target as files, and the truth beside them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "capture/dng_out.h"
#include "capture/picture_out.h"
#include "tools/json.h"
#include "tools/simulate_target.h"

#define PATH_ROOM 4096

static cf_status path_of(const cf_target_request *r, const char *stem, const char *ending,
                         char path[PATH_ROOM]) {
    if (snprintf(path, PATH_ROOM, "%s/%s%s", r->out, stem, ending) < PATH_ROOM)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s: the folder's name is too long", r->out);
}

/* --- pictures --- */

/* The signal of one camera, noisy, as a frame. */
static cf_status expose(const cf_target_request *r, const cf_target_shot *shot,
                        const float weights[4][3], uint64_t seed, cf_frame **out) {
    cf_image signal = {0};
    float scaled[4][3];
    const cf_sensor sensor = cf_target_sensor(r, shot->which, shot->gain);
    for (int i = 0; i < 12; i++)
        scaled[i / 3][i % 3] = weights[i / 3][i % 3] * (float)shot->scale;
    cf_status status = cf_frame_create(shot->rgb->width, shot->rgb->height, out);
    if (status == CF_OK)
        status = cf_image_alloc(shot->rgb->width, shot->rgb->height, 1, CF_PIXEL_F32, &signal);
    if (status == CF_OK) {
        cf_sensor_filter(shot->rgb, scaled, &signal);
        status = cf_sensor_expose(&sensor, &signal, seed, *out);
    }
    cf_image_free(&signal);
    return status;
}

/* What a camera says of itself: whole codes for black, a neutral, and no colour matrix. */
static void describe(const cf_target_request *r, const cf_target_shot *shot, cf_frame *frame) {
    cf_camera_profile *p = &frame->profile;
    p->is_color = shot->which;
    for (int i = 0; i < 4; i++)
        p->black[i] = rintf(p->black[i]);
    for (int i = 0; i < 3; i++)
        p->neutral[i] = shot->which ? (float)r->neutral[i] : 1;
    if (r->no_profile)
        p->noise = (cf_noise){0};
    frame->gain = shot->gain;
    frame->iso = 100 * shot->gain;
    frame->exposure_ns = shot->exposure_ns;
    snprintf(frame->maker, sizeof frame->maker, "simulated");
    snprintf(frame->model, sizeof frame->model, "%s", shot->which ? "colour" : "mono");
}

static unsigned char encoded(const cf_frame *frame, int code) {
    double black = (double)frame->profile.black[0], white = (double)frame->profile.white;
    double x = fmin(fmax((code - black) / (white - black), 0), 1);
    double v = x <= 0.0031308 ? 12.92 * x : 1.055 * pow(x, 1 / 2.4) - 0.055;
    return (unsigned char)rint(255 * v);
}

/* Codes of a frame as sRGB samples, `step` bytes apart. */
static void develop(const cf_frame *frame, const cf_image *out, int channel, int step) {
    for (int y = 0; y < out->height; y++) {
        const uint16_t *from = cf_image_row(&frame->image, 0, y);
        unsigned char *to = cf_image_row(out, 0, y);
        for (int x = 0; x < out->width; x++)
            to[step * x + channel] = encoded(frame, from[x]);
    }
}

/* The colour picture as a camera without a mosaic would take it: each colour with its own noise. */
static cf_status develop_color(const cf_target_request *r, const cf_target_shot *shot,
                               const cf_image *out) {
    for (int c = 0; c < 3; c++) {
        float weights[4][3] = {{0}};
        cf_frame *frame = NULL;
        for (int site = 0; site < 4; site++)
            weights[site][c] = 1;
        cf_status status =
            expose(r, shot, weights, shot->seed + 0x1000000U * (unsigned)(c + 1), &frame);
        if (status == CF_OK)
            develop(frame, out, c, 3);
        cf_frame_unref(&frame);
        CF_TRY(status);
    }
    return CF_OK;
}

static cf_status write_png(const cf_target_request *r, const cf_target_shot *shot,
                           const cf_frame *raw) {
    char path[PATH_ROOM];
    cf_image picture;
    const cf_pixel format = shot->which ? CF_PIXEL_RGB8 : CF_PIXEL_U8;
    CF_TRY(path_of(r, shot->stem, ".png", path));
    CF_TRY(cf_image_alloc(shot->rgb->width, shot->rgb->height, 1, format, &picture));
    cf_status status = CF_OK;
    if (shot->which)
        status = develop_color(r, shot, &picture);
    else
        develop(raw, &picture, 0, 1);
    if (status == CF_OK)
        status = cf_picture_write(path, &picture, NULL);
    cf_image_free(&picture);
    return status;
}

cf_status cf_target_shoot(const cf_target_request *r, const cf_target_rig *rig,
                          const cf_target_shot *shot) {
    char path[PATH_ROOM];
    cf_frame *frame = NULL;
    CF_TRY(path_of(r, shot->stem, ".dng", path));
    cf_status status = expose(r, shot, rig->camera[shot->which].weights, shot->seed, &frame);
    if (status == CF_OK) {
        describe(r, shot, frame);
        status = cf_dng_write(path, frame);
    }
    if (status == CF_OK && r->png)
        status = write_png(r, shot, frame);
    cf_frame_unref(&frame);
    return status;
}

/* --- truth --- */

static void print_list(FILE *f, const double *values, int count) {
    for (int i = 0; i < count; i++)
        fprintf(f, "%s%.9g", i ? ", " : "[", values[i]);
    fputs("]\n", f);
}

static void print_camera(FILE *f, const cf_target_request *r, int which) {
    const char *name = which ? "color" : "mono";
    fprintf(f, "%s:\n  model: %s.cameramodel\n  black: [%.9g]\n", name, name, r->black);
    if (r->defects > 0)
        fprintf(f, "  defects: %s.defects.txt\n", name);
    fputs("  noise:\n", f);
    for (int i = 0; i < r->gain_count; i++) {
        cf_sensor s = cf_target_sensor(r, which, r->gains[i]);
        double noise = s.read_electrons / s.electrons;
        fprintf(f, "    - {gain: %g, scale: %.9g, offset: %.9g}\n", r->gains[i], 1 / s.electrons,
                noise * noise);
    }
    fputs(which ? "  ccm: " : "  spectral: ", f);
    print_list(f, which ? r->ccm : r->spectral, which ? 9 : 3);
    if (!which)
        fprintf(f, "  gain: %.9g\n", 1 / r->mono_exposure);
}

static void print_defects(FILE *f, const cf_target_request *r, const cf_target_camera *camera,
                          int which) {
    const cf_sensor s = cf_target_sensor(r, which, 1);
    for (int y = 0; y < camera->height; y++)
        for (int x = 0; x < camera->width; x++) {
            cf_pixel_state state = cf_sensor_pixel(&s, x, y);
            if (state != CF_PIXEL_GOOD)
                fprintf(f, "%d %d # %s\n", x, y, state == CF_PIXEL_HOT ? "hot" : "dead");
        }
}

cf_status cf_target_write_rig(const cf_target_request *r, const cf_target_rig *rig) {
    char path[PATH_ROOM], stem[64];
    cf_file_out *file;
    for (int i = 0; i < 2; i++) {
        snprintf(stem, sizeof stem, "truth/%s", rig->camera[i].name);
        CF_TRY(path_of(r, stem, ".cameramodel", path));
        CF_TRY(cf_camera_model_write(rig->camera[i].model, NULL, path));
        if (!(r->defects > 0))
            continue;
        CF_TRY(path_of(r, stem, ".defects.txt", path));
        CF_TRY(cf_file_create(path, &file));
        print_defects(cf_file_stream(file), r, &rig->camera[i], i);
        CF_TRY(cf_file_commit(&file));
    }
    CF_TRY(path_of(r, "truth/rig", ".yaml", path));
    CF_TRY(cf_file_create(path, &file));
    fputs("version: 1\n", cf_file_stream(file));
    for (int i = 0; i < 2; i++)
        print_camera(cf_file_stream(file), r, i);
    return cf_file_commit(&file);
}

static void put_list(cf_json *json, const char *key, const double *values, int count) {
    cf_json_open(json, key, '[');
    for (int i = 0; i < count; i++)
        cf_json_number(json, NULL, values[i]);
    cf_json_close(json, ']');
}

static void put_points(cf_json *json, const cf_target_camera *camera, const cf_target *card) {
    cf_json_open(json, camera->name, '[');
    for (int i = 0; i < cf_target_points(card); i++) {
        double point[3], q[2] = {NAN, NAN};
        cf_target_point(card, i, point);
        cf_target_project(camera->model, point, q);
        put_list(json, NULL, q, 2);
    }
    cf_json_close(json, ']');
}

static void put_picture(cf_json *json, const cf_target_rig *rig, const cf_target *card, size_t i) {
    double vector[3];
    char stem[32];
    int seen = cf_target_seen_by(rig, card);
    cf_json_open(json, NULL, '{');
    snprintf(stem, sizeof stem, "%03zu", i);
    cf_json_text(json, "number", stem);
    cf_json_bool(json, "mono_sees_all", seen & 1);
    cf_json_bool(json, "color_sees_all", seen >> 1);
    cf_rotation_to_vector(card->rotation, vector);
    put_list(json, "rotation", vector, 3);
    put_list(json, "translation", card->translation, 3);
    cf_json_open(json, "points", '{');
    for (int c = 0; c < 2; c++)
        put_points(json, &rig->camera[c], card);
    cf_json_close(json, '}');
    cf_json_close(json, '}');
}

static void put_sensor(cf_json *json, const cf_target_request *r, int which) {
    const cf_sensor sensor = cf_target_sensor(r, which, 1);
    cf_json_open(json, which ? "color" : "mono", '{');
    cf_json_number(json, "electrons", sensor.electrons);
    cf_json_number(json, "full_well", sensor.full_well);
    cf_json_number(json, "read_electrons", sensor.read_electrons);
    cf_json_number(json, "black", sensor.black);
    cf_json_number(json, "white", sensor.white);
    cf_json_number(json, "prnu", sensor.prnu);
    cf_json_number(json, "dsnu_electrons", sensor.dsnu_electrons);
    cf_json_open(json, "gains", '[');
    for (int i = 0; i < r->gain_count; i++) {
        cf_sensor s = cf_target_sensor(r, which, r->gains[i]);
        cf_json_open(json, NULL, '{');
        cf_json_number(json, "gain", r->gains[i]);
        cf_json_number(json, "codes_per_electron", (s.white - s.black) / s.electrons);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
    cf_json_close(json, '}');
}

cf_status cf_target_write_truth(const cf_target_request *r, const cf_target_rig *rig,
                                const cf_target *cards, size_t count) {
    static const char *const names[] = {"board", "chart", "flat"};
    char path[PATH_ROOM];
    cf_file_out *file;
    CF_TRY(path_of(r, "truth", ".json", path));
    CF_TRY(cf_file_create(path, &file));
    cf_json json = {.to = cf_file_stream(file)};
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "target", names[r->what]);
    cf_json_number(&json, "seed", (double)r->seed);
    if (r->what != CF_SHOOT_FLAT) {
        cf_json_number(&json, "columns", r->columns);
        cf_json_number(&json, "rows", r->rows);
        cf_json_number(&json, "pitch_m", r->pitch_m);
        cf_json_number(&json, "warp_m", r->warp_m);
        put_list(&json, "light_slope", r->light_slope, 2);
    }
    put_list(&json, "neutral", r->neutral, 3);
    put_list(&json, "ccm", r->ccm, 9);
    put_list(&json, "spectral", r->spectral, 3);
    cf_json_number(&json, "mono_gain", 1 / r->mono_exposure);
    cf_json_number(&json, "vignetting", r->optics.vignetting);
    cf_json_open(&json, "sensor", '{');
    for (int i = 0; i < 2; i++)
        put_sensor(&json, r, i);
    cf_json_close(&json, '}');
    cf_json_open(&json, "pictures", '[');
    for (size_t i = 0; i < count; i++)
        put_picture(&json, rig, &cards[i], i);
    cf_json_close(&json, ']');
    cf_json_close(&json, '}');
    return cf_file_commit(&file);
}
