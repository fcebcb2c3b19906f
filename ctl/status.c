/* status: all certificates in a table, and the engine's one sentence. */

#include "ctl/status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"
#include "ctl/table.h"
#include "ctl/when.h"

#define TIMEOUT_SEC 30

const char *status_text(const Json *j, const char *key) {
        const char *text = NULL;

        return json_get_string(j, key, &text) < 0 ? "" : text;
}

int64_t status_number(const Json *j, const char *key) {
        int64_t n = 0;

        return json_get_int64(j, key, &n) < 0 ? 0 : n;
}

const char *status_colour(const char *state) {
        if (str_equal(state, "valid") || str_equal(state, "verified"))
                return "\033[32m";
        if (str_equal(state, "new") || str_equal(state, "renewing") ||
            str_equal(state, "degraded") || str_equal(state, "open"))
                return "\033[33m";
        return "\033[31m";
}

/* What happens next: the next attempt if one is waited for, else the renewal. */
static int64_t next_of(const Json *certificate) {
        int64_t attempt = status_number(certificate, "next_attempt");

        return attempt > 0 ? attempt : status_number(certificate, "next_renewal");
}

/* A twin stands indented under the first. */
static int add_row(Table *table, const Json *certificate, int64_t now) {
        _cleanup_free_ char *shown = ctl_name_shown(status_text(certificate, "name"));
        char expires[WHEN_SIZE], next[WHEN_SIZE];
        _cleanup_free_ char *name = NULL;
        int r;

        r = str_printf(&name, "%s%s", *status_text(certificate, "twin_of") ? "  " : "",
                       shown ? shown : "");
        if (r < 0)
                return r;
        return table_add(
                        table,
                        (const char *const[]){
                                        name,
                                        status_text(certificate, "state"),
                                        when_format_short(
                                                        status_number(certificate, "not_after"),
                                                        now, expires),
                                        when_format_short(next_of(certificate), now, next),
                                        status_text(certificate, "message"),
                        });
}

static const Json *named(const Json *certificates, const char *name) {
        for (size_t i = 0; i < json_count(certificates); i++)
                if (str_equal(status_text(json_at(certificates, i), "name"), name))
                        return json_at(certificates, i);
        return NULL;
}

/* Sorted by name, but for the twins: each follows its first. */
static int add_rows(Table *table, const Json *certificates, int64_t now) {
        int r = 0;

        for (size_t i = 0; i < json_count(certificates) && r >= 0; i++) {
                const Json *c = json_at(certificates, i), *twin;

                if (*status_text(c, "twin_of"))
                        continue;
                twin = *status_text(c, "twin") ? named(certificates, status_text(c, "twin")) : NULL;
                r = add_row(table, c, now);
                if (r >= 0 && twin)
                        r = add_row(table, twin, now);
        }
        return r;
}

int ctl_list(Ctl *ctl, VarlinkClient *client, Json *ret) {
        int r;

        r = varlink_client_send(client, "io.renewd.Manager.List", NULL, true);
        for (bool more = r >= 0; more;) {
                _cleanup_(varlink_reply_done) VarlinkReply reply = {};
                const Json *certificate;
                Json *copy;

                r = varlink_client_receive(client, &reply);
                if (r < 0)
                        break;
                if (reply.error)
                        return ctl_reply_failure(ctl, &reply, NULL);
                more = reply.continues;
                if (json_get_object(reply.parameters, "certificate", &certificate) < 0)
                        continue; /* the end of an empty list */
                copy = json_copy(certificate);
                r = copy ? json_append(ret, copy) : -ENOMEM;
                if (r < 0)
                        break;
        }
        return r < 0 ? ctl_transport_failure(ctl, r) : 0;
}

static int print_table(const Json *certificates) {
        static const char *const headings[] = {
                "NAME", "STATE", "EXPIRES", "NEXT", "MESSAGE", NULL
        };
        _cleanup_(table_freep) Table *table = NULL;
        _cleanup_(bytes_done) Bytes out = {};
        int64_t now = (int64_t) time(NULL);
        int r;

        r = table_new(headings, &table);
        if (r < 0)
                return r;
        table_set_colour(table, 1, status_colour);
        r = add_rows(table, certificates, now);
        if (r >= 0)
                r = table_format(table, ctl_wants_colour(), &out);
        if (r >= 0)
                (void) fputs(bytes_text(&out), stdout);
        return r;
}

static int print_line(const char *prefix, const char *text) {
        _cleanup_free_ char *shown = str_escape(text, STR_ESCAPE_MAX);

        if (!shown)
                return -ENOMEM;
        (void) printf("%s%s\n", prefix, shown);
        return 0;
}

static int print_status(const Json *status, const Json *certificates) {
        const Json *problems;
        int r = 0;

        if (json_count(certificates) > 0)
                r = print_table(certificates);
        if (r >= 0)
                r = print_line(json_count(certificates) > 0 ? "\n" : "",
                               status_text(status, "sentence"));
        if (r >= 0 && json_get_array(status, "problems", &problems) == 0)
                for (size_t i = 0; i < json_count(problems) && r >= 0; i++) {
                        const char *problem = json_string_value(json_at(problems, i));

                        r = problem ? print_line("  ", problem) : 0;
                }
        if (r >= 0 && *status_text(status, "separation"))
                r = print_line("Separation: ", status_text(status, "separation"));
        if (r >= 0 && json_count(certificates) == 0)
                (void) puts("Add a certificate with: renewctl add NAME --service SERVICE");
        return r;
}

/* The members of the engine's answer become those of ours. */
static int answer_json(Ctl *ctl, const Json *status, Json **certificates) {
        int r = 0;

        for (size_t i = 0; i < json_count(status) && r >= 0; i++) {
                const char *key = json_key_at(status, i);
                Json *copy;

                if (str_equal(key, "certificates")) /* the number; here it is the list */
                        continue;
                copy = json_copy(json_at(status, i));
                r = copy ? json_set(ctl->answer, key, copy) : -ENOMEM;
        }
        return r < 0 ? r : json_set(ctl->answer, "certificates", TAKE_PTR(*certificates));
}

int verb_status(Ctl *ctl, char *names[], int count) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply status = {};
        _cleanup_(json_freep) Json *certificates = json_array_new();
        bool degraded = true;
        int r;

        (void) names;
        (void) count;
        if (!certificates)
                return ctl_no_memory(ctl);
        r = ctl_connect(ctl, TIMEOUT_SEC, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Manager.Status", NULL, &status);
        if (r == 0 && status.error)
                r = ctl_reply_failure(ctl, &status, NULL);
        if (r == 0)
                r = ctl_list(ctl, client, certificates);
        if (r != 0)
                return r;
        (void) json_get_bool(status.parameters, "degraded", &degraded); /* not said: not fine */
        r = ctl->json ? answer_json(ctl, status.parameters, &certificates)
                      : print_status(status.parameters, certificates);
        if (r < 0)
                return ctl_no_memory(ctl);
        return degraded ? CTL_PROBLEM : CTL_FINE;
}
