/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate`: picks what is calibrated. */
#include "tools/calibrate.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tools/command.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} parts[] = {
    {"geometry", "where the two cameras look, and through which lenses", cf_calibrate_geometry},
    {"noise", "noise, black level and broken pixels, from flat frames", cf_calibrate_noise},
    {"shading", "how much darker each lens gets towards its corners", cf_calibrate_shading},
    {"color", "colours, and the mono sensor's response, from a 24-patch chart", cf_calibrate_color},
    {"check", "what is wrong with a rig, in plain words", cf_calibrate_check},
};

static int print_overview(void) {
    printf("usage: chromafuse calibrate WHAT [OPTIONS]\n\n"
           "Measures a rig of two cameras, one thing at a time. Each calibration writes files of "
           "its own\ninto the rig's folder and sets its own keys in rig.yaml; everything else "
           "stays, comments\nincluded. docs/calibration.md tells how to take the pictures.\n\n"
           "What:\n");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        printf("  %-10s %s\n", parts[i].name, parts[i].summary);
    printf("\n'chromafuse calibrate WHAT --help' explains each.\n");
    return CF_EXIT_OK;
}

int cf_command_calibrate(int argc, char **argv) {
    if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
        return print_overview();
    for (size_t i = 0; argc >= 2 && i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(argv[1], parts[i].name))
            return parts[i].run(argc - 1, argv + 1);
    if (argc < 2)
        cf_log(CF_LOG_ERROR, "calibrate: say what, for instance check");
    else
        cf_log(CF_LOG_ERROR, "calibrate: there is nothing called '%s' to calibrate", argv[1]);
    fprintf(stderr, "Try 'chromafuse calibrate --help'.\n");
    return CF_EXIT_USAGE;
}
