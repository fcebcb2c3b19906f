#pragma once

/* A signer with a configuration of its own, and calls to it. */

#include "base/varlink.h"
#include "config/paths.h"
#include "systemd/listen.h"

#define URL   "https://ca.example/acme/x"
#define KID   "https://ca.example/acme/acct/1="
#define NONCE "oFvnlFP1wIhRlYS2jTaXbA"

extern Paths paths;
extern char state[300];
extern char credentials[400];       /* "": no directory */
extern ListenSocket handed;         /* name NULL: none */
extern const char *const test_root; /* where all of it is */
extern unsigned warnings;
extern char last_warning[1024];

/* CAs "test" and "other", certificates "a", "b" and "broken". */
void set_up(void);
void write_config(const char *name, const char *text);

/* One call of this peer. Every call has a connection of its own, as a process of its own would. */
VarlinkReply call_as(uid_t uid, const char *method, const char *parameters);

/* Formatted; valid until the next call. */
const char *text(const char *format, ...) _printf_(1, 2);

#define REQUEST                                                                                   \
        "\"request\":{\"ca\":\"test\",\"url\":\"" URL "\",\"nonce\":\"" NONCE "\",\"kid\":\"" KID \
        "\"}"
#define REQUEST_NO_KID "\"request\":{\"ca\":\"test\",\"url\":\"" URL "\",\"nonce\":\"" NONCE "\"}"
#define NAMES          "\"names\":[\"a.example.org\",\"9.9.9.9\",\"b.example.org\"]"

/* The error of a call, without the interface; "" if there is none. */
const char *error_of(const char *method, const char *parameters);

/* The string member of a good answer; malloc'ed. */
char *answer(const char *method, const char *parameters, const char *member);

/* A decoded member of a signed body; malloc'ed. */
char *part(const char *body, const char *member);

void make_account(void);
char *make_csr(const char *attempt);

/* The parameters of a SignFinalize, as text() gives them. */
const char *finalize(const char *certificate, const char *attempt, const char *csr);

/* The decoded payload of a good answer's body; malloc'ed. */
char *payload_of(const char *method, const char *parameters);
