#pragma once

/* The engine's memory of one certificate (Y-02, Y-03, Q-07): certificates/NAME.json. A plain value, read from and
 * written to JSON. What cannot be understood is left out, what is not known is kept: the certificate on disk and
 * the CA are the truth, this is a hint. */

#include "base/json.h"
#include "base/strings.h"
#include "daemon/retry.h"

#define RECORD_VERSION       1
#define RECORD_FALLBACKS_MAX 3       /* CAs besides the first */
#define RECORD_ISSUED_MAX    16      /* more than the issuance guard ever counts */
#define RECORD_FAILURES_MAX  1000000 /* what is more is that (R1.6) */
#define RECORD_REVOKED_MAX   64

/* The order that is open, or about to be. */
typedef struct RecordAttempt {
        char *id; /* NULL: there is none */
        int64_t at;
        StringList names;
        char *ca, *key_type;
        char *account; /* URL that the order belongs to */
        char *request; /* digest of CertificateRequest=; NULL: none */
        char *spki;    /* of its key, once there is a CSR */
        char *profile; /* that was configured; NULL: none */
        bool csr;      /* the key was made: never ask for another one */
        bool repeated; /* it was found without a URL once already */
        Json *order;   /* of the order machine; NULL: the CA has not answered */
} RecordAttempt;

/* The chain on disk, and what was asked for when it was ordered. */
typedef struct RecordCurrent {
        char *leaf; /* NULL: not known */
        StringList names;
        char *ca, *key_type, *attempt;
        char *request;            /* digest of CertificateRequest=; NULL: none */
        char *account;            /* that it was issued to */
        char *profile;            /* that its order had; NULL: none */
        int64_t at;               /* when it came; 0: not known */
        bool unusable;            /* its key is gone */
        bool unwanted;            /* it was revoked, and another one shall take its place */
        bool imported;            /* a person brought it */
        int64_t former_not_after; /* of the one before it; 0: none */
        int64_t oldest_not_after; /* the earliest of what targets may still have; 0: all have this one */
} RecordCurrent;

typedef struct RecordError {
        char *message; /* escaped; NULL: none */
        char *class, *type;
        int64_t status, at;
} RecordError;

typedef struct RecordIssue {
        int64_t at;
        int64_t set; /* of names and key type, see record_set_of() */
} RecordIssue;

/* What the CA said about the renewal of one certificate (T-22). */
typedef struct RecordRenewal {
        char *cert_id;      /* of the certificate that it is about; NULL: nothing is known */
        int64_t start, end; /* the last good window; 0: none */
        char *explanation;  /* escaped; may be NULL */
        int64_t chosen;     /* the instant that was drawn from it; 0: none */
        int64_t fetched;    /* when the CA said so last; 0: never */
        int64_t next_check;
        int64_t failures; /* in a row */
        bool recalled;    /* the window was wholly past when it came (T-18) */
        bool absent;      /* the CA has no renewal information */
        bool refused;     /* the CA does not take this certificate as a predecessor */
} RecordRenewal;
/* What became of one CA since the last certificate came (Q-07, CA-03). */
typedef struct RecordTries {
        int64_t failures;     /* in a row, that cost an attempt */
        int64_t since;        /* of the first trouble; 0: none */
        int64_t next_attempt; /* not before; 0 */
        int64_t retry_after;  /* the CA's own word: not even by hand before; 0 */
} RecordTries;

typedef struct RecordFallback {
        char *ca;
        RecordTries tries;
} RecordFallback;

/* Optional names that are not ordered for now. */
typedef struct RecordLeftOut {
        StringList names;
        int64_t at;     /* since when */
        int64_t ask_at; /* when they are asked for again */
        char *why;      /* escaped; may be NULL */
} RecordLeftOut;

typedef struct Record {
        Json *raw; /* as read; NULL if new */
        RecordAttempt attempt;
        RecordCurrent current;
        RecordError error;
        RecordRenewal renewal;
        int64_t attempts;  /* ever */
        RecordTries tries; /* at the first CA */
        RecordFallback fallbacks[RECORD_FALLBACKS_MAX];
        size_t fallback_count;
        RetryQuota quota; /* of all CAs together */
        RecordLeftOut left_out;
        int64_t import_told; /* when it was last said that a certificate must be brought; 0: never */
        bool shown;          /* a program may be showing something (J-13) */
        RecordIssue issued[RECORD_ISSUED_MAX]; /* oldest first */
        size_t issued_count;
        StringList revoked; /* SHA-256 of the leaves that were revoked by us, oldest first; the installer reads it too */
} Record;

void record_done(Record *r);

/* Any JSON, or NULL, gives a record. -ENOMEM only. */
int record_parse(const Json *j, Record *ret);

/* With all members that record_parse() did not know. */
int record_build(const Record *r, Json **ret);

void record_attempt_done(RecordAttempt *a);
void record_current_done(RecordCurrent *c);
void record_error_done(RecordError *e);
void record_renewal_done(RecordRenewal *n);

/* At the CA of this name; `first` is the first of the configuration. -ENOSPC: too many CAs. */
RecordTries record_tries_at(const Record *r, const char *ca, const char *first);
int record_set_tries_at(Record *r, const char *ca, const char *first, RecordTries tries);
int64_t record_failures(const Record *r); /* in a row, at all CAs */
void record_forget_tries(Record *r);      /* a new round begins */
void record_left_out_done(RecordLeftOut *l);
/* Notes a revocation; the oldest gives way. */
int record_add_revoked(Record *r, const char *leaf);

/* A number for a set of names and a key type, the same on every machine. */
int64_t record_set_of(const StringList *names, const char *key_type);

/* Notes an issuance; the oldest gives way. */
void record_add_issue(Record *r, int64_t at, int64_t set);

/* Times of the issuances of this set, oldest first; `ret` of RECORD_ISSUED_MAX. Returns how many. */
size_t record_issues_of(const Record *r, int64_t set, int64_t *ret);
