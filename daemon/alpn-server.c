/* Everything is decided at the ClientHello, before a certificate is chosen or a signature made: the protocols offered must be
 * acme-tls/1 alone and the server name one that is being validated. All others get an alert and cost next to nothing; a
 * connection that says nothing has no TLS object at all. */

#include "daemon/alpn-server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "acme/alpn-certificate.h"
#include "daemon/alpn-hello.h"
#include "daemon/proxy-header.h"

struct AlpnServer {
        StrangerServer *strangers; /* owns */
        SSL_CTX *context;          /* owns */
        const AlpnShown *shown;    /* borrows */
};

typedef struct Handshake {
        ProxyHeader header;
        SSL *ssl; /* owns; NULL: nothing was said yet */
        bool named;
} Handshake;

/* ---- the ClientHello ---- */

/* True: *ret_key and *ret_certificate are what to show. Else *ret_alert. */
static bool judge(
                const AlpnServer *s,
                SSL *ssl,
                EVP_PKEY **ret_key,
                X509 **ret_certificate,
                int *ret_alert) {
        char name[ALPN_SERVER_NAME_MAX + 1];
        const unsigned char *extension;
        size_t size;

        *ret_alert = SSL_AD_NO_APPLICATION_PROTOCOL;
        if (SSL_client_hello_get0_ext(
                            ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension,
                            &size) != 1 ||
            !alpn_hello_is_validation(extension, size))
                return false;
        *ret_alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &extension, &size) == 1 &&
               alpn_hello_server_name(extension, size, name) &&
               alpn_shown_find(s->shown, name, ret_key, ret_certificate);
}

static int on_hello(SSL *ssl, int *alert, void *userdata) {
        Handshake *h = SSL_get_app_data(ssl);
        X509 *certificate = NULL;
        EVP_PKEY *key = NULL;

        if (!judge(userdata, ssl, &key, &certificate, alert))
                return SSL_CLIENT_HELLO_ERROR;
        *alert = SSL_AD_INTERNAL_ERROR;
        if (SSL_use_certificate(ssl, certificate) != 1 || SSL_use_PrivateKey(ssl, key) != 1)
                return SSL_CLIENT_HELLO_ERROR;
        h->named = true;
        return SSL_CLIENT_HELLO_SUCCESS;
}

/* on_hello() has seen the list; this is where the library lets it be answered. */
static int on_protocols(
                SSL *ssl,
                const unsigned char **ret,
                unsigned char *ret_size,
                const unsigned char *offered,
                unsigned offered_size,
                void *userdata) {
        (void) ssl;
        (void) offered;
        (void) offered_size;
        (void) userdata;
        *ret = (const unsigned char *) ALPN_PROTOCOL;
        *ret_size = (unsigned char) strlen(ALPN_PROTOCOL);
        return SSL_TLSEXT_ERR_OK;
}

/* ---- protocol ---- */

static void context_freep(SSL_CTX **c) {
        SSL_CTX_free(*c);
}

/* Made for the first who says something: most machines are never asked. */
static int make_context(AlpnServer *s) {
        _cleanup_(context_freep) SSL_CTX *c = SSL_CTX_new(TLS_server_method());

        if (!c || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
            SSL_CTX_set_num_tickets(c, 0) != 1)
                return -ENOMEM;
        (void) SSL_CTX_set_options(
                        c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        (void) SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
        (void) SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_client_hello_cb(c, on_hello, s);
        SSL_CTX_set_alpn_select_cb(c, on_protocols, NULL);
        s->context = TAKE_PTR(c);
        return 0;
}

static int begin(AlpnServer *s, Handshake *h, int fd) {
        int r = s->context ? 0 : make_context(s);

        if (r < 0)
                return r;
        h->ssl = SSL_new(s->context);
        if (!h->ssl || SSL_set_fd(h->ssl, fd) != 1 || SSL_set_app_data(h->ssl, h) != 1)
                return -ENOMEM;
        return 0;
}

static StrangerWant shake(Handshake *h) {
        int k = SSL_accept(h->ssl);

        if (k == 1) {
                (void) SSL_shutdown(
                                h->ssl); /* says goodbye; what the peer says to it is not waited for */
                return STRANGER_END;
        }
        k = SSL_get_error(h->ssl, k);
        if (k == SSL_ERROR_WANT_READ)
                return STRANGER_READ;
        return k == SSL_ERROR_WANT_WRITE ? STRANGER_WRITE : STRANGER_END;
}

static StrangerWant step(void *state, int fd, bool local, bool *engaged, void *userdata) {
        Handshake *h = state;

        if (local) {
                int r = proxy_header_read(&h->header, fd);
                if (r < 0)
                        return r == -EAGAIN ? STRANGER_READ : STRANGER_END;
        }
        ERR_clear_error(); /* SSL_get_error() looks at what others left */
        StrangerWant want = h->ssl || begin(userdata, h, fd) >= 0 ? shake(h) : STRANGER_END;
        ERR_clear_error();
        *engaged = h->named;
        return want;
}

static void end(void *state) {
        Handshake *h = state;

        SSL_free(h->ssl);
}

/* ---- public ---- */

int alpn_server_new(Loop *loop, usec_t deadline, const AlpnShown *shown, AlpnServer **ret) {
        static const StrangerProtocol protocol = { .size = sizeof(Handshake),
                                                   .step = step,
                                                   .end = end };
        _cleanup_(alpn_server_freep) AlpnServer *s = NULL;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->shown = shown;
        r = stranger_server_new(loop, deadline, &protocol, s, &s->strangers);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

AlpnServer *alpn_server_free(AlpnServer *s) {
        if (!s)
                return NULL;
        stranger_server_free(s->strangers);
        SSL_CTX_free(s->context);
        free(s);
        return NULL;
}

StrangerServer *alpn_server_strangers(AlpnServer *s) {
        return s->strangers;
}
