/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of stage `recall` that are no parameters. */
#ifndef CHROMAFUSE_FUSION_RECALL_SHARED_H
#define CHROMAFUSE_FUSION_RECALL_SHARED_H

#define CF_RECALL_STEP_LOG2 3 /* of the motion's nodes: CF_MOTION_STEP */
#define CF_RECALL_LEAST 1.0F  /* error that is always left, Lab ab units */
#define CF_RECALL_MOST 1e4F   /* chroma errors beyond are none */
#define CF_RECALL_APART 1e12F /* squared differences of chroma beyond are no numbers */
#define CF_RECALL_VIVID                                                                            \
    0.5F /* Lab's ab grows less than chroma: by error_scale / (1 + this times                      \
            its length), right within a tenth for sRGB's red and blue */
#define CF_RECALL_GUESS                                                                            \
    0.99F                    /* most that is called guessed of an error: guesses may be far off    \
                              */
#define CF_RECALL_SHOCK 4.0F /* what a surprise beyond what is allowed adds to the old variance */
#define CF_RECALL_AGREE                                                                            \
    9.0F                     /* (difference of guides over its standard deviation)^2 at which half \
                                of the share is left */
#define CF_RECALL_TINY 1e-4F /* share from which on doubt grows no more */

#endif
