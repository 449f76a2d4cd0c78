/* SPDX-License-Identifier: Apache-2.0 */
/* From files to the patches of charts. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/color_job.h"
#include "tools/command.h"
#include "tools/rig_frame.h"

#define LONGEST 1000     /* pixels of the picture that is searched */
#define LEAST_PITCH 10.0 /* raw pixels from patch to patch */

static cf_status place_chart(const cf_color_job *job, int kind, cf_color_shot *shot) {
    cf_image picture;
    int bin;
    CF_TRY(cf_chart_picture(shot->path, shot->frame, LONGEST, &picture, &bin));
    cf_status status;
    if (job->corner_count[kind]) {
        double corners[4][2];
        for (int i = 0; i < 8; i++)
            corners[i / 2][i % 2] = (job->corners[kind][i / 2][i % 2] + 0.5) / bin - 0.5;
        status =
            cf_chart_place_corners(shot->path, &picture, &job->reference, corners, &shot->place);
    } else {
        status = cf_chart_find(shot->path, &picture, &job->reference, &shot->place);
    }
    cf_image_free(&picture);
    if (status == CF_OK)
        cf_chart_place_scale(&shot->place, bin);
    return status;
}

static cf_status measure(const cf_color_job *job, int kind, cf_color_shot *shot) {
    CF_TRY(place_chart(job, kind, shot));
    if (shot->place.pitch < LEAST_PITCH)
        return cf_fail(
            CF_ERR_FORMAT,
            "%s: the chart is too small, %.1f pixels from patch to patch; go nearer, until "
            "it fills a third of the picture's width",
            shot->path, shot->place.pitch);
    cf_chart_measure(shot->frame, &shot->place, &shot->sample);
    return CF_OK;
}

static cf_status check_like(const cf_color_shot *first, const cf_color_shot *shot) {
    const cf_image *a = &first->frame->image, *b = &shot->frame->image;
    if (a->width == b->width && a->height == b->height)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s has %dx%d pixels, %s %dx%d; give pictures of one camera",
                   first->path, a->width, a->height, shot->path, b->width, b->height);
}

static cf_status measure_all(cf_color_job *job, int kind, const cf_rig *rig) {
    const cf_input_list *list = &job->lists[kind];
    job->shots[kind] = cf_alloc(list->count, sizeof *job->shots[kind]);
    if (!job->shots[kind])
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < list->count; i++) {
        cf_color_shot *shot = &job->shots[kind][i];
        cf_cli_progress(kind == CF_SHOT_MONO ? "mono charts" : "colour charts", i, list->count);
        if (cf_cli_interrupted())
            return CF_ERR_CANCELLED;
        shot->path = list->paths[i];
        CF_TRY(cf_rig_frame_read(shot->path, rig, kind == CF_SHOT_MONO ? CF_RIG_MONO : CF_RIG_COLOR,
                                 1, &shot->frame));
        job->count[kind] = (int)i + 1;
        CF_TRY(check_like(job->shots[kind], shot));
        CF_TRY(measure(job, kind, shot));
    }
    cf_cli_progress("charts", list->count, list->count);
    return CF_OK;
}

cf_status cf_color_measure(cf_color_job *job, const cf_rig *rig) {
    if (job->reference_path)
        CF_TRY(cf_chart_reference_load(job->reference_path, &job->reference));
    else
        cf_chart_reference_of(job->edition, &job->reference);
    CF_TRY(measure_all(job, CF_SHOT_COLOR, rig));
    return job->lists[CF_SHOT_MONO].count ? measure_all(job, CF_SHOT_MONO, rig) : CF_OK;
}

void cf_color_job_clear(cf_color_job *job) {
    for (int kind = 0; kind < 2; kind++) {
        for (size_t i = 0; job->shots[kind] && i < job->lists[kind].count; i++)
            cf_frame_unref(&job->shots[kind][i].frame);
        cf_free(job->shots[kind]);
        job->shots[kind] = NULL;
        cf_input_list_clear(&job->lists[kind]);
    }
}
