/* What a person asks of one certificate: it is begun, and whoever asked looks on until it is done. */

#include "daemon/manager-renew.h"

#include <string.h>

#include "daemon/manager-internal.h"

struct RenewWatch {
        CertWatch *inner;
        renew_step_fn step;
        void *userdata;
};

static void on_step(const char *step, bool done, bool ok, void *userdata) {
        RenewWatch *w = userdata;

        w->step(step, done, ok, w->userdata);
}

static int look_on(
                Cert *c,
                int (*watch)(Cert *c, cert_step_fn fn, void *userdata, CertWatch **ret),
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret) {
        _cleanup_(renew_watch_freep) RenewWatch *w = calloc(1, sizeof *w);
        int r;

        if (!w)
                return -ENOMEM;
        *w = (RenewWatch){ .step = step, .userdata = userdata };
        r = watch(c, on_step, w, &w->inner);
        if (r >= 0)
                *ret = TAKE_PTR(w);
        return r;
}

int manager_renew(
                Manager *m,
                const char *name,
                ManagerRenew how,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message) {
        CertWish wish = {
                .force = how & (MANAGER_RENEW_FORCE | MANAGER_RENEW_INSIST),
                .insist = how & MANAGER_RENEW_INSIST,
                .tell_now = how & MANAGER_RENEW_TELL_NOW,
        };
        Cert *c = manager_cert(m, name);
        int r;

        *ret_message = NULL;
        r = c ? cert_renew(c, wish, ret_message) : -ENOENT;
        return r < 0 ? r : look_on(c, cert_watch, step, userdata, ret);
}

int manager_import(
                Manager *m,
                const ManagerImport *wish,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message) {
        Cert *c = manager_cert(m, wish->name);
        int r;

        *ret_message = NULL;
        r = c ? cert_import(c, wish->chain, strlen(wish->chain), wish->force, ret_message)
              : -ENOENT;
        return r < 0 ? r : look_on(c, cert_watch, step, userdata, ret);
}

int manager_stand_in(
                Manager *m,
                const char *name,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message) {
        Cert *c = manager_cert(m, name);
        int r;

        *ret_message = NULL;
        r = c ? cert_stand_in_now(c, ret_message) : -ENOENT;
        return r < 0 ? r : look_on(c, cert_watch_stand_in, step, userdata, ret);
}

int manager_rehearse(
                Manager *m,
                const char *name,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message) {
        Cert *c = manager_cert(m, name);
        int r;

        *ret_message = NULL;
        r = c ? cert_rehearse(c, ret_message) : -ENOENT;
        return r < 0 ? r : look_on(c, cert_watch_rehearsal, step, userdata, ret);
}

RenewWatch *renew_watch_free(RenewWatch *w) {
        if (!w)
                return NULL;
        (void) cert_watch_free(w->inner);
        free(w);
        return NULL;
}
