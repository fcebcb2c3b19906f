/* How renewctl speaks: lines for a person, or one JSON object at the end for a program. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

static void keep_message(Ctl *ctl, const char *text) {
        const Json *messages;
        Json *copy;

        if (!ctl->answer)
                return;
        messages = json_get(ctl->answer, "messages");
        copy = messages ? json_copy(messages) : json_array_new();
        if (copy && json_append_string(copy, text) >= 0)
                (void) json_set(ctl->answer, "messages",
                                copy); /* without memory the line is lost */
        else
                (void) json_free(copy);
}

void ctl_say(Ctl *ctl, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (n < 0) {
                text = NULL;
                return;
        }
        if (ctl->json)
                keep_message(ctl, text);
        else
                (void) puts(text);
}

int ctl_fail(Ctl *ctl, int status, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (n < 0)
                text = NULL;
        (void) fflush(stdout);
        (void) fprintf(stderr, "renewctl: %s\n", text ? text : "out of memory");
        if (ctl->answer)
                (void) json_set_string(ctl->answer, "error", text);
        return status;
}

int ctl_no_memory(Ctl *ctl) {
        return ctl_fail(ctl, CTL_PROBLEM, "out of memory");
}

bool ctl_wants_colour(void) {
        const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

        return isatty(STDOUT_FILENO) && (!no_colour || !*no_colour) && term &&
               strcmp(term, "dumb") != 0;
}

bool ctl_can_ask(const Ctl *ctl) {
        return !ctl->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

bool ctl_ask(const char *question) {
        char answer[16];

        (void) printf("%s [y/N] ", question);
        (void) fflush(stdout);
        if (!fgets(answer, sizeof answer, stdin))
                return false;
        answer[strcspn(answer, "\n")] = '\0';
        return str_equal_ignore_case(answer, "y") || str_equal_ignore_case(answer, "yes");
}
