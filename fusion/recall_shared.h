/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of stage `recall` that are no parameters. */
#ifndef CHROMAFUSE_FUSION_RECALL_SHARED_H
#define CHROMAFUSE_FUSION_RECALL_SHARED_H

#define CF_RECALL_STEP_LOG2 3 /* of the motion's nodes: CF_MOTION_STEP */
#define CF_RECALL_LEAST 1.0F  /* error that is always left, Lab ab units */
#define CF_RECALL_MOST 1e4F   /* chroma errors beyond are none */
#define CF_RECALL_APART 1e12F /* squared differences of chroma beyond are no numbers */
#define CF_RECALL_AGREE                                                                            \
    0.0625F                  /* (differences of guides in standard deviations)^2 are squared and   \
                                times this where a half is left: 4 of them */
#define CF_RECALL_TINY 1e-4F /* share from which on doubt grows no more */

#endif
