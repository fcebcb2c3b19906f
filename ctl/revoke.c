/* revoke: root allows the signer to revoke the very certificate that is live, and asks the engine to do it. */

#include "acme/certinfo.h"
#include "base/file.h"
#include "base/log.h"
#include "ctl/grant.h"

#define ANSWER_SEC 300

/* what Let's Encrypt takes. */
static const struct {
        const char *name;
        int64_t code; /* RFC 5280 §5.3.1 */
} reasons[] = {
        { "unspecified", 0 },
        { "keyCompromise", 1 },
        { "superseded", 4 },
        { "cessationOfOperation", 5 },
};

static int find_reason(Ctl *ctl, int64_t *ret) {
        *ret = 0;
        for (size_t i = 0; ctl->reason && i < ELEMENTSOF(reasons); i++)
                if (str_equal_ignore_case(ctl->reason, reasons[i].name)) {
                        *ret = reasons[i].code;
                        return 0;
                }
        if (!ctl->reason)
                return 0;
        return ctl_fail(ctl, CTL_USAGE,
                        "--reason is one of unspecified, keyCompromise, superseded and cessationOfOperation");
}

static int read_leaf(
                const char *directory,
                const char *sub,
                const char *name,
                const char *file,
                CertInfo *ret) {
        _cleanup_(bytes_done) Bytes pem = { .limit = CHAIN_MAX_SIZE };
        _cleanup_free_ char *path = NULL;
        int r;

        r = str_printf(&path, "%s/%s/%s%s", directory, sub, name, file);
        if (r >= 0)
                r = file_read(path, CHAIN_MAX_SIZE, &pem);
        return r < 0 ? r : certinfo_parse(pem.data, pem.size, ret, NULL);
}

/* live/ is root's own; the engine's chain is there also before the first publication, and after `remove`. */
static int find_leaf(Ctl *ctl, const char *name, CertInfo *ret) {
        int r;

        r = read_leaf(ctl->paths.state, "live", name, "/cert.pem", ret);
        if (r < 0)
                r = read_leaf(ctl->paths.state, "engine/certificates", name, ".chain.pem", ret);
        if (r == -EACCES || r == -EPERM)
                return ctl_fail(ctl, CTL_NO_RIGHT, "only root may do this; use sudo");
        if (r == -ENOENT)
                return ctl_unknown_name(ctl, name);
        return r < 0 ? ctl_fail(ctl, CTL_PROBLEM, "%s: the certificate cannot be read: %s", name,
                                errno_text(r))
                     : 0;
}

static int build(const Ctl *ctl, const char *name, int64_t reason, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "name", name) : -ENOMEM;
        if (r >= 0)
                r = json_set_int64(j, "reason", reason);
        if (r >= 0)
                r = json_set_bool(j, "withKey", ctl->with_key);
        if (r >= 0)
                r = json_set_bool(j, "replace", !ctl->no_replace);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

static int ask(Ctl *ctl, const char *name, int64_t reason) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_(json_freep) Json *parameters = NULL;
        _cleanup_free_ char *shown = NULL;
        const char *message = "";
        int r;

        if (build(ctl, name, reason, &parameters) < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect(ctl, ANSWER_SEC, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Manager.Revoke", TAKE_PTR(parameters), &reply);
        if (r != 0)
                return r;
        if (reply.error)
                return ctl_reply_failure(ctl, &reply, name);
        (void) json_get_string(reply.parameters, "message", &message); /* absent: nothing to say */
        shown = str_escape(message, STR_ESCAPE_MAX);
        if (!shown)
                return ctl_no_memory(ctl);
        ctl_say(ctl, "%s: %s", name, shown);
        return 0;
}

int verb_revoke(Ctl *ctl, char *names[], int count) {
        _cleanup_(certinfo_done) CertInfo info = {};
        CtlGrant g = { .action = "revoke", .certificate = names[0] };
        int64_t reason;
        int r;

        (void) count;
        if (!certificate_name_is_valid(names[0]))
                return ctl_unknown_name(ctl, names[0]);
        r = find_reason(ctl, &reason);
        if (r == 0)
                r = find_leaf(ctl, names[0], &info);
        if (r != 0)
                return r;
        g.leaf = info.leaf_sha256;
        r = ctl_grant(ctl, &g);
        return r != 0 ? r : ask(ctl, names[0], reason);
}
