/* SPDX-License-Identifier: Apache-2.0 */
/* Files of colour points: {"points": [{"x": 10.5, "y": 20, "size": 7, "rgb": [200.5, 30, 40]}]}; of
 * videos with "frame": 120, too. */
#ifndef CHROMAFUSE_TOOLS_HINTS_FILE_H
#define CHROMAFUSE_TOOLS_HINTS_FILE_H

#include "fusion/colorize.h"

#define CF_HINTS_MAX 10000 /* points of a file */
#define CF_HINTS_FRAMES 1000000000
#define CF_HINTS_SIZE 7 /* side of a point whose file does not tell it */

/*
 * Reads the points (cf_free *points), and into *frames (cf_free it, too; NULL: not wanted) the
 * frame of a video that each is for, counted from 0, which it is where the file says nothing.
 * CF_ERR_IO: missing, unreadable, beyond 8 MB. CF_ERR_FORMAT: no JSON of this kind, a number that
 * is missing or out of its range; one line names the file and the point. Whether points lie in the
 * picture is for cf_hints_inside to say.
 */
cf_status cf_hints_file_read(const char *path, cf_hint_point **points, long **frames,
                             size_t *count);

/* CF_ERR_INVALID, naming file and point, where a point's centre is not in a picture of that size.
 */
cf_status cf_hints_inside(const char *path, const cf_hint_point *points, size_t count, int width,
                          int height);

#endif
