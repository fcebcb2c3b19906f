/* Messages: each names file and line, what was wrong and what would be right. An error breaks what it
 * belongs to and nothing else (R2.8.2). */

#include <stdarg.h>
#include <stdio.h>

#include "config/load.h"

#define MESSAGES_MAX 10000

/* A profile is read for every certificate that uses it: its messages are wanted once for each, and a
 * warning once. */
static bool is_known(const Config *c, bool error, const char *certificate, const char *text) {
        for (size_t i = 0; i < c->message_count; i++) {
                const ConfigMessage *m = &c->messages[i];

                if (m->error == error && str_equal(m->text, text) &&
                    (!error || str_equal(m->certificate, certificate)))
                        return true;
        }
        return false;
}

static int add_message(const Report *r, bool error, char *taken_text) {
        _cleanup_free_ char *text = taken_text, *certificate = NULL;
        Config *c = r->config;
        ConfigMessage *grown;
        int k;

        if (c->message_count >= MESSAGES_MAX || is_known(c, error, r->certificate, text))
                return 0;
        k = str_replace(&certificate, r->certificate);
        if (k < 0)
                return k;
        grown = reallocarray(c->messages, c->message_count + 1, sizeof *grown);
        if (!grown)
                return -ENOMEM;
        c->messages = grown;
        grown[c->message_count++] = (ConfigMessage){
                .error = error,
                .certificate = TAKE_PTR(certificate),
                .text = TAKE_PTR(text),
        };
        return 0;
}

int report_error(const Report *r, const char *format, ...) {
        va_list arguments;
        char *text;
        int n;

        if (r->broken)
                *r->broken = true;
        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        return n < 0 ? -ENOMEM : add_message(r, true, text);
}

int report_warning(const Report *r, const char *format, ...) {
        va_list arguments;
        char *text;
        int n;

        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        return n < 0 ? -ENOMEM : add_message(r, false, text);
}
