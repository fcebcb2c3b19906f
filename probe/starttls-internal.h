#pragma once

/* The kinds of dialogue, for starttls*.c only. Each begins with what a client says unasked, and takes what came from `in`.
 *
 *   starttls.c         limits, and which kind it is
 *   starttls-line.c    a line for a line: mail, news, FTP, IRC
 *   starttls-xmpp.c    an XML stream
 *   starttls-binary.c  LDAP, PostgreSQL, MySQL */

#include "probe/starttls.h"

typedef struct StarttlsKind {
        int (*begin)(Starttls *s,
                     const char *server_name); /* may be NULL: the service speaks first */
        int (*take)(Starttls *s); /* 1: the go-ahead; 0: more must come; negative as starttls_feed() */
} StarttlsKind;

extern const StarttlsKind starttls_line, starttls_xmpp, starttls_ldap, starttls_postgres,
                starttls_mysql;

/* Sets the words; -EPROTO, or -ENOMEM. */
int starttls_fail(Starttls *s, const char *format, ...) _printf_(2, 3);
