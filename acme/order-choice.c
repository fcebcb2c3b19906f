/* Which challenge a row takes, and whether an authorization is one to answer at all. */

#include <arpa/inet.h>
#include <string.h>

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"
#include "acme/order-row.h"

/* RFC 9444: an authorization for an ancestor of a name may stand for it (H-16). */
static bool is_ancestor(const char *ancestor, const char *name) {
        size_t a = strlen(ancestor), n = strlen(name);

        return n > a + 1 && strchr(ancestor, '.') && name[n - a - 1] == '.' &&
               str_equal(name + n - a, ancestor);
}

/* What is shown for a name goes to hooks and responders, so a name that is not ours is never shown for,
 * whatever the CA says. */
bool order_wants_identifier(const OrderMachine *m, const Authorization *a, bool *ret_wildcard) {
        bool plain = false, wildcard = false;

        for (size_t i = 0; i < m->names.count; i++) {
                const char *base = str_skip_prefix(m->names.items[i], "*.");

                if (base && (str_equal(base, a->identifier) || is_ancestor(a->identifier, base)))
                        wildcard = true;
                else if (!base && (str_equal(m->names.items[i], a->identifier) ||
                                   is_ancestor(a->identifier, m->names.items[i])))
                        plain = true;
        }
        if (!plain && !wildcard)
                return false;
        *ret_wildcard = a->wildcard || !plain;
        return true;
}

static bool is_address(const char *identifier) {
        struct in_addr v4;

        return strchr(identifier, ':') || inet_pton(AF_INET, identifier, &v4) == 1;
}

static bool is_usable(
                const OrderMachine *m,
                const OrderRow *row,
                const Authorization *a,
                const Challenge *c) {
        bool wildcard;

        if (c->status != STATUS_PENDING && c->status != STATUS_PROCESSING)
                return false;
        if (row->tried & (1U << c->type))
                return false;
        if (!order_wants_identifier(m, a, &wildcard))
                return false;
        /* RFC 8555 §7.1.3: a wildcard by DNS only; RFC 8738 §7: an address never (L-10). */
        if (challenge_is_dns(c->type))
                return !is_address(a->identifier);
        return !wildcard;
}

const Challenge *order_choose(const OrderMachine *m, const OrderRow *row, const Authorization *a) {
        /* One that was shown before a crash goes on: its validation may be under way. */
        for (size_t i = 0; i < a->challenge_count; i++)
                if (is_usable(m, row, a, &a->challenges[i]) &&
                    journal_has(m, a->challenges[i].type, a->identifier, a->challenges[i].token))
                        return &a->challenges[i];
        for (size_t k = 0; k < m->challenge_count; k++)
                for (size_t i = 0; i < a->challenge_count; i++)
                        if (a->challenges[i].type == m->challenges[k] &&
                            is_usable(m, row, a, &a->challenges[i]))
                                return &a->challenges[i];
        return NULL;
}

static int join_offered(const Authorization *a, char **ret) {
        _cleanup_(bytes_done) Bytes b = {};
        int r = 0;

        for (size_t i = 0; i < a->offered.count && r >= 0; i++)
                r = bytes_printf(&b, "%s%s", i > 0 ? ", " : "", a->offered.items[i]);
        if (r >= 0 && a->offered.count == 0)
                r = bytes_append_string(&b, "nothing");
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
}

int order_fail_no_challenge(OrderMachine *m, const OrderRow *row, const Authorization *a) {
        _cleanup_free_ char *offered = NULL, *message = NULL;
        bool wildcard = false;
        int r;

        (void) order_wants_identifier(m, a, &wildcard); /* it does, or no choice would be made */
        r = join_offered(a, &offered);
        if (r < 0)
                return r;
        if (row->tried)
                r = str_printf(&message,
                               "no challenge for %s could be shown (the CA offers %s)%s%s",
                               row->identifier, offered, row->trouble ? ": " : "",
                               row->trouble ? row->trouble : "");
        else
                r = str_printf(&message, "no allowed challenge for %s%s: the CA offers %s",
                               wildcard ? "*." : "", row->identifier, offered);
        if (r < 0)
                return r;
        return order_fail(
                        m, row->tried ? CLASS_LATER : CLASS_PARK, PLACE_AUTHORIZATION,
                        row->identifier, message);
}

const Problem *authorization_reason(const Authorization *a) {
        for (size_t i = 0; i < a->challenge_count; i++)
                if (a->challenges[i].has_error)
                        return &a->challenges[i].error;
        return NULL;
}
