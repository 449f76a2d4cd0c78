/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the simulated cameras: the scene's views, rendered once for all that see them. */
#ifndef CHROMAFUSE_CAPTURE_SIM_WORLD_H
#define CHROMAFUSE_CAPTURE_SIM_WORLD_H

#include "capture/sim_options.h"

typedef struct cf_sim_world cf_sim_world;

/* The scene of that size, seed and baseline, from any thread; rendered where no other camera of the
 * process holds it. CF_ERR_MEMORY. */
cf_status cf_sim_world_get(const cf_sim_options *options, cf_sim_world **out);
void cf_sim_world_put(cf_sim_world **world);

/* CF_PIXEL_RGB8, sRGB: the left view is the mono camera's, the right one the colour camera's. */
const cf_image *cf_sim_world_view(const cf_sim_world *world, int is_color);

#endif
