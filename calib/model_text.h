/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a camera model's text before mrcal's reader sees it, which trusts its input and prints to
 * stderr. */
#ifndef CHROMAFUSE_CALIB_MODEL_TEXT_H
#define CHROMAFUSE_CALIB_MODEL_TEXT_H

#include <stddef.h>

#include "base/status.h"

/*
 * CF_OK when text (size bytes, zero after them) is one { 'key': value, ... } with each of
 * lensmodel, intrinsics, extrinsics and imagersize once, a lens that mrcal knows, lists of finite
 * numbers of the right lengths. Otherwise CF_ERR_FORMAT and a line that names `name` and the key.
 */
cf_status cf_model_text_check(const char *name, const char *text, size_t size);

#endif
