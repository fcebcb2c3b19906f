/* One probe for each name: a token of our own making is shown by the responder and fetched by its name. At most four run
 * at a time. The first name with something certainly wrong ends the whole, since the order would fail with it. */

#include "daemon/preflight.h"

#include <stdio.h>
#include <string.h>

#include "acme/identifier.h"
#include "base/log.h"
#include "daemon/alpn-look.h"
#include "daemon/caa-check.h"

#define IN_FLIGHT_MAX 4
#define PROBE_SEC     20
#define PROBE_OCTETS  32 /* of chance in the token */

/* Behind the token and a dot, so that what a crash leaves in a challenge directory is known for ours. */
#define PROBE_ANSWER "renewd-probe"

typedef struct Probe {
        Preflight *preflight; /* borrows */
        const char *name;     /* borrows, of preflight->names */
        CaaCheck *caa;        /* owns */
        HttpCall *call;       /* owns */
        AlpnLook *look;       /* owns */
        char *token;          /* owns; NULL: not shown */
        char *answer;         /* owns */
} Probe;

struct Preflight {
        Engine *engine; /* borrows */
        preflight_fn fn;
        void *userdata;
        StringList names, identities;
        char *account; /* owns; may be NULL */
        CaaQuestion question;
        ChallengeType challenge; /* what is tried on it */
        Probe *probes;           /* owns; one for each name */
        size_t begun, ended;
        Timer *timer; /* owns; begins, and ends, from the loop */
        bool certain, advice;
        char *words; /* owns; of what was found first, what is certain before what is not */
};

static void probe_done(Probe *p) {
        p->caa = caa_check_free(p->caa);
        p->call = http_call_free(p->call);
        p->look = alpn_look_free(p->look);
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
        string_list_done(&p->identities);
        free(p->account);
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
        p->advice = false;
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
                .advice = p->advice,
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

int preflight_token(Engine *e, char **ret_token, char **ret_answer) {
        uint32_t octets[PROBE_OCTETS / sizeof(uint32_t)];
        _cleanup_free_ char *token = NULL;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(octets); i++)
                octets[i] = loop_random(e->loop);
        r = base64url_encode(octets, sizeof octets, &token);
        if (r >= 0)
                r = str_printf(ret_answer, "%s." PROBE_ANSWER, token);
        if (r < 0)
                return r;
        *ret_token = TAKE_PTR(token);
        return 0;
}

static int fetch(Probe *probe) {
        Engine *e = probe->preflight->engine;
        _cleanup_free_ char *url = NULL, *token = NULL;
        bool literal6 = strchr(probe->name, ':') != NULL;
        int r;

        r = preflight_token(e, &token, &probe->answer);
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

/* The listener is missing, or something of our own failed. */
static void find_own(Probe *probe, int error) {
        Preflight *p = probe->preflight;

        if (error == -ENODEV)
                find(p, probe->name, true,
                     "nothing answers on port 80: enable renewd-http.socket, or set Listen= "
                     "or ChallengeDirectory= in [HTTP]");
        else
                find(p, probe->name, false, "it could not be looked at: %s", errno_text(error));
}

/* ---- TLS ---- */

/* Port 443 is shared with other servers and proxies, often seen otherwise from inside: no order waits for it. */
static void on_looked(const char *words, void *userdata) {
        Probe *probe = userdata;
        Preflight *p = probe->preflight;

        if (words && !p->words && !p->certain) {
                find(p, probe->name, false, "%s", words);
                p->advice = true;
        }
        probe_done(probe);
        p->ended++;
        next(p);
}

/* What is in the way of showing something, the order itself will say. */
static bool look(Probe *probe) {
        return alpn_look_start(probe->preflight->engine, probe->name, on_looked, probe,
                               &probe->look) >= 0;
}

/* ---- CAA ---- */

/* Before the CA's name in quotes. */
static const char *const caa_words[] = {
        [CAA_OTHER_CA] = "lets other CAs issue only; add: issue",
        [CAA_NOBODY] = "lets no CA issue; add: issue",
        [CAA_OTHER_ACCOUNT] = "names another account; mend the accounturi of",
        [CAA_OTHER_METHOD] = "does not allow this challenge; mend the validationmethods of",
        [CAA_CRITICAL] = "has a critical property, which keeps off CAs like",
};

static void judge_caa(Probe *probe, int error, CaaVerdict verdict, const char *where) {
        Preflight *p = probe->preflight;

        if (error < 0)
                find(p, probe->name, false, "its CAA records cannot be looked up from here: %s",
                     errno_text(error));
        else if (verdict != CAA_ALLOWED)
                find(p, probe->name, true, "the CAA record of %s %s \"%s\"", where,
                     caa_words[verdict], p->identities.items[0]);
}

/* The second half of a probe; true: it is under way. */
static bool go_on(Probe *probe) {
        Preflight *p = probe->preflight;
        int r;

        if (p->certain)
                return false;
        if (p->challenge == CHALLENGE_TLS_ALPN_01)
                return look(probe);
        if (p->challenge != CHALLENGE_HTTP_01) /* the others have nothing to show at a port */
                return false;
        r = fetch(probe);
        if (r < 0)
                find_own(probe, r);
        return r >= 0;
}

static void on_caa(int error, CaaVerdict verdict, const char *where, void *userdata) {
        Probe *probe = userdata;
        Preflight *p = probe->preflight;

        judge_caa(probe, error, verdict, where);
        probe->caa = caa_check_free(probe->caa);
        if (go_on(probe))
                return;
        probe_done(probe);
        p->ended++;
        next(p);
}

/* True: under way. */
static bool probe_start(Probe *probe) {
        Preflight *p = probe->preflight;
        bool is_name = !identifier_is_ip(probe->name);

        if (p->identities.count > 0 && is_name && p->engine->dns &&
            caa_check_start(p->engine, probe->name, &p->question, on_caa, probe, &probe->caa) >= 0)
                return true;
        return go_on(probe);
}

static void next(Preflight *p) {
        while (!p->certain && p->begun < p->names.count && p->begun - p->ended < IN_FLIGHT_MAX) {
                Probe *probe = &p->probes[p->begun++];

                if (probe_start(probe))
                        continue;
                p->ended++;
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
        int r;

        if (!p)
                return -ENOMEM;
        p->engine = engine;
        p->fn = fn;
        p->userdata = userdata;
        p->challenge = spec->challenge;
        r = string_list_copy(spec->names, &p->names);
        if (r >= 0 && spec->identities)
                r = string_list_copy(spec->identities, &p->identities);
        if (r >= 0)
                r = str_replace(&p->account, spec->account);
        if (r < 0)
                return r;
        p->question = (CaaQuestion){
                .identities = &p->identities,
                .account = p->account,
                .method = challenge_type_to_string(spec->challenge),
        };
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
