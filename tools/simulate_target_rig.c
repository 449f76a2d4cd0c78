/* SPDX-License-Identifier: Apache-2.0 */
/* The rig that photographs a target: made up, or read from a rig file; its sensors and colours. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "calib/rig.h"
#include "capture/simulator.h"
#include "tools/simulate_target.h"

#define FOCAL_PER_WIDTH 1.15

/* Our usual pair: lenses of one make, never quite alike, the colour one turned a little. */
static cf_status make_usual(const cf_target_request *r, cf_target_rig *rig) {
    static const double turn_degrees[3] = {0.6, -0.4, 0.8};
    static const double distortion[2][5] = {{-0.21, 0.08, 0.0006, -0.0004, -0.01},
                                            {-0.25, 0.1, 0.001, -0.001, 0}};
    const int width = r->width ? r->width : 1280, height = r->width ? r->height : 960;
    for (int i = 0; i < 2; i++) {
        double shrink = i ? r->ratio : 1, rt[6] = {0}, turn[9], k[9];
        int w = (int)(width / shrink) / 2 * 2, h = (int)(height / shrink) / 2 * 2;
        double focal = FOCAL_PER_WIDTH * width / shrink * (i ? 0.98 : 1);
        k[0] = focal;
        k[1] = focal * (i ? 1.0005 : 0.9995);
        k[2] = (w - 1) / 2.0 + 0.006 * w * (i ? -1 : 1);
        k[3] = (h - 1) / 2.0 + 0.004 * h;
        memcpy(k + 4, distortion[i], sizeof distortion[i]);
        for (int j = 0; j < 3 && i; j++)
            rt[j] = turn_degrees[j] * (M_PI / 180);
        cf_rotation_from_vector(rt, turn);
        for (int j = 0; j < 3 && i; j++)
            rt[3 + j] = -turn[3 * j] * r->baseline_m;
        CF_TRY(cf_camera_model_create("LENSMODEL_OPENCV5", w, h, k, 9, rt, &rig->camera[i].model));
    }
    return CF_OK;
}

/* What the rig file says about colours counts where the command line says nothing. */
static cf_status read_rig(cf_target_request *r, cf_target_rig *rig) {
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    cf_rig *file;
    CF_TRY(cf_rig_load(r->rig, &file));
    cf_status status = cf_camera_model_load(file->mono.model, &rig->camera[0].model);
    if (status == CF_OK)
        status = cf_camera_model_load(file->color.model, &rig->camera[1].model);
    if (!r->has_ccm)
        memcpy(r->ccm, file->color.has_ccm ? file->color.ccm : identity, sizeof r->ccm);
    if (!r->has_spectral && file->mono.has_spectral)
        memcpy(r->spectral, file->mono.spectral, sizeof r->spectral);
    cf_rig_destroy(&file);
    return status;
}

/* Inverse of the colour matrix: cofactors over the determinant. */
static cf_status invert(const double m[9], double out[9]) {
    double det = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            out[3 * i + j] = m[3 * a + c] * m[3 * b + d] - m[3 * a + d] * m[3 * b + c];
        }
    for (int j = 0; j < 3; j++)
        det += m[j] * out[3 * j];
    if (!(fabs(det) > 1e-3))
        return cf_fail(CF_ERR_INVALID, "simulate: the matrix of --ccm cannot be inverted");
    for (int i = 0; i < 9; i++)
        out[i] /= det;
    return CF_OK;
}

static cf_status set_weights(const cf_target_request *r, cf_target_rig *rig) {
    double from_rec709[9];
    CF_TRY(invert(r->ccm, from_rec709));
    for (int site = 0; site < 4; site++)
        for (int k = 0; k < 3; k++) {
            int c = site / 2 + site % 2; /* RGGB */
            rig->camera[0].weights[site][k] = (float)(r->mono_exposure * r->spectral[k]);
            rig->camera[1].weights[site][k] = (float)(r->neutral[c] * from_rec709[3 * c + k]);
        }
    return CF_OK;
}

cf_status cf_target_rig_open(cf_target_request *r, cf_target_rig *rig) {
    *rig = (cf_target_rig){.camera = {{.name = "mono"}, {.name = "color"}}};
    cf_status status = r->rig ? read_rig(r, rig) : make_usual(r, rig);
    if (status == CF_OK)
        status = set_weights(r, rig);
    for (int i = 0; i < 2 && status == CF_OK; i++) {
        cf_target_camera *c = &rig->camera[i];
        cf_camera_model_size(c->model, &c->width, &c->height);
        status = cf_target_view_create(c->model, &c->view);
    }
    if (status != CF_OK)
        cf_target_rig_close(rig);
    return status;
}

void cf_target_rig_close(cf_target_rig *rig) {
    for (int i = 0; i < 2; i++) {
        cf_target_view_destroy(&rig->camera[i].view);
        cf_camera_model_destroy(&rig->camera[i].model);
    }
}

cf_sensor cf_target_sensor(const cf_target_request *r, int which, double gain) {
    const double electrons = !which && r->mono_electrons > 0 ? r->mono_electrons : r->electrons;
    const cf_sensor s = {
        .electrons = electrons / gain,
        .full_well = r->full_well,
        .read_electrons = r->read_electrons,
        .black = r->black,
        .white = (double)((1L << r->bits) - 1),
        .prnu = r->prnu,
        .dsnu_electrons = r->dsnu,
        .defects = r->defects,
        .pixels = 1000 * (uint64_t)r->seed + (uint64_t)which,
    };
    return s;
}
