#include "config/idn.h"

#include <idn2.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"

/* Without IDN2_USE_STD3_ASCII_RULES: the library leaves out what those rules forbid instead of refusing it, and "b_ü" would
 * become another name. What comes out is checked for letters, digits and hyphens by the caller, which is the same rules. */
#define FLAGS (IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)

static void idn2_freep(void *p) {
        idn2_free(*(void **) p);
}

static const char *reason_of(int error) {
        switch (error) {
        case IDN2_ENCODING_ERROR:
        case IDN2_ICONV_FAIL:
                return "is not UTF-8";
        case IDN2_TOO_BIG_DOMAIN:
                return "has more than 253 characters";
        case IDN2_TOO_BIG_LABEL:
        case IDN2_PUNYCODE_BIG_OUTPUT:
                return "has a label of more than 63 characters in its A-form (xn--...)";
        case IDN2_BIDI:
                return "mixes writing directions in a way that no internationalised name may";
        case IDN2_DISALLOWED:
        case IDN2_UNASSIGNED:
        case IDN2_CONTEXTJ:
        case IDN2_CONTEXTJ_NO_RULE:
        case IDN2_CONTEXTO:
        case IDN2_CONTEXTO_NO_RULE:
        case IDN2_LEADING_COMBINING:
                return "has a character that no internationalised name may have there";
        default:
                return "is no valid internationalised name";
        }
}

int idn_to_ascii(const char *text, char **ret, const char **ret_reason) {
        _cleanup_(idn2_freep) uint8_t *name = NULL;
        int error = idn2_lookup_u8((const uint8_t *) text, &name, FLAGS);

        if (error == IDN2_MALLOC)
                return -ENOMEM;
        if (error != IDN2_OK) {
                *ret_reason = reason_of(error);
                return -EINVAL;
        }
        *ret = strdup((const char *) name);
        return *ret ? 0 : -ENOMEM;
}

/* What a registry took, emoji for example, need not be what today's tables take: only the encoding counts. */
bool idn_is_decodable(const char *name) {
        _cleanup_(idn2_freep) char *decoded = NULL;
        int error = idn2_to_unicode_8z8z(name, &decoded, FLAGS);

        return error != IDN2_PUNYCODE_BAD_INPUT && error != IDN2_PUNYCODE_OVERFLOW &&
               error != IDN2_PUNYCODE_BIG_OUTPUT && error != IDN2_ENCODING_ERROR;
}

/* NULL: there is none, or it had better not be shown. */
static char *unicode_of(const char *name) {
        _cleanup_(idn2_freep) char *decoded = NULL;
        _cleanup_free_ char *back = NULL, *shown = NULL;
        const char *reason;

        if (!strstr(name, "xn--") || idn2_to_unicode_8z8z(name, &decoded, FLAGS) != IDN2_OK ||
            idn_to_ascii(decoded, &back, &reason) < 0 || !str_equal(back, name))
                return NULL;
        shown = str_escape(decoded, STR_ESCAPE_MAX);
        return str_equal(shown, decoded) ? TAKE_PTR(shown) : NULL;
}

int identifier_show(const char *name, char **ret) {
        const char *base = str_skip_prefix(name, "*.");
        _cleanup_free_ char *decoded = unicode_of(base ? base : name);

        return decoded ? str_printf(ret, "%s (%s%s)", name, base ? "*." : "", decoded)
                       : str_replace(ret, name);
}
