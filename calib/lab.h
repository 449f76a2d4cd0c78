/* SPDX-License-Identifier: Apache-2.0 */
/* CIELAB and the colour difference CIEDE2000. */
#ifndef CHROMAFUSE_CALIB_LAB_H
#define CHROMAFUSE_CALIB_LAB_H

/*
 * Linear Rec.709 (D65) <-> CIELAB of the 2 degree observer under D50, as charts are published;
 * between the two whites Bradford's chromatic adaptation (ICC.1:2022, annex E). rgb 1,1,1 is L*
 * 100. Negative and larger values are fine: the lower, linear part of L*a*b* goes on.
 */
void cf_lab_of_rec709(const double rgb[3], double lab[3]);
void cf_rec709_of_lab(const double lab[3], double rgb[3]);

/* CIE XYZ under D50 (Y 1 for white), unadapted, to CIELAB. */
void cf_lab_of_xyz(const double xyz[3], double lab[3]);

/* Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes" (Color
 * Research and Application 30:1, 2005), kL = kC = kH = 1. */
double cf_ciede2000(const double lab1[3], const double lab2[3]);

/* The same as three parts whose squares sum to its square: what least squares can work on. */
void cf_ciede2000_parts(const double lab1[3], const double lab2[3], double parts[3]);

#endif
