/* SPDX-License-Identifier: Apache-2.0 */
/* color.chart.png: the grid as it was found, and each patch beside its reference. */
#include <math.h>
#include <stdio.h>

#include "tools/canvas.h"
#include "tools/color_job.h"

#define PANEL 900  /* pixels of a panel's longer side */
#define SHOWN 1600 /* of the picture behind it */
#define MARGIN 1.3 /* patches shown around the chart */
#define OUTLINE 0.275
#define SWATCH 0.2
#define HEAD 60
#define GAP 16

static const cf_ink paper = {24, 24, 24, 1}, ink = {235, 235, 235, 1};

/* One picture and how it is shown. */
typedef struct {
    const cf_color_job *job;
    const cf_color_shot *shot;
    int index, mono, bin;
    cf_image light; /* of cf_chart_picture */
    cf_homography to_chart;
    double left, top, scale; /* raw pixel = left + x / scale */
    int width, height;
} panel;

static unsigned char code_of(double v) {
    double s = v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
    return (unsigned char)rint(255 * fmin(fmax(s, 0), 1));
}

/* Camera values to display codes, at the exposure under which the chart's white is what it should
 * be. */
static void show(const panel *k, const double camera[3], unsigned char rgb[3]) {
    const cf_color_fit *fit = &k->job->fit;
    const cf_chart_light *light = &fit->light[k->index];
    for (int i = 0; i < 3; i++) {
        double v = 0;
        for (int c = 0; c < 3; c++)
            v += fit->ccm[3 * i + c] * camera[c] / light->neutral[c];
        if (k->mono)
            v = camera[0] * k->job->mono.gain;
        rgb[i] = code_of(v / light->exposure);
    }
}

/* Light at a raw pixel, nearest sample. */
static void light_at(const panel *k, double x, double y, double camera[3]) {
    const cf_camera_profile *p = &k->shot->frame->profile;
    int i = (int)rint((x + 0.5) / k->bin - 0.5), j = (int)rint((y + 0.5) / k->bin - 0.5);
    i = i < 0 ? 0 : i >= k->light.width ? k->light.width - 1 : i;
    j = j < 0 ? 0 : j >= k->light.height ? k->light.height - 1 : j;
    for (int c = 0; c < 3; c++) {
        int plane = k->mono ? 0 : c;
        camera[c] = (double)((const float *)cf_image_row(&k->light, plane, j))[i];
        if (!k->mono) /* undo the file's white balance */
            camera[c] *= (double)p->neutral[c] / (double)p->neutral[1];
    }
}

/* What a patch is shown as: left half measured, right half the reference. */
static void swatch(const panel *k, int patch, int right, unsigned char rgb[3]) {
    const cf_color_job *job = k->job;
    const double *ref = job->reference.rgb[patch], *w = job->mono.spectral;
    double v[3];
    if (right) {
        double grey = w[0] * ref[0] + w[1] * ref[1] + w[2] * ref[2];
        for (int c = 0; c < 3; c++)
            rgb[c] = code_of(k->mono ? grey : ref[c]);
        return;
    }
    double at = cf_chart_light_at(&job->fit.light[k->index], patch);
    for (int c = 0; c < 3; c++)
        v[c] = k->shot->sample.view.rgb[patch][c] / at;
    show(k, v, rgb);
}

static void draw_pixel(const panel *k, double x, double y, unsigned char rgb[3]) {
    const double raw[2] = {x, y};
    double at[2], camera[3];
    int patch = -1;
    double away = 1, dx = 0;
    if (cf_homography_apply(&k->to_chart, raw, at)) {
        int c = (int)rint(at[0]), r = (int)rint(at[1]);
        dx = at[0] - c;
        away = fmax(fabs(dx), fabs(at[1] - r));
        if (c >= 0 && r >= 0 && c < CF_CHART_COLUMNS && r < CF_CHART_ROWS)
            patch = r * CF_CHART_COLUMNS + c;
    }
    double line = 1.2 / (k->shot->place.pitch * k->scale);
    if (patch >= 0 && away < SWATCH) {
        swatch(k, patch, dx >= 0, rgb);
    } else if (patch >= 0 && fabs(away - OUTLINE) < line) {
        int fine = k->shot->sample.state[patch] == CF_PATCH_FINE;
        rgb[0] = fine ? 40 : 255;
        rgb[1] = fine ? 230 : 40;
        rgb[2] = 40;
    } else {
        light_at(k, x, y, camera);
        show(k, camera, rgb);
    }
}

/* Chooses what part of the picture is shown, and how large. */
static void frame_panel(panel *k) {
    const cf_image *raw = &k->shot->frame->image;
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int i = 0; i < 4; i++) {
        const double at[2] = {i & 1 ? 5 + MARGIN : -MARGIN, i >> 1 ? 3 + MARGIN : -MARGIN};
        double p[2];
        if (!cf_homography_apply(&k->shot->place.to_picture, at, p))
            continue;
        for (int c = 0; c < 2; c++) {
            low[c] = fmin(low[c], p[c]);
            high[c] = fmax(high[c], p[c]);
        }
    }
    k->left = fmin(fmax(low[0], 0), raw->width - 1);
    k->top = fmin(fmax(low[1], 0), raw->height - 1);
    double width = fmax(fmin(high[0], raw->width) - k->left, 1);
    double height = fmax(fmin(high[1], raw->height) - k->top, 1);
    k->scale = PANEL / fmax(width, height);
    k->width = (int)fmin(PANEL, ceil(width * k->scale));
    k->height = (int)fmin(PANEL, ceil(height * k->scale));
}

static cf_status open_panel(const cf_color_job *job, int kind, panel *k) {
    *k = (panel){.job = job, .shot = &job->shots[kind][0], .mono = kind == CF_SHOT_MONO};
    CF_TRY(cf_chart_picture(k->shot->path, k->shot->frame, SHOWN, &k->light, &k->bin));
    cf_homography_invert(&k->shot->place.to_picture, &k->to_chart);
    frame_panel(k);
    return CF_OK;
}

static void draw_numbers(const panel *k, const cf_image *on, int left) {
    double scale = fmax(1, k->shot->place.pitch * k->scale / 70);
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        const double at[2] = {p % CF_CHART_COLUMNS, (double)(p / CF_CHART_COLUMNS)};
        double d = k->job->fitted.patch[p], c[2];
        char text[16];
        if (k->mono || !cf_homography_apply(&k->shot->place.to_picture, at, c))
            continue;
        snprintf(text, sizeof text, isnan(d) ? "out" : "%.1f", d);
        const cf_ink shadow = {0, 0, 0, 0.6F};
        double x = left + (c[0] - k->left) * k->scale;
        double y = HEAD + (c[1] - k->top) * k->scale - 4 * scale,
               w = cf_canvas_text_width(text, scale);
        cf_canvas_fill(on, x - w / 2 - 2, y - 1, w + 3, 8 * scale, shadow);
        cf_canvas_text(on, text, x, y, scale, CF_TEXT_CENTER, ink);
    }
}

static void draw_panel(const panel *k, const cf_image *on, int left) {
    for (int y = 0; y < k->height; y++) {
        unsigned char *row = (unsigned char *)cf_image_row(on, 0, HEAD + y) + 3 * left;
        for (int x = 0; x < k->width; x++)
            draw_pixel(k, k->left + (x + 0.5) / k->scale - 0.5, k->top + (y + 0.5) / k->scale - 0.5,
                       row + 3 * x);
    }
    char text[160];
    snprintf(text, sizeof text, "%s camera: %.60s", k->mono ? "mono" : "colour",
             cf_input_name(k->shot->path));
    cf_canvas_text(on, text, left, 10, 2, CF_TEXT_LEFT, ink);
    snprintf(text, sizeof text, "in each patch: left measured, right %s",
             k->mono ? "expected" : "reference; CIEDE2000");
    cf_canvas_text(on, text, left, 34, 2, CF_TEXT_LEFT, ink);
    draw_numbers(k, on, left);
}

cf_status cf_color_picture(const cf_color_job *job, cf_image *out) {
    panel panels[2] = {{0}};
    int count = job->count[CF_SHOT_MONO] ? 2 : 1, width = GAP, height = 0;
    cf_status status = CF_OK;
    for (int i = 0; i < count && status == CF_OK; i++) {
        status = open_panel(job, i, &panels[i]);
        width += (panels[i].width > 480 ? panels[i].width : 480) + GAP;
        height = panels[i].height > height ? panels[i].height : height;
    }
    if (status == CF_OK)
        status = cf_image_alloc(width, height + HEAD + GAP, 1, CF_PIXEL_RGB8, out);
    if (status == CF_OK)
        cf_canvas_fill(out, 0, 0, out->width, out->height, paper);
    for (int i = 0, left = GAP; i < count && status == CF_OK; i++) {
        draw_panel(&panels[i], out, left);
        left += (panels[i].width > 480 ? panels[i].width : 480) + GAP;
    }
    for (int i = 0; i < count; i++)
        cf_image_free(&panels[i].light);
    return status;
}
