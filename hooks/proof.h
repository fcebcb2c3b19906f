#pragma once

/* A proof: what is shown by a program to answer one challenge. Its facts come from the engine and are checked here
 * against root's configuration and their alphabets, since they reach the arguments and environment of programs. */

#include "base/json.h"
#include "config/config.h"

#define PROOFS_MAX       ((size_t) 2 * NAMES_MAX) /* of one certificate at a time */
#define PROOF_OUTPUT_MAX ((size_t) 4096)          /* of the program, kept for its clean-up */

typedef struct Proof {
        ChallengeType type;
        char *identifier;    /* owns; without "*." */
        char *token;         /* owns */
        char *authorization; /* owns; the key authorization */
        char *value;         /* owns; what is shown: the authorization, or its digest */
        char *record; /* owns; DNS types: the name that the TXT record is written at; else NULL */
        char *output; /* owns; what the program said, for CERTBOT_AUTH_OUTPUT; NULL */
        int64_t remaining; /* how many came after it in its call */
        bool wildcard;
        bool done; /* the program has shown it */
} Proof;

typedef struct ProofList {
        Proof *items; /* owns */
        size_t count;
} ProofList;

void proof_done(Proof *p);
void proof_list_done(ProofList *l);
int proof_list_add(ProofList *l, Proof *p); /* takes what *p holds */
void proof_list_remove(ProofList *l, size_t i);
Proof *proof_list_find(const ProofList *l, const Proof *like); /* by type, identifier, token */

/* Reads what the engine sends; every value is checked. -EINVAL with *ret_bad = the member at fault (static). */
int proof_parse(const Json *j, const CertificateConfig *c, Proof *ret, const char **ret_bad);

/* The journal's form. What is not as proof_parse() wants it is -EBADMSG. */
int proof_to_json(const Proof *p, Json **ret);
int proof_from_json(const Json *j, Proof *ret);

/* Is it one for the provider's program (DNS=)? Else it is one for ChallengeHook=. */
bool proof_is_dns(const Proof *p);
