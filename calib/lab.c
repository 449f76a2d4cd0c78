/* SPDX-License-Identifier: Apache-2.0 */
/* CIELAB and CIEDE2000. */
#include "calib/lab.h"

#include <math.h>

#include "calib/solve.h"

static const double degrees = 3.14159265358979323846 / 180;

/* XYZ of D50, and linear Rec.709 to XYZ under D50 (B. Lindbloom, "RGB/XYZ matrices", sRGB adapted
 * by Bradford); its rows sum to the white. */
static const double white[3] = {0.96422, 1, 0.82521};
static const double to_xyz[9] = {0.4360747, 0.3850649, 0.1430804, 0.2225045, 0.7168786,
                                 0.0606169, 0.0139322, 0.0971045, 0.7141733};

/* CIE 15:2018: (6/29)^3 divides the cube root from the straight line. */
static const double knee = 216.0 / 24389, slope = 841.0 / 108;

void cf_lab_of_xyz(const double xyz[3], double lab[3]) {
    double f[3];
    for (int i = 0; i < 3; i++) {
        double t = xyz[i] / white[i];
        f[i] = t > knee ? cbrt(t) : slope * t + 4.0 / 29;
    }
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

void cf_lab_of_rec709(const double rgb[3], double lab[3]) {
    double xyz[3];
    cf_multiply3(to_xyz, rgb, xyz);
    cf_lab_of_xyz(xyz, lab);
}

void cf_rec709_of_lab(const double lab[3], double rgb[3]) {
    double from_xyz[9] = {0}, y = (lab[0] + 16) / 116, xyz[3];
    const double f[3] = {y + lab[1] / 500, y, y - lab[2] / 200};
    for (int i = 0; i < 3; i++)
        xyz[i] = white[i] * (f[i] > 6.0 / 29 ? f[i] * f[i] * f[i] : (f[i] - 4.0 / 29) / slope);
    cf_invert3(to_xyz, from_xyz);
    cf_multiply3(from_xyz, xyz, rgb);
}

static double hue_of(double a, double b) {
    if (a == 0 && b == 0)
        return 0;
    double h = atan2(b, a) / degrees;
    return h < 0 ? h + 360 : h;
}

static double seventh(double c) {
    double c2 = c * c, c7 = c2 * c2 * c2 * c;
    return sqrt(c7 / (c7 + 6103515625.0)); /* 25^7 */
}

void cf_ciede2000_parts(const double lab1[3], const double lab2[3], double parts[3]) {
    /* the paper's equations (2) to (22), in its order */
    double chroma = (hypot(lab1[1], lab1[2]) + hypot(lab2[1], lab2[2])) / 2;
    double g = 1.5 - 0.5 * seventh(chroma);
    double a1 = g * lab1[1], a2 = g * lab2[1];
    double c1 = hypot(a1, lab1[2]), c2 = hypot(a2, lab2[2]), product = c1 * c2;
    double h1 = hue_of(a1, lab1[2]), h2 = hue_of(a2, lab2[2]), dh = 0, mean_h = h1 + h2;
    if (product != 0) {
        dh = h2 - h1;
        if (dh > 180)
            dh -= 360;
        else if (dh < -180)
            dh += 360;
        if (fabs(h1 - h2) > 180)
            mean_h += mean_h < 360 ? 360 : -360;
        mean_h /= 2;
    }
    double dl = lab2[0] - lab1[0], dc = c2 - c1;
    double dH = 2 * sqrt(product) * sin(dh / 2 * degrees);
    double l = (lab1[0] + lab2[0]) / 2 - 50, c = (c1 + c2) / 2;
    double t = 1 - 0.17 * cos((mean_h - 30) * degrees) + 0.24 * cos(2 * mean_h * degrees) +
               0.32 * cos((3 * mean_h + 6) * degrees) - 0.20 * cos((4 * mean_h - 63) * degrees);
    double bump = (mean_h - 275) / 25, turn = 60 * exp(-bump * bump);
    double sl = 1 + 0.015 * l * l / sqrt(20 + l * l), sc = 1 + 0.045 * c, sh = 1 + 0.015 * c * t;
    double rt = -sin(turn * degrees) * 2 * seventh(c);
    dc /= sc;
    dH /= sh;
    /* dc^2 + dH^2 + rt dc dH as a sum of two squares; |rt| < 2 */
    parts[0] = dl / sl;
    parts[1] = dc + rt / 2 * dH;
    parts[2] = dH * sqrt(1 - rt * rt / 4);
}

double cf_ciede2000(const double lab1[3], const double lab2[3]) {
    double p[3];
    cf_ciede2000_parts(lab1, lab2, p);
    return sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
}
