/* A property's value is "ca.example; accounturi=https://…; validationmethods=http-01,dns-01". Records whose value
 * cannot be read allow nobody (RFC 8659 §4.2). */

#include "acme/caa.h"

#include <string.h>

#define CAA_CRITICAL_FLAG 0x80
#define CAA_BLANKS        " \t"

static const char *skip_blanks(const char *s) {
        return s + strspn(s, CAA_BLANKS);
}

/* The text up to `end`, without blanks behind it. */
static size_t trimmed(const char *s, const char *end) {
        size_t n = (size_t) (end - s);

        while (n > 0 && strchr(CAA_BLANKS, s[n - 1]))
                n--;
        return n;
}

static bool text_is(const char *s, size_t n, const char *expected) {
        return strlen(expected) == n && strncasecmp(s, expected, n) == 0;
}

static bool method_is_listed(const char *list, size_t n, const char *method) {
        const char *end = list + n;

        while (list < end) {
                const char *comma = memchr(list, ',', (size_t) (end - list));
                const char *stop = comma ? comma : end;
                const char *begin = skip_blanks(list);

                if (begin <= stop && text_is(begin, trimmed(begin, stop), method))
                        return true;
                list = stop + 1;
        }
        return false;
}

static CaaVerdict check_parameter(const char *s, size_t n, const CaaQuestion *q) {
        const char *equals = memchr(s, '=', n), *value;
        size_t name, rest;

        if (!equals)
                return CAA_OTHER_CA; /* not a parameter: the record cannot be read */
        name = trimmed(s, equals);
        value = skip_blanks(equals + 1);
        rest = value < s + n ? trimmed(value, s + n) : 0;
        if (text_is(s, name, "accounturi") && q->account)
                return strlen(q->account) == rest && memcmp(q->account, value, rest) == 0
                                       ? CAA_ALLOWED
                                       : CAA_OTHER_ACCOUNT;
        if (text_is(s, name, "validationmethods") && q->method)
                return method_is_listed(value, rest, q->method) ? CAA_ALLOWED : CAA_OTHER_METHOD;
        return CAA_ALLOWED; /* others are for the CA to know */
}

static CaaVerdict check_parameters(const char *s, const CaaQuestion *q) {
        CaaVerdict worst = CAA_ALLOWED;

        while (worst == CAA_ALLOWED && *s) {
                const char *end = s + strcspn(s, ";"), *begin = skip_blanks(s);
                size_t n = begin < end ? trimmed(begin, end) : 0;

                if (n > 0)
                        worst = check_parameter(begin, n, q);
                s = *end ? end + 1 : end;
        }
        return worst;
}

static bool is_ours(const char *s, size_t n, const StringList *identities) {
        for (size_t i = 0; i < identities->count; i++)
                if (text_is(s, n, identities->items[i]))
                        return true;
        return false;
}

static CaaVerdict check_issue(const char *value, const CaaQuestion *q) {
        const char *begin = skip_blanks(value), *end = begin + strcspn(begin, ";");
        size_t n = trimmed(begin, end);

        if (n == 0)
                return CAA_NOBODY;
        if (!is_ours(begin, n, q->identities))
                return CAA_OTHER_CA;
        return check_parameters(*end ? end + 1 : end, q);
}

static bool tag_is_known(const char *tag) {
        static const char *const known[] = { "issue",    "issuewild",    "iodef",       "issuemail",
                                             "issuevmc", "contactemail", "contactphone" };

        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (str_equal_ignore_case(tag, known[i]))
                        return true;
        return false;
}

/* How close to being allowed. */
static int rank(CaaVerdict v) {
        static const int ranks[] = {
                [CAA_NOBODY] = 0,       [CAA_OTHER_CA] = 1, [CAA_OTHER_ACCOUNT] = 2,
                [CAA_OTHER_METHOD] = 3, [CAA_CRITICAL] = 4, [CAA_ALLOWED] = 5,
        };

        return ranks[v];
}

/* Of the records with this tag; *ret_count says how many there are. */
static CaaVerdict check_tag(
                const CaaRecord *records,
                size_t count,
                const char *tag,
                const CaaQuestion *q,
                size_t *ret_count) {
        CaaVerdict best = CAA_NOBODY;

        *ret_count = 0;
        for (size_t i = 0; i < count; i++) {
                CaaVerdict v;

                if (!str_equal_ignore_case(records[i].tag, tag))
                        continue;
                (*ret_count)++;
                v = check_issue(records[i].value, q);
                if (rank(v) > rank(best))
                        best = v;
        }
        return best;
}

CaaVerdict caa_evaluate(const CaaRecord *records, size_t count, const CaaQuestion *q) {
        CaaVerdict v;
        size_t n;

        for (size_t i = 0; i < count; i++)
                if ((records[i].flags & CAA_CRITICAL_FLAG) && !tag_is_known(records[i].tag))
                        return CAA_CRITICAL;
        if (q->wildcard) { /* issuewild, if there is one, speaks alone (RFC 8659 §4.3) */
                v = check_tag(records, count, "issuewild", q, &n);
                if (n > 0)
                        return v;
        }
        v = check_tag(records, count, "issue", q, &n);
        return n > 0 ? v : CAA_ALLOWED;
}
