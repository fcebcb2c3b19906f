/* Which types of challenge an order may use, preferred first, and why (J-03). What is configured counts; else what this
 * machine can do. The order machine takes the first of them that the authorization offers and that fits the name. */

#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"

size_t cert_challenges(const Cert *c, ChallengeType ret[CHALLENGE_TYPE_MAX]) {
        static const ChallengeType own[] = { CHALLENGE_HTTP_01, CHALLENGE_TLS_ALPN_01 };
        size_t n = 0;

        if (c->config->challenge_count > 0) {
                for (; n < c->config->challenge_count; n++)
                        ret[n] = c->config->challenges[n];
                return n;
        }
        for (size_t i = 0; i < ELEMENTSOF(own); i++)
                if (responder_can(c->context->engine->responder, own[i]))
                        ret[n++] = own[i];
        if (c->config->dns)
                ret[n++] = CHALLENGE_DNS_01;
        if (n == 0) /* its failure says what to set up */
                ret[n++] = CHALLENGE_HTTP_01;
        return n;
}

static int describe_one(const Cert *c, ChallengeType type, Bytes *b) {
        const char *name = challenge_type_to_string(type);

        if (challenge_is_dns(type) && type != CHALLENGE_DNS_PERSIST_01 && c->config->dns)
                return bytes_printf(b, "%s (DNS=%s)", name, c->config->dns->name);
        if (c->config->challenge_count > 0)
                return bytes_append_string(b, name);
        if (type == CHALLENGE_HTTP_01 &&
            !responder_can(c->context->engine->responder, CHALLENGE_HTTP_01))
                return bytes_printf(
                                b, "%s (nothing answers on port 80, and DNS= is not set)", name);
        return bytes_printf(
                        b, "%s (this machine answers on port %s)", name,
                        type == CHALLENGE_HTTP_01 ? "80" : "443");
}

int cert_describe_challenges(const Cert *c, char **ret) {
        ChallengeType types[CHALLENGE_TYPE_MAX];
        size_t n = cert_challenges(c, types);
        const char *warning = presenter_warning(c->presenter);
        bool seen = c->check_words &&
                    types[0] == CHALLENGE_TLS_ALPN_01; /* J-06: nothing waits for it */
        _cleanup_(bytes_done) Bytes b = {};
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                r = bytes_append_string(&b, i > 0 ? ", " : "");
                if (r >= 0)
                        r = describe_one(c, types[i], &b);
        }
        if (r >= 0 && c->config->challenge_count > 0)
                r = bytes_append_string(&b, "; as Challenge= says");
        if (r >= 0 && warning)
                r = bytes_printf(&b, "; warning: %s", warning);
        if (r >= 0 && seen)
                r = bytes_printf(&b, "; warning: %s", c->check_words);
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
}
