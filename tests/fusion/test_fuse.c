/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole chain on a simulated rig: floors for the picture, determinism, memory over many frames
 * and where memory fails. Does not judge how good the fusion is on real scenes (docs/benchmarks.md)
 * nor the files that the program writes (tests/tools/test_cli.py).
 */
#include "fusion/fuse.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "capture/scene.h"
#include "capture/simulator.h"
#include "cl/buffer.h"
#include "tests/test_main.h"

enum { WIDTH = 96, HEIGHT = 64, BORDER = 8 };

static cf_cl *cl;
static cf_fuse_transfer transfer; /* what create() asks for */

/* A simulated pair with what fusing it takes. */
typedef struct {
    cf_simulation *simulation;
    cf_camera_profile mono, color; /* shallow copies of the frames' with the truth about colours */
    cf_rectification geometry;
} rig;

/* The camera that the simulator describes; a distorted one by its file's text. */
static cf_camera_model *model_of(const cf_simulated_camera *c) {
    char text[1024];
    cf_camera_model *model;
    const double *r = c->rotation, *t = c->translation, *k = c->distortion;
    int n =
        snprintf(text, sizeof text, "{'lensmodel': '%s', 'intrinsics': [%.12g, %.12g, %.12g, %.12g",
                 c->has_distortion ? "LENSMODEL_OPENCV5" : "LENSMODEL_PINHOLE", c->focal, c->focal,
                 c->centre[0], c->centre[1]);
    for (int i = 0; i < 5 && c->has_distortion; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, ", %.12g", k[i]);
    n += snprintf(text + n, sizeof text - (size_t)n,
                  "], 'extrinsics': [%.12g, %.12g, %.12g, %.12g, %.12g, %.12g], 'imagersize': "
                  "[%d, %d]}",
                  r[0], r[1], r[2], t[0], t[1], t[2], c->width, c->height);
    ck_assert_int_eq(cf_camera_model_parse("simulated", text, (size_t)n, &model), CF_OK);
    return model;
}

static void make_rig(cf_rig_variant variant, double ratio, rig *out) {
    cf_scene_params scene = CF_SCENE_DEFAULTS;
    cf_simulator_params p = CF_SIMULATOR_DEFAULTS;
    cf_scene_views views;
    scene.width = WIDTH;
    scene.height = HEIGHT;
    ck_assert_int_eq(cf_scene_render(&scene, &views), CF_OK);
    p.variant = variant;
    p.ratio = ratio;
    p.electrons = 2000;
    p.focal = views.focal;
    p.baseline_m = views.baseline_m;
    p.max_disparity = ceil(views.max_disparity);
    ck_assert_int_eq(cf_simulate(&views.left, &views.right, &p, &out->simulation), CF_OK);
    cf_scene_free(&views);
    const cf_simulation *s = out->simulation;
    out->mono = s->mono->profile;
    out->color = s->color->profile;
    memcpy(out->mono.spectral, s->spectral, sizeof s->spectral);
    cf_camera_model *mono = model_of(&s->mono_camera), *color = model_of(&s->color_camera);
    const cf_rectify_params params = {.depth_min_m = s->depth_min_m};
    ck_assert_int_eq(cf_rectify(mono, color, &params, &out->geometry), CF_OK);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
}

static void free_rig(rig *r) {
    cf_rectification_clear(&r->geometry);
    cf_simulation_destroy(&r->simulation);
}

static cf_status create(const rig *r, unsigned outputs, cf_fuse **fuse) {
    const cf_fuse_rig parts = {.mono = &r->mono, .color = &r->color, .geometry = &r->geometry};
    cf_fuse_params params = CF_FUSE_DEFAULTS;
    params.outputs = outputs;
    params.transfer = transfer;
    return cf_fuse_create(cl, &parts, &params, fuse);
}

static cf_status run_one(const rig *r, cf_fuse *fuse) {
    return cf_fuse_run(fuse, &r->simulation->mono->image, &r->simulation->color->image);
}

static cf_image fused_picture(const rig *r) {
    cf_fuse *fuse;
    cf_image picture;
    ck_assert_int_eq(create(r, 0, &fuse), CF_OK);
    ck_assert_int_eq(run_one(r, fuse), CF_OK);
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_PICTURE, &picture), CF_OK);
    cf_fuse_destroy(&fuse);
    return picture;
}

/* dB, peak 255, without the border. */
static double psnr(const cf_image *picture, const cf_image *truth) {
    double sum = 0;
    int count = 0;
    for (int y = BORDER; y < truth->height - BORDER; y++) {
        const unsigned char *a = cf_image_row(picture, 0, y), *b = cf_image_row(truth, 0, y);
        for (int i = 3 * BORDER; i < 3 * (truth->width - BORDER); i++, count++)
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    }
    return 10 * log10(255.0 * 255.0 * count / fmax(sum, 1));
}

static double linear(double code) {
    double v = code / 255;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double encoded(double v) {
    v = fmin(fmax(v, 0), 1);
    return 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055);
}

/* The noiseless mono picture in the colours tint[], which are of mono response 1: the best that a
 * constant tint ({1, 1, 1}: none) could reach. */
static cf_image tinted(const rig *r, const double tint[3]) {
    const cf_image *truth = &r->simulation->truth;
    cf_image picture;
    ck_assert_int_eq(cf_image_alloc(truth->width, truth->height, 1, CF_PIXEL_RGB8, &picture),
                     CF_OK);
    for (int y = 0; y < truth->height; y++) {
        const unsigned char *from = cf_image_row(truth, 0, y);
        unsigned char *to = cf_image_row(&picture, 0, y);
        for (int x = 0; x < truth->width; x++) {
            double m = 0;
            for (int c = 0; c < 3; c++)
                m += (double)r->mono.spectral[c] * linear(from[3 * x + c]);
            for (int c = 0; c < 3; c++)
                to[3 * x + c] = (unsigned char)(encoded(m * tint[c]) + 0.5);
        }
    }
    return picture;
}

static void mean_tint(const rig *r, double tint[3]) {
    const cf_image *truth = &r->simulation->truth;
    double sums[3] = {0}, m = 0;
    for (int y = 0; y < truth->height; y++)
        for (int i = 0; i < 3 * truth->width; i++)
            sums[i % 3] += linear(((unsigned char *)cf_image_row(truth, 0, y))[i]);
    for (int c = 0; c < 3; c++)
        m += (double)r->mono.spectral[c] * sums[c];
    for (int c = 0; c < 3; c++)
        tint[c] = sums[c] / m;
}

START_TEST(colour_is_put_where_it_belongs) {
    rig r;
    transfer = (cf_fuse_transfer)_i;
    const double grey[3] = {1, 1, 1};
    double tint[3];
    make_rig(CF_RIG_PARALLEL, 1, &r);
    mean_tint(&r, tint);
    cf_image fused = fused_picture(&r), without = tinted(&r, grey), constant = tinted(&r, tint);
    double score = psnr(&fused, &r.simulation->truth);
    double floor =
        fmax(psnr(&without, &r.simulation->truth), psnr(&constant, &r.simulation->truth));
    printf("fused %.2f dB, grey %.2f, constant tint %.2f\n", score,
           psnr(&without, &r.simulation->truth), psnr(&constant, &r.simulation->truth));
    ck_assert_double_gt(score, floor + 3);
    cf_image_free(&fused);
    cf_image_free(&without);
    cf_image_free(&constant);
    free_rig(&r);
    transfer = CF_FUSE_NETWORK;
}
END_TEST

START_TEST(network_corrects_the_transfer) {
    rig r;
    cf_fuse *fuse;
    cf_image before, after;
    static const char *const names[] = {"cells.chroma", "network.chroma"};
    cf_fuse_params params = CF_FUSE_DEFAULTS;
    make_rig(CF_RIG_PARALLEL, 1, &r);
    const cf_fuse_rig parts = {.mono = &r.mono, .color = &r.color, .geometry = &r.geometry};
    params.tensors = names;
    params.tensor_count = 2;
    for (int t = CF_FUSE_NETWORK; t <= CF_FUSE_GUIDED; t++) {
        int differ = 0;
        params.transfer = (cf_fuse_transfer)t;
        ck_assert_int_eq(cf_fuse_create(cl, &parts, &params, &fuse), CF_OK);
        ck_assert_int_eq(run_one(&r, fuse), CF_OK);
        ck_assert_int_eq(cf_fuse_fetch_tensor(fuse, names[0], &before), CF_OK);
        ck_assert_int_eq(cf_fuse_fetch_tensor(fuse, names[1], &after), CF_OK);
        ck_assert_int_ge(after.height, HEIGHT / 2);
        for (int y = 0; y < after.height; y++)
            differ += memcmp(cf_image_row(&before, 0, y), cf_image_row(&after, 0, y),
                             (size_t)after.width * sizeof(float)) != 0;
        ck_assert_int_eq(differ, t == CF_FUSE_NETWORK ? after.height : 0);
        cf_image_free(&before);
        cf_image_free(&after);
        cf_fuse_destroy(&fuse);
    }
    params.transfer = CF_FUSE_NETWORK;
    params.model = "/nonexistent.onnx";
    ck_assert_int_eq(cf_fuse_create(cl, &parts, &params, &fuse), CF_ERR_IO);
    params.transfer = CF_FUSE_GUIDED; /* looks at no model */
    ck_assert_int_eq(cf_fuse_create(cl, &parts, &params, &fuse), CF_OK);
    cf_fuse_destroy(&fuse);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
    free_rig(&r);
}
END_TEST

START_TEST(two_runs_agree) {
    rig r;
    make_rig(CF_RIG_PARALLEL, 1, &r);
    cf_image a = fused_picture(&r), b = fused_picture(&r);
    for (int y = 0; y < a.height; y++)
        ck_assert_mem_eq(cf_image_row(&a, 0, y), cf_image_row(&b, 0, y), 3 * (size_t)a.width);
    cf_image_free(&a);
    cf_image_free(&b);
    free_rig(&r);
}
END_TEST

/* Every output of every rig that the simulator makes, with the promised luma. */
static void check_luma(const rig *r, cf_fuse *fuse) {
    cf_image rgb, mono;
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_LINEAR, &rgb), CF_OK);
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_MONO, &mono), CF_OK);
    for (int y = 0; y < mono.height; y++)
        for (int x = 0; x < mono.width; x++) {
            double m = (double)((float *)cf_image_row(&mono, 0, y))[x], response = 0;
            for (int c = 0; c < 3; c++)
                response +=
                    (double)r->mono.spectral[c] * (double)((float *)cf_image_row(&rgb, c, y))[x];
            if (m >= 0 && m <= 1)
                ck_assert_double_eq_tol(response, m, 1.0 / 4096);
        }
    cf_image_free(&rgb);
    cf_image_free(&mono);
}

START_TEST(every_rig_and_output) {
    static const double ratios[] = {1, 1.5, 2, 3, 4};
    for (int v = CF_RIG_PARALLEL; v <= CF_RIG_DRIFTED; v++)
        for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
            rig r;
            cf_fuse *fuse;
            if (v == CF_RIG_TELE && ratios[i] > 2)
                continue; /* less than 16 pixels of colour would be left */
            make_rig((cf_rig_variant)v, ratios[i], &r);
            ck_assert_int_eq(create(&r, (1U << CF_FUSE_OUTPUTS) - 1, &fuse), CF_OK);
            ck_assert_int_eq(run_one(&r, fuse), CF_OK);
            for (int o = 0; o < CF_FUSE_OUTPUTS; o++) {
                cf_image image;
                ck_assert_int_eq(cf_fuse_fetch(fuse, (cf_fuse_output)o, &image), CF_OK);
                if (o != CF_FUSE_COLOR_ALONE && o != CF_FUSE_DISPARITY)
                    ck_assert(image.width == r.mono.width && image.height == r.mono.height);
                cf_image_free(&image);
            }
            check_luma(&r, fuse);
            cf_fuse_destroy(&fuse);
            free_rig(&r);
        }
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

static long resident_pages(void) {
    long total, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &total, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident;
}

/* Frames, and the pages in RAM after each as a straight line: its slope. */
static double slope_of_pages(const rig *r, cf_fuse *fuse, cf_image *picture, int frames) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < frames; i++) {
        ck_assert_int_eq(run_one(r, fuse), CF_OK);
        ck_assert_int_eq(cf_fuse_read(fuse, CF_FUSE_PICTURE, picture), CF_OK);
        double pages = (double)resident_pages();
        sx += i;
        sy += pages;
        sxx += (double)i * i;
        sxy += i * pages;
    }
    return (frames * sxy - sx * sy) / (frames * sxx - sx * sx);
}

/* What leaks grows in every thousand frames; what a thread of the driver takes when it is late for
 * the first time grows once. */
START_TEST(memory_is_flat_over_a_thousand_frames) {
#ifdef __SANITIZE_ADDRESS__ /* its quarantine grows */
    enum { WARM_UP = 100, FRAMES = 1000, TRIES = 1, IS_JUDGED = 0 };
#else
    enum { WARM_UP = 100, FRAMES = 1000, TRIES = 3, IS_JUDGED = 1 };
#endif
    rig r;
    cf_fuse *fuse;
    cf_image picture;
    double slope = 1;
    make_rig(CF_RIG_PARALLEL, 1, &r);
    ck_assert_int_eq(create(&r, 0, &fuse), CF_OK);
    ck_assert_int_eq(run_one(&r, fuse), CF_OK);
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_PICTURE, &picture), CF_OK);
    (void)slope_of_pages(&r, fuse, &picture, WARM_UP);
    cf_pool_stats before = cf_pool_statistics(cl);
    size_t live = cf_alloc_live();
    for (int i = 0; i < TRIES && slope >= 0.1; i++) {
        slope = slope_of_pages(&r, fuse, &picture, FRAMES);
        printf("%.4f pages a frame\n", slope);
    }
    cf_pool_stats after = cf_pool_statistics(cl);
    ck_assert_uint_eq(before.allocations, after.allocations);
    ck_assert_uint_eq(before.live_bytes, after.live_bytes);
    ck_assert_uint_eq(before.held_bytes, after.held_bytes);
    ck_assert_uint_eq(live, cf_alloc_live());
    if (IS_JUDGED)
        ck_assert_double_lt(slope, 0.1); /* 0.4 kB a frame, far below a lost event or buffer */
    cf_image_free(&picture);
    cf_fuse_destroy(&fuse);
    free_rig(&r);
}
END_TEST

/* The state after a failed run; everything is destroyed by then. */
static void nothing_is_left(size_t live) {
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
    ck_assert_uint_eq(cf_alloc_live(), live);
}

static cf_status one_try(const rig *r, unsigned outputs) {
    cf_fuse *fuse = NULL;
    cf_image picture = {0};
    cf_status status = create(r, outputs, &fuse);
    if (status == CF_OK)
        status = run_one(r, fuse);
    if (status == CF_OK)
        status = cf_fuse_fetch(fuse, CF_FUSE_PICTURE, &picture);
    cf_image_free(&picture);
    cf_fuse_destroy(&fuse);
    return status;
}

/* Every allocation fails once; of the network's only some, for each try plans it again. */
START_TEST(failing_memory_is_survived) {
    rig r;
    const unsigned all = (1U << CF_FUSE_OUTPUTS) - 1;
    cf_status status = CF_ERR_MEMORY;
    long step = _i == CF_FUSE_NETWORK ? 17 : 1;
    transfer = (cf_fuse_transfer)_i;
    make_rig(CF_RIG_TILTED, 1, &r);
    ck_assert_int_eq(one_try(&r, all), CF_OK); /* programs are built and stay */
    cf_log_set(NULL, NULL, CF_LOG_ERROR);      /* hundreds of expected lines */
    long after = 0;
    for (; status != CF_OK; after += step) {
        cf_pool_trim(cl); /* else the pool allocates nothing on the host */
        size_t live = cf_alloc_live();
        cf_pool_fail_after(cl, after);
        status = one_try(&r, all);
        cf_pool_fail_after(cl, -1);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        cf_pool_trim(cl);
        nothing_is_left(live);
    }
    ck_assert_int_gt(after, 20);
    status = CF_ERR_MEMORY;
    for (after = 0; status != CF_OK; after += step) {
        size_t live = cf_alloc_live();
        cf_alloc_fail_after(after);
        status = one_try(&r, all);
        cf_alloc_fail_after(-1);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        cf_pool_trim(cl);
        nothing_is_left(live);
    }
    ck_assert_int_gt(after, 20);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    transfer = CF_FUSE_NETWORK;
    free_rig(&r);
}
END_TEST

START_TEST(wrong_sizes_are_refused) {
    rig r;
    cf_fuse *fuse;
    cf_image picture;
    make_rig(CF_RIG_PARALLEL, 1, &r);
    ck_assert_int_eq(create(&r, 0, &fuse), CF_OK);
    cf_image mono = r.simulation->mono->image, color = r.simulation->color->image;
    mono.width--;
    ck_assert_int_eq(cf_fuse_run(fuse, &mono, &color), CF_ERR_INVALID);
    mono.width++;
    color.height -= 2;
    ck_assert_int_eq(cf_fuse_run(fuse, &mono, &color), CF_ERR_INVALID);
    color.height += 2;
    color.format = CF_PIXEL_U8;
    ck_assert_int_eq(cf_fuse_run(fuse, &mono, &color), CF_ERR_INVALID);
    color.format = CF_PIXEL_U16;
    ck_assert_int_eq(cf_fuse_run(fuse, &mono, &color), CF_OK);
    ck_assert_int_eq(cf_image_alloc(WIDTH, HEIGHT + 1, 1, CF_PIXEL_RGB8, &picture), CF_OK);
    ck_assert_int_eq(cf_fuse_read(fuse, CF_FUSE_PICTURE, &picture), CF_ERR_INVALID);
    cf_image_free(&picture);
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_ERROR, &picture), CF_ERR_INVALID);
    ck_assert_int_eq(cf_fuse_fetch(fuse, CF_FUSE_OUTPUTS, &picture), CF_ERR_INVALID);
    cf_fuse_destroy(&fuse);
    cf_fuse_destroy(&fuse);
    free_rig(&r);
}
END_TEST

START_TEST(wrong_parameters_are_refused) {
    rig r;
    cf_fuse *fuse;
    make_rig(CF_RIG_PARALLEL, 1, &r);
    const cf_fuse_rig good = {.mono = &r.mono, .color = &r.color, .geometry = &r.geometry},
                      swapped = {.mono = &r.color, .color = &r.mono, .geometry = &r.geometry};
    const char *const setting = "encode.nothing=1";
    const cf_fuse_params deep = {.depth = 12},
                         set = {.depth = 8, .settings = &setting, .setting_count = 1};
    ck_assert_int_eq(cf_fuse_create(cl, &swapped, NULL, &fuse), CF_ERR_INVALID);
    ck_assert_ptr_null(fuse);
    ck_assert_int_eq(cf_fuse_create(cl, &good, &deep, &fuse), CF_ERR_INVALID);
    ck_assert_int_eq(cf_fuse_create(cl, &good, &set, &fuse), CF_ERR_INVALID);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
    free_rig(&r);
}
END_TEST

START_TEST(intermediate_tensors_are_kept_when_asked_for) {
    rig r;
    cf_fuse *fuse;
    cf_image hint, clean;
    make_rig(CF_RIG_PARALLEL, 1, &r);
    const cf_fuse_rig parts = {.mono = &r.mono, .color = &r.color, .geometry = &r.geometry};
    const char *const names[] = {"hint", "mono.clean"}, *const unknown[] = {"nothing"};
    cf_fuse_params params = CF_FUSE_DEFAULTS;
    params.tensors = unknown;
    params.tensor_count = 1;
    ck_assert_int_eq(cf_fuse_create(cl, &parts, &params, &fuse), CF_ERR_INVALID);
    params.tensors = names;
    params.tensor_count = 2;
    params.outputs = 1U << CF_FUSE_MONO; /* a tensor that is an output as well */
    ck_assert_int_eq(cf_fuse_create(cl, &parts, &params, &fuse), CF_OK);
    ck_assert_int_eq(run_one(&r, fuse), CF_OK);
    ck_assert_int_eq(cf_fuse_fetch_tensor(fuse, "hint", &hint), CF_OK);
    ck_assert(hint.width == r.mono.width && hint.height == r.mono.height && hint.planes == 2);
    ck_assert_int_eq(cf_fuse_fetch_tensor(fuse, "mono.clean", &clean), CF_OK);
    cf_image_free(&clean);
    ck_assert_int_eq(cf_fuse_fetch_tensor(fuse, "guide", &clean), CF_ERR_INVALID);
    cf_image_free(&hint);
    cf_fuse_destroy(&fuse);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
    free_rig(&r);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, intermediate_tensors_are_kept_when_asked_for);
    tcase_add_loop_test(tc, colour_is_put_where_it_belongs, CF_FUSE_NETWORK, CF_FUSE_GUIDED + 1);
    tcase_add_test(tc, network_corrects_the_transfer);
    tcase_add_test(tc, two_runs_agree);
    tcase_add_test(tc, every_rig_and_output);
    tcase_add_test(tc, memory_is_flat_over_a_thousand_frames);
    tcase_add_loop_test(tc, failing_memory_is_survived, CF_FUSE_NETWORK, CF_FUSE_GUIDED + 1);
    tcase_add_test(tc, wrong_sizes_are_refused);
    tcase_add_test(tc, wrong_parameters_are_refused);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int failed = test_run("fuse", add);
    cf_cl_close(&cl);
    return failed;
}
