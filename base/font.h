/* SPDX-License-Identifier: Apache-2.0 */
/* A small built-in bitmap font: labels on contact sheets, print on the simulator's test cards. */
#ifndef CHROMAFUSE_BASE_FONT_H
#define CHROMAFUSE_BASE_FONT_H

/* Every glyph is CF_FONT_WIDTH x CF_FONT_HEIGHT dots; the baseline is under dot row 6, row 7 holds
 * descenders. Setting CF_FONT_ADVANCE dots from glyph to glyph leaves one column between them. */
#define CF_FONT_WIDTH 5
#define CF_FONT_HEIGHT 8
#define CF_FONT_ADVANCE 6
#define CF_FONT_LINE 10 /* dots from baseline to baseline */

/* 1 where the glyph of an ASCII character has ink at dot (column, row); 0 outside the glyph.
 * Characters without a glyph are shown as '?'. */
int cf_font_dot(int character, int column, int row);

/*
 * Ink 0..1 at a point of the line `text`, in dots from its top left corner: dots are joined and
 * their corners rounded, so that enlarged text has smooth edges. 0 left of, right of, above and
 * below it.
 */
double cf_font_ink(const char *text, double x, double y);

#endif
