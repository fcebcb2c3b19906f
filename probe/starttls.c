#include "probe/starttls.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/strings.h"
#include "probe/octets.h"
#include "probe/starttls-internal.h"

static const StarttlsKind *const kinds[PROBE_PROTOCOL_MAX] = {
        [PROBE_PROTOCOL_SMTP] = &starttls_line,
        [PROBE_PROTOCOL_LMTP] = &starttls_line,
        [PROBE_PROTOCOL_IMAP] = &starttls_line,
        [PROBE_PROTOCOL_POP3] = &starttls_line,
        [PROBE_PROTOCOL_SIEVE] = &starttls_line,
        [PROBE_PROTOCOL_FTP] = &starttls_line,
        [PROBE_PROTOCOL_NNTP] = &starttls_line,
        [PROBE_PROTOCOL_IRC] = &starttls_line,
        [PROBE_PROTOCOL_XMPP] = &starttls_xmpp,
        [PROBE_PROTOCOL_XMPP_SERVER] = &starttls_xmpp,
        [PROBE_PROTOCOL_LDAP] = &starttls_ldap,
        [PROBE_PROTOCOL_MYSQL] = &starttls_mysql,
        [PROBE_PROTOCOL_POSTGRES] = &starttls_postgres,
};

int starttls_fail(Starttls *s, const char *format, ...) {
        char *text = NULL;
        va_list ap;

        va_start(ap, format);
        int r = vasprintf(&text, format, ap);
        va_end(ap);
        if (r < 0)
                return -ENOMEM;
        free(s->failure);
        s->failure = text;
        return -EPROTO;
}

int starttls_init(Starttls *s, ProbeProtocol protocol, const char *server_name) {
        *s = (Starttls){ .protocol = protocol };
        if (protocol <= PROBE_PROTOCOL_TLS || protocol >= PROBE_PROTOCOL_MAX)
                return -EINVAL;
        return kinds[protocol]->begin ? kinds[protocol]->begin(s, server_name) : 0;
}

void starttls_done(Starttls *s) {
        bytes_done(&s->in);
        bytes_done(&s->out);
        free(s->failure);
        *s = (Starttls){};
}

int starttls_feed(Starttls *s, const void *data, size_t size) {
        int r;

        s->received += size;
        if (s->received > STARTTLS_DIALOGUE_MAX)
                return starttls_fail(s, "the service sends plain text without end");
        r = bytes_append(&s->in, data, size);
        if (r >= 0)
                r = kinds[s->protocol]->take(s);
        if (r > 0 && s->in.size > 0)
                return starttls_fail(s, "the service sends plain text behind its go-ahead for TLS");
        s->agreed = r > 0;
        return r;
}

static int lost(Starttls *s, ssize_t error) {
        if (error == -ECONNRESET || error == -EPIPE)
                return starttls_fail(s, "the service closed the connection before TLS began");
        return starttls_fail(s, "%s", errno_text((int) error));
}

/* 1: all sent. */
static ssize_t flush_output(Starttls *s, int fd) {
        while (s->out.size > 0) {
                ssize_t n = octets_send(fd, s->out.data, s->out.size);

                if (n <= 0)
                        return n;
                bytes_consume(&s->out, (size_t) n);
        }
        return 1;
}

int starttls_step(Starttls *s, int fd, int *ret_events) {
        uint8_t chunk[4096];
        int r;

        for (;;) {
                ssize_t n = flush_output(s, fd);

                if (n < 0)
                        return lost(s, n);
                if (n == 0)
                        *ret_events = POLLOUT; /* our few octets: it takes them before it says more */
                if (n == 0 || s->agreed)
                        return (int) n;
                n = octets_receive(fd, chunk, sizeof(chunk));
                if (n == 0)
                        *ret_events = POLLIN;
                if (n <= 0)
                        return n == 0 ? 0 : lost(s, n);
                r = starttls_feed(s, chunk, (size_t) n);
                if (r < 0)
                        return r;
        }
}
