/* What is told step by step as it happens: renewals, rehearsals, imports, stand-ins. Each keeps an object as long as its call is
 * open. */

#include "base/log.h"
#include "base/strings.h"
#include "daemon/control-internal.h"
#include "daemon/control-server.h"
#include "daemon/manager-renew.h"

typedef struct Renewing {
        ControlClient *client; /* borrows */
        VarlinkCall *call;     /* borrows */
        RenewWatch *watch;     /* owns */
} Renewing;

static void renewing_end(void *userdata) {
        Renewing *w = userdata;

        control_client_set_busy(w->client, false);
        renew_watch_free(w->watch);
        free(w);
}

static int step_json(const char *step, bool done, bool ok, Json **ret) {
        _cleanup_(json_freep) Json *object = json_object_new();
        int r;

        if (!object)
                return -ENOMEM;
        r = json_set_string(object, "step", step ? step : "");
        if (r >= 0)
                r = json_set_bool(object, "done", done);
        if (r >= 0)
                r = json_set_bool(object, "ok", ok);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(object);
        return 0;
}

static void on_step(const char *step, bool done, bool ok, void *userdata) {
        Renewing *w = userdata;
        ControlClient *client = w->client;
        VarlinkCall *call = w->call;
        Json *answer = NULL;
        int r;

        r = step_json(step, done, ok, &answer);
        if (r >= 0 && done) {
                renewing_end(w);
                r = varlink_reply(call, answer);
        } else if (r >= 0)
                r = varlink_notify(call, answer);
        if (r < 0)
                control_client_fail(client);
}

/* Who does not follow learns that it has begun. */
static int answer_begun(VarlinkCall *call, Renewing *w, const char *words) {
        Json *answer = NULL;
        int r;

        renewing_end(w);
        r = step_json(words, false, true, &answer);
        return r < 0 ? r : varlink_reply(call, answer);
}

static int refuse_renewal(VarlinkCall *call, const char *name, int error, const char *message) {
        const char *words = message ? message : errno_text(error);

        switch (error) {
        case -ENOENT:
                return varlink_fail(
                                call, "UnknownCertificate", "there is no certificate '%s'", name);
        case -EUCLEAN:
                return varlink_fail(
                                call, "Broken", "%s",
                                message ? message
                                        : "its configuration has an error: see 'renewctl check'");
        case -EBUSY:
                return varlink_fail(
                                call, "Busy", "%s", message ? message : "an order is on its way");
        case -EAGAIN:
                return varlink_fail(call, "RateLimited", "%s", words);
        default:
                return varlink_fail(call, "Failed", "%s", words);
        }
}

/* Steps follow, if they are wanted. */
static int answer_steps(VarlinkCall *call, Renewing *w, const char *begun) {
        if (!varlink_call_wants_more(call))
                return answer_begun(call, w, begun);
        control_client_set_busy(w->client, true);
        varlink_call_on_gone(call, renewing_end, w);
        return 0;
}

typedef int (*steps_fn)(
                Manager *m,
                const char *name,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message);

/* Of what is asked for with nothing but a name. */
static int begin_steps(
                VarlinkCall *call,
                const Json *parameters,
                void *client,
                steps_fn fn,
                const char *begun) {
        _cleanup_free_ char *message = NULL;
        const char *name;
        Renewing *w;
        int r;

        if (json_get_string(parameters, "name", &name) < 0)
                return varlink_invalid_parameter(call, "name");
        w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (Renewing){ .client = client, .call = call };
        r = fn(control_manager(client), name, on_step, w, &w->watch, &message);
        if (r < 0) {
                free(w);
                return refuse_renewal(call, name, r, message);
        }
        return answer_steps(call, w, begun);
}

int control_rehearse(VarlinkCall *call, const Json *parameters, void *client) {
        return begin_steps(call, parameters, client, manager_rehearse, "the rehearsal has begun");
}

int control_stand_in(VarlinkCall *call, const Json *parameters, void *client) {
        return begin_steps(call, parameters, client, manager_stand_in, "it is being put there");
}

int control_import(VarlinkCall *call, const Json *parameters, void *client) {
        _cleanup_free_ char *message = NULL;
        ManagerImport wish = {};
        Renewing *w;
        int r;

        if (json_get_string(parameters, "name", &wish.name) < 0)
                return varlink_invalid_parameter(call, "name");
        if (json_get_string(parameters, "chain", &wish.chain) < 0)
                return varlink_invalid_parameter(call, "chain");
        if (json_get_bool(parameters, "force", &wish.force) == -EBADMSG)
                return varlink_invalid_parameter(call, "force");
        w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (Renewing){ .client = client, .call = call };
        r = manager_import(control_manager(client), &wish, on_step, w, &w->watch, &message);
        if (r < 0) {
                free(w);
                return refuse_renewal(call, wish.name, r, message);
        }
        return answer_steps(call, w, "imported");
}

/* Returns the parameter that is no boolean, or NULL. */
static const char *read_how(const Json *parameters, ManagerRenew *ret) {
        static const struct {
                const char *name;
                ManagerRenew how;
        } table[] = {
                { "force", MANAGER_RENEW_FORCE },
                { "insist", MANAGER_RENEW_INSIST },
                { "now", MANAGER_RENEW_TELL_NOW },
        };
        unsigned how = MANAGER_RENEW_PLAINLY;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                bool value = false;
                int r = json_get_bool(parameters, table[i].name, &value);

                if (r < 0 && r != -ENOENT)
                        return table[i].name;
                how |= value ? table[i].how : 0;
        }
        *ret = how;
        return NULL;
}

int control_renew(VarlinkCall *call, const Json *parameters, void *client) {
        _cleanup_free_ char *message = NULL;
        const char *name, *wrong;
        ManagerRenew how = MANAGER_RENEW_PLAINLY;
        int r;

        if (json_get_string(parameters, "name", &name) < 0)
                return varlink_invalid_parameter(call, "name");
        wrong = read_how(parameters, &how);
        if (wrong)
                return varlink_invalid_parameter(call, wrong);
        Renewing *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (Renewing){ .client = client, .call = call };
        r = manager_renew(control_manager(client), name, how, on_step, w, &w->watch, &message);
        if (r < 0) {
                free(w);
                return refuse_renewal(call, name, r, message);
        }
        return answer_steps(call, w, "the renewal has begun");
}
