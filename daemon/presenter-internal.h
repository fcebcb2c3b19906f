#pragma once

/* presenter.c: what is wanted, and what follows; presenter-call.c: the two calls to the installer. */

#include "daemon/dns-alias.h"
#include "daemon/presenter.h"
#include "daemon/propagation.h"

typedef enum PresentPhase {
        PRESENT_ALIAS,   /* where the record stands is looked up */
        PRESENT_READY,   /* waits for the call */
        PRESENT_CALLED,  /* the program runs */
        PRESENT_LOOKING, /* the name servers are looked at */
        PRESENT_SHOWN,   /* or failed: the answer was given */
} PresentPhase;

typedef struct PresentItem {
        Presenter *presenter;
        struct PresentItem *next;
        ChallengeType type;
        char *identifier, *token, *authorization;
        char *record; /* DNS types; where the aliases end */
        int64_t lifetime_sec;
        PresentPhase phase;
        bool wildcard;
        bool touched; /* a program may have shown it */
        bool hide;    /* not wanted any more */
        bool in_call; /* part of the call under way */
        DnsAlias *alias;
        Propagation *propagation;
        presented_fn fn; /* NULL: answered, or nobody wants to know */
        void *userdata;
} PresentItem;

struct Presenter {
        PresenterOwner owner;
        const CertificateConfig *config; /* borrows */
        PresentItem *items;
        HelperCall *call;
        Slot *slot;
        bool cleaning; /* the call is a Cleanup */
        bool hold;     /* more wishes are to come */
        bool noted;
        bool sweep; /* something was left by an earlier run, or by a clean-up that failed */
        unsigned failures;
        Timer *retry;
        char *warning;
};

/* presenter.c */
void presenter_pump(Presenter *p);
void presenter_answer(PresentItem *i, int error, const char *message);
void presenter_look(PresentItem *i); /* the program has shown it */
void presenter_drop(PresentItem *i);
bool presenter_wants_something(const Presenter *p);

/* presenter-call.c; both use the items with in_call set */
int presenter_call_present(Presenter *p);
int presenter_call_cleanup(Presenter *p, bool all);
