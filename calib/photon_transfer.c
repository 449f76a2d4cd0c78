/* SPDX-License-Identifier: Apache-2.0 */
/* Photon transfer: takes pairs of flat frames in. */
#include "calib/photon_transfer.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/photon_internal.h"

#define SUM_LIMIT 8      /* deviations from the median: beyond are broken pixels */
#define PILE_SHARE 0.002 /* of the pixels at the largest code, to be taken for clipping */
#define PILE_RATIO 3     /* ... and so many times as many as at the four codes below */

static cf_status check_frame(const cf_image *frame) {
    if (frame->format == CF_PIXEL_U16 && frame->planes == 1 && frame->width > 0 &&
        frame->height > 0)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "photon transfer: needs one plane of 16-bit codes");
}

cf_status cf_flat_glance_at(const cf_image *frame, cf_flat_glance *out) {
    CF_TRY(check_frame(frame));
    unsigned *count = cf_alloc(65536, sizeof *count);
    double sum = 0, pixels = (double)frame->width * frame->height, below = 0;
    if (!count)
        return CF_ERR_MEMORY;
    for (int y = 0; y < frame->height; y++) {
        const unsigned short *row = cf_image_row(frame, 0, y);
        for (int x = 0; x < frame->width; x++)
            count[row[x]]++;
    }
    *out = (cf_flat_glance){.low = -1};
    double before = 0, middle = 0, lower = 0, upper = 0, kept = 0;
    for (int i = 0; i < 65536; i++) {
        before += count[i];
        lower += before < 0.1587 * pixels;
        middle += before < 0.5 * pixels;
        upper += before < 0.8413 * pixels;
        if (count[i] && out->low < 0)
            out->low = i;
        if (count[i])
            out->high = i;
    }
    out->deviation = (upper - lower) / 2;
    double room = SUM_LIMIT * out->deviation + 4;
    for (int i = 0; i < 65536; i++)
        if (fabs(i - middle) <= room) {
            kept += count[i];
            sum += (double)count[i] * i;
        }
    int step = 1; /* the next code that occurs may be some codes below */
    while (out->high - step > 0 && !count[out->high - step])
        step++;
    for (int i = 1; i <= 4 && out->high - i * step >= 0; i++)
        below += count[out->high - i * step];
    out->mean = sum / kept;
    out->high_share = count[out->high] / pixels;
    out->piles_up = out->high_share > PILE_SHARE && count[out->high] > PILE_RATIO * below;
    cf_free(count);
    return CF_OK;
}

cf_status cf_photon_transfer_create(const cf_flat_sensor *sensor, cf_photon_transfer **out) {
    *out = NULL;
    if (sensor->width < CF_FLAT_SIDE_MIN || sensor->height < CF_FLAT_SIDE_MIN ||
        !cf_image_size_ok(sensor->width, sensor->height))
        return cf_fail(CF_ERR_INVALID,
                       "photon transfer: frames of %dx%d pixels; %d a side are needed",
                       sensor->width, sensor->height, CF_FLAT_SIDE_MIN);
    if (!(sensor->white >= 1 && sensor->white <= 65535))
        return cf_fail(CF_ERR_INVALID, "photon transfer: white level %g is outside 1 to 65535",
                       sensor->white);
    for (int i = 0; i < 4 && sensor->has_black; i++)
        if (!(sensor->black[i] >= 0 && sensor->black[i] < sensor->white))
            return cf_fail(CF_ERR_INVALID, "photon transfer: black level %g is not below white, %g",
                           sensor->black[i], sensor->white);
    cf_photon_transfer *pt = cf_alloc(1, sizeof *pt);
    if (!pt)
        return CF_ERR_MEMORY;
    pt->sensor = *sensor;
    if (!(pt->sensor.clip > 0))
        pt->sensor.clip = pt->sensor.white;
    cf_flat_grid_init(sensor->width, sensor->height, sensor->is_color, &pt->grid);
    *out = pt;
    return CF_OK;
}

void cf_photon_transfer_destroy(cf_photon_transfer **pt) {
    if (!pt || !*pt)
        return;
    for (int i = 0; i < 4; i++)
        cf_free((*pt)->dark[i]);
    cf_free((*pt)->tiles);
    cf_free(*pt);
    *pt = NULL;
}

double cf_photon_step(const cf_photon_transfer *pt) {
    unsigned step = 1;
    while (pt->bits && !(pt->bits & step))
        step *= 2;
    return step;
}

static cf_status reserve(cf_photon_transfer *pt, size_t more) {
    if (pt->count + more <= pt->room)
        return CF_OK;
    size_t room = 2 * (pt->count + more);
    cf_flat_tile *tiles = cf_alloc(room, sizeof *tiles);
    if (!tiles)
        return CF_ERR_MEMORY;
    if (pt->count)
        memcpy(tiles, pt->tiles, pt->count * sizeof *tiles);
    cf_free(pt->tiles);
    pt->tiles = tiles;
    pt->room = room;
    return CF_OK;
}

static int collect_bits(cf_photon_transfer *pt, const cf_image *a, const cf_image *b) {
    int same = 1;
    for (int y = 0; y < a->height; y++) {
        const unsigned short *p = cf_image_row(a, 0, y), *q = cf_image_row(b, 0, y);
        unsigned bits = 0;
        for (int x = 0; x < a->width; x++)
            bits |= p[x] | q[x];
        pt->bits |= bits;
        same = same && !memcmp(p, q, (size_t)a->width * sizeof *p);
    }
    return same;
}

/* A histogram around what the site's first dark tile shows. */
static cf_dark_histogram *make_histogram(const cf_photon_transfer *pt, const cf_flat_stats *s) {
    cf_dark_histogram *h = cf_alloc(1, sizeof *h);
    if (!h)
        return NULL;
    double deviation = sqrt((double)s->variance + fmax(0, (double)s->fixed));
    h->step = cf_photon_step(pt);
    double reach = 12 * deviation + 4 * h->step; /* clipping hides half of the deviation */
    h->base = h->step * fmax(0, floor(((double)s->mean - reach) / h->step));
    h->width = h->step * ceil(((double)s->mean + reach - h->base) / ((CF_DARK_BINS - 2) * h->step));
    return h;
}

static void count_dark(cf_dark_histogram *h, const cf_flat_scratch *scratch, int n) {
    for (int i = 0; i < n; i++) {
        if (scratch->sum[i] == INT_MIN)
            continue;
        int a = (scratch->sum[i] + scratch->difference[i]) / 2, b = scratch->sum[i] - a;
        int p = (int)floor((a - h->base) / h->width), q = (int)floor((b - h->base) / h->width);
        if (p >= 0 && q >= 0 && p < CF_DARK_BINS && q < CF_DARK_BINS)
            h->count[p][q]++;
    }
}

static cf_status measure_pair(cf_photon_transfer *pt, const cf_image *a, const cf_image *b,
                              const cf_flat_light *light, cf_flat_scratch *scratch) {
    const cf_flat_grid *g = &pt->grid;
    for (int site = 0; site < cf_flat_sites(pt); site++)
        for (int row = 0; row < g->rows; row++)
            for (int column = 0; column < g->columns; column++) {
                cf_flat_cell cell = cf_flat_grid_cell(g, site, column, row);
                cf_flat_tile *t = &pt->tiles[pt->count];
                t->s = cf_flat_tile_measure(g, &cell, a, b, pt->sensor.clip, scratch);
                t->site = (unsigned char)site;
                t->level = (short)light->level;
                pt->count += t->s.n >= 16;
                if (!light->is_dark || t->s.n < 16)
                    continue;
                if (!pt->dark[site])
                    pt->dark[site] = make_histogram(pt, &t->s);
                if (!pt->dark[site])
                    return CF_ERR_MEMORY;
                count_dark(pt->dark[site], scratch, (cell.x1 - cell.x0) * (cell.y1 - cell.y0));
            }
    return CF_OK;
}

/* The quantile of count values, which are reordered. */
static double quantile(float *v, int count, double share) {
    return count ? (double)cf_select_float(v, count, (int)(share * (count - 1))) : 0;
}

static double signal_of(const cf_photon_transfer *pt, const cf_flat_tile *t) {
    return (double)t->s.mean - (pt->sensor.has_black ? pt->sensor.black[t->site] : 0);
}

/* Contrast of a tile's fixed pattern, less three standard errors. */
static double texture_of(const cf_flat_stats *s, double signal) {
    double half = 0.5 * (double)s->variance, fixed = fmax(0, (double)s->fixed);
    double error = sqrt(2.0 / s->n) * hypot(fixed + half, half);
    return sqrt(fmax(0, (double)s->fixed - 3 * error)) / fmax(signal, 1);
}

/* How unevenly a - b is spread: 90th percentile of |residual| beyond what noise makes it. Of tiles
 * that do not clip, for these are alike. */
static double motion_of(const cf_photon_transfer *pt, const cf_flat_tile *t, int n, double flicker,
                        float *work) {
    double noise = 0, signal = 0;
    int used = 0;
    for (int i = 0; i < n; i++) {
        if (cf_flat_clips(&t[i].s))
            continue;
        double own = sqrt(2 * (double)t[i].s.variance / t[i].s.n) + 1e-6;
        work[used++] =
            (float)fabs(((double)t[i].s.difference - flicker * signal_of(pt, &t[i])) / own);
        noise += own;
        signal += signal_of(pt, &t[i]);
    }
    double z = quantile(work, used, 0.9) / 1.645;
    return used >= 8 ? sqrt(fmax(0, z * z - 2)) * noise / fmax(signal, used) : 0;
}

static cf_status judge(const cf_photon_transfer *pt, size_t first, const cf_flat_light *light,
                       cf_flat_check *out) {
    const cf_flat_tile *t = pt->tiles + first;
    int n = (int)(pt->count - first), clean = 0;
    double signal = 0, difference = 0;
    float *work = cf_alloc((size_t)n + 1, sizeof *work);
    if (!work)
        return CF_ERR_MEMORY;
    for (int i = 0; i < n; i++) {
        out->mean += (double)t[i].s.mean / n;
        out->low += (double)(t[i].s.low > CF_CLIPPED_SHARE) / n;
        out->high += (double)(t[i].s.high > CF_CLIPPED_SHARE) / n;
        if (cf_flat_clips(&t[i].s))
            continue;
        signal += signal_of(pt, &t[i]);
        difference += (double)t[i].s.difference;
        work[clean++] = (float)texture_of(&t[i].s, signal_of(pt, &t[i]));
    }
    if (!light->is_dark) {
        out->texture = quantile(work, clean, 0.8);
        out->flicker = difference / fmax(signal, 1);
        out->motion = motion_of(pt, t, n, out->flicker, work);
        for (int i = 0; i < n; i++)
            work[i] = (float)signal_of(pt, &t[i]);
        double bright = quantile(work, n, 0.95);
        out->evenness = quantile(work, n, 0.05) / fmax(bright, 1);
    }
    cf_free(work);
    return CF_OK;
}

cf_status cf_photon_transfer_add(cf_photon_transfer *pt, const cf_image *a, const cf_image *b,
                                 const cf_flat_light *light, cf_flat_check *check) {
    cf_flat_scratch scratch;
    size_t first = pt->count;
    pt->before = first;
    pt->last_level = light->level;
    CF_TRY(check_frame(a));
    CF_TRY(check_frame(b));
    if (a->width != pt->sensor.width || a->height != pt->sensor.height || b->width != a->width ||
        b->height != a->height)
        return cf_fail(CF_ERR_INVALID, "photon transfer: frames of different sizes");
    if (light->level < 0 || light->level >= CF_FLAT_LEVELS)
        return cf_fail(CF_ERR_INVALID, "photon transfer: more than %d levels of light",
                       CF_FLAT_LEVELS);
    CF_TRY(reserve(pt, (size_t)pt->grid.columns * (size_t)pt->grid.rows * 4));
    CF_TRY(cf_flat_scratch_alloc(&pt->grid, &scratch));
    int same = collect_bits(pt, a, b);
    cf_status status = measure_pair(pt, a, b, light, &scratch);
    cf_flat_scratch_free(&scratch);
    pt->light[light->level] = *light;
    pt->pairs[light->level]++;
    if (status == CF_OK && check) {
        *check = (cf_flat_check){.identical = same};
        status = judge(pt, first, light, check);
    }
    return status;
}

void cf_photon_transfer_undo(cf_photon_transfer *pt) {
    pt->count = pt->before;
    pt->pairs[pt->last_level]--;
}
