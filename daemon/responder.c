/* What is shown, to whom: a token belongs to one identifier and is answered under that Host only, a validation certificate
 * under one server name. Everything else gets the same 404 or alert, so that nothing can be learnt by asking. */

#include <arpa/inet.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"
#include "daemon/alpn-server.h"
#include "daemon/challenge-files.h"
#include "daemon/http-server.h"
#include "daemon/lingering.h"
#include "daemon/listens.h"
#include "daemon/responder-real.h"

#define CHALLENGE_PREFIX  "/.well-known/acme-challenge/"
#define HTTP_DEADLINE     (5 * USEC_PER_SEC)
#define TLS_DEADLINE      (2 * USEC_PER_SEC)
#define CHALLENGES_MAX    10000
#define AUTHORIZATION_MAX 127 /* Boulder refuses more (K-02) */

typedef struct Shown {
        char *identifier;    /* owns */
        char *token;         /* owns */
        char *authorization; /* owns */
} Shown;

struct Responder {
        Loop *loop;            /* borrows */
        HttpServer *http;      /* owns */
        AlpnServer *alpn;      /* owns */
        AlpnShown *alpn_shown; /* owns */
        Lingering *lingering;  /* owns */
        Listens http_listens, tls_listens;
        ChallengeFiles *files; /* owns; NULL: none */
        bool redirect;
        Shown *shown; /* owns */
        size_t count;
};

/* ---- what is shown ---- */

static void shown_done(Shown *c) {
        free(c->identifier);
        free(c->token);
        free(c->authorization);
        *c = (Shown){};
}

static Shown *find(const Responder *r, const char *identifier, const char *token) {
        for (size_t i = 0; i < r->count; i++)
                if (str_equal(r->shown[i].token, token) &&
                    str_equal(r->shown[i].identifier, identifier))
                        return &r->shown[i];
        return NULL;
}

/* An IPv6 address has many spellings. */
static bool host_is(const char *host, const char *identifier) {
        struct in6_addr a, b;

        if (str_equal_ignore_case(host, identifier))
                return true;
        return inet_pton(AF_INET6, host, &a) == 1 && inet_pton(AF_INET6, identifier, &b) == 1 &&
               memcmp(&a, &b, sizeof(a)) == 0;
}

static const char *look_up(const Responder *r, const char *host, const char *token) {
        for (size_t i = 0; i < r->count; i++)
                if (str_equal(r->shown[i].token, token) && host_is(host, r->shown[i].identifier))
                        return r->shown[i].authorization;
        return NULL;
}

static void on_request(const RequestParser *request, HttpAnswer *ret, void *userdata) {
        const Responder *r = userdata;
        const char *token = str_skip_prefix(request->path, CHALLENGE_PREFIX);

        *ret = (HttpAnswer){ .status = 404 };
        if (token) {
                ret->body = look_up(r, request->host, token);
                if (ret->body)
                        ret->status = 200;
        } else if (r->redirect && request->host[0] && request->path[0]) {
                ret->status = 301;
                ret->location = request->path;
        }
}

/* ---- seam ---- */

static int append(
                Responder *r,
                const char *identifier,
                const char *token,
                const char *authorization) {
        Shown c = {};

        if (r->count >= CHALLENGES_MAX)
                return -ENOBUFS;
        Shown *grown = reallocarray(r->shown, r->count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        r->shown = grown;
        if (str_replace(&c.identifier, identifier) < 0 || str_replace(&c.token, token) < 0 ||
            str_replace(&c.authorization, authorization) < 0) {
                shown_done(&c);
                return -ENOMEM;
        }
        r->shown[r->count++] = c;
        return 0;
}

static int show(Responder *r, const char *token, const char *authorization) {
        bool listens = stranger_server_listens(r->http_listens.server, NULL);
        int k;

        if (!r->files)
                return listens ? 0 : -ENODEV;
        k = challenge_files_show(r->files, token, authorization);
        if (k < 0)
                log_warning("%s: cannot show a challenge there: %s%s",
                            challenge_files_path(r->files), errno_text(k),
                            listens ? "; answering by the listener only" : "");
        return listens ? 0 : k;
}

int responder_present(
                Responder *r,
                const char *identifier,
                const char *token,
                const char *authorization) {
        int k;

        if (!str_is_base64url(token) || strlen(authorization) > AUTHORIZATION_MAX)
                return -EINVAL;
        lingering_end(r->lingering, CHALLENGE_HTTP_01, identifier, token);
        k = show(r, token, authorization);
        if (k < 0)
                return k;
        Shown *known = find(r, identifier, token);
        return known ? str_replace(&known->authorization, authorization)
                     : append(r, identifier, token, authorization);
}

void responder_remove(Responder *r, const char *identifier, const char *token) {
        Shown *c = find(r, identifier, token);

        if (!c)
                return;
        if (r->files && challenge_files_hide(r->files, token) < 0)
                log_warning("%s: cannot remove a challenge; the next start tries again",
                            challenge_files_path(r->files));
        shown_done(c);
        *c = r->shown[--r->count];
        r->shown[r->count] = (Shown){};
}

/* ---- tls-alpn-01 ---- */

int responder_present_alpn(
                Responder *r,
                const char *identifier,
                const char *token,
                const char *authorization) {
        if (!responder_can(r, CHALLENGE_TLS_ALPN_01))
                return -ENODEV;
        if (!str_is_base64url(token))
                return -EINVAL;
        lingering_end(r->lingering, CHALLENGE_TLS_ALPN_01, identifier, NULL); /* one for a name */
        return alpn_shown_add(
                        r->alpn_shown, identifier, token, authorization, loop_wall_sec(r->loop));
}

void responder_remove_alpn(Responder *r, const char *identifier, const char *token) {
        alpn_shown_remove(r->alpn_shown, identifier, token);
}

/* ---- what lingers ---- */

static void on_end(ChallengeType type, const char *identifier, const char *token, void *userdata) {
        if (type == CHALLENGE_TLS_ALPN_01)
                responder_remove_alpn(userdata, identifier, token);
        else
                responder_remove(userdata, identifier, token);
}

void responder_retire(Responder *r, ChallengeType type, const char *identifier, const char *token) {
        lingering_add(r->lingering, type, identifier, token);
}

bool responder_can(const Responder *r, ChallengeType type) {
        if (type == CHALLENGE_HTTP_01)
                return r->files || stranger_server_listens(r->http_listens.server, NULL);
        return type == CHALLENGE_TLS_ALPN_01 &&
               stranger_server_listens(r->tls_listens.server, NULL);
}

/* ---- configuration ---- */

int responder_adopt(Responder *r, int fd) {
        return listens_adopt(&r->http_listens, fd);
}

int responder_adopt_tls(Responder *r, int fd) {
        return listens_adopt(&r->tls_listens, fd);
}

static void configure_files(Responder *r, const char *path) {
        int k;

        if (str_equal(path, r->files ? challenge_files_path(r->files) : NULL))
                return;
        for (size_t i = 0; r->files && i < r->count; i++)
                (void) challenge_files_hide(r->files, r->shown[i].token); /* it may be gone */
        r->files = challenge_files_free(r->files);
        if (!path)
                return;
        k = challenge_files_open(path, &r->files);
        if (k < 0) {
                log_error("[HTTP] ChallengeDirectory=%s: cannot use it: %s", path, errno_text(k));
                return;
        }
        for (size_t i = 0; i < r->count; i++)
                (void) show(r, r->shown[i].token, r->shown[i].authorization); /* logs */
}

void responder_configure(Responder *r, const Config *config) {
        listens_configure(&r->http_listens, &config->http_listen);
        listens_configure(&r->tls_listens, &config->tls_listen);
        configure_files(r, config->challenge_directory);
        r->redirect = config->redirect_to_https;
}

/* ---- life ---- */

int responder_new(Loop *loop, Responder **ret) {
        _cleanup_(responder_freep) Responder *r = NULL;
        int k;

        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->loop = loop;
        k = http_server_new(loop, HTTP_DEADLINE, on_request, r, &r->http);
        if (k >= 0)
                k = alpn_shown_new(&r->alpn_shown);
        if (k >= 0)
                k = lingering_new(loop, on_end, r, &r->lingering);
        if (k >= 0)
                k = alpn_server_new(loop, TLS_DEADLINE, r->alpn_shown, &r->alpn);
        if (k < 0)
                return k;
        r->http_listens = (Listens){ .server = http_server_strangers(r->http),
                                     .section = "HTTP",
                                     .unit = "renewd-http.socket" };
        r->tls_listens = (Listens){ .server = alpn_server_strangers(r->alpn),
                                    .section = "TLS",
                                    .unit = "renewd-https.socket" };
        *ret = TAKE_PTR(r);
        return 0;
}

/* Files stay, but for what lingers: a restart shows them again or removes them as leftovers. */
Responder *responder_free(Responder *r) {
        if (!r)
                return NULL;
        lingering_free(r->lingering);
        http_server_free(r->http);
        alpn_server_free(r->alpn);
        alpn_shown_free(r->alpn_shown);
        challenge_files_free(r->files);
        listens_done(&r->http_listens);
        listens_done(&r->tls_listens);
        for (size_t i = 0; i < r->count; i++)
                shown_done(&r->shown[i]);
        free(r->shown);
        free(r);
        return NULL;
}
