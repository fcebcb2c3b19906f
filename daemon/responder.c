/* What is shown, to whom: a token belongs to one identifier and is answered under that Host only. Everything else gets the
 * same 404, so that nothing can be learnt by asking. */

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/strings.h"
#include "daemon/challenge-files.h"
#include "daemon/http-server.h"
#include "daemon/responder-real.h"

#define CHALLENGE_PREFIX  "/.well-known/acme-challenge/"
#define DEADLINE          (5 * USEC_PER_SEC)
#define CHALLENGES_MAX    10000
#define AUTHORIZATION_MAX 127 /* Boulder refuses more (K-02) */

typedef struct Shown {
        char *identifier;    /* owns */
        char *token;         /* owns */
        char *authorization; /* owns */
} Shown;

struct Responder {
        HttpServer *server;    /* owns */
        ChallengeFiles *files; /* owns; NULL: none */
        StringList listens;    /* Listen= that stand now */
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
        bool listens = http_server_listens(r->server, NULL);
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

/* ---- configuration ---- */

/* An inherited socket goes by the path it has, so that Listen= of the same path is not opened again. */
int responder_adopt(Responder *r, int fd) {
        struct sockaddr_un address = {};
        socklen_t size = sizeof(address);
        const char *name = "inherited";

        if (getsockname(fd, (struct sockaddr *) &address, &size) >= 0 &&
            address.sun_family == AF_UNIX && address.sun_path[0] == '/')
                name = address.sun_path;
        return http_server_listen(r->server, fd, name);
}

static int open_listen(Responder *r, const char *text) {
        int k, fd;

        fd = responder_socket(text);
        if (fd < 0)
                return fd;
        k = http_server_listen(r->server, fd, text);
        return k < 0 ? k : string_list_add(&r->listens, text);
}

static void close_unlisted(Responder *r, const StringList *wanted) {
        StringList kept = {};

        for (size_t i = 0; i < r->listens.count; i++) {
                const char *name = r->listens.items[i];
                /* Out of memory: it is forgotten but goes on serving, which does no harm. */
                if (string_list_contains(wanted, name))
                        (void) string_list_add(&kept, name);
                else
                        http_server_unlisten(r->server, name);
        }
        string_list_done(&r->listens);
        r->listens = kept;
}

static void configure_listens(Responder *r, const StringList *wanted) {
        close_unlisted(r, wanted);
        for (size_t i = 0; i < wanted->count; i++) {
                const char *name = wanted->items[i];
                int k = http_server_listens(r->server, name) ? 0 : open_listen(r, name);
                if (k == -EINVAL)
                        log_error("[HTTP] Listen=%s: neither a path nor an address of loopback with a port; "
                                  "for others use renewd-http.socket",
                                  name);
                else if (k < 0)
                        log_error("[HTTP] Listen=%s: cannot listen there: %s", name, errno_text(k));
        }
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
        configure_listens(r, &config->http_listen);
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
        k = http_server_new(loop, DEADLINE, on_request, r, &r->server);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(r);
        return 0;
}

/* Files stay: a restart shows them again or removes them as leftovers. */
Responder *responder_free(Responder *r) {
        if (!r)
                return NULL;
        http_server_free(r->server);
        challenge_files_free(r->files);
        string_list_done(&r->listens);
        for (size_t i = 0; i < r->count; i++)
                shown_done(&r->shown[i]);
        free(r->shown);
        free(r);
        return NULL;
}
