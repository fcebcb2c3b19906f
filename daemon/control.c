/* The methods. One of those here takes its time: List, which is sent as fast as the client takes it. It keeps an object as long
 * as its call is open. */

#include "daemon/control.h"

#include "base/log.h"
#include "base/strings.h"
#include "base/varlink.h"
#include "daemon/control-internal.h"
#include "daemon/control-server.h"

#define LIST_AHEAD_MAX ((size_t) 128 * 1024) /* octets that wait for the client */

struct Control {
        ControlServer *server; /* owns */
        Manager *manager;      /* borrows */
        control_reload_fn reload;
        void *userdata;
};

static const char description[] =
#include "io.renewd.Manager.varlink.inc"
                ;

static Control *control_of(void *client) {
        return control_client_userdata(client);
}

Manager *control_manager(void *client) {
        return control_of(client)->manager;
}

/* ---- questions ---- */

static int on_status(VarlinkCall *call, const Json *parameters, void *client) {
        Json *status = NULL;
        int r;

        (void) parameters;
        r = manager_status_json(control_of(client)->manager, &status);
        return r < 0 ? r : varlink_reply(call, status);
}

/* Takes `certificate`. */
static int wrap(Json *certificate, Json **ret) {
        Json *object = json_object_new();

        if (!object) {
                json_free(certificate);
                return -ENOMEM;
        }
        int r = json_set(object, "certificate", certificate);
        if (r < 0) {
                json_free(object);
                return r;
        }
        *ret = object;
        return 0;
}

static int on_show(VarlinkCall *call, const Json *parameters, void *client) {
        Json *certificate = NULL, *answer = NULL;
        const char *name;
        int r;

        if (json_get_string(parameters, "name", &name) < 0)
                return varlink_invalid_parameter(call, "name");
        r = manager_certificate_json(control_of(client)->manager, name, &certificate);
        if (r == -ENOENT)
                return varlink_fail(
                                call, "UnknownCertificate", "there is no certificate '%s'", name);
        if (r >= 0)
                r = wrap(certificate, &answer);
        return r < 0 ? r : varlink_reply(call, answer);
}

/* ---- records of dns-persist-01 ---- */

static int answer_records(VarlinkCall *call, const StringList *records) {
        _cleanup_(json_freep) Json *answer = json_object_new();
        int r = answer ? json_set_strings(answer, "records", records) : -ENOMEM;

        return r < 0 ? r : varlink_reply(call, TAKE_PTR(answer));
}

static int on_persist(VarlinkCall *call, const Json *parameters, void *client) {
        _cleanup_(string_list_done) StringList records = {};
        const char *name;
        int r;

        if (json_get_string(parameters, "name", &name) < 0)
                return varlink_invalid_parameter(call, "name");
        r = manager_persist_records(control_of(client)->manager, name, &records);
        if (r == -ENOENT)
                return varlink_fail(
                                call, "UnknownCertificate", "there is no certificate '%s'", name);
        if (r == -ENODATA)
                return varlink_fail(
                                call, "Failed",
                                "the CA has not been asked since renewd started: first 'renewctl renew %s'",
                                name);
        if (r == -EOPNOTSUPP)
                return varlink_fail(
                                call, "Failed", "the CA does not say which issuer name to write");
        return r < 0 ? r : answer_records(call, &records);
}

/* ---- watched endpoints ---- */

static int on_watches(VarlinkCall *call, const Json *parameters, void *client) {
        _cleanup_(json_freep) Json *answer = json_object_new();
        Json *list = NULL;
        int r;

        (void) parameters;
        r = answer ? manager_watches_json(control_of(client)->manager, &list) : -ENOMEM;
        if (r >= 0)
                r = json_set(answer, "endpoints", list);
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(answer));
}

static int on_forget_pins(VarlinkCall *call, const Json *parameters, void *client) {
        const char *name;
        int r;

        if (json_get_string(parameters, "name", &name) < 0)
                return varlink_invalid_parameter(call, "name");
        r = manager_forget_pins(control_of(client)->manager, name);
        if (r == -ENOENT)
                return varlink_fail(call, "UnknownWatch", "there is no watch '%s'", name);
        if (r < 0)
                return varlink_fail(call, "Failed", "%s", errno_text(r));
        return varlink_reply(call, NULL);
}

/* ---- list ---- */

typedef struct Listing {
        ControlClient *client; /* borrows; it outlives the call */
        VarlinkCall *call;     /* borrows; tells when it is gone */
        size_t next;
} Listing;

static void listing_end(void *userdata) {
        Listing *l = userdata;

        control_client_on_drained(l->client, NULL, NULL);
        control_client_set_busy(l->client, false);
        free(l);
}

/* The last answer; also when there is nothing (more) to list. */
static int listing_finish(Listing *l, Json *answer) {
        VarlinkCall *call = l->call;

        listing_end(l);
        return varlink_reply(call, answer);
}

/* Sends until the client has enough to take. */
static int listing_go_on(Listing *l) {
        Manager *m = control_of(l->client)->manager;

        while (control_client_pending(l->client) < LIST_AHEAD_MAX) {
                Json *certificate = NULL, *answer = NULL;
                size_t count = manager_count(m);
                int r;

                if (l->next >= count) /* none, or fewer than before */
                        return listing_finish(l, NULL);
                r = manager_certificate_json_at(m, l->next++, &certificate);
                if (r >= 0)
                        r = wrap(certificate, &answer);
                if (r < 0)
                        return r;
                if (l->next == count)
                        return listing_finish(l, answer);
                r = varlink_notify(l->call, answer);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void on_drained(void *userdata) {
        Listing *l = userdata;
        ControlClient *client = l->client;

        if (listing_go_on(l) < 0)
                control_client_fail(client);
}

static int on_list(VarlinkCall *call, const Json *parameters, void *client) {
        Listing *l = calloc(1, sizeof(*l));

        (void) parameters;
        if (!l)
                return -ENOMEM;
        *l = (Listing){ .client = client, .call = call };
        control_client_set_busy(client, true);
        control_client_on_drained(client, on_drained, l);
        varlink_call_on_gone(call, listing_end, l);
        return listing_go_on(l);
}

/* ---- reload ---- */

static int on_reload(VarlinkCall *call, const Json *parameters, void *client) {
        _cleanup_(json_freep) Json *messages = NULL, *answer = NULL;
        Control *c = control_of(client);
        int r;

        (void) parameters;
        r = c->reload(&messages, c->userdata);
        if (r < 0)
                return varlink_fail(
                                call, "Failed",
                                "the configuration cannot be used (%s); the one before stays",
                                errno_text(r));
        answer = json_object_new();
        r = answer ? json_set(answer, "messages", TAKE_PTR(messages)) : -ENOMEM;
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(answer));
}

/* ---- life ---- */

static const char *const no_parameters[] = { NULL };
static const char *const probe_parameters[] = { "names", NULL };
static const char *const show_parameters[] = { "name", NULL };
static const char *const renew_parameters[] = { "name", "force", "insist", "now", NULL };
static const char *const import_parameters[] = { "name", "chain", "force", NULL };
static const char *const account_parameters[] = { "ca", NULL };
static const char *const create_parameters[] = { "ca", "newKey", NULL };
static const char *const revoke_parameters[] = { "name", "reason", "withKey", "replace", NULL };

static const VarlinkMethod methods[] = {
        { "Status", 0, no_parameters, on_status },
        { "List", VARLINK_MORE, no_parameters, on_list },
        { "Show", 0, show_parameters, on_show },
        { "DnsPersist", 0, show_parameters, on_persist },
        { "Watches", 0, no_parameters, on_watches },
        { "ForgetPins", VARLINK_ROOT_ONLY, show_parameters, on_forget_pins },
        { "Renew", VARLINK_ROOT_ONLY, renew_parameters, control_renew },
        { "StandIn", VARLINK_ROOT_ONLY, show_parameters, control_stand_in },
        { "Import", VARLINK_ROOT_ONLY, import_parameters, control_import },
        { "Rehearse", VARLINK_ROOT_ONLY, show_parameters, control_rehearse },
        { "ShowProbe", VARLINK_ROOT_ONLY, probe_parameters, control_show_probe },
        { "Reload", VARLINK_ROOT_ONLY, no_parameters, on_reload },
        { "Accounts", 0, no_parameters, control_accounts },
        { "CheckAccount", VARLINK_ROOT_ONLY, account_parameters, control_check_account },
        { "CreateAccount", VARLINK_ROOT_ONLY, create_parameters, control_create_account },
        { "FindAccount", VARLINK_ROOT_ONLY, account_parameters, control_find_account },
        { "UpdateAccount", VARLINK_ROOT_ONLY, account_parameters, control_update_account },
        { "AgreeToTerms", VARLINK_ROOT_ONLY, account_parameters, control_agree_to_terms },
        { "RollAccountKey", VARLINK_ROOT_ONLY, account_parameters, control_roll_account_key },
        { "DeactivateAccount", VARLINK_ROOT_ONLY, account_parameters, control_deactivate_account },
        { "RepairAccount", VARLINK_ROOT_ONLY, account_parameters, control_repair_account },
        { "Revoke", VARLINK_ROOT_ONLY, revoke_parameters, control_revoke },
        { "Restore", VARLINK_ROOT_ONLY, show_parameters, control_restore },
        {},
};

static const VarlinkService service = {
        .interface = "io.renewd.Manager",
        .description = description,
        .methods = methods,
};

int control_new(Loop *loop,
                Manager *manager,
                control_reload_fn reload,
                void *userdata,
                Control **ret) {
        _cleanup_(control_freep) Control *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        *c = (Control){ .manager = manager, .reload = reload, .userdata = userdata };
        r = control_server_new(loop, &service, c, &c->server);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

Control *control_free(Control *c) {
        if (!c)
                return NULL;
        control_server_free(c->server);
        free(c);
        return NULL;
}

int control_listen(Control *c, int fd) {
        return control_server_listen(c->server, fd);
}
