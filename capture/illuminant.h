/* SPDX-License-Identifier: Apache-2.0 */
/* Colours of lights: lamps and daylight of a colour temperature. */
#ifndef CHROMAFUSE_CAPTURE_ILLUMINANT_H
#define CHROMAFUSE_CAPTURE_ILLUMINANT_H

/*
 * CIE 1931 chromaticity of a light of 1000..25000 K (clamped): up to 4000 K a Planckian radiator
 * (the cubic splines of Kim et al., US patent 7024034, 2006, good to 1e-3), from 5000 K on daylight
 * (CIE 15:2004, equations 3.2 to 3.4; above 4000 K), in between a blend of both.
 */
void cf_illuminant_xy(double kelvin, double xy[2]);

/* The same as linear Rec.709, green 1. White (1,1,1) is D65, 6504 K. Deep reds have negative blue:
 * it is held at 0.01. */
void cf_illuminant_rec709(double kelvin, double rgb[3]);

#endif
