#include "daemon/alpn-look.h"

#include "acme/alpn-certificate.h"
#include "acme/identifier.h"
#include "daemon/preflight.h"

#define LOOK_SEC 10

struct AlpnLook {
        Engine *engine;                            /* borrows */
        char *name, *server_name, *token, *answer; /* own */
        bool shown;
        ProberCall *call; /* owns */
        alpn_look_fn fn;
        void *userdata;
};

AlpnLook *alpn_look_free(AlpnLook *l) {
        if (!l)
                return NULL;
        (void) prober_call_free(l->call);
        if (l->shown)
                responder_remove_alpn(l->engine->responder, l->name, l->token);
        free(l->name);
        free(l->server_name);
        free(l->token);
        free(l->answer);
        free(l);
        return NULL;
}

/* 0: nothing is wrong, 1: *ret_words. */
static int judge(const AlpnLook *l, const ProbeResult *result, char **ret_words) {
        switch (result->outcome) {
        case PROBE_UNREACHABLE:
                return str_printf(
                                ret_words, "port 443 does not answer from here: %s",
                                result->detail);
        case PROBE_NO_TLS:
                return str_printf(
                                ret_words,
                                "port 443 refuses acme-tls/1 (%s): let the server there hand that "
                                "protocol over to renewd (Listen= in [TLS])",
                                result->detail);
        case PROBE_SERVED:
                break;
        }
        if (result->chain_pem && alpn_certificate_answers(result->chain_pem, l->answer))
                return 0;
        return str_printf(
                        ret_words,
                        "another server answers acme-tls/1 at port 443: let it hand that protocol over "
                        "to renewd (Listen= in [TLS])");
}

/* One bad address is enough: the CA may take it. */
static void on_results(const ProbeResult *results, size_t count, void *userdata) {
        _cleanup_free_ char *words = NULL;
        AlpnLook *l = userdata;

        for (size_t i = 0; i < count && !words; i++)
                (void) judge(l, &results[i], &words); /* without memory nothing is said */
        l->fn(words, l->userdata);
}

int alpn_look_start(Engine *e, const char *name, alpn_look_fn fn, void *userdata, AlpnLook **ret) {
        _cleanup_(alpn_look_freep) AlpnLook *l = calloc(1, sizeof *l);
        ProbeEndpoint endpoint = { .port = 443, .alpn = ALPN_PROTOCOL };
        int r;

        if (!l)
                return -ENOMEM;
        *l = (AlpnLook){ .engine = e, .fn = fn, .userdata = userdata };
        r = str_replace(&l->name, name);
        if (r >= 0)
                r = identifier_server_name(name, &l->server_name);
        if (r >= 0)
                r = preflight_token(e, &l->token, &l->answer);
        if (r >= 0)
                r = responder_present_alpn(e->responder, name, l->token, l->answer);
        if (r < 0)
                return r;
        l->shown = true;
        endpoint.host = l->name;
        endpoint.server_name = l->server_name;
        r = prober_start(e->prober, &endpoint, LOOK_SEC, on_results, l, &l->call);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}
