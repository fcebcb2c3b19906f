/* Identifiers: what may stand in Names= (H-02, H-03). A DNS name is kept in lower-case A-label form; U-labels are converted
 * as browsers do it, so that the name that is ordered is the name that is visited. */

#include <string.h>

#include "config/idn.h"
#include "config/table.h"

#define DNS_NAME_MAX  253
#define DNS_LABEL_MAX 63

static bool is_alnum(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static const char *label_fault(const char *label, size_t size) {
        if (size == 0)
                return "has an empty label (two dots in a row, or one at an end)";
        if (size > DNS_LABEL_MAX)
                return "has a label of more than 63 characters";
        if (label[0] == '-' || label[size - 1] == '-')
                return "has a label that begins or ends with '-'";
        for (size_t i = 0; i < size; i++) {
                if (label[i] == '_')
                        return "has an underscore, which no public CA accepts in a host name";
                if (label[i] == '*')
                        return "has a '*' that is not the whole left-most label";
                if (!is_alnum(label[i]) && label[i] != '-')
                        return "has a character other than a-z, 0-9, '-' and '.'";
        }
        return NULL;
}

static bool all_digits(const char *text) {
        return text[strspn(text, "0123456789")] == '\0';
}

/* `name` in lower case, "*." already taken off. */
static const char *dns_fault(const char *name, bool wildcard) {
        const char *label = name, *end;
        size_t labels = 0;

        if (strlen(name) + (wildcard ? 2 : 0) > DNS_NAME_MAX)
                return "has more than 253 characters";
        for (;; label = end + 1) {
                const char *fault;

                end = strchrnul(label, '.');
                fault = label_fault(label, (size_t) (end - label));
                if (fault)
                        return fault;
                labels++;
                if (!*end)
                        break;
        }
        if (all_digits(label))
                return "ends in a number, which is neither a DNS name nor a correct IP address";
        if (wildcard && labels < 2)
                return "would cover a whole top-level domain";
        return NULL;
}

static const char *octets_fault(const char *text) {
        for (const char *p = text; *p; p++) {
                if ((unsigned char) *p <= ' ' || *p == 0x7f)
                        return "has a blank or control character";
                if (*p == '/' || *p == '[')
                        return "is neither a DNS name nor an IP address (no URL, no brackets)";
        }
        return NULL;
}

/* In lower-case ASCII, with a "*." as it was. */
static int fold(const char *text, char **ret, const char **ret_reason) {
        const char *base = str_skip_prefix(text, "*.");
        _cleanup_free_ char *name = NULL;
        int r;

        if (!str_is_ascii(text)) {
                r = idn_to_ascii(base ? base : text, &name, ret_reason);
                return r < 0 ? r : str_printf(ret, "%s%s", base ? "*." : "", name);
        }
        name = strdup(text);
        if (!name)
                return -ENOMEM;
        for (char *p = name; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p + ('a' - 'A'));
        *ret = TAKE_PTR(name);
        return 0;
}

int identifier_normalize(const char *text, char **ret, const char **ret_reason) {
        _cleanup_free_ char *name = NULL;
        bool wildcard;
        int r;

        *ret_reason = *text ? octets_fault(text) : "is empty";
        if (*ret_reason)
                return -EINVAL;
        if (identifier_is_ip(text))
                return identifier_canonical_ip(text, ret);
        if (strchr(text, ':')) {
                *ret_reason = "is neither a DNS name nor an IP address (no port)";
                return -EINVAL;
        }

        r = fold(text, &name, ret_reason);
        if (r < 0)
                return r;
        wildcard = str_skip_prefix(name, "*.") != NULL;
        *ret_reason = dns_fault(name + (wildcard ? 2 : 0), wildcard);
        if (!*ret_reason && !idn_is_decodable(name + (wildcard ? 2 : 0)))
                *ret_reason = "has a label 'xn--...' that decodes to nothing";
        if (*ret_reason)
                return -EINVAL;
        *ret = TAKE_PTR(name);
        return 0;
}

bool config_item_name_is_valid(const char *name) {
        size_t size = strlen(name);

        if (size == 0 || size > CERTIFICATE_NAME_MAX || strstr(name, ".."))
                return false;
        for (size_t i = 0; i < size; i++) {
                bool letter = is_alnum(name[i]) || (name[i] >= 'A' && name[i] <= 'Z');

                if (!letter && (i == 0 || !strchr("._@-", name[i])))
                        return false;
        }
        return true;
}

bool certificate_name_is_valid(const char *name) {
        const char *rest = str_skip_prefix(name, "_wildcard.");
        size_t size = strlen(name);

        if (size > CERTIFICATE_NAME_MAX || strstr(name, ".."))
                return false;
        if (!rest)
                rest = name;
        if (!is_alnum(rest[0]))
                return false;
        for (const char *p = rest; *p; p++)
                if (!is_alnum(*p) && !strchr("._-", *p))
                        return false;
        return true;
}
