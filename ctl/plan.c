/* why: what one certificate waits for. plan: what happens to all of them, soonest first. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/ctl.h"
#include "ctl/status.h"
#include "ctl/table.h"
#include "ctl/when.h"

#define TIMEOUT_SEC 30

/* ---- why ---- */

/* A line for the person, escaped; nothing when there is nothing to say. */
static int say(const char *label, const char *text) {
        _cleanup_free_ char *shown = NULL;

        if (!*text)
                return 0;
        shown = str_escape(text, STR_ESCAPE_MAX);
        if (!shown)
                return -ENOMEM;
        (void) printf("%s%s\n", label, shown);
        return 0;
}

static int print_steps(const Json *certificate) {
        int64_t now = (int64_t) time(NULL);
        const Json *plan;
        int r = 0;

        if (json_get_array(certificate, "plan", &plan) < 0)
                return 0;
        for (size_t i = 0; i < json_count(plan) && r >= 0; i++) {
                const Json *step = json_at(plan, i);
                _cleanup_free_ char *what = str_escape(status_text(step, "what"), STR_ESCAPE_MAX);
                char when[WHEN_SIZE];

                if (!what)
                        return -ENOMEM;
                (void) printf("  %s: %s\n", what,
                              when_format(status_number(step, "at"), now, when));
                r = say("    because ", status_text(step, "why"));
        }
        return r;
}

int verb_why(Ctl *ctl, char *names[], int count) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const Json *certificate;
        int r;

        (void) count;
        r = ctl_show(ctl, names[0], &reply, &certificate);
        if (r != 0)
                return r;
        if (ctl->json)
                return ctl_answer_certificate(ctl, certificate) < 0 ? ctl_no_memory(ctl) : CTL_FINE;
        r = say("", status_text(certificate, "name"));
        if (r >= 0)
                r = say("  ", status_text(certificate, "message"));
        if (r >= 0)
                r = print_steps(certificate);
        if (r >= 0)
                r = say("  last error: ", status_text(certificate, "last_error"));
        return r < 0 ? ctl_no_memory(ctl) : CTL_FINE;
}

/* ---- plan ---- */

typedef struct Row {
        const char *name; /* borrows all */
        const Json *step;
        int64_t at;
} Row;

static int compare_rows(const void *a, const void *b) {
        const Row *x = a, *y = b;

        return x->at < y->at ? -1 : x->at > y->at;
}

static size_t collect(const Json *certificates, Row *rows) {
        size_t n = 0;

        for (size_t i = 0; i < json_count(certificates); i++) {
                const Json *c = json_at(certificates, i), *plan;

                if (json_get_array(c, "plan", &plan) < 0)
                        continue;
                for (size_t k = 0; k < json_count(plan); k++, n++)
                        if (rows)
                                rows[n] = (Row){
                                        .name = status_text(c, "name"),
                                        .step = json_at(plan, k),
                                        .at = status_number(json_at(plan, k), "at"),
                                };
        }
        return n;
}

static int print_rows(const Row *rows, size_t count) {
        static const char *const headings[] = { "WHEN", "NAME", "WHAT", "WHY", NULL };
        _cleanup_(table_freep) Table *table = NULL;
        _cleanup_(bytes_done) Bytes out = {};
        int64_t now = (int64_t) time(NULL);
        int r;

        r = table_new(headings, &table);
        for (size_t i = 0; i < count && r >= 0; i++) {
                char when[WHEN_SIZE];

                when_format_short(rows[i].at, now, when);
                r = table_add(table, (const char *const[]){ when, rows[i].name,
                                                            status_text(rows[i].step, "what"),
                                                            status_text(rows[i].step, "why") });
        }
        if (r >= 0)
                r = table_format(table, ctl_wants_colour(), &out);
        if (r >= 0)
                (void) fputs(bytes_text(&out), stdout);
        return r;
}

static int rows_json(Ctl *ctl, const Row *rows, size_t count) {
        _cleanup_(json_freep) Json *list = json_array_new();
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < count && r >= 0; i++) {
                _cleanup_(json_freep) Json *j = json_copy(rows[i].step);

                r = j ? json_set_string(j, "name", rows[i].name) : -ENOMEM;
                if (r >= 0)
                        r = json_append(list, TAKE_PTR(j));
        }
        return r < 0 ? r : json_set(ctl->answer, "plan", TAKE_PTR(list));
}

int verb_plan(Ctl *ctl, char *names[], int count) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(json_freep) Json *certificates = json_array_new();
        _cleanup_free_ Row *rows = NULL;
        size_t n;
        int r;

        (void) names;
        (void) count;
        if (!certificates)
                return ctl_no_memory(ctl);
        r = ctl_connect(ctl, TIMEOUT_SEC, &client);
        if (r == 0)
                r = ctl_list(ctl, client, certificates);
        if (r != 0)
                return r;
        n = collect(certificates, NULL);
        rows = calloc(n + 1, sizeof *rows);
        if (!rows)
                return ctl_no_memory(ctl);
        (void) collect(certificates, rows);
        qsort(rows, n, sizeof *rows, compare_rows);
        r = ctl->json ? rows_json(ctl, rows, n) : print_rows(rows, n);
        return r < 0 ? ctl_no_memory(ctl) : CTL_FINE;
}
