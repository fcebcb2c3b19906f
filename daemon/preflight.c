/* One probe for each name: a token of our own making is shown by the responder and fetched by its name. At most four run
 * at a time. The first name with something certainly wrong ends the whole, since the order would fail with it. */

#include "daemon/preflight.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define IN_FLIGHT_MAX 4
#define PROBE_SEC     20
#define PROBE_OCTETS  32 /* of chance in the token */

/* Behind the token and a dot, so that what a crash leaves in a challenge directory is known for ours. */
#define PROBE_ANSWER "renewd-probe"

typedef struct Probe {
        Preflight *preflight; /* borrows */
        const char *name;     /* borrows, of preflight->names */
        HttpCall *call;       /* owns */
        char *token;          /* owns; NULL: not shown */
        char *answer;         /* owns */
} Probe;

struct Preflight {
        Engine *engine; /* borrows */
        preflight_fn fn;
        void *userdata;
        StringList names;
        Probe *probes; /* owns; one for each name */
        size_t begun, ended;
        Timer *timer; /* owns; begins, and ends, from the loop */
        bool certain;
        char *words; /* owns; of what was found first, what is certain before what is not */
};

static void probe_done(Probe *p) {
        p->call = http_call_free(p->call);
        if (p->token)
                responder_remove(p->preflight->engine->responder, p->name, p->token);
        free(p->token);
        free(p->answer);
        p->token = p->answer = NULL;
}

Preflight *preflight_free(Preflight *p) {
        if (!p)
                return NULL;
        for (size_t i = 0; p->probes && i < p->names.count; i++)
                probe_done(&p->probes[i]);
        (void) timer_free(p->timer);
        free(p->probes);
        free(p->words);
        string_list_done(&p->names);
        free(p);
        return NULL;
}

/* ---- what was found ---- */

static _printf_(4, 5) void find(
                Preflight *p, const char *name, bool certain, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list args;
        int n;

        if (p->words && (p->certain || !certain))
                return;
        va_start(args, format);
        n = vasprintf(&text, format, args);
        va_end(args);
        free(p->words);
        p->words = NULL;
        p->certain = certain;
        /* Without memory for the words there is still something wrong; see report(). */
        if (n >= 0)
                (void) str_printf(
                                &p->words, "%s%s%s", p->names.count > 1 ? name : "",
                                p->names.count > 1 ? ": " : "", text);
}

static void report(void *userdata) {
        Preflight *p = userdata;
        PreflightResult result = {
                .passed = !p->words && !p->certain,
                .certain = p->certain,
                .words = p->words ? p->words : "the names could not be looked at",
        };

        p->timer = timer_free(p->timer);
        p->fn(&result, p->userdata); /* may free it */
}

/* ---- HTTP ---- */

static bool is_answer(const Bytes *body, const char *answer) {
        size_t n = body->size;

        while (n > 0 && strchr(" \t\r\n", body->data[n - 1]))
                n--;
        return n == strlen(answer) && memcmp(body->data, answer, n) == 0;
}

static void judge(Probe *probe, const HttpReply *reply) {
        Preflight *p = probe->preflight;

        if (reply->error == -EHOSTUNREACH)
                find(p, probe->name, true, "the name has no address: %s",
                     reply->error_text ? reply->error_text : errno_text(reply->error));
        else if (reply->error < 0)
                find(p, probe->name, false, "port 80 does not answer from here: %s",
                     reply->error_text ? reply->error_text : errno_text(reply->error));
        else if (reply->status != 200)
                find(p, probe->name, true,
                     "another server answers http://%s/.well-known/acme-challenge/ with status %ld: "
                     "hand that path over to renewd",
                     probe->name, reply->status);
        else if (!is_answer(&reply->body, probe->answer))
                find(p, probe->name, true,
                     "another server answers http://%s/.well-known/acme-challenge/ with a page of "
                     "its own: hand that path over to renewd",
                     probe->name);
}

static void next(Preflight *p);

static void on_reply(const HttpReply *reply, void *userdata) {
        Probe *probe = userdata;
        Preflight *p = probe->preflight;

        judge(probe, reply);
        probe_done(probe);
        p->ended++;
        next(p);
}

static int make_token(Engine *e, char **ret) {
        uint32_t octets[PROBE_OCTETS / sizeof(uint32_t)];

        for (size_t i = 0; i < ELEMENTSOF(octets); i++)
                octets[i] = loop_random(e->loop);
        return base64url_encode(octets, sizeof octets, ret);
}

static int probe_start(Probe *probe) {
        Engine *e = probe->preflight->engine;
        _cleanup_free_ char *url = NULL, *token = NULL;
        bool literal6 = strchr(probe->name, ':') != NULL;
        int r;

        r = make_token(e, &token);
        if (r >= 0)
                r = str_printf(&probe->answer, "%s." PROBE_ANSWER, token);
        if (r >= 0)
                r = responder_present(e->responder, probe->name, token, probe->answer);
        if (r < 0)
                return r;
        probe->token = TAKE_PTR(token);
        r = str_printf(&url, "http://%s%s%s/.well-known/acme-challenge/%s", literal6 ? "[" : "",
                       probe->name, literal6 ? "]" : "", probe->token);
        if (r < 0)
                return r;
        return http_start(
                        e->http,
                        &(HttpRequest){ .method = HTTP_GET,
                                        .url = url,
                                        .site = true,
                                        .timeout_sec = PROBE_SEC },
                        on_reply, probe, &probe->call);
}

static void next(Preflight *p) {
        while (!p->certain && p->begun < p->names.count && p->begun - p->ended < IN_FLIGHT_MAX) {
                Probe *probe = &p->probes[p->begun++];
                int r = probe_start(probe);

                if (r >= 0)
                        continue;
                p->ended++;
                if (r == -ENODEV)
                        find(p, probe->name, true,
                             "nothing answers on port 80: enable renewd-http.socket, or set Listen= "
                             "or ChallengeDirectory= in [HTTP]");
                else
                        find(p, probe->name, false, "it could not be looked at: %s", errno_text(r));
                probe_done(probe);
        }
        if (p->certain || p->ended == p->names.count)
                report(p);
}

/* ---- life ---- */

static void begin(void *userdata) {
        Preflight *p = userdata;

        p->timer = timer_free(p->timer);
        next(p);
}

int preflight_start(
                Engine *engine,
                const PreflightSpec *spec,
                preflight_fn fn,
                void *userdata,
                Preflight **ret) {
        _cleanup_(preflight_freep) Preflight *p = calloc(1, sizeof *p);
        int r = 0;

        if (!p)
                return -ENOMEM;
        p->engine = engine;
        p->fn = fn;
        p->userdata = userdata;
        /* The other challenges have nothing to show on port 80. */
        if (spec->challenge == CHALLENGE_HTTP_01)
                r = string_list_copy(spec->names, &p->names);
        if (r < 0)
                return r;
        p->probes = calloc(MAX(p->names.count, (size_t) 1), sizeof *p->probes);
        if (!p->probes)
                return -ENOMEM;
        for (size_t i = 0; i < p->names.count; i++)
                p->probes[i] = (Probe){ .preflight = p, .name = p->names.items[i] };
        r = loop_timer_after(engine->loop, 0, begin, p, &p->timer);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
