#pragma once

/* What is spoken on a port before TLS begins. The configuration names it and probe/ speaks it, and neither knows the
 * other. */

#include "base/base.h"

typedef enum ProbeProtocol {
        PROBE_PROTOCOL_TLS, /* nothing: TLS from the first octet */
        PROBE_PROTOCOL_SMTP,
        PROBE_PROTOCOL_LMTP,
        PROBE_PROTOCOL_IMAP,
        PROBE_PROTOCOL_POP3,
        PROBE_PROTOCOL_SIEVE,
        PROBE_PROTOCOL_FTP,
        PROBE_PROTOCOL_LDAP,
        PROBE_PROTOCOL_XMPP,
        PROBE_PROTOCOL_XMPP_SERVER,
        PROBE_PROTOCOL_POSTGRES,
        PROBE_PROTOCOL_MYSQL,
        PROBE_PROTOCOL_NNTP,
        PROBE_PROTOCOL_IRC,
        PROBE_PROTOCOL_MAX,
        PROBE_PROTOCOL_INVALID = -EINVAL,
} ProbeProtocol;

const char *probe_protocol_to_string(ProbeProtocol p);
ProbeProtocol probe_protocol_from_string(const char *text);

/* Where it is spoken when nothing else is said. */
uint16_t probe_protocol_port(ProbeProtocol p);

/* Their names, apart by a space each, for messages. */
extern const char probe_protocol_names[];
