/* SPDX-License-Identifier: Apache-2.0 */
/* Judges a rig's noise, levels, colours, defects and shading: can a sensor be like that? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calib/rig_tables.h"
#include "tools/rig_check.h"

/* variance = scale x + offset with x = electrons / full: full = 1 / scale, read noise =
 * sqrt(offset) / scale electrons. */
static void check_noise(const cf_rig_camera *c, const char *name, cf_findings *f) {
    char about[32];
    snprintf(about, sizeof about, "%s.noise", name);
    if (!c->noise_count) {
        cf_findings_add(f, CF_FINDING_HINT, about,
                        "is not calibrated: the raw file's own NoiseProfile is used, or an "
                        "estimate from the picture. 'chromafuse calibrate noise' measures it.");
        return;
    }
    for (int i = 0; i < c->noise_count; i++) {
        const cf_rig_noise *n = &c->noise[i];
        double full = n->scale > 0 ? 1 / n->scale : INFINITY,
               read = n->scale > 0 ? sqrt(n->offset) / n->scale : INFINITY;
        if (!(full >= 30 && full <= 2e6))
            cf_findings_add(f, CF_FINDING_WARNING, about,
                            "at gain %g, scale %g means that white is %.3g electrons; sensors have "
                            "hundreds to some 100,000. Is the signal scale 0 to 1 between black "
                            "and white?",
                            n->gain, n->scale, full);
        else if (read > 100 && read > 0.05 * full)
            cf_findings_add(f, CF_FINDING_WARNING, about,
                            "at gain %g, the read noise would be %.0f electrons; sensors have 1 "
                            "to 50.",
                            n->gain, read);
        for (int k = 0; k < i; k++)
            if (fabs(log(c->noise[k].gain / n->gain)) < 0.005)
                cf_findings_add(f, CF_FINDING_WARNING, about,
                                "there are two entries for gain %g; the first one counts.",
                                n->gain);
            else if ((c->noise[k].gain < n->gain) != (c->noise[k].scale < n->scale) &&
                     fabs(log(c->noise[k].gain / n->gain)) > 0.2)
                cf_findings_add(f, CF_FINDING_WARNING, about,
                                "the noise at gain %g is not larger than at gain %g; were the "
                                "files mixed up?",
                                fmax(c->noise[k].gain, n->gain), fmin(c->noise[k].gain, n->gain));
    }
}

static void check_black(const cf_rig_camera *c, const char *name, cf_findings *f) {
    char about[32];
    double low = c->black[0], high = c->black[0];
    snprintf(about, sizeof about, "%s.black", name);
    for (int i = 1; i < c->black_count; i++) {
        low = fmin(low, c->black[i]);
        high = fmax(high, c->black[i]);
    }
    if (c->black_count && high - low > fmax(4, 0.02 * high))
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the levels of the mosaic's sites differ by %.1f codes; they are usually "
                        "within one.",
                        high - low);
}

static void check_spectral(const cf_rig *rig, cf_findings *f) {
    const double *s = rig->mono.spectral;
    if (!rig->mono.has_spectral) {
        cf_findings_add(f, CF_FINDING_WARNING, "mono.spectral",
                        "is not calibrated: Rec.709 luminance is assumed, which no sensor has; "
                        "colours will be off. 'chromafuse calibrate color' with --mono measures "
                        "it.");
        return;
    }
    for (int i = 0; i < 3; i++)
        if (s[i] < -0.3 || s[i] > 1.3)
            cf_findings_add(f, CF_FINDING_WARNING, "mono.spectral",
                            "a weight of %g is outside what sensors have (-0.3 to 1.3).", s[i]);
}

static void check_ccm(const cf_rig *rig, cf_findings *f) {
    const double *m = rig->color.ccm;
    double largest = 0;
    if (!rig->color.has_ccm) {
        cf_findings_add(f, CF_FINDING_HINT, "color.ccm",
                        "is not calibrated: the raw file's own colour matrix is used. 'chromafuse "
                        "calibrate color' measures it.");
        return;
    }
    double det = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
                 m[2] * (m[3] * m[7] - m[4] * m[6]);
    for (int i = 0; i < 9; i++)
        largest = fmax(largest, fabs(m[i]));
    for (int i = 0; i < 3; i++)
        if (m[4 * i] < 0.3)
            cf_findings_add(f, CF_FINDING_WARNING, "color.ccm",
                            "the %s channel takes only %.2f from itself; are the nine numbers in "
                            "rows, and in the order R, G, B?",
                            i == 0   ? "red"
                            : i == 1 ? "green"
                                     : "blue",
                            m[4 * i]);
    if (!(det > 0.05))
        cf_findings_add(f, CF_FINDING_ERROR, "color.ccm",
                        "the matrix cannot be undone (determinant %.3g): it mixes colours up.",
                        det);
    else if (largest > 4)
        cf_findings_add(f, CF_FINDING_WARNING, "color.ccm",
                        "an entry of %.1f makes colour noise that much stronger; good matrices "
                        "stay below 3.",
                        largest);
}

/* A profile with just the sizes that the readers of tables need. */
static int profile_for(const cf_camera_model *model, int is_color, cf_camera_profile *p) {
    cf_camera_profile_init(p);
    p->is_color = is_color;
    p->width = p->height = CF_IMAGE_MAX_SIDE;
    if (model)
        cf_camera_model_size(model, &p->width, &p->height);
    return model != NULL;
}

static void check_defects(const cf_rig_camera *c, const char *name, cf_camera_profile *p, int sized,
                          cf_findings *f) {
    char about[32];
    snprintf(about, sizeof about, "%s.defects", name);
    cf_findings_capture(f, about, c->defects);
    cf_status status = cf_rig_read_defects(c->defects, p);
    cf_findings_capture(NULL, NULL, NULL);
    double share = p->defect_count / ((double)p->width * p->height);
    if (status == CF_OK && sized && share > 1e-3)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "%d of the sensor's pixels (%.2f %%) are listed as broken; usual are a "
                        "few in 10,000.",
                        p->defect_count, 100 * share);
}

static void check_shading(const cf_rig_camera *c, const char *name, cf_camera_profile *p,
                          cf_findings *f) {
    char about[32];
    snprintf(about, sizeof about, "%s.shading", name);
    cf_findings_capture(f, about, c->shading);
    cf_status status = cf_rig_read_shading(c->shading, p);
    cf_findings_capture(NULL, NULL, NULL);
    if (status != CF_OK)
        return;
    float low = INFINITY, high = 0;
    for (int i = 0; i < p->shading.width * p->shading.height * p->shading.planes; i++) {
        low = fminf(low, p->shading.gains[i]);
        high = fmaxf(high, p->shading.gains[i]);
    }
    if (high > 8)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "gains go up to %.1f: the flat frame was dark at the border, or the lens "
                        "does not cover the sensor.",
                        (double)high);
    if (low > 1.2F || low < 0.8F)
        cf_findings_add(f, CF_FINDING_WARNING, about,
                        "the smallest gain is %.2f, not 1: white would no longer be white.",
                        (double)low);
}

static void check_camera(const cf_rig_camera *c, const char *name, const cf_camera_model *model,
                         cf_findings *f) {
    char about[32];
    cf_camera_profile p;
    int sized = profile_for(model, !strcmp(name, "color"), &p);
    check_noise(c, name, f);
    check_black(c, name, f);
    if (c->defects)
        check_defects(c, name, &p, sized, f);
    if (c->shading) {
        check_shading(c, name, &p, f);
    } else {
        snprintf(about, sizeof about, "%s.shading", name);
        cf_findings_add(f, CF_FINDING_HINT, about,
                        "is not calibrated: corners may stay dark. 'chromafuse calibrate shading' "
                        "measures it from a flat frame.");
    }
    cf_camera_profile_clear(&p);
}

void cf_rig_check_values(const cf_rig *rig, const cf_rig_models *models, cf_findings *f) {
    check_camera(&rig->mono, "mono", models->mono, f);
    check_camera(&rig->color, "color", models->color, f);
    check_spectral(rig, f);
    check_ccm(rig, f);
    if (fabs(rig->offset_us) > 20000)
        cf_findings_add(f, CF_FINDING_WARNING, "sync.offset_us",
                        "the cameras expose %.0f ms apart: whatever moves will be out of register.",
                        fabs(rig->offset_us) / 1000);
    if (rig->jitter_us > 5000)
        cf_findings_add(f, CF_FINDING_WARNING, "sync.jitter_us",
                        "the offset between the cameras wanders by %.0f ms.",
                        rig->jitter_us / 1000);
}
