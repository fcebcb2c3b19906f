#include "tests/fake/prober.h"

#include <stdio.h>
#include <string.h>

#include "base/strings.h"

struct Prober {
        Loop *loop;
        Helper *installer;
        uint32_t loss;
        unsigned count;
        const char *chain;
        fake_stranger_fn stranger;
        void *stranger_userdata;
};

struct ProberCall {
        Prober *prober;
        char certificate[128], target[64];
        ProbeResult *alpn; /* owns, also what it has; of a stranger */
        Timer *timer;
        prober_fn fn;
        void *userdata;
};

Prober *fake_prober_new(Loop *loop, Helper *installer) {
        Prober *p = calloc(1, sizeof *p);

        if (!p)
                return NULL;
        p->loop = loop;
        p->installer = installer;
        return p;
}

Prober *fake_prober_free(Prober *p) {
        free(p);
        return NULL;
}

void fake_prober_set_loss(Prober *p, uint32_t per_million) {
        p->loss = per_million;
}

void fake_prober_set_chain(Prober *p, const char *pem) {
        p->chain = pem;
}

unsigned fake_prober_count(const Prober *p) {
        return p->count;
}

void fake_prober_set_stranger(Prober *p, fake_stranger_fn fn, void *userdata) {
        p->stranger = fn;
        p->stranger_userdata = userdata;
}

static void on_stranger(void *userdata) {
        ProberCall *c = userdata;

        c->timer = timer_free(c->timer);
        c->fn(c->alpn, 1, c->userdata);
}

static int ask_stranger(ProberCall *c, const ProbeEndpoint *endpoint) {
        Prober *p = c->prober;

        c->alpn = calloc(1, sizeof *c->alpn);
        if (!c->alpn)
                return -ENOMEM;
        c->alpn->outcome = PROBE_UNREACHABLE;
        if (p->stranger)
                p->stranger(endpoint, c->alpn, p->stranger_userdata);
        else
                c->alpn->detail = strdup("connection refused");
        return loop_timer_after(p->loop, USEC_PER_SEC, on_stranger, c, &c->timer);
}

static void on_timer(void *userdata) {
        ProberCall *c = userdata;
        Prober *p = c->prober;
        char refused[] = "connection refused", none[] = "";
        FakeTarget *t = fake_installer_target(p->installer, c->certificate, c->target);
        const char *leaf = fake_target_served(p->installer, t);
        ProbeResult result = { .outcome = PROBE_UNREACHABLE, .detail = refused };

        c->timer = timer_free(c->timer);
        if (leaf && !(p->loss > 0 && fake_chance(p->loop, p->loss))) {
                result = (ProbeResult){ .outcome = PROBE_SERVED, .detail = none };
                result.chain_pem = (char *) p->chain; /* nobody writes there */
                (void) snprintf(result.leaf_sha256, sizeof result.leaf_sha256, "%s", leaf);
        }
        c->fn(&result, 1, c->userdata);
}

int prober_start(
                Prober *p,
                const ProbeEndpoint *endpoint,
                unsigned timeout_sec,
                prober_fn fn,
                void *userdata,
                ProberCall **ret) {
        ProberCall *c = calloc(1, sizeof *c);

        (void) timeout_sec;
        if (!c)
                return -ENOMEM;
        *c = (ProberCall){ .prober = p, .fn = fn, .userdata = userdata };
        if (endpoint->alpn) {
                *ret = c;
                return ask_stranger(c, endpoint);
        }
        if (sscanf(endpoint->host, "%127[^|]|%63s", c->certificate, c->target) != 2)
                abort(); /* the test's own configuration */
        p->count++;
        (void) loop_timer_after(
                        p->loop, (5 + fake_random(p->loop) % 50) * USEC_PER_MSEC, on_timer, c,
                        &c->timer);
        *ret = c;
        return 0;
}

ProberCall *prober_call_free(ProberCall *c) {
        if (!c)
                return NULL;
        (void) timer_free(c->timer);
        if (c->alpn) {
                free(c->alpn->detail);
                free(c->alpn->chain_pem);
                free(c->alpn);
        }
        free(c);
        return NULL;
}
