#pragma once

/* What a certificate stands on: what all of them share, and the CAs that it may be ordered from. */

#include "config/certificate-config.h"
#include "daemon/budget.h"
#include "daemon/engine.h"
#include "daemon/groups.h"
#include "daemon/pacer.h"
#include "daemon/session.h"

typedef struct Cert Cert;

/* What all certificates share; the manager's. */
typedef struct CertContext {
        Engine *engine;      /* borrowed, as the slots */
        Slots *installer;    /* processes of the installer at a time */
        Slots *prober;       /* handshakes at a time */
        Groups *groups;      /* targets that are deployed one at a time */
        Slots *preflights;   /* certificates whose names are looked at, at a time */
        bool once;           /* everything now, nothing is spread, nothing waits for long */
        int64_t started;     /* Unix seconds */
        int64_t clock_floor; /* no clock is right before it (T-21) */
        Cert *certs;         /* all there are, for twins */
        uint64_t progress;   /* grows with each step of any certificate */
        unsigned rehearsing; /* rehearsals under way */
        unsigned recalled;   /* certificates that their CA wanted replaced at once */
        void (*changed)(void *userdata); /* the answers of cert-status.c may have changed */
        void *userdata;
} CertContext;

/* One CA of a certificate; all borrowed, and NULL when there is none that can be used. */
typedef struct CertCa {
        const char *name;
        Session *session;
        Pacer *pacer;
        Budget *budget;
} CertCa;

/* Preferred first (CA-03). */
typedef struct CertCas {
        CertCa list[CERTIFICATE_CAS_MAX];
        size_t count;
        CertCa staging; /* where renewals at the first of them are rehearsed; empty: nowhere */
} CertCas;
