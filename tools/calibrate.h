/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `chromafuse calibrate`, each in files of its name. */
#ifndef CHROMAFUSE_TOOLS_CALIBRATE_H
#define CHROMAFUSE_TOOLS_CALIBRATE_H

/* Each takes its own name as argv[0] and gives the exit code. */
int cf_calibrate_geometry(int argc, char **argv);
int cf_calibrate_check(int argc, char **argv);
int cf_calibrate_color(int argc, char **argv);
int cf_calibrate_geometry(int argc, char **argv);
int cf_calibrate_noise(int argc, char **argv);
int cf_calibrate_shading(int argc, char **argv);

#endif
