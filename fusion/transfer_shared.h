/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of stage `transfer` that are no parameters; its reference and its kernels read them
 * here. */
#ifndef CHROMAFUSE_FUSION_TRANSFER_SHARED_H
#define CHROMAFUSE_FUSION_TRANSFER_SHARED_H

#define CF_TRANSFER_BINS 16        /* levels of the grid over sqrt-mono 0..1 */
#define CF_TRANSFER_FLOOR 1e-4F    /* added to a variance before it is inverted to a weight */
#define CF_TRANSFER_BIN_LEAK 0.03F /* weight of the neighbouring levels */
#define CF_TRANSFER_DISAGREE                                                                       \
    0.35F /* share of the variance among averaged priors that adds to theirs */
#define CF_TRANSFER_TEXTURE 0.3F /* share of a cell's mono variance that adds to mono_range^2 */
#define CF_TRANSFER_TINY 1e-20F  /* keeps 0 / 0 out */

#endif
