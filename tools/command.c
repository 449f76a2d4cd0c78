/* SPDX-License-Identifier: Apache-2.0 */
/* Command-line parsing by tables, help, progress. */
#include "tools/command.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define MAX_OPTIONS 64

const char *cf_cli_device;

static const cf_cli_option common[] = {
    {"device", 0, "D",
     "OpenCL device: number of 'chromafuse devices', cpu, gpu or part of a name\n"
     "(also from the environment: CHROMAFUSE_DEVICE; CHROMAFUSE_MEMORY limits\n"
     "what is taken of its memory: bytes, or with K, M, G, as 2G)"},
    {"verbose", 'v', NULL, "say more on stderr"},
    {"quiet", 'q', NULL, "only errors on stderr"},
    {"help", 'h', NULL, "this text"},
    {0},
};

static void print_option(const cf_cli_option *o) {
    char head[80];
    snprintf(head, sizeof head, "%s%c%s--%s%s%s", o->letter ? "-" : " ",
             o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->argument ? " " : "",
             o->argument ? o->argument : "");
    printf("  %-30s", head);
    if (strlen(head) > 29)
        printf("\n%32s", "");
    for (const char *c = o->help; *c; c++) {
        putchar(*c);
        if (*c == '\n')
            printf("%32s", "");
    }
    putchar('\n');
}

/* "chromafuse fuse", or the program's own name. */
static const char *name_of(const cf_cli *cli, char name[80]) {
    snprintf(name, 80, "%s%s", cli->program ? "" : "chromafuse ",
             cli->program ? cli->program : cli->command);
    return name;
}

static void print_help(const cf_cli *cli) {
    char name[80];
    printf("usage: %s %s\n\n%s\nOptions:\n", name_of(cli, name), cli->usage, cli->about);
    for (const cf_cli_option *o = cli->options; o->name; o++)
        print_option(o);
    for (const cf_cli_option *o = common; o->name; o++)
        print_option(o);
    if (cli->examples)
        printf("\nExamples:\n%s", cli->examples);
}

static const cf_cli_option *option_at(const cf_cli *cli, int index) {
    for (const cf_cli_option *o = cli->options; o->name; o++)
        if (index-- == 0)
            return o;
    return &common[index];
}

/* Fills getopt's tables; codes from 256 on are indices, letters map to the same index by `letters`.
 */
static void make_tables(const cf_cli *cli, struct option *longs, char *shorts, int *letters) {
    int n = 0;
    *shorts++ = ':';
    for (int table = 0; table < 2; table++)
        for (const cf_cli_option *o = table ? common : cli->options; o->name && n < MAX_OPTIONS;
             o++, n++) {
            longs[n] = (struct option){o->name, o->argument ? required_argument : no_argument, NULL,
                                       256 + n};
            if (o->letter) {
                letters[o->letter & 127] = n;
                *shorts++ = (char)o->letter;
                if (o->argument)
                    *shorts++ = ':';
            }
        }
    longs[n] = (struct option){0};
    *shorts = '\0';
}

static cf_status usage_error(const cf_cli *cli) {
    char name[80];
    fprintf(stderr, "Try '%s --help'.\n", name_of(cli, name));
    return CF_ERR_INVALID;
}

static cf_status take_option(const cf_cli *cli, const cf_cli_option *o, const char *value,
                             void *target) {
    if (!strcmp(o->name, "help")) {
        print_help(cli);
        return CF_ERR_CANCELLED;
    }
    if (!strcmp(o->name, "device"))
        cf_cli_device = value;
    else if (strcmp(o->name, "verbose") && strcmp(o->name, "quiet"))
        return cli->take(target, o->name, value ? value : "");
    return CF_OK; /* verbose and quiet were seen by main before */
}

cf_status cf_cli_parse(const cf_cli *cli, int argc, char **argv, void *target) {
    struct option longs[MAX_OPTIONS + 1];
    char shorts[2 * MAX_OPTIONS + 2];
    int letters[128] = {0}, code;
    make_tables(cli, longs, shorts, letters);
    optind = 1;
    opterr = 0;
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (code == '?' || code == ':') {
            cf_log(CF_LOG_ERROR,
                   code == ':' ? "%s: option '%s' needs a value" : "%s: unknown option '%s'",
                   cli->command, argv[optind - 1]);
            return usage_error(cli);
        }
        const cf_cli_option *o = option_at(cli, code >= 256 ? code - 256 : letters[code & 127]);
        cf_status status = take_option(cli, o, optarg, target);
        if (status == CF_ERR_CANCELLED)
            return status;
        if (status != CF_OK)
            return usage_error(cli);
    }
    for (; optind < argc; optind++)
        if (cli->take(target, NULL, argv[optind]) != CF_OK)
            return usage_error(cli);
    return CF_OK;
}

int cf_cli_exit(cf_status status) {
    if (status == CF_OK)
        return CF_EXIT_OK;
    return CF_EXIT_FAILED;
}

cf_status cf_cli_int(const char *option, const char *value, long min, long max, long *out) {
    char *end;
    errno = 0;
    long v = strtol(value, &end, 10);
    if (end == value || *end || errno || v < min || v > max)
        return cf_fail(CF_ERR_INVALID, "--%s needs a whole number in %ld..%ld, not '%s'", option,
                       min, max, value);
    *out = v;
    return CF_OK;
}

cf_status cf_cli_float(const char *option, const char *value, double min, double max, double *out) {
    char *end;
    double v = strtod(value, &end);
    if (end == value || *end || !isfinite(v) || v < min || v > max)
        return cf_fail(CF_ERR_INVALID, "--%s needs a number in %g..%g, not '%s'", option, min, max,
                       value);
    *out = v;
    return CF_OK;
}

cf_status cf_cli_depth(const char *option, const char *value, long *out) {
    CF_TRY(cf_cli_int(option, value, 8, 16, out));
    return *out == 8 || *out == 16 ? CF_OK : cf_fail(CF_ERR_INVALID, "--%s is 8 or 16", option);
}

int cf_cli_take_text(const cf_cli_text *texts, void *options, const char *option, const char *value,
                     cf_status *status) {
    for (; texts->name; texts++)
        if (!strcmp(option, texts->name)) {
            *(const char **)(void *)((char *)options + texts->offset) = value;
            *status = *value ? CF_OK : cf_fail(CF_ERR_INVALID, "--%s needs a file name", option);
            return 1;
        }
    return 0;
}

cf_status cf_cli_size(const char *option, const char *value, int *width, int *height) {
    char *end;
    long w = strtol(value, &end, 10), h = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (*end || w < 1 || h < 1 || w > 32768 || h > 32768)
        return cf_fail(CF_ERR_INVALID, "--%s needs a size like 1280x720, not '%s'", option, value);
    *width = (int)w;
    *height = (int)h;
    return CF_OK;
}

cf_status cf_cli_flush(void) {
    static int said;
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout))
        return CF_OK;
    if (!said++)
        cf_log(CF_LOG_ERROR, "standard output: cannot write: %s", strerror(errno ? errno : EIO));
    return CF_ERR_IO;
}

void cf_cli_progress(const char *what, size_t done, size_t total) {
    static time_t start;
    if (!isatty(STDERR_FILENO) || total < 2)
        return;
    if (!done)
        start = time(NULL);
    char bar[31];
    size_t filled = done * 30 / total;
    for (size_t i = 0; i < 30; i++)
        bar[i] = i < filled ? '=' : ' ';
    bar[30] = '\0';
    double left = done ? difftime(time(NULL), start) * (double)(total - done) / (double)done : 0;
    fprintf(stderr, "\r%s [%s] %zu/%zu, %.0f s left \033[K%s", what, bar, done, total, left,
            done == total ? "\r\033[K" : "");
}
