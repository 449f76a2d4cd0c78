/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated rig against numbers that an independent writer of the same rigs produced
 * (data/rigsim.txt says with which command). Does not run that writer: the test tools/simulate_rigs
 * does, where numpy and OpenCV are at hand.
 */
#include "capture/simulator.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "capture/simulator_optics.h"
#include "tests/test_main.h"

enum { WIDTH = 400, HEIGHT = 300 };

static char folder[] = "simulator-XXXXXX";

/* The picture of compare_rig.py: grey steps, tinted steps, and a texture shifted by 4 pixels. */
static void draw(int x, int y, int is_right, unsigned char rgb[3]) {
    int step = x * 16 / WIDTH * 17, tx = is_right ? (x + WIDTH - 4) % WIDTH : x;
    const int colors[3][3] = {
        {step, step, step},
        {step, 255 - step, step * 5 % 256},
        {(tx * 7 + y * 3) % 256, (tx * tx / 16 + y) % 256, (tx ^ y) % 256},
    };
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)colors[y / 100][c];
}

static cf_image wedge(int is_right) {
    cf_image image;
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT, 1, CF_PIXEL_RGB8, &image), CF_OK);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            draw(x, y, is_right, (unsigned char *)cf_image_row(&image, 0, y) + 3 * x);
    return image;
}

static void path_of(const char *name, char path[512]) {
    snprintf(path, 512, "%s/%s", folder, name);
}

static cf_simulation *simulate(cf_rig_variant variant, double ratio, double electrons) {
    cf_simulator_params p = CF_SIMULATOR_DEFAULTS;
    cf_image left = wedge(0), right = wedge(1);
    cf_simulation *s;
    p.variant = variant;
    p.ratio = ratio;
    p.electrons = electrons;
    p.focal = 620;
    p.max_disparity = 48;
    ck_assert_int_eq(cf_simulate(&left, &right, &p, &s), CF_OK);
    ck_assert_int_eq(cf_simulation_write(s, folder), CF_OK);
    cf_image_free(&left);
    cf_image_free(&right);
    return s;
}

static int is_number(const char *s) {
    return (*s >= '0' && *s <= '9') || (*s == '-' && s[1] >= '0' && s[1] <= '9');
}

/* Equal but for the amount of white space and the last digits of numbers. */
static int texts_equal(const char *a, const char *b) {
    for (;;) {
        a += strspn(a, " \t\n");
        b += strspn(b, " \t\n");
        if (!*a || !*b)
            return *a == *b;
        if (is_number(a) && is_number(b)) {
            char *ea, *eb;
            double x = strtod(a, &ea), y = strtod(b, &eb);
            if (fabs(x - y) > 1e-8 + 2e-7 * fabs(y))
                return 0;
            a = ea;
            b = eb;
        } else if (*a++ != *b++) {
            return 0;
        }
    }
}

static void check_text(const char *line, const char *rig) {
    char name[64], path[512], *content;
    size_t size;
    int used = 0;
    ck_assert_int_eq(sscanf(line, "text %63s %n", name, &used), 1);
    path_of(name, path);
    ck_assert_int_eq(cf_file_read(path, 1 << 16, &content, &size), CF_OK);
    ck_assert_msg(texts_equal(content, line + used), "%s: %s is\n%s, not\n%s", rig, name, content,
                  line + used);
    cf_free(content);
}

static unsigned long little(const unsigned char *p, int bytes) {
    unsigned long v = 0;
    for (int i = bytes; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

/* Value i of a TIFF entry of type BYTE, SHORT, LONG, (S)RATIONAL or DOUBLE. */
static double tiff_value(const unsigned char *data, int type, int i) {
    double d;
    switch (type) {
    case 1: return (double)data[i];
    case 3: return (double)little(data + 2 * i, 2);
    case 4: return (double)little(data + 4 * i, 4);
    case 5: return (double)little(data + 8 * i, 4) / (double)little(data + 8 * i + 4, 4);
    case 10:
        return (double)(int32_t)little(data + 8 * i, 4) /
               (double)(int32_t)little(data + 8 * i + 4, 4);
    case 12: memcpy(&d, data + 8 * i, 8); return d;
    default: return NAN;
    }
}

/* The values of a tag in the first directory of a little-endian TIFF; their number. */
static int tiff_tag(const char *path, unsigned long tag, double *values, int room) {
    static const int sizes[13] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};
    char *content;
    size_t size;
    int count = -1;
    ck_assert_int_eq(cf_file_read(path, 1 << 24, &content, &size), CF_OK);
    const unsigned char *bytes = (unsigned char *)content;
    ck_assert(!memcmp(bytes, "II*\0", 4));
    const unsigned char *directory = bytes + little(bytes + 4, 4), *entry = directory + 2;
    for (unsigned long i = 0; i < little(directory, 2); i++, entry += 12) {
        int type = (int)little(entry + 2, 2), n = (int)little(entry + 4, 4);
        if (little(entry, 2) != tag)
            continue;
        ck_assert(type < 13 && n <= room);
        const unsigned char *data = entry + 8;
        if (n * sizes[type] > 4)
            data = bytes + little(data, 4);
        for (count = 0; count < n; count++)
            values[count] = tiff_value(data, type, count);
    }
    cf_free(content);
    return count;
}

static void check_tag(const char *line, const char *rig) {
    char name[64], path[512], *end;
    unsigned long tag;
    double values[32];
    int used = 0, i = 0;
    ck_assert_int_eq(sscanf(line, "tag %63s %lu%n", name, &tag, &used), 2);
    path_of(name, path);
    int count = tiff_tag(path, tag, values, 32);
    /* their rationals are in 1/10000ths */
    double slack = tag == 50721 || tag == 50728 ? 6e-5 : 0;
    for (const char *at = line + used;; at = end, i++) {
        double expected = strtod(at, &end);
        if (end == at)
            break;
        ck_assert_msg(i < count && fabs(values[i] - expected) <= slack + 1e-6 * fabs(expected),
                      "%s: %s tag %lu value %d is %.9g, not %.9g", rig, name, tag, i,
                      i < count ? values[i] : NAN, expected);
    }
    ck_assert_msg(i == count, "%s: %s tag %lu has %d values, not %d", rig, name, tag, count, i);
}

/* Mean and variance of one mosaic site of one grey step, as compare_rig.py cuts them out. */
static int level(const cf_frame *frame, double scale, int step, int site, double *mean,
                 double *variance) {
    int is_color = frame->profile.is_color, rows = (int)(100 * scale) / 2 * 2, n = 0;
    int first = (int)ceil(step * 25 * scale / 2 + 1) * 2;
    int last = (int)((step + 1) * 25 * scale / 2 - 1) * 2;
    last = last < frame->image.width ? last : frame->image.width; /* cropped to whole cells */
    double sum = 0, squares = 0;
    for (int y = 0; y < rows; y++) {
        const uint16_t *row = cf_image_row(&frame->image, 0, y);
        for (int x = first; x < last; x++) {
            if (is_color && (y % 2 != site / 2 || x % 2 != site % 2))
                continue;
            sum += row[x];
            squares += (double)row[x] * row[x];
            n++;
        }
    }
    *mean = sum / n;
    *variance = squares / n - *mean * *mean;
    return n;
}

static void check_level(const char *line, const cf_simulation *s, double ratio, const char *rig) {
    char name[64];
    int step, site, count;
    double mean, variance, m, v;
    ck_assert_int_eq(
        sscanf(line, "level %63s %d %d %lf %lf %d", name, &step, &site, &mean, &variance, &count),
        6);
    int is_color = name[0] == 'c';
    int n = level(is_color ? s->color : s->mono, is_color ? 1 / ratio : 1, step, site, &m, &v);
    ck_assert_int_eq(n, count);
    ck_assert_msg(fabs(m - mean) < 5 * sqrt((v + variance) / n) + 0.05,
                  "%s: %s step %d site %d: mean %.2f, not %.2f", rig, name, step, site, m, mean);
    if (mean < 16300) /* a clipped step's variance says little */
        ck_assert_msg(fabs(v - variance) < 7 * sqrt(4.0 / n) * variance + 0.1,
                      "%s: %s step %d site %d: variance %.2f, not %.2f", rig, name, step, site, v,
                      variance);
}

START_TEST(agrees_with_the_other_writer) {
    char path[512], variant_name[32], rig[64] = "", *content;
    size_t size;
    double ratio = 1, electrons;
    cf_rig_variant variant;
    cf_simulation *s = NULL;
    int checked = 0;
    snprintf(path, sizeof path, "%s/tests/capture/data/rigsim.txt", getenv("CHROMAFUSE_SOURCE"));
    ck_assert_int_eq(cf_file_read(path, 1 << 20, &content, &size), CF_OK);
    for (char *line = strtok(content, "\n"); line; line = strtok(NULL, "\n"), checked++) {
        if (sscanf(line, "rig %31s %lf %lf", variant_name, &ratio, &electrons) == 3) {
            snprintf(rig, sizeof rig, "%.31s ratio %g", variant_name, ratio);
            ck_assert_int_eq(cf_rig_variant_parse(variant_name, &variant), CF_OK);
            cf_simulation_destroy(&s);
            s = simulate(variant, ratio, electrons);
        } else if (!strncmp(line, "text ", 5)) {
            check_text(line, rig);
        } else if (!strncmp(line, "tag ", 4)) {
            check_tag(line, rig);
        } else if (!strncmp(line, "level ", 6)) {
            check_level(line, s, ratio, rig);
        } else {
            ck_assert_int_eq(line[0], '#');
        }
    }
    ck_assert_int_gt(checked, 400);
    cf_simulation_destroy(&s);
    cf_free(content);
}
END_TEST

static int frames_equal(const cf_frame *a, const cf_frame *b) {
    int same = 1;
    for (int y = 0; y < a->image.height; y++)
        same &= !memcmp(cf_image_row(&a->image, 0, y), cf_image_row(&b->image, 0, y),
                        (size_t)a->image.width * 2);
    return same;
}

START_TEST(the_seed_decides_the_noise) {
    cf_simulator_params p = CF_SIMULATOR_DEFAULTS;
    cf_image left = wedge(0), right = wedge(1);
    cf_simulation *a, *b, *c;
    ck_assert_int_eq(cf_simulate(&left, &right, &p, &a), CF_OK);
    ck_assert_int_eq(cf_simulate(&left, &right, &p, &b), CF_OK);
    p.seed = 2;
    ck_assert_int_eq(cf_simulate(&left, &right, &p, &c), CF_OK);
    ck_assert(frames_equal(a->mono, b->mono) && frames_equal(a->color, b->color));
    ck_assert(!frames_equal(a->mono, c->mono) && !frames_equal(a->color, c->color));
    cf_simulation_destroy(&a);
    cf_simulation_destroy(&b);
    cf_simulation_destroy(&c);
    cf_image_free(&left);
    cf_image_free(&right);
}
END_TEST

/* A blob lands where OpenCV's distortion model, worked out forwards, puts its centre. */
START_TEST(a_turned_lens_moves_points_as_its_model_says) {
    const double turn[3] = {0.0105, -0.007, 0.014}, centre[2] = {99.5, 79.5}, focal = 150;
    const double k[5] = {-0.25, 0.1, 0.001, -0.001, 0}, x0 = 150, y0 = 40;
    double r[9], back[3], sum = 0, sx = 0, sy = 0;
    cf_image in, out;
    ck_assert_int_eq(cf_image_alloc(200, 160, 1, CF_PIXEL_RGB8, &in), CF_OK);
    ck_assert_int_eq(cf_image_alloc(200, 160, 1, CF_PIXEL_RGB8, &out), CF_OK);
    for (int y = 0; y < 160; y++)
        for (int x = 0; x < 200; x++)
            ((unsigned char *)cf_image_row(&in, 0, y))[3 * x] =
                (unsigned char)(250 * exp(-((x - x0) * (x - x0) + (y - y0) * (y - y0)) /
                                          (2 * 1.4 * 1.4)));
    cf_sim_tilt(&in, focal, centre, turn, k, &out);
    for (int y = 0; y < 160; y++)
        for (int x = 0; x < 200; x++) {
            double w = ((unsigned char *)cf_image_row(&out, 0, y))[3 * x];
            sum += w;
            sx += w * x;
            sy += w * y;
        }
    cf_sim_matrix_of(turn, r);
    cf_sim_vector_of(r, back);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq_tol(back[i], turn[i], 1e-12);
    const double p[3] = {(x0 - centre[0]) / focal, (y0 - centre[1]) / focal, 1};
    double q[3] = {0};
    for (int i = 0; i < 9; i++)
        q[i / 3] += r[i] * p[i % 3];
    double u = q[0] / q[2], v = q[1] / q[2], r2 = u * u + v * v;
    double radial = 1 + k[0] * r2 + k[1] * r2 * r2;
    double ex = u * radial + 2 * k[2] * u * v + k[3] * (r2 + 2 * u * u);
    double ey = v * radial + k[2] * (r2 + 2 * v * v) + 2 * k[3] * u * v;
    ck_assert_double_eq_tol(sx / sum, ex * focal + centre[0], 0.05);
    ck_assert_double_eq_tol(sy / sum, ey * focal + centre[1], 0.05);
    cf_image_free(&in);
    cf_image_free(&out);
}
END_TEST

START_TEST(refuses_bad_requests) {
    cf_image left = wedge(0), right = wedge(1), narrow = right;
    const cf_simulator_params good = CF_SIMULATOR_DEFAULTS;
    cf_simulator_params bad[] = {good, good, good, good, good, good};
    cf_simulation *s;
    bad[0].electrons = 0;
    bad[1].electrons = NAN;
    bad[2].ratio = 0.5;
    bad[3].focal = -3;
    bad[4].baseline_m = INFINITY;
    bad[5].doffs = -100; /* nothing in front of the cameras could be seen */
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(cf_simulate(&left, &right, &bad[i], &s), CF_ERR_INVALID);
        ck_assert_ptr_null(s);
    }
    narrow.width = 396;
    ck_assert_int_eq(cf_simulate(&left, &narrow, NULL, &s), CF_ERR_INVALID);
    narrow.width = left.width = 15;
    ck_assert_int_eq(cf_simulate(&left, &narrow, NULL, &s), CF_ERR_INVALID);
    ck_assert_int_eq(cf_rig_variant_parse("bent", &bad[0].variant), CF_ERR_INVALID);
    cf_image_free(&left);
    cf_image_free(&right);
}
END_TEST

START_TEST(survives_failing_memory) {
    cf_image left = wedge(0), right = wedge(1);
    cf_simulator_params p = CF_SIMULATOR_DEFAULTS;
    size_t live = cf_alloc_live();
    cf_simulation *s;
    p.variant = CF_RIG_TILTED;
    p.ratio = 2;
    left.width = right.width = 48; /* a corner: quick */
    left.height = right.height = 40;
    for (long after = 0; after < 40; after++) {
        cf_alloc_fail_after(after);
        cf_status status = cf_simulate(&left, &right, &p, &s);
        cf_alloc_fail_after(-1);
        cf_simulation_destroy(&s);
        ck_assert_uint_eq(cf_alloc_live(), live);
        if (status == CF_OK)
            break;
        ck_assert_int_eq(status, CF_ERR_MEMORY);
    }
    left.width = right.width = WIDTH;
    cf_image_free(&left);
    cf_image_free(&right);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, refuses_bad_requests);
    tcase_add_test(tc, survives_failing_memory);
    tcase_add_test(tc, a_turned_lens_moves_points_as_its_model_says);
    if (getenv("CHROMAFUSE_VALGRIND"))
        return; /* the rest has nothing new for it, and is slow there */
    tcase_add_test(tc, the_seed_decides_the_noise);
    tcase_add_test(tc, agrees_with_the_other_writer);
}

int main(void) {
    static const char *const names[] = {"mono.dng",          "color.dng", "mono.cameramodel",
                                        "color.cameramodel", "rig.yaml",  "truth.png"};
    if (!mkdtemp(folder))
        return 1;
    int failed = test_run("simulator", add);
    for (int i = 0; i < 6; i++) {
        char path[512];
        path_of(names[i], path);
        unlink(path);
    }
    rmdir(folder);
    return failed;
}
