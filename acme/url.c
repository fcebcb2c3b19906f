/* URLs that a server names. They are read with a grammar much smaller than RFC 3986: what another
 * reader (libcurl, the CA, a person) might take for another host is no URL here. Nothing is ever
 * rewritten: what is signed and asked for are the octets that came (A-14). */

#include "acme/url.h"

#include <arpa/inet.h>
#include <string.h>

#define HTTPS      "https://"
#define PORT_HTTPS 443
#define HOST_MAX   253

/* Where the parts lie in the text. */
typedef struct UrlParts {
        const char *host; /* without brackets */
        size_t host_size;
        bool literal6; /* was in brackets */
        unsigned port;
        const char *path; /* the rest behind the authority; may be empty */
} UrlParts;

static bool is_host_octet(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
}

static char to_lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
}

/* Only visible ASCII, and no '#': a fragment is never sent, so it cannot be signed either. */
static bool octets_are_good(const char *url) {
        size_t n = strnlen(url, URL_MAX + 1);

        if (n > URL_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                if (url[i] <= ' ' || url[i] > '~' || url[i] == '#')
                        return false;
        return true;
}

static int parse_port(const char *text, size_t size, unsigned *ret) {
        unsigned port = 0;

        if (size == 0 || size > 5 || text[0] == '0')
                return -EBADMSG;
        for (size_t i = 0; i < size; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return -EBADMSG;
                port = port * 10 + (unsigned) (text[i] - '0');
        }
        if (port > UINT16_MAX)
                return -EBADMSG;
        *ret = port;
        return 0;
}

static int parse_literal6(const char *authority, size_t size, UrlParts *parts) {
        char text[INET6_ADDRSTRLEN];
        struct in6_addr address;
        const char *end = memchr(authority, ']', size);

        if (!end)
                return -EBADMSG;
        parts->host = authority + 1;
        parts->host_size = (size_t) (end - parts->host);
        parts->literal6 = true;
        if (parts->host_size >= sizeof(text))
                return -EBADMSG;
        memcpy(text, parts->host, parts->host_size);
        text[parts->host_size] = 0;
        return inet_pton(AF_INET6, text, &address) == 1 ? 0 : -EBADMSG;
}

static int parse_name(const char *authority, size_t size, UrlParts *parts) {
        const char *colon = memchr(authority, ':', size);

        parts->host = authority;
        parts->host_size = colon ? (size_t) (colon - authority) : size;
        parts->literal6 = false;
        if (parts->host_size == 0 || parts->host_size > HOST_MAX || authority[0] == '.')
                return -EBADMSG;
        for (size_t i = 0; i < parts->host_size; i++)
                if (!is_host_octet(authority[i]))
                        return -EBADMSG; /* '@' as well: no user-info */
        return 0;
}

static int url_parse(const char *url, UrlParts *ret) {
        UrlParts parts = { .port = PORT_HTTPS };
        int r;

        /* Exactly "https": other spellings are legal, but no CA writes them (R2.4.3). */
        const char *authority = str_skip_prefix(url, HTTPS);
        if (!authority || !octets_are_good(url))
                return -EBADMSG;

        size_t size = strcspn(authority, "/?");
        if (size == 0)
                return -EBADMSG;
        parts.path = authority + size;
        if (authority[0] == '[')
                r = parse_literal6(authority, size, &parts);
        else
                r = parse_name(authority, size, &parts);
        if (r < 0)
                return r;

        const char *rest = parts.host + parts.host_size + (parts.literal6 ? 1 : 0);
        if (rest < parts.path) {
                if (*rest != ':')
                        return -EBADMSG;
                r = parse_port(rest + 1, (size_t) (parts.path - rest) - 1, &parts.port);
                if (r < 0)
                        return r;
        }
        *ret = parts;
        return 0;
}

static int host_copy(const UrlParts *parts, char **ret) {
        char *host = strndup(parts->host, parts->host_size);

        if (!host)
                return -ENOMEM;
        for (char *p = host; *p; p++)
                *p = to_lower(*p);
        *ret = host;
        return 0;
}

int url_origin(const char *url, char **ret) {
        _cleanup_free_ char *host = NULL;
        UrlParts parts;
        int r;

        r = url_parse(url, &parts);
        if (r < 0)
                return r;
        r = host_copy(&parts, &host);
        if (r < 0)
                return r;

        const char *open = parts.literal6 ? "[" : "", *close = parts.literal6 ? "]" : "";
        if (parts.port == PORT_HTTPS)
                return str_printf(ret, HTTPS "%s%s%s", open, host, close);
        return str_printf(ret, HTTPS "%s%s%s:%u", open, host, close, parts.port);
}

int url_host(const char *url, char **ret) {
        UrlParts parts;
        int r;

        r = url_parse(url, &parts);
        if (r < 0)
                return r;
        return host_copy(&parts, ret);
}

int url_check(const char *url, const StringList *origins) {
        _cleanup_free_ char *origin = NULL;
        int r;

        r = url_origin(url, &origin);
        if (r < 0)
                return r;
        return string_list_contains(origins, origin) ? 0 : -EACCES;
}

/* ---- references ---- */

static bool has_scheme(const char *reference) {
        size_t n = strcspn(reference, ":/?#");

        return n > 0 && reference[n] == ':';
}

/* RFC 3986 §5.2.4 for a path that begins with '/'; `path` shrinks in place. */
static void remove_dot_segments(char *path) {
        char *out = path;
        const char *in = path;

        while (*in == '/') {
                size_t n = 1 + strcspn(in + 1, "/");
                bool last = in[n] == 0;
                bool dot = n == 2 && in[1] == '.', dots = n == 3 && in[1] == '.' && in[2] == '.';

                if (dots)
                        while (out > path && *--out != '/')
                                ;
                if (!dot && !dots) {
                        memmove(out, in, n);
                        out += n;
                } else if (last)
                        *out++ = '/';
                in += n;
        }
        *out = 0;
}

/* The base's path up to and with its last '/', the reference behind it; the query stays apart. */
static int merge_path(const char *base_path, const char *reference, char **ret) {
        _cleanup_free_ char *path = NULL;
        size_t directory = 0, size = strcspn(reference, "?");
        int r;

        for (size_t i = 0; base_path[i] && base_path[i] != '?'; i++)
                if (base_path[i] == '/')
                        directory = i + 1;
        if (reference[0] == '/')
                r = str_printf(&path, "%.*s", (int) size, reference);
        else if (directory == 0)
                r = str_printf(&path, "/%.*s", (int) size, reference);
        else
                r = str_printf(&path, "%.*s%.*s", (int) directory, base_path, (int) size,
                               reference);
        if (r < 0)
                return r;
        remove_dot_segments(path);
        return str_printf(ret, "%s%s", path, reference + size);
}

int url_resolve(const char *base, const char *reference, char **ret) {
        _cleanup_free_ char *path = NULL, *url = NULL;
        UrlParts parts;
        int r;

        r = url_parse(base, &parts);
        if (r < 0)
                return r;
        if (strnlen(reference, URL_MAX + 1) > URL_MAX)
                return -EBADMSG;
        int authority = (int) (parts.path - base);

        if (has_scheme(reference))
                r = str_printf(&url, "%s", reference);
        else if (reference[0] == '/' && reference[1] == '/')
                r = str_printf(&url, "https:%s", reference);
        else if (reference[0] == 0)
                r = str_printf(&url, "%s", base);
        else if (reference[0] == '?')
                r = str_printf(&url, "%.*s%.*s%s", authority, base, (int) strcspn(parts.path, "?"),
                               parts.path, reference);
        else {
                r = merge_path(parts.path, reference, &path);
                if (r >= 0)
                        r = str_printf(&url, "%.*s%s", authority, base, path);
        }
        if (r < 0)
                return r;
        if (strlen(url) > URL_MAX)
                return -EBADMSG;
        *ret = TAKE_PTR(url);
        return 0;
}
