/* When the CA would like the certificate renewed (RFC 9773): asked for after each issuance, at start and then as often
 * as the CA says. It moves the renewal, and hinders none: whatever fails here, the last good answer holds for a while,
 * and then the share of the lifetime (T-10). */

#include "acme/renewal-info.h"
#include "base/log.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"
#include "daemon/words.h"

#define CHECK_SEC         ((int64_t) 6 * SEC_PER_HOUR) /* T-09 */
#define CHECK_MIN_SEC     ((int64_t) SEC_PER_MIN)      /* S-04 */
#define CHECK_MAX_SEC     ((int64_t) SEC_PER_DAY)      /* S-04 */
#define ABSENT_SEC        ((int64_t) SEC_PER_DAY)      /* the CA has none: perhaps it will */
#define SAVED_SEC         ((int64_t) SEC_PER_DAY) /* an answer without news is worth a write so rarely */
#define START_GAP_SEC     ((int64_t) SEC_PER_HOUR) /* since the last check, that a start asks again */
#define GOOD_SEC          ((int64_t) 3 * SEC_PER_DAY) /* T-10 */
#define MANY_RECALLED     5                           /* from here on they are spread (T-18) */
#define RECALL_SPREAD_SEC (10 * SEC_PER_MIN)

static const int64_t failure_delays[] = { 60, 240, 960 }; /* T-10: exponential, then CHECK_SEC */

/* ---- what is known ---- */

static bool is_for_current(const Cert *c) {
        return c->present && c->info.cert_id &&
               str_equal(c->record.renewal.cert_id, c->info.cert_id);
}

/* Is there a window of use? An old answer counts for a share of the lifetime only. */
bool cert_has_window(const Cert *c) {
        const RecordRenewal *n = &c->record.renewal;
        int64_t good = MIN(GOOD_SEC, cert_lifetime(c) / 4), now = cert_now(c);

        return is_for_current(c) && c->config->ca && n->chosen != 0 && n->fetched > now - good &&
               n->fetched <= now + SEC_PER_DAY;
}

bool cert_is_in_window(const Cert *c, int64_t now) {
        const RecordRenewal *n = &c->record.renewal;

        return cert_has_window(c) && n->start <= now && now < n->end;
}

int64_t cert_suggested(const Cert *c) {
        return cert_has_window(c) ? c->record.renewal.chosen : 0;
}

bool cert_is_recalled(const Cert *c) {
        return cert_has_window(c) && c->record.renewal.recalled;
}

/* T-15. A leaf that the record does not know came from elsewhere. */
const char *cert_predecessor(const Cert *c) {
        const RecordCurrent *now = &c->record.current;
        const CaConfig *ca = session_ca(c->ca.session);
        bool shares = false;

        if (!c->present || !c->info.cert_id || !ca->replaces ||
            !session_has_renewal_info(c->ca.session) || cert_now(c) > c->info.not_after)
                return NULL;
        if (!str_equal(now->leaf, c->info.leaf_sha256) || !str_equal(now->ca, c->ca.name) ||
            !now->account || !str_equal(now->account, session_account(c->ca.session)))
                return NULL;
        if (c->replaces_in_vain || (is_for_current(c) && c->record.renewal.refused))
                return NULL;
        for (size_t i = 0; i < c->info.names.count && !shares; i++)
                shares = string_list_contains(&c->config->names, c->info.names.items[i]);
        return shares ? c->info.cert_id : NULL;
}

/* ---- when to ask ---- */

/* Only the CA that issued it knows it; of a leaf that the record does not know, the first. NULL: it is no CA of ours. */
static const CertCa *issuer(const Cert *c) {
        const RecordCurrent *now = &c->record.current;

        if (!str_equal(now->leaf, c->info.leaf_sha256) || !now->ca)
                return c->cas.count > 0 ? &c->cas.list[0] : NULL;
        return cert_ca_named(c, now->ca);
}

/* T-11 */
static bool is_worth_asking(const Cert *c) {
        const CertCa *ca = issuer(c);

        if (!c->present || !c->info.cert_id || c->config->broken || !ca || !ca->session)
                return false;
        return session_ca(ca->session)->renewal_info && cert_now(c) <= c->info.not_after;
}

/* A span of ours, for this certificate: at most a twentieth of its lifetime. */
static int64_t span(const Cert *c, int64_t sec) {
        return MIN(sec, MAX(cert_lifetime(c) / 20, CHECK_MIN_SEC));
}

/* A span of the CA's, with the clamps of S-04. */
static int64_t asked_span(const Cert *c, int64_t sec) {
        int64_t most = MIN(CHECK_MAX_SEC, MAX(cert_lifetime(c) / 10, CHECK_MIN_SEC));

        return sec <= 0 ? span(c, CHECK_SEC) : MIN(MAX(sec, CHECK_MIN_SEC), most);
}

static void ask(Cert *c);

static void on_timer(void *userdata) {
        Cert *c = userdata;

        c->info_timer = timer_free(c->info_timer);
        if (is_worth_asking(c) && cert_now(c) >= c->record.renewal.next_check)
                ask(c);
        else
                cert_info_plan(c); /* the clock was set */
}

/* T-07: what is known of another certificate is forgotten. */
static int make_current(Cert *c) {
        RecordRenewal *n = &c->record.renewal;

        if (is_for_current(c))
                return 0;
        record_renewal_done(n);
        return str_replace(&n->cert_id, c->info.cert_id);
}

void cert_info_plan(Cert *c) {
        RecordRenewal *n = &c->record.renewal;
        int64_t now = cert_now(c);

        c->info_timer = timer_free(c->info_timer);
        if (!is_worth_asking(c)) {
                c->info_call = session_info_free(c->info_call);
                return;
        }
        if (c->info_call || make_current(c) < 0)
                return;
        if (n->next_check > now + CHECK_MAX_SEC + SEC_PER_HOUR) /* the clock was wrong */
                n->next_check = now;
        /* Without memory for a timer: the next plan tries again. */
        (void) loop_timer_at(
                        c->context->engine->loop, n->next_check, span(c, SEC_PER_MIN), on_timer, c,
                        &c->info_timer);
}

void cert_info_start(Cert *c) {
        RecordRenewal *n = &c->record.renewal;

        /* T-09: at start, too; but a start is no reason to ask a CA that has nothing to say, nor to ask in a loop. */
        if (is_for_current(c) && !n->absent && n->fetched > 0 && n->fetched <= cert_now(c))
                n->next_check = MIN(n->next_check, n->fetched + span(c, START_GAP_SEC));
        c->info_at_start = true;
        cert_info_plan(c);
}

bool cert_info_is_due(const Cert *c) {
        return c->info_call || (c->info_timer && c->record.renewal.next_check <= cert_now(c));
}

void cert_info_stop(Cert *c) {
        c->info_timer = timer_free(c->info_timer);
        c->info_call = session_info_free(c->info_call);
}

/* ---- answers ---- */

static void save(Cert *c) {
        int r = cert_save(c);

        if (r < 0)
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

static void tell_window(const Cert *c) {
        const RecordRenewal *n = &c->record.renewal;
        LogFields fields = { .certificate = c->config->name, .ca = c->ca.name };
        const char *why = n->explanation ? n->explanation : "";
        char date[WORDS_SIZE];

        if (n->recalled)
                log_message(LOG_WARNING, &fields,
                            "%s: the CA wants this certificate replaced at once%s%s",
                            c->config->name, *why ? ": " : "", why);
        else if (n->chosen != 0)
                log_message(LOG_INFO, &fields, "%s: the CA suggests a renewal, planned for %s%s%s",
                            c->config->name, words_date(n->chosen, cert_now(c), date),
                            *why ? ": " : "", why);
}

/* A CA that recalls many certificates shall not be asked for all of them in the same minute (T-18). */
static int64_t spread_recall(Cert *c, int64_t at) {
        uint32_t random = loop_random(c->context->engine->loop);
        int64_t most = MIN((int64_t) RECALL_SPREAD_SEC, cert_lifetime(c) / 100);

        if (c->context->recalled++ < MANY_RECALLED)
                return at;
        return cert_now(c) + random % (most + 1);
}

/* T-06: drawn once for a window. */
static void choose(Cert *c, const RenewalInfo *info) {
        RecordRenewal *n = &c->record.renewal;
        Loop *loop = c->context->engine->loop;
        RenewalChoice facts = {
                .start = info->start,
                .end = info->end,
                .not_before = c->info.not_before,
                .not_after = c->info.not_after,
                .installed = c->record.current.at,
                .now = cert_now(c),
                .random = (uint64_t) loop_random(loop) << 32 | loop_random(loop),
        };

        n->start = info->start;
        n->end = info->end;
        n->chosen = renewal_choose(&facts, &n->recalled);
        if (n->recalled)
                n->chosen = spread_recall(c, n->chosen);
        tell_window(c);
}

static void take_window(Cert *c, RenewalInfo *info) {
        RecordRenewal *n = &c->record.renewal;
        bool news = n->start != info->start || n->end != info->end || n->absent || n->failures > 0,
             old = n->fetched < cert_now(c) - MIN(SAVED_SEC, cert_lifetime(c) / 20) ||
                   c->info_at_start;

        n->fetched = cert_now(c);
        n->failures = 0;
        n->absent = false;
        free(n->explanation);
        n->explanation = TAKE_PTR(info->explanation);
        if (n->start != info->start || n->end != info->end)
                choose(c, info);
        c->info_at_start = false;
        if (news || old)
                save(c);
}

/* 0, or -EAGAIN: soon again; -EBADMSG: no use. */
static int read_answer(const SessionReply *reply, RenewalInfo *ret, const char **ret_reason) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        *ret_reason = reply->message ? reply->message : "it cannot be asked";
        if (reply->error < 0)
                return reply->error == -ENOMEM ? -ENOMEM : -EAGAIN;
        *ret_reason = "it has trouble of its own";
        if (reply->status >= 500)
                return -EAGAIN;
        *ret_reason = "it refuses";
        if (reply->status != 200)
                return -EBADMSG;
        *ret_reason = "its answer is no JSON";
        r = json_parse(reply->body ? reply->body : "", reply->body ? reply->size : 0, &j);
        return r < 0 ? r : renewal_info_parse(j, ret, ret_reason);
}

static void note_failure(Cert *c, int error, const char *reason, int64_t retry_after_sec) {
        RecordRenewal *n = &c->record.renewal;
        size_t i = (size_t) n->failures;
        int64_t delay = span(c, CHECK_SEC);

        n->failures = MIN(n->failures + 1, RECORD_FAILURES_MAX);
        if (error == -EAGAIN && i < ELEMENTSOF(failure_delays))
                delay = MIN(delay, failure_delays[i]);
        if (retry_after_sec > 0)
                delay = MAX(delay, asked_span(c, retry_after_sec));
        n->next_check = cert_now(c) + delay;
        log_debug("%s: the CA gives no renewal information (HTTP or error %d): %s", c->config->name,
                  error, reason);
}

/* The CA has no such thing. */
static void note_absent(Cert *c) {
        RecordRenewal *n = &c->record.renewal;
        bool known = n->absent;

        n->absent = true;
        n->failures = 0;
        n->start = n->end = n->chosen = n->fetched = 0;
        n->recalled = false;
        n->next_check = cert_now(c) + ABSENT_SEC;
        if (!known)
                save(c);
}

static void on_answer(const SessionReply *reply, void *userdata) {
        RenewalInfo info = {};
        Cert *c = userdata;
        const char *reason;
        int r;

        c->context->progress++;
        if (reply->error == -EOPNOTSUPP)
                note_absent(c);
        else {
                r = read_answer(reply, &info, &reason);
                if (r < 0)
                        note_failure(c, r, reason, reply->retry_after_sec);
                else {
                        c->record.renewal.next_check =
                                        cert_now(c) + asked_span(c, reply->retry_after_sec);
                        take_window(c, &info);
                }
        }
        renewal_info_done(&info);
        c->info_call = session_info_free(c->info_call);
        cert_info_plan(c);
        cert_plan(c);
        cert_changed(c);
}

static void ask(Cert *c) {
        int r;

        r = session_renewal_info(issuer(c)->session, c->info.cert_id, on_answer, c, &c->info_call);
        if (r >= 0)
                return;
        note_failure(c, -EAGAIN, errno_text(r), 0);
        cert_info_plan(c);
}
