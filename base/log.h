#pragma once

/* Logging. The one who decides logs, once. Every message is one line; foreign text in it passes
 * str_escape() first. Without a sink lines go to standard error, with a <N> prefix when that is the
 * journal; systemd/journal sets a sink that keeps the fields. */

#include <syslog.h>

#include "base/base.h"

/* What a message is about; all borrowed, all may be NULL. They become journal fields. */
typedef struct LogFields {
        const char *certificate; /* RENEWD_CERTIFICATE= */
        const char *ca;          /* RENEWD_CA= */
        const char *order;       /* RENEWD_ORDER= (URL) */
        const char *target;      /* RENEWD_TARGET= */
        const char *endpoint;    /* RENEWD_ENDPOINT= */
        const char *message_id;  /* MESSAGE_ID= (32 hex), one of base/message-id.h */
} LogFields;

typedef void (*log_sink_fn)(int level, const char *message, const LogFields *fields);

void log_set_max_level(int level); /* LOG_DEBUG … LOG_ERR; default LOG_INFO */
void log_set_sink(log_sink_fn sink);
void log_set_program(const char *name); /* borrowed; prefix on a terminal */

void log_message(int level, const LogFields *fields, const char *format, ...) _printf_(3, 4);

#define log_debug(...)   log_message(LOG_DEBUG, NULL, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, NULL, __VA_ARGS__)
#define log_notice(...)  log_message(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, NULL, __VA_ARGS__)
#define log_error(...)   log_message(LOG_ERR, NULL, __VA_ARGS__)

/* "No such file or directory (ENOENT)" for a negative errno. Static or thread-local storage. */
const char *errno_text(int error);
