#include "tests/fake/responder.h"

#include <string.h>

#include "base/strings.h"

typedef struct Shown {
        char *identifier, *token, *authorization;
        bool alpn;
} Shown;

struct Responder {
        Loop *loop;
        Shown *shown;
        size_t count;
        bool deaf;
        bool alpn; /* a TLS listener is there */
};

Responder *fake_responder_new(Loop *loop) {
        Responder *r = calloc(1, sizeof *r);

        if (r)
                r->loop = loop;
        return r;
}

static void shown_done(Shown *s) {
        free(s->identifier);
        free(s->token);
        free(s->authorization);
}

Responder *fake_responder_free(Responder *r) {
        if (!r)
                return NULL;
        for (size_t i = 0; i < r->count; i++)
                shown_done(&r->shown[i]);
        free(r->shown);
        free(r);
        return NULL;
}

static Shown *find(const Responder *r, const char *identifier, const char *token, bool alpn) {
        for (size_t i = 0; i < r->count; i++)
                if (r->shown[i].alpn == alpn && strcmp(r->shown[i].identifier, identifier) == 0 &&
                    strcmp(r->shown[i].token, token) == 0)
                        return &r->shown[i];
        return NULL;
}

static int present(
                Responder *r,
                const char *identifier,
                const char *token,
                const char *authorization,
                bool alpn) {
        Shown *s = find(r, identifier, token, alpn);

        if (fake_loop_effect(r->loop) == EFFECT_COMES_TOO_LATE)
                return -EIO;
        if (alpn ? !r->alpn : r->deaf)
                return -ENODEV;
        if (s)
                return str_replace(&s->authorization, authorization);
        s = reallocarray(r->shown, r->count + 1, sizeof *s);
        if (!s)
                return -ENOMEM;
        r->shown = s;
        s[r->count++] = (Shown){
                .identifier = strdup(identifier),
                .token = strdup(token),
                .authorization = strdup(authorization),
                .alpn = alpn,
        };
        return 0;
}

static void stop(Responder *r, const char *identifier, const char *token, bool alpn) {
        Shown *s = find(r, identifier, token, alpn);

        if (!s || fake_loop_effect(r->loop) == EFFECT_COMES_TOO_LATE)
                return;
        shown_done(s);
        *s = r->shown[--r->count];
}

int responder_present(
                Responder *r,
                const char *identifier,
                const char *token,
                const char *authorization) {
        return present(r, identifier, token, authorization, false);
}

void responder_remove(Responder *r, const char *identifier, const char *token) {
        stop(r, identifier, token, false);
}

int responder_present_alpn(
                Responder *r,
                const char *identifier,
                const char *token,
                const char *authorization) {
        return present(r, identifier, token, authorization, true);
}

void responder_remove_alpn(Responder *r, const char *identifier, const char *token) {
        stop(r, identifier, token, true);
}

/* Its CA asks once. */
void responder_retire(Responder *r, ChallengeType type, const char *identifier, const char *token) {
        stop(r, identifier, token, type == CHALLENGE_TLS_ALPN_01);
}

bool responder_can(const Responder *r, ChallengeType type) {
        if (type == CHALLENGE_HTTP_01)
                return !r->deaf;
        return type == CHALLENGE_TLS_ALPN_01 && r->alpn;
}

void fake_responder_alpn(Responder *r, bool listens) {
        r->alpn = listens;
}

void fake_responder_deaf(Responder *r, bool deaf) {
        r->deaf = deaf;
}

size_t fake_responder_count(const Responder *r) {
        return r->count;
}

const char *fake_responder_show(const Responder *r, const char *identifier, const char *token) {
        const Shown *s = find(r, identifier, token, false);

        return s ? s->authorization : NULL;
}

const char *fake_responder_show_alpn(
                const Responder *r, const char *identifier, const char *token) {
        const Shown *s = find(r, identifier, token, true);

        return s ? s->authorization : NULL;
}

static bool is_probe(const Shown *s) {
        return str_ends_with(s->authorization, ".renewd-probe");
}

size_t fake_responder_count_of(const Responder *r, const char *identifier) {
        size_t n = 0;

        for (size_t i = 0; i < r->count; i++)
                n += strcmp(r->shown[i].identifier, identifier) == 0 && !is_probe(&r->shown[i]);
        return n;
}

void fake_responder_restart(Responder *r) {
        for (size_t i = r->count; i-- > 0;)
                if (is_probe(&r->shown[i])) {
                        shown_done(&r->shown[i]);
                        r->shown[i] = r->shown[--r->count];
                }
}
