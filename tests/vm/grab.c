/* SPDX-License-Identifier: Apache-2.0 */
/* Takes frames of one camera through the library and prints what it saw: for the tests in a virtual
 * machine, and to look at a camera by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "capture/source.h"
#include "tests/vm/bars.h"

static const char usage[] =
    "usage: vm_grab URI [format=Y10,RG10...] [size=640x360] [fps=25] [kind=mono|color] [frames=5]\n"
    "               [timeout_ms=3000] [exposure_us=N] [gain=X] [after=K] [do=COMMAND] [bars=1]\n"
    "       vm_grab list\n\n"
    "Prints the camera, a line for each frame and a line of counts. After K frames (default 0) "
    "the\n"
    "controls are set and COMMAND is run by the shell. bars=1 checks each frame against vivid's\n"
    "test pattern '100% Colorbar'. Exit status 1 when the camera or a check fails.\n";

typedef struct {
    const char *uri, *command;
    char *formats; /* NULL: the camera's choice */
    cf_source_params params;
    cf_source_controls controls;
    long frames, timeout_ms, after;
    int checks_bars;
} job;

static void print_log(void *user, cf_log_level level, const char *line) {
    (void)user;
    printf("%s: %s\n", level == CF_LOG_ERROR ? "error" : "warning", line);
}

static int set_option(job *j, const char *name, char *value) {
    double number = strtod(value, NULL);
    if (!strcmp(name, "format"))
        j->formats = value;
    else if (!strcmp(name, "size"))
        return sscanf(value, "%dx%d", &j->params.width, &j->params.height) == 2 ? 0 : -1;
    else if (!strcmp(name, "fps"))
        j->params.fps = number;
    else if (!strcmp(name, "kind"))
        j->params.kind = strcmp(value, "mono") != 0 ? CF_CAMERA_COLOR : CF_CAMERA_MONO;
    else if (!strcmp(name, "frames"))
        j->frames = (long)number;
    else if (!strcmp(name, "timeout_ms"))
        j->timeout_ms = (long)number;
    else if (!strcmp(name, "after"))
        j->after = (long)number;
    else if (!strcmp(name, "exposure_us"))
        j->controls.exposure_ns = (int64_t)(number * 1000);
    else if (!strcmp(name, "gain"))
        j->controls.gain = number;
    else if (!strcmp(name, "do"))
        j->command = value;
    else if (!strcmp(name, "bars"))
        j->checks_bars = number != 0;
    else
        return -1;
    return 0;
}

static int parse(int argc, char **argv, job *j) {
    if (argc < 2)
        return -1;
    j->uri = argv[1];
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals)
            return -1;
        *equals = 0;
        if (set_option(j, argv[i], equals + 1))
            return -1;
    }
    return 0;
}

static int list(void) {
    static cf_source_listing found[32];
    size_t count = cf_source_list(found, 32);
    for (size_t i = 0; i < count && i < 32; i++)
        printf("camera %s '%s' driver %s mono %d color %d formats %s trouble '%s'\n", found[i].uri,
               found[i].name, found[i].driver, found[i].has_mono, found[i].has_color,
               found[i].formats, found[i].trouble);
    return 0;
}

static void print_range(const char *name, cf_control_range range) {
    printf(" %s %g..%g", name, range.min, range.max);
}

static void print_camera(const cf_source_info *info) {
    const unsigned char *cfa = info->profile.cfa;
    printf("source %s '%s' %s %dx%d %d bits ", info->uri, info->name, info->format, info->width,
           info->height, cf_raw_bits(info->layout));
    if (info->profile.is_color)
        printf("%c%c%c%c", "RGB"[cfa[0]], "RGB"[cfa[1]], "RGB"[cfa[2]], "RGB"[cfa[3]]);
    else
        printf("mono");
    printf(" white %g fps %.2f", (double)info->profile.white, info->fps);
    print_range("exposure_ns", info->exposure_ns);
    print_range("gain", info->gain);
    print_range("frame_ns", info->frame_ns);
    printf("\n");
}

/* What vm_usb_cameras writes into a picture, `bits` of it from pixel `first` on. */
static unsigned read_marks(const cf_image *codes, int first, int bits, float white) {
    const unsigned short *row = cf_image_row(codes, 0, 0);
    unsigned value = 0;
    for (int i = 0; i < bits && first + i < codes->width; i++)
        value |= (unsigned)((float)row[first + i] > white / 2) << i;
    return value;
}

static int look_at(const job *j, const cf_frame *frame) {
    static const char *refs[] = {"mid", "start", "end"};
    cf_image codes;
    int failed = cf_image_alloc(frame->profile.width, frame->profile.height, 1, CF_PIXEL_U16,
                                &codes) != CF_OK ||
                 cf_frame_codes(frame, &codes) != CF_OK;
    if (!failed) {
        float white = frame->profile.white;
        printf("frame %llu t_ns %lld %s exposure_ns %lld gain %.3f tick %u exposed %u gained %u\n",
               (unsigned long long)frame->sequence, (long long)frame->t_ns, refs[frame->t_ref],
               (long long)frame->exposure_ns, frame->gain, read_marks(&codes, 0, 16, white),
               read_marks(&codes, 16, 16, white), read_marks(&codes, 32, 16, white));
        failed = j->checks_bars && bars_check(&codes, &frame->profile);
    }
    cf_image_free(&codes);
    return failed;
}

static int act(const job *j, cf_source *source) {
    if ((j->controls.exposure_ns || j->controls.gain > 0) &&
        cf_source_set(source, &j->controls) != CF_OK)
        return -1;
    fflush(stdout);
    return j->command && system(j->command) ? -1 : 0;
}

static cf_status grab(const job *j, cf_source *source, int *failed) {
    CF_TRY(cf_source_start(source));
    for (long i = 0; i < j->frames; i++) {
        cf_frame *frame;
        if (i == j->after)
            *failed |= act(j, source);
        CF_TRY(cf_source_next(source, (int)j->timeout_ms, &frame));
        *failed |= look_at(j, frame);
        cf_frame_unref(&frame);
    }
    return CF_OK;
}

static int run(const job *j) {
    cf_source *source;
    int failed = 0;
    cf_status status = cf_source_open(j->uri, &j->params, &source);
    if (status == CF_OK) {
        print_camera(cf_source_describe(source));
        status = grab(j, source, &failed);
        cf_source_stats s = cf_source_statistics(source);
        printf("counts frames %llu damaged %llu lost %llu overrun %llu\n",
               (unsigned long long)s.frames, (unsigned long long)s.damaged,
               (unsigned long long)s.lost, (unsigned long long)s.overrun);
        cf_source_close(&source);
    }
    printf("status %s%s\n", cf_status_text(status), failed ? ", a check failed" : "");
    return status != CF_OK || failed;
}

/* One run for each format of a list with commas in between. */
static int run_each(job *j, char *formats) {
    int failed = 0;
    for (char *end; formats; formats = end) {
        end = strchr(formats, ',');
        if (end)
            *end++ = 0;
        j->params.format = formats;
        failed |= run(j);
    }
    return failed;
}

int main(int argc, char **argv) {
    job j = {.params = CF_SOURCE_DEFAULTS, .frames = 5, .timeout_ms = 3000};
    if (parse(argc, argv, &j)) {
        fputs(usage, stderr);
        return 2;
    }
    cf_log_set(print_log, NULL, CF_LOG_WARNING);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!strcmp(j.uri, "list"))
        return list();
    return j.formats ? run_each(&j, j.formats) : run(&j);
}
