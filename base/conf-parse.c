/* INI text as systemd reads it (systemd.syntax(7)). Physical lines are joined to logical ones here; a
 * logical line is a section header or an assignment. An error costs its line, not the file: the reader
 * shows all errors of a file at once. */

#include <string.h>

#include "base/conf-file.h"

#define WHITESPACE " \t\n\r"

typedef struct Parser {
        const char *path;
        conf_item_fn item;
        conf_error_fn error;
        void *userdata;
        char *section;    /* owns; NULL before the first header */
        Bytes joined;     /* the logical line so far */
        unsigned line;    /* physical */
        unsigned started; /* where the logical line started */
        bool continued;
        bool dropped;         /* the logical line has an error that was reported */
        bool section_dropped; /* the header had an error: what is below it belongs to nobody */
} Parser;

static void parser_done(Parser *p) {
        free(p->section);
        bytes_done(&p->joined);
}

static void report(const Parser *p, unsigned line, const char *message) {
        if (p->error)
                p->error(p->path, line, message, p->userdata);
}

/* Cuts white space from both ends in place. */
static char *strip(char *text) {
        text += strspn(text, WHITESPACE);
        size_t length = strlen(text);
        while (length > 0 && strchr(WHITESPACE, text[length - 1]))
                length--;
        text[length] = 0;
        return text;
}

static int read_section(Parser *p, char *text) {
        size_t length = strlen(text);

        p->section_dropped = length < 3 || text[length - 1] != ']';
        if (p->section_dropped) {
                report(p, p->started, "invalid section header, its settings are ignored");
                return 0;
        }
        text[length - 1] = 0;
        if (str_replace(&p->section, text + 1) < 0)
                return -ENOMEM;
        return p->item(&(ConfItem){ .path = p->path,
                                    .line = p->started,
                                    .section = p->section,
                                    .value = "" },
                       p->userdata);
}

static int read_assignment(Parser *p, char *text) {
        char *equals = strchr(text, '=');

        if (p->section_dropped)
                return 0;
        if (!equals || equals == text) {
                report(p, p->started, equals ? "no key before '='" : "no '=' in the line");
                return 0;
        }
        if (!p->section) {
                report(p, p->started, "setting outside of a section");
                return 0;
        }
        *equals = 0;
        return p->item(&(ConfItem){ .path = p->path,
                                    .line = p->started,
                                    .section = p->section,
                                    .key = strip(text),
                                    .value = strip(equals + 1) },
                       p->userdata);
}

static int logical_line(Parser *p) {
        _cleanup_(bytes_done) Bytes joined = p->joined;
        bool dropped = p->dropped;

        p->joined = (Bytes){};
        p->continued = p->dropped = false;
        if (dropped || !joined.data)
                return 0;
        char *text = strip((char *) joined.data);
        if (!*text)
                return 0;
        return *text == '[' ? read_section(p, text) : read_assignment(p, text);
}

/* NULL if the physical line can be used. */
static const char *fault_of(const Parser *p, const char *text, size_t size) {
        if (size > CONF_LINE_MAX || p->joined.size + size > CONF_LINE_MAX)
                return "line too long";
        if (memchr(text, 0, size))
                return "line with a NUL octet";
        if (!utf8_is_valid(text, size))
                return "line is not UTF-8";
        return NULL;
}

static bool is_comment(const char *text, size_t size) {
        size_t i = 0;

        while (i < size && (text[i] == ' ' || text[i] == '\t'))
                i++;
        return i < size && (text[i] == '#' || text[i] == ';');
}

static bool ends_in_backslash(const char *text, size_t size) {
        size_t backslashes = 0;

        while (backslashes < size && text[size - 1 - backslashes] == '\\')
                backslashes++;
        return backslashes % 2 == 1;
}

static int physical_line(Parser *p, const char *text, size_t size) {
        int r = 0;

        p->line++;
        if (size > 0 && text[size - 1] == '\r')
                size--;
        if (is_comment(text, size))
                return 0; /* also between continued lines */
        if (!p->continued)
                p->started = p->line;

        const char *fault = p->dropped ? NULL : fault_of(p, text, size);
        if (fault) {
                report(p, p->line, fault);
                p->dropped = true;
        }
        p->continued = ends_in_backslash(text, size);
        if (!p->dropped) {
                r = bytes_append(&p->joined, text, size - p->continued);
                if (r >= 0 && p->continued)
                        r = bytes_append_string(&p->joined, " ");
        }
        if (r < 0)
                return r;
        return p->continued ? 0 : logical_line(p);
}

int conf_parse(const char *path,
               const void *text,
               size_t size,
               conf_item_fn item,
               conf_error_fn error,
               void *userdata) {
        _cleanup_(parser_done) Parser p = {
                .path = path, .item = item, .error = error, .userdata = userdata
        };
        const char *rest = text;
        int r;

        if (size > CONF_FILE_MAX)
                return -E2BIG;
        if (size >= 3 && memcmp(rest, "\xef\xbb\xbf", 3) == 0) {
                rest += 3;
                size -= 3;
        }
        while (size > 0) {
                const char *newline = memchr(rest, '\n', size);
                size_t length = newline ? (size_t) (newline - rest) : size;
                r = physical_line(&p, rest, length);
                if (r < 0)
                        return r;
                size_t used = length + (newline ? 1 : 0);
                rest += used;
                size -= used;
        }
        return logical_line(&p); /* a continuation at the end of the file ends with it */
}
