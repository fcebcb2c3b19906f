/* The methods about accounts and revocation, and the one that gives targets back. Each asks the manager for one thing and answers
 * when the CA, or the installer, has; who goes before stops nothing. */

#include "base/log.h"
#include "base/strings.h"
#include "daemon/control-internal.h"
#include "daemon/control-server.h"
#include "daemon/manager-task.h"

typedef struct Asking {
        ControlClient *client; /* borrows */
        VarlinkCall *call;     /* borrows */
        ManagerTask *task;     /* borrows */
        char *ca;              /* owns; NULL: of a revocation */
} Asking;

static void asking_free(Asking *a) {
        free(a->ca);
        free(a);
}

static void on_gone(void *userdata) {
        Asking *a = userdata;

        manager_task_forget(a->task);
        control_client_set_busy(a->client, false);
        asking_free(a);
}

static int answer_json(Asking *a, const char *message, Json **ret) {
        _cleanup_(json_freep) Json *answer = json_object_new();
        Json *account = NULL;
        int r;

        r = answer ? json_set_string(answer, "message", message) : -ENOMEM;
        if (r >= 0 && a->ca) {
                r = manager_account_json(control_manager(a->client), a->ca, &account);
                if (r >= 0)
                        r = json_set(answer, "account", account);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(answer);
        return 0;
}

static void on_end(bool ok, const char *message, void *userdata) {
        Asking *a = userdata;
        ControlClient *client = a->client;
        VarlinkCall *call = a->call;
        Json *answer = NULL;
        int r;

        varlink_call_on_gone(call, NULL, NULL);
        control_client_set_busy(client, false);
        r = ok ? answer_json(a, message, &answer) : 0;
        asking_free(a);
        if (r >= 0)
                r = ok ? varlink_reply(call, answer) : varlink_fail(call, "Failed", "%s", message);
        if (r < 0)
                control_client_fail(client);
}

static int asking_new(VarlinkCall *call, void *client, const char *ca, Asking **ret) {
        Asking *a = calloc(1, sizeof *a);

        if (!a)
                return -ENOMEM;
        *a = (Asking){ .client = client, .call = call };
        if (str_replace(&a->ca, ca) < 0) {
                free(a);
                return -ENOMEM;
        }
        *ret = a;
        return 0;
}

static void asking_begun(Asking *a, ManagerTask *task) {
        a->task = task;
        control_client_set_busy(a->client, true);
        varlink_call_on_gone(a->call, on_gone, a);
}

/* ---- accounts ---- */

int control_accounts(VarlinkCall *call, const Json *parameters, void *client) {
        _cleanup_(json_freep) Json *answer = json_object_new();
        Json *list = NULL;
        int r;

        (void) parameters;
        r = answer ? manager_accounts_json(control_manager(client), &list) : -ENOMEM;
        if (r >= 0)
                r = json_set(answer, "accounts", list);
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(answer));
}

static int refuse(VarlinkCall *call, int error, const char *unknown, const char *name) {
        if (error == -ENOENT)
                return varlink_fail(call, unknown, "there is no '%s'", name);
        if (error == -EBUSY)
                return varlink_fail(call, "Busy", "something is being done with this already");
        return varlink_fail(call, "Failed", "%s", errno_text(error));
}

static int ask(VarlinkCall *call, const Json *parameters, void *client, ManagerAccountWish wish) {
        ManagerTask *task = NULL;
        Asking *a = NULL;
        const char *ca;
        int r;

        if (json_get_string(parameters, "ca", &ca) < 0)
                return varlink_invalid_parameter(call, "ca");
        if (json_get_bool(parameters, "newKey", &wish.new_key) == -EBADMSG)
                return varlink_invalid_parameter(call, "newKey");
        r = asking_new(call, client, ca, &a);
        if (r < 0)
                return r;
        r = manager_account(control_manager(client), ca, &wish, on_end, a, &task);
        if (r < 0) {
                asking_free(a);
                return refuse(call, r, "UnknownCa", ca);
        }
        asking_begun(a, task);
        return 0;
}

int control_check_account(VarlinkCall *call, const Json *parameters, void *client) {
        return ask(call, parameters, client, (ManagerAccountWish){ .action = ACCOUNT_SHOW });
}

int control_create_account(VarlinkCall *call, const Json *parameters, void *client) {
        return ask(call, parameters, client, (ManagerAccountWish){ .action = ACCOUNT_CREATE });
}

int control_find_account(VarlinkCall *call, const Json *parameters, void *client) {
        return ask(call, parameters, client, (ManagerAccountWish){ .action = ACCOUNT_FIND });
}

int control_update_account(VarlinkCall *call, const Json *parameters, void *client) {
        return ask(call, parameters, client, (ManagerAccountWish){ .action = ACCOUNT_UPDATE });
}

int control_agree_to_terms(VarlinkCall *call, const Json *parameters, void *client) {
        return ask(call, parameters, client, (ManagerAccountWish){ .action = ACCOUNT_AGREE });
}

int control_roll_account_key(VarlinkCall *call, const Json *parameters, void *client) {
        return ask(call, parameters, client, (ManagerAccountWish){ .action = ACCOUNT_ROLLOVER });
}

int control_deactivate_account(VarlinkCall *call, const Json *parameters, void *client) {
        return ask(call, parameters, client, (ManagerAccountWish){ .action = ACCOUNT_DEACTIVATE });
}

int control_repair_account(VarlinkCall *call, const Json *parameters, void *client) {
        return ask(call, parameters, client, (ManagerAccountWish){ .action = ACCOUNT_REPAIR });
}

/* ---- revocation ---- */

static int read_revocation(VarlinkCall *call, const Json *parameters, ManagerRevokeWish *ret) {
        ret->replace = true;
        if (json_get_string(parameters, "name", &ret->name) < 0 ||
            !certificate_name_is_valid(ret->name))
                return varlink_invalid_parameter(call, "name");
        if (json_get_int64(parameters, "reason", &ret->reason) == -EBADMSG || ret->reason < 0 ||
            ret->reason > 10)
                return varlink_invalid_parameter(call, "reason");
        if (json_get_bool(parameters, "withKey", &ret->with_key) == -EBADMSG)
                return varlink_invalid_parameter(call, "withKey");
        if (json_get_bool(parameters, "replace", &ret->replace) == -EBADMSG)
                return varlink_invalid_parameter(call, "replace");
        return 1;
}

int control_revoke(VarlinkCall *call, const Json *parameters, void *client) {
        ManagerRevokeWish wish = {};
        ManagerTask *task = NULL;
        Asking *a = NULL;
        int r;

        r = read_revocation(call, parameters, &wish);
        if (r > 0)
                r = asking_new(call, client, NULL, &a);
        if (r < 0 || !a)
                return r;
        r = manager_revoke(control_manager(client), &wish, on_end, a, &task);
        if (r < 0) {
                asking_free(a);
                return refuse(call, r, "UnknownCertificate", wish.name);
        }
        asking_begun(a, task);
        return 0;
}

/* ---- the way back ---- */

int control_restore(VarlinkCall *call, const Json *parameters, void *client) {
        ManagerTask *task = NULL;
        Asking *a = NULL;
        const char *name;
        int r;

        if (json_get_string(parameters, "name", &name) < 0)
                return varlink_invalid_parameter(call, "name");
        r = asking_new(call, client, NULL, &a);
        if (r < 0)
                return r;
        r = manager_restore(control_manager(client), name, on_end, a, &task);
        if (r < 0) {
                asking_free(a);
                return refuse(call, r, "UnknownCertificate", name);
        }
        asking_begun(a, task);
        return 0;
}
