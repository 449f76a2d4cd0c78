/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of stage `bilateral` for C and OpenCL C. */
#ifndef CHROMAFUSE_FUSION_BILATERAL_SHARED_H
#define CHROMAFUSE_FUSION_BILATERAL_SHARED_H

#define CF_BILATERAL_LIMIT 1e4F /* inputs beyond it are taken for 0 */
#define CF_BILATERAL_DARKEST                                                                       \
    0.1F /* sqrt-mono below which chroma's noise is taken to grow no more */
#define CF_BILATERAL_STRONGEST 1.9F /* of q; at 2 chroma would be infinite */

#endif
