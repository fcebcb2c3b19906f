/* Value types of what a probe is satisfied with. */

#include <string.h>

#include "config/value.h"

static const char *const validations[VALIDATION_MAX] = {
        [VALIDATION_DISABLED] = "disabled",
        [VALIDATION_BASIC] = "basic",
        [VALIDATION_RECOMMENDED] = "recommended",
        [VALIDATION_STRICT] = "strict",
};

const char *validation_to_string(Validation v) {
        return validations[v];
}

static int parse_validation(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (!*text) {
                *(Validation *) field = VALIDATION_LEAF;
                return 0;
        }
        for (int i = 0; i < VALIDATION_MAX; i++)
                if (str_equal(text, validations[i])) {
                        *(Validation *) field = (Validation) i;
                        return 0;
                }
        return value_refuse(ret_reason, "none of disabled, basic, recommended and strict");
}

static int format_validation(const char *key, const void *field, const void *second, Bytes *ret) {
        const char *text = validations[*(const Validation *) field];

        (void) second;
        return text ? bytes_printf(ret, "%s=%s\n", key, text) : 0;
}

/* 44 characters of base64, or 64 hexadecimal digits with or without colons. */
static int parse_pin(const char *text, void *field, void *second, char **ret_reason) {
        const char *base64 = str_skip_prefix(text, "sha256//");
        size_t digits = 0;

        (void) second;
        if (!*text)
                return str_replace(field, NULL);
        for (const char *p = text; *p && digits <= 64; p++) {
                if (!strchr("0123456789abcdefABCDEF:", *p))
                        digits = 65;
                else
                        digits += *p != ':';
        }
        base64 = base64 ? base64 : text;
        if (digits != 64 &&
            (strlen(base64) != 44 || base64[43] != '=' ||
             strspn(base64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
                             43))
                return value_refuse(
                                ret_reason,
                                "no pin; 'renewctl inspect HOST:PORT' shows it, 44 characters of base64");
        return str_replace(field, text);
}

const ValueType value_validation = { "disabled|basic|recommended|strict", parse_validation,
                                     format_validation };
const ValueType value_pin = { "PIN", parse_pin, value_format_text };
