/* SPDX-License-Identifier: Apache-2.0 */
/* Chromaticities of black bodies and of daylight. */
#include "capture/illuminant.h"

#include <math.h>

static double planck_x(double t) {
    double u = 1000 / t;
    return t <= 4000 ? ((-0.2661239 * u - 0.2343589) * u + 0.8776956) * u + 0.179910
                     : ((-3.0258469 * u + 2.1070379) * u + 0.2226347) * u + 0.240390;
}

static double planck_y(double t, double x) {
    if (t <= 2222)
        return ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683;
    if (t <= 4000)
        return ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867;
    return ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483;
}

static double daylight_x(double t) {
    double u = 1000 / t;
    return t <= 7000 ? ((-4.6070 * u + 2.9678) * u + 0.09911) * u + 0.244063
                     : ((-2.0064 * u + 1.9018) * u + 0.24748) * u + 0.237040;
}

void cf_illuminant_xy(double kelvin, double xy[2]) {
    double t = fmin(fmax(kelvin, 1000), 25000);
    /* Kim's splines start at 1667 K; a candle is not worth another formula */
    double planck = fmax(t, 1667), day = fmin(fmax((t - 4000) / 1000, 0), 1);
    double px = planck_x(planck), py = planck_y(planck, px);
    double dx = daylight_x(fmax(t, 4000)), dy = (-3.000 * dx + 2.870) * dx - 0.275;
    xy[0] = px + day * (dx - px);
    xy[1] = py + day * (dy - py);
}

void cf_illuminant_rec709(double kelvin, double rgb[3]) {
    /* XYZ to linear Rec.709: ITU-R BT.709-6 primaries and D65 */
    static const double matrix[3][3] = {{3.2404542, -1.5371385, -0.4985314},
                                        {-0.9692660, 1.8760108, 0.0415560},
                                        {0.0556434, -0.2040259, 1.0572252}};
    double xy[2], linear[3];
    cf_illuminant_xy(kelvin, xy);
    const double xyz[3] = {xy[0] / xy[1], 1, (1 - xy[0] - xy[1]) / xy[1]};
    for (int i = 0; i < 3; i++)
        linear[i] = matrix[i][0] * xyz[0] + matrix[i][1] * xyz[1] + matrix[i][2] * xyz[2];
    for (int i = 0; i < 3; i++)
        rgb[i] = fmax(linear[i] / linear[1], 0.01);
}
