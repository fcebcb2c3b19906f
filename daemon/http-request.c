/* A state for each place in the grammar, a handler for each state. Nothing is stored that is not of interest: method, path
 * and Host; the names of other fields are only compared. */

#include "daemon/http-request.h"

#include <string.h>
#include <strings.h>

enum {
        STATE_METHOD,
        STATE_PATH,
        STATE_VERSION,
        STATE_VERSION_LF,
        STATE_LINE, /* first octet of a header line */
        STATE_NAME,
        STATE_VALUE,
        STATE_VALUE_LF,
        STATE_END_LF,
        _STATE_MAX,
};

enum { FIELD_OTHER, FIELD_HOST, FIELD_LENGTH };

typedef RequestResult (*state_fn)(RequestParser *p, uint8_t c);

static bool is_token(uint8_t c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

static RequestResult go(RequestParser *p, uint8_t state) {
        p->state = state;
        p->length = 0;
        return REQUEST_MORE;
}

/* Keeps the start of a token; a longer one equals none that we know. */
static void keep_token(RequestParser *p, uint8_t c) {
        if (p->length < sizeof(p->token) - 1) {
                p->token[p->length++] = (char) c;
                p->token[p->length] = 0;
        } else
                p->token[0] = 0;
}

/* ---- request line ---- */

static RequestResult on_method(RequestParser *p, uint8_t c) {
        if (c == ' ' && p->length > 0) {
                p->method = strcmp(p->token, "GET") == 0    ? REQUEST_GET
                            : strcmp(p->token, "HEAD") == 0 ? REQUEST_HEAD
                                                            : REQUEST_OTHER;
                return go(p, STATE_PATH);
        }
        if (!is_token(c))
                return REQUEST_BAD;
        keep_token(p, c);
        return REQUEST_MORE;
}

/* Absolute URIs and "*" are not for us: only a path comes from a validator. */
static RequestResult on_path(RequestParser *p, uint8_t c) {
        if (c == ' ' && p->path_size > 0)
                return go(p, STATE_VERSION);
        if (c <= ' ' || c >= 0x7f || c == '#' || (p->path_size == 0 && c != '/'))
                return REQUEST_BAD;
        if (p->path_size < REQUEST_PATH_MAX && !p->path_cut)
                p->path[p->path_size++] = (char) c;
        else {
                p->path_cut = true;
                p->path[0] = 0;
        }
        return REQUEST_MORE;
}

static RequestResult on_version(RequestParser *p, uint8_t c) {
        static const char version[] = "HTTP/1.";
        const size_t whole = sizeof(version) - 1;

        if (p->length < whole)
                return c == (uint8_t) version[p->length++] ? REQUEST_MORE : REQUEST_BAD;
        if (p->length++ == whole) {
                p->minor = (uint8_t) (c - '0');
                return p->minor <= 1 ? REQUEST_MORE : REQUEST_BAD;
        }
        return c == '\r' ? go(p, STATE_VERSION_LF) : REQUEST_BAD;
}

static RequestResult on_line_feed(RequestParser *p, uint8_t c) {
        return c == '\n' ? go(p, STATE_LINE) : REQUEST_BAD;
}

/* ---- header ---- */

static RequestResult on_name(RequestParser *p, uint8_t c) {
        if (is_token(c)) {
                keep_token(p, c);
                return REQUEST_MORE;
        }
        if (c != ':' || p->length == 0)
                return REQUEST_BAD;
        p->field = FIELD_OTHER;
        if (strcasecmp(p->token, "Host") == 0) {
                if (p->has_host)
                        return REQUEST_BAD;
                p->has_host = true;
                p->field = FIELD_HOST;
        } else if (strcasecmp(p->token, "Content-Length") == 0)
                p->field = FIELD_LENGTH;
        else if (strcasecmp(p->token, "Transfer-Encoding") == 0 ||
                 strcasecmp(p->token, "Expect") == 0)
                p->has_body = true;
        return go(p, STATE_VALUE);
}

/* A line that begins with white space would continue the one before: obsolete, and a smuggler's tool. */
static RequestResult on_line(RequestParser *p, uint8_t c) {
        if (c == '\r')
                return go(p, STATE_END_LF);
        p->state = STATE_NAME;
        return on_name(p, c);
}

static RequestResult on_value(RequestParser *p, uint8_t c) {
        if (c == '\r')
                return go(p, STATE_VALUE_LF);
        if ((c < ' ' && c != '\t') || c == 0x7f)
                return REQUEST_BAD;
        if (p->field == FIELD_LENGTH && c != '0' && c != ' ' && c != '\t')
                p->has_body = true;
        if (p->field != FIELD_HOST)
                return REQUEST_MORE;
        if (p->length >= REQUEST_HOST_MAX)
                return REQUEST_BAD;
        if (p->length > 0 || (c != ' ' && c != '\t'))
                p->host[p->length++] = (char) c;
        p->host[p->length] = 0;
        return REQUEST_MORE;
}

static RequestResult on_end(RequestParser *p, uint8_t c) {
        if (c != '\n' || (!p->has_host && p->minor == 1))
                return REQUEST_BAD;
        if (p->has_body && p->method != REQUEST_OTHER)
                return REQUEST_BAD;
        if (p->has_host && !request_host_reduce(p->host))
                return REQUEST_BAD;
        return REQUEST_DONE;
}

/* ---- host ---- */

static bool is_host_octet(uint8_t c, bool literal) {
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.')
                return true;
        return literal ? c == ':' : c == '-' || c == '_';
}

static bool is_port(const char *text) {
        size_t length = strspn(text, "0123456789");

        return length <= 5 && text[length] == 0;
}

bool request_host_reduce(char *host) {
        size_t length = strlen(host);

        while (length > 0 && (host[length - 1] == ' ' || host[length - 1] == '\t'))
                host[--length] = 0;
        bool literal = host[0] == '[';
        char *end = literal ? strchr(host, ']') : strchrnul(host, ':');
        if (!end || (literal && end[1] != ':' && end[1] != 0))
                return false;
        const char *port = literal ? end + 1 : end;
        if (*port == ':' && !is_port(port + 1))
                return false;
        *end = 0;
        if (literal)
                memmove(host, host + 1, (size_t) (end - host));
        length = strlen(host);
        if (!literal && length > 0 && host[length - 1] == '.')
                host[--length] = 0;
        for (char *c = host; *c; c++) {
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char) (*c - 'A' + 'a');
                if (!is_host_octet((uint8_t) *c, literal))
                        return false;
        }
        return length > 0;
}

/* ---- public ---- */

void request_init(RequestParser *p) {
        *p = (RequestParser){};
}

RequestResult request_feed(RequestParser *p, const void *data, size_t size) {
        static const state_fn handlers[_STATE_MAX] = {
                [STATE_METHOD] = on_method,   [STATE_PATH] = on_path,
                [STATE_VERSION] = on_version, [STATE_VERSION_LF] = on_line_feed,
                [STATE_LINE] = on_line,       [STATE_NAME] = on_name,
                [STATE_VALUE] = on_value,     [STATE_VALUE_LF] = on_line_feed,
                [STATE_END_LF] = on_end,
        };
        const uint8_t *octets = data;

        for (size_t i = 0; i < size; i++) {
                if (++p->size > REQUEST_HEAD_MAX)
                        return REQUEST_BAD;
                RequestResult r = handlers[p->state](p, octets[i]);
                if (r != REQUEST_MORE)
                        return r;
        }
        return REQUEST_MORE;
}
