/* SPDX-License-Identifier: Apache-2.0 */
/* Robust weighted lines. */
#include "calib/line_fit.h"

#include <math.h>

#include "base/alloc.h"
#include "calib/flat_tiles.h"

#define ROUNDS 30
#define TUKEY 4.685
#define MAD_ROOM 20000 /* residuals that the median is taken of; of more, every so many */

typedef struct {
    const cf_line_point *points;
    size_t count;
    int is_variance;
    float *sorted;
} job;

static double error_of(const job *j, const cf_line_point *p, const cf_line *line) {
    if (!j->is_variance)
        return p->error;
    double model = line->offset + line->slope * p->x;
    return p->error * fmax(model, 1e-3 * fabs(p->y) + 1e-9);
}

/* Residuals over their errors: 1.4826 times the median of their absolutes. */
static double scatter_of(const job *j, const cf_line *line) {
    size_t every = j->count / MAD_ROOM + 1;
    int n = 0;
    for (size_t i = 0; i < j->count; i += every) {
        const cf_line_point *p = &j->points[i];
        double r = p->y - line->offset - line->slope * p->x;
        j->sorted[n++] = (float)fabs(r / error_of(j, p, line));
    }
    return 1.4826 * (double)cf_select_float(j->sorted, n, n / 2);
}

/* One weighted least squares; cut: residual, in errors, at which the weight is 0; 0: no limit. */
static int solve(const job *j, const cf_line *from, double cut, cf_line *to) {
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    int used = 0;
    for (size_t i = 0; i < j->count; i++) {
        const cf_line_point *p = &j->points[i];
        double e = error_of(j, p, from), r = (p->y - from->offset - from->slope * p->x) / e;
        double t = cut > 0 ? 1 - r * r / (cut * cut) : 1, w = t > 0 ? t * t / (e * e) : 0;
        used += w > 0;
        s += w;
        sx += w * p->x;
        sy += w * p->y;
        sxx += w * p->x * p->x;
        sxy += w * p->x * p->y;
    }
    double det = s * sxx - sx * sx;
    if (!(det > 1e-12 * s * sxx) || used < 2)
        return 0;
    to->slope = (s * sxy - sx * sy) / det;
    to->offset = (sxx * sy - sx * sxy) / det;
    to->slope_error = sqrt(s / det);
    to->offset_error = sqrt(sxx / det);
    to->covariance = -sx / det;
    to->used = used;
    return isfinite(to->slope) && isfinite(to->offset);
}

/* To start from: each point's own y stands for the line's. */
static int start(const job *j, cf_line *line) {
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < j->count; i++) {
        const cf_line_point *p = &j->points[i];
        double e = j->is_variance ? p->error * (fabs(p->y) + 1e-9) : p->error, w = 1 / (e * e);
        s += w;
        sx += w * p->x;
        sy += w * p->y;
        sxx += w * p->x * p->x;
        sxy += w * p->x * p->y;
    }
    double det = s * sxx - sx * sx;
    if (!(det > 1e-12 * s * sxx))
        return 0;
    line->slope = (s * sxy - sx * sy) / det;
    line->offset = (sxx * sy - sx * sxy) / det;
    return 1;
}

static int run(job *j, cf_line *out) {
    cf_line line = {0};
    if (j->count < 2 || !start(j, &line))
        return 0;
    for (int i = 0; i < ROUNDS; i++) {
        double scatter = scatter_of(j, &line);
        cf_line next = line;
        if (!solve(j, &line, TUKEY * fmax(scatter, j->count > 8 ? 1 : 1e3), &next))
            return 0;
        double moved = fabs(next.slope - line.slope) / next.slope_error +
                       fabs(next.offset - line.offset) / next.offset_error;
        line = next;
        if (moved < 1e-4)
            break;
    }
    line.scatter = scatter_of(j, &line);
    double inflation = fmax(1, line.scatter);
    line.slope_error *= inflation;
    line.offset_error *= inflation;
    line.covariance *= inflation * inflation;
    *out = line;
    return 1;
}

static int fit(const cf_line_point *points, size_t count, int is_variance, cf_line *out) {
    job j = {points, count, is_variance, NULL};
    j.sorted = cf_alloc(count < MAD_ROOM ? count : MAD_ROOM + 1, sizeof *j.sorted);
    int done = j.sorted && run(&j, out);
    cf_free(j.sorted);
    return done;
}

int cf_line_fit(const cf_line_point *points, size_t count, cf_line *out) {
    return fit(points, count, 0, out);
}

int cf_line_fit_variance(const cf_line_point *points, size_t count, cf_line *out) {
    return fit(points, count, 1, out);
}
