/* SPDX-License-Identifier: Apache-2.0 */
/* Formats log lines and hands them to the application's callback. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cf_log_fn callback;
static void *callback_user;
static cf_log_level verbosity = CF_LOG_WARNING;
static _Thread_local cf_log_level gravest = CF_LOG_ERROR;

void cf_log_set(cf_log_fn fn, void *user, cf_log_level max_level) {
    pthread_mutex_lock(&lock);
    callback = fn;
    callback_user = user;
    verbosity = max_level;
    pthread_mutex_unlock(&lock);
}

void cf_log_lower(cf_log_level level) {
    gravest = level;
}

/* File names and maker notes reach the log: a terminal must not be driven by them. */
static void defuse(char *line) {
    for (; *line; line++) {
        unsigned char c = (unsigned char)*line;
        if (c < 0x20 || c == 0x7f)
            *line = '?';
    }
}

static void deliver(cf_log_level level, const char *format, va_list args) {
    if (level < gravest)
        level = gravest;
    pthread_mutex_lock(&lock);
    if (callback && level <= verbosity) {
        char line[1024];
        vsnprintf(line, sizeof line, format, args);
        defuse(line);
        callback(callback_user, level, line);
    }
    pthread_mutex_unlock(&lock);
}

void cf_log(cf_log_level level, const char *format, ...) {
    va_list args;
    va_start(args, format);
    deliver(level, format, args);
    va_end(args);
}

#undef cf_fail
cf_status cf_fail(cf_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    deliver(CF_LOG_ERROR, format, args);
    va_end(args);
    return status;
}
