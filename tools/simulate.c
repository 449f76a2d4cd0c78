/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse simulate`: the files of a dual-lens rig, from a stereo picture or a scene of its own.
 */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "capture/picture_out.h"
#include "capture/scene.h"
#include "capture/simulator.h"
#include "tools/command.h"
#include "tools/json.h"
#include "tools/output_folder.h"
#include "tools/picture_8bit.h"
#include "tools/simulate_target.h"

static const char *const variant_names[] = {"parallel", "tilted", "tele", "drifted"};

typedef struct {
    const char *left, *right, *out, *scene_out;
    int own_scene, as_json, width, height;
    double baseline; /* 0: not given */
    cf_simulator_params rig;
} request;

static const cf_cli_option options[] = {
    {"left", 'l', "PICTURE",
     "what the mono camera looks at, and the truth of a fusion: PNG, JPEG\n"
     "or TIFF, sRGB"},
    {"right", 'r', "PICTURE", "what the colour camera looks at, rectified to the left picture"},
    {"scene", 0, "own",
     "render a scene instead: textured things at several depths, a colour\n"
     "chart, fine print"},
    {"target", 0, "NAME",
     "photograph something to calibrate with: board, chart or flat; has\n"
     "options of its own: 'chromafuse simulate --target board --help'"},
    {"size", 0, "WxH", "size of the own scene (default: 960x720)"},
    {"electrons", 'e', "N",
     "photo-electrons at white in a green pixel, 0.1 .. 1e6 (default: 200);\n"
     "a mono pixel gets 3 times as many"},
    {"ratio", 0, "R", "mono resolution over colour resolution, 1 .. 4 (default: 1)"},
    {"variant", 0, "NAME",
     "parallel (default); tilted: the colour lens is turned and distorted;\n"
     "tele: the mono lens sees the middle half (use with --ratio 2);\n"
     "drifted: tilted, and the rig file is a little wrong about it"},
    {"focal", 0, "PIXELS",
     "focal length in pixels of the pictures (default: 1.15 times the width)"},
    {"baseline", 0, "METRES", "distance of the lenses (default: 0.16; own scene: 0.08)"},
    {"doffs", 0, "PIXELS",
     "colour principal point minus mono's, as Middlebury's doffs (default: 0)"},
    {"max-disparity", 0, "PIXELS",
     "nothing is nearer than this (default: a fifth of the width; own\n"
     "scene: its largest)"},
    {"seed", 's', "N", "of the noise and of the own scene's textures (default: 1)"},
    {"output", 'o', "FOLDER",
     "gets mono.dng, color.dng, mono.cameramodel, color.cameramodel,\n"
     "rig.yaml and truth.png"},
    {"write-scene", 0, "FOLDER",
     "gets the own scene's left.png, right.png, disp_left.png,\n"
     "disp_right.png (exact, 16 bit) and META.json"},
    {"json", 0, NULL, "print what was made as JSON"},
    {0},
};

static cf_status take_number(request *r, const char *name, const char *value) {
    if (!strcmp(name, "electrons"))
        return cf_cli_float(name, value, 0.1, 1e6, &r->rig.electrons);
    if (!strcmp(name, "ratio"))
        return cf_cli_float(name, value, 1, 4, &r->rig.ratio);
    if (!strcmp(name, "focal"))
        return cf_cli_float(name, value, 1, 1e6, &r->rig.focal);
    if (!strcmp(name, "baseline"))
        return cf_cli_float(name, value, 1e-4, 100, &r->baseline);
    if (!strcmp(name, "doffs"))
        return cf_cli_float(name, value, -1e4, 1e4, &r->rig.doffs);
    if (!strcmp(name, "max-disparity"))
        return cf_cli_float(name, value, 0.1, CF_IMAGE_MAX_SIDE, &r->rig.max_disparity);
    if (!strcmp(name, "size"))
        return cf_cli_size(name, value, &r->width, &r->height);
    long seed;
    CF_TRY(cf_cli_int(name, value, 0, 0x7fffffff, &seed));
    r->rig.seed = (uint64_t)seed;
    return CF_OK;
}

static cf_status take(void *target, const char *name, const char *value) {
    request *r = target;
    if (!name)
        return cf_fail(CF_ERR_INVALID, "simulate: what is '%s'? Pictures go to --left and --right",
                       value);
    if (!strcmp(name, "left"))
        r->left = value;
    else if (!strcmp(name, "right"))
        r->right = value;
    else if (!strcmp(name, "output"))
        r->out = value;
    else if (!strcmp(name, "write-scene"))
        r->scene_out = value;
    else if (!strcmp(name, "json"))
        r->as_json = 1;
    else if (!strcmp(name, "variant"))
        return cf_rig_variant_parse(value, &r->rig.variant);
    else if (!strcmp(name, "scene"))
        return (r->own_scene = !strcmp(value, "own"))
                   ? CF_OK
                   : cf_fail(CF_ERR_INVALID, "--scene can only be 'own', not '%s'", value);
    else
        return take_number(r, name, value);
    return CF_OK;
}

static const cf_cli cli = {
    .command = "simulate",
    .usage = "(--left L.png --right R.png | --scene own | --target NAME) -o FOLDER",
    .about =
        "Makes what a dual-lens rig would give its user: a mono raw and a noisy Bayer raw as\n"
        "DNG, both cameras' models, the rig file, and the true picture to compare with.\n"
        "Poisson and read noise, 14-bit codes; the same seed gives the same noise. With\n"
        "--target: pictures of a chessboard, a colour chart or an even field to calibrate from,\n"
        "and the truth about the rig.\n",
    .options = options,
    .examples =
        "  chromafuse simulate --left aloeL.jpg --right aloeR.jpg --focal 3740 \\\n"
        "      --max-disparity 288 --electrons 50 -o rig      a night picture of the Aloe pair\n"
        "  chromafuse fuse --rig rig/rig.yaml --mono rig/mono.dng --color rig/color.dng -o "
        "out.png\n"
        "  chromafuse simulate --scene own --electrons 15 -o rig     without any picture at hand\n"
        "  chromafuse simulate --target board --board 9x6 -o board     to try a calibration\n",
    .take = take,
};

static cf_status check(const request *r) {
    if (!r->out && !r->scene_out)
        return cf_fail(CF_ERR_INVALID, "simulate: nothing to write: give -o FOLDER");
    if (r->own_scene && (r->left || r->right))
        return cf_fail(CF_ERR_INVALID,
                       "simulate: --scene own and --left/--right exclude each other");
    if (!r->own_scene && (!r->left || !r->right))
        return cf_fail(CF_ERR_INVALID, "simulate: needs --left and --right, or --scene own");
    if (!r->own_scene && (r->scene_out || r->width))
        return cf_fail(CF_ERR_INVALID, "simulate: --size and --write-scene need --scene own");
    if (r->own_scene && r->baseline > 0.5)
        return cf_fail(CF_ERR_INVALID, "simulate: --baseline is at most 0.5 m in the own scene");
    return CF_OK;
}

/* Disparities as 16-bit codes; 0 stays free for "unknown". */
static cf_status write_disparity(const char *folder, const char *name, const cf_image *disparity,
                                 double scale) {
    const cf_picture_out_params data = {.colors = CF_COLORS_DATA};
    char path[4096];
    cf_image codes;
    CF_TRY(cf_image_alloc(disparity->width, disparity->height, 1, CF_PIXEL_U16, &codes));
    for (int y = 0; y < codes.height; y++) {
        const float *from = cf_image_row(disparity, 0, y);
        uint16_t *to = cf_image_row(&codes, 0, y);
        for (int x = 0; x < codes.width; x++)
            to[x] = (uint16_t)rint(fmin(fmax((double)from[x] * scale, 0), 65535));
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cf_status status = cf_picture_write(path, &codes, &data);
    cf_image_free(&codes);
    return status;
}

/* Left, right, their disparities and META.json, in the manner of a Middlebury scene. */
static cf_status fill_scene(const char *folder, void *context) {
    const cf_scene_views *v = context;
    const double scale = exp2(floor(log2(65535 / fmax(v->max_disparity, 1))));
    char path[4096];
    cf_file_out *meta;
    snprintf(path, sizeof path, "%s/left.png", folder);
    CF_TRY(cf_picture_write(path, &v->left, NULL));
    snprintf(path, sizeof path, "%s/right.png", folder);
    CF_TRY(cf_picture_write(path, &v->right, NULL));
    CF_TRY(write_disparity(folder, "disp_left.png", &v->disp_left, scale));
    CF_TRY(write_disparity(folder, "disp_right.png", &v->disp_right, scale));
    snprintf(path, sizeof path, "%s/META.json", folder);
    CF_TRY(cf_file_create(path, &meta));
    cf_json json = {.to = cf_file_stream(meta)};
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "scene", "chromafuse own scene");
    cf_json_text(
        &json, "disparity_note",
        "pixels = grey / disparity_scale, exact at pixel centres; left x matches right x-d");
    cf_json_number(&json, "disparity_scale", scale);
    cf_json_number(&json, "max_disparity", v->max_disparity);
    cf_json_number(&json, "focal", v->focal);
    cf_json_number(&json, "baseline_m", v->baseline_m);
    cf_json_close(&json, '}');
    return cf_file_commit(&meta);
}

static cf_status fill_rig(const char *folder, void *context) {
    return cf_simulation_write(context, folder);
}

static void print_size(cf_json *json, const char *key, const cf_image *image) {
    char text[32];
    snprintf(text, sizeof text, "%dx%d", image->width, image->height);
    cf_json_text(json, key, text);
}

static void print_result(const request *r, const cf_simulation *s) {
    const cf_image *mono = &s->mono->image, *color = &s->color->image;
    if (!r->as_json) {
        printf("%s: %s rig, mono %dx%d, colour %dx%d, %g electrons, nearest depth %.2f m\n", r->out,
               variant_names[r->rig.variant], mono->width, mono->height, color->width,
               color->height, r->rig.electrons, s->depth_min_m);
        return;
    }
    cf_json json = {.to = stdout};
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "folder", r->out);
    cf_json_text(&json, "variant", variant_names[r->rig.variant]);
    print_size(&json, "mono_size", mono);
    print_size(&json, "color_size", color);
    cf_json_number(&json, "electrons", r->rig.electrons);
    cf_json_number(&json, "ratio", r->rig.ratio);
    cf_json_number(&json, "seed", (double)r->rig.seed);
    cf_json_number(&json, "focal_px", r->rig.focal);
    cf_json_number(&json, "baseline_m", r->rig.baseline_m);
    cf_json_number(&json, "max_disparity_px", r->rig.max_disparity);
    cf_json_number(&json, "depth_min_m", s->depth_min_m);
    cf_json_close(&json, '}');
}

/* The pair to look at, read or rendered; completes the rig's geometry. */
static cf_status find_views(request *r, cf_scene_views *v) {
    *v = (cf_scene_views){0};
    if (!r->own_scene) {
        CF_TRY(cf_picture_read_8bit(r->left, &v->left));
        CF_TRY(cf_picture_read_8bit(r->right, &v->right));
        if (v->left.width != v->right.width || v->left.height != v->right.height)
            return cf_fail(CF_ERR_INVALID, "%s is %dx%d but %s is %dx%d: both must have one size",
                           r->left, v->left.width, v->left.height, r->right, v->right.width,
                           v->right.height);
        r->rig.baseline_m = r->baseline > 0 ? r->baseline : 0.16;
        if (!(r->rig.focal > 0))
            r->rig.focal = 1.15 * v->left.width;
        return CF_OK;
    }
    cf_scene_params p = CF_SCENE_DEFAULTS;
    if (r->width) {
        p.width = r->width;
        p.height = r->height;
    }
    if (r->baseline > 0)
        p.baseline_m = r->baseline;
    p.focal = r->rig.focal;
    p.seed = r->rig.seed;
    CF_TRY(cf_scene_render(&p, v));
    r->rig.focal = v->focal;
    r->rig.baseline_m = v->baseline_m;
    if (!(r->rig.max_disparity > 0))
        r->rig.max_disparity = ceil(v->max_disparity);
    return CF_OK;
}

static cf_status simulate(request *r) {
    cf_scene_views views;
    cf_simulation *simulation = NULL;
    cf_status status = find_views(r, &views);
    if (status == CF_OK && r->out)
        status = cf_simulate(&views.left, &views.right, &r->rig, &simulation);
    if (status == CF_OK && r->scene_out)
        status = cf_output_folder(r->scene_out, fill_scene, &views);
    if (status == CF_OK && r->out)
        status = cf_output_folder(r->out, fill_rig, simulation);
    if (status == CF_OK && r->out)
        print_result(r, simulation);
    else if (status == CF_OK && !r->as_json)
        printf("%s: left, right and disparities up to %.1f pixels\n", r->scene_out,
               views.max_disparity);
    cf_simulation_destroy(&simulation);
    cf_scene_free(&views);
    return status;
}

int cf_command_simulate(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], "--target", 8) && (!argv[i][8] || argv[i][8] == '='))
            return cf_simulate_target(argc, argv);
    request r = {.rig = CF_SIMULATOR_DEFAULTS};
    r.rig.focal = 0;
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    if (status == CF_ERR_CANCELLED)
        return CF_EXIT_OK;
    if (status == CF_OK && check(&r) != CF_OK) {
        fprintf(stderr, "Try 'chromafuse simulate --help'.\n");
        status = CF_ERR_INVALID;
    }
    return status == CF_OK ? cf_cli_exit(simulate(&r)) : CF_EXIT_USAGE;
}
