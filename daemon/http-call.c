/* One exchange: the easy handle with every limit of A-01 … A-20, and the callbacks that count octets themselves, because
 * libcurl's own limits do not see all bodies. Whatever the server sends is copied raw and bounded; judging it is for the
 * callers. */

#include <netinet/in.h>
#include <string.h>

#include "base/address.h"
#include "base/log.h"
#include "daemon/http-internal.h"

/* ---- what comes in ---- */

static size_t refuse(HttpCall *c, const char *why) {
        c->refusal = why;
        return 0; /* another number than that of the octets: libcurl ends the transfer */
}

static size_t on_body(char *data, size_t size, size_t count, void *userdata) {
        HttpCall *c = userdata;
        size_t total = size * count;

        c->in_body = true;
        if (c->reply.body.size + total > (c->site ? HTTP_SITE_BODY_MAX : HTTP_BODY_MAX))
                return refuse(c, c->site ? "the page is larger than 64 KiB"
                                         : "the answer is larger than 1 MiB");
        if (bytes_append(&c->reply.body, data, total) < 0)
                return refuse(c, "out of memory");
        return total;
}

/* A new header block (after 1xx or a redirect) makes what was read before void. */
static void forget_headers(HttpReply *r) {
        char **values[] = { &r->location, &r->replay_nonce, &r->retry_after,
                            &r->date,     &r->content_type, &r->cache_control };

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                free(*values[i]);
                *values[i] = NULL;
        }
        string_list_done(&r->links);
        bytes_done(&r->body);
}

/* The value between white space, malloc'ed; NULL without error when it is too long to be taken. */
static int header_value(const char *data, size_t size, char **ret) {
        while (size > 0 && strchr(" \t\r\n", data[size - 1]))
                size--;
        while (size > 0 && strchr(" \t", *data)) {
                data++;
                size--;
        }
        if (size > HTTP_HEADER_VALUE_MAX || memchr(data, 0, size)) {
                *ret = NULL;
                return 0;
        }
        *ret = strndup(data, size);
        return *ret ? 0 : -ENOMEM;
}

static bool name_is(const char *data, size_t size, const char *name) {
        return size == strlen(name) && strncasecmp(data, name, size) == 0;
}

/* The first of a header that comes twice holds. */
static void keep_first(char **field, char **value) {
        if (!*field)
                *field = TAKE_PTR(*value);
}

static size_t take_header(HttpCall *c, const char *data, size_t size, const char *colon) {
        size_t name = (size_t) (colon - data);
        _cleanup_free_ char *value = NULL;

        if (header_value(colon + 1, size - name - 1, &value) < 0)
                return refuse(c, "out of memory");
        if (!value)
                return size;
        /* Nothing of the kind was asked for: a server that compresses all the same wants to make us unpack (R2.4.8). */
        if (name_is(data, name, "Content-Encoding") && !str_equal_ignore_case(value, "identity"))
                return refuse(c, "the answer is compressed, which was not asked for");
        if (name_is(data, name, "Transfer-Encoding") && !str_equal_ignore_case(value, "chunked"))
                return refuse(c, "the answer has a transfer coding that was not asked for");

        if (name_is(data, name, "Location"))
                keep_first(&c->reply.location, &value);
        else if (name_is(data, name, "Replay-Nonce"))
                keep_first(&c->reply.replay_nonce, &value);
        else if (name_is(data, name, "Retry-After"))
                keep_first(&c->reply.retry_after, &value);
        else if (name_is(data, name, "Date"))
                keep_first(&c->reply.date, &value);
        else if (name_is(data, name, "Content-Type"))
                keep_first(&c->reply.content_type, &value);
        else if (name_is(data, name, "Cache-Control"))
                keep_first(&c->reply.cache_control, &value);
        else if (name_is(data, name, "Link") && c->reply.links.count < HTTP_LINKS_MAX)
                return string_list_add(&c->reply.links, value) < 0 ? refuse(c, "out of memory")
                                                                   : size;
        return size;
}

static size_t on_header(char *data, size_t size, size_t count, void *userdata) {
        HttpCall *c = userdata;
        size_t total = size * count;

        c->header_size += total;
        if (c->header_size > HTTP_HEADERS_MAX)
                return refuse(c, "the header is larger than 64 KiB");
        if (total >= 5 && memcmp(data, "HTTP/", 5) == 0) {
                c->in_body = false;
                forget_headers(&c->reply);
                return total;
        }
        const char *colon = memchr(data, ':', total);
        if (!colon || c->in_body)
                return total;
        return take_header(c, data, total, colon);
}

/* The one place that sees the address that is really connected to, whatever name, redirect or second answer of a resolver
 * led there (R2.4.5). */
static curl_socket_t on_socket(
                void *userdata, curlsocktype purpose, struct curl_sockaddr *address) {
        HttpCall *c = userdata;

        (void) purpose;
        if (!c->allow_private && !address_is_public(&address->addr, (socklen_t) address->addrlen)) {
                c->refused_address = true;
                return CURL_SOCKET_BAD;
        }
        int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                        address->protocol);
        return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* ---- what goes out ---- */

static int add_header(HttpCall *c, const char *name, const char *value) {
        _cleanup_free_ char *line = NULL;

        if (str_printf(&line, "%s%s", name, value) < 0)
                return -ENOMEM;
        struct curl_slist *list = curl_slist_append(c->headers, line);
        if (!list)
                return -ENOMEM;
        c->headers = list;
        return 0;
}

static int set_headers(HttpCall *c, const HttpRequest *request) {
        int r;

        r = add_header(c, "Accept-Language: ", "en");
        if (r >= 0 && request->accept)
                r = add_header(c, "Accept: ", request->accept);
        if (r >= 0 && request->method == HTTP_POST)
                r = add_header(c, "Content-Type: ",
                               "application/jose+json"); /* compared literally */
        if (r >= 0)
                r = add_header(c, "Expect:", ""); /* */
        return r;
}

#define SET(option, value)                                              \
        do {                                                            \
                if (curl_easy_setopt(e, (option), (value)) != CURLE_OK) \
                        return -EINVAL;                                 \
        } while (0)

static int set_method(CURL *e, HttpCall *c, const HttpRequest *request) {
        switch (request->method) {
        case HTTP_GET:
                SET(CURLOPT_HTTPGET, 1L);
                break;
        case HTTP_HEAD:
                SET(CURLOPT_NOBODY, 1L);
                break;
        case HTTP_POST:
                SET(CURLOPT_POST, 1L);
                SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->size);
                SET(CURLOPT_POSTFIELDS, c->body ? c->body : "");
                return 0;
        }
        /* A signed request names its URL, so following would be useless or worse. */
        SET(CURLOPT_FOLLOWLOCATION, 1L);
        SET(CURLOPT_MAXREDIRS, HTTP_REDIRECTS_MAX);
        return 0;
}

static int set_trust(CURL *e, const Http *h, const CaConfig *ca) {
        SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);
        SET(CURLOPT_CA_CACHE_TIMEOUT, 0L);
        if (ca && ca->bundle) { /* replaces the system's store */
                SET(CURLOPT_CAINFO, ca->bundle);
                SET(CURLOPT_CAPATH, NULL);
        } else if (h->hashed_path) { /* only the root that is needed is read, instead of 150 */
                SET(CURLOPT_CAPATH, h->hashed_path);
                SET(CURLOPT_CAINFO, NULL);
        }
        return 0;
}

static int set_limits(CURL *e, const HttpRequest *request) {
        long timeout = request->timeout_sec ? (long) request->timeout_sec : HTTP_TIMEOUT_SEC;

        SET(CURLOPT_PROTOCOLS_STR, "https");
        SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
        SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        /* The environment has no say, and what a proxy says before the tunnel stands is not the CA's. */
        SET(CURLOPT_PROXY, request->ca && request->ca->proxy ? request->ca->proxy : "");
        SET(CURLOPT_NOPROXY, "");
        SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
        SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_CONNECTTIMEOUT, HTTP_CONNECT_SEC);
        SET(CURLOPT_TIMEOUT, timeout);
        /* A CA may think for minutes before the first octet of an answer to finalize: then only the whole counts. */
        SET(CURLOPT_LOW_SPEED_LIMIT, HTTP_STALL_RATE);
        SET(CURLOPT_LOW_SPEED_TIME, timeout > HTTP_TIMEOUT_SEC ? timeout : HTTP_STALL_SEC);
        SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t) HTTP_BODY_MAX);
        SET(CURLOPT_MAXLIFETIME_CONN, (long) SEC_PER_HOUR);
        SET(CURLOPT_PATH_AS_IS, 1L); /* sent as it was signed */
        SET(CURLOPT_BUFFERSIZE, 16384L);
        SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
        SET(CURLOPT_PIPEWAIT, 1L);
        return 0;
}

/* Loosens what set_trust() and set_limits() have tightened. */
static int set_site(CURL *e) {
        SET(CURLOPT_PROTOCOLS_STR, "http");
        SET(CURLOPT_PROXY, ""); /* asked as a stranger would */
        SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_MAXREDIRS, HTTP_SITE_REDIRECTS_MAX);
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
        SET(CURLOPT_CONNECTTIMEOUT, HTTP_SITE_CONNECT_SEC);
        SET(CURLOPT_FORBID_REUSE, 1L);
        return 0;
}

static int set_callbacks(CURL *e, HttpCall *c) {
        SET(CURLOPT_PRIVATE, c);
        SET(CURLOPT_ERRORBUFFER, c->error);
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, c);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, c);
        SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
        SET(CURLOPT_OPENSOCKETDATA, c);
        return 0;
}

static void url_cleanup(CURLU **url) {
        curl_url_cleanup(*url); /* NULL is fine */
}

/* Private when configured so, through a proxy, or when the directory is written as such an address. */
static bool may_be_private(const CaConfig *ca) {
        _cleanup_(url_cleanup) CURLU *url = NULL;
        char *host = NULL;

        if (!ca)
                return false;
        if (ca->proxy) /* that is where the connection goes */
                return true;
        if (ca->allow_private || !ca->directory)
                return ca->allow_private;
        url = curl_url();
        if (!url || curl_url_set(url, CURLUPART_URL, ca->directory, 0) != CURLUE_OK ||
            curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
                return false;
        bool private = host_is_private(host);
        curl_free(host);
        return private;
}

int http_call_prepare(HttpCall *c, const HttpRequest *request) {
        const char *curl_name = curl_version_info(CURLVERSION_NOW)->version;
        _cleanup_free_ char *agent = NULL;
        int r;

        if (strlen(request->url) > HTTP_URL_MAX)
                return -EINVAL;
        CURL *e = c->easy = curl_easy_init();
        if (!e)
                return -ENOMEM;
        if (request->size > 0) {
                c->body = malloc(request->size);
                if (!c->body)
                        return -ENOMEM;
                memcpy(c->body, request->body, request->size);
        }
        c->method = request->method;
        c->site = request->site;
        c->allow_private = request->site || may_be_private(request->ca);
        r = str_printf(&agent, "renewd/%s libcurl/%s", RENEWD_VERSION, curl_name);
        if (r >= 0)
                r = set_headers(c, request);
        if (r < 0)
                return r;
        SET(CURLOPT_URL, request->url);
        SET(CURLOPT_USERAGENT, agent);
        SET(CURLOPT_HTTPHEADER, c->headers);
        r = set_method(e, c, request);
        if (r >= 0)
                r = set_trust(e, c->http, request->ca);
        if (r >= 0)
                r = set_limits(e, request);
        if (r >= 0 && request->site)
                r = set_site(e);
        return r < 0 ? r : set_callbacks(e, c);
}

/* ---- the end ---- */

static int error_of_code(CURLcode code) {
        static const struct {
                CURLcode code;
                int error;
        } table[] = {
                { CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
                { CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
                { CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH },
                { CURLE_PROXY, -ECONNREFUSED },
                { CURLE_COULDNT_CONNECT, -ECONNREFUSED },
                { CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED },
                { CURLE_SSL_CONNECT_ERROR, -EPROTO },
                { CURLE_SSL_CACERT_BADFILE, -EKEYREJECTED },
                { CURLE_WRITE_ERROR, -EMSGSIZE },
                { CURLE_FILESIZE_EXCEEDED, -EMSGSIZE },
                { CURLE_TOO_MANY_REDIRECTS, -ELOOP },
                { CURLE_UNSUPPORTED_PROTOCOL, -EPROTONOSUPPORT },
                { CURLE_URL_MALFORMAT, -EINVAL },
                { CURLE_LOGIN_DENIED, -EINVAL },
                { CURLE_OUT_OF_MEMORY, -ENOMEM },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (table[i].code == code)
                        return table[i].error;
        return -EIO;
}

bool http_call_unanswered(const HttpCall *c, CURLcode code) {
        long connects = 0;

        if (c->header_size > 0 || c->refusal || c->site)
                return false;
        switch ((int) code) {
        case CURLE_HTTP2: /* GOAWAY, RST_STREAM */
        case CURLE_HTTP2_STREAM:
        case CURLE_PARTIAL_FILE: /* the end of the connection, seen by a stream */
                return true;
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR: /* a connection made for this request says more: that the CA is in trouble */
                return curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &connects) == CURLE_OK &&
                       connects == 0;
        default:
                return false;
        }
}

void http_call_conclude(HttpCall *c, CURLcode code) {
        const char *text = c->error[0] ? c->error : curl_easy_strerror(code);

        if (code == CURLE_OK) {
                (void) curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->reply.status);
                return;
        }
        c->reply.error = error_of_code(code);
        c->reply.unanswered = http_call_unanswered(c, code);
        if (c->refusal)
                text = c->refusal;
        else if (c->refused_address && code == CURLE_COULDNT_CONNECT)
                text = "its address is not a public one (AllowPrivateAddresses=yes in the CA's file permits it)";
        c->reply.error_text = str_escape(
                        text, STR_ESCAPE_MAX); /* NULL when out of memory: the number stays */
}

void http_call_release(HttpCall *c) {
        if (c->easy)
                curl_easy_cleanup(c->easy);
        c->easy = NULL;
        curl_slist_free_all(c->headers);
        c->headers = NULL;
        free(c->body);
        c->body = NULL;
}

void http_reply_done(HttpReply *r) {
        forget_headers(r);
        free(r->error_text);
        *r = (HttpReply){};
}
