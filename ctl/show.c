/* show: all that is known of one certificate. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/idn.h"
#include "ctl/ctl.h"
#include "ctl/status.h"
#include "ctl/table.h"
#include "ctl/when.h"

#define TIMEOUT_SEC 30

/* Left out when there is nothing to say. */
static int line(Bytes *out, const char *label, const char *text) {
        _cleanup_free_ char *shown = NULL;

        if (!*text)
                return 0;
        shown = str_escape(text, STR_ESCAPE_MAX);
        return shown ? bytes_printf(out, "%13s: %s\n", label, shown) : -ENOMEM;
}

static int line_when(Bytes *out, const char *label, int64_t unix_sec) {
        char buffer[WHEN_SIZE];

        return unix_sec > 0 ? line(out, label, when_format(unix_sec, (int64_t) time(NULL), buffer))
                            : 0;
}

static int line_names(Bytes *out, const Json *certificate) {
        _cleanup_(bytes_done) Bytes names = {};
        const Json *list;
        int r = 0;

        if (json_get_array(certificate, "names", &list) < 0)
                return 0;
        for (size_t i = 0; i < json_count(list) && r >= 0; i++) {
                const char *name = json_string_value(json_at(list, i));
                _cleanup_free_ char *shown = NULL;

                r = name ? identifier_show(name, &shown) : 0;
                if (r >= 0 && name)
                        r = bytes_printf(&names, "%s%s", i > 0 ? " " : "", shown);
        }
        return r < 0 ? r : line(out, "names", bytes_text(&names));
}

/* What the CA said about the renewal, in its own words where it has any. */
static int line_window(Bytes *out, const Json *certificate) {
        char start[WHEN_SIZE], end[WHEN_SIZE];
        int64_t now = (int64_t) time(NULL);
        bool recalled = false;
        const Json *info;
        int r;

        if (json_get_object(certificate, "renewal_info", &info) < 0)
                return 0;
        (void) json_get_bool(info, "recalled", &recalled); /* not said: no */
        r =
                        bytes_printf(out, "%13s: %s to %s%s\n", "CA suggests",
                                     when_format(status_number(info, "start"), now, start),
                                     when_format(status_number(info, "end"), now, end),
                                     recalled ? ", so at once" : "");
        return r < 0 ? r : line(out, "because", status_text(info, "explanation"));
}

/* How the next renewal went where it costs nothing. */
static int line_rehearsal(Bytes *out, const Json *certificate) {
        const Json *rehearsal;

        if (json_get_object(certificate, "rehearsal", &rehearsal) < 0)
                return 0;
        return line(out, "rehearsal", status_text(rehearsal, "message"));
}

/* In the order in which a person asks. */
static int format_facts(Bytes *out, const Json *c) {
        static const struct {
                const char *key, *label;
                bool instant;
        } facts[] = {
                { "state", "state", false },
                { "message", "message", false },
                { "step", "step", false },
                { "last_error", "last error", false },
                { "next_attempt", "next attempt", true },
                { "next_attempt_why", "why", false },
                { "next_renewal", "renewal", true },
                { "not_before", "valid from", true },
                { "not_after", "valid until", true },
                { "issuer", "issuer", false },
                { "serial", "serial", false },
                { "leaf", "fingerprint", false },
                { "key_type", "key", false },
                { "request", "request", false },
                { "twin", "twin", false },
                { "ca", "CA", false },
                { "challenge", "challenges", false },
                { "profile", "profile", false },
                { "replaces", "replaces", false },
                { "issued_by", "issued by CA", false },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(facts) && r >= 0; i++)
                r = facts[i].instant
                                    ? line_when(out, facts[i].label, status_number(c, facts[i].key))
                                    : line(out, facts[i].label, status_text(c, facts[i].key));
        if (r >= 0 && status_number(c, "failures") > 0)
                r =
                                bytes_printf(out, "%13s: %lld in a row\n", "failures",
                                             (long long) status_number(c, "failures"));
        if (r >= 0)
                r = line_window(out, c);
        if (r >= 0)
                r = line_rehearsal(out, c);
        return r < 0 ? r : line_names(out, c);
}

static int format_targets(Bytes *out, const Json *targets) {
        static const char *const headings[] = {
                "TARGET", "STATE", "SERVED", "NEXT", "MESSAGE", NULL
        };
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        r = table_new(headings, &table);
        if (r < 0)
                return r;
        table_set_colour(table, 1, status_colour);
        for (size_t i = 0; i < json_count(targets) && r >= 0; i++) {
                const Json *t = json_at(targets, i);
                char next[WHEN_SIZE];

                when_format_short(status_number(t, "next_attempt"), (int64_t) time(NULL), next);
                r = table_add(table, (const char *const[]){ status_text(t, "name"),
                                                            status_text(t, "state"),
                                                            status_text(t, "served"), next,
                                                            status_text(t, "message") });
        }
        if (r >= 0)
                r = bytes_append_string(out, "\n");
        return r < 0 ? r : table_format(table, ctl_wants_colour(), out);
}

/* What a service leaves to a person. */
static int format_todo(Bytes *out, const Json *targets) {
        int r = 0;

        for (size_t i = 0; i < json_count(targets) && r >= 0; i++) {
                const Json *t = json_at(targets, i), *todo;
                _cleanup_free_ char *name = str_escape(status_text(t, "name"), STR_ESCAPE_MAX);

                if (!name)
                        return -ENOMEM;
                if (json_get_array(t, "todo", &todo) < 0 || json_count(todo) == 0)
                        continue;
                r = bytes_printf(out, "\nStill to be done by you, for %s:\n", name);
                for (size_t k = 0; k < json_count(todo) && r >= 0; k++) {
                        const char *text = json_string_value(json_at(todo, k));
                        _cleanup_free_ char *shown = str_escape(text ? text : "", STR_ESCAPE_MAX);

                        r = shown ? bytes_printf(out, "  %s\n", shown) : -ENOMEM;
                }
        }
        return r;
}

/* Where the targets were looked at, and what was seen there. */
static int format_endpoints(Bytes *out, const Json *targets) {
        static const char *const headings[] = { "SEEN AT", "TARGET",  "SERVED",
                                                "UNTIL",   "MESSAGE", NULL };
        _cleanup_(table_freep) Table *table = NULL;
        size_t count = 0;
        int r;

        r = table_new(headings, &table);
        for (size_t i = 0; i < json_count(targets) && r >= 0; i++) {
                const Json *t = json_at(targets, i), *list;

                if (json_get_array(t, "endpoints", &list) < 0)
                        continue;
                for (size_t k = 0; k < json_count(list) && r >= 0; k++, count++) {
                        const Json *e = json_at(list, k);
                        char until[WHEN_SIZE];

                        when_format_short(
                                        status_number(e, "not_after"), (int64_t) time(NULL), until);
                        r = table_add(table, (const char *const[]){ status_text(e, "endpoint"),
                                                                    status_text(t, "name"),
                                                                    status_text(e, "state"), until,
                                                                    status_text(e, "message") });
                }
        }
        if (r < 0 || count == 0)
                return r;
        r = bytes_append_string(out, "\n");
        return r < 0 ? r : table_format(table, ctl_wants_colour(), out);
}

static int print_certificate(const Json *certificate) {
        _cleanup_(bytes_done) Bytes out = {};
        _cleanup_free_ char *shown = NULL;
        const Json *targets;
        int r;

        shown = ctl_name_shown(status_text(certificate, "name"));
        r = shown ? line(&out, "certificate", shown) : -ENOMEM;
        if (r >= 0)
                r = format_facts(&out, certificate);
        if (r >= 0 && json_get_array(certificate, "targets", &targets) == 0 &&
            json_count(targets) > 0) {
                r = format_targets(&out, targets);
                if (r >= 0)
                        r = format_endpoints(&out, targets);
        }
        if (r >= 0 && json_get_array(certificate, "targets", &targets) == 0)
                r = format_todo(&out, targets);
        if (r >= 0)
                (void) fputs(bytes_text(&out), stdout);
        return r;
}

int ctl_show(Ctl *ctl, const char *name, VarlinkReply *reply, const Json **ret) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(json_freep) Json *parameters = json_object_new();
        int r;

        if (!parameters || json_set_string(parameters, "name", name) < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect(ctl, TIMEOUT_SEC, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Manager.Show", TAKE_PTR(parameters), reply);
        if (r != 0)
                return r;
        if (reply->error)
                return ctl_reply_failure(ctl, reply, name);
        if (json_get_object(reply->parameters, "certificate", ret) < 0)
                return ctl_transport_failure(ctl, -EBADMSG);
        return 0;
}

int ctl_answer_certificate(Ctl *ctl, const Json *certificate) {
        Json *copy = json_copy(certificate);

        return copy ? json_set(ctl->answer, "certificate", copy) : -ENOMEM;
}

int verb_show(Ctl *ctl, char *names[], int count) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const Json *certificate;
        int r;

        (void) count;
        r = ctl_show(ctl, names[0], &reply, &certificate);
        if (r != 0)
                return r;
        r = ctl->json ? ctl_answer_certificate(ctl, certificate) : print_certificate(certificate);
        if (r < 0)
                return ctl_no_memory(ctl);
        return str_equal(status_text(certificate, "state"), "valid") ? CTL_FINE : CTL_PROBLEM;
}
