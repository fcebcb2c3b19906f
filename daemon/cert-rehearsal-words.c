/* What a person is told about the rehearsal of a renewal. */

#include "daemon/cert-internal.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/cert-words.h"
#include "daemon/words.h"

int cert_rehearsal_trouble(const Cert *c, char **ret) {
        int64_t now = cert_now(c);
        char valid[WORDS_SIZE], planned[WORDS_SIZE];

        *ret = NULL;
        if (!cert_rehearsal_failed_last(c) || c->plan.reason != RENEW_NONE)
                return 0;
        return str_printf(
                        ret,
                        "rehearsal failed: %s; the certificate is valid until %s, its renewal is planned for %s",
                        c->rehearsal->record.error.message,
                        words_date(c->info.not_after, now, valid),
                        words_date(c->plan.at, now, planned));
}

int cert_describe_rehearsal(const Cert *c, char **ret) {
        _cleanup_free_ char *step = NULL;
        int r;

        *ret = NULL;
        if (!cert_is_rehearsing(c))
                return 0;
        r = cert_describe(c->rehearsal, &step);
        if (r < 0)
                return r;
        return str_printf(
                        ret, "rehearsing at %s%s%s", c->rehearsal->ca.name, step ? ": " : "",
                        step ? step : "");
}

static int result(const Cert *c, bool ok, int64_t at, char **ret) {
        const Record *r = &c->rehearsal->record;
        int64_t now = cert_now(c), next = cert_rehearsal_at(c);
        char date[WORDS_SIZE];

        if (at == 0 && next > 0)
                return str_printf(
                                ret, "planned for %s at %s", words_date(next, now, date),
                                c->rehearsal->ca.name);
        if (at == 0)
                return str_printf(ret, "not yet, at %s", c->rehearsal->ca.name);
        (void) words_date(at, now, date);
        if (ok)
                return str_printf(ret, "rehearsed on %s at %s", date, r->current.ca);
        return str_printf(
                        ret, "rehearsal %s on %s at %s: %s",
                        r->tries.failures > 0 ? "failed" : "came to nothing", date,
                        c->rehearsal->ca.name, r->error.message);
}

int cert_rehearsal_json(const Cert *c, Json **ret) {
        const Record *rehearsed = c->rehearsal ? &c->rehearsal->record : NULL;
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *message = NULL;
        int64_t at;
        bool ok;
        int r;

        *ret = NULL;
        if (!rehearsed)
                return 0;
        ok = rehearsed->current.at > 0 && rehearsed->current.ca && !rehearsed->error.message;
        at = ok ? rehearsed->current.at : rehearsed->error.message ? rehearsed->error.at : 0;
        r = result(c, ok, at, &message);
        j = json_object_new();
        if (r >= 0)
                r = j ? json_set_string(j, "ca", c->rehearsal->ca.name) : -ENOMEM;
        if (r >= 0)
                r = json_set_int64(j, "at", at);
        if (r >= 0)
                r = json_set_bool(j, "ok", ok);
        if (r >= 0)
                r = json_set_int64(j, "next", cert_rehearsal_at(c));
        if (r >= 0)
                r = json_set_string(j, "message", message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}
