/* SPDX-License-Identifier: Apache-2.0 */
/* The plots of a calibration from ordinary pictures. */
#ifndef CHROMAFUSE_TOOLS_SCENE_PLOTS_H
#define CHROMAFUSE_TOOLS_SCENE_PLOTS_H

#include "calib/scene.h"
#include "tools/input_list.h"
#include "tools/rig_folder.h"

/*
 * Puts coverage and residuals of the matches (their vertical offsets, as either camera saw them),
 * the expected vertical error over the mono picture, up to three rectified pairs with their
 * matches (the best, the median and the worst) and the overview into the folder (cf_plot_write).
 * result: with models; pairs: the pictures that it is of; mono, color: their names, pair by pair.
 * Fails as cf_plot_write does.
 */
cf_status cf_scene_plots(const cf_scene_result *result, const cf_scene_pair *pairs,
                         const cf_input_list *mono, const cf_input_list *color,
                         cf_rig_folder *folder);

#endif
