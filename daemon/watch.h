#pragma once

/* Endpoints whose certificates are somebody else's affair (watch/NAME.conf): looked at regularly, shown, and told about
 * when one is wrong. Nothing is ever done about them. */

#include "daemon/engine.h"
#include "daemon/slots.h"

typedef struct Watches Watches;

typedef struct WatchesOwner {
        Engine *engine; /* all borrowed */
        Slots *prober;
        void (*changed)(void *userdata);
        void *userdata;
} WatchesOwner;

int watches_new(const WatchesOwner *owner, Watches **ret);
Watches *watches_free(Watches *w);
DEFINE_CLEANUP(Watches *, watches_free)

/* `config` is borrowed until the next call. What is the same in it goes on; what is new is looked at soon. */
int watches_configure(Watches *w, const Config *config);

/* "vms: tls 10.0.0.5:7001: it has expired on …" for each endpoint that is wrong; appended. */
int watches_problems(const Watches *w, StringList *ret);
bool watches_are_good(const Watches *w);

/* An array of the shape WatchedEndpoint of io.renewd.Manager. */
int watches_json(const Watches *w, Json **ret);

/* The keys that were pinned on first sight are forgotten, and it is looked at anew. -ENOENT: there is no such watch. */
int watches_forget_pins(Watches *w, const char *name);
