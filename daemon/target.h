#pragma once

/* One place where one certificate shall be: a loop that compares what should be with what is and does the next
 * missing step (DESIGN §1.3): look → deploy → handshakes → verified, and from then on a look every hour. It
 * never gives up and never needs a new order. */

#include "daemon/engine.h"
#include "daemon/groups.h"

typedef struct Target Target;

typedef struct TargetOwner {
        Engine *engine; /* all borrowed */
        Slots *installer;
        Slots *prober;
        Groups *groups;
        void (*changed)(void *userdata);  /* something worth showing changed */
        void (*not_live)(void *userdata); /* the installer does not have the leaf live */
        /* Name of a target that must have the wanted leaf before this one; NULL: none. May be NULL itself. */
        const char *(*canary)(const Target *t, void *userdata);
        void *userdata;
} TargetOwner;

/* `certificate` and `config` are borrowed. */
int target_new(const TargetOwner *owner,
               const char *certificate,
               const TargetConfig *config,
               Target **ret);
Target *target_free(Target *t);
DEFINE_CLEANUP(Target *, target_free)

const TargetConfig *target_config(const Target *t);

/* The same target in a new configuration; looks again when it is not the same at all. */
void target_configure(Target *t, const char *certificate, const TargetConfig *config);

/* This leaf is live and shall be here; looks at once. Without `may_deploy` it only watches. `lifetime_sec`
 * scales the waits; 0: not known. */
int target_want(Target *t, const char *leaf, int64_t lifetime_sec, bool may_deploy);

/* Ends what is under way; nothing more is done there until it is taken back. */
void target_give_back(Target *t, bool given_back);

/* What its waiting goes by; before target_want(). `not_after`: of the wanted leaf; `former_not_after`: the earliest end of
 * what the service may still have (in the past: it is not waited). With `now` it waits for nothing. */
void target_know(Target *t, int64_t not_after, int64_t former_not_after, bool now);

bool target_is_verified(const Target *t);
/* Verified, or it failed and waits for another try: nothing is under way. */
bool target_is_settled(const Target *t);

/* The leaf's files are at their places. */
bool target_is_here(const Target *t);
/* The service is told of nothing before the twin's files are here as well. */
bool target_awaits_twin(const Target *t);
/* Its last deploy failed, perhaps for want of the twin's files. */
bool target_may_need_twin(const Target *t);
/* They are here: no need to wait for the next try. */
void target_hurry(Target *t);

/* It is due, nothing is wrong, and it waits for its window or a canary: "nginx waits for the window Sun 03:00
 * (2027-01-03)"; borrowed, NULL: it does not. */
const char *target_hold_words(const Target *t);
/* Whoever changed something about a canary says so: looks again if that was what this one waits for. */
void target_canary_changed(Target *t);

/* Unix seconds of the next try; 0: none planned. */
int64_t target_next_attempt(const Target *t);

/* What is wrong, "nginx does not serve the new certificate yet: connection refused"; NULL if nothing is known to be.
 * Borrowed. */
const char *target_trouble(const Target *t);

/* What is being done, "deploying to nginx"; NULL if nothing. malloc'ed. */
int target_describe(const Target *t, char **ret);

/* The shape Target of io.renewd.Manager. */
int target_json(const Target *t, Json **ret);

/* What became of a stand-in here, as the installer says it: "placed", "other"; NULL: nothing is known. Copied. */
void target_set_stand_in(Target *t, const char *state);
const char *target_stand_in(const Target *t);

/* Would the installer and the prober do the same for both? */
bool target_config_same(const TargetConfig *a, const TargetConfig *b);
