/* The chain that came: checked before anything else sees it, saved, and only then the certificate of this name. A
 * chain that is no good counts as issued all the same, so that a CA that keeps sending such cannot be asked for
 * ever (S-08). */

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-install.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/words.h"

#define SKEW_ALLOWED_SEC SEC_PER_HOUR
#define STORE_RETRY_USEC (30 * USEC_PER_SEC)

/* Of two clocks that differ much, the CA's made the dates. */
static int64_t trusted_now(const Cert *c) {
        int64_t skew = session_skew_sec(c->ca.session);

        return cert_now(c) + (skew > SKEW_ALLOWED_SEC || skew < -SKEW_ALLOWED_SEC ? skew : 0);
}

/* -EBADMSG: no chain at all, perhaps the next download is one; -EKEYREJECTED: never. */
static int chain_read(Cert *c, const char **ret_reason) {
        CertExpectation expectation = {
                .spki_sha256 = c->record.attempt.spki,
                .names = &c->record.attempt.names,
                .now = trusted_now(c),
                .skew_sec = SKEW_ALLOWED_SEC,
        };
        const char *pem;
        size_t size;
        int r;

        bytes_done(&c->chain);
        pem = order_machine_chain(c->machine, &size);
        r = chain_split(pem, size, NULL, NULL, &c->chain, ret_reason);
        if (r < 0)
                return r;
        r = chain_check(c->chain.data, c->chain.size, &expectation, ret_reason);
        if (r != -EKEYREJECTED || expectation.now == cert_now(c))
                return r;
        /* Perhaps it is the CA's Date that is wrong. What neither clock takes is no good. */
        expectation.now = cert_now(c);
        return chain_check(c->chain.data, c->chain.size, &expectation, ret_reason);
}

#define EXTRA_SHOWN_MAX 5

/* "'a.example.org', 'b.example.org'", escaped. */
static int quote_names(const StringList *names, Bytes *ret) {
        int r = 0;

        for (size_t i = 0; i < names->count && i <= EXTRA_SHOWN_MAX && r >= 0; i++) {
                _cleanup_free_ char *shown = str_escape(names->items[i], STR_ESCAPE_MAX);

                if (!shown)
                        return -ENOMEM;
                r = i == EXTRA_SHOWN_MAX ? bytes_append_string(ret, ", …")
                                         : bytes_printf(ret, "%s'%s'", i > 0 ? ", " : "", shown);
        }
        return r;
}

/* P-05: 0, or -EPERM and the words: there are names that nobody asked for, and it must not be so. */
static int check_extra_names(Cert *c, Bytes *ret_words) {
        _cleanup_(string_list_done) StringList extra = {};
        _cleanup_(bytes_done) Bytes shown = {};
        int r;

        r = chain_extra_names(c->chain.data, c->chain.size, &c->record.attempt.names, &extra);
        if (r >= 0 && extra.count > 0)
                r = quote_names(&extra, &shown);
        if (r < 0 || extra.count == 0)
                return r;
        if (!c->config->strict_names) {
                log_message(LOG_WARNING, &(LogFields){ .certificate = c->config->name },
                            "%s: the CA added names that were not asked for: %s; taken all the same "
                            "(StrictNames=yes refuses it)",
                            c->config->name, bytes_text(&shown));
                return 0;
        }
        r = bytes_printf(
                        ret_words,
                        "it has names that were not asked for: %s; add them to Names=, or allow it with "
                        "StrictNames=no",
                        bytes_text(&shown));
        return r < 0 ? r : -EPERM;
}

/* To the CA it was one, whatever became of it here. */
static void count_issue(const Cert *c) {
        int r;

        if (!c->ca.budget)
                return;
        r = budget_issued(c->ca.budget, &c->record.attempt.names, cert_now(c));
        if (r < 0)
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

static ProblemClass class_of_refusal(int error) {
        switch (error) {
        case -ENOMEM:
                return CLASS_UNREACHABLE;
        case -EBADMSG:
                return CLASS_LATER;
        case -EPERM: /* the next one is no better before somebody changes something */
                return CLASS_PARK;
        default:
                return CLASS_ORDER;
        }
}

static void chain_refused(Cert *c, int error, const char *reason) {
        _cleanup_(failure_done) Failure f = {};
        const RecordAttempt *a = &c->record.attempt;
        bool again = error == -EBADMSG || error == -ENOMEM;

        if (!again) {
                record_add_issue(&c->record, cert_now(c), record_set_of(&a->names, a->key_type));
                count_issue(c);
        }
        (void) failure_set(
                        &f, class_of_refusal(error), PLACE_CERTIFICATE,
                        "the CA's certificate cannot be used: %s",
                        reason ? reason : errno_text(error));
        f.order_dead = !again;
        cert_attempt_fail(c, &f);
}

void cert_chain_arrived(Cert *c) {
        _cleanup_(bytes_done) Bytes words = {};
        const char *reason = NULL;
        int r;

        r = chain_read(c, &reason);
        if (r >= 0)
                r = check_extra_names(c, &words);
        if (r < 0) {
                chain_refused(c, r, words.size > 0 ? bytes_text(&words) : reason);
                return;
        }
        if (c->rehearses) {
                cert_rehearsal_pass(c);
                return;
        }
        cert_asks_free(c);
        c->machine = order_machine_free(c->machine);
        c->ticket = pacer_ticket_free(c->ticket);
        c->save_failures = 0;
        cert_set_phase(c, CERT_STORING);
        cert_chain_store(c);
}

int cert_chain_adopt(Cert *c, const CertInfo *info) {
        RecordAttempt *a = &c->record.attempt;
        RecordCurrent new = {};
        const char *profile;
        int r;

        r = str_replace(&new.leaf, info->leaf_sha256);
        if (r >= 0)
                r = string_list_copy(&a->names, &new.names);
        if (r >= 0)
                r = str_replace(&new.ca, a->ca);
        if (r >= 0)
                r = str_replace(&new.key_type, a->key_type);
        if (r >= 0)
                r = str_replace(&new.attempt, a->id);
        if (r >= 0)
                r = str_replace(&new.request, a->request);
        if (r >= 0)
                r = str_replace(&new.account, a->account);
        if (r >= 0 && a->order && json_get_string(a->order, "profile", &profile) >= 0)
                r = str_replace(&new.profile, profile);
        new.at = cert_now(c);
        if (r < 0) {
                record_current_done(&new);
                return r;
        }
        record_add_issue(&c->record, cert_now(c), record_set_of(&a->names, a->key_type));
        cert_optional_issued(c, &a->names);
        record_current_done(&c->record.current);
        c->record.current = new;
        record_attempt_done(a);
        record_error_done(&c->record.error);
        record_renewal_done(&c->record.renewal); /* T-07 */
        record_forget_tries(&c->record);
        return 0;
}

static void tell_issued(const Cert *c, const char *url) {
        char date[WORDS_SIZE];
        LogFields fields = {
                .certificate = c->config->name,
                .ca = c->ca.name,
                .order = url,
                .message_id = MESSAGE_CERTIFICATE_ISSUED,
        };

        log_message(LOG_NOTICE, &fields, "%s: certificate issued by '%s', valid until %s",
                    c->config->name, c->info.issuer ? c->info.issuer : "",
                    words_date(c->info.not_after, cert_now(c), date));
}

void cert_become(Cert *c, CertInfo *info) {
        certinfo_done(&c->info);
        c->info = *info;
        *info = (CertInfo){};
        c->present = true;
        c->live = false;
        c->prune_wanted = true;
        c->publish_failures = c->mismatches = 0;
        cert_forget_reach(c);
        c->replaces_in_vain = false;
        c->wanted = c->forced = c->insisted = false; /* tell_now is for the targets, and stays */
        c->late_told = false;
        c->context->clock_floor = MAX(c->context->clock_floor, c->info.not_before - SEC_PER_DAY);
}

/* From here on the new chain is the certificate of this name. */
static int take_over(Cert *c) {
        int64_t former = c->present ? c->info.not_after : 0, oldest = cert_oldest_not_after(c);
        CertInfo info = {};
        int r;

        r = certinfo_parse(c->chain.data, c->chain.size, &info, NULL);
        if (r >= 0) {
                count_issue(c);
                r = cert_chain_adopt(c, &info);
        }
        if (r < 0) {
                certinfo_done(&info);
                return r;
        }
        c->record.current.former_not_after = former;
        c->record.current.oldest_not_after = oldest;
        cert_become(c, &info);
        return 0;
}

static void on_store_timer(void *userdata) {
        Cert *c = userdata;

        c->save_timer = timer_free(c->save_timer);
        cert_chain_store(c);
}

static void store_later(Cert *c, int error) {
        if (c->save_failures++ == 0)
                log_message(LOG_ERR, &(LogFields){ .certificate = c->config->name },
                            "%s: the new chain cannot be saved, trying again: %s", c->config->name,
                            errno_text(error));
        /* Without memory for a timer: the order is resumed and downloaded at the next start. */
        (void) loop_timer_after(
                        c->context->engine->loop, STORE_RETRY_USEC, on_store_timer, c,
                        &c->save_timer);
}

void cert_chain_store(Cert *c) {
        const Json *order = c->record.attempt.order;
        _cleanup_free_ char *url = NULL;
        const char *text;
        int r;

        if (order && json_get_string(order, "url", &text) >= 0)
                (void) str_replace(&url, text); /* for the log; take_over() forgets it */
        r = store_save_chain(
                        c->context->engine->store, c->config->name, c->chain.data, c->chain.size);
        if (r >= 0)
                r = take_over(c);
        if (r < 0) {
                store_later(c, r);
                return;
        }
        r = cert_save(c);
        if (r < 0) /* the next start finds chain and attempt, and knows */
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
        cert_attempt_clear(c);
        tell_issued(c, url);
        cert_install(c);
        cert_info_stop(c); /* it was about the former one */
        cert_info_plan(c);
        cert_plan(c);
        cert_changed(c);
}
