#pragma once

/* The TLS side of one connection, up to the end of the handshake. OpenSSL reads and writes memory; the
 * octets are moved here. So a peer that goes away costs no SIGPIPE, what a peer may send has a limit,
 * and a plain-text dialogue before the handshake (STARTTLS) needs no second way of reading. */

#include <openssl/ssl.h>

#include "acme/certinfo.h"

typedef STACK_OF(X509) ServedChain;

typedef struct Handshake {
        SSL_CTX *ctx; /* owns */
        SSL *ssl;     /* owns, with its two memory BIOs */
        size_t sent;  /* of what the outgoing BIO holds */
        size_t received;
        X509 *leaf;            /* owns; as sent, NULL before it came */
        ServedChain *chain;    /* owns; as sent, the leaf first */
        bool asked_for_client; /* the service wants a certificate of ours */
        const char *failure;   /* borrows; after -EPROTO, until the next call of anything */
} Handshake;

/* `server_name` NULL or a literal address: no SNI. -EINVAL if it is too long. `alpn` NULL: no such list. `h` stays where it
 * is until handshake_clear(). */
int handshake_init(Handshake *h, const char *server_name, KeyFamily key_family, const char *alpn);
void handshake_clear(Handshake *h);

/* 1: done, the leaf was seen and the service has its key; 0: wait for *ret_events on `fd`; -EPROTO: it
 * failed, `failure` says why; another negative errno: our own fault. */
int handshake_step(Handshake *h, int fd, int *ret_events);
