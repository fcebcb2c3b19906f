/* Value types of [Deploy]: commands and units. Nothing here is ever handed to a shell: a command is an
 * argument vector from the moment it is read. */

#include <stdio.h>
#include <string.h>

#include "base/conf-file.h"
#include "config/value.h"

int value_format_word(const char *word, Bytes *ret) {
        bool plain = *word != '\0';
        int r;

        for (const char *p = word; *p; p++)
                if ((unsigned char) *p <= ' ' || strchr("\"'\\", *p))
                        plain = false;
        if (plain)
                return bytes_append_string(ret, word);
        r = bytes_append_string(ret, "\"");
        for (const char *p = word; *p && r >= 0; p++)
                if (strchr("\"\\", *p))
                        r = bytes_printf(ret, "\\%c", *p);
                else
                        r = bytes_printf(ret, (unsigned char) *p < ' ' ? "\\x%02x" : "%c", *p);
        return r < 0 ? r : bytes_append_string(ret, "\"");
}

static int parse_command(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        int r;

        (void) second;
        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        if (words.count > WORDS_MAX)
                return value_refuse(ret_reason, "more than %d words", WORDS_MAX);
        if (words.count > 0 && !path_is_normal(words.items[0], ret_reason))
                return *ret_reason ? -EINVAL : -ENOMEM;
        string_list_done(field);
        *(StringList *) field = words;
        words = (StringList){};
        return 0;
}

static int format_command(const char *key, const void *field, const void *second, Bytes *ret) {
        const StringList *words = field;
        int r = 0;

        (void) second;
        for (size_t i = 0; i < words->count && r >= 0; i++) {
                r = i > 0 ? bytes_append_string(ret, " ") : bytes_printf(ret, "%s=", key);
                if (r >= 0)
                        r = value_format_word(words->items[i], ret);
        }
        return r < 0 || words->count == 0 ? r : bytes_append_string(ret, "\n");
}

static bool unit_has_suffix(const char *name) {
        static const char *const suffixes[] = { ".service", ".target", ".socket", ".path",
                                                ".timer",   ".scope",  ".slice" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (str_ends_with(name, suffixes[i]))
                        return true;
        return false;
}

static int parse_unit(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_free_ char *name = NULL;
        int r;

        (void) second;
        if (!*text)
                return str_replace(field, NULL);
        if (strlen(text) > 240 || text[0] == '.' || text[0] == '-' ||
            str_ends_with(text, "@.service"))
                return value_refuse(
                                ret_reason,
                                "not the name of a unit; write for example nginx.service");
        for (const char *p = text; *p; p++)
                if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
                    !(*p >= '0' && *p <= '9') && !strchr(":-_.\\@", *p))
                        return value_refuse(
                                        ret_reason,
                                        "not the name of a unit; write for example nginx.service");
        r = str_printf(&name, "%s%s", text, unit_has_suffix(text) ? "" : ".service");
        return r < 0 ? r : str_replace(field, name);
}

const ValueType value_command = { "COMMAND", parse_command, format_command };
const ValueType value_unit = { "UNIT", parse_unit, value_format_text };
