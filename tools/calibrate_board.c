/* SPDX-License-Identifier: Apache-2.0 */
/* A board calibration from the command line to the rig's folder. */
#include "tools/calibrate_board.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tools/command.h"
#include "tools/geometry_report.h"

static cf_status take_lens(const char *value, const char **lens) {
    static const struct {
        const char *word, *lens;
    } lenses[] = {{"pinhole", "LENSMODEL_PINHOLE"},
                  {"opencv4", "LENSMODEL_OPENCV4"},
                  {"opencv5", "LENSMODEL_OPENCV5"},
                  {"opencv8", "LENSMODEL_OPENCV8"}};
    *lens = NULL;
    for (size_t i = 0; i < sizeof lenses / sizeof *lenses; i++)
        if (!strcmp(value, lenses[i].word))
            *lens = lenses[i].lens;
    if (*lens || !strcmp(value, "auto"))
        return CF_OK;
    return cf_fail(CF_ERR_INVALID,
                   "--lens needs auto, pinhole, opencv4, opencv5 or opencv8, not '%s'", value);
}

cf_status cf_calibrate_board_take(cf_calibrate_board_job *job, const char *name, const char *value,
                                  int *taken) {
    *taken = 1;
    if (!strcmp(name, "board"))
        return cf_cli_size(name, value, &job->board.columns, &job->board.rows);
    if (!strcmp(name, "square"))
        return cf_cli_float(name, value, 1e-5, 100, &job->board.square_m);
    if (!strcmp(name, "lens"))
        return take_lens(value, &job->params.lens);
    if (!strcmp(name, "flat"))
        job->params.no_warp = 1;
    else if (!strcmp(name, "keep-all"))
        job->params.no_outliers = 1;
    else if (!strcmp(name, "corners"))
        job->corners = value;
    else
        *taken = 0;
    return CF_OK;
}

static cf_status find_corners(const cf_calibrate_board_job *r, cf_board_pictures *out) {
    if (r->corners)
        return cf_board_corners_read(r->corners, r->mono_pattern, r->color_pattern, r->sizes,
                                     &r->board, out);
    return cf_board_pictures_find(r->mono, r->color, &r->board, out);
}

static int show_progress(void *user, int done, int total) {
    (void)user;
    cf_cli_progress("judging by leaving pictures out", (size_t)done, (size_t)total);
    return !cf_cli_interrupted();
}

static cf_status add_report(const cf_calibrate_board_job *r, const cf_geometry_facts *facts,
                            cf_rig_folder *folder) {
    FILE *to;
    if (!r->report)
        return CF_OK;
    CF_TRY(cf_rig_folder_report(folder, r->report, &to));
    cf_geometry_json(facts, to);
    return CF_OK;
}

static cf_status finish(cf_rig_folder **folder, const cf_calibrate_board_job *r,
                        const cf_geometry_facts *facts) {
    CF_TRY(cf_rig_folder_commit(folder));
    if (r->json)
        cf_geometry_json(facts, stdout);
    else
        cf_geometry_print(facts, stdout);
    return CF_OK;
}

/* Everything is written, or nothing; a calibration that is not good enough is written and said so,
 * for a person may have no better pictures. */
static cf_status deliver(const cf_calibrate_board_job *r, const cf_geometry_facts *facts,
                         cf_rig_folder **folder) {
    CF_TRY(cf_geometry_write(facts, *folder));
    CF_TRY(add_report(r, facts, *folder));
    return finish(folder, r, facts);
}

static cf_status judge(const cf_calibrate_board_job *r, cf_rig_folder **folder,
                       cf_board_pictures *pictures, const cf_board_solution *solution) {
    const cf_record_source sources[] = {{"mono", r->mono}, {"color", r->color}};
    cf_board_quality quality;
    cf_board_cover cover;
    cf_board_advice advice;
    int corners;
    cf_geometry_facts facts = {.pictures = pictures,
                               .solution = solution,
                               .quality = &quality,
                               .cover = &cover,
                               .advice = &advice,
                               .sources = sources};
    CF_TRY(cf_board_vertical(&pictures->set, solution->mono, solution->color, NULL, NULL,
                             &facts.vertical_px, &corners));
    CF_TRY(cf_board_judge(&pictures->set, &r->params, solution, show_progress, NULL, &quality));
    cf_board_cover_measure(&pictures->set, solution, &cover);
    facts.verdict = cf_board_advise(&pictures->set, solution, &quality, &cover, &advice);
    cf_status status = deliver(r, &facts, folder);
    cf_board_quality_clear(&quality);
    return status;
}

static cf_status calibrate(cf_calibrate_board_job *r, cf_rig_folder **folder) {
    cf_board_pictures pictures;
    cf_board_solution solution;
    CF_TRY(find_corners(r, &pictures));
    cf_status status = CF_OK;
    if (!r->params.lens)
        status = cf_board_choose_lens(&pictures.set, &r->params, &r->params.lens);
    if (status == CF_OK)
        status = cf_board_solve(&pictures.set, &r->params, &solution);
    if (status == CF_OK) {
        status = judge(r, folder, &pictures, &solution);
        cf_board_solution_clear(&solution);
    }
    cf_board_pictures_clear(&pictures);
    return status;
}

cf_status cf_calibrate_board(const cf_calibrate_board_job *job) {
    cf_calibrate_board_job r = *job;
    cf_rig_folder *folder; /* opened first: whether it can be written shows before the work */
    CF_TRY(cf_rig_folder_open(r.out, &folder));
    cf_status status = calibrate(&r, &folder);
    cf_rig_folder_discard(&folder);
    return status;
}
