/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of stage `error_map`; its reference and its kernel read them here. */
#ifndef CHROMAFUSE_FUSION_ERROR_MAP_SHARED_H
#define CHROMAFUSE_FUSION_ERROR_MAP_SHARED_H

#define CF_ERROR_MAP_EVEN 2.5e-7F   /* square difference that does not count */
#define CF_ERROR_MAP_USUAL 2.25e-4F /* in photographs */
#define CF_ERROR_MAP_SPREAD 0.05F
#define CF_ERROR_MAP_STILL 1e-5F   /* square correction that does not count */
#define CF_ERROR_MAP_MOVED 2.5e-4F /* at 200 photo-electrons */
#define CF_ERROR_MAP_MOVED_POWER 0.03F
#define CF_ERROR_MAP_DARKER 1.5F /* per unit of sqrt(mono) */

#endif
