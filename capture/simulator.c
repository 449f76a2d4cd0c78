/* SPDX-License-Identifier: Apache-2.0 */
/* The forward model: pictures to exposed raw frames and the camera models that go with them. */
#include "capture/simulator.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/sensor.h"
#include "capture/simulator_optics.h"

static const float wb[3] = CF_SIM_WB, spectral[3] = CF_SIM_SPECTRAL;
static const double tilt_degrees[3] = {0.6, -0.4, 0.8}, drift_degrees[3] = {0.10, 0.08, -0.08};
static const double tilt_distortion[5] = {-0.25, 0.1, 0.001, -0.001, 0};
static const float drift_spectral[3] = {0.05F, -0.02F, -0.03F};

cf_status cf_rig_variant_parse(const char *name, cf_rig_variant *variant) {
    static const char *const names[] = {"parallel", "tilted", "tele", "drifted"};
    for (int i = 0; i < 4; i++)
        if (name && !strcmp(name, names[i])) {
            *variant = (cf_rig_variant)i;
            return CF_OK;
        }
    return cf_fail(CF_ERR_INVALID, "'%s' is no rig variant: use parallel, tilted, tele or drifted",
                   name ? name : "");
}

static cf_status in_range(const char *name, double value, double min, double max) {
    if (value >= min && value <= max)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "simulator: %s is %g, but must lie in %g..%g", name, value, min,
                   max);
}

static cf_status check(const cf_image *left, const cf_image *right, const cf_simulator_params *p) {
    if (!left || !right || !left->data || !right->data || left->format != CF_PIXEL_RGB8 ||
        right->format != CF_PIXEL_RGB8)
        return cf_fail(CF_ERR_INVALID, "simulator: needs two 8-bit RGB pictures");
    if (left->width != right->width || left->height != right->height)
        return cf_fail(
            CF_ERR_INVALID,
            "simulator: the left picture is %dx%d but the right one is %dx%d; both views "
            "must have one size",
            left->width, left->height, right->width, right->height);
    CF_TRY(in_range("electrons", p->electrons, 0.1, 1e6));
    CF_TRY(in_range("ratio", p->ratio, 1, 4));
    CF_TRY(in_range("focal length", p->focal, 1, 1e6));
    CF_TRY(in_range("baseline", p->baseline_m, 1e-4, 100));
    CF_TRY(in_range("doffs", p->doffs, -1e4, 1e4));
    CF_TRY(in_range("max-disparity", p->max_disparity, 0, CF_IMAGE_MAX_SIDE));
    if (p->variant < CF_RIG_PARALLEL || p->variant > CF_RIG_DRIFTED)
        return cf_fail(CF_ERR_INVALID, "simulator: no such rig variant");
    return CF_OK;
}

/* The picture without the rows and columns that do not fill a cell of `step` pixels. */
static cf_image whole_cells(cf_image picture, double step) {
    int cell = (int)step;
    picture.width = picture.width / cell * cell;
    picture.height = picture.height / cell * cell;
    return picture;
}

cf_status cf_simulator_expose(const cf_image *signal, double electrons, uint64_t seed,
                              cf_frame *frame) {
    const double pedestal = 5 * CF_SIM_READ_ELECTRONS / electrons;
    const cf_sensor sensor = {
        .electrons = electrons,
        .read_electrons = CF_SIM_READ_ELECTRONS,
        .black = fmax(256, rint(CF_SIM_WHITE * pedestal / (1 + pedestal))),
        .white = CF_SIM_WHITE,
    };
    return cf_sensor_expose(&sensor, signal, seed, frame);
}

/* What either sensor sees of a linear picture: through the mosaic, or unfiltered. */
static void filter(const cf_image *rgb, int is_color, const cf_image *signal) {
    float weights[4][3] = {{0}};
    for (int site = 0; site < 4; site++) {
        int c = site / 2 + site % 2; /* RGGB */
        if (is_color)
            weights[site][c] = wb[c];
        else
            memcpy(weights[site], spectral, sizeof spectral);
    }
    cf_sensor_filter(rgb, weights, signal);
}

static cf_status take(const cf_image *rgb, const cf_simulator_params *p, int is_color,
                      cf_frame **out) {
    cf_image signal = {0};
    cf_status status = cf_frame_create(rgb->width, rgb->height, out);
    if (status == CF_OK)
        status = cf_image_alloc(rgb->width, rgb->height, 1, CF_PIXEL_F32, &signal);
    if (status == CF_OK) {
        cf_camera_profile *profile = &(*out)->profile;
        filter(rgb, is_color, &signal);
        profile->is_color = is_color;
        for (int i = 0; i < 3; i++) {
            profile->neutral[i] = is_color ? wb[i] : 1;
            profile->spectral[i] = spectral[i];
        }
        snprintf((*out)->maker, sizeof(*out)->maker, "simulated");
        snprintf((*out)->model, sizeof(*out)->model, "%s", is_color ? "colour" : "mono");
        /* two streams: one seed makes both frames, but not the same noise */
        status = cf_simulator_expose(&signal, p->electrons * (is_color ? 1 : CF_SIM_MONO_GAIN),
                                     2 * p->seed + (uint64_t)is_color, *out);
    }
    cf_image_free(&signal);
    return status;
}

/* The middle half of the mono frame and of the truth, on even pixels. */
static void crop_tele(cf_simulation *s, int width, int height) {
    int x = width / 4 / 2 * 2, y = height / 4 / 2 * 2;
    cf_image *views[2] = {&s->mono->image, &s->truth};
    for (int i = 0; i < 2; i++) {
        cf_image *v = views[i];
        int right = v->width < width - x ? v->width : width - x;
        int bottom = v->height < height - y ? v->height : height - y;
        /* in place, so that the view still starts where its memory does */
        for (int row = y; row < bottom; row++)
            memmove(cf_image_row(v, 0, row - y),
                    (char *)cf_image_row(v, 0, row) + (size_t)x * cf_pixel_bytes(v->format),
                    (size_t)(right - x) * cf_pixel_bytes(v->format));
        v->width = right - x;
        v->height = bottom - y;
    }
    s->mono->profile.width = s->mono->image.width;
    s->mono->profile.height = s->mono->image.height;
    s->mono_camera.centre[0] -= x;
    s->mono_camera.centre[1] -= y;
}

/* Both cameras' models; width and height of the pictures before any crop for tele. */
static void place_cameras(cf_simulation *s, const cf_simulator_params *p, int width, int height) {
    cf_simulated_camera *m = &s->mono_camera, *c = &s->color_camera;
    const double centre[2] = {(width - 1) / 2.0, (height - 1) / 2.0};
    double turn[3] = {0}, rotation[9], drift[9], drifted[9];
    int tilted = p->variant == CF_RIG_TILTED || p->variant == CF_RIG_DRIFTED;
    for (int i = 0; i < 2; i++) {
        m->centre[i] = centre[i];
        c->centre[i] = (centre[i] + (i ? 0 : p->doffs) + 0.5) / p->ratio - 0.5;
    }
    m->focal = p->focal;
    c->focal = p->focal / p->ratio;
    c->has_distortion = tilted;
    memcpy(c->distortion, tilt_distortion, sizeof tilt_distortion);
    for (int i = 0; i < 3; i++)
        turn[i] = tilted ? tilt_degrees[i] * (M_PI / 180) : 0;
    cf_sim_matrix_of(turn, rotation);
    memcpy(s->spectral, spectral, sizeof spectral);
    if (p->variant == CF_RIG_DRIFTED) {
        for (int i = 0; i < 3; i++) {
            turn[i] = drift_degrees[i] * (M_PI / 180);
            s->spectral[i] += drift_spectral[i];
        }
        cf_sim_matrix_of(turn, drift);
        cf_sim_multiply(drift, rotation, drifted);
        memcpy(rotation, drifted, sizeof drifted);
    }
    cf_sim_vector_of(rotation, c->rotation);
    for (int i = 0; i < 3; i++)
        c->translation[i] = 0 - rotation[3 * i] * p->baseline_m; /* no -0 in the file */
    double disparity = p->max_disparity > 0 ? p->max_disparity : width / 5.0;
    s->depth_min_m = p->focal * p->baseline_m / (disparity + p->doffs);
}

/* The right view as the turned lens sees it, linear and at the colour camera's resolution. */
static cf_status color_view(const cf_image *right, const cf_simulator_params *p, cf_image *out) {
    const double centre[2] = {(right->width - 1) / 2.0 + p->doffs, (right->height - 1) / 2.0};
    cf_image tilted = {0}, linear = {0}, view = *right;
    cf_status status = CF_OK;
    if (p->variant == CF_RIG_TILTED || p->variant == CF_RIG_DRIFTED) {
        double turn[3];
        for (int i = 0; i < 3; i++)
            turn[i] = tilt_degrees[i] * (M_PI / 180);
        CF_TRY(cf_image_alloc(right->width, right->height, 1, CF_PIXEL_RGB8, &tilted));
        cf_sim_tilt(right, p->focal, centre, turn, tilt_distortion, &tilted);
        view = tilted;
    }
    view = whole_cells(view, 2 * p->ratio);
    if (p->ratio > 1) {
        status = cf_sim_linearise(&view, &linear);
        if (status == CF_OK)
            status = cf_image_alloc((int)rint(view.width / p->ratio),
                                    (int)rint(view.height / p->ratio), 1, CF_PIXEL_RGBF32, out);
        if (status == CF_OK)
            status = cf_sim_shrink(&linear, p->ratio, out);
    } else {
        status = cf_sim_linearise(&view, out);
    }
    cf_image_free(&linear);
    cf_image_free(&tilted);
    return status;
}

static cf_status copy_picture(const cf_image *from, cf_image *to) {
    CF_TRY(cf_image_alloc(from->width, from->height, 1, CF_PIXEL_RGB8, to));
    for (int y = 0; y < from->height; y++)
        memcpy(cf_image_row(to, 0, y), cf_image_row(from, 0, y), (size_t)from->width * 3);
    return CF_OK;
}

static cf_status take_both(const cf_image *left, const cf_image *right,
                           const cf_simulator_params *p, cf_simulation *s) {
    cf_image linear = {0}, view = whole_cells(*left, 2 * p->ratio);
    cf_status status = cf_sim_linearise(&view, &linear);
    if (status == CF_OK)
        status = take(&linear, p, 0, &s->mono);
    cf_image_free(&linear);
    if (status == CF_OK)
        status = copy_picture(&view, &s->truth);
    if (status == CF_OK)
        status = color_view(right, p, &linear);
    if (status == CF_OK)
        status = take(&linear, p, 1, &s->color);
    cf_image_free(&linear);
    return status;
}

cf_status cf_simulate(const cf_image *left, const cf_image *right,
                      const cf_simulator_params *params, cf_simulation **out) {
    const cf_simulator_params defaults = CF_SIMULATOR_DEFAULTS;
    const cf_simulator_params *p = params ? params : &defaults;
    *out = NULL;
    CF_TRY(check(left, right, p));
    /* the rig is laid out on twice the cell, so that halving a view keeps whole cells */
    cf_image l = whole_cells(*left, 4 * p->ratio), r = whole_cells(*right, 4 * p->ratio);
    double mono_side = fmin(l.width, l.height) / (p->variant == CF_RIG_TELE ? 2 : 1);
    if (fmin(mono_side, fmin(l.width, l.height) / p->ratio) < 16)
        return cf_fail(
            CF_ERR_INVALID,
            "simulator: pictures of %dx%d leave less than 16x16 pixels of raw at ratio %g",
            left->width, left->height, p->ratio);
    cf_simulation *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    place_cameras(s, p, l.width, l.height);
    cf_status status =
        s->depth_min_m > 0
            ? take_both(&l, &r, p, s)
            : cf_fail(CF_ERR_INVALID, "simulator: max-disparity + doffs must be above 0");
    if (status != CF_OK) {
        cf_simulation_destroy(&s);
        return status;
    }
    if (p->variant == CF_RIG_TELE)
        crop_tele(s, l.width, l.height);
    s->mono_camera.width = s->mono->image.width;
    s->mono_camera.height = s->mono->image.height;
    s->color_camera.width = s->color->image.width;
    s->color_camera.height = s->color->image.height;
    *out = s;
    return CF_OK;
}

void cf_simulation_destroy(cf_simulation **simulation) {
    if (!simulation || !*simulation)
        return;
    cf_frame_unref(&(*simulation)->mono);
    cf_frame_unref(&(*simulation)->color);
    cf_image_free(&(*simulation)->truth);
    cf_free(*simulation);
    *simulation = NULL;
}
