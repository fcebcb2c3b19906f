/* Optional names (OptionalNames=; Q-05): one that has made orders fail for days is left out, so that the others are
 * renewed; it is asked for again daily. The installed certificate stays as it is until another one is there. */

#include <string.h>

#include "base/log.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"
#include "daemon/words.h"

#define PATIENCE_SEC         ((int64_t) 3 * SEC_PER_DAY)
#define PATIENCE_MISSING_SEC ((int64_t) SEC_PER_DAY)
#define PATIENCE_SHARE       30 /* of the lifetime: 160 h give 5 h */
#define ASK_AGAIN_SEC        ((int64_t) SEC_PER_DAY)
#define ASK_SHARE            20

bool cert_is_left_out(const Cert *c, const char *name) {
        return string_list_contains(&c->record.left_out.names, name) &&
               string_list_contains(&c->config->optional_names, name);
}

static bool somebody_is_left_out(const Cert *c) {
        for (size_t i = 0; i < c->record.left_out.names.count; i++)
                if (cert_is_left_out(c, c->record.left_out.names.items[i]))
                        return true;
        return false;
}

int64_t cert_optional_at(const Cert *c) {
        return c->present && somebody_is_left_out(c) ? MAX(c->record.left_out.ask_at, 1) : 0;
}

int cert_wanted_names(const Cert *c, int64_t now, StringList *ret) {
        bool all = now >= c->record.left_out.ask_at;
        int r = 0;

        for (size_t i = 0; i < c->config->names.count && r >= 0; i++)
                if (all || !cert_is_left_out(c, c->config->names.items[i]))
                        r = string_list_add(ret, c->config->names.items[i]);
        return r;
}

/* ---- whose fault ---- */

/* An authorization's identifier stands without the "*." of its name. */
static bool is_name(const char *name, const char *identifier) {
        const char *rest = str_skip_prefix(name, "*.");

        return identifier && (str_equal(name, identifier) || (rest && str_equal(rest, identifier)));
}

static bool is_blamed(const Failure *f, const char *name) {
        bool one = f->class == CLASS_ORDER || f->class == CLASS_PARK;

        for (size_t i = 0; i < f->problem.subproblem_count; i++)
                if (is_name(name, f->problem.subproblems[i].identifier) &&
                    problem_blames(&f->problem, i))
                        return true;
        return one && f->problem.subproblem_count == 0 && is_name(name, f->identifier);
}

/* The optional names of this order that made it fail; none if a required one did, too. */
static int blamed_names(const Cert *c, const Failure *f, StringList *ret) {
        const StringList *ordered = &c->record.attempt.names;
        int r = 0;

        for (size_t i = 0; i < ordered->count && r >= 0; i++) {
                const char *name = ordered->items[i];

                if (!is_blamed(f, name))
                        continue;
                if (!string_list_contains(&c->config->optional_names, name)) {
                        string_list_done(ret);
                        return 0;
                }
                r = string_list_add(ret, name);
        }
        return r;
}

/* ---- leaving out ---- */

static void ask_later(Cert *c, const Failure *f, int64_t now) {
        int64_t lifetime = cert_lifetime(c), wait = ASK_AGAIN_SEC;

        if (lifetime > 0)
                wait = MAX(MIN(wait, lifetime / ASK_SHARE), 1);
        wait -= (int64_t) (loop_random(c->context->engine->loop) % (uint64_t) (wait / 20 + 1));
        c->record.left_out.ask_at =
                        now + MAX(wait, retry_after_clamp(&(RetryFacts){
                                                        .retry_after_sec = f->retry_after_sec }));
        (void) str_replace(&c->record.left_out.why, f->message); /* the words, and nothing else */
}

static int64_t patience(const Cert *c) {
        if (cert_is_urgent(c))
                return 0;
        if (!c->present)
                return PATIENCE_MISSING_SEC;
        return MIN(PATIENCE_SEC, cert_lifetime(c) / PATIENCE_SHARE);
}

static int leave_out(Cert *c, const StringList *names, int64_t now) {
        RecordLeftOut *l = &c->record.left_out;
        LogFields fields = { .certificate = c->config->name, .ca = c->ca.name };
        int r = 0;

        if (l->names.count == 0)
                l->at = now;
        for (size_t i = 0; i < names->count && r >= 0; i++) {
                if (string_list_contains(&l->names, names->items[i]))
                        continue;
                r = string_list_add(&l->names, names->items[i]);
                log_message(LOG_ERR, &fields,
                            "%s: the optional name '%s' is left out of the certificate: it has made "
                            "orders fail; asked for again daily",
                            c->config->name, names->items[i]);
        }
        memset(c->record.quota.recent, 0, sizeof c->record.quota.recent); /* these were its own */
        return r;
}

bool cert_optional_heed(Cert *c, const Failure *f, int64_t now) {
        _cleanup_(string_list_done) StringList blamed = {};
        bool new = false;

        if (c->config->optional_names.count == 0 || f->class == CLASS_UNREACHABLE)
                return false;
        /* Asked for a left-out name alone: whatever happened, the certificate is in no need. */
        if (cert_is_asking_again(c)) {
                ask_later(c, f, now);
                return true;
        }
        if (blamed_names(c, f, &blamed) < 0 || blamed.count == 0)
                return false;
        for (size_t i = 0; i < blamed.count; i++)
                new = new || !cert_is_left_out(c, blamed.items[i]);
        if (new && c->record.quota.first == 0 && patience(c) > 0)
                return false; /* for the first time */
        if (new &&now - c->record.quota.first < patience(c))
                return false;
        if (leave_out(c, &blamed, now) < 0)
                return false;
        ask_later(c, f, now);
        return true;
}

void cert_optional_issued(Cert *c, const StringList *names) {
        RecordLeftOut *l = &c->record.left_out;
        StringList rest = {};

        for (size_t i = 0; i < l->names.count; i++)
                if (!string_list_contains(names, l->names.items[i]) &&
                    string_list_add(&rest, l->names.items[i]) < 0)
                        break; /* no memory: then it is asked for with the next order */
        string_list_done(&l->names);
        l->names = rest;
        if (rest.count == 0)
                record_left_out_done(l);
}

bool cert_is_asking_again(const Cert *c) {
        return c->present && c->plan.reason == RENEW_NONE && !c->wanted && somebody_is_left_out(c);
}

int cert_optional_trouble(const Cert *c, char **ret) {
        const RecordLeftOut *l = &c->record.left_out;
        _cleanup_(bytes_done) Bytes b = {};
        char since[WORDS_SIZE], next[WORDS_SIZE];
        int64_t now = cert_now(c);
        int r = 0;

        if (!somebody_is_left_out(c) || !c->present)
                return 0;
        for (size_t i = 0; i < l->names.count && r >= 0; i++)
                r = bytes_printf(&b, "%s%s", i > 0 ? ", " : "", l->names.items[i]);
        if (r < 0)
                return r;
        return str_printf(
                        ret, "left out since %s: %s (%s); asked for again %s%s",
                        words_date(l->at, now, since), bytes_text(&b),
                        l->why ? l->why : "it made orders fail", l->ask_at > now ? "on " : "now",
                        l->ask_at > now ? words_date(l->ask_at, now, next) : "");
}
