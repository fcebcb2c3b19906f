/* Logging to one sink. The message passes the gate as a whole once more: a caller that forgot to
 * escape costs an ugly line and not a forged one. */

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/strings.h"

#define LOG_LINE_MAX ((size_t) 4096)

static int log_max_level = LOG_INFO;
static log_sink_fn log_sink = NULL;
static const char *log_program = NULL;

void log_set_max_level(int level) {
        log_max_level = level;
}

void log_set_sink(log_sink_fn sink) {
        log_sink = sink;
}

void log_set_program(const char *name) {
        log_program = name;
}

/* $JOURNAL_STREAM names device and inode of the stream; a redirected standard error does not match
 * (systemd.exec(5)). */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
               fstat(STDERR_FILENO, &st) >= 0 && st.st_dev == device && st.st_ino == inode;
}

/* One writev() per line, so that lines of several processes do not mix. */
static void log_to_stderr(int level, const char *message) {
        char priority[] = { '<', (char) ('0' + LOG_PRI(level)), '>', 0 };
        bool journal = stderr_is_journal();
        const char *parts[] = { journal       ? priority
                                : log_program ? log_program
                                              : "",
                                !journal && log_program ? ": " : "", message, "\n" };
        struct iovec iov[ELEMENTSOF(parts)];

        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                iov[i] = (struct iovec){ .iov_base = (void *) parts[i],
                                         .iov_len = strlen(parts[i]) };
        ssize_t n = writev(STDERR_FILENO, iov, ELEMENTSOF(iov));
        (void) n; /* there is no place to complain about the place to complain */
}

void log_message(int level, const LogFields *fields, const char *format, ...) {
        static const LogFields no_fields = {};
        _cleanup_free_ char *raw = NULL, *line = NULL;
        int saved = errno;
        va_list ap;

        if (LOG_PRI(level) > log_max_level)
                return;
        va_start(ap, format);
        if (vasprintf(&raw, format, ap) < 0)
                raw = NULL; /* undefined by the standard after an error */
        va_end(ap);
        line = raw ? str_escape(raw, LOG_LINE_MAX) : NULL;

        const char *message = line ? line : "out of memory while logging";
        if (log_sink)
                log_sink(level, message, fields ? fields : &no_fields);
        else
                log_to_stderr(level, message);
        errno = saved;
}

const char *errno_text(int error) {
        static _Thread_local char text[128];
        int number = error < 0 && error != INT32_MIN ? -error : error;
        const char *description = strerrordesc_np(number), *name = strerrorname_np(number);

        if (!description || !name)
                (void) snprintf(text, sizeof(text), "Unknown error (%d)", number); /* fits */
        else
                (void) snprintf(text, sizeof(text), "%s (%s)", description, name); /* fits */
        return text;
}
