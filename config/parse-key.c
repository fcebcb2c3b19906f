/* Value types of keys: one type, or the two of twins. */

#include <string.h>

#include "base/conf-file.h"
#include "config/value.h"

static int parse_word(const char *word, KeyType *ret, char **ret_reason) {
        _cleanup_(bytes_done) Bytes known = {};
        int r;

        *ret = key_type_from_string(word);
        if (*ret >= 0)
                return 0;
        for (KeyType t = 0; t < KEY_TYPE_MAX; t++) {
                r = bytes_printf(&known, "%s%s", t > 0 ? ", " : "", key_type_to_string(t));
                if (r < 0)
                        return r;
        }
        return value_refuse(ret_reason, "not a key type; use one of %s", bytes_text(&known));
}

static int parse_key_type(const char *text, void *field, void *second, char **ret_reason) {
        KeyType *type = field;

        (void) second;
        *type = KEY_TYPE_INVALID;
        return *text ? parse_word(text, type, ret_reason) : 0;
}

static int format_key_type(const char *key, const void *field, const void *second, Bytes *ret) {
        KeyType type = *(const KeyType *) field;

        (void) second;
        return type >= 0 ? bytes_printf(ret, "%s=%s\n", key, key_type_to_string(type)) : 0;
}

/* A server has one place for each family of keys, and a client asks for a family: two of one could
 * not be told apart. The value as a whole: a second KeyType= replaces the first. */
static int parse_key_types(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        KeyType parsed[KEY_TYPES_MAX];
        int r;

        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        if (words.count > KEY_TYPES_MAX)
                return value_refuse(ret_reason, "more than %d key types", KEY_TYPES_MAX);
        for (size_t i = 0; i < words.count; i++) {
                r = parse_word(words.items[i], &parsed[i], ret_reason);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < i; k++)
                        if (key_family(parsed[k]) == key_family(parsed[i]))
                                return value_refuse(
                                                ret_reason,
                                                "two of one family; a service has one place for "
                                                "each of RSA, ECDSA and Ed25519");
        }
        memcpy(field, parsed, words.count * sizeof parsed[0]);
        *(size_t *) second = words.count;
        return 0;
}

static int format_key_types(const char *key, const void *field, const void *second, Bytes *ret) {
        const KeyType *types = field;
        size_t count = *(const size_t *) second;
        int r = 0;

        for (size_t i = 0; i < count && r >= 0; i++)
                r =
                                bytes_printf(ret, "%s%s%s", i > 0 ? "" : key, i > 0 ? " " : "=",
                                             key_type_to_string(types[i]));
        return r < 0 || count == 0 ? r : bytes_append_string(ret, "\n");
}

const ValueType value_key_type = { "TYPE", parse_key_type, format_key_type };
const ValueType value_key_types = { "TYPE...", parse_key_types, format_key_types };
