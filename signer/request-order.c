/* What a new order may ask for besides its names. The engine says what it wants; only what root's configuration says,
 * too, is signed. */

#include <string.h>
#include <time.h>

#include "acme/renewal-info.h"
#include "acme/timestamp.h"
#include "signer/request.h"

#define CLOCK_SLACK_SEC ((int64_t) 5 * SEC_PER_MIN) /* between the engine's "now" and ours */

/* 1: *ret is the member, or NULL when there is none. */
static int take_optional(Request *q, const char *key, const char **ret) {
        int r;

        r = json_get_string(q->parameters, key, ret);
        if (r == -ENOENT) {
                *ret = NULL;
                return 1;
        }
        return r < 0 ? varlink_invalid_parameter(q->call, key) : 1;
}

static int check_profile(Request *q, const char *profile) {
        const char *configured = certificate_profile(q->certificate);

        if (!profile && !q->certificate->require_profile)
                return 1;
        if (!profile)
                return request_refuse(
                                q, "NotConfigured", "'%s' is to be had with profile '%s' only",
                                q->certificate->name, configured);
        if (!profile_is_valid(profile))
                return varlink_invalid_parameter(q->call, "profile");
        if (!str_equal(profile, configured))
                return request_refuse(
                                q, "NotConfigured", "profile '%s' is not that of '%s' (Profile=)",
                                profile, q->certificate->name);
        return 1;
}

static int check_replaces(Request *q, const char *replaces) {
        if (!replaces)
                return 1;
        if (!cert_id_is_valid(replaces))
                return varlink_invalid_parameter(q->call, "replaces");
        if (!q->ca->replaces)
                return request_refuse(
                                q, "NotConfigured",
                                "orders at CA '%s' name no predecessor (Replaces=no)", q->ca->name);
        return 1;
}

/* 1: *ret is the time, or 0 when there is none. */
static int take_time(Request *q, const char *key, const char *text, int64_t *ret) {
        *ret = 0;
        if (!text)
                return 1;
        if (strlen(text) >= RFC3339_SIZE || rfc3339_parse(text, ret) < 0)
                return varlink_invalid_parameter(q->call, key);
        if (q->certificate->lifetime_sec == 0)
                return request_refuse(
                                q, "NotConfigured", "'%s' has no Lifetime=, its order no dates",
                                q->certificate->name);
        return 1;
}

static int check_dates(Request *q, const OrderWishes *w) {
        int64_t now = (int64_t) time(NULL), from, to, latest;
        int r;

        r = take_time(q, "notBefore", w->not_before, &from);
        if (r > 0)
                r = take_time(q, "notAfter", w->not_after, &to);
        if (r <= 0)
                return r;
        latest = now + q->certificate->lifetime_sec + CLOCK_SLACK_SEC;
        if ((w->not_before && (from < now - SEC_PER_DAY || from > latest)) ||
            (w->not_after && (to <= now || to > latest)) ||
            (w->not_before && w->not_after && to <= from))
                return request_refuse(
                                q, "NotConfigured", "the dates for '%s' are not those of Lifetime=",
                                q->certificate->name);
        return 1;
}

int request_check_wishes(Request *q, OrderWishes *ret) {
        int r;

        r = take_optional(q, "profile", &ret->profile);
        if (r > 0)
                r = take_optional(q, "replaces", &ret->replaces);
        if (r > 0)
                r = take_optional(q, "notBefore", &ret->not_before);
        if (r > 0)
                r = take_optional(q, "notAfter", &ret->not_after);
        if (r > 0)
                r = check_profile(q, ret->profile);
        if (r > 0)
                r = check_replaces(q, ret->replaces);
        return r > 0 ? check_dates(q, ret) : r;
}
