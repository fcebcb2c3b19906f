/* What a person is told about one certificate: what is wrong, and until when it is safe to ignore. */

#include "daemon/cert-install.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/cert-words.h"
#include "daemon/words.h"

static const char *const state_names[] = {
        [CERT_VALID] = "valid",       [CERT_NEW] = "new",         [CERT_RENEWING] = "renewing",
        [CERT_DEGRADED] = "degraded", [CERT_FAILING] = "failing", [CERT_EXPIRED] = "expired",
        [CERT_BROKEN] = "broken",
};

const char *cert_state_to_string(CertState s) {
        return state_names[s];
}

/* ---- what is wrong ---- */

static const char *install_trouble(const Cert *c) {
        if (!c->present)
                return NULL;
        if (c->publish_error)
                return c->publish_error;
        for (size_t i = 0; i < c->target_count; i++)
                if (target_trouble(c->targets[i]) && !cert_target_awaits(c, c->targets[i]))
                        return target_trouble(c->targets[i]);
        return NULL;
}

bool cert_is_late(const Cert *c) {
        if (c->config->elsewhere)
                return cert_elsewhere_is_late(c);
        return c->present && c->plan.reason != RENEW_NONE &&
               renew_is_alarming(c->info.not_before, c->info.not_after, cert_now(c));
}

/* Of what hinders the next certificate; NULL: nothing does. malloc'ed. */
static int order_trouble(const Cert *c, char **ret) {
        const char *error = c->record.error.message;
        int64_t now = cert_now(c);
        char words[WORDS_SIZE];

        *ret = NULL;
        if (c->plan.reason == RENEW_CLOCK)
                return str_printf(
                                ret, "the clock cannot be right, nothing is renewed before %s",
                                words_date(c->plan.at, now, words));
        if (c->config->elsewhere)
                return cert_elsewhere_trouble(c, ret);
        if (c->guard_until > now)
                return str_printf(
                                ret, "issued too often lately, no new order before %s",
                                words_date(c->guard_until, now, words));
        if (cert_is_due(c) && c->check_words && c->phase <= CERT_CHECKING)
                return str_printf(ret, "not ready for an order: %s", c->check_words);
        if (cert_is_due(c) && (record_failures(&c->record) > 0 || cert_is_unreachable(c)))
                return str_printf(ret, "%s", error ? error : "the last order failed");
        if (cert_is_late(c) && !c->config->broken)
                return str_printf(ret, "the renewal is late");
        return cert_optional_trouble(c, ret);
}

CertState cert_state(const Cert *c) {
        _cleanup_free_ char *trouble = NULL;
        bool wrong;

        if (c->config->broken)
                return CERT_BROKEN;
        /* Without memory for the words something is wrong indeed. */
        wrong = order_trouble(c, &trouble) < 0 || trouble;
        if (!c->present)
                return c->config->elsewhere ? CERT_DEGRADED : wrong ? CERT_FAILING : CERT_NEW;
        if (cert_now(c) > c->info.not_after && c->plan.reason != RENEW_CLOCK)
                return CERT_EXPIRED;
        if (cert_is_late(c))
                return CERT_FAILING;
        if (wrong || install_trouble(c) ||
            (cert_rehearsal_failed_last(c) && c->plan.reason == RENEW_NONE))
                return CERT_DEGRADED;
        if (c->phase != CERT_IDLE || (!cert_is_deployed(c) && !cert_only_waits(c)))
                return CERT_RENEWING;
        return CERT_VALID;
}

/* ---- when ---- */

int64_t cert_not_after(const Cert *c) {
        return c->present ? c->info.not_after : 0;
}

int64_t cert_next_renewal(const Cert *c) {
        if (c->config->broken || c->phase != CERT_IDLE)
                return 0;
        if (c->config->elsewhere) /* when somebody should bring it */
                return c->present ? c->plan.at : 0;
        return c->plan.reason == RENEW_NONE ? c->plan.at : c->planned;
}

/* The next thing that is tried, of order, publication and targets; 0: none is planned. */
int64_t cert_next_attempt(const Cert *c) {
        usec_t boot = loop_boot_usec(c->context->engine->loop);
        int64_t at = 0, other;

        if (c->phase == CERT_IDLE && !c->config->elsewhere)
                at = c->plan.reason != RENEW_NONE ? c->planned : cert_optional_at(c);
        if (c->publish_timer && c->publish_at > boot) {
                other = cert_now(c) + (int64_t) ((c->publish_at - boot) / USEC_PER_SEC);
                at = at == 0 ? other : MIN(at, other);
        }
        for (size_t i = 0; i < c->target_count; i++) {
                other = target_next_attempt(c->targets[i]);
                if (other > 0)
                        at = at == 0 ? other : MIN(at, other);
        }
        return at;
}

bool cert_is_settled(const Cert *c) {
        return c->phase == CERT_IDLE && !cert_is_rehearsing(c) && !c->wanted && !c->awaits_twin &&
               !cert_info_is_due(c) && !c->stand_in.call && !c->stand_in.slot &&
               cert_install_is_settled(c) && presenter_is_settled(c->presenter) &&
               (c->planned == 0 || c->planned > cert_now(c));
}

/* ---- sentences ---- */

int cert_describe(const Cert *c, char **ret) {
        char date[WORDS_SIZE];
        int64_t held;
        int r;

        *ret = NULL;
        switch (c->phase) {
        case CERT_CHECKING:
                return str_printf(ret, "looking at its names as the CA will");
        case CERT_QUEUED:
                held = pacer_held_until(c->ca.pacer);
                if (held > 0)
                        return str_printf(
                                        ret, "waiting until %s, as the CA asked",
                                        words_date(held, cert_now(c), date));
                return str_printf(ret, "waiting for its turn at the CA");
        case CERT_PREPARING:
                return str_printf(ret, "asking the CA for its directory");
        case CERT_ORDERING:
                r = presenter_describe(c->presenter, ret);
                if (r < 0 || *ret)
                        return r;
                return c->machine ? order_machine_describe(c->machine, ret) : 0;
        case CERT_STORING:
                return str_printf(ret, "saving the certificate");
        case CERT_IDLE:
                break;
        }
        if (c->awaits_twin)
                return str_printf(ret, "waiting for the order of '%s' to end", c->config->twin);
        if (c->publish || c->slot)
                return str_printf(ret, "publishing the certificate");
        for (size_t i = 0; i < c->target_count; i++) {
                if (c->targets[i] && target_is_verified(c->targets[i]))
                        continue;
                r = target_describe(c->targets[i], ret);
                if (r < 0 || *ret)
                        return r;
        }
        return cert_describe_rehearsal(c, ret);
}

/* "; the old one is valid until 2027-01-03": how long it may be ignored. */
static int add_safety(const Cert *c, bool of_order, Bytes *b) {
        int64_t now = cert_now(c), former = c->record.current.former_not_after;
        int64_t until = of_order ? cert_not_after(c) : former;
        const char *what = of_order ? "the present certificate" : "the old one";
        char date[WORDS_SIZE];

        if (until == 0 && of_order && cert_has_stand_in(c))
                return bytes_append_string(b, "; stand-in until the first certificate is there");
        if (until == 0)
                return of_order ? bytes_append_string(b, "; there is no certificate yet") : 0;
        return bytes_printf(
                        b, "; %s %s %s", what, until > now ? "is valid until" : "expired on",
                        words_date(until, now, date));
}

static int add_retry(const Cert *c, Bytes *b) {
        int64_t at = cert_next_attempt(c), now = cert_now(c);
        const char *why = cert_is_due(c) ? cert_why_short(c) : NULL;
        char words[WORDS_SIZE];

        if (c->phase != CERT_IDLE)
                return bytes_append_string(b, "; trying again now");
        if (at == 0)
                return 0;
        return bytes_printf(
                        b, "; retrying in %s%s%s%s", words_duration(at - now, words),
                        why ? " (" : "", why ? why : "", why ? ")" : "");
}

static int problem_text(const Cert *c, Bytes *b) {
        _cleanup_free_ char *order = NULL, *rehearsal = NULL;
        const char *install = install_trouble(c);
        CertState state = cert_state(c);
        int r;

        if (state == CERT_BROKEN) {
                r = bytes_append_string(
                                b, "its configuration has an error, nothing new is ordered or "
                                   "deployed");
                return r < 0 || !c->present ? r : add_safety(c, true, b);
        }
        r = order_trouble(c, &order);
        if (r < 0)
                return r;
        if (!order && !install && state != CERT_EXPIRED) {
                r = cert_rehearsal_trouble(c, &rehearsal);
                return r < 0 || !rehearsal ? r : bytes_append_string(b, rehearsal);
        }
        r = bytes_append_string(b, order ? order : install ? install : "being renewed");
        if (r >= 0)
                r = add_safety(c, order || !install, b);
        return r < 0 ? r : add_retry(c, b);
}

int cert_problem(const Cert *c, char **ret) {
        _cleanup_(bytes_done) Bytes b = {};
        int r;

        *ret = NULL;
        r = problem_text(c, &b);
        if (r < 0 || b.size == 0)
                return r;
        return str_printf(ret, "%s: %s", c->config->name, bytes_text(&b));
}

int cert_message(const Cert *c, const char *step, char **ret) {
        _cleanup_(bytes_done) Bytes b = {};
        int64_t now = cert_now(c), next = cert_next_renewal(c);
        char date[WORDS_SIZE];
        int r;

        r = problem_text(c, &b);
        if (r >= 0 && b.size == 0 && step)
                r = bytes_append_string(&b, step);
        else if (r >= 0 && b.size == 0 && c->present) {
                r = bytes_printf(&b, "valid until %s", words_date(c->info.not_after, now, date));
                if (r >= 0 && next > 0)
                        r = bytes_printf(
                                        &b, "; %s on %s",
                                        c->config->elsewhere ? "the next one is wanted" : "renewal",
                                        words_date(next, now, date));
        } else if (r >= 0 && b.size == 0)
                r = bytes_append_string(
                                &b,
                                cert_has_stand_in(c)
                                                ? "waiting for its first order; stand-in until the first certificate is there"
                                                : "waiting for its first order");
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
}
