/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands share: option tables that parse and print their own help, and conventions of
 * the command line. */
#ifndef CHROMAFUSE_TOOLS_COMMAND_H
#define CHROMAFUSE_TOOLS_COMMAND_H

#include <stdio.h>

#include "base/log.h"

/* Exit codes of the program. */
enum { CF_EXIT_OK = 0, CF_EXIT_FAILED = 1, CF_EXIT_USAGE = 2 };

/* One option of a command; a table ends with a NULL name. */
typedef struct {
    const char *name;     /* long name without dashes */
    int letter;           /* short form, or 0 */
    const char *argument; /* name of its value for the help; NULL: a flag */
    const char *help;     /* may hold line breaks */
} cf_cli_option;

typedef struct {
    const char *command;  /* "fuse" */
    const char *usage;    /* "--rig rig.yaml --mono M --color C -o OUT" */
    const char *about;    /* what it does, a paragraph or two; ends with a line break */
    const char *examples; /* command lines with their purpose; may be NULL */
    const char *program;  /* for programs of one command: what help calls it; NULL: "chromafuse
                             COMMAND" */
    const cf_cli_option *options;
    /* Takes option `name` with its value ("" for flags), or an operand (name NULL). CF_ERR_INVALID:
     * bad usage, logged. */
    cf_status (*take)(void *target, const char *name, const char *value);
} cf_cli;

/*
 * Parses argv. CF_OK: go on; CF_ERR_CANCELLED: the help was asked for and printed; CF_ERR_INVALID:
 * bad usage, and a line that points at --help was printed.
 */
cf_status cf_cli_parse(const cf_cli *cli, int argc, char **argv, void *target);

/* The exit code for how cf_cli_parse or the command's work ended. */
int cf_cli_exit(cf_status status);

/* Numbers from the command line, whole and in range; CF_ERR_INVALID names the option. */
cf_status cf_cli_int(const char *option, const char *value, long min, long max, long *out);
cf_status cf_cli_float(const char *option, const char *value, double min, double max, double *out);
/* Bits of a sample in a result: 8 or 16. */
cf_status cf_cli_depth(const char *option, const char *value, long *out);

/* An option whose value is kept as it is: where its const char * stands in a command's options. */
typedef struct {
    const char *name;
    size_t offset;
} cf_cli_text;
/* 1 when `option` is one of the texts, whose list ends with a NULL name, and then *status: CF_OK,
 * or CF_ERR_INVALID for an empty value. */
int cf_cli_take_text(const cf_cli_text *texts, void *options, const char *option, const char *value,
                     cf_status *status);
/* "WxH" */
cf_status cf_cli_size(const char *option, const char *value, int *width, int *height);

/* Writes out what was printed so far. CF_ERR_IO, logged once: standard output took it not whole. */
cf_status cf_cli_flush(void);

/* A progress bar on stderr when that is a terminal, else nothing. done in 0..total. */
void cf_cli_progress(const char *what, size_t done, size_t total);

/* 1: --quiet was given; progress is not shown. */
int cf_cli_quiet(void);

/* Set by Ctrl-C: long loops look at it and stop with CF_ERR_CANCELLED. */
int cf_cli_interrupted(void);

/* From now on the first Ctrl-C (or SIGTERM) only sets that; a second one ends the program as ever.
 * For commands that run until they are told to stop. */
void cf_cli_end_gently(void);

/* Errors and warnings that are logged from now on go to `take` and are not shown; NULL: shown
 * again.
 */
void cf_cli_capture(void (*take)(cf_log_level level, const char *line));

/* Warnings logged since the program's start; NULL behind the last. */
const char *cf_cli_warning(size_t index);

/* Device choice of --device, for commands that open one; NULL: the default. */
extern const char *cf_cli_device;

/* The subcommands, each in a file of its name. */
int cf_command_fuse(int argc, char **argv);
int cf_command_colorize(int argc, char **argv);
int cf_command_live(int argc, char **argv);
int cf_command_calibrate(int argc, char **argv);
int cf_command_simulate(int argc, char **argv);
int cf_command_compare(int argc, char **argv);
int cf_command_devices(int argc, char **argv);
int cf_command_bench(int argc, char **argv);
int cf_command_model(int argc, char **argv);
int cf_command_capture(int argc, char **argv);

#endif
