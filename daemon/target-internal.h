#pragma once

/* The insides of a target's loop, for target*.c only:
 *
 *   target.c         the object, and which step is next
 *   target-deploy.c  the installer's part: look, deploy, confirm
 *   target-hold.c    what a deploy that is due waits for
 *   target-served.c  handshakes: is it the leaf that is served?
 *   target-endpoint.c  and where
 *   target-takeover.c  is it somebody else's?
 *   target-status.c  words and JSON */

#include "acme/key.h"
#include "daemon/target-endpoint.h"
#include "daemon/target-row.h"
#include "daemon/target.h"

#define LOOK_SEC          SEC_PER_HOUR       /* a verified target is looked at hourly … */
#define LOOK_SLACK_SEC    (15 * SEC_PER_MIN) /* … together with others */
#define OPEN_LOOK_SEC     30                 /* an open one by a handshake */
#define STOPPED_LOOK_SEC  60                 /* and one that no handshake shows */
#define SERVE_WINDOW_SEC  60                 /* a service may need so long to serve the new leaf */
#define SERVE_PROOFS      3                  /* looks in a row that must see it … */
#define PROOF_GAP_MSEC    500                /* … so far apart */
#define PROBE_LIMIT_SEC   10                 /* of one handshake */
#define PROBE_GAP_MAX_SEC 8

typedef enum TargetPhase {
        TARGET_NOTHING,    /* no leaf is wanted here */
        TARGET_LOOKING,    /* Inspect */
        TARGET_QUEUED,     /* others of its group come first */
        TARGET_DEPLOYING,  /* Deploy */
        TARGET_PROBING,    /* handshakes, or the pause between two of them */
        TARGET_CONFIRMING, /* Verified */
        TARGET_WAITING,    /* it is not as it shall be; a timer */
        TARGET_VERIFIED,   /* it is; a timer of an hour */
} TargetPhase;

struct Target {
        TargetOwner owner;
        const char *certificate;    /* borrowed */
        const TargetConfig *config; /* borrowed */
        TargetPhase phase;
        char *leaf; /* NULL: none wanted */
        int64_t lifetime_sec;
        int64_t not_after, former_not_after;
        bool may_deploy;
        bool mend_tried; /* since the last look */
        bool given_back; /* what stood here before stands here again: nothing is done */
        bool now;        /* by hand: nothing is waited for */

        TargetRow row;             /* as last told */
        TargetServed served;       /* the worst of: */
        TargetEndpoints endpoints; /* as last seen, all of them */
        TargetEndpoints seen;      /* those that the present look has come to */
        size_t next_probe;         /* of that look */
        char *stand_in;            /* owns; of before the first certificate; NULL */
        char *trouble;             /* owns; NULL: nothing is wrong */
        bool told;                 /* this trouble was logged */
        bool fresh;                /* deployed in this run and not yet told as good */

        bool held;          /* WAITING for what hold-… says */
        bool by_canary;     /* and that is a canary */
        bool hold_told;     /* it was logged */
        char *hold;         /* owns; words */
        int64_t hold_until; /* Unix seconds; 0: not known */
        bool drift_told;    /* that its files were changed was logged */

        Slot *slot;
        Slot *turn; /* in its group; from QUEUED on until it is proved or has failed */
        HelperCall *call;
        ProberCall *probe;
        Timer *timer;
        usec_t wake_at; /* CLOCK_BOOTTIME; of `timer` while WAITING */

        unsigned failures;  /* deploys in a row without the leaf being served */
        usec_t deploy_at;   /* CLOCK_BOOTTIME; no deploy before; 0: any time */
        unsigned silence;   /* calls in a row without an answer */
        usec_t serve_until; /* handshakes are repeated quickly until then */
        unsigned probe_gap_sec;
        unsigned proofs; /* looks in a row that saw the new leaf */
};

/* target.c */
void target_set_phase(Target *t, TargetPhase phase); /* the only writer; stops what is under way */
void target_decide(Target *t);                       /* after a row was read */
void target_wait(Target *t, usec_t delay, loop_fn fn);
void target_postpone_deploy(Target *t); /* the last one did not do it: backoff */
void target_open(Target *t);            /* not as it shall be: waits for what comes first */
void target_verified(Target *t);
bool target_is_stopped(const Target *t);  /* its unit was, when it was last looked at */
bool target_lacks_proof(const Target *t); /* its proof failed when it was last run */
/* Takes a malloc'ed text, or NULL; logs it once. */
void target_set_trouble(Target *t, char *text, const char *message_id);
void target_set_stopped_trouble(Target *t);
void target_set_told_trouble(Target *t, char *text); /* that was logged in other words */
usec_t target_now(const Target *t);

/* target-deploy.c */
void target_look(Target *t);
void target_deploy(Target *t);
void target_confirm(Target *t);
void target_mend(
                Target *t); /* what a verified service has loaded is put back, without telling it */

/* target-hold.c */
bool target_holds(Target *t);               /* looks; the deploy that is due must wait */
void target_hold(Target *t);                /* and so it does */
void target_take_turn(Target *t);           /* deploys, in its turn if it has a group */
int64_t target_hold_until(const Target *t); /* 0: it does not wait, or nobody knows */

/* target-takeover.c */
bool target_needs_consent(const Target *t); /* TakeOver=no, and nothing of ours was ever there */
void target_ask_consent(Target *t);         /* a handshake; deploys, or says why not */

/* target-served.c */
void target_serve_begin(Target *t); /* with a window of patience */
void target_serve_once(Target *t);
