/* Renewal information: plain GETs, sent at an even pace, since some front ends of CAs are in no mood for more than one
 * or two in a second (S-07). A public CA and one of our own are not told apart. */

#include <string.h>

#include "daemon/session-call.h"
#include "daemon/session-internal.h"

#define INFO_INTERVAL    USEC_PER_SEC
#define INFO_BURST_EXTRA 1 /* besides the one that is due */

struct SessionInfo {
        Session *session; /* NULL once answered */
        SessionInfo *next;
        char *cert_id;
        bool ready, sent; /* the directory is there; the request is under way */
        SessionWait *wait;
        HttpCall *http;
        session_reply_fn fn;
        void *userdata;
};

static void detach(SessionInfo *i) {
        if (!i->session)
                return;
        for (SessionInfo **at = &i->session->infos; *at; at = &(*at)->next)
                if (*at == i) {
                        *at = i->next;
                        break;
                }
        i->session = NULL;
        i->next = NULL;
}

static void end(SessionInfo *i, const SessionReply *reply) {
        detach(i);
        i->fn(reply, i->userdata);
}

static void on_answer(const HttpReply *reply, void *userdata) {
        SessionInfo *i = userdata;
        SessionReply up = {
                .error = reply->error,
                .message = reply->error_text,
                .status = reply->status,
                .body = reply->body.data,
                .size = reply->body.size,
                .retry_after_sec = session_retry_after(i->session, reply),
        };

        session_learn(i->session, reply);
        if (reply->error < 0 || reply->status == 405 || reply->status == 410)
                i->session->directory_at = 0; /* E-04 */
        end(i, &up);
}

/* T-03 */
static int url_of(const SessionInfo *i, char **ret) {
        const char *base = i->session->directory.renewal_info;

        if (!base)
                return -EOPNOTSUPP;
        return str_printf(ret, "%s%s%s", base, str_ends_with(base, "/") ? "" : "/", i->cert_id);
}

static void send_now(SessionInfo *i) {
        Session *s = i->session;
        _cleanup_free_ char *url = NULL;
        HttpRequest request = { .method = HTTP_GET, .accept = "application/json", .ca = &s->ca };
        int r;

        i->sent = true;
        r = url_of(i, &url);
        request.url = url;
        if (r >= 0)
                r = http_start(s->engine->http, &request, on_answer, i, &i->http);
        if (r < 0)
                end(i, &(SessionReply){ .error = r });
}

static SessionInfo *next_ready(const Session *s) {
        for (SessionInfo *i = s->infos; i; i = i->next)
                if (i->ready && !i->sent)
                        return i;
        return NULL;
}

/* Always from the loop: a request that fails at once tells so. */
static void pump(void *userdata) {
        Session *s = userdata;
        Loop *loop = s->engine->loop;
        usec_t now = loop_boot_usec(loop), from;
        SessionInfo *i;

        s->info_timer = timer_free(s->info_timer);
        i = next_ready(s);
        if (!i)
                return;
        s->info_next = MAX(s->info_next, now);
        from = s->info_next - MIN(s->info_next, (usec_t) INFO_BURST_EXTRA * INFO_INTERVAL);
        if (now >= from)
                s->info_next += INFO_INTERVAL;
        /* Without memory for a timer: the next one that becomes ready goes on. */
        (void) loop_timer_after(loop, now >= from ? 0 : from - now, pump, s, &s->info_timer);
        if (now >= from)
                send_now(i);
}

static void on_directory(const Failure *failure, void *userdata) {
        SessionInfo *i = userdata;
        Session *s = i->session;
        bool lost = failure && failure->class == CLASS_UNREACHABLE;

        i->wait = session_wait_free(i->wait);
        if (failure) {
                end(i, &(SessionReply){
                                       .error = lost ? -EHOSTUNREACH : 0,
                                       .message = failure->message,
                                       .status = failure->problem.status,
                                       .retry_after_sec = failure->retry_after_sec,
                       });
                return;
        }
        if (!s->directory.renewal_info) {
                end(i, &(SessionReply){ .error = -EOPNOTSUPP });
                return;
        }
        i->ready = true;
        if (!s->info_timer)
                (void) loop_timer_after(s->engine->loop, 0, pump, s, &s->info_timer);
}

int session_renewal_info(
                Session *s,
                const char *cert_id,
                session_reply_fn fn,
                void *userdata,
                SessionInfo **ret) {
        SessionInfo *i = calloc(1, sizeof *i), **at = &s->infos;
        int r;

        if (!i)
                return -ENOMEM;
        *i = (SessionInfo){ .session = s, .fn = fn, .userdata = userdata };
        while (*at)
                at = &(*at)->next;
        *at = i;
        r = str_replace(&i->cert_id, cert_id);
        if (r >= 0)
                r = session_prepare_directory(s, on_directory, i, &i->wait);
        if (r < 0) {
                (void) session_info_free(i);
                return r;
        }
        *ret = i;
        return 0;
}

SessionInfo *session_info_free(SessionInfo *i) {
        if (!i)
                return NULL;
        detach(i);
        (void) session_wait_free(i->wait);
        (void) http_call_free(i->http);
        free(i->cert_id);
        free(i);
        return NULL;
}

void session_infos_done(Session *s) {
        s->info_timer = timer_free(s->info_timer);
        for (SessionInfo *i = s->infos; i; i = i->next) {
                i->session = NULL;
                i->wait = session_wait_free(i->wait);
                i->http = http_call_free(i->http);
        }
        s->infos = NULL;
}
