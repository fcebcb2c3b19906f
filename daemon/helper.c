/* Calls to a helper. A lane is a connection with calls that wait for it; one is answered at a time, so that a lost or late
 * answer concerns one call only. Every method may be sent twice (DESIGN §2), hence a call whose connection ends before its
 * answer (closed while idle, or the helper died) goes out once more on a new one. Errors are told from the loop, never from within helper_call(). */

#include <string.h>

#include "base/log.h"
#include "base/strings.h"
#include "daemon/helper-connection.h"
#include "daemon/helper-real.h"

#define IDLE_USEC (5 * USEC_PER_SEC)
#define QUEUE_MAX 4096

typedef struct Lane Lane;

struct HelperCall {
        Lane *lane; /* borrows; NULL once answered */
        HelperCall *next;
        Bytes message; /* framed */
        bool repeated;
        helper_fn fn;
        void *userdata;
};

struct Lane {
        Helper *helper; /* borrows */
        bool own;       /* lives for one call */
        usec_t limit;
        HelperConnection *connection; /* owns; NULL: none */
        sd_event_source *kick;        /* owns; deferred start of the next call */
        HelperCall *first, *last;     /* borrows; the first is the one being answered if `busy` */
        size_t count;
        bool busy;
        bool closing; /* close it when the call being answered is */
};

struct Helper {
        sd_event *event; /* owns */
        char *path;      /* owns */
        char *interface; /* owns */
        HelperLimits limits;
        Lane *shared; /* owns */
};

static void on_message(int error, const VarlinkReply *reply, void *userdata);

/* ---- lanes ---- */

static Lane *lane_free(Lane *l) {
        if (!l)
                return NULL;
        assert(l->count == 0);
        (void) sd_event_source_disable_unref(l->kick);
        helper_connection_free(l->connection);
        free(l);
        return NULL;
}
DEFINE_CLEANUP(Lane *, lane_free)

static void lane_close(Lane *l) {
        l->connection = helper_connection_free(l->connection);
        l->closing = false;
}

static void lane_kick(Lane *l) {
        (void) sd_event_source_set_enabled(l->kick, SD_EVENT_ONESHOT);
}

static void lane_append(Lane *l, HelperCall *c) {
        c->lane = l;
        if (l->last)
                l->last->next = c;
        else
                l->first = c;
        l->last = c;
        l->count++;
}

static void lane_remove(Lane *l, HelperCall *c) {
        HelperCall *before = NULL;

        if (l->first == c)
                l->first = c->next;
        else {
                for (before = l->first; before->next != c;)
                        before = before->next;
                before->next = c->next;
        }
        if (l->last == c)
                l->last = before;
        c->next = NULL;
        c->lane = NULL;
        l->count--;
}

/* The call leaves its lane; a lane of its own ends with it, the shared one goes on with the next. */
static void lane_leave(Lane *l, HelperCall *c) {
        lane_remove(l, c);
        l->busy = false;
        if (l->own) {
                lane_free(l);
                return;
        }
        if (l->closing)
                lane_close(l);
        if (l->first)
                lane_kick(l);
        else if (l->connection && helper_connection_idle(l->connection, IDLE_USEC) < 0)
                lane_close(l);
}

/* ---- answers ---- */

static void answer(HelperCall *c, const HelperReply *reply) {
        helper_fn fn = c->fn;
        void *userdata = c->userdata;

        lane_leave(c->lane, c);
        fn(reply, userdata); /* may free the call */
}

static void answer_error(HelperCall *c, int error) {
        _cleanup_free_ char *message = NULL;

        (void) str_printf(&message, "%s: %s", c->lane->helper->interface, errno_text(error));
        answer(c, &(HelperReply){ .error = error, .message = message });
}

/* "io.renewd.Signer.KeyMissing" → "KeyMissing"; errors of Varlink itself likewise; NULL for what is neither. */
static const char *short_error(const Helper *h, const char *error) {
        const char *rest = str_skip_prefix(error, h->interface);

        if (!rest)
                rest = str_skip_prefix(error, "org.varlink.service");
        return rest && rest[0] == '.' && rest[1] && !strchr(rest + 1, '.') ? rest + 1 : NULL;
}

static void answer_reply(HelperCall *c, const VarlinkReply *reply) {
        _cleanup_free_ char *message = NULL, *name = NULL;
        const char *text = NULL;

        if (!reply->error) {
                answer(c, &(HelperReply){ .parameters = reply->parameters });
                return;
        }
        const char *error = short_error(c->lane->helper, reply->error);
        if (!error) {
                answer_error(c, -EPROTO);
                return;
        }
        if (json_get_string(reply->parameters, "message", &text) < 0 &&
            json_get_string(reply->parameters, "parameter", &text) < 0)
                text = error;
        message = str_escape(text, STR_ESCAPE_MAX);
        name = str_escape(error, STR_ESCAPE_MAX);
        if (!name) {
                answer_error(c, -ENOMEM);
                return;
        }
        answer(c, &(HelperReply){ .error_name = name,
                                  .message = message,
                                  .parameters = reply->parameters });
}

static void on_message(int error, const VarlinkReply *reply, void *userdata) {
        Lane *l = userdata;
        HelperCall *c = l->busy ? l->first : NULL;

        if (reply && c) {
                answer_reply(c, reply);
                return;
        }
        bool again = c && !c->repeated && (error == -ECONNRESET || error == -EPIPE);
        lane_close(l);
        if (again) {
                c->repeated = true;
                l->busy = false;
                lane_kick(l);
        } else if (c)
                answer_error(c, error);
}

/* ---- sending ---- */

static int send_first(Lane *l) {
        int r;

        if (!l->connection) {
                r = helper_connection_open(
                                l->helper->event, l->helper->path, on_message, l, &l->connection);
                if (r < 0)
                        return r;
        }
        l->busy = true;
        return helper_connection_send(l->connection, &l->first->message, l->limit);
}

static int on_kick(sd_event_source *source, void *userdata) {
        Lane *l = userdata;
        int r;

        (void) source;
        if (l->busy || !l->first)
                return 0;
        bool was_open = l->connection;
        r = send_first(l);
        if (r < 0 && was_open) { /* closed while idle */
                lane_close(l);
                r = send_first(l);
        }
        if (r < 0) {
                lane_close(l);
                l->busy = true;
                answer_error(l->first, r);
        }
        return 0;
}

static int lane_new(Helper *h, bool own, Lane **ret) {
        _cleanup_(lane_freep) Lane *l = NULL;
        unsigned limit_sec = own ? h->limits.own_sec : h->limits.shared_sec;
        int r;

        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        *l = (Lane){ .helper = h, .own = own, .limit = limit_sec * USEC_PER_SEC };
        r = sd_event_add_defer(h->event, &l->kick, on_kick, l);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->kick, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

/* ---- public ---- */

int helper_new(Loop *loop,
               const char *path,
               const char *interface,
               HelperLimits limits,
               Helper **ret) {
        _cleanup_(helper_freep) Helper *h = NULL;
        int r;

        h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        *h = (Helper){ .event = sd_event_ref(loop_event(loop)), .limits = limits };
        r = str_replace(&h->path, path);
        if (r >= 0)
                r = str_replace(&h->interface, interface);
        if (r >= 0)
                r = lane_new(h, false, &h->shared);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

Helper *helper_free(Helper *h) {
        if (!h)
                return NULL;
        lane_free(h->shared);
        (void) sd_event_unref(h->event);
        free(h->path);
        free(h->interface);
        free(h);
        return NULL;
}

/* Takes `parameters`. */
static int frame(const Helper *h, const char *method, Json *parameters, Bytes *ret) {
        _cleanup_(json_freep) Json *owned = parameters, *call = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        r = str_printf(&name, "%s.%s", h->interface, method);
        if (r >= 0)
                r = varlink_call_new(name, TAKE_PTR(owned), false, &call);
        return r < 0 ? r : varlink_put_message(ret, call);
}

int helper_call(Helper *h,
                HelperLane lane,
                const char *method,
                Json *parameters,
                helper_fn fn,
                void *userdata,
                HelperCall **ret) {
        HelperCall *c = calloc(1, sizeof(*c));
        Lane *l = h->shared;
        int r;

        if (!c) {
                json_free(parameters);
                return -ENOMEM;
        }
        *c = (HelperCall){ .fn = fn, .userdata = userdata };
        r = frame(h, method, parameters, &c->message);
        if (r >= 0 && lane == HELPER_OWN)
                r = lane_new(h, true, &l);
        else if (r >= 0 && l->count >= QUEUE_MAX)
                r = -ENOBUFS;
        if (r < 0) {
                helper_call_free(c);
                return r;
        }
        lane_append(l, c);
        lane_kick(l);
        *ret = c;
        return 0;
}

HelperCall *helper_call_free(HelperCall *c) {
        if (!c)
                return NULL;
        if (c->lane) {
                Lane *l = c->lane;
                if (l->busy && l->first == c) {
                        lane_close(l); /* its answer must not be taken for the next one's */
                        lane_leave(l, c);
                } else if (l->own)
                        lane_leave(l, c);
                else
                        lane_remove(l, c);
        }
        bytes_done(&c->message);
        free(c);
        return NULL;
}

void helper_renew(Helper *h) {
        if (h->shared->busy)
                h->shared->closing = true;
        else
                lane_close(h->shared);
}
