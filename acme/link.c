/* The Link header. A field value is a comma-joined list of <target>; parameter; parameter, where
 * commas and semicolons may stand inside <> and inside quotes (P-09). One malformed entry hides no
 * other. */

#include "acme/link.h"

#include <string.h>

#include "acme/url.h"

#define LINK_FIELD_MAX   ((size_t) 64 * 1024)
#define LINK_TARGETS_MAX 20 /* of one field; the rest is passed over */

/* Copies a token or quoted-string without its quotes; leaves *p behind it. */
static int take_value(const char **p, char **ret) {
        const char *s = *p;

        if (*s != '"') {
                size_t n = strcspn(s, " \t;,");
                *p = s + n;
                *ret = strndup(s, n);
                return *ret ? 0 : -ENOMEM;
        }

        _cleanup_free_ char *value = strdup(s);
        if (!value)
                return -ENOMEM;
        char *out = value;
        for (s++; *s && *s != '"'; s++) {
                if (*s == '\\' && s[1])
                        s++;
                *out++ = *s;
        }
        *out = 0;
        *p = *s ? s + 1 : s;
        *ret = TAKE_PTR(value);
        return 0;
}

/* Does a list of relations, parted by white space, have this one (in any case)? */
static bool relations_have(const char *relations, const char *rel) {
        size_t length = strlen(rel);

        for (const char *p = relations; *p;) {
                p += strspn(p, " \t");
                size_t n = strcspn(p, " \t");
                if (n == length && strncasecmp(p, rel, n) == 0)
                        return true;
                p += n;
        }
        return false;
}

/* Reads the parameters of one entry up to its comma. Only the first `rel` counts (RFC 8288 §3.3). */
static int take_parameters(const char **p, const char *rel, bool *ret_match) {
        bool seen = false;
        int r;

        *ret_match = false;
        while (**p && **p != ',') {
                *p += strspn(*p, " \t;");
                const char *name = *p;
                size_t n = strcspn(name, " \t;,=");
                *p += n;
                *p += strspn(*p, " \t");
                if (**p != '=')
                        continue;
                (*p)++;
                *p += strspn(*p, " \t");

                _cleanup_free_ char *value = NULL;
                r = take_value(p, &value);
                if (r < 0)
                        return r;
                if (!seen && n == 3 && strncasecmp(name, "rel", 3) == 0) {
                        seen = true;
                        *ret_match = relations_have(value, rel);
                }
        }
        return 0;
}

/* Resolves and checks; a target that is none is passed over. */
static int add_target(const char *base, const char *target, size_t size, StringList *ret) {
        _cleanup_free_ char *reference = strndup(target, size), *url = NULL, *origin = NULL;
        int r;

        if (!reference)
                return -ENOMEM;
        r = url_resolve(base, reference, &url);
        if (r >= 0)
                r = url_origin(url, &origin);
        if (r == -EBADMSG)
                return 0;
        if (r < 0)
                return r;
        if (ret->count >= LINK_TARGETS_MAX || string_list_contains(ret, url))
                return 0;
        return string_list_add(ret, url);
}

int link_targets(const char *field_value, const char *rel, const char *base, StringList *ret) {
        int r;

        if (strnlen(field_value, LINK_FIELD_MAX + 1) > LINK_FIELD_MAX)
                return 0;
        for (const char *p = field_value; *p;) {
                bool match;

                p += strspn(p, " \t,");
                const char *target = *p == '<' ? p + 1 : NULL;
                size_t size = target ? strcspn(target, ">") : 0;
                bool closed = target && target[size] == '>';
                if (closed)
                        p = target + size + 1;
                r = take_parameters(&p, rel, &match);
                if (r < 0)
                        return r;
                if (closed && match) {
                        r = add_target(base, target, size, ret);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
