/* SPDX-License-Identifier: Apache-2.0 */
/* Procedural textures: wood, brick, cloth, fruit, marble, leaves, books, the hue wheel. */
#include "capture/scene_texture.h"

#include <string.h>

#include "base/font.h"
#include "capture/scene_cards.h"
#include "capture/scene_noise.h"

static const double pi = 3.14159265358979323846;

static void set_color(cf_surface *s, double r, double g, double b, double strength) {
    s->albedo[0] = cf_about_linear(r) * strength;
    s->albedo[1] = cf_about_linear(g) * strength;
    s->albedo[2] = cf_about_linear(b) * strength;
}

/* Grain along x: rings cut lengthwise, and pores. */
static void wood(cf_surface *s, double x, double y, double footprint, double tone, unsigned seed) {
    double warp = cf_noise_sum(x * 2.2, y * 9, footprint * 9, 3, seed);
    double rings = 0.5 + 0.5 * sin((y * 46 + warp * 9) * 2);
    double pores = cf_noise_sum(x * 28, y * 420, footprint * 420, 2, seed + 9);
    double fade = cf_ramp(0.012, 0.004, footprint);
    double strength = tone * (0.80 + 0.16 * rings + 0.30 * (pores - 0.5) * fade);
    set_color(s, 0.72 + 0.05 * warp, 0.52, 0.34 - 0.05 * warp, strength);
}

static void planks(cf_surface *s, cf_vec p, double footprint, unsigned seed) {
    const double width = 0.115;
    int row = (int)floor(p.x / width);
    double shift = 0.9 * cf_noise_cell(row, 1, seed);
    int piece = (int)floor((p.z + shift) / 0.9);
    double across = p.x / width - row, along = (p.z + shift) / 0.9 - piece;
    double tone = 0.72 + 0.45 * cf_noise_cell(row, piece, seed + 3);
    wood(s, p.z, p.x, footprint, tone, cf_noise_hash(row, piece, seed));
    double edge = cf_least(cf_least(across, 1 - across) * width, cf_least(along, 1 - along) * 0.9);
    double gap = cf_ramp(0, 0.0018 + 0.5 * footprint, edge);
    for (int i = 0; i < 3; i++)
        s->albedo[i] *= 0.25 + 0.75 * gap;
    s->shine = 0.10 * gap;
    s->mirror = 0.035 * gap;
}

static void brick(cf_surface *s, double x, double y, double footprint, unsigned seed) {
    const double length = 0.215, height = 0.072, mortar = 0.011;
    int row = (int)floor(y / height);
    double across = x / length + 0.5 * (row & 1);
    int column = (int)floor(across);
    double ex = cf_least(across - column, 1 - across + column) * length;
    double ey = cf_least(y / height - row, 1 - y / height + row) * height;
    double rough = cf_noise_sum(x * 30, y * 30, footprint * 30, 4, seed);
    double edge = cf_least(ex, ey) + 0.006 * (rough - 0.5);
    double inside = cf_ramp(mortar / 2 - 0.0012, mortar / 2 + 0.0012, edge);
    double tone = 0.50 + 0.55 * cf_noise_cell(column, row, seed + 1);
    double hue = cf_noise_cell(column, row, seed + 2);
    double strength = tone * (0.72 + 0.55 * rough);
    cf_surface grout = {0};
    set_color(s, 0.80 - 0.08 * hue, 0.42 + 0.12 * hue, 0.32 + 0.10 * hue, strength);
    set_color(&grout, 0.70, 0.68, 0.64, 0.60 + 0.6 * rough);
    for (int i = 0; i < 3; i++)
        s->albedo[i] = grout.albedo[i] + (s->albedo[i] - grout.albedo[i]) * inside;
}

/* Saturated stripes of cloth with its weave. */
static void stripes(cf_surface *s, double x, double y, double footprint) {
    static const double colors[6][3] = {{0.86, 0.08, 0.12}, {0.98, 0.80, 0.06}, {0.05, 0.25, 0.72},
                                        {0.96, 0.95, 0.92}, {0.02, 0.55, 0.28}, {0.80, 0.08, 0.50}};
    static const unsigned char order[10] = {0, 1, 0, 2, 3, 2, 4, 3, 5, 1};
    double at = x * 115;
    int i = (int)floor(at);
    const double *c = colors[order[((i % 10) + 10) % 10]];
    double weave =
        sin(x * 2 * pi * 620) * sin(y * 2 * pi * 620) * cf_ramp(0.0008, 0.0003, footprint);
    set_color(s, c[0], c[1], c[2], 0.86 + 0.14 * weave);
}

static void beach_ball(cf_surface *s, cf_vec n) {
    static const double colors[6][3] = {{0.90, 0.10, 0.12}, {0.97, 0.97, 0.95}, {0.05, 0.30, 0.80},
                                        {0.99, 0.83, 0.05}, {0.96, 0.45, 0.02}, {0.05, 0.60, 0.25}};
    double turn = atan2(n.z, n.x) / (2 * pi) + 0.5;
    const double *c = colors[(int)(turn * 6) % 6];
    if (fabs(n.y) > 0.955)
        c = colors[1];
    set_color(s, c[0], c[1], c[2], 0.9);
    s->shine = 0.5;
    s->mirror = 0.05;
}

static void orange(cf_surface *s, cf_vec n, double footprint, unsigned seed) {
    double u = atan2(n.z, n.x) * 9, v = n.y * 9;
    double pores = cf_noise_sum(u * 3, v * 3, footprint * 500, 2, seed);
    double spot = cf_ramp(0.993, 0.997, n.y);
    set_color(s, 0.96 - 0.5 * spot, 0.52 - 0.08 * spot + 0.06 * cf_noise_at(u * 0.3, v * 0.3, seed),
              0.06, 0.80 + 0.35 * (pores - 0.5));
    s->shine = 0.35;
}

static void marble(cf_surface *s, cf_vec p, double footprint, unsigned seed) {
    double a = cf_noise_sum(p.x * 22 + p.z * 9, p.y * 22, footprint * 22, 4, seed);
    double vein = fabs(sin((p.x * 30 + p.y * 18 + a * 9) * 1.1));
    double dark = cf_ramp(0.28, 0.0, vein);
    set_color(s, 0.90 - 0.62 * dark, 0.91 - 0.42 * dark, 0.88 - 0.50 * dark, 0.95);
    s->shine = 0.7;
    s->mirror = 0.05;
}

static void crate(cf_surface *s, const cf_hit *hit, double footprint) {
    const cf_vec h = hit->shape->size, n = hit->local_normal, p = hit->local;
    double u = p.x, v = p.y, hu = h.x, hv = h.y;
    if (fabs(n.x) > 0.5) {
        u = p.z;
        hu = h.z;
    } else if (fabs(n.y) > 0.5) {
        v = p.z;
        hv = h.z;
    }
    const double frame = 0.032;
    double du = hu - fabs(u), dv = hv - fabs(v), gap;
    unsigned seed = hit->shape->seed;
    if (dv < frame) {
        wood(s, u, v, footprint, 1.10, seed + (v > 0));
        gap = frame - dv;
    } else if (du < frame) {
        wood(s, v, u, footprint, 1.02, seed + 2U + (u > 0));
        gap = frame - du;
    } else {
        int board = (int)floor((v + hv) / 0.052);
        double at = (v + hv) / 0.052 - board;
        wood(s, u, v, footprint, 0.62 + 0.3 * cf_noise_cell(board, 0, seed),
             seed + 7U + (unsigned)board);
        gap = cf_least(cf_least(at, 1 - at) * 0.052, cf_least(du, dv) - frame);
    }
    double dark = 0.3 + 0.7 * cf_ramp(0, 0.002 + footprint * 0.5, gap);
    for (int i = 0; i < 3; i++)
        s->albedo[i] *= dark;
}

static void leaf(cf_surface *s, const cf_hit *hit) {
    unsigned seed = hit->shape->seed;
    double u = hit->local.x / hit->shape->size.x, v = hit->local.y / hit->shape->size.y;
    double tone = 0.55 + 0.6 * cf_noise_cell(1, 2, seed), yellow = cf_noise_cell(3, 4, seed);
    double rib = cf_ramp(0.10, 0.03, fabs(v));
    double veins = 0.5 + 0.5 * sin((u * 7 + fabs(v) * 3) * 2 * pi);
    set_color(s, 0.24 + 0.26 * yellow + 0.25 * rib, 0.58 + 0.12 * rib, 0.14 + 0.14 * rib,
              tone * (0.86 + 0.14 * veins));
    s->shine = 0.25;
}

static void pencil(cf_surface *s, const cf_hit *hit) {
    static const double colors[8][3] = {{0.88, 0.10, 0.10}, {0.98, 0.75, 0.05}, {0.10, 0.55, 0.20},
                                        {0.10, 0.30, 0.80}, {0.55, 0.10, 0.60}, {0.95, 0.45, 0.05},
                                        {0.05, 0.60, 0.70}, {0.15, 0.13, 0.12}};
    const double *c = colors[hit->shape->seed % 8];
    double y = hit->local.y;
    if (y > 0.093)
        set_color(s, c[0], c[1], c[2], 0.8); /* the lead */
    else if (y > 0.080)
        set_color(s, 0.86, 0.70, 0.50, 0.9); /* bare wood */
    else
        set_color(s, c[0], c[1], c[2], 0.95);
    s->shine = 0.4;
}

static void book(cf_surface *s, const cf_hit *hit, double footprint) {
    static const double covers[2][3] = {{0.10, 0.42, 0.45}, {0.66, 0.12, 0.22}};
    static const char *const titles[2] = {"TWO LENSES", "ONE PICTURE"};
    const cf_vec p = hit->local, h = hit->shape->size, n = hit->local_normal;
    int which = hit->shape->seed / 131 % 2;
    const double *c = covers[which];
    set_color(s, c[0], c[1], c[2], 0.9);
    s->shine = 0.2;
    if (fabs(n.x) > 0.5 && fabs(p.y) < h.y - 0.0025) { /* the leaves of paper */
        double lines = 0.5 + 0.5 * sin(p.y * 2 * pi * 900);
        set_color(s, 0.90, 0.87, 0.78, 1 - 0.25 * lines * cf_ramp(0.0008, 0.0003, footprint));
        s->shine = 0;
    } else if (n.z > 0.5) { /* the spine */
        const double dot = h.y * 2 / 13;
        double width = (double)strlen(titles[which]) * CF_FONT_ADVANCE * dot;
        double ink = cf_font_ink(titles[which], (p.x + width / 2) / dot, (h.y * 0.60 - p.y) / dot);
        for (int i = 0; i < 3; i++)
            s->albedo[i] += (0.75 - 0.25 * i - s->albedo[i]) * ink;
    }
}

/* Hue around, saturation outwards, on white. */
static void hue_wheel(cf_surface *s, cf_vec p, cf_vec h) {
    double r = hypot(p.x, p.y) / (h.x * 0.86), turn = atan2(p.y, p.x) / (2 * pi) + 0.5;
    set_color(s, 0.94, 0.94, 0.92, 0.95);
    if (cf_most(fabs(p.x), fabs(p.y)) > h.x - 0.014) {
        set_color(s, 0.10, 0.09, 0.08, 1);
    } else if (r < 1) {
        double c[3];
        for (int i = 0; i < 3; i++) {
            double k = fmod(turn * 6 + 4.0 * i + 1, 6);
            double hue = cf_least(cf_most(fabs(k - 3) - 1, 0), 1);
            c[i] = 1 - r * (1 - hue);
        }
        set_color(s, c[0] * 0.96, c[1] * 0.96, c[2] * 0.96, 0.95);
    }
}

cf_surface cf_surface_at(const cf_hit *hit, double footprint) {
    const cf_shape *shape = hit->shape;
    cf_surface s = {0};
    switch (shape->material) {
    case CF_MATERIAL_PLANKS: planks(&s, hit->point, footprint, shape->seed); break;
    case CF_MATERIAL_BRICK: brick(&s, hit->point.x, hit->point.y, footprint, shape->seed); break;
    case CF_MATERIAL_CHART: cf_card_chart(&s, hit); break;
    case CF_MATERIAL_PRINT: cf_card_print(&s, hit); break;
    case CF_MATERIAL_STRIPES:
        stripes(&s, fabs(hit->local_normal.x) > 0.5 ? hit->local.z : hit->local.x,
                fabs(hit->local_normal.y) > 0.5 ? hit->local.z : hit->local.y, footprint);
        break;
    case CF_MATERIAL_BEACH_BALL: beach_ball(&s, hit->local_normal); break;
    case CF_MATERIAL_ORANGE: orange(&s, hit->local_normal, footprint, shape->seed); break;
    case CF_MATERIAL_MARBLE: marble(&s, hit->local, footprint, shape->seed); break;
    case CF_MATERIAL_GLOSSY:
        set_color(&s, 0.06, 0.16, 0.62, 0.9);
        s.shine = 1;
        s.mirror = 0.16;
        break;
    case CF_MATERIAL_CRATE: crate(&s, hit, footprint); break;
    case CF_MATERIAL_LEAF: leaf(&s, hit); break;
    case CF_MATERIAL_POT: set_color(&s, 0.78, 0.42, 0.28, 0.85); break;
    case CF_MATERIAL_PENCIL: pencil(&s, hit); break;
    case CF_MATERIAL_CUP:
        set_color(&s, 0.10, 0.58, 0.56, 0.9);
        s.shine = 0.6;
        s.mirror = 0.06;
        break;
    case CF_MATERIAL_POSTER: hue_wheel(&s, hit->local, shape->size); break;
    case CF_MATERIAL_BOOK: book(&s, hit, footprint); break;
    }
    return s;
}
