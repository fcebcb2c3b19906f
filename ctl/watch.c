/* watch: the endpoints of watch/NAME.conf, whose certificates are somebody else's affair. */

#include <stdio.h>
#include <time.h>

#include "ctl/ctl.h"
#include "ctl/status.h"
#include "ctl/table.h"
#include "ctl/when.h"

#define TIMEOUT_SEC 30

static const char *colour_of(const char *state) {
        return str_equal(state, "good")    ? "\033[32m"
               : str_equal(state, "wrong") ? "\033[31m"
                                           : "\033[33m";
}

static int add_row(Table *table, const Json *endpoint, int64_t now) {
        char expires[WHEN_SIZE];

        return table_add(
                        table, (const char *const[]){
                                               status_text(endpoint, "name"),
                                               status_text(endpoint, "state"),
                                               when_format_short(
                                                               status_number(endpoint, "not_after"),
                                                               now, expires),
                                               status_text(endpoint, "endpoint"),
                                               status_text(endpoint, "message"),
                               });
}

static int print(const Json *endpoints) {
        static const char *const headings[] = { "WATCH",    "STATE",   "EXPIRES",
                                                "ENDPOINT", "MESSAGE", NULL };
        _cleanup_(table_freep) Table *table = NULL;
        _cleanup_(bytes_done) Bytes text = {};
        int64_t now = (int64_t) time(NULL);
        int r;

        if (json_count(endpoints) == 0) {
                (void) puts("Nothing is watched. Write watch/NAME.conf, see renewd.conf(5).");
                return 0;
        }
        r = table_new(headings, &table);
        if (r >= 0)
                table_set_colour(table, 1, colour_of);
        for (size_t i = 0; i < json_count(endpoints) && r >= 0; i++)
                r = add_row(table, json_at(endpoints, i), now);
        if (r >= 0)
                r = table_format(table, ctl_wants_colour(), &text);
        if (r >= 0)
                (void) fputs(bytes_text(&text), stdout);
        return r;
}

static bool are_good(const Json *endpoints) {
        for (size_t i = 0; i < json_count(endpoints); i++)
                if (str_equal(status_text(json_at(endpoints, i), "state"), "wrong"))
                        return false;
        return true;
}

static int list(Ctl *ctl, VarlinkClient *client) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const Json *endpoints;
        Json *copy;
        int r;

        r = ctl_call(ctl, client, "io.renewd.Manager.Watches", NULL, &reply);
        if (r == 0 && reply.error)
                r = ctl_reply_failure(ctl, &reply, NULL);
        if (r != 0)
                return r;
        if (json_get_array(reply.parameters, "endpoints", &endpoints) < 0)
                return ctl_transport_failure(ctl, -EBADMSG);
        if (ctl->json) {
                copy = json_copy(endpoints);
                r = copy ? json_set(ctl->answer, "endpoints", copy) : -ENOMEM;
        } else
                r = print(endpoints);
        if (r < 0)
                return ctl_no_memory(ctl);
        return are_good(endpoints) ? CTL_FINE : CTL_PROBLEM;
}

static int forget(Ctl *ctl, VarlinkClient *client, const char *name) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_(json_freep) Json *parameters = json_object_new();
        int r;

        if (!parameters || json_set_string(parameters, "name", name) < 0)
                return ctl_no_memory(ctl);
        r = ctl_call(ctl, client, "io.renewd.Manager.ForgetPins", TAKE_PTR(parameters), &reply);
        if (r == 0 && reply.error)
                r = ctl_reply_failure(ctl, &reply, name);
        if (r == 0)
                ctl_say(ctl, "The keys of '%s' are forgotten; what is seen now is pinned", name);
        return r;
}

int verb_watch(Ctl *ctl, char *arguments[], int count) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        bool forgets = count == 2 && str_equal(arguments[0], "forget");
        int r;

        if (!forgets && count > 0 && !(count == 1 && str_equal(arguments[0], "list")))
                return ctl_fail(ctl, CTL_USAGE,
                                "write: renewctl watch [list], or renewctl watch forget NAME");
        r = ctl_connect(ctl, TIMEOUT_SEC, &client);
        if (r != 0)
                return r;
        return forgets ? forget(ctl, client, arguments[1]) : list(ctl, client);
}
