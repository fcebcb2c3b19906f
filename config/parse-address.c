/* Value types of addresses: where the engine listens and where a probe looks. */

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "config/value.h"

/* "HOST:PORT" or "[V6]:PORT"; host without brackets, malloc'ed. */
static int split_host_port(const char *text, char **ret_host, uint16_t *ret_port) {
        const char *colon = strrchr(text, ':');
        _cleanup_free_ char *host = NULL;
        int64_t port;
        size_t size;

        if (!colon || colon == text || str_to_int64(colon + 1, 1, UINT16_MAX, &port) < 0)
                return -EINVAL;
        size = (size_t) (colon - text);
        if (text[0] == '[' && text[size - 1] == ']' && size > 2)
                host = strndup(text + 1, size - 2);
        else if (memchr(text, ':', size))
                return -EINVAL;
        else
                host = strndup(text, size);
        if (!host)
                return -ENOMEM;
        if (text[0] == '[' && !strchr(host, ':'))
                return -EINVAL;
        *ret_host = TAKE_PTR(host);
        *ret_port = (uint16_t) port;
        return 0;
}

static bool is_loopback(const char *host) {
        struct in_addr v4;
        struct in6_addr v6;

        if (inet_pton(AF_INET, host, &v4) == 1)
                return (ntohl(v4.s_addr) >> 24) == 127;
        return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Only loopback: what the whole network may reach are ports 80 and 443, and those come from socket units. */
static int check_listen(const char *text, char **ret_reason) {
        _cleanup_free_ char *host = NULL;
        uint16_t port;
        int r;

        if (text[0] == '/') {
                if (!path_is_normal(text, ret_reason))
                        return -EINVAL;
                if (strlen(text) >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
                        return value_refuse(ret_reason, "too long for the path of a unix socket");
                return 0;
        }
        r = split_host_port(text, &host, &port);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !is_loopback(host))
                return value_refuse(
                                ret_reason,
                                "neither an absolute path nor ADDRESS:PORT on loopback; write for "
                                "example /run/renewd/http or 127.0.0.1:8402 (port 80 is "
                                "renewd-http.socket, 443 renewd-https.socket)");
        return 0;
}

static int parse_listen(const char *text, void *field, void *second, char **ret_reason) {
        StringList *list = field;
        int r;

        (void) second;
        if (!*text) {
                string_list_done(list);
                return 0;
        }
        r = check_listen(text, ret_reason);
        if (r < 0)
                return r;
        if (string_list_contains(list, text))
                return 0;
        if (list->count >= LIST_MAX)
                return value_refuse(ret_reason, "more than %d addresses", LIST_MAX);
        return string_list_add(list, text);
}

void probe_configs_done(ProbeConfig **probes, size_t *count) {
        for (size_t i = 0; i < *count; i++)
                free((*probes)[i].host);
        free(*probes);
        *probes = NULL;
        *count = 0;
}

bool probe_configs_same(
                const ProbeConfig *a, size_t a_count, const ProbeConfig *b, size_t b_count) {
        if (a_count != b_count)
                return false;
        for (size_t i = 0; i < a_count; i++)
                if (a[i].protocol != b[i].protocol || a[i].port != b[i].port ||
                    !str_equal(a[i].host, b[i].host))
                        return false;
        return true;
}

/* "HOST:PORT", "smtp HOST:PORT" */
static int parse_probe(const char *text, ProbeConfig *ret, char **ret_reason) {
        const char *space = strchr(text, ' '), *where = text, *fault;
        _cleanup_free_ char *word = NULL, *host = NULL;
        int r;

        if (space) {
                word = strndup(text, (size_t) (space - text));
                if (!word)
                        return -ENOMEM;
                ret->protocol = probe_protocol_from_string(word);
                if (ret->protocol < 0)
                        return value_refuse(
                                        ret_reason, "'%s' is not a protocol; there are: %s", word,
                                        probe_protocol_names);
                where = space + strspn(space, " ");
        }
        r = split_host_port(where, &host, &ret->port);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return value_refuse(
                                ret_reason,
                                "not HOST:PORT; write for example localhost:443, [::1]:443 or smtp "
                                "localhost:25");
        r = identifier_normalize(host, &ret->host, &fault);
        return r < 0 && r != -ENOMEM ? value_refuse(ret_reason, "the host %s", fault) : r;
}

static int parse_probes(const char *text, void *field, void *second, char **ret_reason) {
        ProbeConfig **probes = field, *grown, parsed = {};
        size_t *count = second;
        int r;

        if (!*text) {
                probe_configs_done(probes, count);
                return 0;
        }
        if (*count >= PROBES_MAX)
                return value_refuse(ret_reason, "more than %d probes", PROBES_MAX);
        r = parse_probe(text, &parsed, ret_reason);
        if (r < 0)
                return r;
        grown = reallocarray(*probes, *count + 1, sizeof *grown);
        if (!grown) {
                free(parsed.host);
                return -ENOMEM;
        }
        *probes = grown;
        grown[(*count)++] = parsed;
        return 0;
}

static int format_probes(const char *key, const void *field, const void *second, Bytes *ret) {
        const ProbeConfig *probes = *(ProbeConfig *const *) field;
        int r = 0;

        for (size_t i = 0; i < *(const size_t *) second && r >= 0; i++) {
                const ProbeConfig *p = &probes[i];
                bool tls = p->protocol == PROBE_PROTOCOL_TLS, six = strchr(p->host, ':') != NULL;

                r = bytes_printf(
                                ret, "%s=%s%s%s%s%s:%u\n", key,
                                tls ? "" : probe_protocol_to_string(p->protocol), tls ? "" : " ",
                                six ? "[" : "", p->host, six ? "]" : "", p->port);
        }
        return r;
}

static int parse_probe_name(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_free_ char *name = NULL;
        const char *fault = NULL;
        int r;

        (void) second;
        if (!*text)
                return str_replace(field, NULL);
        r = identifier_normalize(text, &name, &fault);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || identifier_is_ip(text) || text[0] == '*')
                return value_refuse(
                                ret_reason, "not a DNS name without wildcard%s%s",
                                r < 0 ? ": it " : "", r < 0 ? fault : "");
        return str_replace(field, name);
}

static bool is_host(const char *text) {
        _cleanup_free_ char *name = NULL;
        const char *fault;

        return str_equal(text, "localhost") || identifier_normalize(text, &name, &fault) >= 0;
}

/* With a name and password in it everybody could read them here. */
static int parse_proxy(const char *text, void *field, void *second, char **ret_reason) {
        const char *rest = str_skip_prefix(text, "http://");
        _cleanup_free_ char *host = NULL;
        uint16_t port;
        int r;

        if (second != field)
                *(bool *) second = true;
        if (!*text)
                return str_replace(field, NULL);
        if (rest && strchr(rest, '@'))
                return value_refuse(
                                ret_reason, "a proxy that wants a password cannot be used; let it "
                                            "admit this machine by its address");
        r = rest ? split_host_port(rest, &host, &port) : -EINVAL;
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !is_host(host) || host[0] == '*')
                return value_refuse(
                                ret_reason, "not a proxy; write http://HOST:PORT, without a path");
        return str_replace(field, text);
}

const ValueType value_listen = { "ADDRESS", parse_listen, value_format_lines };
const ValueType value_probes = { "[PROTOCOL ]HOST:PORT", parse_probes, format_probes };
const ValueType value_probe_name = { "NAME", parse_probe_name, value_format_text };
const ValueType value_proxy = { "URL", parse_proxy, value_format_text };
