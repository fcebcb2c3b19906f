#pragma once

/* One call to the signer while it is being checked. The finders look up what the parameters name
 * and refuse what they must not name: each returns 1 to go on; anything else is what the method
 * returns, since the call is then answered (and a refusal logged, R2.7.5). */

#include "base/varlink.h"
#include "config/config.h"
#include "signer/payload.h"
#include "signer/service.h"

#define SIGNER_NONCE_MAX ((size_t) 512)       /* R2.4.13 */
#define SIGNER_CSR_MAX   ((size_t) 40 * 1024) /* base64url; 100 names of 253 octets have room */

typedef struct Request {
        const char *method;                   /* static */
        const SignerService *service;         /* borrows */
        VarlinkCall *call;                    /* borrows; freed by its answer */
        const Json *parameters;               /* borrows */
        Config *config;                       /* owns; read anew for each call */
        int store_fd;                         /* owns; -1: not open yet */
        const CaConfig *ca;                   /* of config */
        const CertificateConfig *certificate; /* of config */
        const char *url, *nonce;
        const char *kid;     /* NULL for newAccount and with a certificate's key */
        StringList names;    /* owns; those of the parameters */
        const char *attempt; /* of parameters */
        EVP_PKEY *account;   /* owns */
        EVP_PKEY *key;       /* owns; of the certificate */
} Request;

void request_done(Request *q);

/* Is the peer one of those that may ask at all? */
int request_admit(Request *q);

/* `ca`: its name is the parameter of that name. */
int request_find_ca(Request *q);

/* `request`: ca, url and nonce, and kid if `with_kid`; without, there must be none. */
int request_find_signing(Request *q, bool with_kid);

/* `certificate`: configured, without errors, and at this CA if one was found before. */
int request_find_certificate(Request *q);

/* `names` are those of the certificate; only optional ones may be missing (OptionalNames=). Call after request_find_certificate(). */
int request_check_names(Request *q);

/* `profile`, `replaces`, `notBefore` and `notAfter` of a new order, each optional, as the certificate's configuration
 * allows them. Call after request_find_certificate(). */
int request_check_wishes(Request *q, OrderWishes *ret);

/* `attempt` is well-formed. */
int request_find_attempt(Request *q);

/* For what is no key. */
int request_open_store(Request *q);

/* The keys, by what was found before. */
int request_find_account_key(Request *q, bool create);
int request_find_certificate_key(Request *q, bool create);

/* Takes the key with this SPKI for the attempt, if it may. */
int request_reuse_key(Request *q, const char *spki_sha256);

/* The configured request is not for an account's key (C-13). */
int request_check_configured(Request *q);

/* `csr` is a request for the certificate's key and names, or the configured one. *ret: its text, of the parameters. */
int request_check_csr(Request *q, const char **ret);

/* Answers with io.renewd.Signer.NAME and logs it. */
int request_refuse(Request *q, const char *name, const char *format, ...) _printf_(3, 4);
