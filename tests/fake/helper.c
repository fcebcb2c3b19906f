#include <stdio.h>
#include <string.h>

#include "tests/fake/helper-internal.h"

struct HelperCall {
        Helper *helper;
        int error;
        const char *error_name;
        Json *parameters;
        Timer *timer;
        helper_fn fn;
        void *userdata;
};

static Helper *helper_new(Loop *loop, fake_method handle) {
        Helper *h = calloc(1, sizeof *h);

        if (!h)
                return NULL;
        h->loop = loop;
        h->handle = handle;
        return h;
}

Helper *fake_signer_new(Loop *loop) {
        return helper_new(loop, fake_signer_handle);
}

Helper *fake_installer_new(Loop *loop, Helper *signer, Store *store) {
        Helper *h = helper_new(loop, fake_installer_handle);

        if (!h)
                return NULL;
        h->signer = signer;
        h->store = store;
        return h;
}

Helper *fake_helper_free(Helper *h) {
        if (!h)
                return NULL;
        fake_signer_done(h);
        fake_installer_done(h);
        free(h);
        return NULL;
}

void fake_helper_set_gone(Helper *h, bool gone) {
        h->gone = gone;
}

void fake_helper_set_loss(Helper *h, uint32_t per_million) {
        h->loss = per_million;
}

void fake_helper_set_crash(Helper *h, uint32_t per_million) {
        h->crash = per_million;
}

void fake_helper_set_delay(Helper *h, usec_t delay) {
        h->delay = delay;
}

const char *fake_text(const Json *p, const char *key) {
        const char *text;

        return json_get_string(p, key, &text) < 0 ? NULL : text;
}

static MethodCount *count_of(Helper *h, const char *method) {
        for (size_t i = 0; i < ELEMENTSOF(h->counts); i++) {
                if (!h->counts[i].name[0])
                        (void) snprintf(h->counts[i].name, sizeof h->counts[i].name, "%s", method);
                if (strcmp(h->counts[i].name, method) == 0)
                        return &h->counts[i];
        }
        abort(); /* more methods than the interfaces have */
}

unsigned fake_helper_calls(const Helper *h, const char *method) {
        for (size_t i = 0; i < ELEMENTSOF(h->counts); i++)
                if (strcmp(h->counts[i].name, method) == 0)
                        return h->counts[i].count;
        return 0;
}

void helper_renew(Helper *h) {
        (void) h;
}

static void on_timer(void *userdata) {
        HelperCall *c = userdata;
        HelperReply reply = {
                .error = c->error,
                .error_name = c->error_name,
                .message = c->error < 0    ? "connection lost"
                           : c->error_name ? "refused"
                                           : NULL,
                .parameters = c->parameters,
        };

        c->timer = timer_free(c->timer);
        c->fn(&reply, c->userdata);
}

/* The effect, and what becomes of the answer. */
static void carry_out(HelperCall *c, const char *method, const Json *parameters) {
        Helper *h = c->helper;
        bool lost = h->loss > 0 && fake_chance(h->loop, h->loss);
        bool crash = h->crash > 0 && fake_chance(h->loop, h->crash);
        bool before = fake_random(h->loop) % 2;

        if (h->gone || fake_loop_effect(h->loop) == EFFECT_COMES_TOO_LATE) {
                c->error = -ECONNREFUSED;
                return;
        }
        count_of(h, method)->count++;
        if (!((lost || crash) && before))
                (void) h->handle(h, method, parameters, &c->parameters, &c->error_name);
        if (crash)
                fake_loop_crash(h->loop);
        if (lost || crash)
                c->error = -ECONNRESET;
        else if (!c->error_name && !c->parameters)
                c->error_name = "Refused";
}

int helper_call(Helper *h,
                HelperLane lane,
                const char *method,
                Json *parameters,
                helper_fn fn,
                void *userdata,
                HelperCall **ret) {
        _cleanup_(json_freep) Json *taken = parameters;
        HelperCall *c = calloc(1, sizeof *c);
        usec_t delay = h->delay > 0 ? h->delay : (1 + fake_random(h->loop) % 40) * USEC_PER_MSEC;

        (void) lane;
        if (!c)
                return -ENOMEM;
        *c = (HelperCall){ .helper = h, .fn = fn, .userdata = userdata };
        carry_out(c, method, taken);
        (void) loop_timer_after(h->loop, delay, on_timer, c, &c->timer);
        *ret = c;
        return 0;
}

HelperCall *helper_call_free(HelperCall *c) {
        if (!c)
                return NULL;
        (void) timer_free(c->timer);
        (void) json_free(c->parameters);
        free(c);
        return NULL;
}
