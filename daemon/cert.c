/* The plan of one certificate: the one function that decides whether an order begins now, and if not, when to
 * look again. Everything that changes the answer calls it. */

#include <string.h>

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-install.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/cert-words.h"
#include "daemon/words.h"

#define SLACK_MAX_SEC (15 * SEC_PER_MIN)
#define OVERDUE_SEC   SEC_PER_HOUR

void cert_set_phase(Cert *c, CertPhase phase) {
        if (phase != CERT_IDLE && !c->rehearses)
                cert_rehearsals_give_way(c);
        c->phase = phase;
        c->context->progress++;
        if (phase == CERT_IDLE && !c->rehearses)
                cert_wake_twin(c);
}

int64_t cert_now(const Cert *c) {
        return loop_wall_sec(c->context->engine->loop);
}

int64_t cert_lifetime(const Cert *c) {
        return c->present ? MAX(c->info.not_after - c->info.not_before, 1) : 0;
}

const char *cert_key_type(const Cert *c) {
        return key_type_to_string(c->config->key_type);
}

const CertificateConfig *cert_config(const Cert *c) {
        return c->config;
}

void cert_changed(Cert *c) {
        c->context->progress++;
        c->context->changed(c->context->userdata);
}

StoreKind cert_store_kind(const Cert *c) {
        return c->rehearses ? STORE_REHEARSAL : STORE_CERTIFICATE;
}

int cert_save(Cert *c) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        r = record_build(&c->record, &j);
        if (r < 0)
                return r;
        return store_save(c->context->engine->store, cert_store_kind(c), c->config->name, j);
}

/* ---- what is true of the current certificate ---- */

/* Compared with what was asked for, where that is known: a CA that adds a name, or gives another key type, must not
 * be asked for ever (S-08). */
bool cert_fits(const Cert *c) {
        const RecordCurrent *now = &c->record.current;
        const StringList *names = &c->info.names, *wanted = &c->config->names;
        const char *key_type = c->info.key_type < 0 ? NULL : key_type_to_string(c->info.key_type);

        if (!c->present || c->config->broken)
                return c->present;
        if (c->config->elsewhere)
                return cert_elsewhere_fits(c);
        if (str_equal(now->leaf, c->info.leaf_sha256)) {
                if (now->unwanted)
                        return false;
                if (now->names.count > 0)
                        names = &now->names;
                if (now->key_type)
                        key_type = now->key_type;
                if (now->ca && !certificate_has_ca(c->config, now->ca))
                        return false;
                if (!str_equal(now->request ? now->request : "", c->config->request_sha256))
                        return false;
        } else if (c->config->request_path &&
                   !str_equal(c->info.spki_sha256, c->config->request_spki))
                return false;
        for (size_t i = 0; i < wanted->count; i++)
                if (!string_list_contains(names, wanted->items[i]) &&
                    !cert_is_left_out(c, wanted->items[i]))
                        return false;
        return certificate_accepts_names(c->config, names) &&
               (!key_type || str_equal(key_type, cert_key_type(c)));
}

/* Stable and different for each certificate, so that neither ours nor those of many machines come together. */
static uint32_t jitter_of(const Cert *c) {
        StringList one = { .items = (char **) &c->config->name, .count = 1 };
        const char *serial = c->present ? c->info.serial : "";

        return (uint32_t) (record_set_of(&one, serial) >> 8);
}

RenewPlan cert_plan_at(const Cert *c, int64_t now) {
        RenewFacts facts = {
                .present = c->present,
                .fits = cert_fits(c),
                .not_before = c->info.not_before,
                .not_after = c->info.not_after,
                .renew_before_sec = cert_renew_before(c),
                .jitter = jitter_of(c),
                .now = now,
                .started = c->context->once ? 0 : c->context->started,
                .clock_floor = c->context->clock_floor,
                .suggested = cert_suggested(c),
                .recalled = cert_is_recalled(c),
        };

        return renew_plan(&facts);
}

bool cert_is_extra(const Cert *c) {
        return c->plan.reason == RENEW_NONE || c->plan.reason == RENEW_MISSING ||
               c->plan.reason == RENEW_CHANGED || c->forced;
}

/* ---- when ---- */

static void tell_late(Cert *c) {
        LogFields fields = {
                .certificate = c->config->name,
                .ca = c->ca.name,
                .message_id = MESSAGE_EXPIRES_SOON,
        };
        char date[WORDS_SIZE];

        if (c->late_told || !cert_is_late(c))
                return;
        c->late_told = true;
        log_message(LOG_ERR, &fields,
                    "%s: could not be renewed yet, the present certificate is valid until %s",
                    c->config->name, words_date(c->info.not_after, cert_now(c), date));
}

bool cert_is_due(const Cert *c) {
        if (c->config->broken || !c->ca.session)
                return false;
        if (c->wanted)
                return true;
        if (c->plan.reason == RENEW_CLOCK)
                return false;
        if (c->plan.reason != RENEW_NONE || c->record.attempt.id)
                return true;
        return cert_optional_at(c) > 0 && cert_optional_at(c) <= cert_now(c);
}

static void on_plan_timer(void *userdata) {
        Cert *c = userdata;

        c->plan_timer = timer_free(c->plan_timer);
        c->planned = 0;
        cert_plan(c);
        cert_install_tell(c);
}

void cert_plan_soon(Cert *c) {
        c->plan_timer = timer_free(c->plan_timer);
        /* Without memory for a timer the next change plans again. */
        (void) loop_timer_after(c->context->engine->loop, 0, on_plan_timer, c, &c->plan_timer);
}

/* Due at `at`; planned again at `wake`, which is not later. */
static void sleep_until(Cert *c, int64_t at, int64_t wake, int64_t now) {
        int64_t slack = MIN(SLACK_MAX_SEC, (wake - now) / 20);

        if (cert_lifetime(c) > 0)
                slack = MIN(slack, cert_lifetime(c) / 200);
        if (at == cert_suggested(c)) /* T-17: inside the window */
                slack = MIN(slack, MAX(c->record.renewal.end - at - 1, 0));
        c->planned = at;
        /* Without memory for a timer: the next change plans again, and the watchdog sees it. */
        (void) loop_timer_at(
                        c->context->engine->loop, wake, MAX(slack, 0), on_plan_timer, c,
                        &c->plan_timer);
}

static void plan_idle(Cert *c, int64_t now) {
        int64_t at = MAX(c->plan.look_again, now + 1), optional = cert_optional_at(c);
        int64_t rehearsal = cert_rehearsal_plan(c, now);

        c->guard_until = 0;
        c->delay = DELAY_NONE;
        cert_forget_reach(c);
        cert_prefer_first_ca(c);
        if (c->plan.reason == RENEW_NONE)
                at = MIN(at, MAX(c->plan.at, now + 1));
        if (optional > 0)
                at = MIN(at, MAX(optional, now + 1));
        if (rehearsal > 0)
                at = MIN(at, MAX(rehearsal, now + 1));
        sleep_until(c, at, at, now);
}

void cert_plan(Cert *c) {
        int64_t now = cert_now(c), at, wake, widen;

        c->plan_timer = timer_free(c->plan_timer);
        c->planned = 0;
        c->context->progress++;
        c->awaits_twin = false;
        if (c->phase != CERT_IDLE)
                return;
        cert_fix_instants(c, now);
        c->plan = cert_plan_at(c, now);
        if (!cert_is_due(c)) {
                cert_elsewhere_tell(c);
                plan_idle(c, now);
                return;
        }
        tell_late(c);
        widen = cert_choose_ca(c, now);
        at = wake = cert_due_at(c, now);
        if (at <= now)
                at = wake = MAX(at, cert_await_twin(c, now));
        if (at <= now) {
                cert_attempt_begin(c);
                return;
        }
        if (c->delay != DELAY_FAILED &&
            c->delay != DELAY_UNREACHABLE) /* gates open as time goes on */
                wake = MIN(wake, MAX(c->plan.look_again, now + 1));
        if (widen > now)
                wake = MIN(wake, widen);
        sleep_until(c, at, wake, now);
}

/* ---- life ---- */

int cert_new(CertContext *context,
             const CertificateConfig *config,
             const CertCas *cas,
             Cert **ret) {
        _cleanup_(cert_freep) Cert *c = calloc(1, sizeof *c);
        int r;

        if (!c)
                return -ENOMEM;
        c->context = context;
        c->config = config;
        cert_cas_configure(c, cas);
        cert_join(c);
        r = cert_load(c);
        if (r >= 0)
                r = cert_show_init(c);
        if (r >= 0)
                r = cert_targets_configure(c, config);
        if (r >= 0)
                r = cert_rehearsal_configure(c, &cas->staging);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

Cert *cert_free(Cert *c) {
        if (!c)
                return NULL;
        c->rehearsal = cert_rehearsal_free(c->rehearsal);
        cert_asks_free(c);
        c->presenter = presenter_free(c->presenter); /* what it shows stays for the next start */
        cert_attempt_clear(c);
        cert_preflight_forget(c);
        cert_info_stop(c);
        cert_install_stop(c);
        cert_targets_free(c);
        cert_watches_free(c);
        cert_leave(c);
        (void) helper_call_free(c->prune);
        (void) helper_call_free(c->retire);
        (void) timer_free(c->plan_timer);
        free(c->publish_error);
        free(c->lost_text);
        free(c->delay_name);
        record_done(&c->record);
        certinfo_done(&c->info);
        bytes_done(&c->chain);
        free(c);
        return NULL;
}

void cert_start(Cert *c, int64_t spread_sec) {
        int64_t lifetime = cert_lifetime(c), now = cert_now(c);

        /* What is not there yet has no lifetime, and is ordered at once; its renewal is no matter of this start. */
        spread_sec = MIN(spread_sec, MAX(lifetime, 0) / 100);
        if (spread_sec > 0)
                c->spread_until = now + loop_random(c->context->engine->loop) %
                                                        (uint64_t) (spread_sec + 1);
        if (!c->record.attempt.order) /* else the order knows, and what is left goes with its end */
                presenter_settle(c->presenter);
        cert_install(c);
        cert_info_start(c);
        cert_plan(c);
}

void cert_abort(Cert *c) {
        cert_rehearsal_yield(c, "the certificate was removed");
        cert_order_stop(c);
        cert_info_stop(c);
        cert_attempt_clear(c);
        cert_install_stop(c);
}

/* The open order, if any, is not what would be ordered now: it is left to expire at the CA. */
static void drop_order(Cert *c) {
        int r;

        cert_order_stop(c);
        cert_attempt_clear(c);
        record_attempt_done(&c->record.attempt);
        record_forget_tries(&c->record);
        cert_forget_reach(c);
        r = cert_save(c);
        if (r < 0)
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

int cert_configure(Cert *c, const CertificateConfig *config, const CertCas *cas, bool renewed_ca) {
        bool same = certificate_same_order(c->config, config) &&
                    c->config->broken == config->broken;
        int r;

        cert_rehearsal_yield(c, "the configuration was read anew; ask again");
        c->plan_timer = timer_free(c->plan_timer);
        c->check_again = 0; /* perhaps this is what mends it */
        if (!same)
                cert_preflight_forget(c);
        if (renewed_ca || !same) {
                cert_order_stop(c);
                cert_attempt_clear(c);
                cert_forget_delays(c);
        }
        if (str_equal(c->record.error.class, "park")) /* perhaps this is what was waited for */
                cert_forget_delays(c);
        if (!same && !config->broken && c->record.attempt.id)
                drop_order(c);
        r = cert_targets_configure(c, config);
        cert_info_stop(c); /* it asks the CA of before */
        presenter_configure(c->presenter, config);
        c->config = config;
        cert_cas_configure(c, cas);
        if (r >= 0)
                r = cert_rehearsal_configure(c, &cas->staging);
        else
                c->rehearsal = cert_rehearsal_free(
                                c->rehearsal); /* it is of the former configuration */
        if (r < 0)
                return r;
        cert_install(c);
        cert_info_plan(c);
        cert_plan(c);
        cert_changed(c);
        return 0;
}

static int forbidden_until(
                Cert *c, int64_t until, const char *why, const char *unless, char **ret_message) {
        char date[WORDS_SIZE];

        (void) str_printf(
                        ret_message, "%s: %s; not before %s, unless forced%s", c->config->name, why,
                        words_date(until, cert_now(c), date), unless);
        return -EAGAIN;
}

/* -EAGAIN: not now, and *ret_message says until when, and how all the same (S-11, S-08). */
static int check_waits(Cert *c, CertWish wish, char **ret_message) {
        _cleanup_(string_list_done) StringList names = {};
        int64_t now = cert_now(c), until;
        int r;

        cert_fix_instants(c, now);
        r = cert_wanted_names(c, now, &names);
        if (r < 0)
                return r;
        until = cert_asked_until(c, &names, now);
        if (!wish.insist && until > now)
                return forbidden_until(
                                c, until, "the CA asked to wait", " twice (--force --force)",
                                ret_message);
        until = pacer_held_until(c->ca.pacer);
        if (!wish.force && until > now)
                return forbidden_until(
                                c, until, "the CA wants a person to act first", "", ret_message);
        until = cert_guard(c, &names, now);
        if (!wish.force && until > now)
                return forbidden_until(c, until, "it was issued too often lately", "", ret_message);
        return 0;
}

int cert_renew(Cert *c, CertWish wish, char **ret_message) {
        int r;

        if (c->config->elsewhere && !c->config->broken) {
                _cleanup_free_ char *way = NULL;

                if (cert_elsewhere_way(c, &way) >= 0)
                        (void) str_printf(ret_message, "nothing is ordered with CA=none: %s", way);
                return -EUCLEAN;
        }
        if (c->config->broken || !c->ca.session)
                return -EUCLEAN;
        c->tell_now = c->tell_now || wish.tell_now;
        if (wish.tell_now && !wish.force &&
            cert_hold_words(c)) { /* there is a new one: it only waits */
                cert_install(c);
                return 0;
        }
        if (c->phase == CERT_ORDERING || c->phase == CERT_STORING)
                return wish.force ? -EBUSY : 0;
        r = check_waits(c, wish, ret_message);
        if (r < 0)
                return r;
        cert_rehearsals_give_way(c);
        cert_attempt_clear(c); /* leaves the line: it comes back with another wish */
        c->wanted = true;
        c->forced = wish.force;
        c->insisted = wish.insist;
        cert_forget_delays(c);
        cert_plan(c);
        return 0;
}

bool cert_is_overdue(const Cert *c) {
        return c->phase == CERT_IDLE && c->planned > 0 && cert_now(c) > c->planned + OVERDUE_SEC;
}
