/* Protocols of binary messages: LDAP, PostgreSQL, MySQL. */

#include <string.h>

#include "base/strings.h"
#include "probe/starttls-internal.h"

#define MESSAGE_MAX ((size_t) 8192) /* an error with its words */

/* ---- LDAP: ExtendedRequest and ExtendedResponse (RFC 4511 §4.12, §4.14) ---- */

typedef struct Ber {
        const uint8_t *at;
        size_t left;
} Ber;

/* The next element: 1 and its content; 0: octets are missing; -EBADMSG. Lengths of up to two octets. */
static int ber_next(Ber *ber, uint8_t *ret_tag, Ber *ret) {
        size_t head = 2, size;

        if (ber->left < 2)
                return 0;
        size = ber->at[1];
        if (size >= 0x80) {
                size_t more = size & 0x7f;

                if (more < 1 || more > 4)
                        return -EBADMSG;
                head += more;
                if (ber->left < head)
                        return 0;
                size = 0;
                for (size_t i = 2; i < head; i++)
                        size = size << 8 | ber->at[i];
        }
        if (size > MESSAGE_MAX)
                return -EBADMSG;
        if (ber->left - head < size)
                return 0;
        *ret_tag = ber->at[0];
        *ret = (Ber){ ber->at + head, size };
        ber->at += head + size;
        ber->left -= head + size;
        return 1;
}

static int begin_ldap(Starttls *s, const char *server_name) {
        static const char oid[] = "1.3.6.1.4.1.1466.20037";
        const uint8_t head[] = { 0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, sizeof(oid) - 1 };
        int r;

        (void) server_name;
        r = bytes_append(&s->out, head, sizeof(head));
        return r < 0 ? r : bytes_append(&s->out, oid, sizeof(oid) - 1);
}

static int no_ldap(Starttls *s) {
        return starttls_fail(s, "the service does not speak LDAP");
}

/* The result code and the words of an ExtendedResponse. */
static int judge_ldap(Starttls *s, Ber message) {
        Ber id, response, code, matched, words = {};
        uint8_t tag;

        if (ber_next(&message, &tag, &id) != 1 || tag != 0x02)
                return no_ldap(s);
        if (ber_next(&message, &tag, &response) != 1 || tag != 0x78)
                return no_ldap(s);
        if (ber_next(&response, &tag, &code) != 1 || tag != 0x0a || code.left != 1)
                return no_ldap(s);
        if (code.at[0] == 0 && id.left == 1 && id.at[0] == 1)
                return 1;
        if (ber_next(&response, &tag, &matched) == 1)
                (void) ber_next(&response, &tag, &words); /* without words the number must do */
        return starttls_fail(
                        s, "the service refuses STARTTLS: LDAP result %u '%.*s'", code.at[0],
                        (int) words.left, words.at ? (const char *) words.at : "");
}

static int take_ldap(Starttls *s) {
        Ber all = { s->in.data, s->in.size }, message;
        uint8_t tag = 0;
        int r;

        if (s->in.size > 0 && s->in.data[0] != 0x30)
                return no_ldap(s);
        r = ber_next(&all, &tag, &message);
        if (r < 0)
                return no_ldap(s);
        if (r == 0)
                return 0;
        r = judge_ldap(s, message);
        bytes_consume(&s->in, s->in.size - all.left);
        return r;
}

const StarttlsKind starttls_ldap = { begin_ldap, take_ldap };

/* ---- PostgreSQL: SSLRequest ---- */

static int begin_postgres(Starttls *s, const char *server_name) {
        static const uint8_t request[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };

        (void) server_name;
        return bytes_append(&s->out, request, sizeof(request));
}

/* One octet; what else is read behind it is refused for that (CVE-2021-23222). */
static int take_postgres(Starttls *s) {
        uint8_t answer = s->in.size > 0 ? s->in.data[0] : 0;

        if (s->in.size == 0)
                return 0;
        bytes_consume(&s->in, 1);
        if (answer == 'S')
                return 1;
        if (answer == 'N')
                return starttls_fail(
                                s,
                                "the service does not offer TLS (is 'ssl' on in its configuration?)");
        return starttls_fail(
                        s, answer == 'E' ? "the service refuses the connection"
                                         : "the service does not speak the protocol of PostgreSQL");
}

const StarttlsKind starttls_postgres = { begin_postgres, take_postgres };

/* ---- MySQL: the greeting, then SSLRequest in place of a login ---- */

#define CLIENT_LONG_PASSWORD     0x00000001u
#define CLIENT_PROTOCOL_41       0x00000200u
#define CLIENT_SSL               0x00000800u
#define CLIENT_SECURE_CONNECTION 0x00008000u

#define CONNECTION_ID_SIZE 4
#define SALT_SIZE          9 /* with its end */

static int no_mysql(Starttls *s) {
        return starttls_fail(s, "the service does not speak the protocol of MySQL");
}

/* "\xff", a number, perhaps "#08004", words */
static int refused_mysql(Starttls *s, const uint8_t *packet, size_t size) {
        size_t skip = size >= 9 && packet[3] == '#' ? 9 : MIN(size, (size_t) 3);

        return starttls_fail(
                        s, "the service refuses the connection: '%.*s'", (int) (size - skip),
                        (const char *) packet + skip);
}

static int request_mysql(Starttls *s) {
        uint32_t flags = CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SSL |
                         CLIENT_SECURE_CONNECTION;
        uint8_t request[36] = { 32, 0, 0, 1 }; /* size, number of the packet; then zeros */

        for (size_t i = 0; i < 4; i++)
                request[4 + i] = (uint8_t) (flags >> 8 * i);
        request[11] = 1;  /* packets of up to 16 MiB */
        request[12] = 33; /* utf8_general_ci */
        return bytes_append(&s->out, request, sizeof(request));
}

static int judge_mysql(Starttls *s, const uint8_t *packet, size_t size) {
        const uint8_t *end;
        size_t at;
        int r;

        if (size > 0 && packet[0] == 0xff)
                return refused_mysql(s, packet, size);
        if (size == 0 || packet[0] != 10) /* the version of the protocol since 1999 */
                return no_mysql(s);
        end = memchr(packet, '\0', size);
        at = end ? (size_t) (end - packet) + 1 + CONNECTION_ID_SIZE + SALT_SIZE : size;
        if (at + 2 > size)
                return no_mysql(s);
        if (!(((unsigned) packet[at] | (unsigned) packet[at + 1] << 8) & CLIENT_SSL))
                return starttls_fail(
                                s,
                                "the service does not offer TLS (are 'ssl_cert' and 'ssl_key' set?)");
        r = request_mysql(s);
        return r < 0 ? r : 1;
}

static int take_mysql(Starttls *s) {
        size_t size;
        int r;

        if (s->in.size < 4)
                return 0;
        size = (size_t) s->in.data[0] | (size_t) s->in.data[1] << 8 | (size_t) s->in.data[2] << 16;
        if (size > MESSAGE_MAX || s->in.data[3] != 0)
                return no_mysql(s);
        if (s->in.size - 4 < size)
                return 0;
        r = judge_mysql(s, s->in.data + 4, size);
        bytes_consume(&s->in, size + 4);
        return r;
}

const StarttlsKind starttls_mysql = { NULL, take_mysql };
