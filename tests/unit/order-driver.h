#pragma once

/* A driver for the order machine with a small, obedient CA inside, and a fault hook in front of it.
 * Carries every effect out at once and checks what must always hold: a URL is saved before it is used,
 * a challenge is in the saved journal before it is shown, a CSR is saved before it is sent. */

#include <stdio.h>
#include <string.h>

#include "acme/order.h"
#include "base/strings.h"
#include "tests/unit/test.h"

#define DRIVER_NAMES_MAX 16
#define DRIVER_SHOWN_MAX 64

typedef struct Driver Driver;

/* True: `e` was filled instead of the CA. */
typedef bool (*DriverFault)(Driver *d, const OrderEffect *effect, OrderEvent *e);

struct Driver {
        OrderMachine *m;
        StringList names, origins;
        ChallengeType challenges[CHALLENGE_TYPE_MAX];
        size_t challenge_count;
        int64_t lifetime_hint_sec;
        OrderSpec wish; /* what newOrder shall carry, and the preferred chain; the rest is not used */

        /* the CA */
        bool initially_ready, synchronous, invalid;
        bool posted[DRIVER_NAMES_MAX], valid[DRIVER_NAMES_MAX];
        bool finalized;
        unsigned pending_polls, processing_polls; /* polls it takes */
        const char *only_offer;                   /* one challenge type; NULL: all three */
        const char *order_error;                  /* JSON of the invalid order's error */
        const char *challenge_error;              /* JSON of the first authorization's error */
        int64_t order_retry_after, finalize_retry_after;
        const char *echo; /* more members of its orders, with a comma in front */

        /* the world */
        DriverFault fault;
        unsigned fault_count; /* for the hooks' own use */
        int present_error;
        int64_t now, waits[4096];
        size_t wait_count;
        unsigned calls[CALL_MAX], posts, saves, presents, removes, csrs, others, effects;
        char *shown[DRIVER_SHOWN_MAX]; /* "type identifier token" */
        Json *saved;
        bool done, failed;
        char asked[512]; /* newOrders in turn: "profile/replaces/notBefore/notAfter " */
        unsigned tells;
        char told[512]; /* the last one */
        unsigned stop_after; /* effects; 0: never. The effect itself is carried out, its answer is lost */
        char text[8192];
        char csr_sent[256];
};

static const char driver_pem[] = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

static inline void driver_spec(const Driver *d, OrderSpec *ret) {
        *ret = (OrderSpec){
                .names = &d->names,
                .origins = &d->origins,
                .challenges = d->challenges,
                .challenge_count = d->challenge_count,
                .lifetime_hint_sec = d->lifetime_hint_sec,
                .emergency = d->wish.emergency,
                .profile = d->wish.profile,
                .profile_required = d->wish.profile_required,
                .replaces = d->wish.replaces,
                .not_before = d->wish.not_before,
                .not_after = d->wish.not_after,
                .preferred_chain = d->wish.preferred_chain,
        };
}

/* `names`: separated by blanks. */
static inline void driver_init(Driver *d, const char *names) {
        char copy[1024], *state = NULL;

        *d = (Driver){
                .challenges = { CHALLENGE_HTTP_01, CHALLENGE_DNS_01, CHALLENGE_TLS_ALPN_01 },
                .challenge_count = 3,
                .processing_polls = 1,
                .now = 1800000000,
        };
        (void) snprintf(copy, sizeof copy, "%s", names);
        for (char *n = strtok_r(copy, " ", &state); n; n = strtok_r(NULL, " ", &state))
                CHECK(string_list_add(&d->names, n) >= 0);
        CHECK(string_list_add(&d->origins, "https://ca.test") >= 0);
}

static inline void driver_new(Driver *d) {
        OrderSpec spec;

        driver_spec(d, &spec);
        d->m = order_machine_free(d->m);
        CHECK(order_machine_new(&spec, &d->m) >= 0);
}

static inline void driver_done(Driver *d) {
        d->m = order_machine_free(d->m);
        string_list_done(&d->names);
        string_list_done(&d->origins);
        d->saved = json_free(d->saved);
        for (size_t i = 0; i < DRIVER_SHOWN_MAX; i++)
                free(d->shown[i]);
}

static inline size_t driver_shown_count(const Driver *d) {
        size_t n = 0;

        for (size_t i = 0; i < DRIVER_SHOWN_MAX; i++)
                n += d->shown[i] != NULL;
        return n;
}

static inline void driver_check_end(const Driver *d, bool done) {
        CHECK(d->done == done);
        CHECK(d->failed == !done);
        CHECK_INT(order_machine_state(d->m), done ? ORDER_DONE : ORDER_FAILED);
        CHECK_INT(driver_shown_count(d), 0);
}

/* -- the CA ----------------------------------------------------------------------------------- */

static inline const char *driver_order_status(Driver *d) {
        if (d->invalid)
                return "invalid";
        if (d->finalized && d->processing_polls > 0)
                return "processing";
        if (d->finalized)
                return "valid";
        if (d->initially_ready)
                return "ready";
        for (size_t i = 0; i < d->names.count; i++)
                if (!d->posted[i] && !d->valid[i])
                        return "pending";
        return d->pending_polls > 0 ? "pending" : "ready";
}

static inline void driver_order_body(Driver *d) {
        const char *status = driver_order_status(d);
        size_t n = 0;

        n += (size_t) snprintf(
                        d->text, sizeof d->text,
                        "{\"status\":\"%s\",\"expires\":\"2027-01-16T08:00:00Z\",\"identifiers\":[",
                        status);
        for (size_t i = 0; i < d->names.count; i++)
                n += (size_t) snprintf(
                                d->text + n, sizeof d->text - n,
                                "%s{\"type\":\"dns\",\"value\":\"%s\"}", i > 0 ? "," : "",
                                d->names.items[i]);
        n += (size_t) snprintf(d->text + n, sizeof d->text - n, "],\"authorizations\":[");
        for (size_t i = 0; i < d->names.count; i++)
                n += (size_t) snprintf(
                                d->text + n, sizeof d->text - n, "%s\"https://ca.test/a/%zu\"",
                                i > 0 ? "," : "", i);
        n += (size_t) snprintf(
                        d->text + n, sizeof d->text - n,
                        "],\"finalize\":\"https://ca.test/f\"%s%s%s%s}",
                        str_equal(status, "valid") ? ",\"certificate\":\"https://ca.test/c\"" : "",
                        d->invalid && d->order_error ? ",\"error\":" : "",
                        d->invalid && d->order_error ? d->order_error : "", d->echo ? d->echo : "");
}

static inline void driver_authorization_body(Driver *d, size_t i) {
        static const char *const types[] = { "tls-alpn-01", "http-01", "dns-01", "unheard-of-01" };
        const char *name = d->names.items[i], *base = str_skip_prefix(name, "*.");
        bool valid = d->valid[i] || (d->posted[i] && d->pending_polls == 0);
        size_t n = 0, listed = 0;

        n += (size_t) snprintf(
                        d->text, sizeof d->text,
                        "{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s\"},"
                        "\"wildcard\":%s,\"challenges\":[",
                        d->invalid ? "invalid"
                        : valid    ? "valid"
                                   : "pending",
                        base ? base : name, base ? "true" : "false");
        for (size_t t = 0; t < ELEMENTSOF(types); t++) {
                if (d->only_offer ? !str_equal(d->only_offer, types[t]) : t == 3)
                        continue;
                n += (size_t) snprintf(
                                d->text + n, sizeof d->text - n,
                                "%s{\"type\":\"%s\",\"url\":\"https://ca.test/x/%zu/%zu\",\"status\":\"%s\","
                                "\"token\":\"token-%02zu-0123456789abcdef0123\"%s%s}",
                                listed++ > 0 ? "," : "", types[t], i, t,
                                d->invalid ? "invalid" : "pending", i,
                                d->invalid && d->challenge_error && i == 0 ? ",\"error\":" : "",
                                d->invalid && d->challenge_error && i == 0 ? d->challenge_error
                                                                           : "");
        }
        (void) snprintf(d->text + n, sizeof d->text - n, "]}");
}

static inline size_t driver_index(const char *url) {
        return (size_t) atoi(url + strlen("https://ca.test/a/"));
}

static inline void driver_ca(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        e->status = 200;
        if (effect->call == CALL_NEW_ORDER) {
                e->status = 201;
                e->location = "https://ca.test/o/1";
                driver_order_body(d);
        } else if (effect->call == CALL_AUTHORIZATION)
                driver_authorization_body(d, driver_index(effect->url));
        else if (effect->call == CALL_CHALLENGE) {
                d->posted[driver_index(effect->url)] = true;
                (void) snprintf(d->text, sizeof d->text,
                                "{\"type\":\"http-01\",\"status\":\"pending\",\"url\":\"%s\"}",
                                effect->url);
        } else if (effect->call == CALL_ORDER) {
                driver_order_body(d);
                if (!d->finalized && d->pending_polls > 0)
                        d->pending_polls--;
                if (d->finalized && d->processing_polls > 0 && --d->processing_polls == 0)
                        driver_order_body(d);
                e->retry_after_sec = d->order_retry_after;
        } else if (effect->call == CALL_FINALIZE) {
                d->finalized = true;
                if (d->synchronous)
                        d->processing_polls = 0;
                driver_order_body(d);
                e->retry_after_sec = d->finalize_retry_after;
        } else
                (void) snprintf(d->text, sizeof d->text, "%s", driver_pem);
        e->body = d->text;
        e->size = strlen(d->text);
}

/* -- effects ---------------------------------------------------------------------------------- */

static inline bool driver_saved_shows(const Driver *d, const OrderEffect *effect) {
        const Json *list = NULL;

        if (!d->saved || json_get_array(d->saved, "presented", &list) < 0)
                return false;
        for (size_t i = 0; i < json_count(list); i++) {
                const char *token = NULL, *identifier = NULL;

                (void) json_get_string(json_at(list, i), "token", &token);
                (void) json_get_string(json_at(list, i), "identifier", &identifier);
                if (str_equal(token, effect->token) && str_equal(identifier, effect->identifier))
                        return true;
        }
        return false;
}

static inline void driver_show(Driver *d, const OrderEffect *effect, bool on) {
        char key[512];
        size_t i = 0;

        (void) snprintf(key, sizeof key, "%s %s %s", challenge_type_to_string(effect->challenge),
                        effect->identifier, effect->token);
        while (i < DRIVER_SHOWN_MAX && !str_equal(d->shown[i], key))
                i++;
        if (i < DRIVER_SHOWN_MAX && !on) {
                free(d->shown[i]);
                d->shown[i] = NULL;
        }
        if (i < DRIVER_SHOWN_MAX || !on)
                return;
        for (i = 0; d->shown[i]; i++)
                ;
        d->shown[i] = strdup(key);
}

static inline void driver_note(Driver *d, const OrderEffect *effect) {
        size_t n = strlen(d->asked);

        (void) snprintf(d->asked + n, sizeof d->asked - n, "%s/%s/%lld/%lld ",
                        effect->profile ? effect->profile : "",
                        effect->replaces ? effect->replaces : "", (long long) effect->not_before,
                        (long long) effect->not_after);
}

static inline void driver_call(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        const char *url = NULL, *csr = NULL;

        d->calls[effect->call]++;
        d->posts++;
        if (d->saved) {
                (void) json_get_string(d->saved, "url", &url);
                (void) json_get_string(d->saved, "csr", &csr);
        }
        CHECK((effect->call == CALL_NEW_ORDER) == (effect->url == NULL));
        if (effect->call == CALL_NEW_ORDER)
                driver_note(d, effect);
        CHECK(effect->call == CALL_NEW_ORDER || url); /* H-05 */
        if (effect->call == CALL_FINALIZE) {
                CHECK(csr != NULL);
                if (d->csr_sent[0])
                        CHECK_STR(csr ? csr : "", d->csr_sent); /* O-07: the same bytes */
                (void) snprintf(d->csr_sent, sizeof d->csr_sent, "%s", csr ? csr : "");
        }
        e->kind = ORDER_EVENT_REPLY;
        if (!d->fault || !d->fault(d, effect, e))
                driver_ca(d, effect, e);
}

static inline void driver_save(Driver *d) {
        d->saves++;
        d->saved = json_free(d->saved);
        CHECK(order_machine_save(d->m, &d->saved) >= 0);
}

/* Carries one effect out; true: `e` is its answer. */
static inline bool driver_carry_out(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        static const char csr[] = "not really DER";

        *e = (OrderEvent){ .id = effect->id, .random = 20 };
        d->effects++;
        if (effect->kind == EFFECT_SAVE)
                driver_save(d);
        else if (effect->kind == EFFECT_CALL)
                driver_call(d, effect, e);
        else if (effect->kind == EFFECT_PRESENT) {
                CHECK(driver_saved_shows(d, effect)); /* J-13 */
                d->presents++;
                driver_show(d, effect, true);
                e->kind = ORDER_EVENT_PRESENTED;
                e->error = d->present_error;
        } else if (effect->kind == EFFECT_REMOVE) {
                d->removes++;
                driver_show(d, effect, false);
        } else if (effect->kind == EFFECT_CSR) {
                d->csrs++;
                if (effect->another) {
                        d->others++;
                        d->csr_sent[0] = '\0';
                        CHECK(json_get(d->saved, "csr") == NULL); /* durable: that one is over */
                }
                e->kind = ORDER_EVENT_CSR;
                e->body = csr;
                e->size = sizeof csr - 1;
        } else if (effect->kind == EFFECT_WAIT) {
                CHECK(effect->delay_sec > 0);
                d->now += effect->delay_sec;
                d->waits[d->wait_count++ % ELEMENTSOF(d->waits)] = effect->delay_sec;
                e->kind = ORDER_EVENT_TIMER;
        } else if (effect->kind == EFFECT_TELL) {
                d->tells++;
                (void) snprintf(d->told, sizeof d->told, "%s", effect->text);
        } else if (effect->kind == EFFECT_DONE)
                d->done = true;
        else
                d->failed = true;
        e->now = d->now;
        return effect->id != 0;
}

/* Runs until the machine ends, has nothing more to do, or `stop_after` effects are carried out. */
static inline void driver_run(Driver *d, OrderEventKind first) {
        OrderEffect effect;
        OrderEvent e = { .kind = first, .now = d->now, .random = 20 };

        CHECK(order_machine_step(d->m, &e) >= 0);
        for (unsigned n = 0; n < 20000 && order_machine_next(d->m, &effect); n++) {
                bool answered = driver_carry_out(d, &effect, &e);

                if (d->stop_after && d->effects >= d->stop_after)
                        return;
                if (answered)
                        CHECK(order_machine_step(d->m, &e) >= 0);
        }
}

/* The machine dies; a new one is made from what was saved. */
static inline void driver_load(Driver *d) {
        const char *csr = NULL;
        OrderSpec spec;

        driver_spec(d, &spec);
        d->m = order_machine_free(d->m);
        d->csr_sent[0] = '\0';
        if (!d->saved) {
                CHECK(order_machine_new(&spec, &d->m) >= 0);
                return;
        }
        CHECK(order_machine_load(&spec, d->saved, &d->m) >= 0);
        if (json_get_string(d->saved, "csr", &csr) >= 0)
                (void) snprintf(d->csr_sent, sizeof d->csr_sent, "%s", csr);
}

static inline void driver_restart(Driver *d) {
        d->stop_after = 0;
        driver_load(d);
        driver_run(d, d->saved ? ORDER_EVENT_RESUME : ORDER_EVENT_START);
}

/* For fault hooks: an answer with a problem document. */
static inline bool driver_problem(
                Driver *d, OrderEvent *e, long status, const char *type, int64_t retry_after) {
        e->status = status;
        e->retry_after_sec = retry_after;
        (void) snprintf(d->text, sizeof d->text,
                        "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"because\"}",
                        type);
        e->body = d->text;
        e->size = strlen(d->text);
        return true;
}

static inline bool driver_text(Driver *d, OrderEvent *e, long status, const char *text) {
        (void) snprintf(d->text, sizeof d->text, "%s", text);
        e->status = status;
        e->body = d->text;
        e->size = strlen(d->text);
        return true;
}
