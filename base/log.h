/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: a callback of the application; the library itself never writes to a stream. */
#ifndef CHROMAFUSE_BASE_LOG_H
#define CHROMAFUSE_BASE_LOG_H

#include "base/status.h"

typedef enum { CF_LOG_ERROR = 0, CF_LOG_WARNING, CF_LOG_INFO, CF_LOG_DEBUG } cf_log_level;

/* Receives one line without newline. Called from any thread, one call at a time; must not call
 * cf_log itself. */
typedef void (*cf_log_fn)(void *user, cf_log_level level, const char *line);

/* Installs fn for lines up to max_level (more verbose ones are dropped unformatted). NULL fn:
 * silence, the default. */
void cf_log_set(cf_log_fn fn, void *user, cf_log_level max_level);

/*
 * What the calling thread logs from now on is at most as grave as level (CF_LOG_ERROR, at first: as
 * it is): for work whose failure is no failure of the whole, as a frame of many that is left out.
 */
void cf_log_lower(cf_log_level level);

/* Formats and delivers one line, cut at 1023 bytes; control characters from outside are shown as
 * '?'. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void cf_log(cf_log_level level, const char *format, ...);

/* Logs an error line and returns status: `return cf_fail(CF_ERR_IO, "%s: %s", path,
 * strerror(errno));` */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
cf_status
cf_fail(cf_status status, const char *format, ...);

#ifdef __clang_analyzer__ /* it looks at one file at a time: tell it that status comes back */
#define cf_fail(status, ...) (cf_log(CF_LOG_ERROR, __VA_ARGS__), (status))
#endif

#endif
