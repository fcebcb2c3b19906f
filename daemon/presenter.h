#pragma once

/* What programs show for one certificate (DNS=, ChallengeHook=), by way of the installer. Wishes come one by one and
 * go to the program together when no more are to come; then, for DNS, the name servers are looked at. What was
 * shown is taken away when it is not wanted any more, also when the program fails at first, and after a crash. */

#include "daemon/engine.h"
#include "daemon/slots.h"

typedef struct Presenter Presenter;

typedef struct PresenterOwner {
        Engine *engine;   /* borrowed, as the slots */
        Slots *installer; /* processes of the installer at a time */
        /* Makes durable whether programs may be showing something. */
        int (*note)(bool shown, void *userdata);
        void (*changed)(void *userdata); /* presenter_describe() may say something else */
        void *userdata;
} PresenterOwner;

/* `noted`: what was made durable last. */
int presenter_new(const PresenterOwner *owner, bool noted, Presenter **ret);
Presenter *presenter_free(Presenter *p); /* what is shown stays, and is noted */
DEFINE_CLEANUP(Presenter *, presenter_free)

/* `config` is borrowed; the one before it is not looked at any more. */
void presenter_configure(Presenter *p, const CertificateConfig *config);

/* Is a program configured for this type? */
bool presenter_has_program(const Presenter *p, ChallengeType type);

typedef struct PresentWish {
        ChallengeType type;
        const char *identifier; /* all copied */
        const char *token;
        const char *authorization;
        const char *account_url; /* dns-account-01 */
        int64_t lifetime_sec;    /* of the certificate; 0: not known */
        bool wildcard;
} PresentWish;

/* error 0: it is shown, and seen as far as was wanted. Else *message says why not, for a person. */
typedef void (*presented_fn)(int error, const char *message, void *userdata);

/* `fn` is called once, from the loop, unless presenter_forget() comes first. */
int presenter_show(Presenter *p, const PresentWish *wish, presented_fn fn, void *userdata);
void presenter_forget(Presenter *p, const void *userdata);
void presenter_hide(Presenter *p, ChallengeType type, const char *identifier, const char *token);

/* Begins with what waits; with `more` to come, not yet. */
void presenter_go(Presenter *p, bool more);

/* No order runs: nothing shall be shown, also of what an earlier run noted. */
void presenter_settle(Presenter *p);

/* Nothing is under way, and nothing is left to be taken away, but by a later try. */
bool presenter_is_settled(const Presenter *p);

/* What is waited for, for a person; NULL: nothing. malloc'ed. */
int presenter_describe(const Presenter *p, char **ret);
/* What the last order should be known for: servers that did not serve the record in time. NULL: nothing. */
const char *presenter_warning(const Presenter *p);
