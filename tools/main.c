/* SPDX-License-Identifier: Apache-2.0 */
/* The program `chromafuse`: picks the subcommand, shows the log, cleans up on Ctrl-C. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "fusion/version.h"
#include "tools/command.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"fuse", "a mono and a colour raw in, one clean colour picture out", cf_command_fuse},
    {"colorize", "colour for black-and-white photographs", cf_command_colorize},
    {"live", "two cameras' fused picture as it comes: window, pipe, file, device", cf_command_live},
    {"calibrate", "measure a rig: geometry, noise, shading, colour; check it",
     cf_command_calibrate},
    {"simulate", "the files of a rig, from a stereo picture or a scene of its own",
     cf_command_simulate},
    {"compare", "score pictures against the truth, contact sheet", cf_command_compare},
    {"capture", "record pairs of raw frames from two cameras", cf_command_capture},
    {"devices", "list OpenCL devices", cf_command_devices},
    {"bench", "time each stage, the whole chain, or a network", cf_command_bench},
    {"model", "look into a network, or run it on NumPy files", cf_command_model},
};

static volatile sig_atomic_t interrupted, gently;
static int quiet;

int cf_cli_quiet(void) {
    return quiet;
}

int cf_cli_interrupted(void) {
    return interrupted;
}

void cf_cli_end_gently(void) {
    gently = 1;
}

/* The first Ctrl-C ends the program cleanly: temporaries go, nothing half-written stays. */
static void on_signal(int signal_number) {
    static const char line[] = "chromafuse: error: interrupted; nothing half-written is left\n";
    (void)signal_number;
    int is_first = !interrupted;
    interrupted = 1;
    if (gently && is_first)
        return;
    cf_file_discard_all();
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(CF_EXIT_FAILED);
    _exit(CF_EXIT_FAILED);
}

static void (*captured)(cf_log_level level, const char *line);

void cf_cli_capture(void (*take)(cf_log_level level, const char *line)) {
    captured = take;
}

#define MAX_WARNINGS 32
static char warnings[MAX_WARNINGS][256];
static size_t warning_count;

const char *cf_cli_warning(size_t index) {
    return index < warning_count ? warnings[index] : NULL;
}

static void print_line(void *user, cf_log_level level, const char *line) {
    static const char *const names[] = {"error: ", "warning: ", "", ""};
    (void)user;
    if (captured && level <= CF_LOG_WARNING) {
        captured(level, line);
        return;
    }
    if (level == CF_LOG_WARNING && warning_count < MAX_WARNINGS)
        snprintf(warnings[warning_count++], sizeof warnings[0], "%s", line);
    if (level == CF_LOG_WARNING && quiet)
        return;
    /* over a line of progress, where there is one */
    fprintf(stderr, "%schromafuse: %s%s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", names[level],
            line);
}

static int print_overview(void) {
    printf("usage: chromafuse COMMAND [OPTIONS]\n\n"
           "Colour from one lens, detail from the other: fuses a mono and a Bayer sensor's raw\n"
           "pictures into one clean colour picture.\n\nCommands:\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    printf("\n'chromafuse COMMAND --help' explains a command. --version prints the version.\n");
    return CF_EXIT_OK;
}

static int try_help(void) {
    fprintf(stderr, "Try 'chromafuse --help'.\n");
    return CF_EXIT_USAGE;
}

static cf_log_level verbosity(int argc, char **argv) {
    cf_log_level level = CF_LOG_WARNING;
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "-v") || !strcmp(argv[i], "--verbose"))
            level = CF_LOG_INFO;
        if (!strcmp(argv[i], "-q") || !strcmp(argv[i], "--quiet"))
            quiet = 1; /* warnings still reach the report */
    }
    return level;
}

/* What was printed must have arrived: a full disk or a reader that left is a failure too. */
static int finish_output(int code) {
    if (cf_cli_flush() != CF_OK && code == CF_EXIT_OK)
        return CF_EXIT_FAILED;
    return code;
}

int main(int argc, char **argv) {
    const struct sigaction action = {.sa_handler = on_signal};
    cf_log_set(print_line, NULL, verbosity(argc, argv));
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on files is told like a full disk */
    if (argc < 2) {
        cf_log(CF_LOG_ERROR, "a command is missing, for instance fuse");
        return try_help();
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return finish_output(print_overview());
    if (!strcmp(argv[1], "--version")) {
        printf("chromafuse %s\n", cf_version());
        return finish_output(CF_EXIT_OK);
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(argv[1], commands[i].name))
            return finish_output(commands[i].run(argc - 1, argv + 1));
    cf_log(CF_LOG_ERROR, "there is no command '%s'", argv[1]);
    return try_help();
}
