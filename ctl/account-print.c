#include <stdio.h>
#include <time.h>

#include "ctl/account.h"
#include "ctl/status.h"
#include "ctl/table.h"
#include "ctl/when.h"

static int line(Bytes *out, const char *label, const char *text) {
        _cleanup_free_ char *shown = NULL;

        if (!*text)
                return 0;
        shown = str_escape(text, STR_ESCAPE_MAX);
        return shown ? bytes_printf(out, "%17s: %s\n", label, shown) : -ENOMEM;
}

int account_print(const Json *account) {
        static const struct {
                const char *key, *label;
        } facts[] = {
                { "ca", "CA" },
                { "status", "status" },
                { "account", "account" },
                { "former_account", "former account" },
                { "directory", "directory" },
                { "contact", "contact" },
                { "terms", "agreed terms" },
                { "terms_now", "terms now" },
                { "action_url", "to be opened" },
                { "action_terms", "terms to read" },
                { "external_account", "bound to" },
                { "external_account_key", "external key" },
                { "external_account_refused", "refused key" },
                { "thumbprint", "key thumbprint" },
        };
        _cleanup_(bytes_done) Bytes out = {};
        char when[WHEN_SIZE];
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(facts) && r >= 0; i++)
                r = line(&out, facts[i].label, status_text(account, facts[i].key));
        if (r >= 0 && status_number(account, "next_attempt") > (int64_t) time(NULL))
                r = line(&out, "next attempt",
                         when_format(status_number(account, "next_attempt"), (int64_t) time(NULL),
                                     when));
        if (r >= 0)
                (void) fputs(bytes_text(&out), stdout);
        return r;
}

int account_print_list(const Json *accounts) {
        static const char *const headings[] = { "CA", "STATUS", "CONTACT", "ACCOUNT", NULL };
        _cleanup_(table_freep) Table *table = NULL;
        _cleanup_(bytes_done) Bytes out = {};
        int r;

        r = table_new(headings, &table);
        for (size_t i = 0; i < json_count(accounts) && r >= 0; i++) {
                const Json *a = json_at(accounts, i);

                r = table_add(table,
                              (const char *const[]){ status_text(a, "ca"), status_text(a, "status"),
                                                     status_text(a, "contact"),
                                                     status_text(a, "account") });
        }
        if (r >= 0)
                r = table_format(table, ctl_wants_colour(), &out);
        if (r >= 0)
                (void) fputs(bytes_text(&out), stdout);
        return r;
}
