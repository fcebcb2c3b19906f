#include "ctl/path-proof.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "base/log.h"

#define PORT        "80"
#define PAGE_MAX    ((size_t) 256 * 1024)
#define ANSWER_SEC  5
#define TRIES       12 /* a server that was just reloaded may answer once more as before */
#define PAUSE_MSEC  250
#define TIMEOUT_SEC 30
#define CHALLENGES  "/.well-known/acme-challenge/"

void path_page_done(PathPage *p) {
        bytes_done(&p->body);
}

static int connect_to(const char *host) {
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        const struct timeval limit = { .tv_sec = ANSWER_SEC };
        struct addrinfo *found = NULL;
        int fd = -1, error = ECONNREFUSED;

        if (getaddrinfo(host, PORT, &hints, &found) != 0)
                return -EHOSTUNREACH;
        for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
                fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
                if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
                                setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
                                connect(fd, a->ai_addr, a->ai_addrlen) < 0)) {
                        error = errno;
                        fd = close_fd(fd);
                }
        }
        freeaddrinfo(found);
        return fd >= 0 ? fd : -error;
}

/* This machine first: what the name resolves to may be a router that does not lead back. */
static int connect_to_server(const char *name) {
        int fd = connect_to("127.0.0.1");

        if (fd < 0)
                fd = connect_to("::1");
        return fd >= 0 ? fd : connect_to(name);
}

static int send_all(int fd, const Bytes *request) {
        for (size_t sent = 0; sent < request->size;) {
                ssize_t n = send(fd, request->data + sent, request->size - sent, MSG_NOSIGNAL);

                if (n < 0 && errno != EINTR)
                        return -errno;
                sent += n > 0 ? (size_t) n : 0;
        }
        return 0;
}

static int receive(int fd, Bytes *ret) {
        ret->limit = PAGE_MAX;
        for (;;) {
                char buffer[4096];
                ssize_t n = recv(fd, buffer, sizeof buffer, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
                if (n == 0 || bytes_append(ret, buffer, (size_t) n) == -E2BIG)
                        return 0;
        }
}

static int take_page(Bytes *answer, PathPage *ret) {
        const char *text = bytes_text(answer), *body = strstr(text, "\r\n\r\n");
        int64_t status = 0;

        if (answer->size < 12 || !str_skip_prefix(text, "HTTP/1.") || !body)
                return 0; /* status 0 */
        for (size_t i = 9; i < 12 && text[i] >= '0' && text[i] <= '9'; i++)
                status = status * 10 + (text[i] - '0');
        ret->status = (long) status;
        body += 4;
        return bytes_append(&ret->body, body, answer->size - (size_t) (body - text));
}

int path_fetch(const char *name, const char *path, PathPage *ret) {
        _cleanup_close_ int fd = connect_to_server(name);
        _cleanup_(bytes_done) Bytes request = {}, answer = {};
        bool literal6 = strchr(name, ':') != NULL;
        int r = fd;

        if (r >= 0)
                r = bytes_printf(
                                &request,
                                "GET %s HTTP/1.0\r\nHost: %s%s%s\r\nUser-Agent: renewctl\r\nConnection: close\r\n\r\n",
                                path, literal6 ? "[" : "", name, literal6 ? "]" : "");
        if (r >= 0)
                r = send_all(fd, &request);
        if (r >= 0)
                r = receive(fd, &answer);
        return r < 0 ? r : take_page(&answer, ret);
}

static bool is_answer(const Bytes *body, const char *answer) {
        size_t n = body->size;

        while (n > 0 && strchr(" \t\r\n", body->data[n - 1]))
                n--;
        return n == strlen(answer) && memcmp(body->data, answer, n) == 0;
}

/* 0: it came back. 1: it did not. */
static int try_name(const char *name, const char *token, const char *answer, char **ret_why) {
        _cleanup_(path_page_done) PathPage page = {};
        _cleanup_free_ char *path = NULL;
        int r;

        r = str_printf(&path, CHALLENGES "%s", token);
        if (r < 0)
                return r;
        free(*ret_why);
        *ret_why = NULL;
        r = path_fetch(name, path, &page);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                r = str_printf(ret_why, "port 80 of this machine does not answer: %s",
                               errno_text(r));
        else if (page.status == 200 && is_answer(&page.body, answer))
                return 0;
        else if (page.status == 200)
                r = str_printf(ret_why,
                               "for %s the web server answers " CHALLENGES
                               " with a page of its own",
                               name);
        else if (page.status >= 300 && page.status < 400)
                r = str_printf(ret_why,
                               "for %s the web server redirects " CHALLENGES
                               " elsewhere (status %ld)",
                               name, page.status);
        else
                r = str_printf(ret_why,
                               "for %s the web server answers " CHALLENGES " with status %ld", name,
                               page.status);
        return r < 0 ? r : 1;
}

static void pause_a_little(void) {
        const struct timespec pause = { .tv_nsec = PAUSE_MSEC * 1000000L };

        (void) nanosleep(&pause, NULL); /* a signal only shortens it */
}

static int prove_all(
                const StringList *names, const char *token, const char *answer, char **ret_why) {
        int r = 0;

        for (size_t i = 0; i < names->count && r == 0; i++)
                for (unsigned tries = 0; tries < TRIES; tries++) {
                        r = try_name(names->items[i], token, answer, ret_why);
                        if (r != 1)
                                break;
                        pause_a_little();
                }
        return r;
}

static int ask_for_token(VarlinkClient *client, const StringList *names, VarlinkReply *reply) {
        _cleanup_(json_freep) Json *parameters = json_object_new();
        int r = parameters ? json_set_strings(parameters, "names", names) : -ENOMEM;

        return r < 0 ? r
                     : varlink_client_call(
                                       client, "io.renewd.Manager.ShowProbe", TAKE_PTR(parameters),
                                       reply);
}

int path_prove(Ctl *ctl, const StringList *names, char **ret_why) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const char *token, *answer, *message = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = path_join(ctl->paths.runtime, "manager", &path);
        if (r >= 0)
                r = varlink_client_connect(path, TIMEOUT_SEC, &client);
        if (r >= 0)
                r = ask_for_token(client, names, &reply);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                r = str_printf(ret_why, "renewd does not answer (%s)", errno_text(r));
        else if (!reply.error && json_get_string(reply.parameters, "token", &token) >= 0 &&
                 json_get_string(reply.parameters, "answer", &answer) >= 0)
                return prove_all(names, token, answer, ret_why);
        else {
                (void) json_get_string(
                                reply.parameters, "message",
                                &message); /* absent: its name must do */
                *ret_why = str_escape(
                                message ? message : "renewd cannot show a probe", STR_ESCAPE_MAX);
                r = *ret_why ? 0 : -ENOMEM;
        }
        return r < 0 ? r : 2;
}
