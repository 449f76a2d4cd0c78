/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `chromafuse simulate --target`. */
#include "tools/simulate_target.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "capture/simulator.h"
#include "tools/command.h"

static const char *const target_names[] = {"board", "chart", "flat"};

static const cf_cli_option options[] = {
    {"target", 0, "NAME",
     "board: chessboards in many poses; chart: a 24-patch colour chart;\n"
     "flat: an even field at a ladder of exposures, and darks"},
    {"output", 'o', "FOLDER",
     "gets mono_000.dng, color_000.dng ..., the true rig in truth/\n"
     "(rig.yaml, camera models, broken pixels) and, last, truth.json"},
    {"png", 0, NULL, "also write each picture as 8-bit sRGB PNG, mono grey, colour in full"},
    {"rig", 0, "RIG.yaml",
     "cameras to photograph with: any lens that mrcal knows (default: a\n"
     "mono and a colour camera with OPENCV5 lenses, turned a little)"},
    {"size", 0, "WxH", "of the mono picture of the default rig (default: 1280x960)"},
    {"ratio", 0, "R", "mono resolution over colour resolution, 1 .. 4 (default: 1)"},
    {"baseline", 0, "METRES", "distance of the default rig's lenses (default: 0.06)"},
    {"board", 0, "CxR", "inner corners of the board (default: 9x6)"},
    {"square", 0, "METRES",
     "side of the board's squares, or from patch to patch of the chart\n"
     "(default: 0.025; chart: 0.0465)"},
    {"warp", 0, "METRES", "the card bulges: its centre lies this far behind its corners"},
    {"poses", 0, "N", "how many pictures of the card (default: 20; chart: 1)"},
    {"one-sided", 0, "N", "the last N poses are whole in only one camera's view (default: 0)"},
    {"tilt", 0, "DEGREES", "random poses are tilted up to this (default: 45)"},
    {"rotation", 0, "X,Y,Z",
     "one pose for all pictures instead: the card turned about the axes\n"
     "right, down and away, degrees; straight ahead unless --shift is given\n"
     "(default of a single picture of a chart: 8,-6,3)"},
    {"fill", 0, "SHARE", "how much of the mono picture the card takes then (default: 0.6)"},
    {"shift", 0, "X,Y",
     "where its centre is then, in shares of the picture from the middle;\n"
     "0.5,0 leaves half of it outside (default: 0,0)"},
    {"levels", 0, "N", "flat: exposures of the ladder (default: 12)"},
    {"brightest", 0, "LEVEL", "flat: of the last one, 1 reaches white (default: 1.15)"},
    {"frames", 0, "N", "flat: frames of each exposure (default: 2)"},
    {"darks", 0, "N", "flat: frames without light (default: 4)"},
    {"light", 0, "LEVEL",
     "what a white paper shows as, 1 is white (default: 0.8; --target flat\n"
     "has its ladder)"},
    {"light-slope", 0, "X,Y",
     "light changes from the card's centre to its right and lower edge by\n"
     "these shares (default: board 0.15,-0.1; chart 0,0)"},
    {"vignetting", 0, "SHARE", "darkening of the picture's corners (default: 0.2; chart: 0)"},
    {"blur", 0, "PIXELS", "standard deviation of the lens's blur (default: 0.5)"},
    {"electrons", 'e', "N", "photo-electrons at white and gain 1 (default: 10000)"},
    {"mono-electrons", 0, "N", "the same of the mono camera (default: as --electrons)"},
    {"gain", 0, "G,...",
     "gain settings; at 2 white takes half the electrons. flat: one ladder\n"
     "each; else the first counts (default: 1)"},
    {"full-well", 0, "N", "electrons where a pixel is full before its code reaches white"},
    {"read-noise", 0, "N", "electrons (default: 2)"},
    {"black", 0, "CODE", "black level, may be a fraction; files say it rounded (default: 64)"},
    {"bits", 0, "N", "of a code, 8 .. 16 (default: 12)"},
    {"prnu", 0, "SHARE", "deviation of the pixels' response (default: 0)"},
    {"dsnu", 0, "N", "deviation of the pixels' dark signal, electrons (default: 0)"},
    {"defects", 0, "SHARE", "broken pixels, half of them hot, half dead (default: 0)"},
    {"mono-exposure", 0, "F", "light of the mono camera relative to the colour one (default: 1)"},
    {"neutral", 0, "R,G,B", "colour camera's answer to white (default: 0.5,1,0.62)"},
    {"ccm", 0, "9 NUMBERS",
     "its matrix, row by row, to linear Rec.709, rows summing to 1 (default:\n"
     "the rig's; without --rig a common sensor's); the files do not tell it"},
    {"spectral", 0, "R,G,B", "mono camera's weights (default: the rig's, or 0.33,0.48,0.19)"},
    {"no-noise-profile", 0, NULL, "files do not tell their noise"},
    {"seed", 's', "N", "of poses, noise and pixels (default: 1)"},
    {"json", 0, NULL, "print what was made as JSON"},
    {0},
};

/* Numbers with commas between, as many as there are and max_count at most; 0 where one is none or
 * outside the range. */
static int read_list(const char *text, const double range[2], int max_count, double *out) {
    for (int count = 0; count < max_count; count++) {
        char *end;
        out[count] = strtod(text, &end);
        if (end == text || !(out[count] >= range[0] && out[count] <= range[1]))
            return 0;
        if (!*end)
            return count + 1;
        if (*end != ',')
            return 0;
        text = end + 1;
    }
    return 0;
}

/* How many numbers there were; 0 after a message. */
static int take_list(const char *name, const char *text, const double range[2], int min_count,
                     int max_count, double *out) {
    int count = read_list(text, range, max_count, out);
    if (count >= min_count)
        return count;
    char how_many[40];
    snprintf(how_many, sizeof how_many, min_count == max_count ? "%d" : "%d to %d", min_count,
             max_count);
    cf_log(CF_LOG_ERROR, "--%s needs %s numbers in %g..%g with commas between, not '%s'", name,
           how_many, range[0], range[1], text);
    return 0;
}

/* Options with one number: where it goes and what it may be. */
#define FIELD(name) offsetof(cf_target_request, name)
static const struct {
    const char *name;
    size_t offset;
    double min, max;
    int is_long;
} numbers[] = {
    {"ratio", FIELD(ratio), 1, 4, 0},
    {"baseline", FIELD(baseline_m), 1e-4, 10, 0},
    {"square", FIELD(pitch_m), 1e-4, 10, 0},
    {"warp", FIELD(warp_m), -0.1, 0.1, 0},
    {"poses", FIELD(poses), 1, 1000, 1},
    {"one-sided", FIELD(one_sided), 0, 1000, 1},
    {"tilt", FIELD(tilt_deg), 0, 80, 0},
    {"levels", FIELD(levels), 1, 1000, 1},
    {"brightest", FIELD(brightest), 1e-3, 100, 0},
    {"frames", FIELD(frames), 1, 1000, 1},
    {"darks", FIELD(darks), 0, 1000, 1},
    {"light", FIELD(light), 0, 10, 0},
    {"vignetting", FIELD(optics.vignetting), 0, 1, 0},
    {"blur", FIELD(optics.blur_px), 0, 5, 0},
    {"electrons", FIELD(electrons), 1, 1e7, 0},
    {"mono-electrons", FIELD(mono_electrons), 1, 1e7, 0},
    {"full-well", FIELD(full_well), 1, 1e7, 0},
    {"read-noise", FIELD(read_electrons), 0, 1e4, 0},
    {"black", FIELD(black), 0, 60000, 0},
    {"bits", FIELD(bits), 8, 16, 1},
    {"prnu", FIELD(prnu), 0, 0.5, 0},
    {"dsnu", FIELD(dsnu), 0, 1e4, 0},
    {"defects", FIELD(defects), 0, 0.1, 0},
    {"mono-exposure", FIELD(mono_exposure), 0.01, 100, 0},
    {"seed", FIELD(seed), 0, 0x7fffffff, 1},
};

static cf_status take_number(cf_target_request *r, const char *name, const char *value) {
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name))
            continue;
        void *to = (char *)r + numbers[i].offset;
        if (numbers[i].is_long)
            return cf_cli_int(name, value, (long)numbers[i].min, (long)numbers[i].max, to);
        return cf_cli_float(name, value, numbers[i].min, numbers[i].max, to);
    }
    return cf_fail(CF_ERR_INVALID, "simulate: --%s is not for targets", name);
}

static cf_status take_lists(cf_target_request *r, const char *name, const char *value, int *taken) {
    static const double turn[2] = {-180, 180}, share[2] = {-1, 1}, gains[2] = {0.1, 1000};
    static const double neutral[2] = {0.01, 1}, weights[2] = {-4, 4};
    int count = -1;
    if (!strcmp(name, "rotation"))
        count = take_list(name, value, turn, 3, 3, r->rotation_deg);
    else if (!strcmp(name, "shift"))
        count = take_list(name, value, share, 2, 2, r->shift);
    else if (!strcmp(name, "light-slope"))
        count = take_list(name, value, share, 2, 2, r->light_slope);
    else if (!strcmp(name, "gain"))
        count = r->gain_count = take_list(name, value, gains, 1, CF_TARGET_GAINS, r->gains);
    else if (!strcmp(name, "neutral"))
        count = take_list(name, value, neutral, 3, 3, r->neutral);
    else if (!strcmp(name, "ccm"))
        count = take_list(name, value, weights, 9, 9, r->ccm);
    else if (!strcmp(name, "spectral"))
        count = take_list(name, value, weights, 3, 3, r->spectral);
    r->posed |= !strcmp(name, "rotation") || !strcmp(name, "shift");
    r->has_ccm |= !strcmp(name, "ccm");
    r->has_spectral |= !strcmp(name, "spectral");
    *taken = count >= 0;
    return count ? CF_OK : CF_ERR_INVALID;
}

static cf_status take_target(cf_target_request *r, const char *value) {
    for (int i = 0; i < 3; i++)
        if (!strcmp(value, target_names[i])) {
            r->what = (cf_shoot)i;
            return CF_OK;
        }
    return cf_fail(CF_ERR_INVALID, "--target can be board, chart or flat, not '%s'", value);
}

static cf_status take(void *target, const char *name, const char *value) {
    cf_target_request *r = target;
    int taken;
    if (!name)
        return cf_fail(CF_ERR_INVALID, "simulate: what is '%s'?", value);
    CF_TRY(take_lists(r, name, value, &taken));
    if (taken)
        return CF_OK;
    if (!strcmp(name, "target"))
        return take_target(r, value);
    if (!strcmp(name, "output"))
        r->out = value;
    else if (!strcmp(name, "rig"))
        r->rig = value;
    else if (!strcmp(name, "png"))
        r->png = 1;
    else if (!strcmp(name, "no-noise-profile"))
        r->no_profile = 1;
    else if (!strcmp(name, "json"))
        r->as_json = 1;
    else if (!strcmp(name, "size"))
        return cf_cli_size(name, value, &r->width, &r->height);
    else if (!strcmp(name, "board"))
        return cf_cli_size(name, value, &r->columns, &r->rows);
    else if (!strcmp(name, "fill")) {
        r->posed = 1;
        return cf_cli_float(name, value, 0.01, 10, &r->fill);
    } else
        return take_number(r, name, value);
    return CF_OK;
}

static const cf_cli cli = {
    .command = "simulate",
    .usage = "-o FOLDER [OPTIONS]",
    .about =
        "Photographs something to calibrate with, by a rig of two cameras that exists only on\n"
        "paper, and tells the truth about the rig beside the pictures: what every\n"
        "'chromafuse calibrate' should find. Lenses, blur, uneven light, shot and read noise,\n"
        "whole codes; the same seed gives the same pictures.\n",
    .options = options,
    .examples =
        "  chromafuse simulate --target board --board 9x6 --square 0.025 --ratio 2 -o board\n"
        "  chromafuse simulate --target flat --gain 1,4 --read-noise 3 -o flat\n"
        "  chromafuse simulate --target chart --rig board/truth/rig.yaml -o chart\n",
    .take = take,
};

static cf_target_request defaults(cf_shoot what) {
    cf_target_request r = {
        .what = what,
        .columns = 9,
        .rows = 6,
        .pitch_m = 0.025,
        .ratio = 1,
        .baseline_m = 0.06,
        .poses = 20,
        .levels = 12,
        .frames = 2,
        .darks = 4,
        .seed = 1,
        .fill = 0.6,
        .light = 0.8,
        .light_slope = {0.15, -0.1},
        .mono_exposure = 1,
        .brightest = 1.15,
        .tilt_deg = 45,
        .electrons = 10000,
        .read_electrons = 2,
        .black = 64,
        .gains = {1},
        .gain_count = 1,
        .bits = 12,
        .optics = {.blur_px = 0.5, .vignetting = 0.2},
        .ccm = {1.6, -0.45, -0.15, -0.25, 1.5, -0.25, 0.02, -0.52, 1.5},
    };
    const float neutral[3] = CF_SIM_WB, spectral[3] = CF_SIM_SPECTRAL;
    for (int i = 0; i < 3; i++) {
        r.neutral[i] = (double)neutral[i];
        r.spectral[i] = rint((double)spectral[i] * 1e6) / 1e6; /* as decimals, not as floats */
        r.neutral[i] = rint(r.neutral[i] * 1e6) / 1e6;
    }
    if (what == CF_SHOOT_CHART) {
        const double turn[3] = {8, -6, 3};
        r.pitch_m = 0.0465;
        r.poses = 1;
        r.light_slope[0] = r.light_slope[1] = 0;
        r.optics.vignetting = 0;
        memcpy(r.rotation_deg, turn, sizeof turn);
    }
    return r;
}

/* A rig file, as the truth is written, takes nothing else. */
static cf_status check_sums(const char *option, const double *values, int count) {
    for (int i = 0; i < count; i += 3) {
        double sum = values[i] + values[i + 1] + values[i + 2];
        if (!(fabs(sum - 1) <= 0.005))
            return cf_fail(CF_ERR_INVALID, "--%s: %g, %g, %g sum to %g, but must to 1", option,
                           values[i], values[i + 1], values[i + 2], sum);
    }
    return CF_OK;
}

static cf_status check(cf_target_request *r) {
    if (!r->out)
        return cf_fail(CF_ERR_INVALID, "simulate: nothing to write: give -o FOLDER");
    if (r->what != CF_SHOOT_FLAT &&
        (r->columns > 200 || r->rows > 200 || r->columns < 2 || r->rows < 2))
        return cf_fail(CF_ERR_INVALID, "--board needs 2 to 200 corners each way, not %dx%d",
                       r->columns, r->rows);
    if (!(r->black + 16 < (double)((1L << r->bits) - 1)))
        return cf_fail(CF_ERR_INVALID, "--black %g leaves no room below %ld, the white of %ld bits",
                       r->black, (1L << r->bits) - 1, r->bits);
    if (r->rig && r->width)
        return cf_fail(CF_ERR_INVALID,
                       "simulate: --size is for the default rig, --rig has its own");
    if (r->width && (r->width < 64 || r->height < 64))
        return cf_fail(CF_ERR_INVALID, "simulate: --size must be at least 64x64");
    if (r->one_sided > r->poses)
        return cf_fail(CF_ERR_INVALID, "simulate: --one-sided exceeds --poses");
    CF_TRY(check_sums("ccm", r->ccm, 9));
    CF_TRY(check_sums("spectral", r->spectral, 3));
    if (r->what == CF_SHOOT_CHART) {
        r->columns = CF_CHART_COLUMNS;
        r->rows = CF_CHART_ROWS;
        r->posed |= r->poses == 1;
    }
    return CF_OK;
}

/* The value of --target, which decides the defaults; "" where there is none. */
static const char *target_of(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--target") && i + 1 < argc)
            return argv[i + 1];
        if (!strncmp(argv[i], "--target=", 9))
            return argv[i] + 9;
    }
    return "";
}

cf_status cf_target_request_parse(int argc, char **argv, cf_target_request *r) {
    const char *name = target_of(argc, argv);
    *r = defaults(!strcmp(name, "chart")  ? CF_SHOOT_CHART
                  : !strcmp(name, "flat") ? CF_SHOOT_FLAT
                                          : CF_SHOOT_BOARD);
    char program[64];
    cf_cli mine = cli;
    snprintf(program, sizeof program, "chromafuse simulate --target %s", target_names[r->what]);
    mine.program = program;
    CF_TRY(cf_cli_parse(&mine, argc, argv, r));
    cf_status status = check(r);
    if (status != CF_OK)
        fprintf(stderr, "Try '%s --help'.\n", program);
    return status;
}
