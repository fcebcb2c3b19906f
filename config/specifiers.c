/* What stands for something else in [Deploy] and in the texts of a profile. */

#include <string.h>

#include "config/load.h"

static int expand_specifier(char c, const Specifiers *s, Bytes *out, char **ret_reason) {
        switch (c) {
        case 'n':
                return bytes_append_string(out, s->certificate);
        case 't':
                return bytes_append_string(out, s->target);
        case 's':
                return bytes_append_string(out, s->stage);
        case '%':
                return bytes_append_string(out, "%");
        default:
                return value_refuse(
                                ret_reason,
                                "a '%%' that is none of %%n (certificate), %%t (target), %%s (stage directory), %%%%");
        }
}

static int list_variables(const ServiceVariables *v, Bytes *ret) {
        int r = 0;

        for (size_t i = 0; v && i < v->count && r >= 0; i++)
                r = bytes_printf(ret, "%s${%s}", i > 0 ? ", " : "", v->items[i].name);
        return r;
}

static int refuse_variable(const char *name, const ServiceVariables *v, char **ret_reason) {
        _cleanup_(bytes_done) Bytes known = {};
        _cleanup_free_ char *shown = str_escape(name, VALUE_SHOWN_MAX);

        if (!shown || list_variables(v, &known) < 0)
                return -ENOMEM;
        return value_refuse(
                        ret_reason,
                        "nothing is called ${%s} here%s%s; a '${' of its own is written '$${'",
                        shown, known.size ? "; there are: " : ", as the profile has no Find=",
                        bytes_text(&known));
}

/* `text` is behind "${". */
static int expand_variable(
                const char *text,
                const Specifiers *s,
                Bytes *out,
                const char **ret_end,
                char **ret_reason) {
        const ServiceVariable *variable;
        const char *end = strchr(text, '}');
        _cleanup_free_ char *name = NULL;

        if (!end)
                return value_refuse(
                                ret_reason,
                                "a '${' without its '}'; one of its own is written '$${'");
        name = strndup(text, (size_t) (end - text));
        if (!name)
                return -ENOMEM;
        variable = s->variables ? service_variable(s->variables, name) : NULL;
        if (!variable)
                return refuse_variable(name, s->variables, ret_reason);
        *ret_end = end;
        return bytes_append_string(out, variable->value);
}

int specifiers_expand(
                const char *text, const Specifiers *specifiers, char **ret, char **ret_reason) {
        _cleanup_(bytes_done) Bytes out = {};
        int r = 0;

        for (const char *p = text; r >= 0 && *p; p++) {
                if (*p == '%')
                        r = expand_specifier(*++p, specifiers, &out, ret_reason);
                else if (str_skip_prefix(p, "$${")) {
                        r = bytes_append_string(&out, "${");
                        p += 2;
                } else if (str_skip_prefix(p, "${"))
                        r = expand_variable(p + 2, specifiers, &out, &p, ret_reason);
                else
                        r = bytes_append(&out, p, 1);
        }
        if (r < 0)
                return r;
        *ret = bytes_take_text(&out);
        return *ret ? 0 : -ENOMEM;
}
