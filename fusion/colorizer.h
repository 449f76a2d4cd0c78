/* SPDX-License-Identifier: Apache-2.0 */
/* The network's weights: those that are built in, or a file of the same kind. */
#ifndef CHROMAFUSE_FUSION_COLORIZER_H
#define CHROMAFUSE_FUSION_COLORIZER_H

#include "cl/net/model.h"

/* Its inputs and outputs, float32, N x planes x height x width with N = 1 (fusion/models/README.md
 * says what they mean). Sides are multiples of 16. */
typedef enum {
    CF_COLORIZER_TRANSFERRED,
    CF_COLORIZER_DOUBT,
    CF_COLORIZER_MONO,
    CF_COLORIZER_HINT,
    CF_COLORIZER_CONFIDENCE,
    CF_COLORIZER_SIGMA,
    CF_COLORIZER_VIVID, /* 1x1x1x1 */
    CF_COLORIZER_INPUTS,
    CF_COLORIZER_CHROMA = CF_COLORIZER_INPUTS,
    CF_COLORIZER_ERROR,
    CF_COLORIZER_PORTS
} cf_colorizer_port;

/*
 * Reads `path`, or with NULL the network that is built in; free with cf_model_destroy. As
 * cf_model_load fails, and CF_ERR_UNSUPPORTED: the file has other inputs or outputs; the message
 * says which are needed.
 */
cf_status cf_colorizer_open(const char *path, cf_model **out);

/* Where the model has each port among its inputs or outputs; CF_ERR_UNSUPPORTED as above. */
cf_status cf_colorizer_ports(const cf_model *model, size_t at[CF_COLORIZER_PORTS]);

/* Planes of a port. */
int cf_colorizer_planes(cf_colorizer_port port);

#endif
