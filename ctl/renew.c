/* renew: asks for a renewal now, and follows it on request; rehearse: follows a rehearsal. */

#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/status.h"

#define TIMEOUT_SEC 30
#define RENEW       "io.renewd.Manager.Renew"

/* A step is told at once; with --json as a line of its own. */
static int print_step(Ctl *ctl, const char *name, const Json *step) {
        _cleanup_free_ char *shown = str_escape(status_text(step, "step"), STR_ESCAPE_MAX),
                            *text = NULL;
        _cleanup_(json_freep) Json *copy = NULL;

        if (!shown)
                return -ENOMEM;
        if (!ctl->json) {
                (void) printf("%s: %s\n", name, shown);
                (void) fflush(stdout);
                return 0;
        }
        copy = json_copy(step);
        if (!copy || json_set_int64(copy, "schema_version", SCHEMA_VERSION) < 0 ||
            json_set_string(copy, "name", name) < 0 || json_to_string(copy, &text) < 0)
                return -ENOMEM;
        (void) puts(text);
        (void) fflush(stdout);
        return 0;
}

/* What add said before the steps becomes the first line. */
static int print_said(Ctl *ctl) {
        _cleanup_free_ char *text = NULL;

        if (!ctl->json || json_count(ctl->answer) == 0)
                return 0;
        if (json_set_int64(ctl->answer, "schema_version", SCHEMA_VERSION) < 0 ||
            json_to_string(ctl->answer, &text) < 0)
                return -ENOMEM;
        (void) puts(text);
        (void) fflush(stdout);
        return 0;
}

int ctl_follow(Ctl *ctl, const char *method, Json *taken, const char *name, bool follow) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(json_freep) Json *parameters = taken;
        bool ok = false, more = true;
        int r;

        /* Followed without a limit: an order takes as long as the CA likes. */
        r = ctl_connect(ctl, follow ? 0 : TIMEOUT_SEC, &client);
        if (r != 0)
                return r;
        r = print_said(ctl);
        if (r >= 0)
                r = varlink_client_send(client, method, TAKE_PTR(parameters), follow);
        while (r >= 0 && more) {
                _cleanup_(varlink_reply_done) VarlinkReply reply = {};
                bool done = false;

                r = varlink_client_receive(client, &reply);
                if (r < 0)
                        break;
                if (reply.error)
                        return ctl_reply_failure(ctl, &reply, name);
                (void) json_get_bool(reply.parameters, "done", &done); /* absent: not yet */
                (void) json_get_bool(reply.parameters, "ok", &ok);
                more = reply.continues;
                ok = ok || (!follow && !done); /* begun is all that was asked for */
                r = print_step(ctl, name, reply.parameters);
        }
        if (r < 0)
                return ctl_transport_failure(ctl, r);
        ctl->answer = json_free(ctl->answer); /* the steps were the answer */
        return ok ? CTL_FINE : CTL_PROBLEM;
}

static int renew(Ctl *ctl, const char *method, const char *name, bool follow) {
        _cleanup_(json_freep) Json *parameters = json_object_new();

        if (!parameters || json_set_string(parameters, "name", name) < 0 ||
            (ctl->force && json_set_bool(parameters, "force", true) < 0) ||
            (ctl->insist && json_set_bool(parameters, "insist", true) < 0) ||
            (ctl->now && json_set_bool(parameters, "now", true) < 0))
                return ctl_no_memory(ctl);
        return ctl_follow(ctl, method, TAKE_PTR(parameters), name, follow);
}

/* The other one of twins, if `name` is the first: that is how both are called. The second's own name means it alone. */
static int find_twin(Ctl *ctl, const char *name, char **ret) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const Json *certificate;
        const char *twin;
        int r;

        r = ctl_show(ctl, name, &reply, &certificate);
        if (r != 0)
                return r;
        twin = status_text(certificate, "twin");
        if (!*twin || *status_text(certificate, "twin_of"))
                return 0;
        *ret = strdup(twin);
        return *ret ? 0 : ctl_no_memory(ctl);
}

/* Renewd orders them one after the other by itself; followed, the second is shown when the first has ended. */
static int renew_both(Ctl *ctl, const char *name, bool follow) {
        _cleanup_free_ char *twin = NULL;
        int r, second;

        r = find_twin(ctl, name, &twin);
        if (r != 0)
                return r;
        r = renew(ctl, RENEW, name, follow);
        if (!twin || (r != CTL_FINE && r != CTL_PROBLEM))
                return r;
        second = renew(ctl, RENEW, twin, follow);
        return second != CTL_FINE ? second : r;
}

int ctl_follow_renewal(Ctl *ctl, const char *name) {
        return renew_both(ctl, name, true);
}

int verb_renew(Ctl *ctl, char *names[], int count) {
        (void) count;
        if (!certificate_name_is_valid(names[0]))
                return ctl_unknown_name(ctl, names[0]);
        return renew_both(ctl, names[0], ctl->wait);
}

int verb_rehearse(Ctl *ctl, char *names[], int count) {
        (void) count;
        if (!certificate_name_is_valid(names[0]))
                return ctl_unknown_name(ctl, names[0]);
        return renew(ctl, "io.renewd.Manager.Rehearse", names[0], true);
}
