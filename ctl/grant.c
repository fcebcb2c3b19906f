#include "ctl/grant.h"

#include "base/log.h"

#define TIMEOUT_SEC 30

static int build(const CtlGrant *g, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "action", g->action) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "ca", g->ca);
        if (r >= 0)
                r = json_set_string(j, "certificate", g->certificate);
        if (r >= 0)
                r = json_set_string(j, "leaf", g->leaf);
        if (r >= 0)
                r = json_set_string(j, "key", g->key);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

int ctl_connect_signer(Ctl *ctl, VarlinkClient **ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = path_join(ctl->paths.runtime, "signer", &path);
        if (r >= 0)
                r = varlink_client_connect(path, TIMEOUT_SEC, ret);
        if (r == -EACCES || r == -EPERM)
                return ctl_fail(ctl, CTL_NO_RIGHT, "only root may do this; use sudo");
        return r < 0 ? ctl_transport_failure(ctl, r) : 0;
}

int ctl_grant(Ctl *ctl, const CtlGrant *g) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_(json_freep) Json *parameters = NULL;
        int r;

        if (build(g, &parameters) < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect_signer(ctl, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Signer.Grant", TAKE_PTR(parameters), &reply);
        if (r != 0)
                return r;
        return reply.error ? ctl_reply_failure(ctl, &reply, NULL) : 0;
}
