/* account: what there is of accounts at the CAs, and what can be done with them. What cannot be taken back is granted to the
 * signer first, by whoever may open its socket: root. */

#include "ctl/account.h"

#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "ctl/grant.h"

#define TIMEOUT_SEC  30
#define ANSWER_SEC   300 /* a CA may take its time */
#define KEY_FILE_MAX ((size_t) 16 * 1024)

static const struct {
        const char *name, *method;
        const char *grant; /* NULL: none is needed */
} actions[] = {
        { "check", "CheckAccount", NULL },
        { "create", "CreateAccount", NULL },
        { "find", "FindAccount", NULL },
        { "update", "UpdateAccount", NULL },
        { "agree", "AgreeToTerms", NULL },
        { "rollover", "RollAccountKey", "rollover" },
        { "deactivate", "DeactivateAccount", "deactivate" },
        { "repair", "RepairAccount", NULL },
};

/* ---- list, show ---- */

static int ask_accounts(Ctl *ctl, VarlinkReply *ret, const Json **ret_list) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        int r;

        r = ctl_connect(ctl, TIMEOUT_SEC, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Manager.Accounts", NULL, ret);
        if (r != 0)
                return r;
        if (ret->error)
                return ctl_reply_failure(ctl, ret, NULL);
        return json_get_array(ret->parameters, "accounts", ret_list) < 0
                               ? ctl_transport_failure(ctl, -EBADMSG)
                               : 0;
}

static int put_answer(Ctl *ctl, const char *key, const Json *value) {
        Json *copy = json_copy(value);

        return copy && json_set(ctl->answer, key, copy) >= 0 ? 0 : ctl_no_memory(ctl);
}

static int list(Ctl *ctl) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const Json *accounts;
        int r;

        r = ask_accounts(ctl, &reply, &accounts);
        if (r != 0)
                return r;
        if (ctl->json)
                return put_answer(ctl, "accounts", accounts);
        return account_print_list(accounts) < 0 ? ctl_no_memory(ctl) : 0;
}

static int show_account(Ctl *ctl, const Json *account) {
        if (ctl->json)
                return put_answer(ctl, "account", account);
        return account_print(account) < 0 ? ctl_no_memory(ctl) : 0;
}

static int show(Ctl *ctl, const char *ca) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const Json *accounts;
        const char *name;
        int r;

        r = ask_accounts(ctl, &reply, &accounts);
        if (r != 0)
                return r;
        for (size_t i = 0; i < json_count(accounts); i++)
                if (json_get_string(json_at(accounts, i), "ca", &name) >= 0 && str_equal(name, ca))
                        return show_account(ctl, json_at(accounts, i));
        return ctl_fail(ctl, CTL_PROBLEM,
                        "no certificate uses the CA '%s', and there is no account; one is made by: renewctl account "
                        "create %s",
                        ca, ca);
}

/* ---- what the engine does ---- */

static int read_key_file(Ctl *ctl, Bytes *ret) {
        int r;

        if (!ctl->key_file)
                return 0;
        r = file_read(ctl->key_file, KEY_FILE_MAX, ret);
        return r < 0 ? ctl_fail(ctl, CTL_PROBLEM, "%s: cannot be read: %s", ctl->key_file,
                                errno_text(r))
                     : 0;
}

static int grant(Ctl *ctl, const char *action, const char *ca) {
        _cleanup_(bytes_done) Bytes key = { .secret = true };
        CtlGrant g = { .action = action, .ca = ca };
        int r;

        r = read_key_file(ctl, &key);
        if (r != 0)
                return r;
        g.key = ctl->key_file ? bytes_text(&key) : NULL;
        return ctl_grant(ctl, &g);
}

static int show_message(Ctl *ctl, const char *ca, const Json *parameters) {
        _cleanup_free_ char *shown = NULL;
        const char *message = "";
        const Json *account;

        (void) json_get_string(parameters, "message", &message); /* absent: nothing to say */
        shown = str_escape(message, STR_ESCAPE_MAX);
        if (!shown)
                return ctl_no_memory(ctl);
        ctl_say(ctl, "%s: %s", ca, shown);
        if (json_get_object(parameters, "account", &account) < 0 || !ctl->json)
                return 0;
        return put_answer(ctl, "account", account);
}

static int call(Ctl *ctl, const char *method, const char *ca) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_(json_freep) Json *parameters = json_object_new();
        _cleanup_free_ char *full = NULL;
        int r;

        if (!parameters || json_set_string(parameters, "ca", ca) < 0 ||
            (ctl->new_key && json_set_bool(parameters, "newKey", true) < 0) ||
            str_printf(&full, "io.renewd.Manager.%s", method) < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect(ctl, ANSWER_SEC, &client);
        if (r == 0)
                r = ctl_call(ctl, client, full, TAKE_PTR(parameters), &reply);
        if (r != 0)
                return r;
        if (reply.error)
                return ctl_reply_failure(ctl, &reply, NULL);
        return show_message(ctl, ca, reply.parameters);
}

static int act(Ctl *ctl, size_t i, const char *ca) {
        const char *needed = ctl->new_key ? "new-key" : actions[i].grant;
        int r = 0;

        if (ctl->new_key && !str_equal(actions[i].name, "create"))
                return ctl_fail(ctl, CTL_USAGE, "--new-key is for: renewctl account create");
        if (ctl->key_file && !str_equal(actions[i].name, "rollover"))
                return ctl_fail(ctl, CTL_USAGE, "--key-file is for: renewctl account rollover");
        if (str_equal(actions[i].name, "deactivate") && !ctl->yes)
                return ctl_fail(ctl, CTL_USAGE,
                                "an account that is deactivated cannot be had back, and nothing is renewed with it any "
                                "more; if you mean it, add --yes");
        if (needed)
                r = grant(ctl, needed, ca);
        return r != 0 ? r : call(ctl, actions[i].method, ca);
}

/* ---- which CA ---- */

static int find_ca(Ctl *ctl, const char *name, Config **ret, const CaConfig **ret_ca) {
        _cleanup_free_ char *shown = NULL;
        int r;

        r = config_load(&ctl->paths, "", ret);
        if (r < 0)
                return ctl_fail(ctl, CTL_PROBLEM, "the configuration cannot be read: %s",
                                errno_text(r));
        *ret_ca = config_ca(*ret, name ? name : (*ret)->default_ca);
        if (*ret_ca)
                return 0;
        shown = str_escape(name ? name : (*ret)->default_ca, 80);
        return ctl_fail(ctl, CTL_UNKNOWN,
                        "there is no CA '%s', or its file below ca/ has an error; see: renewctl check",
                        shown ? shown : "");
}

int verb_account(Ctl *ctl, char *names[], int count) {
        const char *action = count > 0 ? names[0] : "list";
        _cleanup_(config_freep) Config *config = NULL;
        const CaConfig *ca = NULL;
        int r;

        if (str_equal(action, "list"))
                return list(ctl);
        r = find_ca(ctl, count > 1 ? names[1] : NULL, &config, &ca);
        if (r != 0)
                return r;
        if (str_equal(action, "show"))
                return show(ctl, ca->name);
        if (str_equal(action, "bind"))
                return account_bind(ctl, ca);
        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                if (str_equal(action, actions[i].name))
                        return act(ctl, i, ca->name);
        return ctl_fail(ctl, CTL_USAGE,
                        "'account' does one of: list, show, check, create, find, update, agree, rollover, deactivate, "
                        "bind, repair");
}
