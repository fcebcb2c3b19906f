/* Talking to the engine, and what its refusals mean for a person. */

#include <string.h>

#include "base/log.h"
#include "ctl/ctl.h"
#include "ctl/nearest.h"

#define INTERFACE "io.renewd.Manager."
#define SIGNER    "io.renewd.Signer."

int ctl_transport_failure(Ctl *ctl, int error) {
        if (error == -ENOENT || error == -ECONNREFUSED)
                return ctl_fail(ctl, CTL_NO_DAEMON,
                                "renewd is not running; start it with: systemctl start renewd");
        if (error == -EACCES || error == -EPERM)
                return ctl_fail(ctl, CTL_NO_RIGHT,
                                "no permission to ask renewd; use sudo, or become a member of group '%s' and "
                                "log in again",
                                RENEWD_VIEW_GROUP);
        if (error == -ENOMEM)
                return ctl_no_memory(ctl);
        if (error == -ECONNRESET || error == -EPIPE)
                return ctl_fail(ctl, CTL_NO_DAEMON,
                                "renewd closed the connection; see: journalctl -u renewd");
        if (error == -ETIMEDOUT || error == -EAGAIN)
                return ctl_fail(ctl, CTL_NO_DAEMON,
                                "renewd does not answer; see: journalctl -u renewd");
        return ctl_fail(ctl, CTL_NO_DAEMON, "no answer from renewd: %s", errno_text(error));
}

int ctl_connect(Ctl *ctl, unsigned timeout_sec, VarlinkClient **ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = path_join(ctl->paths.runtime, "manager", &path);
        if (r >= 0)
                r = varlink_client_connect(path, timeout_sec, ret);
        return r < 0 ? ctl_transport_failure(ctl, r) : 0;
}

int ctl_call(Ctl *ctl,
             VarlinkClient *client,
             const char *method,
             Json *parameters,
             VarlinkReply *ret) {
        int r = varlink_client_call(client, method, parameters, ret);

        return r < 0 ? ctl_transport_failure(ctl, r) : 0;
}

int ctl_reply_failure(Ctl *ctl, const VarlinkReply *reply, const char *name) {
        _cleanup_free_ char *shown = NULL, *kind = NULL;
        const char *message = NULL;

        if (str_equal(reply->error, "org.varlink.service.PermissionDenied"))
                return ctl_fail(ctl, CTL_NO_RIGHT, "only root may do this; use sudo");
        if (name && (str_equal(reply->error, INTERFACE "UnknownCertificate") ||
                     str_equal(reply->error, SIGNER "UnknownCertificate")))
                return ctl_unknown_name(ctl, name);
        if (json_get_string(reply->parameters, "message", &message) < 0)
                message = "renewd refused without a reason";
        shown = str_escape(message, STR_ESCAPE_MAX);
        kind = str_escape(reply->error, 80);
        if (!shown || !kind)
                return ctl_no_memory(ctl);
        if (!str_skip_prefix(reply->error, INTERFACE) && !str_skip_prefix(reply->error, SIGNER))
                return ctl_fail(ctl, CTL_PROBLEM,
                                "%s (%s); do the versions of renewd and renewctl match?", shown,
                                kind);
        return ctl_fail(ctl, CTL_PROBLEM, "%s", shown);
}

int ctl_unknown_name(Ctl *ctl, const char *name) {
        _cleanup_free_ char *shown = str_escape(name, CERTIFICATE_NAME_MAX);
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(string_list_done) StringList names = {}, near = {};
        _cleanup_(bytes_done) Bytes list = {};
        int r;

        r = config_load(&ctl->paths, NULL, &config);
        for (size_t i = 0; r >= 0 && i < config->certificate_count; i++)
                r = string_list_add(&names, config->certificates[i].name);
        if (r >= 0)
                r = nearest_names(name, &names, &near);
        for (size_t i = 0; r >= 0 && i < near.count; i++)
                r = bytes_printf(&list, "%s%s", i > 0 ? ", " : "", near.items[i]);
        if (!shown)
                return ctl_no_memory(ctl);
        if (r < 0 || near.count == 0)
                return ctl_fail(ctl, CTL_UNKNOWN, "there is no certificate '%s'", shown);
        return ctl_fail(ctl, CTL_UNKNOWN, "there is no certificate '%s'; nearest: %s", shown,
                        bytes_text(&list));
}
