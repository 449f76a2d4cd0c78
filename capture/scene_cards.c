/* SPDX-License-Identifier: Apache-2.0 */
/* The colour chart and the sheet of fine print. */
#include "capture/scene_cards.h"

#include "base/font.h"
#include "capture/scene_noise.h"

const unsigned char cf_chart_patches[24][3] = {
    {115, 82, 68},   {194, 150, 130}, {98, 122, 157}, {87, 108, 67},   {133, 128, 177},
    {103, 189, 170}, {214, 126, 44},  {80, 91, 166},  {193, 90, 99},   {94, 60, 108},
    {157, 188, 64},  {224, 163, 46},  {56, 61, 150},  {70, 148, 73},   {175, 54, 60},
    {231, 199, 31},  {187, 86, 149},  {8, 133, 161},  {243, 243, 242}, {200, 200, 200},
    {160, 160, 160}, {122, 122, 121}, {85, 85, 85},   {52, 52, 52},
};

static void set_gray(cf_surface *s, double value) {
    for (int i = 0; i < 3; i++)
        s->albedo[i] = value;
}

static double exactly_linear(double code) {
    double v = code / 255;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

void cf_card_chart(cf_surface *s, const cf_hit *hit) {
    const cf_vec h = hit->shape->size;
    const double margin = 0.012;
    set_gray(s, 0.012);
    if (hit->local_normal.z < 0.5)
        return;
    double u = (hit->local.x + h.x - margin) / (2 * (h.x - margin)) * 6;
    double v = (h.y - margin - hit->local.y) / (2 * (h.y - margin)) * 4;
    int column = (int)floor(u), row = (int)floor(v);
    if (column < 0 || column > 5 || row < 0 || row > 3 || fabs(u - column - 0.5) > 0.43 ||
        fabs(v - row - 0.5) > 0.43)
        return;
    for (int i = 0; i < 3; i++)
        s->albedo[i] = exactly_linear(cf_chart_patches[row * 6 + column][i]);
}

/* Ink of one line of print whose letters are `size` metres high, its top left corner at x, y. */
static double line(const char *text, double x, double y, double size, cf_vec p) {
    const double dot = size / 7;
    return cf_font_ink(text, (p.x - x) / dot, (y - p.y) / dot);
}

static double print(cf_vec p, double top, double left) {
    static const char *const lines[] = {
        "CHROMA FUSE",
        "Detail comes from",
        "the mono lens, colour",
        "from the other one.",
        "The quick brown fox jumps over",
        "the lazy dog. 0123456789 (24 patches)",
        "Fine print: what a Bayer mosaic smears, an",
        "unfiltered sensor still reads at this size.",
        "Poisson counts photons; the read noise does not care.",
    };
    static const double sizes[] = {0.0385, 0.0225, 0.0200, 0.0200, 0.0140,
                                   0.0117, 0.0095, 0.0095, 0.0078};
    double y = top, ink = 0;
    for (int i = 0; i < 9; i++) {
        if (p.y < y + 0.002 && p.y > y - sizes[i] * 1.3)
            ink = cf_most(ink, line(lines[i], left, y, sizes[i], p));
        y -= sizes[i] * 1.55;
    }
    return ink;
}

void cf_card_print(cf_surface *s, const cf_hit *hit) {
    const cf_vec p = hit->local, h = hit->shape->size;
    set_gray(s, 0.80);
    if (hit->local_normal.z < 0.5)
        return;
    double ink = print(p, h.y - 0.02, -h.x + 0.018);
    double sx = p.x + 0.095, sy = p.y + 0.125, r = hypot(sx, sy);
    if (r < 0.085) /* Siemens star of 36 pairs */
        ink = r > 0.081 || sin(atan2(sy, sx) * 36) > 0;
    if (p.x > 0.01 && p.x < h.x - 0.018) { /* bars, six per cent narrower each */
        double at = log((h.x - p.x) / (h.x - 0.01)) / log(0.94);
        if (fabs(p.y + 0.075) < 0.030)
            ink = fmod(at, 2) < 1;
        if (fabs(p.y + 0.155) < 0.038) { /* colour bars of the same widths: chroma detail */
            static const double bars[2][3] = {{0.75, 0.03, 0.03}, {0.02, 0.12, 0.60}};
            const double *c = bars[fmod(at, 2) < 1];
            for (int i = 0; i < 3; i++)
                s->albedo[i] = c[i];
            return;
        }
    }
    set_gray(s, 0.80 - 0.775 * ink);
}
