/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text as a tree that knows where in the text each value stands; private to calib/. */
#ifndef CHROMAFUSE_CALIB_YAML_TEXT_H
#define CHROMAFUSE_CALIB_YAML_TEXT_H

#include <stddef.h>
#include <yaml.h>

#include "base/status.h"

/* A parsed text; the tree points into nothing of it. Freed with yaml_document_delete(&d.tree). */
typedef struct {
    const char *text;
    yaml_document_t tree;
} cf_yaml;

/*
 * Parses a zero-terminated text whose top is a mapping, or which is empty. path stands for the file
 * in messages. CF_ERR_FORMAT: not YAML, or another top; CF_ERR_UNSUPPORTED: anchors, aliases or
 * several documents; *d needs freeing after CF_OK only.
 */
cf_status cf_yaml_parse(const char *path, const char *text, cf_yaml *d);

/* The top mapping; NULL for a text of comments only. */
const yaml_node_t *cf_yaml_root(const cf_yaml *d);
const yaml_node_t *cf_yaml_node(const cf_yaml *d, int index);

/* 1 when n is a scalar of that text. */
int cf_yaml_is(const yaml_node_t *n, const char *value);

/* 1 for a mapping or sequence written by indentation, not in braces. */
int cf_yaml_is_block(const yaml_node_t *n);

/* The pair of a mapping with that key; NULL when there is none, or mapping is NULL. */
const yaml_node_pair_t *cf_yaml_find(const cf_yaml *d, const yaml_node_t *mapping, const char *key);

/* Bytes where a node's text begins and where it has ended. */
size_t cf_yaml_start(const cf_yaml *d, const yaml_node_t *n);
size_t cf_yaml_end(const cf_yaml *d, const yaml_node_t *n);

/*
 * 1 when both texts hold the same, but for the value of section.key, which may also be new, and its
 * section with it.
 */
int cf_yaml_same_but(const cf_yaml *a, const cf_yaml *b, const char *section, const char *key);

#endif
