/* Option= of [Deploy]: what the programs of a target are told besides what every program is. A name becomes part of the name
 * of a variable; a later value of the same name replaces the earlier one, so that a certificate overrides its profile. */

#include <string.h>

#include "config/value.h"

#define OPTION_NAME_MAX  ((size_t) 64)
#define OPTION_VALUE_MAX ((size_t) 4096)

static size_t name_size(const char *text) {
        static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

        return *text >= 'A' && *text <= 'Z' ? strspn(text, upper) : 0;
}

static int check(const char *text, size_t size, char **ret_reason) {
        if (size == 0 || text[size] != '=')
                return value_refuse(
                                ret_reason,
                                "not NAME=VALUE with a name of A-Z, 0-9 and _; write for example SETUP=yes");
        if (size > OPTION_NAME_MAX || strlen(text + size) > OPTION_VALUE_MAX)
                return value_refuse(ret_reason, "the name or the value is too long");
        for (const char *p = text; *p; p++)
                if ((unsigned char) *p < ' ' || *p == 0x7f)
                        return value_refuse(ret_reason, "the value has a control character");
        return 0;
}

static int parse_options(const char *text, void *field, void *second, char **ret_reason) {
        StringList *list = field;
        size_t size = name_size(text);
        int r;

        (void) second;
        if (!*text) {
                string_list_done(list);
                return 0;
        }
        r = check(text, size, ret_reason);
        if (r < 0)
                return r;
        for (size_t i = 0; i < list->count; i++)
                if (strncmp(list->items[i], text, size + 1) == 0)
                        return str_replace(&list->items[i], text);
        if (list->count >= LIST_MAX)
                return value_refuse(ret_reason, "more than %d options", LIST_MAX);
        return string_list_add(list, text);
}

const ValueType value_options = { "NAME=VALUE", parse_options, value_format_lines };
