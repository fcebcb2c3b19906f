#pragma once

/* All certificates of one configuration: starts their lives, carries a changed configuration over, answers questions. */

#include "daemon/engine.h"

typedef struct Manager Manager;

/* `config` is taken. `changed` is called (from the loop) when the answers to questions may have changed. */
int manager_new(Engine *engine,
                Config *config,
                void (*changed)(void *userdata),
                void *userdata,
                Manager **ret);
Manager *manager_free(Manager *m);
DEFINE_CLEANUP(Manager *, manager_free)

/* Plans every certificate and begins. With `once` nothing is spread over time. */
int manager_start(Manager *m, bool once);

/* Takes a new configuration: running orders of unchanged certificates go on untouched; changed ones are planned again;
 * removed ones are aborted and forgotten in memory (their state stays on disk). */
int manager_reload(Manager *m, Config *config);

const Config *manager_config(const Manager *m);

/* Nothing is under way and nothing is due now (for --once). */
bool manager_is_settled(const Manager *m);

/* Every certificate valid, deployed and verified, configuration without error? */
bool manager_is_degraded(const Manager *m);

/* "3 certificates valid; next renewal mail.example.org on 2027-01-03 (in 43 days)", or what is wrong and until when it
 * is safe to ignore. malloc'ed. */
int manager_sentence(const Manager *m, char **ret);

/* Grows whenever the scheduler made progress or looked and found nothing due: food of the watchdog. */
uint64_t manager_progress(const Manager *m);

/* See cert_persist_records(); -ENOENT: there is no such certificate. */
int manager_persist_records(const Manager *m, const char *name, StringList *ret);

/* The array of WatchedEndpoint; and pins of the first sight are forgotten (-ENOENT: there is no such watch). */
int manager_watches_json(const Manager *m, Json **ret);
int manager_forget_pins(Manager *m, const char *name);

/* Varlink shapes of io.renewd.Manager. -ENOENT: unknown name. */
int manager_status_json(const Manager *m, Json **ret);
size_t manager_count(const Manager *m);
int manager_certificate_json_at(const Manager *m, size_t i, Json **ret);
int manager_certificate_json(const Manager *m, const char *name, Json **ret);
int manager_accounts_json(const Manager *m, Json **ret); /* an array */
int manager_account_json(const Manager *m, const char *ca, Json **ret);

/* Shows a probe's answer at /.well-known/acme-challenge/TOKEN for each of the names, for a minute or until the next call.
 * -ENODEV: there is no listener and no directory to show it. */
int manager_show_probe(Manager *m, const StringList *names, char **ret_token, char **ret_answer);
