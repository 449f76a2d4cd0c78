/* SPDX-License-Identifier: Apache-2.0 */
/* One pair of raw files from reading to writing. */
#include "tools/fuse_session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "capture/picture_out.h"
#include "capture/raw.h"
#include "cl/buffer.h"
#include "cl/profile.h"
#include "tools/fuse_geometry.h"

typedef struct {
    const cf_fuse_options *options;
    const cf_fuse_pair *pair;
    cf_cl *cl;
    cf_frame *mono, *color;
    cf_rectification geometry;
    cf_fuse_registration registration;
    cf_fuse *fuse, **before; /* in a sequence: the pair's before this */
    cf_image picture;        /* read back after every frame */
    double *frame_ms;
    cf_file_out *prepared[CF_FUSE_OUTPUTS + 2]; /* the results, until all are whole */
    size_t prepared_count;
} session;

static cf_status read_pair(session *s) {
    CF_TRY(cf_raw_read(s->pair->mono, &s->mono));
    if (s->mono->profile.is_color)
        return cf_fail(CF_ERR_INVALID,
                       "%s: this is a colour sensor's raw (it has a mosaic); --mono needs a "
                       "monochrome one. Are --mono and --color swapped?",
                       s->pair->mono);
    if (s->pair->mono_gain > 0)
        s->mono->profile.gain = (float)s->pair->mono_gain;
    CF_TRY(cf_raw_read(s->pair->color, &s->color));
    if (!s->color->profile.is_color)
        return cf_fail(CF_ERR_INVALID,
                       "%s: this is a monochrome raw; --color needs one with a Bayer mosaic. Are "
                       "--mono and --color swapped?",
                       s->pair->color);
    return CF_OK;
}

static unsigned wanted_outputs(const cf_fuse_options *o) {
    unsigned wanted = 1U << CF_FUSE_PICTURE;
    int report = o->report || o->json;
    wanted |= (unsigned)(o->provenance || report) << CF_FUSE_PROVENANCE;
    wanted |= (unsigned)(o->write_linear || report) << CF_FUSE_LINEAR;
    wanted |= (unsigned)(o->write_mono || report) << CF_FUSE_MONO;
    wanted |= (unsigned)(o->error_map != NULL) << CF_FUSE_ERROR;
    wanted |= (unsigned)(o->color_alone != NULL) << CF_FUSE_COLOR_ALONE;
    wanted |= (unsigned)(o->mono_picture != NULL) << CF_FUSE_MONO_PICTURE;
    wanted |= (unsigned)(o->disparity != NULL) << CF_FUSE_DISPARITY;
    return wanted;
}

static cf_status plan(session *s) {
    const cf_fuse_rig rig = {
        .mono = &s->mono->profile, .color = &s->color->profile, .geometry = &s->geometry};
    const cf_fuse_params params = {
        .depth = (int)s->options->depth,
        .tone_auto = s->options->tone_auto,
        .outputs = wanted_outputs(s->options),
        .is_sequence = s->before != NULL,
        .settings = s->options->settings,
        .setting_count = s->options->setting_count,
        .transfer = s->options->transfer,
        .model = s->options->model,
    };
    cf_image shape;
    CF_TRY(cf_fuse_create(s->cl, &rig, &params, &s->fuse));
    if (s->before && *s->before)
        cf_fuse_adopt(s->fuse, *s->before);
    CF_TRY(cf_fuse_describe(s->fuse, CF_FUSE_PICTURE, &shape));
    return cf_image_alloc(shape.width, shape.height, shape.planes, shape.format, &s->picture);
}

static cf_status run_frames(session *s) {
    long frames = s->options->frames;
    s->frame_ms = cf_alloc((size_t)frames, sizeof *s->frame_ms);
    if (!s->frame_ms)
        return CF_ERR_MEMORY;
    cf_profile_enable(s->cl, s->options->profile || s->options->report || s->options->json);
    cf_profile_reset(s->cl);
    for (long i = 0; i < frames; i++) {
        double start = cf_clock_seconds();
        CF_TRY(cf_fuse_run(s->fuse, &s->mono->image, &s->color->image));
        CF_TRY(cf_fuse_read(s->fuse, CF_FUSE_PICTURE, &s->picture));
        s->frame_ms[i] = (cf_clock_seconds() - start) * 1e3;
        if (frames > 1)
            cf_cli_progress("frames", (size_t)i + 1, (size_t)frames);
    }
    return cf_profile_collect(s->cl);
}

static cf_status write_picture(session *s, const char *path, const cf_image *image, int depth,
                               cf_colors colors) {
    const cf_picture_out_params params = {
        .depth = depth, .quality = (int)s->options->quality, .colors = colors, .about = s->mono};
    CF_TRY(cf_picture_prepare(path, image, &params, &s->prepared[s->prepared_count]));
    s->prepared_count++;
    return CF_OK;
}

static cf_status write_output(session *s, const char *path, cf_fuse_output output,
                              cf_colors colors) {
    cf_image image;
    if (!path)
        return CF_OK;
    CF_TRY(cf_fuse_fetch(s->fuse, output, &image));
    int depth = image.format == CF_PIXEL_F32 ? 32 : 8;
    cf_status status = write_picture(s, path, &image, depth, colors);
    cf_image_free(&image);
    return status;
}

static cf_status write_all(session *s) {
    const cf_fuse_options *o = s->options;
    CF_TRY(write_output(s, o->provenance, CF_FUSE_PROVENANCE, CF_COLORS_DATA));
    CF_TRY(write_output(s, o->error_map, CF_FUSE_ERROR, CF_COLORS_DATA));
    CF_TRY(write_output(s, o->write_linear, CF_FUSE_LINEAR, CF_COLORS_DATA));
    CF_TRY(write_output(s, o->write_mono, CF_FUSE_MONO, CF_COLORS_DATA));
    CF_TRY(write_output(s, o->disparity, CF_FUSE_DISPARITY, CF_COLORS_DATA));
    CF_TRY(write_output(s, o->color_alone, CF_FUSE_COLOR_ALONE, CF_COLORS_SRGB));
    CF_TRY(write_output(s, o->mono_picture, CF_FUSE_MONO_PICTURE, CF_COLORS_SRGB));
    return write_picture(s, s->pair->out, &s->picture, 0, CF_COLORS_SRGB);
}

static cf_status report_to_file(session *s, const char *path, const cf_fuse_facts *facts) {
    cf_file_out **out = &s->prepared[s->prepared_count];
    CF_TRY(cf_file_create(path, out));
    s->prepared_count++;
    cf_fuse_write_report(facts, cf_file_stream(*out));
    return CF_OK;
}

static cf_status report(session *s) {
    const cf_fuse_options *o = s->options;
    cf_image provenance = {0}, linear = {0}, mono = {0};
    if (o->profile)
        cf_fuse_print_profile(s->cl, (size_t)o->frames, o->json ? stderr : stdout);
    if (!o->report && !o->json)
        return CF_OK;
    cf_fuse_facts facts = {
        .options = o,
        .cl = s->cl,
        .mono = &s->mono->profile,
        .color = &s->color->profile,
        .registration = &s->registration,
        .frame_ms = s->frame_ms,
        .frame_count = (size_t)o->frames,
        .peak_bytes = cf_pool_statistics(s->cl).peak_bytes,
    };
    cf_status status = cf_fuse_fetch(s->fuse, CF_FUSE_PROVENANCE, &provenance);
    if (status == CF_OK)
        status = cf_fuse_fetch(s->fuse, CF_FUSE_LINEAR, &linear);
    if (status == CF_OK)
        status = cf_fuse_fetch(s->fuse, CF_FUSE_MONO, &mono);
    facts.provenance = &provenance;
    facts.linear = &linear;
    facts.mono_linear = &mono;
    if (status == CF_OK && o->report)
        status = report_to_file(s, o->report, &facts);
    if (status == CF_OK && o->json)
        cf_fuse_write_report(&facts, stdout);
    cf_image_free(&provenance);
    cf_image_free(&linear);
    cf_image_free(&mono);
    return status;
}

static cf_status work(session *s) {
    CF_TRY(read_pair(s));
    CF_TRY(
        cf_fuse_geometry_open(s->options->rig, s->mono, s->color, &s->geometry, &s->registration));
    CF_TRY(plan(s));
    CF_TRY(run_frames(s));
    CF_TRY(write_all(s));
    CF_TRY(report(s));
    CF_TRY(cf_cli_flush());
    for (size_t i = 0; i < s->prepared_count; i++)
        CF_TRY(cf_file_commit(&s->prepared[i]));
    return CF_OK;
}

cf_status cf_fuse_session_run(const cf_fuse_options *options, cf_cl *cl, const cf_fuse_pair *pair,
                              cf_fuse **before) {
    session s = {.options = options, .pair = pair, .cl = cl, .before = before};
    cf_status status = work(&s);
    if (before && status == CF_OK) {
        cf_fuse_destroy(before);
        *before = s.fuse;
        s.fuse = NULL;
    }
    for (size_t i = 0; i < s.prepared_count; i++)
        cf_file_discard(&s.prepared[i]); /* none is left unless the run failed */
    cf_fuse_destroy(&s.fuse);
    cf_rectification_clear(&s.geometry);
    cf_image_free(&s.picture);
    cf_free(s.frame_ms);
    cf_frame_unref(&s.mono);
    cf_frame_unref(&s.color);
    return status;
}
