#pragma once

/* Everything around an engine, fake: one loop, one CA ("ca.test"), the helpers, the store. The engine can be started
 * and crashed in it as often as one likes. */

#include "daemon/manager-renew.h"
#include "daemon/manager-task.h"
#include "tests/fake/ca.h"
#include "tests/fake/dns.h"
#include "tests/fake/helper.h"
#include "tests/fake/http.h"
#include "tests/fake/loop.h"
#include "tests/fake/prober.h"
#include "tests/fake/responder.h"
#include "tests/fake/store.h"

#define WORLD_START INT64_C(1798761600) /* 2027-01-01 */

typedef struct World {
        Loop *loop;
        Store *store;
        Responder *responder;
        Http *http;
        FakeCa *ca, *second; /* the second one: "second.test", of world_config_add_second() */
        Helper *signer, *installer;
        Prober *prober;
        Dns *dns;
        Engine engine;
        Manager *manager; /* NULL: not running */
        unsigned changes; /* that the manager told */
} World;

int world_init(World *w, uint64_t seed);
void world_done(World *w); /* stops the engine */

/* A configuration of `count` certificates "cNNN.example.org", each with one target "web" that is probed, at CA
 * "ca". Tests may edit it before it is given away. */
Config *world_config(size_t count);
/* One with these names, each "x y" a certificate named by its first name. */
Config *world_config_named(const char *const *names, size_t count);
/* The i-th one gets a twin of this type, behind it, with the same targets. */
void world_config_add_twin(Config *c, size_t i, KeyType type);
/* Defines CA "second"; every certificate falls back to it. */
void world_config_add_second(Config *c);
/* Defines CA "staging", at "second.test" too, where renewals are rehearsed; not together with the one above. */
void world_config_add_staging(Config *c);
/* Of the first certificate with this name: it becomes an optional one. */
void world_config_make_optional(Config *c, const char *name);
int world_config_add_target(CertificateConfig *c, const char *name, bool probed);

int world_start(World *w, Config *config, bool once);
void world_stop(World *w);
/* If the engine has crashed: frees it. True if it had. */
bool world_reap(World *w);

/* Runs until the manager is settled and the loop is quiet; false after `limit_sec`. */
bool world_settle(World *w, int64_t limit_sec);
/* A member of the certificate's JSON as text: "valid"; malloc'ed by the world, valid until the next call. */
const char *world_state(World *w, const char *name);
