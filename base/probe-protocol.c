#include "base/probe-protocol.h"

#include "base/strings.h"

static const struct {
        const char *name;
        uint16_t port;
} protocols[PROBE_PROTOCOL_MAX] = {
        [PROBE_PROTOCOL_TLS] = { "tls", 443 },
        [PROBE_PROTOCOL_SMTP] = { "smtp", 25 },
        [PROBE_PROTOCOL_LMTP] = { "lmtp", 24 },
        [PROBE_PROTOCOL_IMAP] = { "imap", 143 },
        [PROBE_PROTOCOL_POP3] = { "pop3", 110 },
        [PROBE_PROTOCOL_SIEVE] = { "sieve", 4190 },
        [PROBE_PROTOCOL_FTP] = { "ftp", 21 },
        [PROBE_PROTOCOL_LDAP] = { "ldap", 389 },
        [PROBE_PROTOCOL_XMPP] = { "xmpp", 5222 },
        [PROBE_PROTOCOL_XMPP_SERVER] = { "xmpp-server", 5269 },
        [PROBE_PROTOCOL_POSTGRES] = { "postgres", 5432 },
        [PROBE_PROTOCOL_MYSQL] = { "mysql", 3306 },
        [PROBE_PROTOCOL_NNTP] = { "nntp", 119 },
        [PROBE_PROTOCOL_IRC] = { "irc", 6667 },
};

const char probe_protocol_names[] =
                "tls smtp lmtp imap pop3 sieve ftp ldap xmpp xmpp-server postgres mysql nntp irc";

const char *probe_protocol_to_string(ProbeProtocol p) {
        return p >= 0 && p < PROBE_PROTOCOL_MAX ? protocols[p].name : NULL;
}

ProbeProtocol probe_protocol_from_string(const char *text) {
        for (int i = 0; i < PROBE_PROTOCOL_MAX; i++)
                if (str_equal(text, protocols[i].name))
                        return (ProbeProtocol) i;
        return PROBE_PROTOCOL_INVALID;
}

uint16_t probe_protocol_port(ProbeProtocol p) {
        return p >= 0 && p < PROBE_PROTOCOL_MAX ? protocols[p].port : 0;
}
