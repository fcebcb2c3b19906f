#include "tests/fake/responder.h"

#include <string.h>

#include "base/strings.h"

typedef struct Shown {
        char *identifier, *token, *authorization;
} Shown;

struct Responder {
        Loop *loop;
        Shown *shown;
        size_t count;
        bool deaf;
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

static Shown *find(const Responder *r, const char *identifier, const char *token) {
        for (size_t i = 0; i < r->count; i++)
                if (strcmp(r->shown[i].identifier, identifier) == 0 &&
                    strcmp(r->shown[i].token, token) == 0)
                        return &r->shown[i];
        return NULL;
}

int responder_present(
                Responder *r,
                const char *identifier,
                const char *token,
                const char *authorization) {
        Shown *s = find(r, identifier, token);

        if (fake_loop_effect(r->loop) == EFFECT_COMES_TOO_LATE)
                return -EIO;
        if (r->deaf)
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
        };
        return 0;
}

void responder_remove(Responder *r, const char *identifier, const char *token) {
        Shown *s = find(r, identifier, token);

        if (!s || fake_loop_effect(r->loop) == EFFECT_COMES_TOO_LATE)
                return;
        shown_done(s);
        *s = r->shown[--r->count];
}

void fake_responder_deaf(Responder *r, bool deaf) {
        r->deaf = deaf;
}

size_t fake_responder_count(const Responder *r) {
        return r->count;
}

const char *fake_responder_show(const Responder *r, const char *identifier, const char *token) {
        const Shown *s = find(r, identifier, token);

        return s ? s->authorization : NULL;
}

size_t fake_responder_count_of(const Responder *r, const char *identifier) {
        size_t n = 0;

        for (size_t i = 0; i < r->count; i++)
                n += strcmp(r->shown[i].identifier, identifier) == 0;
        return n;
}

void fake_responder_restart(Responder *r) {
        for (size_t i = r->count; i-- > 0;)
                if (str_ends_with(r->shown[i].authorization, ".renewd-probe")) {
                        shown_done(&r->shown[i]);
                        r->shown[i] = r->shown[--r->count];
                }
}
