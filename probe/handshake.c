/* The handshake. See probe/handshake.h for why OpenSSL does not touch the socket. */

#include "probe/handshake.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "probe/octets.h"

/* A handshake with the longest chain that OpenSSL accepts has about 100 KiB. */
#define RECEIVE_MAX ((size_t) 512 * 1024)

/* Stands for the verification: keeps what was sent and accepts it. That the service has the key is
 * checked by the handshake itself, later. */
static int keep_chain(X509_STORE_CTX *store, void *userdata) {
        Handshake *h = userdata;
        X509 *leaf = X509_STORE_CTX_get0_cert(store);

        if (!leaf || h->leaf || X509_up_ref(leaf) != 1)
                return 0;
        h->leaf = leaf;
        h->chain = X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(store));
        return 1;
}

/* Called when the service asks for a client certificate, behind the proof that it has its own key. */
static int have_no_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key) {
        Handshake *h = SSL_get_app_data(ssl);

        (void) certificate;
        (void) key;
        h->asked_for_client = true;
        return 0;
}

/* Lenient on purpose, except for the protocol: nothing is trusted here, and a service with a short key
 * or an old signature serves a leaf all the same. No tickets, no resumption: a resumed session would
 * show the leaf of the first. */
static SSL_CTX *new_context(Handshake *h) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

        if (!ctx)
                return NULL;
        if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
                SSL_CTX_free(ctx);
                return NULL;
        }
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_LEGACY_SERVER_CONNECT);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(ctx, keep_chain, h);
        SSL_CTX_set_client_cert_cb(ctx, have_no_certificate);
        return ctx;
}

/* SNI carries names only (RFC 6066 §3). */
static bool is_literal_address(const char *name) {
        uint8_t address[sizeof(struct in6_addr)];

        return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* What a client may say about the key of the server: by signature algorithms, and before TLS 1.3 by cipher suites. */
static bool ask_for_key(SSL *ssl, KeyFamily family) {
        static const struct {
                const char *sigalgs, *ciphers;
        } lists[KEY_FAMILY_MAX] = {
                [KEY_FAMILY_RSA] = { "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
                                     "RSA+SHA256:RSA+SHA384:RSA+SHA512",
                                     "aRSA" },
                [KEY_FAMILY_ECDSA] = { "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512", "aECDSA" },
                [KEY_FAMILY_ED25519] = { "ed25519", "aECDSA" },
        };

        if (family == KEY_FAMILY_ANY)
                return true;
        return SSL_set1_sigalgs_list(ssl, lists[family].sigalgs) == 1 &&
               SSL_set_cipher_list(ssl, lists[family].ciphers) == 1;
}

/* A list of one. */
static bool offer_protocol(SSL *ssl, const char *protocol) {
        unsigned char list[64];
        size_t n = protocol ? strlen(protocol) : 0;

        if (n == 0 || n >= sizeof list)
                return n == 0;
        list[0] = (unsigned char) n;
        memcpy(list + 1, protocol, n);
        return SSL_set_alpn_protos(ssl, list, (unsigned) n + 1) == 0; /* here 0 is success */
}

int handshake_init(Handshake *h, const char *server_name, KeyFamily key_family, const char *alpn) {
        BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

        h->ctx = new_context(h);
        h->ssl = h->ctx ? SSL_new(h->ctx) : NULL;
        if (!in || !out || !h->ssl) {
                BIO_free(in);
                BIO_free(out);
                ERR_clear_error();
                return -ENOMEM;
        }
        BIO_set_mem_eof_return(in, -1); /* empty means "later" */
        SSL_set_bio(h->ssl, in, out);
        SSL_set_connect_state(h->ssl);
        SSL_set_app_data(h->ssl, h);
        if (!ask_for_key(h->ssl, key_family) || !offer_protocol(h->ssl, alpn)) {
                ERR_clear_error();
                return -EINVAL;
        }
        if (server_name && !is_literal_address(server_name) &&
            SSL_set_tlsext_host_name(h->ssl, server_name) != 1) {
                ERR_clear_error();
                return -EINVAL; /* over 255 octets */
        }
        return 0;
}

void handshake_clear(Handshake *h) {
        SSL_free(h->ssl);
        SSL_CTX_free(h->ctx);
        X509_free(h->leaf);
        sk_X509_pop_free(h->chain, X509_free);
        *h = (Handshake){};
}

/* 1: all sent; 0: the socket is full; negative errno. */
static int flush_output(Handshake *h, int fd) {
        BIO *out = SSL_get_wbio(h->ssl);
        char *data;
        size_t size = (size_t) BIO_get_mem_data(out, &data);

        while (h->sent < size) {
                ssize_t n = octets_send(fd, data + h->sent, size - h->sent);

                if (n <= 0)
                        return (int) n;
                h->sent += (size_t) n;
        }
        (void) BIO_reset(out); /* of memory: cannot fail */
        h->sent = 0;
        return 1;
}

/* 1: something came; 0: nothing yet; negative errno, -ECONNRESET at the end of the stream. */
static int fill_input(Handshake *h, int fd) {
        uint8_t chunk[16 * 1024];
        ssize_t n = octets_receive(fd, chunk, sizeof(chunk));

        if (n <= 0)
                return (int) n;
        h->received += (size_t) n;
        if (h->received > RECEIVE_MAX)
                return -E2BIG;
        return BIO_write(SSL_get_rbio(h->ssl), chunk, (int) n) == n ? 1 : -ENOMEM;
}

static int failed(Handshake *h, const char *words) {
        /* Refused for want of a certificate of ours: what it serves was seen and proven before. */
        if (h->leaf && h->asked_for_client)
                return 1;
        h->failure = words;
        return -EPROTO;
}

static int lost(Handshake *h, int error) {
        if (error == -ENOMEM)
                return error;
        if (error == -E2BIG)
                return failed(h, "the service sends without end");
        if (error == -ECONNRESET || error == -EPIPE)
                return failed(h, "the service closed the connection");
        return failed(h, errno_text(error));
}

static int complete(Handshake *h, int fd) {
        /* close_notify, so that the service logs no broken connection; nobody waits for it. */
        (void) SSL_shutdown(h->ssl);
        (void) flush_output(h, fd);
        ERR_clear_error();
        return h->leaf ? 1 : failed(h, "the service sent no certificate");
}

/* 1: octets for OpenSSL came; 0: wait; else as handshake_step(). */
static int move_octets(Handshake *h, int fd, int *ret_events) {
        int sent = flush_output(h, fd), r;

        if (sent == 0) {
                *ret_events = POLLIN | POLLOUT;
                return 0;
        }
        /* A failed send is not the end: the alert that says why may be there to read. */
        r = fill_input(h, fd);
        if (r == 0 && sent > 0)
                *ret_events = POLLIN;
        if (r == 0)
                r = MIN(sent, 0);
        return r;
}

int handshake_step(Handshake *h, int fd, int *ret_events) {
        int r;

        for (;;) {
                ERR_clear_error();
                int done = SSL_do_handshake(h->ssl);
                int error = SSL_get_error(h->ssl, done);
                unsigned long code = ERR_peek_last_error();
                const char *reason = code ? ERR_reason_error_string(code) : NULL;
                ERR_clear_error();

                if (done == 1)
                        return complete(h, fd);
                if (error != SSL_ERROR_WANT_READ) {
                        (void) flush_output(h, fd); /* the alert, as far as it goes */
                        return failed(h, reason ? reason : "protocol error");
                }
                r = move_octets(h, fd, ret_events);
                if (r <= 0)
                        return r < 0 ? lost(h, r) : 0;
        }
}
