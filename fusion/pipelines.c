/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of steps of each use: which stage reads and writes which tensor, in order. */
#include "fusion/pipelines.h"

#define MONO .role = CF_ROLE_MONO
#define COLOR .role = CF_ROLE_COLOR

/* What the transfer made of a hint, corrected and completed by the network (if there is one) on its
 * grid of cells, and averaged there over cells that look alike. `of` begins its tensors' names. */
/* clang-format off */
#define CORRECT(of, hint, settings)                                                                \
    {"cells", MONO,                                                                                \
     {"guide", hint, hint ".confidence", "mono.sigma", of "transfer.chroma", of "transfer.error"}, \
     {of "cells.mono", of "cells.hint", of "cells.confidence", of "cells.sigma",                   \
      of "cells.chroma", of "cells.error"}, NULL},                                                 \
    {"network", MONO,                                                                              \
     {of "cells.chroma", of "cells.error", of "cells.mono", of "cells.hint",                       \
      of "cells.confidence", of "cells.sigma"},                                                    \
     {of "network.chroma", of "network.error"}, settings},                                             \
    {"bilateral", MONO,                                                                            \
     {of "cells.mono", of "cells.sigma", of "network.chroma", of "network.error"},                 \
     {of "settled.chroma", of "settled.error"}, NULL},                                             \
    {"restore", MONO,                                                                              \
     {of "transfer.chroma", of "transfer.error", "guide", of "cells.mono", of "cells.chroma",      \
      of "cells.error", of "settled.chroma", of "settled.error"},                                  \
     {of "frame.chroma", of "frame.error"}, NULL}
/* clang-format on */

/* In a sequence: where everything was in the frame before. */
/* clang-format off */
#define MOVE                                                                                       \
    {"motion", MONO, {"guide", "mono.sigma", CF_LAST "motion.small"},                              \
     {"motion", "motion.small"}, NULL}
/* clang-format on */

/* frame.chroma, wrong by `frame_error`, with what was known of the same surfaces then. */
/* clang-format off */
#define REMEMBER(frame_error, chroma, error, settings)                                             \
    {"recall", MONO,                                                                               \
     {"frame.chroma", frame_error, CF_LAST chroma, CF_LAST error, "guide", CF_LAST "guide",        \
      "mono.sigma", "motion"}, {chroma, error}, settings}
/* clang-format on */

/* Where there is no camera to tell otherwise, a point's colour goes along for many seconds:
 * whatever the network is not very sure of is a guess. */
#define POINTS_LAST "drift=0.5 guess=3"

const cf_step cf_pipeline_fuse[] = {
    /* The mono raw, cleaned: from here on its luma is never touched again. */
    {"unpack", MONO, {"mono.frame"}, {"mono.codes"}, NULL},
    {"black", MONO, {"mono.codes"}, {"mono.levelled"}, NULL},
    {"defects", MONO, {"mono.levelled", CF_TABLE}, {"mono.mended"}, NULL},
    {"shading", MONO, {"mono.mended", CF_TABLE}, {"mono.raw"}, NULL},
    {"vst", MONO, {"mono.raw"}, {"mono.stable"}, NULL},
    {"denoise", MONO, {"mono.stable"}, {"mono.shrunk", "mono.shrunk_sigma"}, NULL},
    {"denoise_learned",
     MONO,
     {"mono.shrunk", "mono.shrunk_sigma", "mono.stable"},
     {"mono.stable_clean", "mono.stable_sigma"},
     NULL},
    {"vst_inverse",
     MONO,
     {"mono.stable_clean", "mono.stable_sigma"},
     {"mono.clean", "mono.sigma"},
     NULL},

    /* The colour raw: to linear Rec.709 and to what the mono sensor would have seen of it. */
    {"unpack", COLOR, {"color.frame"}, {"color.codes"}, NULL},
    {"black", COLOR, {"color.codes"}, {"color.levelled"}, NULL},
    {"defects", COLOR, {"color.levelled", CF_TABLE}, {"color.mended"}, NULL},
    {"shading", COLOR, {"color.mended", CF_TABLE}, {"color.raw"}, NULL},
    {"bayer_denoise", COLOR, {"color.raw"}, {"color.quiet"}, NULL},
    {"demosaic", COLOR, {"color.quiet"}, {"color.camera"}, "detail=0"},
    {"color_matrix", COLOR, {"color.camera"}, {"color.rgb", "color.response"}, NULL},

    /* Both views on the rectified grid, and the disparity between them. */
    {"resample", MONO, {"mono.clean", "map.mono"}, {"rect.mono", "rect.mono_valid"}, NULL},
    {"resample", COLOR, {"color.response", "map.color"}, {"rect.color", "rect.color_valid"}, NULL},
    {"match_prepare",
     COLOR,
     {"rect.mono", "rect.color"},
     {"match.left", "match.right", "match.left_coarse", "match.right_coarse"},
     NULL},
    {"match_search",
     COLOR,
     {"match.left_coarse", "match.right_coarse"},
     {"match.disparity", "match.right_disparity"},
     NULL},
    {"match_check",
     COLOR,
     {"match.left_coarse", "match.right_coarse", "match.disparity", "match.right_disparity"},
     {"match.confidence"},
     NULL},
    {"match_refine",
     COLOR,
     {"match.left", "match.right", "match.disparity", "match.confidence"},
     {"disparity", "disparity.confidence"},
     NULL},

    /* The colour of every mono pixel, how far it can be trusted, and its chroma. */
    {"fetch",
     COLOR,
     {"color.rgb", "disparity", "disparity.confidence", "map.back", "map.color"},
     {"fetched.rgb", "fetched.match"},
     NULL},
    {"hints",
     COLOR,
     {"mono.clean", "fetched.rgb", "fetched.match"},
     {"hint", "hint.confidence"},
     NULL},
    {"guide", MONO, {"mono.clean"}, {"guide"}, NULL},
    {"transfer",
     COLOR,
     {"guide", "hint", "hint.confidence", "mono.sigma"},
     {"transfer.chroma", "transfer.error"},
     NULL},
    CORRECT("", "hint", NULL),

    MOVE,
    REMEMBER("frame.error", "fused.chroma", "fused.error", NULL),

    {"compose", MONO, {"mono.clean", "fused.chroma"}, {"fused.linear"}, NULL},
    {"provenance", MONO, {"hint.confidence", "fetched.match", "fused.error"}, {"shares"}, NULL},
    {"pack", MONO, {"shares"}, {"shares.rgb8"}, NULL},
    {"error_map",
     MONO,
     {"fused.error", "mono.clean", "fused.chroma", "transfer.chroma"},
     {"fused.error_map"},
     NULL},

    /* For the viewer. */
    {"statistics", MONO, {"fused.linear"}, {"fused.histogram", "fused.statistics"}, NULL},
    {"tone", MONO, {"fused.linear", "fused.statistics"}, {"fused.toned"}, NULL},
    {"encode", MONO, {"fused.toned"}, {"picture"}, NULL},
    {"pack", MONO, {"picture"}, {"picture.rgb8"}, NULL},
    {"pack", MONO, {"picture"}, {"picture.rgb16"}, "depth=16"},

    /* What each camera gives by itself, toned like the result. The colour one has no cleaner
     * picture to lean on: it is denoised, and demosaiced with an eye on edges. */
    {"bayer_pack", COLOR, {"color.raw"}, {"color.stable"}, NULL},
    {"denoise", COLOR, {"color.stable"}, {"color.stable_clean", "color.stable_sigma"}, NULL},
    {"bayer_unpack",
     COLOR,
     {"color.raw", "color.stable_clean", "color.stable_sigma"},
     {"color.clean", "color.sigma"},
     NULL},
    {"demosaic", COLOR, {"color.clean"}, {"alone.camera"}, NULL},
    {"color_matrix", COLOR, {"alone.camera"}, {"alone.linear", "alone.response"}, NULL},
    {"tone", COLOR, {"alone.linear", "fused.statistics"}, {"alone.toned"}, NULL},
    {"encode", COLOR, {"alone.toned"}, {"alone.picture"}, NULL},
    {"pack", COLOR, {"alone.picture"}, {"color.rgb8"}, NULL},
    {"tone", MONO, {"mono.clean", "fused.statistics"}, {"mono.toned"}, NULL},
    {"encode", MONO, {"mono.toned"}, {"mono.picture"}, NULL},
    {"pack", MONO, {"mono.picture"}, {"mono.grey8"}, NULL},
    {0},
};

const cf_step cf_pipeline_colorize_shrink[] = {
    {"halve", MONO, {"mono.x64"}, {"mono.x32"}, NULL},
    {"halve", MONO, {"mono.x32"}, {"mono.x16"}, NULL},
    {"halve", MONO, {"mono.x16"}, {"mono.x8"}, NULL},
    {"halve", MONO, {"mono.x8"}, {"mono.x4"}, NULL},
    {"halve", MONO, {"mono.x4"}, {"mono.x2"}, NULL},
    {"halve", MONO, {"mono.x2"}, {"mono"}, NULL},
    {0},
};

/* A user's points, if there are any, spread. */
/* clang-format off */
#define SPREAD(of, hint)                                                                           \
    {"transfer", MONO,                                                                             \
     {"guide", hint, hint ".confidence", "mono.sigma"},                                            \
     {of "transfer.chroma", of "transfer.error"}, CF_COLORIZE_POINTS}
/* clang-format on */

const cf_step cf_pipeline_colorize[] = {
    {"guide", MONO, {"mono"}, {"guide"}, NULL},
    SPREAD("", "hint"),
    CORRECT("", "hint", NULL),
    MOVE,
    REMEMBER("frame.error", "chroma", "error", POINTS_LAST),
    {0},
};

/* With points: what is made with them, soberly, for they tell how colourful the picture is; and the
 * guess without, as bold as is asked for, shifted by what they say of it. */
const cf_step cf_pipeline_colorize_points[] = {
    {"guide", MONO, {"mono"}, {"guide"}, NULL},
    SPREAD("point.", "hint"),
    CORRECT("point.", "hint", "vivid=0.5"),
    SPREAD("guess.", "none"),
    CORRECT("guess.", "none", NULL),
    MOVE,
    {"track", MONO, {"points", CF_LAST "tracked", "motion"}, {"tracked"}, NULL},
    {"krige",
     MONO,
     {"guide", "guess.frame.chroma", "point.frame.chroma", "point.frame.error", "tracked"},
     {"frame.chroma"},
     NULL},
    REMEMBER("point.frame.error", "chroma", "error", POINTS_LAST),
    {0},
};

/* With a published colorizer (fusion/lab_model.h) in place of the transfer alone. */
const cf_step cf_pipeline_colorize_lab[] = {
    {"guide", MONO, {"mono"}, {"guide"}, NULL},
    SPREAD("", "hint"),
    {"lab_input", MONO, {"mono", "hint", "hint.confidence"}, {"lab"}, NULL},
    {"lab_network", MONO, {"lab"}, {"lab.ab"}, NULL},
    {"lab_output",
     MONO,
     {"mono", "transfer.chroma", "transfer.error", "lab", "lab.ab"},
     {"frame.chroma", "frame.error"},
     NULL},
    MOVE,
    REMEMBER("frame.error", "chroma", "error", POINTS_LAST),
    {0},
};

/* clang-format off */
#define GROW(from, to)                                                                             \
    {"guide", MONO, {"mono" to}, {"guide" to}, NULL},                                              \
    {"upsample", MONO, {"guide" to, "guide" from, "chroma" from, "error" from},                    \
     {"chroma" to, "error" to}, NULL}
/* clang-format on */
const cf_step cf_pipeline_colorize_grow[] = {
    GROW("", ".x2"),     GROW(".x2", ".x4"),   GROW(".x4", ".x8"),
    GROW(".x8", ".x16"), GROW(".x16", ".x32"), {0},
};

const cf_step cf_pipeline_colorize_finish[] = {
    {"guide", MONO, {"mono"}, {"guide"}, NULL},
    {"upsample",
     MONO,
     {"guide", "low.guide", "low.chroma", "low.error"},
     {"chroma", "error"},
     NULL},
    {"compose", MONO, {"mono", "chroma"}, {"linear"}, NULL},
    {"encode", MONO, {"linear"}, {"picture"}, NULL},
    {"pack", MONO, {"picture"}, {"picture.rgb8"}, NULL},
    {"pack", MONO, {"picture"}, {"picture.rgb16"}, "depth=16"},
    {"provenance", MONO, {"none", "none", "error"}, {"shares"}, NULL},
    {"pack", MONO, {"shares"}, {"shares.rgb8"}, NULL},
    {"error_map", MONO, {"error", "mono", "chroma", "chroma"}, {"error_map"}, NULL},
    {0},
};
