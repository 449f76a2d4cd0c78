/* SPDX-License-Identifier: Apache-2.0 */
/* The order of names that people mean: left2 before left10. */
#ifndef CHROMAFUSE_BASE_NATURAL_H
#define CHROMAFUSE_BASE_NATURAL_H

/* Compares names so that numbers in them count as numbers; 0 only for equal names. */
int cf_natural_compare(const char *a, const char *b);

#endif
