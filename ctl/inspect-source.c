/* Where the certificate comes from. What has a '/' or is a file is a file; what renewd has a certificate of is that; the
 * rest is a host. */

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "ctl/inspect.h"
#include "probe/probe.h"

#define HANDSHAKE_MS 15000
#define COULD_NOT    CTL_NO_DAEMON /* 2: it could not be looked at */

void inspect_source_done(InspectSource *s) {
        free(s->label);
        free(s->name);
        free(s->note);
        bytes_done(&s->data);
        *s = (InspectSource){};
}

static int read_file(Ctl *ctl, const char *path, InspectSource *s) {
        _cleanup_free_ char *shown = str_escape(path, STR_ESCAPE_MAX);
        int r;

        s->data.secret = true; /* a key may be in it */
        r = file_read(path, INSPECT_SIZE_MAX, &s->data);
        if (r == -EACCES)
                return ctl_fail(ctl, CTL_NO_RIGHT, "%s may not be read by you; use sudo",
                                shown ? shown : "it");
        if (r == -E2BIG)
                return ctl_fail(ctl, COULD_NOT, "%s has more than 1 MiB: that is no certificate",
                                shown ? shown : "it");
        if (r < 0)
                return ctl_fail(ctl, COULD_NOT, "%s cannot be read: %s", shown ? shown : "it",
                                errno_text(r));
        if (!s->label && str_replace(&s->label, path) < 0)
                return ctl_no_memory(ctl);
        if (ctl->host_name && str_replace(&s->name, ctl->host_name) < 0)
                return ctl_no_memory(ctl);
        return 0;
}

/* ---- renewd's own ---- */

/* The file of a configured certificate; NULL: there is none of that name. */
static int find_own(Ctl *ctl, const char *argument, char **ret) {
        _cleanup_(string_list_done) StringList names = {};
        char *typed[] = { strdup(argument) };
        int r;

        r = typed[0] ? ctl_names_typed(typed, 1, &names) : -ENOMEM;
        free(typed[0]);
        if (r < 0 || names.count == 0 || !certificate_name_is_valid(names.items[0]))
                return r == -ENOMEM ? r : 0;
        r = str_printf(ret, "%s/live/%s/fullchain.pem", ctl->paths.state, names.items[0]);
        if (r < 0 || access(*ret, F_OK) == 0 || errno == EACCES)
                return r;
        free(*ret);
        *ret = NULL;
        return 0;
}

/* ---- a host ---- */

/* "host", "host:25", "[::1]:25", "::1" */
static int split_host(const char *text, uint16_t standard, char **ret_host, uint16_t *ret_port) {
        const char *colon = strrchr(text, ':'), *end = strchr(text, ']');
        int64_t port = standard;

        if (text[0] == '[') {
                if (!end || (end[1] && end[1] != ':'))
                        return -EINVAL;
                *ret_host = strndup(text + 1, (size_t) (end - text - 1));
                colon = end[1] ? end + 1 : NULL;
        } else if (colon && strchr(text, ':') != colon) { /* an address alone */
                *ret_host = strdup(text);
                colon = NULL;
        } else
                *ret_host = strndup(text, colon ? (size_t) (colon - text) : strlen(text));
        if (!*ret_host)
                return -ENOMEM;
        if (colon && str_to_int64(colon + 1, 1, UINT16_MAX, &port) < 0)
                return -EINVAL;
        *ret_port = (uint16_t) port;
        return 0;
}

static int look(Ctl *ctl, const ProbeEndpoint *endpoint, InspectSource *s) {
        _cleanup_(probe_result_done) ProbeResult result = {};
        int r;

        r = probe_run(endpoint, HANDSHAKE_MS, &result);
        if (r < 0)
                return ctl_fail(ctl, COULD_NOT, "%s could not be looked at: %s", s->label,
                                errno_text(r));
        if (result.outcome != PROBE_SERVED)
                return ctl_fail(ctl, COULD_NOT, "%s: %s", s->label, result.detail);
        r = bytes_append_string(&s->data, result.chain_pem);
        if (r >= 0 && result.detail[0])
                r = str_replace(&s->note, result.detail);
        return r < 0 ? ctl_no_memory(ctl) : 0;
}

static int read_host(Ctl *ctl, const char *argument, InspectSource *s) {
        ProbeProtocol protocol = ctl->starttls ? probe_protocol_from_string(ctl->starttls)
                                               : PROBE_PROTOCOL_TLS;
        _cleanup_free_ char *typed = NULL, *host = NULL;
        const char *fault = NULL;
        uint16_t port = 0;
        int r;

        if (protocol < 0)
                return ctl_fail(ctl, CTL_USAGE, "--starttls is one of: %s", probe_protocol_names);
        r = split_host(argument, probe_protocol_port(protocol), &typed, &port);
        if (r >= 0)
                r = identifier_normalize(typed, &host, &fault);
        if (r == -ENOMEM)
                return ctl_no_memory(ctl);
        if (r < 0 || host[0] == '*') {
                _cleanup_free_ char *shown = str_escape(argument, STR_ESCAPE_MAX);

                return ctl_fail(ctl, CTL_USAGE, "'%s' is neither a file nor HOST:PORT%s%s",
                                shown ? shown : "?", fault ? ": it " : "", fault ? fault : "");
        }
        bool six = strchr(host, ':') != NULL;
        r = str_printf(&s->label, "%s%s%s%s%s:%u", ctl->starttls ? ctl->starttls : "",
                       ctl->starttls ? " " : "", six ? "[" : "", host, six ? "]" : "", port);
        if (r >= 0)
                r = str_replace(&s->name, ctl->host_name ? ctl->host_name : host);
        if (r < 0)
                return ctl_no_memory(ctl);
        s->served = true;
        return look(ctl,
                    &(ProbeEndpoint){ .host = host,
                                      .port = port,
                                      .server_name = s->name,
                                      .protocol = protocol },
                    s);
}

int inspect_source_read(Ctl *ctl, const char *argument, InspectSource *ret) {
        _cleanup_free_ char *own = NULL;

        if (!ctl->starttls && (strchr(argument, '/') || access(argument, F_OK) == 0))
                return read_file(ctl, argument, ret);
        if (!ctl->starttls && find_own(ctl, argument, &own) < 0)
                return ctl_no_memory(ctl);
        return own ? read_file(ctl, own, ret) : read_host(ctl, argument, ret);
}
