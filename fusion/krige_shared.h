/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of stage `krige` for C and OpenCL C. */
#ifndef CHROMAFUSE_FUSION_KRIGE_SHARED_H
#define CHROMAFUSE_FUSION_KRIGE_SHARED_H

#include "fusion/points_shared.h"

#define CF_KRIGE_CELLS 64        /* at most so many cells a side, on which distances are measured */
#define CF_KRIGE_ROUNDS 3        /* of two passes over the cells */
#define CF_KRIGE_WEIGHT 0x1p-10F /* of a point, at least */
#define CF_KRIGE_LIMIT 64.0F     /* chroma beyond it is taken for 0 */
#define CF_KRIGE_DARK 0.1F       /* added to sqrt-mono, chroma times which is about as visible */

#endif
